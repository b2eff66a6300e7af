"""`Audience`: who gets a paper, what it may say to them, and the words that it must not hold.

An audience *sees* a factor or not; everything else follows from that: a signal is seen with the factor that it is read from, a
measure unless every factor that it could follow from is hidden. What is hidden becomes one neutral line. The filters for whole
frames are in ``audience_frames.py`` and ``audience_flow.py``, and are the audience's own methods.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

import msgspec

from pumpurs_risk.catalogue import audience_flow, audience_frames
from pumpurs_risk.catalogue.entries import RiskFactor, Sensitivity, Signal, Texts, _Entry
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import has_text, text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue.catalogue import Catalogue

AUDIENCES = ("support_staff", "class_teacher", "head", "municipality", "family_pupil", "family_parent")
"""Whom papers are made for."""
_SHIPPED = Path(__file__).resolve().with_name("audiences.toml")


class AudienceRules(_Entry, frozen=True):
    """One audience as ``audiences.toml`` states it."""

    name: Texts
    sensitivities: tuple[Sensitivity, ...]
    numbers: Literal["full", "band", "none"]
    factors: tuple[str, ...] = ()
    """Seen whatever their sensitivity."""
    constructs: tuple[str, ...] = ()
    """If any: only their factors are seen."""
    names: bool = True
    class_only: bool = False
    strengths_first: bool = False
    notes: bool = False
    pupils: bool = True


class _AudienceFile(_Entry, frozen=True):
    audiences: dict[str, AudienceRules]
    words: dict[str, dict[str, tuple[str, ...]]] = msgspec.field(default_factory=dict)
    """Words that give an ordinary factor away, by factor and language."""


class Audience:
    """One filter in front of every output for one group of readers. Immutable.

    Parameters
    ----------
    id : str
        One of `AUDIENCES`.
    catalogue : Catalogue
        Its factors, with the user's own, decide by construct and sensitivity.
    rules : AudienceRules
        What the readers see.
    words : mapping
        Words that give ordinary factors away, by factor and language.
    ticked : iterable of str
        Constructs or factors that support staff ticked for one pupil's family.

    Attributes
    ----------
    numbers : {"full", "band", "none"}
        How exactly a risk may be told.
    names, class_only, strengths_first, notes, pupils : bool
        Whether names stand on it; whether it holds one class alone; whether strengths come before risks; whether notes on
        decisions stand on it; whether single pupils stand on it at all.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Audience, Catalogue
    >>> teacher = Audience.load("class_teacher", Catalogue.load())
    >>> teacher.sees("absence_share"), teacher.sees("pregnancy"), teacher.sees_measure("nurse_referral")
    (True, False, False)
    >>> teacher.hides("Mācības jāsaskaņo ar grūtniecību.", "lv")
    True
    """

    filter_reasons = audience_frames.filter_reasons
    filter_steps = audience_frames.filter_steps
    filter_signals = audience_frames.filter_signals
    filter_questions = audience_frames.filter_questions
    filter_what_if = audience_frames.filter_what_if
    filter_patterns = audience_frames.filter_patterns
    filter_evidence = audience_frames.filter_evidence
    filter_decisions = audience_frames.filter_decisions
    filter_flags = audience_frames.filter_flags
    filter_factors = audience_frames.filter_factors
    filter_changes = audience_frames.filter_changes
    filter_plans = audience_frames.filter_plans
    filter_frames = audience_flow.filter_frames

    def __init__(
        self,
        id: str,
        catalogue: Catalogue,
        rules: AudienceRules,
        words: Mapping[str, Mapping[str, tuple[str, ...]]],
        ticked: Iterable[str] = (),
    ) -> None:
        self.id, self.catalogue, self.rules, self._words = id, catalogue, rules, words
        self.ticked = frozenset([ticked] if isinstance(ticked, str) else ticked)
        self.numbers = rules.numbers
        self.names, self.class_only, self.strengths_first = rules.names, rules.class_only, rules.strengths_first
        self.notes, self.pupils = rules.notes, rules.pupils

    @classmethod
    def load(
        cls,
        name: str,
        catalogue: Catalogue | None = None,
        *,
        ticked: Iterable[str] = (),
        path: str | Path | None = None,
    ) -> Audience:
        """Load an audience.

        Parameters
        ----------
        name : str
            One of `AUDIENCES`, or of those in `path`.
        catalogue : Catalogue, optional
            The shipped one by default.
        ticked : iterable of str, optional
            Constructs or factors that staff ticked for a pupil: seen too, whatever their sensitivity.
        path : path, optional
            A TOML file like ``audiences.toml`` of one's own instead of the shipped one.

        Returns
        -------
        Audience

        Raises
        ------
        RunError
            If there is no such audience, naming those there are; or if the file of one's own cannot be read.
        """
        from pumpurs_risk.catalogue.catalogue import Catalogue

        stated = _read(Path(path) if path is not None else _SHIPPED)
        if name not in stated.audiences:
            raise RunError("audience_unknown", audience=str(name), known=", ".join(stated.audiences))
        return cls(name, catalogue or Catalogue.load(), stated.audiences[name], stated.words, ticked)

    def ticking(self, ticked: Iterable[str]) -> Audience:
        """Give the same audience that also sees what staff ticked for a pupil.

        Examples
        --------
        >>> parents = Audience.load("family_parent")
        >>> parents.sees("motivation"), parents.ticking(["motivation"]).sees("motivation")
        (False, True)
        """
        return Audience(self.id, self.catalogue, self.rules, self._words, self.ticked | frozenset(ticked))

    def sees(self, what: str | RiskFactor | Signal) -> bool:
        """Whether the readers may be told of something.

        Parameters
        ----------
        what : str, RiskFactor or Signal
            A factor, construct or signal, or its id (factors are looked for first). A construct is seen if any of its factors
            is: whether one *reason* may be told depends on the factor that leads it.

        Returns
        -------
        bool
            False for what the catalogue does not know, unless the audience sees everything.

        Examples
        --------
        >>> teacher = Audience.load("class_teacher")
        >>> teacher.sees("safety"), teacher.sees("bullying"), teacher.sees(teacher.catalogue.signals["violence"])
        (True, True, False)
        """
        if self.sees_everything:
            return True
        if isinstance(what, Signal):
            return self._sees_signal(what)
        if isinstance(what, RiskFactor):
            return self._sees_factor(what)
        if what in self.catalogue.factors:
            return what in self.seen_factors
        if what in self.catalogue.constructs:
            return any(self.catalogue.factors[factor].construct == what for factor in self.seen_factors)
        signal = self.catalogue.signals.get(what)
        return signal is not None and self._sees_signal(signal)

    def sees_measure(self, measure: str, factors: Iterable[str] = ()) -> bool:
        """Whether a measure may be named to the readers.

        Parameters
        ----------
        measure : str
            Its id in the catalogue.
        factors : iterable of str
            The factors that this pupil's reasons name. Without them all that the measure answers count.

        Returns
        -------
        bool
            False if every one of these factors that the measure answers is hidden: then naming it would tell why.

        Examples
        --------
        >>> teacher = Audience.load("class_teacher")
        >>> teacher.sees_measure("psychologist", ["pregnancy"]), teacher.sees_measure("psychologist", ["motivation"])
        (False, True)
        """
        if self.sees_everything:
            return True
        entry = self.catalogue.measures.get(measure)
        if entry is None or not any(factor in self.seen_factors for factor in entry.answers):
            return entry is not None and not entry.answers
        behind = [factor for factor in factors if factor in entry.answers]
        return not behind or any(factor in self.seen_factors for factor in behind)

    @cached_property
    def sees_everything(self) -> bool:
        """Whether nothing is hidden from the readers."""
        return not self.rules.constructs and {"ordinary", "sensitive", "special"} <= set(self.rules.sensitivities)

    @cached_property
    def seen_factors(self) -> frozenset[str]:
        """Ids of the factors that the readers see."""
        return frozenset(f.id for f in self.catalogue.factors.values() if self._sees_factor(f))

    def _sees_factor(self, factor: RiskFactor) -> bool:
        if factor.id in self.ticked or factor.construct in self.ticked or factor.id in self.rules.factors:
            return True
        within = not self.rules.constructs or factor.construct in self.rules.constructs
        return within and factor.sensitivity in self.rules.sensitivities

    def _sees_signal(self, signal: Signal) -> bool:
        if signal.column in self.catalogue.factors:
            return signal.column in self.seen_factors
        behind = [f.id for f in self.catalogue.factors.values() if f.raw == signal.column]
        if behind:
            return any(factor in self.seen_factors for factor in behind)
        return not self.rules.constructs and signal.sensitivity in self.rules.sensitivities

    def revealing_words(self, lang: str) -> tuple[str, ...]:
        """Words that must not occur in anything the readers get, compared case aside.

        Parameters
        ----------
        lang : {"lv", "en"}
            Whose words.

        Returns
        -------
        tuple of str
            Of every factor that is hidden: its own revealing words; for an ordinary factor those of ``audiences.toml``, else its
            name. Without the words that seen factors need for their own sentences. None for an audience that gets no pupils:
            a count by risk group gives nobody away.

        Examples
        --------
        >>> "grūtniec" in Audience.load("head").revealing_words("lv")
        True
        >>> Audience.load("support_staff").revealing_words("lv")
        ()
        """
        return self._every_word[lang]

    @cached_property
    def _every_word(self) -> Mapping[str, tuple[str, ...]]:
        if not self.pupils:
            return {"lv": (), "en": ()}
        hidden = [f for f in self.catalogue.factors.values() if not self.sees(f)]
        seen = [f for f in self.catalogue.factors.values() if self.sees(f)]
        words = {}
        for lang in ("lv", "en"):
            needed = [w.casefold() for f in seen for w in self._stated_words(f, lang)]
            found = {w.casefold(): None for f in hidden for w in self._stated_words(f, lang) or (f.name[lang],)}
            words[lang] = tuple(w for w in found if not any(w in own for own in needed))
        return words

    def _stated_words(self, factor: RiskFactor, lang: str) -> tuple[str, ...]:
        return (*factor.revealing_words.get(lang, ()), *self._words.get(factor.id, {}).get(lang, ()))

    @cached_property
    def _pattern(self) -> Mapping[str, re.Pattern[str] | None]:
        both = {lang: [re.escape(normalize("NFC", w)) for w in self.revealing_words(lang)] for lang in ("lv", "en")}
        return {lang: re.compile("|".join(words)) if words else None for lang, words in both.items()}

    def hides(self, said: object, lang: str) -> bool:
        """Whether a text holds a word that the readers must not find."""
        pattern = self._pattern[lang]
        if pattern is None or not isinstance(said, str):
            return False
        return pattern.search(normalize("NFC", said).casefold().replace("\u00ad", "")) is not None

    def name_of(self, factor: str, lang: str) -> str:
        """What a reason is called: its construct, or the factor alone where the construct's name tells of a hidden one.

        Examples
        --------
        >>> Audience.load("class_teacher").name_of("no_internet", "lv")
        'mājās nav pieejas internetam'
        """
        entry = self.catalogue.factors.get(factor)
        if entry is None:
            return factor if self.sees_everything else self.neutral("reason", lang)
        construct = self.catalogue.constructs[entry.construct].name[lang]
        for name in (construct, entry.name[lang]):
            if self.sees(entry) and not self.hides(name, lang):
                return name
        return self.neutral("reason", lang)

    def neutral(self, what: Literal["reason", "signal", "step"], lang: str) -> str:
        """Give the line that stands for what is hidden."""
        return text(f"audience.hidden.{what}", lang)

    def guidance(self, lang: str, **params: Any) -> list[tuple[str, list[str]]]:
        """Say how to use the list, in words that reveal nothing: for all audiences that do not see everything.

        Parameters
        ----------
        lang : {"lv", "en"}
            Language of the texts.
        **params
            ``expires``: the last day of use, as text.

        Returns
        -------
        list of (str, list of str)
            Sections in reading order: title and lines.

        Examples
        --------
        >>> Audience.load("head").guidance("en", expires="31 May 2027")[0][0]
        'What it is'
        """
        sections = []
        for section in ("what", "steps", "use", "never", "certainty", "access"):
            key, lines = f"audience.guidance.{section}", []
            for number in range(1, 9):
                own = f"{key}.{self.id}_{number}"
                at = own if has_text(own, lang) else f"{key}.{number}"
                if has_text(at, lang):
                    lines.append(text(at, lang, **{"expires": "", **params}))
            sections.append((text(f"{key}.title", lang), lines))
        return sections

    def __repr__(self) -> str:
        return f"<Audience: {self.id}, sees {len(self.seen_factors)} of {len(self.catalogue.factors)} factors>"


@cache
def _read(path: Path) -> _AudienceFile:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _AudienceFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RunError("audience_file", path=str(path), detail=str(error)) from None

"""What monitoring found, as plain data: rows of tables, notes, and what needs a person's attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import pandas as pd

from pumpurs_risk.monitoring.wording import group_words, headline_text, next_step_text, note_text, sentence_text

SCHEMA_VERSION = 1
Verdict = Literal["chance", "small", "changed", "too_few", "definition"]
"""No more than chance; more than chance but too small to matter; changed; too few pupils to judge; the factor itself is
defined differently, so that nothing can be compared."""


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows: immutable."""


class Compared(_Row, frozen=True):
    """Which two lists were compared, and who stands in both."""

    first_as_of: str
    second_as_of: str
    first_semester: str
    """Semester that the counts of the first list cover; empty if not known."""
    second_semester: str
    first_pupils: int
    second_pupils: int
    in_both: int
    schools_in_both: tuple[str, ...]
    schools_left: tuple[str, ...]
    """Schools of the first list that are not in the second."""
    schools_joined: tuple[str, ...]
    season: Literal["same", "other", "unknown"]
    """Whether both lists count the same half of the school year."""
    first_model: str
    second_model: str
    same_model: bool
    """Whether both lists were scored by the very same model file."""
    redefined: tuple[str, ...]
    """Factors whose definition differs between the two lists."""


class FactorChange(_Row, frozen=True):
    """One factor's distribution in the first and the second list."""

    factor: str
    scope: Literal["same_schools", "all"]
    """Pupils of the schools that are in both lists, or all pupils."""
    first_known: int
    second_known: int
    known_in_both: int
    first_mean: float | None
    """Mean of known values; None for levels, and where fewer than five pupils have a value other than 0."""
    second_mean: float | None
    distance: float
    """Largest gap between the cumulative shares (levels: total variation), 0 to 1."""
    distance_sd: float | None
    """How far the mean pupil moved, in standard deviations, beyond chance; None for levels."""
    stability_index: float
    """Population stability index over the catalogue's fixed knots, beyond chance."""
    log_odds: float
    """What the change adds to the mean log-odds, by the second list's model."""
    p: float
    q: float
    """p adjusted for the number of factors looked at (Benjamini and Hochberg)."""
    seasonal: bool
    """Whether the two lists count different halves of the school year, and the factor counts over time."""
    verdict: Verdict


class SchoolChange(_Row, frozen=True):
    """One factor in one school, against the change in the other schools."""

    school_id: str
    factor: str
    first_known: int
    second_known: int
    first_mean: float
    second_mean: float
    beyond_others: float
    """Change here less the change of the mean in the other schools."""
    beyond_others_sd: float
    """The same in standard deviations of the factor over all pupils."""
    p: float
    q: float
    verdict: Verdict


class ScoreChange(_Row, frozen=True):
    """One figure of the scores, its change split: what the pupils changed and what the model changed."""

    measure: Literal["mean_risk", "share_above"]
    scope: Literal["same_schools", "all"]
    first: float
    """As the first list said."""
    first_by_second_model: float
    """The first list's pupils, scored by the second list's model."""
    second: float
    by_model: float
    by_pupils: float
    p: float | None
    """Of the pupils' part, chance alone; None for the mean, whose distribution is tested as a whole."""


class ScoreDistance(_Row, frozen=True):
    """How far the scores of the two lists lie apart when one model, the second list's, scores both."""

    scope: Literal["same_schools", "all"]
    distance: float
    distance_sd: float
    stability_index: float
    p: float
    verdict: Verdict


class Missing(_Row, frozen=True):
    """How much of one factor one school does not know."""

    school_id: str
    factor: str
    first_pupils: int
    second_pupils: int
    first_unknown: float
    second_unknown: float
    p: float
    q: float
    verdict: Literal["stopped", "started", "more", "less", "small", "chance", "too_few"]


class DecisionUse(_Row, frozen=True):
    """What staff decided on the first list, by group. A count of 1 to 4, and what would give it away, is None."""

    by: str
    """"all", "school_id", "programme" or an attribute's name."""
    group: str
    pupils: int | None
    listed: int | None
    confirmed: int | None
    dismissed: int | None
    deferred: int | None
    undecided: int | None
    added: int | None
    """Pupils whom staff added because the list had missed them."""
    dismissed_share: float | None
    """Of those decided; None with fewer than 30 of them."""
    dismissed_lower: float | None
    dismissed_upper: float | None
    undecided_share: float | None
    """Of those listed; None with fewer than 30 of them."""
    undecided_lower: float | None
    undecided_upper: float | None
    judged: bool
    """False: too few listed pupils to judge."""


class GroupDifference(_Row, frozen=True):
    """Whether staff's decisions differ between the groups of one attribute."""

    by: str
    share: Literal["dismissed", "undecided"]
    lowest: str
    lowest_share: float | None
    """None where a count that is not shown could be calculated from it."""
    highest: str
    highest_share: float | None
    p: float
    q: float
    verdict: Verdict


class Followed(_Row, frozen=True):
    """What was expected of one group of the first list's pupils, and what happened."""

    by: str
    """"all", "tier", "band", "certainty", "school_id", "programme" or an attribute's name."""
    group: str
    pupils: int | None
    """With a known outcome. A count of 1 to 4, and what would give it away, is None in all rows."""
    left: int | None
    expected: float | None
    """Sum of the risks that were estimated."""
    share_left: float | None
    lower: float | None
    upper: float | None
    leavers_listed: int | None
    recall: float | None
    """Share of the leavers who were on the list; None with fewer than 30 leavers in a group."""
    recall_lower: float | None
    recall_upper: float | None
    judged: bool
    """False: fewer than 30 leavers (tiers, bands and certainty: pupils); nothing is concluded from this row."""


class Outcomes(_Row, frozen=True):
    """Calibration of the first list's risks on what happened afterwards."""

    state: Literal["judged", "not_given", "too_early"]
    horizon: str
    horizon_end: str
    """First day that no longer belongs to the horizon."""
    pupils: int = 0
    """On the first list."""
    known: int = 0
    left: int | None = 0
    """None where 1 to 4 left or stayed."""
    expected: float = 0.0
    missing_listed: float | None = None
    """Share of the listed pupils of whom nobody knows what became."""
    missing_others: float | None = None
    intercept: float | None = None
    """Log-odds by which the risks lie too low (above 0) or too high; 0 is right."""
    intercept_lower: float | None = None
    intercept_upper: float | None = None
    slope: float | None = None
    """1 is right; below 1 the risks are too far apart, above 1 too close together."""
    slope_lower: float | None = None
    slope_upper: float | None = None
    rows: tuple[Followed, ...] = ()


class FactorWords(_Row, frozen=True):
    """What a reader needs to know of a factor: its name per language, and what its values are."""

    name: dict[str, str]
    kind: str


class Attention(_Row, frozen=True):
    """Something that a person should look at, and what to do about it."""

    code: str
    """Key of its sentence and of its next step in the locale files."""
    weight: int
    """1 first: data are missing or risks are wrong; 2: something changed; 3: worth knowing."""
    params: dict[str, Any]


class Monitoring(msgspec.Struct, frozen=True, kw_only=True):
    """What two finished lists, and what happened afterwards, say about the way the lists work.

    Made by `monitor`. Nothing in it names a pupil.

    Parameters
    ----------
    compared : Compared
        Which two lists, and who stands in both.
    attention : tuple of Attention
        What needs a person, the most pressing first.
    factors, school_changes, scores, score_distances, missing, decisions, differences : tuple of rows
        Drift of factors and scores, missingness, what staff decided and whether groups differ in it.
    outcomes : Outcomes
        Calibration, once it is known what happened.
    notes : tuple of Attention
        What a reader should know that asks for nothing.
    titles : dict of str to str
        Names of schools by id.
    factor_words : dict of str to FactorWords
        Names and kinds of the factors that were compared.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> first = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-15")
    >>> later = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-16")
    >>> found = pr.monitor(first, later)
    >>> found.headline("en")
    'Nothing needs attention now.'
    >>> bool(found.table("factors")["verdict"].eq("changed").any())
    False
    """

    compared: Compared
    attention: tuple[Attention, ...]
    factors: tuple[FactorChange, ...]
    school_changes: tuple[SchoolChange, ...]
    scores: tuple[ScoreChange, ...]
    score_distances: tuple[ScoreDistance, ...]
    missing: tuple[Missing, ...]
    decisions: tuple[DecisionUse, ...]
    differences: tuple[GroupDifference, ...]
    outcomes: Outcomes
    notes: tuple[Attention, ...]
    titles: dict[str, str]
    factor_words: dict[str, FactorWords]

    def table(self, name: str) -> pd.DataFrame:
        """Give one of the tables as a frame.

        Parameters
        ----------
        name : str
            ``"factors"``, ``"school_changes"``, ``"scores"``, ``"score_distances"``, ``"missing"``, ``"decisions"``,
            ``"differences"`` or ``"followed"`` (what was expected and what happened).

        Returns
        -------
        pandas.DataFrame
            One row per entry, columns as the entries' fields.

        Raises
        ------
        KeyError
            For another name.
        """
        tables: dict[str, tuple[type[_Row], Sequence[_Row]]] = {
            "factors": (FactorChange, self.factors),
            "school_changes": (SchoolChange, self.school_changes),
            "scores": (ScoreChange, self.scores),
            "score_distances": (ScoreDistance, self.score_distances),
            "missing": (Missing, self.missing),
            "decisions": (DecisionUse, self.decisions),
            "differences": (GroupDifference, self.differences),
            "followed": (Followed, self.outcomes.rows),
        }
        kind, rows = tables[name]
        return pd.DataFrame([msgspec.structs.asdict(row) for row in rows], columns=list(kind.__struct_fields__))

    def headline(self, lang: str = "lv") -> str:
        """Say in one sentence what needs a person's attention now, or that nothing does.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        str
        """
        return headline_text(self.attention, self, lang)

    def sentences(self, lang: str = "lv") -> list[tuple[str, str]]:
        """Say what needs attention, each with its next step.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        list of (str, str)
            What was found, and what to do; the most pressing first.
        """
        return [(sentence_text(a, self, lang), next_step_text(a, self, lang)) for a in self.attention]

    def to_dict(self, lang: str = "lv") -> dict[str, Any]:
        """Give everything as JSON-able data, with its sentences.

        Parameters
        ----------
        lang : {"lv", "en"}
            Language of the sentences.

        Returns
        -------
        dict
            Fits ``data_schema/monitor.json``.
        """
        said = MonitorDocument(
            schema_version=SCHEMA_VERSION,
            lang=lang,
            headline=self.headline(lang),
            attention=tuple(
                Said(
                    code=a.code,
                    weight=a.weight,
                    sentence=sentence_text(a, self, lang),
                    next_step=next_step_text(a, self, lang),
                    params=a.params,
                )
                for a in self.attention
            ),
            notes=tuple(note_text(note, self, lang) for note in self.notes),
            words=group_words(self, lang),
            found=self,
        )
        return msgspec.to_builtins(said)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        lines = [self.headline("en")]
        for sentence, step in self.sentences("en"):
            lines += [f"- {sentence}", f"  {step}"]
        return "\n".join([*lines, *(note_text(note, self, "en") for note in self.notes)])


class Said(_Row, frozen=True):
    """Something that needs attention, in words."""

    code: str
    weight: int
    sentence: str
    next_step: str
    params: dict[str, Any]


class MonitorDocument(_Row, frozen=True):
    """monitor.json."""

    schema_version: int
    lang: str
    headline: str
    attention: tuple[Said, ...]
    notes: tuple[str, ...]
    words: dict[str, str]
    """What attributes (``"sex"``) and groups (``"sex/female"``) are called."""
    found: Monitoring


def monitor_schema() -> dict[str, Any]:
    """JSON Schema of monitor.json."""
    return msgspec.json.schema(MonitorDocument)

"""The pupil's page and the parents' page: one sheet each, in plain words, from the same reasons as everybody's papers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.explanation.details import detail_pieces
from pumpurs_risk.explanation.placeholders import role_name
from pumpurs_risk.flags.next_step import DUE_AFTER
from pumpurs_risk.locale import check_language, date_text, text
from pumpurs_risk.reports.family_words import offers, page_words, plain_fact

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

    from pumpurs_risk.catalogue import Audience, Catalogue

READERS = {"family_pupil": "pupil", "family_parent": "parent"}
"""To whom each audience's page speaks."""
_ASKED = ("class_teacher", "social_pedagogue")


def family_pages(
    pupils: pd.DataFrame,
    reasons: pd.DataFrame,
    catalogue: Catalogue,
    audience: str,
    lang: str = "lv",
    *,
    school: str,
    as_of: dt.date,
    expires: dt.date,
    also: Mapping[str, Sequence[str]] | None = None,
    contacts: Mapping[str, tuple[str, str]] | None = None,
    offered: Iterable[str] | None = None,
    evidence: pd.DataFrame | None = None,
) -> dict[str, str]:
    """Make one page per pupil, for the pupil or for the parents.

    A page holds journal facts (attendance, marks) and what support staff ticked for this pupil, never a risk, a percentage or a
    place. What goes well comes first. The frames are filtered in here.

    Parameters
    ----------
    pupils : pandas.DataFrame
        ``pupil_id``, ``shown`` (name or the school's own id), ``class_id``, ``programme`` (general, evening, vocational);
        ``age`` in years if it is there (for measures with an age limit; parents of those of full age get no page).
    reasons : pandas.DataFrame
        As `pumpurs_risk.reasons` gives them for these pupils, unfiltered, in `lang`: ``pupil_id``, ``kind``, ``rank``,
        ``factor``, ``code``, ``params``, ``sentence``; ``line`` if it is there.
    catalogue : Catalogue
        Factors, measures, roles.
    audience : {"family_pupil", "family_parent"}
        Whose page.
    lang : {"lv", "en"}
        Language of the page.
    school : str
        The school's title.
    as_of, expires : datetime.date
        Day of the list, and the last day on which the page holds.
    also : mapping of str to sequence of str, optional
        By pupil, the constructs (or factors) that support staff ticked: told too.
    contacts : mapping of str to (str, str), optional
        By role id, name and telephone of the person to ask. Without it the class teacher and the social pedagogue stand with
        empty lines to fill in by hand.
    offered : iterable of str, optional
        Ids of the measures that the school offers; without it all that fit are named.
    evidence : pandas.DataFrame, optional
        Facts behind the factors, as the run holds them: ``pupil_id``, ``factor``, ``detail``, ``source``. With it the page
        names the subjects.

    Returns
    -------
    dict of str to str
        By pupil id a whole HTML page: no script, nothing from elsewhere, one sheet of A4.

    Raises
    ------
    ValueError
        If the audience is no family or there are no texts in the language.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> pupils = pd.DataFrame({"pupil_id": ["a"], "shown": ["Anna"], "class_id": ["9.a"], "programme": ["general"]})
    >>> seen = {"pupil_id": ["a"], "kind": ["risk"], "rank": [1], "line": [0], "construct": ["attendance"], "sentence": ["..."]}
    >>> seen |= {"factor": ["absence_share"], "code": ["absence_share.risk"], "params": [{"value": 0.2}], "contribution": [1.0]}
    >>> pages = family_pages(pupils, pd.DataFrame(seen), Catalogue.load(), "family_pupil", "en",
    ...     school="Oak School", as_of=dt.date(2027, 1, 15), expires=dt.date(2027, 5, 31))
    >>> "20 lessons of 100 were missed." in pages["a"], "By 29 January 2027 you will have a talk" in pages["a"]
    (True, True)
    """
    from pumpurs_risk.catalogue import Audience

    check_language(lang)
    if audience not in READERS:
        raise ValueError(f"audience must be one of {', '.join(READERS)}, got {audience!r}")
    reader = READERS[audience]
    if reader == "parent" and "age" in pupils:
        pupils = pupils[~(pupils["age"].astype(float) >= catalogue.programme.adult_age)]
    asked = set(pupils["pupil_id"])
    readers = Audience.load(audience, catalogue)
    told = readers.filter_frames({"reasons": reasons[reasons["pupil_id"].isin(asked)]}, lang, also=also)
    lines = dict(iter(told["reasons"].groupby("pupil_id", sort=False)))
    details = _details(evidence, asked, pupils, catalogue, lang)
    shared = {
        "lang": lang,
        "words": page_words(reader, lang),
        "until": text("family.page.until", lang, as_of=date_text(as_of, lang), expires=date_text(expires, lang)),
    }
    page = _template()
    pages = {}
    for pupil in pupils.to_dict("records"):
        id = pupil["pupil_id"]
        ticked = (also or {}).get(id, ())
        own = readers.ticking(ticked) if ticked else readers
        facts = _facts(own, lines.get(id), details, lang)
        named = [factor for kind, factor, _ in facts if kind == "risk"]
        age = float(pupil.get("age", float("nan")))
        pages[id] = page.render(
            **shared,
            header=_header(pupil, school, as_of, lang),
            strengths=_distinct(said for kind, _, said in facts if kind == "strength"),
            seen=_distinct(said for kind, _, said in facts if kind == "risk"),
            offers=offers(own, named, reader, lang, age, offered),
            next=_next(str(pupil["programme"]), as_of, reader, catalogue, lang),
            ask=_people(contacts, str(pupil["programme"]), catalogue, lang),
        )
    return pages


def _details(
    evidence: pd.DataFrame | None, asked: set[str], pupils: pd.DataFrame, catalogue: Catalogue, lang: str
) -> dict[tuple[str, str], str]:
    """What stands behind a fact (": matemātika, fizika"), by pupil and factor; not who judged it."""
    if evidence is None or not len(evidence):
        return {}
    found = detail_pieces(evidence[evidence["pupil_id"].isin(asked)], pupils, catalogue, lang)
    found = found[~found["stated"].astype(bool)]
    return dict(zip(zip(found["pupil_id"], found["factor"], strict=True), found["piece"], strict=True))


def _facts(
    audience: Audience, lines: pd.DataFrame | None, details: Mapping[tuple[str, str], str], lang: str
) -> list[tuple[str, str, str]]:
    """Kind, factor and sentence of what may be told; of a reason's detail lines those that say the same way."""
    if lines is None:
        return []
    factors, found = audience.catalogue.factors, []
    columns = ("pupil_id", "kind", "factor", "code", "params", "sentence")
    for pupil, kind, factor, code, params, sentence in zip(*(lines[name].tolist() for name in columns), strict=True):
        if kind not in ("risk", "strength") or code.partition(".")[2] != kind:
            continue
        said = plain_fact(factors.get(factor), code, params if isinstance(params, Mapping) else {}, sentence, lang)
        piece = details.get((pupil, factor), "") if kind == "risk" else ""
        if piece and not audience.hides(piece, lang):
            said = said.removesuffix(".") + printable(piece) + ("" if piece.endswith(".") else ".")
        named_only = said.removesuffix(".").casefold() == audience.name_of(factor, lang).casefold()
        if not named_only and not audience.hides(said, lang):
            found.append((kind, factor, said))
    return found


def _distinct(said: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(said))


def _header(pupil: Mapping[Any, Any], school: str, as_of: dt.date, lang: str) -> list[tuple[str, str]]:
    who = "trainee" if pupil["programme"] == "vocational" else "pupil"
    said = [(text(f"family.learner.{who}", lang), printable(str(pupil["shown"])))]
    if isinstance(pupil["class_id"], str) and pupil["class_id"]:
        said.append((text(f"family.group.{who}", lang), printable(pupil["class_id"])))
    said.append((text("family.page.school", lang), printable(school)))
    said.append((text("family.page.date", lang), date_text(as_of, lang)))
    return said


def _next(programme: str, as_of: dt.date, reader: str, catalogue: Catalogue, lang: str) -> str:
    """Say who will talk with the family, and by when: always the class teacher, so that the choice tells nothing."""
    role = role_name(_ASKED[0], programme, catalogue, lang)
    return text(f"family.{reader}.next", lang, due=date_text(as_of + DUE_AFTER, lang), role=role)


def _people(
    contacts: Mapping[str, tuple[str, str]] | None, programme: str, catalogue: Catalogue, lang: str
) -> list[dict[str, str]]:
    people = contacts if contacts else {role: ("", "") for role in _ASKED if role in catalogue.roles}
    named = [(role_name(role, programme, catalogue, lang), *person) for role, person in people.items()]
    return [{"role": r[:1].upper() + r[1:], "name": printable(n), "phone": printable(p)} for r, n, p in named]


def printable(said: str) -> str:
    """Leave out characters that no page may hold (control characters); everything else comes through as text."""
    return "".join(c for c in said if c in "\t\n" or (c >= " " and not "\x7f" <= c <= "\x9f"))


@cache
def _template() -> jinja2.Template:
    return environment().get_template("family.html.j2")


@cache
def environment() -> jinja2.Environment:
    """Templates of this room: every value is text and is escaped; a missing one is an error."""
    import jinja2

    folder = Path(__file__).resolve().parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False
    )

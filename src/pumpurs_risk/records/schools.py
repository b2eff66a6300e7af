"""Which school a row belongs to, and what a workbook's cover says of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.locale import text
from pumpurs_risk.records.contract import Field, SheetContract, without_diacritics
from pumpurs_risk.records.parsing import parse, tidy
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.report import ProblemLog

SCHOOL_COLUMNS = ("school_id", "title", "municipality", "programme", "places", "expected", "semester", "as_of")
_SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_WHOLE = Field("places", "whole", {}, minimum=0, maximum=100_000)


def school_slug(title: str) -> str:
    """Make a school's id from its title: safe as a folder's name on any system.

    Parameters
    ----------
    title : str
        As written. A title that is already safe (an id) stays as it is.

    Returns
    -------
    str
        Letters a-z, digits and hyphens; the same title always gives the same id.

    Examples
    --------
    >>> school_slug("Dzērves pamatskola"), school_slug("S_07"), school_slug("../../x")
    ('dzerves-pamatskola', 'S_07', 'x')
    """
    title = " ".join(title.split())
    if _SAFE.fullmatch(title) and not _RESERVED.fullmatch(title):
        return title
    slug = re.sub(r"[^a-z0-9]+", "-", without_diacritics(title).casefold()).strip("-")[:60].strip("-")
    if slug and not _RESERVED.fullmatch(slug):
        return slug
    return f"school-{hashlib.sha256(title.encode()).hexdigest()[:8]}"


def title_of_table(raw: RawTable) -> str:
    """The school that a whole table belongs to: sub-folder, else cover, else the file's name.

    Examples
    --------
    >>> title_of_table(RawTable("9a.csv", "", "", {}, np.array([]), {"school": "Kazdangas pamatskola"}))
    'Kazdangas pamatskola'
    """
    return raw.school or raw.cover.get("school", "").strip() or PurePosixPath(raw.file.replace("\\", "/")).stem


def titles_of_rows(raw: RawTable, heading: str | None) -> tuple[np.ndarray[Any, Any], list[str]]:
    """School of every row.

    Parameters
    ----------
    raw : RawTable
        The table.
    heading : str or None
        Its column with the school, if there is one; an empty cell means the table's own school.

    Returns
    -------
    codes : numpy.ndarray of int64, shape (n,)
        Index into ``titles``.
    titles : list of str
        Distinct titles.
    """
    whole = title_of_table(raw)
    if heading is None:
        return np.zeros(len(raw.rows), np.int64), [whole]
    from pumpurs_risk.records.validation import as_text

    encoded = as_text(raw.columns[heading]).dictionary_encode()
    titles = [title or whole for title in tidy(encoded.dictionary).to_pylist()]
    codes = encoded.indices.fill_null(len(titles)).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, [*titles, whole]


def read_facts(raw: RawTable, contract: SheetContract, log: ProblemLog, school_id: str, lang: str) -> dict[str, Any]:
    """Type what the cover says; name what cannot be understood.

    Parameters
    ----------
    raw : RawTable
        With its cover.
    contract : SheetContract
        For dates, semesters and programmes.
    log : ProblemLog
        Gets ``bad_cover_value``.
    school_id : str
        Whose cover it is.
    lang : {"lv", "en"}
        Language of what was expected.

    Returns
    -------
    dict
        ``title``, ``municipality``, ``semester``, ``programme`` (text), ``as_of`` (datetime64[D]), ``places`` (float) and
        ``lessons_held`` (dict of float by class, "" for all); unknown ones are "", NaT and NaN.
    """

    def typed(key: str, column: Field, expected: str) -> Any:
        written = raw.cover.get(key, "")
        parsed = parse(pa.array([written], pa.string()), column, contract.words)
        if any(bad[0] for bad in parsed.faults.values()):
            log.add(
                "bad_cover_value",
                file=raw.file,
                school_id=school_id,
                column=key,
                values=written,
                detail=text(f"problems.expected.{expected}", lang),
            )
        value = parsed.values[0]
        return value.as_py() or "" if isinstance(value, pa.Scalar) else value

    lessons = [key for key in raw.cover if key == "lessons_held" or key.startswith("lessons_held:")]
    return {
        "title": title_of_table(raw),
        "municipality": raw.cover.get("municipality", "").strip(),
        "semester": typed("semester", contract.fields["semester"], "semester"),
        "programme": typed("programme", contract.fields["programme"], "programme"),
        "as_of": typed("as_of", contract.fields["as_of"], "date"),
        "places": typed("places", _WHOLE, "whole"),
        "lessons_held": {
            key.partition(":")[2].strip(): typed(key, contract.fields["lessons_held"], "whole") for key in lessons
        },
    }


def schools_frame(
    titles: Mapping[str, Iterable[str]], facts: Mapping[str, list[dict[str, Any]]], log: ProblemLog
) -> pd.DataFrame:
    """One row per school that was read.

    Parameters
    ----------
    titles : mapping of str to titles
        By school id, all ways in which its title was written.
    facts : mapping of str to list of dict
        By school id, what the covers of its tables say.
    log : ProblemLog
        Gets ``cover_conflict`` where the covers of one school differ; the first in the order of files counts.

    Returns
    -------
    pandas.DataFrame
        The columns of ``SCHOOL_COLUMNS``, ordered by id; ``places`` NaN and ``as_of`` NaT where nobody said.
    """
    rows = []
    for school_id in sorted(titles):
        row: dict[str, Any] = {"school_id": school_id, "title": _fullest(titles[school_id]), "expected": True}
        for key in ("municipality", "programme", "places", "semester", "as_of"):
            said = list(dict.fromkeys(fact[key] for fact in facts.get(school_id, []) if not _unsaid(fact[key])))
            row[key] = said[0] if said else (np.nan if key == "places" else pd.NaT if key == "as_of" else "")
            if len(said) > 1:
                shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in said]
                log.add(
                    "cover_conflict",
                    school_id=school_id,
                    column=key,
                    values=shown[0],
                    detail="; ".join(shown),
                    severity="notice",
                    action="none",
                )
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(SCHOOL_COLUMNS))
    frame["as_of"] = pd.to_datetime(frame["as_of"]).astype("datetime64[s]")
    frame["places"] = frame["places"].astype(float)
    return frame


def _fullest(titles: Iterable[str]) -> str:
    """Of several spellings the one with most diacritics and capitals, as a person would write it with care."""
    return max(sorted(titles), key=lambda title: (len(title.encode()), sum(map(str.isupper, title))))


def _unsaid(value: Any) -> bool:
    return value == "" or value is None or bool(pd.isna(value))

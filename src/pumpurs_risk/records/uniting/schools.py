"""Which school a row belongs to, and what a workbook's cover says of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pumpurs_risk.locale import text
from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import Field, SheetContract, without_diacritics
from pumpurs_risk.records.identity.personal_codes import hide_codes
from pumpurs_risk.records.raw_table import RawTable, readable
from pumpurs_risk.records.validation.details import in_languages
from pumpurs_risk.records.validation.parsing import parse, tidy
from pumpurs_risk.records.validation.report import ProblemLog

SCHOOL_COLUMNS = ("school_id", "title", "municipality", "programme", "places", "expected", "semester", "as_of")
_SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?")
_LONGEST = 50
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_PLACES = Field("places", "whole", {}, minimum=0, maximum=100_000)


def school_slug(title: str) -> str:
    """Make a school's id from its title: safe as a folder's name on any system.

    Parameters
    ----------
    title : str
        As written. A title that is already safe (an id) stays as it is.

    Returns
    -------
    str
        Letters a-z, digits and hyphens; the same title always gives the same id. Where letters had to be left out or the
        title is long, a few characters of its digest keep it apart from others like it.

    Examples
    --------
    >>> school_slug("Dzērves pamatskola"), school_slug("S_07"), school_slug("../../x")
    ('dzerves-pamatskola', 'S_07', 'x')
    """
    title = " ".join(title.split())
    if _SAFE.fullmatch(title) and not _RESERVED.fullmatch(title):
        return title
    plain = without_diacritics(title).casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    whole = len(slug) <= _LONGEST and not any(letter.isalnum() and not letter.isascii() for letter in plain)
    if slug and whole and not _RESERVED.fullmatch(slug):
        return slug
    digest = hashlib.sha256(title.casefold().encode(errors="surrogatepass")).hexdigest()
    return f"{slug[:_LONGEST].strip('-') or 'school'}-{digest[:8]}"


def plain_schools(school_ids: Iterable[str]) -> pd.DataFrame:
    """Make the table of schools of which nothing but the id is known.

    Examples
    --------
    >>> plain_schools(["b", "a"])["title"].tolist()
    ['a', 'b']
    """
    ids = sorted(map(str, school_ids))
    frame = pd.DataFrame({name: pd.Series([""] * len(ids), dtype=object) for name in SCHOOL_COLUMNS})
    return frame.assign(
        school_id=ids, title=ids, expected=True, places=np.nan, as_of=pd.Series(pd.NaT, index=frame.index)
    ).astype({"places": float, "as_of": "datetime64[s]"})


@dataclass(frozen=True, slots=True)
class StatedSchool:
    """What was stated of a school beforehand, in settings or by the caller.

    Parameters
    ----------
    school_id : str
        Its id.
    folder : str
        Sub-folder or file of its sheets; its id or title do as well.
    title, municipality, programme, semester : str
        "" where nothing was stated.
    places, lessons_held : float
        NaN where nothing was stated.
    mapping : str or path
        Its own mapping, if any.
    """

    school_id: str
    title: str = ""
    folder: str = ""
    municipality: str = ""
    programme: str = ""
    semester: str = ""
    places: float = np.nan
    lessons_held: float = np.nan
    mapping: Any = None

    @classmethod
    def of(cls, school_id: str, facts: Mapping[str, Any]) -> StatedSchool:
        """Take what a mapping says; other keys and empty values are passed over."""
        own = cls.__dataclass_fields__.keys() - {"school_id"}
        said = {name: value for name, value in facts.items() if name in own and not _unsaid(value)}
        return cls(school_id, **said)


@dataclass
class SchoolsRead:
    """Gathers which schools are in a reading, what they are called and what their covers say.

    Parameters
    ----------
    contract : SheetContract
        For dates, semesters and programmes of a cover.
    stated : mapping of str to StatedSchool
        By id.
    lang : {"lv", "en"}
        Language of what was expected.
    home : str
        Name of the folder that is read: several sheets in it that do not say their school are of one school.
    """

    contract: SheetContract
    stated: Mapping[str, StatedSchool]
    lang: str = "lv"
    home: str = ""
    _titles: dict[str, set[str]] = field(default_factory=dict)
    _cover_titles: dict[str, set[str]] = field(default_factory=dict)
    _facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def of_table(self, folder: str, file: str, cover: Mapping[str, str]) -> str:
        """School that a whole table belongs to: sub-folder, else cover, else the folder that is read, else the file's name.

        Parameters
        ----------
        folder : str
            Sub-folder, "" if there is none.
        file : str
            Name of the file.
        cover : mapping of str to str
            What its first sheet says.

        Returns
        -------
        str
            School id.
        """
        stem = PurePosixPath(file.replace("\\", "/")).stem
        said = readable(" ".join(cover.get("school", "").split()))
        known = self._known()
        for name in (folder, PurePosixPath(file.replace("\\", "/")).name, stem):
            if name and school_slug(name).casefold() in known:
                school_id = known[school_slug(name).casefold()]
                break
        else:
            school_id = self.of_title(folder or said or self.home or stem)
        if said:
            self._cover_titles.setdefault(school_id, set()).add(said)
        return school_id

    def of_title(self, title: str) -> str:
        """School id of a title or id as written."""
        slug = school_slug(title)
        school_id = self._known().get(slug.casefold(), slug)
        self._titles.setdefault(school_id, set()).add(readable(" ".join(title.split())))
        return school_id

    def of_rows(self, raw: RawTable) -> np.ndarray[Any, Any]:
        """School of every row: its column of schools, else the table's own.

        Parameters
        ----------
        raw : RawTable
            The table.

        Returns
        -------
        numpy.ndarray of str objects, shape (n,)
            School ids.
        """
        heading = next((each for each in raw.columns if self.contract.recognise(each) == "school_id"), None)
        return self.said_of_rows(raw, heading, self.of_table(raw.school, raw.file, raw.cover))

    def said_of_rows(self, raw: RawTable, heading: str | None, otherwise: str) -> np.ndarray[Any, Any]:
        """School of every row as its column of schools says.

        Parameters
        ----------
        raw : RawTable
            The table.
        heading : str or None
            Heading of the column of schools; None where there is none.
        otherwise : str
            For rows that do not say.

        Returns
        -------
        numpy.ndarray of str objects, shape (n,)
            School ids.
        """
        if heading is None:
            return np.full(len(raw.rows), otherwise, dtype=object)
        encoded = cell_texts(raw.columns[heading]).dictionary_encode()
        titles = [*hide_codes(tidy(encoded.dictionary)).to_pylist(), None]
        codes = encoded.indices.fill_null(len(titles) - 1).to_numpy(zero_copy_only=False)
        used = np.unique(codes)
        ids = np.full(len(titles), otherwise, dtype=object)
        for code in used.tolist():
            if titles[code]:
                ids[code] = self.of_title(titles[code])
        found: np.ndarray[Any, Any] = ids[codes]
        return found

    def stated_of_table(self, raw: RawTable) -> str:
        """School that a table's folder, cover or file name speaks of; "" where none does: it may be of several schools."""
        known = self._known()
        path = PurePosixPath(raw.file.replace("\\", "/"))
        stated = raw.school or raw.cover.get("school", "").strip()
        if stated or school_slug(path.name).casefold() in known or school_slug(path.stem).casefold() in known:
            return self.of_table(raw.school, raw.file, raw.cover)
        return ""

    def learn(self, more: Mapping[str, StatedSchool]) -> None:
        """Take in what a table of schools says; what was stated beforehand is stronger."""
        self.stated = {**more, **{name: _completed(each, more.get(name)) for name, each in self.stated.items()}}

    def facts(self, raw: RawTable, school_id: np.ndarray[Any, Any], log: ProblemLog) -> dict[str, Any]:
        """Type what the cover says; name what cannot be understood; complete it by what was stated.

        Parameters
        ----------
        raw : RawTable
            With its cover.
        school_id : numpy.ndarray of str objects, shape (n,)
            School of each kept row.
        log : ProblemLog
            Gets ``bad_cover_value``.

        Returns
        -------
        dict
            ``semester`` and ``programme`` (str objects, shape (n,), "" for unsaid), ``as_of`` (datetime64[D] or NaT),
            ``lessons_held`` (by class, "" for all classes) and ``lessons_stated`` (floats, shape (n,)).
        """
        owner = self.of_table(raw.school, raw.file, raw.cover)

        def typed(key: str, column: Field, expected: str) -> Any:
            written = raw.cover.get(key, "")
            parsed = parse(pa.array([written], pa.string()), column, self.contract.words)
            if any(bad[0] for bad in parsed.faults.values()):
                detail = in_languages(lambda lang: text(f"problems.expected.{expected}", lang))
                log.add("bad_cover_value", file=raw.file, school_id=owner, column=key, values=written, detail=detail)
            value = parsed.values[0]
            return value.as_py() or "" if isinstance(value, pa.Scalar) else value

        fields = self.contract.fields
        said = {
            "municipality": " ".join(raw.cover.get("municipality", "").split()),
            "semester": typed("semester", fields["semester"], "semester"),
            "programme": typed("programme", fields["programme"], "programme"),
            "as_of": typed("as_of", fields["as_of"], "date"),
            "places": typed("places", _PLACES, "whole"),
        }
        self._facts.setdefault(owner, []).append(said)
        lessons = [key for key in raw.cover if key == "lessons_held" or key.startswith("lessons_held:")]
        return {
            "semester": self._spread("semester", said["semester"], school_id),
            "programme": self._spread("programme", said["programme"], school_id),
            "as_of": said["as_of"],
            "lessons_held": {
                key.partition(":")[2].strip(): typed(key, fields["lessons_held"], "whole") for key in lessons
            },
            "lessons_stated": self._spread("lessons_held", np.nan, school_id).astype(float),
        }

    def frame(self, sheet: pd.DataFrame, log: ProblemLog) -> pd.DataFrame:
        """One row per school.

        Parameters
        ----------
        sheet : pandas.DataFrame
            All rows with a pupil, those out of scope included: school_id, and programme, semester and as_of where nobody
            else said them.
        log : ProblemLog
            Gets ``cover_conflict`` where the covers of one school differ; the first in the order of files counts.

        Returns
        -------
        pandas.DataFrame
            The columns of ``SCHOOL_COLUMNS``, ordered by id; ``places`` NaN and ``as_of`` NaT where nobody said.
        """
        by_school = sheet.groupby("school_id", sort=True)
        latest = by_school["as_of"].max()
        only = {key: by_school[key].agg(_only) for key in ("programme", "semester")}
        rows = []
        for school_id in latest.index:
            stated = self.stated.get(school_id, StatedSchool(school_id))
            titles = self._cover_titles.get(school_id) or self._titles.get(school_id) or {school_id}
            row: dict[str, Any] = {"school_id": school_id, "title": stated.title or _fullest(titles), "expected": True}
            for key in ("municipality", "programme", "places", "semester"):
                said = self._said(school_id, key, log)
                row[key] = said if not _unsaid(said) else getattr(stated, key)
                if key in only and not row[key]:
                    row[key] = only[key][school_id]
            self._said(school_id, "as_of", log)
            row["as_of"] = latest[school_id]
            rows.append(row)
        frame = pd.DataFrame(rows, columns=list(SCHOOL_COLUMNS))
        frame["as_of"] = pd.to_datetime(frame["as_of"]).astype("datetime64[s]")
        frame["places"] = frame["places"].astype(float)
        return frame

    def _known(self) -> dict[str, str]:
        """School ids by everything that a stated school may be called."""
        return {
            school_slug(name).casefold(): each.school_id
            for each in self.stated.values()
            for name in (each.title, PurePosixPath(each.folder).stem, PurePosixPath(each.folder).name, each.school_id)
            if name
        }

    def _spread(self, key: str, said: Any, school_id: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        values = np.full(len(school_id), said, dtype=object)
        if _unsaid(said):
            for each in self.stated.values():
                values[school_id == each.school_id] = getattr(each, key)
        return values

    def _said(self, school_id: str, key: str, log: ProblemLog) -> Any:
        said = [fact[key] for fact in self._facts.get(school_id, []) if not _unsaid(fact[key])]
        said = list(dict.fromkeys(said))
        if len(said) > 1 and key not in ("as_of", "semester"):  # days and semesters of one school may differ
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
        return said[0] if said else None


def _completed(stated: StatedSchool, more: StatedSchool | None) -> StatedSchool:
    if more is None:
        return stated
    names = StatedSchool.__dataclass_fields__
    unsaid = {name: getattr(more, name) for name in names if _unsaid(getattr(stated, name))}
    return replace(stated, **unsaid)


def _only(values: pd.Series[Any]) -> str:
    """The value that all rows share; "" if they differ."""
    distinct = values.dropna().unique()
    return str(distinct[0]) if len(distinct) == 1 else ""


def _fullest(titles: Iterable[str]) -> str:
    """Of several spellings the one with most diacritics and capitals, as a person would write it with care."""
    return max(sorted(titles), key=lambda title: (len(title.encode()), sum(map(str.isupper, title))))


def _unsaid(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, str) and value == "")
        or (not isinstance(value, str) and bool(pd.isna(value)))
    )

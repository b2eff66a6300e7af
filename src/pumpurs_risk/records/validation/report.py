"""What was found while reading, gathered as arrays and said in the reader's language.

A problem is named by file, row, column and value. Its sentence is made once per distinct problem, so that a million bad
cells cost seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.locale import has_text, text
from pumpurs_risk.records.identity.personal_codes import hide_codes
from pumpurs_risk.records.validation.details import detail_in

Severity = Literal["set_aside", "notice"]
Action = Literal["cell_unknown", "row_rejected", "row_collapsed", "ignored", "table_rejected", "none"]
PROBLEM_COLUMNS = ("severity", "code", "school_id", "file", "sheet", "row", "column", "value", "detail", "action")
COUNT_COLUMNS = ("school_id", "file", "sheet", "table", "rows_in", "used", "not_used", "rejected")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = 5


@dataclass
class ProblemLog:
    """Gathers problems while files are read; each call adds any number of rows with one thing wrong.

    No personal code gets in: a sign stands in its place.

    Examples
    --------
    >>> log = ProblemLog()
    >>> log.add("out_of_range", file="9a.csv", column="Mark", rows=[4, 9], values=["11", "0"], detail="1–10")
    >>> log.frame()[["row", "value", "action"]].values.tolist()
    [[4, '11', 'cell_unknown'], [9, '0', 'cell_unknown']]
    """

    _blocks: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        code: str,
        *,
        file: str = "",
        sheet: str = "",
        school_id: Any = "",
        column: str = "",
        rows: Any = (0,),
        values: Any = "",
        detail: Any = "",
        severity: Severity = "set_aside",
        action: Action = "cell_unknown",
    ) -> None:
        """Add rows that share a problem.

        Parameters
        ----------
        code : str
            Key under ``problems`` in the locale files.
        file, sheet, column : str
            Where; the column as its heading is written.
        school_id, values, detail : str or sequence of str, shape (n,)
            One for all rows, or one per row.
        rows : sequence of int, shape (n,)
            Row numbers as a person sees them; 0 where it is about no row. Nothing is added for an empty sequence.
        severity : {"set_aside", "notice"}
            Whether something was left out that its owner wanted in.
        action : str
            What was done about it.
        """
        where = np.asarray(rows, dtype=np.int64)
        if len(where):
            column, values, detail = hide_codes(column), hide_codes(values), hide_codes(detail)
            self._blocks.append(
                {
                    "severity": severity,
                    "code": code,
                    "school_id": school_id,
                    "file": file,
                    "sheet": sheet,
                    "row": where,
                    "column": column,
                    "value": values,
                    "detail": detail,
                    "action": action,
                }
            )

    def take(self, other: ProblemLog, school_id: str) -> None:
        """Take over what another log gathered, for a school whose id it did not know."""
        self._blocks += [block | {"school_id": school_id} for block in other._blocks]

    def frame(self) -> pd.DataFrame:
        """All problems, ordered by file, sheet, row and column.

        Returns
        -------
        pandas.DataFrame
            The columns of ``PROBLEM_COLUMNS``; text, but ``row`` int64.
        """
        sizes = [len(block["row"]) for block in self._blocks]
        columns = {name: _stacked([block[name] for block in self._blocks], sizes) for name in PROBLEM_COLUMNS}
        columns["row"] = np.concatenate([np.zeros(0, np.int64), *(block["row"] for block in self._blocks)])
        frame = pd.DataFrame(columns)
        order = ["file", "sheet", "row", "column", "code", "value"]
        return frame.sort_values(order, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class ValidationReport:
    """Everything that was found in the files of one reading.

    Parameters
    ----------
    problems : pandas.DataFrame
        One row per problem: severity, code, school_id, file, sheet, row, column, value, detail, action.
    counts : pandas.DataFrame
        Per school, file, worksheet and table (``sheet`` for a factor sheet): rows_in = used + not_used + rejected.

    Examples
    --------
    >>> log = ProblemLog()
    >>> log.add("out_of_range", file="9a.csv", column="Mean mark", rows=[4], values=["11"], detail="1–10")
    >>> report = ValidationReport.of(log)
    >>> report.ok, report.messages("en")
    (False, ['9a.csv, row 4, column “Mean mark”: “11” is outside the limits (1–10); the value counts as unknown. Correct it.'])
    """

    problems: pd.DataFrame
    counts: pd.DataFrame

    @classmethod
    def of(cls, log: ProblemLog, counts: Iterable[tuple[Any, ...]] = ()) -> ValidationReport:
        """Close a log.

        Parameters
        ----------
        log : ProblemLog
            What was gathered.
        counts : iterable of tuples
            Rows of ``counts``, in the order of ``COUNT_COLUMNS``.

        Returns
        -------
        ValidationReport
        """
        return cls(log.frame(), pd.DataFrame(list(counts), columns=list(COUNT_COLUMNS)))

    @property
    def ok(self) -> bool:
        """Whether nothing was set aside (notices allowed)."""
        return not bool((self.problems["severity"] == "set_aside").any())

    def messages(self, lang: str = "lv", *, where: bool = True) -> list[str]:
        """Say every problem: where, what is wrong, what was done, how to mend it.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.
        where : bool
            Whether to begin with file, sheet, row and column; not needed beside columns that say so.

        Returns
        -------
        list of str
            Aligned with ``problems``.
        """
        return [str(message) for message in (_messages if where else _sentences)(self.problems, lang)]

    def rejected(self, lang: str = "lv") -> pd.DataFrame:
        """List all that was set aside, to be mended: rejected rows and tables, and cells that became unknown.

        Parameters
        ----------
        lang : {"lv", "en"}
            Language of the message.

        Returns
        -------
        pandas.DataFrame
            school_id, file, sheet, row, column, value, message. Ready for ``to_csv``: text that a spreadsheet would
            take for a formula begins with an apostrophe.
        """
        chosen = (self.problems["severity"] == "set_aside") | (self.problems["action"] == "row_rejected")
        part = self.problems.loc[chosen].reset_index(drop=True)
        listed = part[["school_id", "file", "sheet", "row", "column", "value"]].copy()
        for name in ("school_id", "file", "sheet", "column", "value"):
            risky = listed[name].astype(object).str.startswith(_FORMULA_STARTS)
            listed[name] = listed[name].where(~risky.astype(bool), "'" + listed[name].astype(object))
        listed["message"] = _sentences(part, lang)
        return listed

    def to_dict(self, lang: str = "lv") -> dict[str, Any]:
        """Give the report as plain data for a program.

        Parameters
        ----------
        lang : {"lv", "en"}
            Language of the messages.

        Returns
        -------
        dict
            ``ok``, ``counts`` and ``problems``, the latter with their ``message``; fits JSON.
        """
        problems = self.problems.assign(message=_messages(self.problems, lang))
        return {
            "ok": self.ok,
            "counts": _plain(self.counts),
            "problems": _plain(problems),
        }

    def summary(self, lang: str = "lv", most: int = _SHOWN) -> str:
        """Say the totals and the first problems, mistakes before notices.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.
        most : int
            How many problems to name.

        Returns
        -------
        str
            One line of totals, one per problem, and how many more there are.
        """
        aside = int((self.problems["severity"] == "set_aside").sum())
        rows, used = (int(self.counts[name].sum()) for name in ("rows_in", "used"))
        notices = len(self.problems) - aside
        lines = [text("problems.report.totals", lang, rows=rows, used=used, set_aside=aside, notices=notices)]
        first = self.problems.sort_values("severity", ascending=False, kind="stable").head(most)
        lines += [f"  {message}" for message in _messages(first, lang)]
        if len(self.problems) > most:
            lines.append("  " + text("problems.report.more", lang, n=len(self.problems) - most))
        return "\n".join(lines)

    def __str__(self) -> str:
        """The summary in English."""
        return self.summary("en")


def _stacked(blocks: list[Any], sizes: list[int]) -> np.ndarray[Any, Any]:
    stacked = np.empty(sum(sizes), dtype=object)
    end = 0
    for block, size in zip(blocks, sizes, strict=True):
        stacked[end : end + size] = block if isinstance(block, str) else np.asarray(block, dtype=object)
        end += size
    return stacked


def _messages(problems: pd.DataFrame, lang: str) -> np.ndarray[Any, Any]:
    """Where and what, each said once per distinct combination and joined over the rows."""
    if problems.empty:
        return np.empty(0, dtype=object)
    place, places = _distinct(problems, ["file", "sheet", "column", "code"])
    around = [_place(file, sheet, column, code, lang) for file, sheet, column, code in places.to_numpy().tolist()]
    before, after = zip(*around, strict=True)
    row_word = text("problems.where.row", lang, row="\0").split("\0")
    rows = problems["row"].to_numpy()
    words = rows.astype("U20").astype(object)
    middle = np.where(rows > 0, row_word[0] + words + row_word[1], "")
    ahead, behind = np.array(before, dtype=object)[place], np.array(after, dtype=object)[place]
    left = np.where((ahead != "") & (middle != ""), ahead + ", " + middle, ahead + middle)
    where = np.where((left != "") & (behind != ""), left + ", " + behind, left + behind)
    sentence = _sentences(problems, lang)
    joined: np.ndarray[Any, Any] = np.where(where != "", where + ": " + sentence, sentence)
    return joined


def _sentences(problems: pd.DataFrame, lang: str) -> np.ndarray[Any, Any]:
    """What is wrong, said once per distinct problem."""
    if problems.empty:
        return np.empty(0, dtype=object)
    what, said = _distinct(problems, ["code", "column", "value", "detail"])
    sentences = [
        _sentence(code, column, value, detail, lang) for code, column, value, detail in said.to_numpy().tolist()
    ]
    told: np.ndarray[Any, Any] = np.array(sentences, dtype=object)[what]
    return told


def _distinct(frame: pd.DataFrame, names: list[str]) -> tuple[np.ndarray[Any, Any], pd.DataFrame]:
    """Index of each row's combination, and the distinct combinations."""
    group = frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(group, return_index=True)
    return group, frame[names].iloc[first]


def _sentence(code: str, column: str, value: str, detail: str, lang: str) -> str:
    if code == "table_rejected":
        error = json.loads(detail)
        return text(f"errors.{error.pop('code')}", lang, **error)
    return text(_key(code), lang, column=column, value=_shown(value), detail=detail_in(code, detail, lang))


def _key(code: str) -> str:
    """Where the words of a code stand: this room's, the reader's notices, or another room's (``room.code``)."""
    if "." in code:
        return code.replace(".", ".problems.", 1)
    return f"problems.codes.{code}" if has_text(f"problems.codes.{code}", "en") else f"reading.notices.{code}"


def _place(file: str, sheet: str, column: str, code: str, lang: str) -> tuple[str, str]:
    """What stands before and behind the row; a notice of the reader names its column itself."""
    parts = [file, text("problems.where.sheet", lang, sheet=sheet) if sheet else ""]
    own = column and not _key(code).startswith("reading.")
    behind = text("problems.where.column", lang, column=column) if own else ""
    return ", ".join(part for part in parts if part), behind


def _shown(value: Any) -> str:
    """A cell as it may stand in a sentence: cut where it is very long, without line breaks; "" where it is no text."""
    flat = " ".join(value.split()) if isinstance(value, str) else ""
    return flat if len(flat) <= 60 else f"{flat[:59]}…"


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(map(str, frame.columns), row, strict=True)) for row in frame.astype(object).to_numpy().tolist()]

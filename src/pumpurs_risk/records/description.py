"""Describes what was handed in, table by table: from when to when, how many rows, what is missing, what was not used and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.locale import date_text, has_text, number, percent, text
from pumpurs_risk.records.uniting.accounting import SHEET_TABLE
from pumpurs_risk.records.uniting.overview import EVENT_DATES, NO_FACTS, opened, schools_of_pupils, taken

if TYPE_CHECKING:
    from pumpurs_risk.records.school_records import SchoolRecords

DESCRIPTION_COLUMNS = (
    "table",
    "school_id",
    "first",
    "last",
    "rows",
    "used",
    "not_used",
    "rejected",
    "share_missing",
    "without_recorded_on",
    "why",
)
_TOLD = ("table", "school_id", "first", "last", "stored", "share_missing", "without_recorded_on")
_SCHOOL = "_school"
_NUMBER_IN = {  # codes of one problem for many rows: where their number stands
    "uniting.pupil_not_on_roll": "detail",
    "uniting.pupil_shared": "detail",
    "uniting.rows_out_of_scope": "value",
    "uniting.file_copied": "value",
    "uniting.lazy_rows_without_key": "value",
    "rows_later_than_list": "value",
    "mapping.rows_left_out": "value",
    "tables.rows_without_mark": "detail",
    "tables.rows_that_say_nothing": "detail",
    "tables.row_marks_in_absences": "detail",
}
_ABOUT_ROWS = ("row_rejected", "row_collapsed")
_BARE = ("pupil_id", "school_id")  # never missing
_MOST = 8
_TOTALS = ("rows", "used", "not_used", "rejected")


def describe_data(records: SchoolRecords, lang: str = "lv") -> pd.DataFrame:
    """Describe the tables of some records.

    Parameters
    ----------
    records : SchoolRecords
        As read or made.
    lang : {"lv", "en"}
        Language of the reasons.

    Returns
    -------
    pandas.DataFrame
        One row per table and school (of lazy frames one per table, school_id ""): table, school_id, first and last day on
        which anything happened, rows handed in = used + not_used + rejected, share_missing (by column, of the typed rows),
        without_recorded_on (rows of the files that do not say when they were recorded), why (reasons with numbers of rows).

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.records import SchoolRecords
    >>> roll = pd.DataFrame({"pupil_id": ["007"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9]})
    >>> missed = pd.DataFrame({"pupil_id": ["007", "8"], "date": ["2026-10-05"] * 2, "status": ["n", "n"]})
    >>> told = describe_data(SchoolRecords.from_tables(pupils=roll, absences=missed), "en")
    >>> told.loc[told["table"] == "absences", ["school_id", "first", "rows", "used", "why"]].values.tolist()[1]
    ['a', datetime.date(2026, 10, 5), 1, 1, '']
    """
    said = [_of_table(name, native, records) for name, native in records.tables.items()]
    if len(records.sheet):
        sheet = pa.Table.from_pandas(records.sheet, preserve_index=False)
        said.append(_by_school(SHEET_TABLE, sheet, sheet["school_id"], "as_of"))
    said = [each for each in said if len(each)]
    told = pd.concat(said, ignore_index=True) if said else pd.DataFrame(columns=list(_TOLD))
    counts = records.report.counts
    totals = counts.groupby(["table", "school_id"], sort=False)[["rows_in", "used", "not_used", "rejected"]].sum()
    totals = totals.reset_index().rename(columns={"rows_in": "rows"})
    whole = told.merge(totals, on=["table", "school_id"], how="outer")
    stored = pd.to_numeric(whole["stored"]).astype(float)  # of records whose rows nobody counted
    for name in ("rows", "used"):
        whole[name] = whole[name].astype(float).where(whole[name].notna(), stored)
    whole = whole.reindex(columns=[*DESCRIPTION_COLUMNS])
    for at, (name, school_id) in enumerate(zip(whole["table"], whole["school_id"], strict=True)):
        if name in records.undated and name in EVENT_DATES and name not in NO_FACTS:  # counted before cells were parted
            whole.loc[at, "without_recorded_on"] = records.undated[name].get(school_id, 0)
    for name in ("rows", "used", "not_used", "rejected", "without_recorded_on"):
        whole[name] = whole[name].fillna(0).astype("int64")
    for name in ("first", "last"):
        whole[name] = whole[name].astype(object).where(whole[name].notna(), None)
    shares = [each if isinstance(each, Mapping) else {} for each in whole["share_missing"]]
    whole["share_missing"] = pd.Series(shares, index=whole.index, dtype=object)
    whole["why"] = _reasons(whole, records, lang)
    order = {name: place for place, name in enumerate((*records.tables, SHEET_TABLE))}
    whole["_place"] = whole["table"].map(order).fillna(len(order))
    whole = whole.sort_values(["_place", "table", "school_id"], kind="stable", ignore_index=True)
    return whole[list(DESCRIPTION_COLUMNS)]


def describe_text(records: SchoolRecords, lang: str = "lv") -> str:
    """Say the description as text: a few lines per table, over all schools.

    Parameters
    ----------
    records : SchoolRecords
        As read or made.
    lang : {"lv", "en"}
        The reader's language.

    Returns
    -------
    str
        Lines; each table begins with its name.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.records import SchoolRecords
    >>> roll = pd.DataFrame({"pupil_id": ["007"], "school_id": ["a"], "semester": ["2026/2027-1"], "level": [9]})
    >>> print(describe_text(SchoolRecords.from_tables(pupils=roll), "en").splitlines()[0])
    Pupils: rows: 1, used: 1, not used: 0, rejected: 0; schools: 1
    """
    told = describe_data(records, lang)
    titles, columns = _words(lang)
    lines: list[str] = []
    for name, part in told.groupby("table", sort=False):
        lines += _table_lines(str(name), part, titles, columns, records, lang)
    lines += [text("description.nothing", lang)] if not lines else []
    return "\n".join(lines)


def _of_table(name: str, native: Any, records: SchoolRecords) -> pd.DataFrame:
    import narwhals as nw

    frame = opened(native)
    if isinstance(frame, nw.LazyFrame):
        return _whole(name, frame)
    table = frame.to_arrow()
    if "school_id" in table.column_names:
        school = table["school_id"]
    else:
        people = schools_of_pupils(records.sheet, records.tables)
        ids = pa.array(people["pupil_id"].to_numpy(dtype=object), pa.string())
        schools = pa.array(people["school_id"].to_numpy(dtype=object), pa.string())
        school = schools.take(pc.index_in(table["pupil_id"].combine_chunks().cast(pa.string()), value_set=ids))
    return _by_school(name, table, school, EVENT_DATES.get(name, ""))


def _by_school(name: str, table: pa.Table, school: Any, day: str) -> pd.DataFrame:
    columns = [each for each in table.column_names if each not in _BARE]
    marked = table.append_column(_SCHOOL, pc.fill_null(school.cast(pa.string()), ""))
    asked: list[Any] = [([], "count_all"), *((each, "count") for each in columns)]
    if day in columns:
        asked += [(day, "min"), (day, "max")]
    found = marked.group_by(_SCHOOL, use_threads=False).aggregate(asked).to_pandas()
    return _described(name, found, columns, day, found[_SCHOOL].tolist())


def _whole(name: str, frame: Any) -> pd.DataFrame:
    import narwhals as nw

    columns = [each for each in frame.collect_schema().names() if each not in _BARE]
    day = EVENT_DATES.get(name, "")
    asked = [nw.len().alias("count_all"), *(nw.col(each).count().alias(f"{each}_count") for each in columns)]
    if day in columns:
        asked += [nw.col(day).min().alias(f"{day}_min"), nw.col(day).max().alias(f"{day}_max")]
    return _described(name, taken(frame.select(*asked)), columns, day, [""])


def _described(name: str, found: pd.DataFrame, columns: list[str], day: str, schools: list[str]) -> pd.DataFrame:
    rows = []
    dated = name in EVENT_DATES and name not in NO_FACTS
    for school_id, each in zip(schools, found.to_dict("records"), strict=True):
        size = int(each["count_all"])
        known = {column: int(each[f"{column}_count"]) for column in columns}
        rows.append(
            {
                "table": name,
                "school_id": school_id,
                "first": _date(each.get(f"{day}_min")),
                "last": _date(each.get(f"{day}_max")),
                "stored": size,
                "share_missing": {column: 1 - n / size for column, n in known.items()} if size else {},
                "without_recorded_on": size - known.get("recorded_on", 0) if dated else 0,
            }
        )
    return pd.DataFrame(rows, columns=list(_TOLD))


def _date(value: Any) -> dt.date | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()


def _reasons(whole: pd.DataFrame, records: SchoolRecords, lang: str) -> list[str]:
    """Per table and school why rows were not used: each reason with the number of rows."""
    problems = records.report.problems
    part = problems[problems["action"].isin(_ABOUT_ROWS) | problems["code"].isin(list(_NUMBER_IN))]
    n = pd.Series(1, index=part.index)
    for code, column in _NUMBER_IN.items():
        mine = part["code"] == code
        n[mine] = pd.to_numeric(part.loc[mine, column], errors="coerce").fillna(0).astype(int)
    places = records.report.counts[["file", "sheet", "table"]].drop_duplicates()
    named = part[["file", "sheet", "school_id", "code"]].assign(n=n).merge(places, on=["file", "sheet"], how="left")
    sums = named.groupby(["table", "school_id", "code"], sort=False)["n"].sum().reset_index()
    told: dict[tuple[str, str], dict[str, int]] = {}
    for table, school_id, code, count in sums.itertuples(index=False, name=None):
        reasons = told.setdefault((table, school_id), {})
        words = _reason(code, lang)
        reasons[words] = reasons.get(words, 0) + int(count)
    return [
        "; ".join(f"{words} ({count})" for words, count in told.get((table, school_id), {}).items())
        for table, school_id in zip(whole["table"], whole["school_id"], strict=True)
    ]


def _reason(code: str, lang: str) -> str:
    own = code.rpartition(".")[2]
    known = has_text(f"description.why.{own}", lang)
    key = own if known else "row_unusable" if code.startswith("tables.row_") else "other"
    return text(f"description.why.{key}", lang)


def _words(lang: str) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """What tables and their columns are called."""
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.contract import SheetContract
    from pumpurs_risk.records.tables.contract import table_contracts

    catalogue = Catalogue.load()
    contracts: dict[str, Any] = {SHEET_TABLE: SheetContract.load(catalogue), **table_contracts(catalogue)}
    titles = {name: each.titles[lang] for name, each in contracts.items() if name != SHEET_TABLE}
    columns = {
        (name, each.id): each.titles[lang] for name, found in contracts.items() for each in found.fields.values()
    }
    return titles | {SHEET_TABLE: text("description.sheet", lang)}, columns


def _table_lines(
    name: str,
    part: pd.DataFrame,
    titles: Mapping[str, str],
    columns: Mapping[tuple[str, str], str],
    records: SchoolRecords,
    lang: str,
) -> list[str]:
    total: dict[str, Any] = {key: number(int(part[key].sum()), lang) for key in _TOTALS}
    schools = part.loc[part["school_id"] != "", "school_id"].nunique() or len(records.school_ids)
    lines = [text("description.table", lang, title=titles.get(name, name), schools=schools, **total)]
    first, last = part["first"].dropna(), part["last"].dropna()
    if len(first):
        lines.append(
            text("description.dates", lang, first=date_text(first.min(), lang), last=date_text(last.max(), lang))
        )
    missing = _missing(part)
    shown = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
    said = [f"{columns.get((name, column), column)} {percent(share, lang)}" for column, share in shown[:_MOST]]
    if said:
        more = "…" if len(shown) > _MOST else ""
        lines.append(text("description.missing", lang, columns=", ".join([*said, *([more] if more else [])])))
    undated = int(part["without_recorded_on"].sum())
    if undated:
        lines.append(text("description.undated", lang, rows=number(undated, lang)))
    reasons = _added(part["why"])
    if reasons:
        lines.append(
            text("description.not_used", lang, why="; ".join(f"{words} ({n})" for words, n in reasons.items()))
        )
    return [lines[0], *(f"  {line}" for line in lines[1:])]


def _missing(part: pd.DataFrame) -> dict[str, float]:
    """Share missing per column over all schools, of the columns in which anything is."""
    sums: dict[str, float] = {}
    size = 0
    for shares, used in zip(part["share_missing"], part["used"], strict=True):
        size += used
        for column, share in shares.items():
            sums[column] = sums.get(column, 0.0) + share * used
    return {column: total / size for column, total in sums.items() if size and total > 0}


def _added(why: pd.Series[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for said in why:
        for each in filter(None, said.split("; ")):
            words, _, count = each.removesuffix(")").rpartition(" (")
            counts[words] = counts.get(words, 0) + int(count)
    return counts

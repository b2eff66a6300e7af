"""From a OneRoster bundle to tables: pupils, marks, semesters, schools. The standard's CSV files hold no attendance."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pumpurs_risk.records.oneroster.bundle import Bundle, open_bundle
from pumpurs_risk.records.raw_table import Notice, RawTable

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.oneroster.roster import Roster

_TEN_POINTS = 10.0


def read_oneroster(path: str | os.PathLike[str], catalogue: Catalogue) -> list[RawTable]:
    r"""Read a OneRoster 1.1 or 1.2 CSV bundle.

    Parameters
    ----------
    path : path
        The folder or ZIP file.
    catalogue : Catalogue
        Whose words for programmes and kinds of marks are known.

    Returns
    -------
    list of RawTable
        ``schools``, ``semesters``, ``pupils`` and, if the bundle has results, ``marks``, each with ``table`` set. Pupils have
        their names in columns of their own, which the key file splits off. The first table bears the notices: what was
        taken for what, whom and what was left out, and that attendance is not known.

    Raises
    ------
    RecordsError
        If it is damaged, too large, or lacks what the standard requires.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> folder = Path(tempfile.mkdtemp())
    >>> files = {
    ...     "manifest": "propertyName,value\noneroster.version,1.1",
    ...     "orgs": "sourcedId,name,type\no1,Kalvenes vidusskola,school",
    ...     "academicSessions": "sourcedId,title,type,startDate,endDate\ns1,Rudens,semester,2026-09-01,2026-12-18",
    ...     "users": "sourcedId,orgSourcedIds,role,givenName,familyName,grades\nu1,o1,student,Anna,Ozola,09",
    ... }
    >>> for name, text in files.items():
    ...     _ = (folder / f"{name}.csv").write_text(text)
    >>> [(table.table, len(table.rows)) for table in read_oneroster(folder, Catalogue.load())]
    [('schools', 1), ('semesters', 1), ('pupils', 1)]
    """
    from pumpurs_risk.records.oneroster.roster import read_roster
    from pumpurs_risk.records.tables.contract import table_contracts

    bundle = open_bundle(path)
    marks = table_contracts(catalogue)["marks"]
    roster = read_roster(bundle, marks.words.get("programmes", {}))
    notices = [Notice("oneroster.read", value=bundle.version), Notice("oneroster.no_attendance"), *bundle.notices]
    notices += roster.notices
    tables = [
        _raw(bundle, "schools", "orgs", roster.schools),
        _raw(bundle, "semesters", "academicSessions", roster.semesters),
        _raw(bundle, "pupils", "users", roster.pupils),
    ]
    if {"results", "lineItems", "classes"} <= bundle.tables.keys():
        found, said = read_marks(bundle, roster, marks.fields["kind"])
        tables.append(_raw(bundle, "marks", "results", found))
        notices += said
    else:
        notices.append(Notice("oneroster.no_results"))
    return [replace(tables[0], notices=tuple(notices)), *tables[1:]]


def read_marks(bundle: Bundle, roster: Roster, kinds: Any) -> tuple[pd.DataFrame, list[Notice]]:
    """Results as marks: points where the line item's scale ends at 10, else percent of its scale.

    Parameters
    ----------
    bundle : Bundle
        With results, lineItems and classes.
    roster : Roster
        Its pupils; results of others are left out and counted.
    kinds : Field
        The kinds of marks, with the words for them: a category or line item that is called "Semestra vērtējums" is one.

    Returns
    -------
    marks : pandas.DataFrame
        Columns of the event table, and ``row``.
    notices : list of Notice
        How many results were taken as what.
    """
    import numpy as np
    import pandas as pd

    from pumpurs_risk.records.cell_texts import cell_texts
    from pumpurs_risk.records.oneroster.roster import column_or_empty
    from pumpurs_risk.records.tables.codes import CodeWords

    results = bundle.tables["results"]
    mine = results["studentSourcedId"].isin(roster.pupils["pupil_id"])
    foreign = int((~mine).sum())
    items = bundle.tables["lineItems"].drop_duplicates("sourcedId").set_index("sourcedId")
    kept = results[mine & results["lineItemSourcedId"].isin(items.index)].reset_index(drop=True)
    item = items.reindex(kept["lineItemSourcedId"]).reset_index(drop=True)

    low, high, score = (
        pd.to_numeric(column_or_empty(frame, heading).str.replace(",", "."), errors="coerce")
        for frame, heading in ((item, "resultValueMin"), (item, "resultValueMax"), (kept, "score"))
    )
    low = low.fillna(0.0)
    points = (high == _TEN_POINTS) & low.isin([0.0, 1.0]) & score.notna()
    percent = high.notna() & (high > low) & score.notna() & ~points
    share = (100 * (score - low) / (high - low).where(percent)).round(6)
    as_percent = pd.Series(cell_texts(share.to_numpy()).to_pylist(), dtype=object) + "%"
    as_points = pd.Series(cell_texts(score.to_numpy()).to_pylist(), dtype=object)
    mark = as_points.where(points, as_percent.where(percent))
    written = column_or_empty(kept, "textScore")
    mark = mark.where(mark.notna(), written.where(written != ""))
    exempt = column_or_empty(kept, "scoreStatus").str.lower() == "exempt"
    mark = mark.where(~exempt, "a")
    unscaled = score.notna() & mark.isna()
    empty = mark.isna() & ~unscaled

    words = CodeWords(kinds)
    titles = bundle.tables.get("categories", pd.DataFrame({"sourcedId": [], "title": []}))
    category = column_or_empty(item, "categorySourcedId").map(
        dict(zip(titles["sourcedId"], titles["title"], strict=True))
    )
    kind = _coded(category.fillna(""), words)
    kind = kind.where(kind.notna(), _coded(item["title"].fillna(""), words)).fillna("daily")
    session = column_or_empty(item, "gradingPeriodSourcedId")
    other = column_or_empty(item, "academicSessionSourcedId")
    semester = session.where(session != "", other).map(roster.semester_of_session).replace("", None)
    day = column_or_empty(kept, "scoreDate")
    for heading in ("dueDate", "assignDate"):
        day = day.where(day != "", column_or_empty(item, heading))
    marks = pd.DataFrame(
        {
            "pupil_id": kept["studentSourcedId"],
            "school_id": item["classSourcedId"].map(roster.school_of_class),
            "subject": item["classSourcedId"].map(_subjects(bundle)),
            "date": day.str[:10].replace("", None),
            "kind": kind,
            "semester": semester.where(kind.isin(["semester", "year"])),
            "mark": mark,
            "record_id": column_or_empty(kept, "sourcedId").replace("", None),
            "row": kept["row"],
        }
    )
    counts = {
        "oneroster.points": int((points & ~exempt).sum()),
        "oneroster.percent": int((percent & ~exempt).sum()),
        "oneroster.no_scale": int(unscaled.sum()),
        "oneroster.not_graded": int(empty.sum()),
        "oneroster.results_of_others": foreign + int(mine.sum()) - len(kept),
    }
    said = [Notice(code, value=str(count)) for code, count in counts.items() if count]
    usable = np.asarray(mark.notna())
    return marks[usable].reset_index(drop=True), said


def _coded(written: pd.Series[Any], words: Any) -> pd.Series[Any]:
    return written.map({text: words.code(text) if text else None for text in written.unique()}).astype(object)


def _subjects(bundle: Bundle) -> dict[str, str]:
    """Subject of each class: the one that class or course names, else the course's title, else the class's."""
    from pumpurs_risk.records.oneroster.roster import column_or_empty, listed

    classes = bundle.tables["classes"]
    courses = bundle.tables.get("courses")
    named: dict[str, str] = {}
    if courses is not None:
        for each, title, said in zip(
            courses["sourcedId"], courses["title"], column_or_empty(courses, "subjects"), strict=True
        ):
            named[each] = (listed(said) or [title])[0] if len(listed(said)) <= 1 else title
    found: dict[str, str] = {}
    columns = (classes["sourcedId"], classes["title"], column_or_empty(classes, "subjects"), classes["courseSourcedId"])
    for each, title, said, course in zip(*columns, strict=True):
        own = listed(said)
        found[each] = own[0] if len(own) == 1 else named.get(course) or title
    return found


def _raw(bundle: Bundle, table: str, source: str, frame: pd.DataFrame) -> RawTable:
    import numpy as np
    import pyarrow as pa

    columns: dict[str, pa.Array[Any]] = {}
    for heading in map(str, frame.columns.drop("row")):
        kind = pa.float64() if heading == "level" else pa.string()
        columns[heading] = pa.array(frame[heading], kind, from_pandas=True)
    rows = np.asarray(frame["row"], dtype=np.int64)
    file = f"{bundle.file}/{source}.csv"
    return RawTable(file, "", "", columns, rows, sha256=bundle.sha256.get(source, ""), table=table)

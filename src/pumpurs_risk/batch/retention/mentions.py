"""Looks whether a file speaks of a pupil: in its bytes, in the parts of a zipped file, in a table's cells."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from pumpurs_risk.batch.folder import distinct_names
from pumpurs_risk.batch.retention.traces import Traces, stands_in
from pumpurs_risk.errors import PumpursError

_READ = 1 << 28
"""Bytes of one file that are looked through."""
_ZIPPED = (".xlsx", ".xlsm", ".docx", ".ods", ".zip")


def is_own_page(path: Path, pupil: Traces) -> bool:
    """Whether a page is the pupil's or the family's own."""
    if not path.parent.name.startswith("family_") or not is_of_their_school(path, pupil):
        return False
    called = {f"{group}_{own}" if group else own for group in (*pupil.classes, "") for own in pupil.shown}
    if path.stem in {plain for words in called for plain in distinct_names({"": words}).values()}:
        return True
    return holds(path, path.suffix.lower(), pupil.sure)


def is_of_their_school(path: Path, pupil: Traces) -> bool:
    """Whether a paper below ``schools/ID/AUDIENCE`` is of a school in which the pupil was seen."""
    school = next((folder for folder in path.parents if folder.parent.name == "schools"), None)
    if school is None or path.parent == school:
        return False
    try:
        stated = json.loads((school / "summary.json").read_text(encoding="utf-8"))["school_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return school.name in distinct_names({each: each for each in sorted(pupil.schools)}).values()
    return stated in pupil.schools


def plan_in_document(path: Path, plans: Iterable[str]) -> str:
    """Which of these plans a Word document is; "" for every other document, even one that names the pupil."""
    from pumpurs_risk.reports.docx_reading import read_plan_docx

    known = {*plans}
    if not holds(path, ".docx", known):
        return ""
    try:
        plan = read_plan_docx(path).plan_id
    except PumpursError:
        return ""
    return plan if plan in known else ""


def holds(path: Path, kind: str, telling: Iterable[str]) -> bool:
    """Whether one of the texts stands in a file, in a part of a zipped file, or in a table's cells."""
    needles = [form for words in telling for form in _forms(words)]
    if not needles:
        return False
    if kind == ".parquet":
        return _table_holds(path, telling)
    try:
        if kind in _ZIPPED and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                parts = [archive.read(m) for m in archive.infolist() if m.file_size < _READ]
            # Word cuts a name into pieces wherever somebody typed, so it is looked for without the marks too
            parts += [re.sub(rb"<[^>]*>", b"", part) for part in parts if kind == ".docx"]
        else:
            with path.open("rb") as handle:
                parts = [handle.read(_READ)]
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return False
    said = [part.decode("utf-8", "replace") for part in parts]
    return any(stands_in(needle, each) for each in said for needle in needles)


def _table_holds(path: Path, telling: Iterable[str]) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                for column in batch.columns:
                    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                        distinct = pc.unique(column).drop_null().to_pylist()
                        if any(stands_in(words, said) for said in distinct for words in telling):
                            return True
    except (pa.ArrowException, OSError):
        return False
    return False


def _forms(words: str) -> set[str]:
    """Ways in which a text stands in XML, HTML and JSON."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = escaped.replace('"', "&quot;").replace("'", "&#x27;")
    return {words, escaped, quoted, quoted.replace("&#x27;", "&#39;"), json.dumps(words)[1:-1]}

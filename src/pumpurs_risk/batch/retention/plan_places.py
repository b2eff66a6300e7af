"""Finds files that may be a pupil's plan but cannot be looked into: as long as one lies there, nobody is erased half."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pumpurs_risk.batch.folder import distinct_names
from pumpurs_risk.batch.plan_files import FOLDER
from pumpurs_risk.batch.retention.find import OTHER_WORKBOOKS, WORKBOOKS, Holdings
from pumpurs_risk.batch.retention.traces import Traces, folded, stands_in
from pumpurs_risk.errors import PumpursError

_PLANS = (".docx", ".json")


def unreadable_plans(holdings: Holdings, pupil: Traces) -> Iterator[tuple[Path, str]]:
    """Give the damaged or locked files outside of runs that may be about a pupil.

    Parameters
    ----------
    holdings : Holdings
        Where to look.
    pupil : Traces
        Whom to look for.

    Yields
    ------
    (Path, str)
        A document or JSON that lies among the plans (under whatever name: a renamed copy may be anybody's), or any plan or
        workbook whose name holds the pupil's id, name or plan; and its ending, for the message.
    """
    called = {*pupil.telling, *(f"{group}_{own}" for group in pupil.classes for own in pupil.shown)}
    called = {folded(plain) for words in called for plain in (words, *distinct_names({"": words}).values())}
    for path in holdings.files:
        kind = path.suffix.lower()
        among = kind in _PLANS and FOLDER in (holdings.folder.resolve().name, *path.relative_to(holdings.folder).parts)
        named = kind in (*_PLANS, *WORKBOOKS, *OTHER_WORKBOOKS) and any(
            stands_in(words, folded(path.stem)) for words in called
        )
        if (among or named) and not _can_be_read(path):
            yield path, kind.removeprefix(".")


def _can_be_read(path: Path) -> bool:
    """Whether what stands in a file can be seen; a document that is no plan of ours can."""
    from pumpurs_risk.records.workbook.reader import read_workbook
    from pumpurs_risk.reports.docx_reading import read_plan_docx

    kind = path.suffix.lower()
    try:
        if kind == ".docx":
            read_plan_docx(path)
        elif kind == ".json":
            msgspec.json.decode(path.read_bytes())
        else:
            read_workbook(path)
    except PumpursError as error:
        return error.code == "plan_not_ours"
    except (msgspec.DecodeError, RecursionError, OSError):
        return False
    return True

"""`read_records`: from files and folders to `SchoolRecords`."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.school_records import SchoolRecords
from pumpurs_risk.records.uniting.gathering import Gathering
from pumpurs_risk.records.uniting.schools import StatedSchool
from pumpurs_risk.records.uniting.sorting import contracts_of

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.identity.key_file import KeyFile
    from pumpurs_risk.records.mapping.mapping import Mapping
    from pumpurs_risk.records.raw_table import RawTable
    from pumpurs_risk.records.reading.discovery import Unreadable


def read_records(
    path: str | os.PathLike[str],
    mapping: Mapping | str | os.PathLike[str] | None = None,
    *,
    key: KeyFile | str | os.PathLike[str] | None = None,
    id_scope: str | None = None,
    lang: str = "lv",
    encoding: str | None = None,
    catalogue: Catalogue | None = None,
    as_of: dt.date | str | None = None,
    semester: str | None = None,
    schools: Lookup[str, Lookup[str, Any]] | None = None,
    lower_grades: bool = False,
) -> SchoolRecords:
    """Read a file or a folder: sheets and event tables, several files of one school, a sub-folder per school.

    Which table a file or worksheet is, its name and headings tell; all that are of one kind are put together. Nothing is
    written.

    Parameters
    ----------
    path : path
        XLSX, XLS, ODS, CSV or Parquet, or a folder of them; a OneRoster bundle, as a folder or ZIP file.
    mapping : Mapping or path, optional
        Turns another system's export into the sheet, or into event tables.
    key : KeyFile or path, optional
        Where names and personal codes lead to ids; by default ``pumpurs.key.json`` beside the data. Written by
        ``keep_names`` only.
    id_scope : {"school", "municipality"}, optional
        Within what ids are unique: school by default where any sheet is read (the pupil_id then is ``school_id:id``, and
        an event table needs a school by its folder, a column or because there is but one), municipality where there are
        event tables alone.
    lang : {"lv", "en"}
        Language of reasons and of headings in messages.
    encoding : str, optional
        Of text files.
    catalogue : Catalogue, optional
        With own factors.
    as_of : date or ISO text, optional
        The list's day: rows that do not say theirs, and have no cover that does, speak of it; later ones are not used.
    semester : str, optional
        Semester that the counts cover, where neither rows nor a cover say so.
    schools : mapping of str to mapping, optional
        By school id: title, folder (sub-folder or file of its tables), programme, places, semester, mapping, lessons_held.
        What a cover says is stronger.
    lower_grades : bool
        Whether the levels that are looked at on request only (grades 1 to 4) are in scope.

    Returns
    -------
    SchoolRecords
        With everything that was found wrong in ``report``.

    Raises
    ------
    RecordsError, MappingError
        If nothing can be read at all, or nothing says who the pupils are; one unusable file among several is named in the
        report instead.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame = pd.DataFrame({"pupil_id": ["007"], "class_id": ["9.a"], "mean_mark": [6.5]})
    ...     frame.to_csv(f"{folder}/9a.csv", index=False)
    ...     records = read_records(folder, as_of="2027-01-15")
    >>> records.sheet[["class_id", "level", "mean_mark"]].values.tolist()
    [['9.a', 9.0, 6.5]]
    """
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.identity.key_file import KEY_FILE_NAME

    path = Path(path)
    catalogue = catalogue or Catalogue.load()
    contract, _ = contracts_of(catalogue)
    stated = {name: StatedSchool.of(name, facts) for name, facts in (schools or {}).items()}

    def loaded(given: Any) -> Mapping | None:
        from pumpurs_risk.records.mapping.mapping import Mapping

        return given if given is None or isinstance(given, Mapping) else Mapping.load(Path(given), contract=contract)

    whole = loaded(mapping)
    own = {name: found for name, school in stated.items() if (found := loaded(school.mapping)) is not None}
    folder = path if path.is_dir() else path.parent
    gathering = Gathering(
        catalogue,
        stated,
        as_of,
        semester or "",
        id_scope,
        key if key is not None else folder / KEY_FILE_NAME,
        lang,
        lower_grades,
        whole,
        own,
        path.resolve().name if path.is_dir() else "",
    )
    return SchoolRecords(**gathering.gather(_raw_tables(path, catalogue, encoding, whole, own)))


def _raw_tables(
    path: Path,
    catalogue: Catalogue,
    encoding: str | None,
    whole: Mapping | None,
    own: Lookup[str, Mapping],
) -> Sequence[RawTable | Unreadable]:
    """Every table that lies there, as it is written."""
    from pumpurs_risk.records.oneroster import is_oneroster, read_oneroster
    from pumpurs_risk.records.reading.discovery import read_raw
    from pumpurs_risk.records.tables.recognise import which_table

    if is_oneroster(path):
        return read_oneroster(path, catalogue)
    contract, event_tables = contracts_of(catalogue)
    maps = [each for each in (whole, *own.values()) if each is not None]

    def known(heading: str) -> bool:
        ours = any(each.recognise(heading) is not None for each in (contract, *event_tables.values()))
        return ours or any(each.asks_for(heading) for each in maps)

    def counts_if_empty(raw: RawTable) -> bool:
        return which_table(raw, event_tables) is not None

    encoding = encoding or next((each.reading.encoding for each in maps if each.reading.encoding), None)
    sheets = (whole.reading.sheets if whole is not None and not own else ()) or None
    try:
        return read_raw(path, encoding=encoding, heading_known=known, sheets=sheets, empty_counts=counts_if_empty)
    except RecordsError as error:
        if error.code != "heading_row_missing" or not maps:
            raise
        # With no heading known, the mapping says which of its lines finds none.
        return read_raw(path, encoding=encoding, sheets=sheets)

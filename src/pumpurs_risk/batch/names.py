"""Names at the last moment: joined to papers while they are written, never kept with a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pumpurs_risk.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.batch.manifest import Manifest
    from pumpurs_risk.records.school_records import SchoolRecords


def names_table(key_path: str | Path, manifest: Manifest | None = None) -> pd.DataFrame:
    """Read the names of a key file.

    Parameters
    ----------
    key_path : path
        The key file.
    manifest : Manifest, optional
        Of the run that the names are for; the key must be the one that made its ids.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``school_id``, ``name``, ``birth``, ``own_id``; one row per pupil, as a `PaperMaker` takes it.

    Raises
    ------
    RecordsError
        If the file is missing, damaged, of a newer version or lies in a run.
    RunError
        If the run was made with another key, or with none.

    Examples
    --------
    >>> import tempfile
    >>> from pumpurs_risk.records.identity.key_file import KeyFile
    >>> key = KeyFile.create(Path(tempfile.mkdtemp(), "pumpurs.key.json"))
    >>> key.remember_names(["mezs:7"], "mezs", ["Anna Kalniņa"])
    >>> key.save()
    >>> names_table(key.path)["name"].tolist()
    ['Anna Kalniņa']
    """
    from pumpurs_risk.records.identity.key_file import KeyFile

    key = KeyFile.open(key_path)
    if manifest is not None and not manifest.key_fingerprint:
        raise RunError("key_not_used", path=str(key_path))
    if manifest is not None and manifest.key_fingerprint != key.fingerprint:
        raise RunError("key_wrong", path=str(key_path), found=key.fingerprint, needed=manifest.key_fingerprint)
    return key.names


def names_from(key_path: str | Path, manifest: Manifest | None = None) -> dict[str, str]:
    """Give what people know each pupil by: the name, or the school's own id where no name is known.

    Parameters
    ----------
    key_path, manifest
        As in `names_table`.

    Returns
    -------
    dict of str to str
        By pupil id; pupils with neither are not in it.
    """
    names = names_table(key_path, manifest)
    known = names["name"].where(names["name"].ne(""), names["own_id"])
    return {pupil: name for pupil, name in zip(names["pupil_id"], known, strict=True) if name}


def refuse_inside_run(out: str | Path) -> Path:
    """Refuse a place inside a run for papers with names: a run is handed on, names are not.

    Parameters
    ----------
    out : path
        Folder or file that shall hold names.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    RunError
        If it is a run, finished or not, or lies in one.
    """
    target = Path(out).resolve()
    for folder in (target, *target.parents):
        if folder.name.endswith(".partial") or (folder / "run.json").exists():
            raise RunError("names_inside_run", path=str(out))
    return Path(out)


def without_names(names: pd.DataFrame) -> pd.DataFrame:
    """Leave only the schools' own ids, for papers on which no name shall stand.

    Parameters
    ----------
    names : pandas.DataFrame
        ``pupil_id``, ``school_id``, ``name``, ``own_id`` and perhaps more, as `SchoolRecords.names`.

    Returns
    -------
    pandas.DataFrame
        The same rows; names (and births) are empty.

    Examples
    --------
    >>> import pandas as pd
    >>> known = pd.DataFrame({"pupil_id": ["mezs:7"], "school_id": ["mezs"], "name": ["Anna"], "own_id": ["7"]})
    >>> without_names(known)[["name", "own_id"]].values.tolist()
    [['', '7']]
    """
    return names.assign(**{column: "" for column in ("name", "birth") if column in names})


def known_names(records: SchoolRecords) -> pd.DataFrame:
    """Give the names of those handed in now, and of those whom the key file knows from before.

    Parameters
    ----------
    records : SchoolRecords
        As read.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``school_id``, ``name``, ``own_id``; one row per pupil.
    """
    import pandas as pd

    if records.key is None:
        return records.names
    before = records.key.names[list(records.names.columns)]
    return pd.concat([records.names, before], ignore_index=True).drop_duplicates("pupil_id")

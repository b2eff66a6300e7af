"""Writes a run's folder, and reads its frames back."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pumpurs_risk import __version__
from pumpurs_risk.batch.folder import folder_names, new_folder
from pumpurs_risk.batch.frames import FRAMES, LATER, empty
from pumpurs_risk.batch.further import PAGES_UP_TO
from pumpurs_risk.batch.inventory import data_inventory
from pumpurs_risk.batch.known_when import known_when_notes
from pumpurs_risk.batch.manifest import SCHEMA_VERSION, InputFile, Manifest, ModelUsed, write_manifest
from pumpurs_risk.batch.names import known_names, without_names
from pumpurs_risk.batch.papers import PaperMaker, expiry
from pumpurs_risk.batch.run import Run, RunSettings, school_counts
from pumpurs_risk.errors import RunError
from pumpurs_risk.explanation.reasons import reasons as reasons_of
from pumpurs_risk.locale import text
from pumpurs_risk.model import PeerReference
from pumpurs_risk.model.store import digest_of
from pumpurs_risk.reports import SchoolPaper, write_support_staff_workbook

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.flags import FlagPolicy

ROWS_AT_ONCE = 65_536
"""Rows per Parquet row group, and pupils explained at a time: memory does not grow with the sentences."""
AUDIENCE = "support_staff"


def write_run(
    run: Run,
    out: Path,
    policy: FlagPolicy,
    settings: RunSettings,
    catalogue: Catalogue,
    *,
    top: int,
    previous: Sequence[str | Path],
    progress: Callable[[str, float], None],
    pages: bool = True,
    names: bool = True,
) -> Run:
    """Write the folder of a run that was scored in memory; it appears whole or not at all.

    Parameters
    ----------
    run : Run
        Scored, with its records.
    out : Path
        The folder to be.
    policy, settings, catalogue
        As in `pumpurs_risk.batch.scoring.score`.
    top : int
        Risk reasons per pupil in ``reasons.parquet``.
    previous : sequence of paths
        Earlier runs, named in run.json.
    progress : callable
        Told each step.
    pages : bool
        Whether there are pages for a browser beside the workbooks.
    names : bool
        Whether names stand on the schools' own papers.

    Returns
    -------
    Run
        With ``path`` and ``manifest``.

    Raises
    ------
    RunError
        If the folder exists or cannot be written; nothing is left behind.
    """
    records = run.records
    assert records is not None
    with new_folder(out) as folder:
        data = folder / "data"
        data.mkdir()
        run.model.save(data / "model.json")
        (data / "peers.json").write_text(json.dumps(run.peers.to_dict(), allow_nan=False) + "\n", encoding="utf-8")
        for name in FRAMES:
            if name != "reasons":
                _write_parquet(getattr(run, name), data / f"{name}.parquet")
        _write_reasons(run, catalogue, top, data / "reasons.parquet", progress)
        progress("papers", 0.8)
        counts = school_counts(run, catalogue)
        by_id = {count.school_id: count for count in counts}
        called = folder_names(by_id)
        folders = {school: folder / "schools" / name for school, name in called.items()}
        shown = known_names(records) if names else without_names(records.names)
        papers = PaperMaker(run, policy, settings, catalogue, out.name, names=shown)
        for paper in papers.papers():
            school = folders[paper.school_id]
            place = school / AUDIENCE
            place.mkdir(parents=True, exist_ok=True)
            write_support_staff_workbook(place / workbook_name(paper, school.name), paper)
            (school / "summary.json").write_bytes(
                msgspec.json.format(msgspec.json.encode(by_id[paper.school_id])) + b"\n"
            )
            _write_rejected(run, paper.school_id, school / "rejected.csv")
        if pages and len(run.factors) <= PAGES_UP_TO:
            from pumpurs_risk.batch.municipality import write_municipality
            from pumpurs_risk.batch.reporting import write_audiences

            progress("pages", 0.9)
            write_audiences(papers, folders)
            write_municipality(folder, counts, papers)
        manifest = _manifest(
            run, policy, settings, catalogue, counts, digest_of((data / "model.json").read_bytes()), previous
        )
        write_manifest(manifest, folder / "run.json")
        records.keep_names()
    return replace(run, path=out, manifest=manifest)


def read_run_frames(folder: Path) -> tuple[dict[str, pd.DataFrame], PeerReference]:
    """Read the frames and the peers of a finished run.

    Raises
    ------
    RunError
        If a file is missing or damaged.
    """
    data = folder / "data"
    try:
        frames = {
            name: empty(name) if name in LATER and not (data / f"{name}.parquet").exists()
            else _read_parquet(data / f"{name}.parquet")
            for name in FRAMES
        }  # fmt: skip
        peers = PeerReference.from_dict(json.loads((data / "peers.json").read_text(encoding="utf-8")))
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise RunError("run_damaged", path=str(folder), detail=str(error)) from None
    return frames, peers


def workbook_name(paper: SchoolPaper, folder: str) -> str:
    """Name of a school's workbook: it says what it is, whose and of which day, because such files get mailed around."""
    return f"{text('cli.list_file', paper.lang)}_{folder}_{paper.as_of.isoformat()}.xlsx"


def _write_reasons(
    run: Run, catalogue: Catalogue, top: int, path: Path, progress: Callable[[str, float], None]
) -> None:
    """Explain everyone, a part at a time, straight into the file."""
    writer: pq.ParquetWriter | None = None
    n = len(run.factors)
    try:
        for start in range(0, n, ROWS_AT_ONCE):
            part = run.factors.iloc[start : start + ROWS_AT_ONCE]
            told = reasons_of(
                run.model, part, run.lang, top, reference=run.peers, catalogue=catalogue, evidence=run.evidence
            )
            table = _reasons_table(told)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table, row_group_size=ROWS_AT_ONCE)
            progress("reasons", 0.6 + 0.2 * min(1.0, (start + ROWS_AT_ONCE) / n))
    finally:
        if writer is not None:
            writer.close()


def _reasons_table(told: pd.DataFrame) -> pa.Table:
    """Reasons as Arrow, params as JSON text; each distinct params object is written once."""
    params = told["params"].to_numpy()
    identity = np.frompyfunc(id, 1, 1)(params).astype(np.int64)
    _, first, codes = np.unique(identity, return_index=True, return_inverse=True)
    words = pa.array([json.dumps(value, ensure_ascii=False) for value in params[first]], pa.string())
    table = pa.Table.from_pandas(told.drop(columns="params"), preserve_index=False)
    column = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words).cast(pa.string())
    return table.append_column("params", column)


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=ROWS_AT_ONCE)


def _read_parquet(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    for name in frame.columns[[len(frame) > 0 and isinstance(frame[c].iloc[0], np.ndarray) for c in frame]]:
        frame[name] = [tuple(words) for words in frame[name]]  # lists come back as arrays
    if "params" in frame:
        words = {value: json.loads(value) for value in frame["params"].unique()}
        frame["params"] = [words[value] for value in frame["params"]]
    return frame


def _write_rejected(run: Run, school_id: str, path: Path) -> None:
    """What was set aside, for the person who mends it."""
    assert run.records is not None
    rejected = run.records.report.rejected(run.lang)
    mine = rejected[rejected["school_id"] == school_id].drop(columns="school_id")
    if not len(mine):
        return
    written = io.StringIO(newline="")
    rows = csv.writer(written, delimiter=";")
    rows.writerow([text(f"cli.rejected.{name}", run.lang) for name in mine.columns])
    rows.writerows(mine.itertuples(index=False))
    path.write_text(written.getvalue(), encoding="utf-8-sig", newline="")


def _manifest(
    run: Run,
    policy: FlagPolicy,
    settings: RunSettings,
    catalogue: Catalogue,
    counts: tuple[Any, ...],
    digest: str,
    previous: Sequence[str | Path],
) -> Manifest:
    records = run.records
    assert records is not None
    digests = {(item["file"], item["sheet"]): item["sha256"] for item in records.inventory}
    expires = expiry(catalogue, run.as_of)
    keep_until = settings.keep_until or expires + dt.timedelta(days=365)
    purpose = settings.purpose or text("cli.purpose", run.lang)
    report = records.report
    received = (settings.received(run.lang),) if settings.not_received else ()
    warnings = (*received, *settings.notes, *known_when_notes(records, run.as_of, catalogue, run.lang))
    return Manifest(
        schema_version=SCHEMA_VERSION,
        tool=f"pumpurs-risk {__version__}",
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        as_of=run.as_of,
        semester=catalogue.calendar.semester_of(run.as_of) or "",
        expires=expires,
        keep_until=keep_until,
        municipality=settings.municipality,
        purpose=purpose,
        intended_uses=run.model.provenance.intended_uses,
        forbidden_uses=run.model.provenance.forbidden_uses,
        lang=run.lang,
        settings={
            "threshold": policy.threshold,
            "cut_by": policy.cut_by_for(run.model),
            "places": policy.places if isinstance(policy.places, int) else dict(policy.places or {}),
            "sure": policy.sure,
            **settings.extra,
        },
        model=ModelUsed(
            name=run.model.name,
            digest=digest,
            has_local_outcomes=run.model.has_local_outcomes,
            national_mean=run.model.national_mean,
            two_year_risk="1-(1-p)^2" if run.model.two_years is None else "the model's own two-year curves",
            notes=run.model.provenance.notes,
        ),
        inputs=tuple(
            InputFile(
                **{str(name): cell for name, cell in row.items()}, sha256=digests.get((row["file"], row["sheet"]), "")
            )
            for row in report.counts.to_dict("records")
        ),
        schools=counts,
        not_received=settings.not_received,
        key_fingerprint=records.key_fingerprint,
        previous=tuple(Path(p).name for p in previous),
        not_understood=len(run.not_understood),
        problems={str(code): int(n) for code, n in report.problems["code"].value_counts().sort_index().items()},
        warnings=warnings,
        data_inventory=data_inventory(
            {name: getattr(run, name) for name in FRAMES},
            catalogue,
            purpose=purpose,
            keep_until=keep_until,
            lang=run.lang,
        ),
    )

"""What the factor table costs beside hand-written SQL for the same numbers, on made journals of 300,000 pupils.

    python benchmarks/events.py                      # 15 M absences, 6 M marks; some minutes
    python benchmarks/events.py --pupils 20000       # smaller
    python benchmarks/events.py --command-line       # 1 M absences as CSV -> pumpurs-risk score

``made_events.py`` makes the tables as Parquet, ``events.sql`` is the hand-written way. Both write the whole factor table of
15 January 2026, each time in a fresh process, in turn within each round; a ratio is that of one round. Nothing is asserted
about time; that the numbers are the same is (to 1e-9), and the greatest difference is printed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import made_events

HERE = Path(__file__).resolve().parent
TABLES = ("pupils", "absences", "marks", "assessments", "incidents", "outcomes")
TOLERANCE = 1e-9
LIMIT = "300MB"
BY_HAND = (
    "absence_share", "unexcused_lessons", "absence_recent", "absence_trend", "lateness", "failing_subjects", "mean_mark",
    "mark_trend", "not_assessed", "repeated_level", "over_age", "school_changes", "transition_year", "programme_level",
)  # fmt: skip
"""Factors that ``events.sql`` spells out; the others are the latest judgement, or a count beside it."""


def the_sql(target: Path) -> str:
    """``events.sql`` with its lists and day numbers filled in."""
    import pumpurs_risk as pr

    catalogue = pr.Catalogue.load()
    others = [
        name
        for name, factor in catalogue.factors.items()
        if name not in BY_HAND and not name.endswith("_vs_peers") and factor.kind != "level"
    ]
    counted = [name for name in others if (rule := catalogue.factors[name].compute) and rule.table == "incidents"]
    columns = []
    for name in others:
        judged = f"j_{name}"
        if name in counted:
            columns.append(f"CAST(greatest(coalesce({name}, 0), {judged}) AS DOUBLE) AS {name}")
        elif name in ("distance", "lodging"):
            columns.append(f"coalesce({name}, {judged}) AS {name}")
        else:
            columns.append(f"{judged} AS {name}")
    calendar = catalogue.calendar

    def before(day: str) -> int:
        return int(calendar.school_days(calendar.bounds(next(iter(calendar)))[0], day))

    days = {
        "window_first": "2025-09-01", "window_last": "2025-12-20", "before_first": "2025-11-16",
        "before_last": "2025-12-16", "recent_first_first": "2025-12-16", "recent_first_last": "2025-12-20",
        "recent_second_first": "2026-01-05", "recent_second_last": "2026-01-15", "today": "2026-01-15",
        "year_start": "2025-09-01",
    }  # fmt: skip
    filled = {name: str(before(day)) for name, day in days.items()}
    filled["judged"] = ", ".join(f"max(value) FILTER (WHERE factor = '{name}') AS j_{name}" for name in others)
    filled["factors"] = ", ".join(columns)
    filled["levels"] = ", ".join(f"'{level}'" for level in catalogue.factors["programme_level"].levels)
    filled["target"] = str(target)
    sql = (HERE / "events.sql").read_text(encoding="utf-8")
    for name, value in filled.items():
        sql = sql.replace(f"{{{name}}}", value)
    return sql


def by_hand(folder: Path, target: Path, limit: str) -> dict[str, float]:
    """Run the hand-written SQL; seconds of its work."""
    import duckdb
    import numpy as np
    import pyarrow as pa

    import pumpurs_risk as pr

    calendar = pr.Catalogue.load().calendar
    sql = the_sql(target)
    first = np.datetime64(calendar.bounds(next(iter(calendar)))[0])
    days = np.arange(np.datetime64("2025-09-01"), np.datetime64("2026-01-15"))
    counted = np.asarray(calendar.school_days(np.full(len(days), first), days)).astype(np.int64)
    usual = [
        (programme, float(level), lessons)
        for programme, by_level in calendar.rules.lessons_per_day.items()
        for level, lessons in enumerate(by_level, start=1)
    ]
    start, used = time.perf_counter(), cpu()
    with tempfile.TemporaryDirectory() as spilled, duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET temp_directory = '{spilled}'")
        if limit:
            connection.execute(f"SET memory_limit = '{limit}'")
        connection.register("calendar", pa.table({"date": pa.array(days), "before": counted}))
        names = ("programme", "level", "lessons")
        connection.register("usual", pa.table({name: [row[i] for row in usual] for i, name in enumerate(names)}))
        for name in TABLES:
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM read_parquet('{folder / name}.parquet')")
        connection.execute(sql)
    return {"write": time.perf_counter() - start, "cpu": cpu() - used}


def by_library(folder: Path, target: Path, limit: str) -> dict[str, float]:
    """Run the library; seconds of checking at the entry, and of making the table."""
    import pumpurs_risk as pr
    from pumpurs_risk.factors.table import write_factor_table

    start = time.perf_counter()
    records = pr.SchoolRecords.from_tables(**{name: folder / f"{name}.parquet" for name in TABLES})
    checked, used = time.perf_counter(), cpu()
    write_factor_table(records, target, made_events.AS_OF, memory_limit=limit or None)
    return {"enter": checked - start, "write": time.perf_counter() - checked, "cpu": cpu() - used}


WAYS = {"hand-written SQL": by_hand, "pumpurs_risk": by_library}


def in_this_process(way: str, folder: Path, target: Path, limit: str) -> None:
    """Run one way, and print what it cost this process as JSON."""
    print(json.dumps(WAYS[way](folder, target, limit) | {"peak": peak_mib()}))


def cpu() -> float:
    """CPU seconds of this process so far, all threads."""
    used = os.times()
    return used.user + used.system


def peak_mib() -> float:
    """Greatest resident memory of this process; ``getrusage`` would count what the parent held before."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def in_fresh_process(way: str, folder: Path, target: Path, limit: str) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).resolve()), "--run", way, str(folder), str(target), limit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def greatest_difference(one: Path, other: Path) -> tuple[float, str, int]:
    """Compare two factor tables: greatest difference, its column, and how many cells are known in one of them only."""
    import duckdb

    with duckdb.connect() as connection:
        kinds = dict(
            connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{one}')").fetchall()
        )
        kinds.pop("pupil_id")
        columns = []
        for name, kind in kinds.items():
            apart = f"abs(a.{name} - b.{name})" if kind == "DOUBLE" else f"CAST(a.{name} <> b.{name} AS DOUBLE)"
            columns.append(f"max({apart}), count(*) FILTER (WHERE (a.{name} IS NULL) <> (b.{name} IS NULL))")
        row = connection.execute(
            f"SELECT {', '.join(columns)}, count(*) FILTER (WHERE a.pupil_id IS NULL OR b.pupil_id IS NULL) "
            f"FROM '{one}' a FULL JOIN '{other}' b USING (pupil_id)"
        ).fetchall()[0]
    differences = {name: row[2 * i] or 0.0 for i, name in enumerate(kinds)}
    unlike = {name: row[2 * i + 1] for i, name in enumerate(kinds)}
    worst = max(differences, key=lambda name: (unlike[name], differences[name]))
    return differences[worst], worst, sum(unlike.values()) + row[-1]


def compare(folder: Path, rounds: int) -> list[list[str]]:
    """Run both ways in turn; rows of the table to print."""
    rows = []
    for limit in ("", LIMIT):
        costs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        targets = {way: folder / f"X {way}.parquet" for way in WAYS}
        for turn in range(rounds):
            for way in list(WAYS)[:: 1 if turn % 2 == 0 else -1]:
                costs[way].append(in_fresh_process(way, folder, targets[way], limit))
                print(f"  {limit or 'no limit'}, round {turn + 1}, {way}: {costs[way][-1]}", file=sys.stderr)
        differ, column, unlike = greatest_difference(*targets.values())
        print(
            f"memory {limit or 'without a limit'}: greatest difference {differ:.1e} ({column}), known in one only: {unlike}"
        )
        if differ > TOLERANCE or unlike:
            sys.exit("the two ways do not give the same numbers")
        first = next(iter(WAYS))
        for way, found in costs.items():
            middle = {key: median(each[key] for each in found) for key in found[0]}
            rows.append(
                [
                    way,
                    limit or "none",
                    f"{middle['write']:.1f}",
                    paired(found, costs[first], "write"),
                    f"{middle['cpu']:.1f}",
                    paired(found, costs[first], "cpu"),
                    f"{max(each['peak'] for each in found):.0f}",
                    f"{middle['enter']:.1f}" if "enter" in middle else "",
                ]
            )
    return rows


def paired(mine: list[dict[str, float]], other: list[dict[str, float]], key: str) -> str:
    """Median and range of the ratios of each round."""
    ratios = [one[key] / two[key] for one, two in zip(mine, other, strict=True)]
    return "1" if mine is other else f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def command_line(folder: Path, pupils: int) -> None:
    """Score one school-year of a municipality from CSV files, as a school would: about 1 M absences."""
    import pyarrow.compute as pc
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    made = folder / "csv"
    made.mkdir(exist_ok=True)
    counted = {}
    for name in TABLES:
        table = pq.read_table(folder / f"{name}.parquet")
        if name in ("absences", "marks", "assessments", "incidents"):
            table = table.filter(pc.greater_equal(table["date"], dt.date(2025, 9, 1)))
        counted[name] = table.num_rows
        csv.write_csv(table, made / f"{name}.csv")
    print(f"{pupils} pupils, rows: {counted}")
    command = [
        sys.executable,
        "-m",
        "pumpurs_risk",
        "score",
        str(made),
        "--as-of",
        "2026-01-15",
        "--out",
        str(folder / "run"),
    ]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took, used = time.perf_counter() - start, os.times()
    print(
        f"pumpurs-risk score: {took:.1f} s, {used.children_user + used.children_system:.1f} s of CPU, exit {done.returncode}"
    )
    print("\n".join((done.stdout + done.stderr).splitlines()[:3]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, default=made_events.FULL_SIZE)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument(
        "--folder", type=Path, help="where the tables are, or are to be made; a temporary one by default"
    )
    parser.add_argument("--command-line", action="store_true", help="score CSV files of 1 M absences instead")
    parser.add_argument("--run", nargs=4, metavar=("WAY", "FOLDER", "TARGET", "LIMIT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        way, source, target, limit = given.run
        in_this_process(way, Path(source), Path(target), limit)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = given.folder or Path(temporary)
        pupils = 35_000 if given.command_line and given.pupils == made_events.FULL_SIZE else given.pupils
        if not (folder / "absences.parquet").is_file():
            print("made:", made_events.make(folder, pupils))
        if given.command_line:
            command_line(folder, pupils)
            return
        rows = compare(folder, given.rounds)
    header = ["way", "memory limit", "s", "ratio (range)", "CPU s", "ratio (range)", "peak MiB", "checks at entry, s"]
    print(markdown(header, rows))


if __name__ == "__main__":
    main()

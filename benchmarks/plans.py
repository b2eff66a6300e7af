"""How long support plans in Word take: 3,000 printed, and read back.

    python benchmarks/plans.py [--plans 3000] [--processes 1]

The plans are made ones (tests/golden), of three pages each, with changed ids; nothing is written to disk but one file.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.plans import SupportPlanDraft
from pumpurs_risk.reports.docx import PlanTemplate
from pumpurs_risk.reports.docx_reading import read_plan_docx

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"


def made_plans(first: int, last: int) -> list[SupportPlanDraft]:
    plan = msgspec.json.decode((GOLDEN / "made_plan_lv.json").read_bytes(), type=SupportPlanDraft)
    return [
        msgspec.structs.replace(plan, plan_id=f"IAP-2027-1-{number:05d}", pupil_id=f"P{number:06d}")
        for number in range(first, last)
    ]


def print_plans(first: int, last: int) -> int:
    template, catalogue = PlanTemplate.load(lang="lv"), Catalogue.load()
    return sum(len(template.render(plan, catalogue)) for plan in made_plans(first, last))


def read_plans(times: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.docx"
        path.write_bytes(PlanTemplate.load(lang="lv").render(made_plans(1, 2)[0], Catalogue.load()))
        return sum(len(read_plan_docx(path).fields) for _ in range(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plans", type=int, default=3000)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    edges = [asked.plans * number // asked.processes for number in range(asked.processes + 1)]
    began = time.perf_counter(), time.process_time()
    if asked.processes == 1:
        size = print_plans(0, asked.plans)
    else:
        with ProcessPoolExecutor(asked.processes) as pool:
            size = sum(pool.map(print_plans, edges[:-1], edges[1:]))
    told(f"printed, {asked.processes} process(es)", asked.plans, began)
    began, count = (time.perf_counter(), time.process_time()), max(asked.plans // 10, 1)
    read_plans(count)
    told("read back", count, began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{size / asked.plans / 1024:.1f} KiB a plan; peak memory of the first process {peak:.0f} MiB\n")


def told(what: str, count: int, began: tuple[float, float]) -> None:
    seconds, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    sys.stdout.write(
        f"{what}: {count} plans in {seconds:.1f} s, {1000 * seconds / count:.1f} ms a plan"
        f" (CPU of the first process: {cpu:.1f} s, {1000 * cpu / count:.1f} ms)\n"
    )


if __name__ == "__main__":
    main()

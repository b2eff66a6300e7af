"""Real pupils through the mapping files of examples/: read, scored, listed; and the examples say what they claim."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pumpurs_risk as pr

CHECKOUT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PUMPURS_DATA", CHECKOUT.parent / "shared" / "data"))
FILES = {
    "uci-320.toml": "uci-320/student-por.csv",
    "uci-320-mat.toml": "uci-320/student-mat.csv",
    "uci-697.toml": "uci-697/data.csv",
}
OUTCOMES = ("G1", "G2", "G3", "Target", "2nd sem", "sex", "Gender", "Nacionality", "International", "special needs")


def data(name):
    path = DATA / FILES[name]
    if not path.is_file():
        pytest.skip(f"{path} is not there; set PUMPURS_DATA to the folder with the real data sets")
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_real_pupil_is_read_and_nothing_is_set_aside(name):
    records = pr.read_records(data(name), mapping=CHECKOUT / "examples" / name, as_of="2027-01-15")
    rows = len(pd.read_csv(data(name), sep=";"))
    assert len(records.sheet) == rows
    assert records.sheet["pupil_id"].is_unique
    assert records.report.ok
    assert set(records.report.problems["code"]) == {"mapping.columns_unused"}


@pytest.mark.parametrize("name", FILES)
def test_an_example_uses_neither_the_outcome_nor_a_protected_attribute(name):
    from pumpurs_risk.records.mapping.mapping import Mapping

    used = [heading.name for heading in Mapping.load(CHECKOUT / "examples" / name).headings()]
    assert len(used) >= 8
    assert not [heading for heading in used if any(word in heading for word in OUTCOMES)]


def test_the_two_examples_of_uci_320_differ_only_in_the_lessons_held():
    por, mat = (
        [line for line in (CHECKOUT / "examples" / name).read_text("utf-8").splitlines() if line and line[0] != "#"]
        for name in ("uci-320.toml", "uci-320-mat.toml")
    )
    differing = [(a, b) for a, b in zip(por, mat, strict=True) if a != b]
    assert [pair for pair in differing if not pair[0].startswith("title")] == [("value = 132", "value = 198")]


def test_the_portuguese_pupils_are_mapped_value_by_value():
    records = pr.read_records(data("uci-320.toml"), mapping=CHECKOUT / "examples" / "uci-320.toml", as_of="2027-01-15")
    table = pd.read_csv(data("uci-320.toml"), sep=";")
    X = pr.factor_table(records, as_of="2027-01-15")
    row = X["pupil_id"].str.split(":").str[-1].astype(int).to_numpy() - 2
    table = table.iloc[row].reset_index(drop=True)
    np.testing.assert_array_equal(X["absence_share"], table["absences"] / 132)
    np.testing.assert_array_equal(X["over_age"], table["failures"])
    np.testing.assert_array_equal(X["motivation"], np.where(table["higher"] == "no", 2.0, 0.0))
    np.testing.assert_array_equal(X["health_problem"], table["health"].map({1: 3, 2: 2, 3: 1, 4: 0, 5: 0}))
    np.testing.assert_array_equal(X["distance"], table["traveltime"] - 1)
    np.testing.assert_array_equal(X["addiction"], table["Dalc"].map({1: 0, 2: 0, 3: 1, 4: 2, 5: 3}))
    assert X["mean_mark"].isna().all()


def test_the_polytechnics_students_are_mapped_value_by_value():
    records = pr.read_records(data("uci-697.toml"), mapping=CHECKOUT / "examples" / "uci-697.toml", as_of="2027-01-15")
    table = pd.read_csv(data("uci-697.toml"), sep=";", encoding="utf-8-sig")
    X = pr.factor_table(records, as_of="2027-01-15")
    row = X["pupil_id"].str.split(":").str[-1].astype(int).to_numpy() - 2
    table = table.iloc[row].reset_index(drop=True)
    enrolled = table["Curricular units 1st sem (enrolled)"].replace(0, np.nan)
    grade = table["Curricular units 1st sem (grade)"].replace(0, np.nan)
    np.testing.assert_array_equal(X["failing_subjects"], enrolled - table["Curricular units 1st sem (approved)"])
    np.testing.assert_allclose(X["mean_mark"], 0.6 * grade - 2, rtol=1e-11)
    np.testing.assert_array_equal(X["marriage"], table["Marital status"].isin([2, 5]).astype(float))


def test_the_untrained_score_ranks_real_pupils_better_than_chance():
    for name in FILES:
        data(name)
    spec = importlib.util.spec_from_file_location("untrained", CHECKOUT / "benchmarks" / "untrained.py")
    untrained = importlib.util.module_from_spec(spec)
    sys.modules["untrained"] = untrained  # dataclasses look their module up
    spec.loader.exec_module(untrained)
    untrained.RESAMPLES = 200
    for task in untrained.TASKS:
        result = untrained.measure(task).set_index("score")
        assert result.loc["untrained score", "low"] > 0.5, task.title
        assert result.loc["untrained score", "n"] == result.attrs["n"]


def test_the_benchmark_skips_with_a_reason_where_the_data_are_absent(tmp_path):

    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "benchmarks" / "untrained.py")],
        env=os.environ | {"PUMPURS_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "skipped: uci-320/student-por.csv" in done.stderr
    assert "PUMPURS_DATA" in done.stderr


def test_real_pupils_are_scored_from_the_command_line(tmp_path):

    run = tmp_path / "run"
    done = subprocess.run(
        [
            sys.executable, "-m", "pumpurs_risk.cli", "score", str(data("uci-320.toml")),
            "--mapping", str(CHECKOUT / "examples" / "uci-320.toml"), "--out", str(run),
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    flags = pr.open_run(run).flags
    assert len(flags) == 649
    assert set(flags["school_id"]) == {"GP", "MS"}
    assert flags["risk"].between(0, 1).all()

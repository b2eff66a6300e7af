import numpy as np
import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.leaving_out import factors_of, leave_out, without_sensitivities
from pumpurs_risk.errors import RunError

CATALOGUE = pr.Catalogue.load()
MODEL = pr.load_model("literature-prior")


def table(n=60):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "pupil_id": [f"p{i}" for i in range(n)],
            "school_id": "s",
            "class_id": "9.a",
            "level": 9.0,
            "programme": "general",
            "absence_share": rng.beta(1, 9, n),
            "mean_mark": rng.normal(6.5, 1, n),
            "marriage": 0.0,
            "addiction": [1.0 if i % 10 == 0 else np.nan for i in range(n)],
        }
    )


def test_special_leaves_sensitive_ones_and_sensitive_leaves_neither():
    special, both = set(factors_of(CATALOGUE, "special")), set(factors_of(CATALOGUE, "sensitive"))
    assert special < both
    assert {CATALOGUE.factors[f].sensitivity for f in special} == {"special"}
    assert {CATALOGUE.factors[f].sensitivity for f in both} == {"sensitive", "special"}
    with pytest.raises(RunError):
        factors_of(CATALOGUE, "ordinary")


def test_the_columns_are_gone_and_to_the_model_unknown():
    X = table()
    left = leave_out(MODEL, X, CATALOGUE, "special", pr.FlagPolicy(places=5))
    assert "addiction" not in left.X
    assert "marriage" in left.X
    unknown = X.assign(addiction=np.nan)
    assert np.array_equal(MODEL.log_odds(left.X), MODEL.log_odds(unknown))
    assert list(X.columns) == list(table().columns)  # what was handed in stays


def test_what_it_costs_is_what_the_two_lists_differ_by():
    X, policy = table(), pr.FlagPolicy(places=5)
    left = leave_out(MODEL, X, CATALOGUE, "special", policy)
    lists = []
    for each in (X, left.X):
        flags = pr.flag(MODEL.for_recorded(each), each, policy, catalogue=CATALOGUE)
        lists.append((set(flags.loc[flags["listed"], "pupil_id"]), flags.set_index("pupil_id")["risk"]))
    (full, risk), (part, other) = lists
    assert left.cost.changed == len(part - full) > 0
    assert left.cost.listed == len(part)
    assert left.cost.known == 6
    assert left.cost.moved == pytest.approx(float((risk - other).abs().max()))
    assert left.cost.evidence_lost > 0


def test_it_says_so_in_both_languages():
    left = leave_out(MODEL, table(), CATALOGUE, "special", pr.FlagPolicy(places=5))
    assert "6 pupils" in left.sentence("en")
    assert "6 skolēniem" in left.sentence("lv")
    nothing = leave_out(MODEL, table().drop(columns="addiction"), CATALOGUE, "special", pr.FlagPolicy(places=5))
    assert nothing.cost.known == nothing.cost.changed == 0
    assert "Nothing of the kind" in nothing.sentence("en")


def test_answers_cells_and_problems_about_them_go_from_the_records_too():
    heading = CATALOGUE.factors["addiction"].heading["lv"]
    rows = {"pupil_id": ["1", "2"], "class_id": ["9.a", "9.a"], heading: ["jā", "varbūt"], "mean_mark": [6.0, 99.0]}
    records = pr.SchoolRecords.from_tables(pd.DataFrame(rows), as_of="2027-01-15")
    assert records.report.problems["column"].nunique() == 2
    X = pr.factor_table(records, as_of="2027-01-15")
    left = leave_out(MODEL, X, CATALOGUE, "special")
    less = left.records(records, CATALOGUE)
    assert "addiction" not in less.sheet
    assert heading not in set(less.report.problems["column"])
    assert len(less.report.problems) == 1
    assert "varbūt" not in less.report.problems.to_csv()


def test_rows_of_other_tables_about_them_go():
    left = leave_out(MODEL, table(), CATALOGUE, "special")
    rows = pd.DataFrame(
        {"pupil_id": ["a", "b", "c"], "factor": ["addiction", "mean_mark", "x"], "factor_2": ["", "", "addiction"]}
    )
    assert left.rows(rows)["pupil_id"].tolist() == ["b"]


def test_without_sensitivities_keeps_everything_else_as_it_is():
    X = table()
    left = without_sensitivities(X, CATALOGUE, ("special",))
    pd.testing.assert_frame_equal(left, X.drop(columns="addiction"))

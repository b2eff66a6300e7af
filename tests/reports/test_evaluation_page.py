"""The page of an evaluation: the verdict first, few leavers of a school never shown, groups too small to judge named."""

import datetime as dt
import re

import pytest

from pumpurs_risk.reports.evaluation_page import EvaluationPaper, evaluation_page, group_rows


def metric(name, value, model="own", kind="model", scope="all", **ends):
    row = {"model": model, "kind": kind, "metric": name, "scope": scope, "value": value, "lower": None, "upper": None}
    return row | {"n": 900, "leavers": 40} | ends


def school(name, leavers, recall=0.5):
    return {"school_id": name, "rows": 300, "leavers": leavers, "expected_leavers": 3.2, "places": 15.0, "found": 2.0,
            "recall": recall, "recall_by_lot": 0.05}  # fmt: skip


def group(attribute, name, leavers, judged):
    ends = {f"{key}{end}": 0.25 for key in ("selection_rate", "miss_rate", "false_alarm_rate", "observed_by_expected")
            for end in ("", "_lower", "_upper")}  # fmt: skip
    return {"attribute": attribute, "group": name, "n": 400, "leavers": leavers, "judged": judged} | ends


def curve(**columns):
    n = len(next(iter(columns.values())))
    return [{"model": "own"} | {name: values[i] for name, values in columns.items()} for i in range(n)]


@pytest.fixture
def found():
    return {
        "model": "own", "horizon": "1y", "as_of": ["2027-01-15"], "train_as_of": ["2026-01-15"], "split": "temporal",
        "verdict": "cannot_tell_yet", "best_rule": "abc", "verdict_reasons": [], "suspicious": [], "notes": [],
        "counts": {"rows": 900, "rows_known": 880, "share_missing": 0.02, "leavers": 40, "places": 45},
        "metrics": [
            metric("auroc", 0.81, lower=0.75, upper=0.87), metric("recall_at_places", 0.4, lower=0.3, upper=0.5),
            metric("auroc", 0.7, scope="within_school"), metric("recall_at_places", 0.3, model="abc", kind="rule"),
        ],
        "comparisons": [{"model": "own", "against": "abc", "kind": "rule", "metric": "recall_at_places", "scope": "all",
                         "difference": 0.1, "lower": -0.02, "upper": 0.2}],
        "by_school": [school("b", 3), school("a", 0, None), school("c", 30), school("d", 7)],
        "curves": {
            "calibration": curve(expected=[0.01, 0.2], observed=[0.0, 0.3], lower=[0.0, 0.1], upper=[0.02, 0.5]),
            "places": curve(share_of_roll=[0.05, 0.1], recall=[0.4, 0.6], precision=[0.3, 0.2]),
            "decision": curve(threshold=[0.05, 0.1], net_benefit=[0.01, 0.004], all=[0.0, -0.1], none=[0.0, 0.0]),
        },
        "lead_time": {"table": [{"semesters": 1, "leavers": 9}], "leavers": 40, "found": 9},
        "groups": [group("sex", "female", 31, "judged"), group("sex", "male", 9, "too few to judge")],
        "not_computable": [], "partial": {}, "resamples": 1000, "level": 0.95, "random_state": 0,
        "sentences": {"lv": ["Spriedums.", "Teikums <1>."], "en": ["Verdict.", "Sentence <1>."]},
    }  # fmt: skip


def html(found, lang="en", **paper):
    given = {"titles": {"a": "Ādažu skola", "b": "Bērzu skola", "c": "Čakstes skola", "d": "Dzērvju skola"}} | paper
    return evaluation_page(EvaluationPaper(found, "mezs", "ab" * 32, **given), lang).html()


def rows_of(page, first):
    """Cells of the rows whose heading cell begins so."""
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    cells = [[re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]
    return [row for row in cells if row and row[0].startswith(first)]


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_verdict_is_the_first_line_and_sentences_follow(found, lang):
    page = html(found, lang, made_on=dt.date(2028, 3, 1))
    body = page[page.index("<h1>") :]
    assert body.index('class="verdict"') < body.index("&lt;1&gt;") < body.index("<svg") < body.index("<table")
    assert f'<html lang="{lang}">' in page and ("2028" in page)


def test_few_leavers_of_a_school_are_not_shown_nor_to_be_worked_out(found):
    page = html(found)
    assert rows_of(page, "Bērzu")[0][3] == "1–4" and rows_of(page, "Bērzu")[0][5] == "–"
    assert rows_of(page, "Dzērvju")[0][3] == "not shown"  # else 1-4 would be the sum minus the others
    assert rows_of(page, "Ādažu")[0][3] == "0" and rows_of(page, "Čakstes")[0][3] == "30"


def test_schools_stand_by_the_latvian_alphabet_not_by_result(found):
    page = html(found)
    titles = [row[0] for row in rows_of(page, "") if row[0].endswith(" skola")]
    assert titles == ["Ādažu skola", "Bērzu skola", "Čakstes skola", "Dzērvju skola"]


def test_a_group_with_few_leavers_is_named_and_not_judged(found):
    rows = group_rows(found["groups"], "en")
    assert rows[0][2] == "31" and rows[1][3:] == ["too few to judge", "", "", ""]


def test_leavers_of_groups_cannot_be_worked_out_where_one_has_few(found):
    rows = group_rows([group("sex", "female", 31, "judged"), group("sex", "male", 2, "too few to judge")], "en")
    assert [row[2] for row in rows] == ["≥ 30", "< 30"]


def test_without_groups_it_is_said_that_harm_could_not_be_checked(found):
    assert "cannot be checked whether the list harms any" in html(found | {"groups": None})


def test_made_data_and_estimates_are_called_so(found):
    assert "data are made up" not in html(found)
    page = html(found | {"split": "random", "train_as_of": []}, made=True)
    assert "data are made up" in page and "five times the model learned" in page


def test_every_picture_can_be_read_aloud_and_every_table_has_headings(found):
    page = html(found)
    assert page.count("<svg") == 5 and page.count('<svg role="img" aria-label="') == 5
    assert page.count("<table>") == page.count("<caption>") == page.count("<thead>")
    assert 'scope="row"' in page and 'scope="col"' in page


def test_an_evaluation_without_intervals_or_curves_still_makes_a_page(found):
    bare = found | {"curves": {}, "comparisons": [], "metrics": [], "resamples": 0, "groups": None, "by_school": []}
    bare["lead_time"] = {"table": [], "leavers": 0, "found": 0}
    page = html(bare, "lv")
    assert "<svg" not in page and "Intervālu nav" in page


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_a_page_is_made_although_nobody_left_in_the_test(found, lang):
    for rows in found["curves"].values():
        for row in rows:
            row |= {key: None for key in row if key not in ("model", "threshold", "share_of_roll", "expected")}
    for row in (*found["metrics"], *found["comparisons"]):
        row |= {key: None for key in ("value", "difference", "lower", "upper") if key in row}
    found["counts"] |= {"leavers": 0, "share_missing": None}
    found["lead_time"] = {"table": [], "leavers": 0, "found": 0}
    assert "<svg" not in html(found, lang)


def test_the_axis_bears_the_numbers_that_it_stands_at(found):
    found["curves"]["decision"][0]["net_benefit"] = 0.0075
    written = html(found)
    assert all(f">{tick}</text>" in written for tick in ("−2.5", "2.5", "7.5"))

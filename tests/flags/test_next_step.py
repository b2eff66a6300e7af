import datetime as dt

import pandas as pd
import pytest

from pumpurs_risk.errors import CatalogueError
from pumpurs_risk.explanation import reasons
from pumpurs_risk.flags import flag, next_steps, questions

AS_OF = dt.date(2027, 1, 15)


@pytest.fixture(scope="module")
def papers(model, X, catalogue):
    flags = flag(model, X, catalogue=catalogue, as_of=AS_OF)
    return flags, reasons(model, X, catalogue=catalogue), questions(model, X, flags, catalogue)


def flags_of(tier="act_now", always_look=""):
    return pd.DataFrame({"pupil_id": ["p1"], "tier": [tier], "always_look": [always_look]})


def reasons_of(*factors):
    kinds = {"pupil_id": "p1", "kind": "risk", "line": 0}
    return pd.DataFrame(
        [{**kinds, "rank": rank, "factor": factor} for rank, factor in enumerate(factors, start=1)],
        columns=["pupil_id", "kind", "line", "rank", "factor"],
    )


def questions_of(*factors):
    return pd.DataFrame(
        [{"pupil_id": "p1", "order": i, "factor": f, "question": "Vai tā ir?", "ask": "nurse"} for i, f in enumerate(factors, 1)],
        columns=["pupil_id", "order", "factor", "question", "ask"],
    )  # fmt: skip


def step_of(catalogue, flags, told=(), asked=(), lang="lv", **pupil):
    X = pd.DataFrame([{"pupil_id": "p1", **pupil}]) if pupil else None
    return next_steps(flags, reasons_of(*told), questions_of(*asked), catalogue, AS_OF, lang, X=X).iloc[0]


def test_everyone_on_a_list_has_one_step_a_role_and_a_date(papers, X, catalogue):
    flags, told, asked = papers
    steps = next_steps(flags, told, asked, catalogue, AS_OF, X=X)
    on_list = flags[(flags["tier"] != "none") | (flags["always_look"] != "")]
    assert steps["pupil_id"].tolist() == on_list["pupil_id"].tolist()
    assert (steps["step"].str.len() > 5).all()
    assert set(steps["role"]) <= set(catalogue.roles)
    assert (steps["role_name"].str.len() > 3).all()
    at_once = steps["code"] == "signal:violence"
    assert set(steps.loc[~at_once, "due"]) == {dt.date(2027, 1, 29)}
    assert set(steps.loc[at_once, "due"]) <= {AS_OF}


def test_the_first_measure_of_the_first_reason_comes_first(catalogue):
    found = step_of(catalogue, flags_of(), ["failing_subjects", "absence_share"], ["motivation"])
    assert found["code"] == "measure:" + catalogue.factors["failing_subjects"].measures[0]
    assert found["role"] == catalogue.measures[catalogue.factors["failing_subjects"].measures[0]].role


def test_a_reason_without_a_fitting_measure_leaves_the_step_to_the_next(catalogue):
    barren = catalogue.extend({"factors": {"over_age": {"measures": []}}})
    assert step_of(barren, flags_of(), ["over_age", "motivation"])["code"] == "measure:psychologist"


@pytest.mark.parametrize(("age", "code"), [(13.0, "measure:mentor"), (12.9, "measure:subject_consultation")])
def test_a_measure_s_age_limit_is_respected(catalogue, age, code):
    assert catalogue.factors["transition_year"].measures[:2] == ("mentor", "subject_consultation")
    assert step_of(catalogue, flags_of(), ["transition_year"], age=age)["code"] == code


def test_an_unknown_age_passes_over_a_measure_with_an_age_limit(catalogue):
    assert step_of(catalogue, flags_of(), ["transition_year"])["code"] == "measure:subject_consultation"


def test_a_measure_for_special_needs_is_passed_over(catalogue):
    special = next(m.id for m in catalogue.measures.values() if m.special_needs_only)
    first = catalogue.extend({"factors": {"motivation": {"measures": [special, "psychologist"]}}})
    assert step_of(first, flags_of(), ["motivation"])["code"] == "measure:psychologist"


def test_a_signal_s_own_step_goes_before_everything(catalogue):
    found = step_of(catalogue, flags_of(always_look="unexcused_over_20"), ["motivation"], ["motivation"])
    assert found["code"] == "signal:unexcused_over_20"
    assert found["role"] == "social_pedagogue"


def test_whom_only_a_signal_names_has_a_step_too(catalogue):
    assert step_of(catalogue, flags_of("none", "unexcused_over_20"))["code"] == "signal:unexcused_over_20"


def test_ask_first_asks_first(catalogue):
    found = step_of(catalogue, flags_of("ask_first"), ["transition_year"], ["motivation"], age=16.0)
    assert (found["code"], found["step"], found["role"]) == ("question:motivation", "Noskaidrot: vai tā ir?", "nurse")


def test_without_reasons_the_first_question_is_the_step(catalogue):
    assert step_of(catalogue, flags_of("watch"), [], ["motivation", "distance"])["code"] == "question:motivation"


def test_without_anything_the_class_teacher_talks_with_the_pupil(catalogue):
    found = step_of(catalogue, flags_of("watch"), lang="en", programme="vocational")
    assert (found["code"], found["role"], found["role_name"]) == ("default", "class_teacher", "group tutor")


def test_whoever_is_on_no_list_has_no_step(catalogue):
    assert len(next_steps(flags_of("none"), reasons_of(), questions_of(), catalogue, AS_OF)) == 0


def test_violence_is_looked_into_on_the_day_of_the_list(catalogue):
    found = step_of(catalogue, flags_of("act_now", "violence;unexcused_over_20"), ["motivation"])
    assert (found["code"], found["due"]) == ("signal:violence", AS_OF)
    assert step_of(catalogue, flags_of("none", "unexcused_over_20"))["due"] == dt.date(2027, 1, 29)


def test_a_signal_may_state_its_own_term(catalogue):
    sooner = catalogue.extend({"signals": {"unexcused_over_20": {"due_days": 5}}})
    assert step_of(sooner, flags_of("none", "unexcused_over_20"))["due"] == dt.date(2027, 1, 20)


@pytest.mark.parametrize("days", [-1, 2.5, "soon"])
def test_a_term_is_a_number_of_days(catalogue, days):
    with pytest.raises(CatalogueError, match="due_days"):
        catalogue.extend({"signals": {"unexcused_over_20": {"due_days": days}}})


def test_whom_staff_added_has_a_step_and_whoever_is_set_aside_has_none(catalogue):
    assert step_of(catalogue, flags_of("none").assign(added=True))["code"] == "default"
    aside = flags_of("none").assign(added=False, set_aside=True)
    assert len(next_steps(aside, reasons_of(), questions_of(), catalogue, AS_OF)) == 0

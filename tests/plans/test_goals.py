"""Goals can be checked."""

import datetime as dt
import math
import re

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.plans.goals import Deadlines, goal_text, semester_months, target_of
from pumpurs_risk.plans.plan import LONGEST_TAG

DAYS = (dt.date(2027, 1, 15), dt.date(2027, 5, 31))


def said(catalogue: Catalogue, factor: str, lang: str = "lv", subjects: tuple[str, ...] = (), **numbers: float) -> str:
    goal = catalogue.goals[factor]
    value, raw = numbers.get("value", math.nan), numbers.get("raw", math.nan)
    return goal_text(
        goal, catalogue.factors[factor], value=value, target=target_of(goal, value, raw, 4.0), by=dt.date(2027, 4, 30),
        subjects=subjects, programme="general", catalogue=catalogue, lang=lang,
    )  # fmt: skip


def test_every_factor_that_a_school_can_change_has_a_goal(catalogue: Catalogue) -> None:
    changeable = {name for name, factor in catalogue.factors.items() if factor.changeable != "no"}
    assert changeable <= set(catalogue.goals)


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_goal_can_be_said_with_any_number(catalogue: Catalogue, lang: str) -> None:
    for factor in catalogue.goals:
        for value in (math.nan, 0.0, 0.08, 1.0, 2.0, 21.0, 400.0):
            for subjects in ((), ("fizika",), ("fizika", "vēsture")):
                sentence = said(catalogue, factor, lang, subjects, value=value, raw=value)
                assert sentence.endswith(".")
                assert "{" not in sentence and "nan" not in sentence.lower().replace("nav", "")
                assert sentence[0].isupper()


def test_every_goal_says_how_much_or_by_when_or_how_often(catalogue: Catalogue) -> None:
    """A goal without a number, a day or "not one" could not be checked."""
    countable = re.compile(r"\d|nav |nevien|divi|trijos|vismaz|vairs|pārtrauk|nodrošin|atrast|vienot")
    for factor in catalogue.goals:
        sentence = said(catalogue, factor, value=8.0, raw=40.0)
        assert countable.search(sentence), sentence


def test_a_month_of_unexcused_lessons_agrees_with_its_number(catalogue: Catalogue) -> None:
    assert said(catalogue, "unexcused_lessons", raw=8.0).endswith("ne vairāk kā 1 stundu mēnesī.")
    assert said(catalogue, "unexcused_lessons", raw=42.0).endswith("ne vairāk kā 5 stundas mēnesī.")
    assert said(catalogue, "unexcused_lessons", raw=4.0) == "Līdz semestra beigām neattaisnotu kavējumu nav."


def test_the_goal_of_marks_names_the_subjects_and_a_day(catalogue: Catalogue) -> None:
    one = said(catalogue, "failing_subjects", subjects=("matemātika",))
    assert one.startswith(
        "Līdz 30.04.2027. mācību priekšmetā (matemātika) saņemt vērtējumu, kas nav zemāks par 4 ballēm;"
    )
    assert "mācību priekšmetos (fizika, vēsture)" in said(catalogue, "failing_subjects", subjects=("fizika", "vēsture"))


def test_a_share_is_printed_as_its_reasons_print_it(catalogue: Catalogue) -> None:
    assert "lielāks par 8\u00a0% (iepriekš – 16,7\u00a0%)" in said(catalogue, "absence_share", value=0.167)
    assert "(iepriekš – –)" in said(catalogue, "absence_share")


def test_nobody_is_asked_for_less_absence_than_is_usual(catalogue: Catalogue) -> None:
    assert target_of(catalogue.goals["absence_share"], 0.01, math.nan, 4.0) == 0.03
    assert target_of(catalogue.goals["absence_share"], 0.9, math.nan, 4.0) == 0.1


def test_every_day_of_a_plan_is_a_school_day_within_the_semester(catalogue: Catalogue) -> None:
    for as_of in (dt.date(2027, 1, 15), dt.date(2027, 3, 1), dt.date(2027, 5, 20), dt.date(2026, 9, 15)):
        days = Deadlines(as_of, catalogue.calendar.expires(as_of), catalogue)
        found = [days.begin, days.end, days.after(8), days.after(99), *(days.before_end(w) for w in range(0, 17))]
        for day in found:
            assert as_of < day <= days.expires
            assert catalogue.calendar.school_days(day, day + dt.timedelta(days=1)) == 1, (as_of, day)


def test_a_semester_is_as_long_as_the_calendar_says(catalogue: Catalogue) -> None:
    assert 3 < semester_months(catalogue, DAYS[0]) < 4.5


def test_tags_of_goals_fit_into_word(catalogue: Catalogue) -> None:
    assert all(len(f"goal.{factor}.text") <= LONGEST_TAG for factor in catalogue.goals)

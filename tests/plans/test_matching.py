"""Which measures and partners are proposed."""

import math

import pandas as pd

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.plans.matching import Learner, Need, Offer, match, offers_by_school, short_id
from pumpurs_risk.plans.plan import LONGEST_TAG

MOTIVATION = Need("motivation", ("motivation",))
GRADES = Need("grades", ("failing_subjects",))


def test_only_what_the_school_offers_is_proposed(catalogue: Catalogue) -> None:
    offers = {"special_teacher": Offer("special_teacher")}
    found = match([GRADES, MOTIVATION], Learner(age=15), catalogue, offers)
    assert [measure.measure for measure in found.measures] == ["special_teacher"]
    assert found.measures[0].offered is True
    assert found.answered == {"grades": ("special_teacher",), "motivation": ()}


def test_where_nobody_stated_offers_it_is_unknown(catalogue: Catalogue) -> None:
    found = match([GRADES], Learner(age=15), catalogue, None)
    assert found.measures[0].measure == "subject_consultation"
    assert all(measure.offered is None for measure in found.measures)


def test_a_mentor_is_for_those_of_13_or_older_whose_age_is_known(catalogue: Catalogue) -> None:
    offers = {"mentor": Offer("mentor")}
    for age, proposed in ((12.9, False), (13.0, True), (math.nan, False)):
        found = match([MOTIVATION], Learner(age=age), catalogue, offers)
        assert bool(found.measures) is proposed, age


def test_the_programme_states_the_age_for_a_mentor(catalogue: Catalogue) -> None:
    older = catalogue.extend({"programme": {"mentor_min_age": 16}})
    assert not match([MOTIVATION], Learner(age=15), older, {"mentor": Offer("mentor")}).measures


def test_what_is_for_special_needs_only_is_never_proposed(catalogue: Catalogue) -> None:
    special = {name: Offer(name) for name, entry in catalogue.measures.items() if entry.special_needs_only}
    needs = [Need(factor, (factor,)) for factor in catalogue.factors]
    assert special
    assert not match(needs, Learner(age=15), catalogue, special).measures


def test_limits_of_programme_and_level_hold(catalogue: Catalogue) -> None:
    entry = {"programmes": ["general"], "min_level": 5, "max_level": 9}
    limited = catalogue.extend({"measures": {"mentor": entry}})
    offers = {"mentor": Offer("mentor")}
    for programme, level, proposed in (
        ("general", 5, True), ("general", 9, True), ("general", 10, False), ("general", math.nan, False),
        ("vocational", 1, False),
    ):  # fmt: skip
        found = match([MOTIVATION], Learner(age=15, programme=programme, level=level), limited, offers)
        assert bool(found.measures) is proposed, (programme, level)


def test_a_measure_that_is_there_answers_every_risk_it_can(catalogue: Catalogue) -> None:
    conduct, attendance = Need("conduct", ("peer_conflicts",)), Need("attendance", ("unexcused_lessons",))
    found = match([conduct, attendance], Learner(age=15), catalogue, {"social_pedagogue": Offer("social_pedagogue")})
    assert found.measures[0].risks == ("conduct", "attendance")


def test_the_law_asks_for_the_education_board_after_20_unexcused_lessons(catalogue: Catalogue) -> None:
    need = Need("attendance", ("unexcused_lessons",), ("unexcused_over_20",))
    board = match([need], Learner(age=15), catalogue).partners[0]
    assert (board.id, board.required_by_law) == ("education_board", True)
    without = match([Need("attendance", ("unexcused_lessons",))], Learner(age=15), catalogue).partners
    assert "education_board" not in [partner.id for partner in without]


def test_violence_asks_for_police_and_orphans_court_and_hours_for_the_inspectorate(catalogue: Catalogue) -> None:
    violence = match([Need("safety", ("violence",), ("violence",))], Learner(age=15), catalogue).partners
    assert {partner.id for partner in violence if partner.required_by_law} == {"police", "orphans_court"}
    hours = Need("work", ("paid_work_hours",), ("working_hours_secondary",))
    assert [p.id for p in match([hours], Learner(age=17), catalogue).partners] == ["labour_inspectorate"]


def test_the_most_open_risk_decides_who_may_see_a_measure(catalogue: Catalogue) -> None:
    special, ordinary = Need("health", ("mental_health",), (), "special"), Need("conduct", ("peer_conflicts",))
    offers = {"psychologist": Offer("psychologist")}
    assert match([special], Learner(age=15), catalogue, offers).measures[0].sensitivity == "special"
    assert match([special, ordinary], Learner(age=15), catalogue, offers).measures[0].sensitivity == "ordinary"


def test_unfinished_measures_go_on_first(catalogue: Catalogue) -> None:
    found = match([GRADES], Learner(age=15), catalogue, None, go_on=["parents_meeting"])
    assert found.measures[0].measure == "parents_meeting"


def test_the_evidence_grade_is_carried(catalogue: Catalogue) -> None:
    for measure in match([GRADES, MOTIVATION], Learner(age=15), catalogue).measures:
        assert measure.evidence == catalogue.measures[measure.measure].evidence


def test_places_of_several_roles_add_up_and_unknown_ones_stay_unknown() -> None:
    stated = pd.DataFrame({"school_id": ["a"] * 3, "measure": ["x", "x", "y"], "role": ["r", "s", None],
                           "places": [2.0, math.nan, math.nan]})  # fmt: skip
    assert offers_by_school(stated)["a"] == {"x": Offer("x", "r", 2), "y": Offer("y", "", None)}


def test_every_tag_of_the_longest_id_fits_into_word() -> None:
    one, other = short_id("ā" * 200), short_id("ā" * 201)
    assert one != other
    assert len(f"measure.{one}.result_text") <= LONGEST_TAG
    assert len(f"risk.{one}.justification") <= LONGEST_TAG

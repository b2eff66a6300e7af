import pytest

from pumpurs_risk.errors import RunError
from pumpurs_risk.flags import FlagPolicy


@pytest.mark.parametrize(("roll", "places"), [(0, 0), (1, 1), (20, 1), (21, 2), (60, 3), (300, 15)])
def test_without_stated_places_a_school_has_5_percent_of_its_roll_rounded_up(roll, places):
    assert FlagPolicy().places_of("any", roll) == places


def test_a_share_that_gives_a_whole_number_is_not_rounded_up():
    assert FlagPolicy(share_of_roll=0.07).places_of("any", 100) == 7


def test_a_school_that_states_no_places_falls_back_on_its_roll():
    policy = FlagPolicy(places={"a": 7, "b": None})
    assert [policy.places_of(school, 40) for school in ("a", "b", "c")] == [7, 2, 2]


def test_no_places_at_all_can_be_stated():
    assert FlagPolicy(places=0).places_of("a", 100) == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("threshold", 0), ("threshold", 1), ("threshold", 10), ("threshold", "0.1"), ("threshold", True),
        ("threshold", float("nan")), ("sure", 0.5), ("sure", 1), ("change_places", 0.6), ("share_of_roll", -0.1),
        ("enough_evidence", 1.2), ("newcomer_days", -1), ("most_missing_sd", 0),
    ],
)  # fmt: skip
def test_an_impossible_setting_is_refused_by_its_name(setting, value):
    with pytest.raises(RunError) as refused:
        FlagPolicy(**{setting: value})
    for lang in ("lv", "en"):
        assert setting in refused.value.message(lang)
        assert str(value) in refused.value.message(lang)


@pytest.mark.parametrize("places", [-1, 2.5, True, {"a": -1}, {"a": "12"}])
def test_places_are_whole_numbers(places):
    with pytest.raises(RunError, match="whole number"):
        FlagPolicy(places=places)


def test_an_unknown_way_to_cut_names_the_known_ones():
    with pytest.raises(RunError, match="places, probability, both"):
        FlagPolicy(cut_by="rank")

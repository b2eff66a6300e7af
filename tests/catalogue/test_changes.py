"""What a change is, and what a group is asked to do, is refused where it could not be said or leads nowhere."""

from __future__ import annotations

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import CatalogueError


def of_factor(**fields: object) -> dict[str, object]:
    return {"factors": {"motivation": fields}}


def of_construct(**fields: object) -> dict[str, object]:
    return {"constructs": {"motivation": {"together": fields}}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (of_factor(change={"part_of": "motivaton"}), '"motivaton" is not in [factors]'),
        (of_factor(change={"follows": "motivation"}), '"motivation" is not in [factors]'),
        (of_factor(change={"follows": "mark_trend"}), '"mark_trend" itself follows "mean_mark"'),
        (of_factor(change={"step": 2.0, "most": 1.0}), "largest change 1 is smaller than the smallest step 2"),
        (of_factor(change={"step": 0.0}), "step"),
        (of_factor(change={"stepp": 1.0}), "stepp"),
        (of_factor(sentences={"lv": {"what_if": "{valeu}"}}), "{valeu}"),
        (of_factor(sentences={"en": {"shared": "{now}"}}), "{now}"),
        ({"factors": {"mean_mark": {"sentences": {"lv": {"shared": "{word}"}}}}}, "{word}"),
        (of_construct(class_role="king"), '"king" is not in [roles]'),
        (of_construct(measure="magic"), '"magic" is not in [measures]'),
        (of_construct(class_step={"lv": "Pārrunāt ar {klase}"}), "{klase}"),
        (of_construct(school_step={"en": ""}), "school_step"),
    ],
)
def test_a_broken_change_is_refused_with_what_is_wrong(
    changes: dict[str, object], said: str, catalogue: Catalogue
) -> None:
    with pytest.raises(CatalogueError) as refusal:
        catalogue.extend(changes)
    assert said in refusal.value.message("en")
    assert refusal.value.message("lv") != refusal.value.message("en")


def test_words_are_given_in_both_languages_or_not_at_all(catalogue: Catalogue) -> None:
    only = {"sentences": {"lv": {"what_if_raw": "tā būtu {value}"}}}
    with pytest.raises(CatalogueError):
        catalogue.extend({"factors": {"motivation": only}})


def test_one_number_of_a_change_can_be_replaced_alone(catalogue: Catalogue) -> None:
    own = catalogue.extend({"factors": {"mean_mark": {"change": {"most": 1.0}}}}).factors["mean_mark"].change
    shipped = catalogue.factors["mean_mark"].change
    assert own is not None and shipped is not None
    assert (own.most, own.effort) == (1.0, shipped.effort)

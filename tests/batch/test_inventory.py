import datetime as dt
import json

import jsonschema
import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.batch.inventory import CATEGORIES, DataItem, data_inventory
from pumpurs_risk.catalogue import Audience, Catalogue

CATALOGUE = Catalogue.load()
UNTIL = dt.date(2028, 5, 31)


def inventory(frames, **more):
    given = {"purpose": "support", "keep_until": UNTIL, "lang": "en"} | more
    return data_inventory(frames, CATALOGUE, **given)


def known(**factors):
    frame = pd.DataFrame({"pupil_id": ["a", "b"], "school_id": ["s", "s"], "class_id": ["9.a", "9.b"]})
    for name in CATALOGUE.factors:
        frame[name] = factors.get(name, np.nan)
    return frame


def test_every_column_that_holds_something_stands_in_it_with_its_category():
    kept = {item.column: item for item in inventory({"factors": known(mean_mark=6.0, marriage=1.0, pregnancy=1.0)})}
    assert set(kept) == {"pupil_id", "school_id", "class_id", "mean_mark", "marriage", "pregnancy"}
    assert [kept[name].category for name in ("mean_mark", "marriage", "pregnancy")] == list(CATEGORIES)
    assert kept["mean_mark"].source == CATALOGUE.factors["mean_mark"].tables
    assert kept["pregnancy"].what == CATALOGUE.factors["pregnancy"].meaning["en"]
    assert all(item.keep_until == UNTIL and item.purpose == "support" for item in kept.values())


def test_who_sees_it_is_what_the_audiences_say():
    [item] = [i for i in inventory({"factors": known(pregnancy=1.0)}) if i.column == "pregnancy"]
    assert item.seen_by == ("support_staff",)
    for factor in CATALOGUE.factors:
        if factor == "programme_level":
            continue
        [item] = [i for i in inventory({"factors": known(**{factor: 1.0})}) if i.column == factor]
        for name in ("support_staff", "class_teacher", "head", "family_parent"):
            assert (name in item.seen_by) == Audience.load(name, CATALOGUE).sees(factor), (factor, name)
        assert "municipality" not in item.seen_by


def test_rows_that_speak_of_a_factor_are_named_by_it():
    evidence = pd.DataFrame({"pupil_id": ["a", "a"], "factor": ["pregnancy", "mean_mark"], "value": [1.0, 6.0]})
    kept = {item.column: item.category for item in inventory({"evidence": evidence})}
    assert kept["factor=pregnancy"] == "special"
    assert kept["factor=mean_mark"] == "ordinary"


def test_what_staff_write_freely_counts_as_sensitive_and_is_for_support_staff():
    decisions = pd.DataFrame({"pupil_id": ["a"], "decision": ["confirmed"], "note": ["talked"]})
    [item] = [i for i in inventory({"decisions": decisions}) if i.column == "note"]
    assert (item.category, item.seen_by, item.source) == ("sensitive", ("support_staff",), ("lists",))


def test_tables_without_pupils_or_rows_are_left_out():
    frames = {"schools": pd.DataFrame({"school_id": ["s"]}), "trend": pd.DataFrame({"pupil_id": []})}
    assert inventory(frames) == ()


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_legal_basis_is_the_controllers_to_state(lang):
    [first, *_] = inventory({"factors": known(mean_mark=6.0)}, lang=lang)
    assert first.legal_basis
    [stated, *_] = inventory({"factors": known(mean_mark=6.0)}, lang=lang, legal_basis="MK 1")
    assert stated.legal_basis == "MK 1"


def test_it_is_the_same_for_the_same_run_and_fits_its_schema():
    frames = {"factors": known(mean_mark=6.0, pregnancy=1.0)}
    assert inventory(frames) == inventory(frames)
    items = json.loads(msgspec.json.encode(inventory(frames)))
    schema = msgspec.json.schema(DataItem)
    for item in items:
        jsonschema.validate(item, schema)

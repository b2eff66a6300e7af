import datetime as dt
import importlib.util
import json
import tomllib
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.monitoring import attention, comparing, monitor_schema
from pumpurs_risk.monitoring.result import Attention
from pumpurs_risk.monitoring.wording import next_step_text, note_text, sentence_text
from pumpurs_risk.reports.monitor_page import monitor_page
from pumpurs_risk.resources import resource

_spec = importlib.util.spec_from_file_location("lists_by_hand", Path(__file__).with_name("lists_by_hand.py"))
by_hand = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(by_hand)
compared, made, roll, semester_of = by_hand.compared, by_hand.made, by_hand.roll, by_hand.semester_of
SPRING = dt.date(2027, 6, 1)
LOCALE = Path(comparing.__file__).parents[1] / "locale"


@pytest.fixture(scope="module")
def eventful():
    """Two lists between which much happened, and what became of the pupils."""
    pupils = roll(1200)
    first = made(
        semester_of(pupils, 1), places=0.1, titles={"school-1": "Ābeļu <b>pamatskola</b>", "school-2": "Žagaru"}
    )
    table = semester_of(pupils, 2, shift=0.05)
    table.loc[table["school_id"] == "school-1", "mean_mark"] = np.nan
    table.loc[table["school_id"] == "school-2", "absence_share"] += 0.08
    table = table[table["school_id"] != "school-3"].reset_index(drop=True)
    attributes = pd.DataFrame({"pupil_id": pupils["pupil_id"], "sex": np.resize(["female", "male"], 1200)})
    y = (np.random.default_rng(0).random(1200) < 0.15).astype(float)
    return compared(first, made(table, SPRING), attributes=attributes, y=y)


def test_the_first_line_says_that_nothing_needs_attention():
    pupils = roll()
    table = semester_of(pupils, 1)
    found = compared(made(table), made(table, dt.date(2027, 1, 20)))
    assert found.headline("en") == "Nothing needs attention now."
    assert found.headline("lv").startswith("Pašlaik nekam nav jāpievērš")
    assert found.attention == ()


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_alarm_is_a_sentence_with_a_next_step(eventful, lang):
    said = eventful.sentences(lang)
    assert len(said) == len(eventful.attention) >= 4
    for sentence, step in said:
        assert sentence.endswith((".", "”.")) and step.endswith((".", "?"))
        assert "{" not in sentence + step
    assert eventful.headline(lang).endswith(".")
    assert [a.weight for a in eventful.attention] == sorted(a.weight for a in eventful.attention)


def test_the_account_fits_its_schema_and_the_published_one_is_the_codes(eventful):
    published = json.loads(resource("data_schema", "monitor.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(monitor_schema()))
    for lang in ("lv", "en"):
        document = json.loads(json.dumps(eventful.to_dict(lang), allow_nan=False))
        jsonschema.validate(document, published)
        assert document["headline"] == eventful.headline(lang)


def test_no_pupil_stands_in_the_account(eventful):
    written = json.dumps(eventful.to_dict("lv"), ensure_ascii=False) + monitor_page(eventful.to_dict("lv"), "lv").html()
    assert not [p for p in roll(1200)["pupil_id"] if p in written]


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_page_says_the_first_line_first_and_escapes_what_schools_call_themselves(eventful, lang):
    html = monitor_page(eventful.to_dict(lang), lang).html()
    assert "<b>pamatskola</b>" not in html and "&lt;b&gt;pamatskola&lt;/b&gt;" in html
    assert html.index('class="verdict"') < html.index("<h2>")
    assert "{" not in html.partition("</style>")[2]
    assert ">None<" not in html and ">nan" not in html


def test_schools_stand_in_the_order_of_their_names_never_of_their_figures(eventful):
    html = monitor_page(eventful.to_dict("lv"), "lv").html()
    decisions = html[html.index("Ko atbalsta personāls") :]
    assert decisions.index("Ābeļu") < decisions.index("school-0") < decisions.index("Žagaru")


def test_tables_are_frames_with_their_columns_even_when_empty(eventful):
    for name in (
        "factors",
        "school_changes",
        "scores",
        "score_distances",
        "missing",
        "decisions",
        "differences",
        "followed",
    ):
        assert len(eventful.table(name).columns) >= 6
    with pytest.raises(KeyError):
        eventful.table("pupils")
    assert "school-3" in str(eventful)


PARAMS = {
    "schools": ["school-1"], "factors": ["absence_share"], "first": 0.2, "second": 0.3, "again": 0.25, "left": 21, "known": 300,
    "expected": 7.25, "share": 0.07, "prevalence": "0.07", "listed": 0.5, "others": 0.1, "slope": 0.6, "hits": 1, "by_lot": 2.5,
    "places": 10, "by": "sex", "group": "male", "lowest": "female", "highest": "male", "lowest_share": 0.1, "highest_share": 0.4,
    "n": 11, "distance": 0.1, "log_odds": 0.2, "local": False,
}  # fmt: skip


VARIANTS = {"factor_changed_levels", "dismissed_differs_few", "undecided_differs_few", "no_better_than_lots_few"}
"""Sentences of a code for figures that are not shown."""


def codes_in(lang, table):
    texts = tomllib.loads((LOCALE / lang / "monitoring.toml").read_text("utf-8"))
    return set(texts[table])


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_code_has_its_sentence_and_its_next_step(eventful, lang):
    found, steps = codes_in(lang, "found") - VARIANTS, codes_in(lang, "next")
    assert found == steps
    written = Path(attention.__file__).read_text("utf-8")
    for code in sorted(found):
        assert f'"{code}"' in written or code in ("dismissed_differs", "undecided_differs", "stopped", "more")
        for n in (1, 2, 11, 21):
            one = Attention(
                code=code, weight=1, params=PARAMS | {"n": n, "left": n, "schools": ["school-1"] * min(n, 3)}
            )
            assert "{" not in sentence_text(one, eventful, lang) + next_step_text(one, eventful, lang)
            unshown = msgspec.structs.replace(one, params=one.params | {"hits": None, "lowest_share": None})
            assert "{" not in sentence_text(unshown, eventful, lang)


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_every_note_is_said(eventful, lang):
    params = PARAMS | {"first_on": "2027-01-15", "second_on": "2027-06-01", "until": "2028-01-15", "both": 7}
    for code in sorted(codes_in(lang, "notes")):
        assert "{" not in note_text(Attention(code=code, weight=3, params=params), eventful, lang)


def test_the_day_stands_as_latvians_write_it(eventful):
    assert "15.01.2027." in eventful.to_dict("lv")["notes"][0]


@pytest.mark.parametrize(("lang", "said"), [("lv", "Dati ir izdomāti"), ("en", "The data are made up")])
def test_made_data_are_called_made_above_everything_else(lang, said):
    pupils = roll(200)
    first, second = made(semester_of(pupils, 1), made_up=True), made(semester_of(pupils, 2), SPRING)
    found = compared(first, second)
    html = monitor_page(found.to_dict(lang), lang).html()
    assert html.count(said) == 1 and html.index(said) < html.index('class="verdict"')
    assert found.to_dict(lang)["notes"][0].startswith(said)
    real = compared(made(semester_of(pupils, 1)), second)
    assert said not in monitor_page(real.to_dict(lang), lang).html()


def test_few_leavers_are_a_dash_in_every_table_and_sentence():
    pupils = roll(400)
    first, second = made(semester_of(pupils, 1), places=0.1), made(semester_of(pupils, 2), SPRING, places=0.1)
    y = np.zeros(400)
    y[:3] = 1
    found = compared(first, second, y=y)
    assert found.outcomes.left is None and found.outcomes.intercept is None
    for row in found.outcomes.rows:
        assert row.left is None and row.share_left is None and row.leavers_listed is None
    html = monitor_page(found.to_dict("en"), "en").html()
    assert "Left: –" in html and "Counts of 1 to 4" in html[html.index("Did what was expected happen") :]


@pytest.mark.parametrize("seed", range(6))
def test_tiers_bands_and_certainty_show_no_small_count_nor_leave_one_over(seed):
    pupils = roll(300, schools=12, seed=seed)
    first, second = made(semester_of(pupils, 1), places=0.1), made(semester_of(pupils, 2), SPRING, places=0.1)
    y = (np.random.default_rng(seed).random(300) < 0.12).astype(float)
    found = compared(first, second, y=y)
    whole = found.outcomes
    for by in ("tier", "band", "certainty", "school_id"):
        rows = [row for row in whole.rows if row.by == by]
        for name, total in (("pupils", whole.known), ("left", whole.left)):
            shown = [getattr(row, name) for row in rows if getattr(row, name) is not None]
            assert not [n for n in shown if 0 < n < 5]
            if total is not None:
                assert total - sum(shown) == 0 or total - sum(shown) >= 5
                assert len(rows) - len(shown) != 1
        assert not [
            row for row in rows if row.pupils is not None and row.left is not None and 0 < row.pupils - row.left < 5
        ]
    assert any(row.left is None for row in whole.rows)  # there was something to hide

"""Always true of a plan in Word: whatever stands in its fields comes back, and the same plan gives the same file."""

import datetime as dt
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.plans.plan import PlanAddition
from pumpurs_risk.reports.docx import PlanTemplate
from pumpurs_risk.reports.docx_checks import full_plan
from pumpurs_risk.reports.docx_controls import visible
from pumpurs_risk.reports.docx_reading import read_plan_docx

ANYTHING = st.text(
    st.characters() | st.sampled_from(string.whitespace + "<>&{}%\"'\x00\x1b\u2028\u202e\ufffe☒"), max_size=60
)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)).map(lambda day: day.isoformat())


@st.composite
def plans(draw):
    plan = full_plan(draw(st.sampled_from(LANGUAGES)))
    values = {"text": ANYTHING, "tick": st.sampled_from(["", "yes"]), "date": DAYS | st.just("")}
    fields = {}
    for tag, field in plan.fields.items():
        of_kind = st.sampled_from(["", *field.choices]) if field.kind == "choice" else values[field.kind]
        fields[tag] = msgspec.structs.replace(field, value=draw(of_kind))
    additions = draw(
        st.lists(
            st.builds(
                PlanAddition,
                place=st.sampled_from(["measures", "goals", "text", "comment"]),
                cells=st.lists(ANYTHING, min_size=1, max_size=3).map(tuple),
            ),
            max_size=3,
        )
    )
    return msgspec.structs.replace(plan, fields=fields, additions=tuple(additions), school=draw(ANYTHING))


@pytest.fixture(scope="module")
def templates():
    return {lang: PlanTemplate.load(lang=lang) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    return tmp_path_factory.mktemp("plans") / "plan.docx"


@given(plan=plans(), shown=ANYTHING)
def test_what_stands_in_a_plan_comes_back(templates, paper, plan, shown):
    catalogue = Catalogue.load()
    content = templates[plan.lang].render(plan, catalogue, shown=shown)
    paper.write_bytes(content)
    found = read_plan_docx(paper)
    assert found.plan_id == plan.plan_id
    expected = {tag: visible(field.value) for tag, field in plan.fields.items()}
    if not expected["draft_mark"].strip():
        expected["draft_mark"] = ""
    assert found.fields == expected
    written = [(a.place, tuple(map(visible, a.cells))) for a in plan.additions if any(c.strip() for c in a.cells)]
    assert sorted((a.place, a.cells) for a in found.additions) == sorted(written)
    assert templates[plan.lang].render(plan, catalogue, shown=shown) == content

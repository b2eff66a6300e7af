"""A support plan in Word: what is printed, that it is the same each time, and that it reads as a person would have it."""

import datetime as dt
import io
import os
import re
import zipfile
from pathlib import Path

import docxtpl
import jinja2
import msgspec
import pytest
from docx import Document
from lxml import etree

import pumpurs_risk.reports.docx as room
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.plans import PlanField, SupportPlanDraft
from pumpurs_risk.plans.plan import PlanAddition
from pumpurs_risk.reports.docx import PlanTemplate
from pumpurs_risk.reports.docx_checks import empty_plan, full_plan
from pumpurs_risk.reports.docx_package import W14, W
from pumpurs_risk.reports.docx_segments import content_text, tag_of
from pumpurs_risk.reports.docx_template import template as make_template
from pumpurs_risk.reports.docx_words import PlanWords

GOLDEN = Path(__file__).parents[1] / "golden"
HOSTILE = (
    '<script>alert(1)</script> {{ 7*7 }} {% for x in y %} =1+1 & "q" \x00\x07\u202e 😀👩‍👩‍👧\ttab\nline 2\n\nline 4 '
)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="module", params=["lv", "en"])
def lang(request):
    return request.param


@pytest.fixture(scope="module")
def template(lang):
    return PlanTemplate.load(lang=lang)


@pytest.fixture(scope="module")
def plan(lang):
    return made(lang)


def made(lang):
    return msgspec.json.decode((GOLDEN / f"made_plan_{lang}.json").read_bytes(), type=SupportPlanDraft)


def shipped(lang):
    return Path(room.__file__).parent / "templates" / f"plan_{lang}.docx"


def parts(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def body(content):
    return etree.fromstring(parts(content)["word/document.xml"])


def controls(content):
    found = {}
    for control in body(content).iter(f"{W}sdt"):
        found.setdefault(tag_of(control), control)
    return found


def lines(content):
    """Text of the document as a reader sees it, a table row a line."""
    told = []
    for element in body(content)[0]:
        if element.tag == f"{W}tbl":
            for row in element.iter(f"{W}tr"):
                told.append(" | ".join(content_text(cell).replace("\n", " / ") for cell in row.iter(f"{W}tc")))
        elif element.tag == f"{W}p":
            told.append(content_text(element).replace("\n", " / "))
    return [line for line in told if line.strip()]


def test_the_shipped_templates_are_those_that_the_module_makes(lang):
    assert shipped(lang).read_bytes() == make_template(lang)


def test_a_plan_reads_as_recorded(template, plan, catalogue, lang):
    told = lines(template.render(plan, catalogue, shown="Līga Bērziņa"))
    golden = GOLDEN / f"plan_{lang}.txt"
    if os.environ.get("PUMPURS_WRITE_GOLDEN"):
        golden.write_text("\n".join(told) + "\n", encoding="utf-8")
    assert "\n".join(told) + "\n" == golden.read_text(encoding="utf-8")


def test_the_fast_way_prints_the_text_that_docxtpl_prints(template, plan, catalogue, lang):
    slow = docxtpl.DocxTemplate(shipped(lang))
    words = PlanWords(plan, catalogue, "Līga", template.places).context()
    slow.render(words, jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined))
    out = io.BytesIO()
    slow.save(out)
    assert lines(out.getvalue()) == lines(template.render(plan, catalogue, shown="Līga"))


def test_the_same_plan_gives_the_same_bytes(template, plan, catalogue, lang):
    first = template.render(plan, catalogue)
    assert first == PlanTemplate.load(lang=lang).render(plan, catalogue)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("make", [full_plan, empty_plan])
def test_every_field_stands_in_a_control_with_its_tag(template, lang, catalogue, make):
    plan = make(lang)
    assert set(plan.fields) <= set(controls(template.render(plan, catalogue)))


def test_a_field_that_no_template_knows_is_printed_all_the_same(template, plan, catalogue):
    more = msgspec.structs.replace(plan, fields=plan.fields | {"measure.new.kind": PlanField(value="unheard of")})
    assert (
        content_text(controls(template.render(more, catalogue))["measure.new.kind"].find(f"{W}sdtContent"))
        == "unheard of"
    )


def test_choices_dates_and_ticks_are_controls_of_their_kind(template, plan, catalogue, lang):
    fields = plan.fields | {
        "application.on_file": PlanField(value="yes", kind="tick"),
        "risk.grades.result": msgspec.structs.replace(plan.fields["risk.grades.result"], value="eased"),
    }
    found = controls(template.render(msgspec.structs.replace(plan, fields=fields), catalogue))
    tick = found["application.on_file"].find(f".//{W14}checked")
    assert tick.get(f"{W14}val") == "1"
    assert found["risk.grades.tell_parents"].find(f".//{W14}checked").get(f"{W14}val") == "0"
    items = found["risk.grades.result"].findall(f".//{W}listItem")
    assert [item.get(f"{W}value") for item in items] == ["prevented", "eased", "unchanged", "worse"]
    shown = content_text(found["risk.grades.result"].find(f"{W}sdtContent"))
    assert shown == {"lv": "mazinājies", "en": "eased"}[lang]
    day = found["goal.grades.by"]
    assert day.find(f".//{W}date").get(f"{W}fullDate") == "2027-04-30T00:00:00Z"
    assert content_text(day.find(f"{W}sdtContent")) == {"lv": "30.04.2027.", "en": "30 April 2027"}[lang]
    assert [item.get(f"{W}value") for item in found["status"].iter(f"{W}listItem")][:2] == ["draft", "in_approval"]


def test_an_empty_field_shows_a_hint(template, plan, catalogue):
    view = controls(template.render(plan, catalogue))["pupil_view"]
    assert view.find(f".//{W}showingPlcHdr") is not None
    assert view.find(f".//{W}rStyle").get(f"{W}val") == "PlaceholderText"


def test_all_four_risk_groups_stand_there_and_those_with_a_risk_are_ticked(template, plan, catalogue):
    told = [line for line in lines(template.render(plan, catalogue)) if line[0] in "☒☐"]
    assert [line[0] for line in told] == ["☒", "☐", "☐", "☒"]


def test_the_mark_stands_on_every_page_until_a_person_removes_it(template, plan, catalogue):
    mark = plan.fields["draft_mark"].value
    printed = parts(template.render(plan, catalogue))
    assert mark in printed["word/header1.xml"].decode() and mark in printed["word/document.xml"].decode()
    removed = plan.fields | {"draft_mark": PlanField(drafted=mark, value="")}
    printed = parts(template.render(msgspec.structs.replace(plan, fields=removed), catalogue))
    assert mark not in printed["word/header1.xml"].decode() and mark not in printed["word/document.xml"].decode()


def test_a_name_is_printed_but_never_in_a_field_or_a_property(template, plan, catalogue):
    printed = parts(template.render(plan, catalogue, shown="Ūna Īve"))
    assert [name for name, xml in printed.items() if "Ūna Īve".encode() in xml] == ["word/document.xml"]
    named = [tag for tag, control in controls(template.render(plan, catalogue, shown="Ūna Īve")).items()
             if "Ūna Īve" in content_text(control.find(f"{W}sdtContent"))]  # fmt: skip
    assert named == ["shown"]
    assert plan.pupil_id in "\n".join(lines(template.render(plan, catalogue)))


def test_hostile_words_are_printed_as_words(template, plan, catalogue):
    fields = {tag: PlanField(value=HOSTILE) if field.kind == "text" else field for tag, field in plan.fields.items()}
    additions = (PlanAddition(place="measures", cells=(HOSTILE, "2")), PlanAddition(place="nowhere", cells=(HOSTILE,)))
    hostile = msgspec.structs.replace(
        plan, fields=fields, school=HOSTILE, municipality="A & B <b>", class_id=HOSTILE, additions=additions
    )
    content = template.render(hostile, catalogue, shown=HOSTILE)
    seen = HOSTILE.replace("\x00", "␀").replace("\x07", "␇")
    found = controls(content)
    for tag in ("pupil_view", "measure.mentor.what", "addition.measures.1.1", "addition.text.2.1", "shown"):
        assert content_text(found[tag].find(f"{W}sdtContent")) == seen
    assert any("A & B <b>" in line for line in lines(content))
    Document(io.BytesIO(content))


def test_a_text_of_ten_thousand_characters_is_whole(template, plan, catalogue):
    long = "Ļoti garš teksts. " * 600
    fields = plan.fields | {"notes": PlanField(value=long)}
    found = controls(template.render(msgspec.structs.replace(plan, fields=fields), catalogue))
    assert content_text(found["notes"].find(f"{W}sdtContent")) == long


def test_words_of_the_document_are_set_for_readers_and_screen_readers(template, plan, catalogue, lang):
    printed = parts(template.render(plan, catalogue))
    assert f'w:lang w:val="{ {"lv": "lv-LV", "en": "en-GB"}[lang] }"' in printed["word/styles.xml"].decode()
    assert f"<dc:language>{lang}</dc:language>" in printed["docProps/core.xml"].decode()
    assert plan.plan_id in re.search("<dc:title>(.*)</dc:title>", printed["docProps/core.xml"].decode())[1]
    document = etree.fromstring(printed["word/document.xml"])
    for table in list(document.iter(f"{W}tbl"))[1:]:
        assert table.find(f"{W}tr/{W}trPr/{W}tblHeader") is not None
        assert table.find(f"{W}tblPr/{W}tblCaption") is not None
    assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in document.iter(f"{W}tr"))
    ids = [control.find(f"{W}sdtPr/{W}id").get(f"{W}val") for control in document.iter(f"{W}sdt")]
    assert len(ids) == len(set(ids))


def test_word_opens_what_python_docx_opens(template, plan, catalogue):
    document = Document(io.BytesIO(template.render(plan, catalogue)))
    assert len(document.tables) == 10
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)


def test_dates_of_the_file_are_those_of_the_list(template, plan, catalogue):
    core = Document(io.BytesIO(template.render(plan, catalogue))).core_properties
    assert core.created == dt.datetime(2027, 1, 15, tzinfo=dt.UTC) and core.author == "pumpurs_risk"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="lang must be one of"):
        PlanTemplate.load(lang="xx")


def test_a_template_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PlanError) as error:
        PlanTemplate.load(tmp_path / "mana.docx")
    assert error.value.code == "plan_missing" and "mana.docx" in error.value.message("lv")

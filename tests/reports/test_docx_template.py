"""A municipality's own template: changed words are welcome; code, unknown names and gaps are refused with a sentence."""

import io
import zipfile
from pathlib import Path

import msgspec
import pytest

import pumpurs_risk.reports.docx as room
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.plans import SupportPlanDraft
from pumpurs_risk.reports.docx import PlanTemplate
from pumpurs_risk.reports.docx_reading import read_plan_docx

SHIPPED = Path(room.__file__).parent / "templates" / "plan_lv.docx"
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def change(tmp_path):
    """Make a template from the shipped one, with texts of its body (or of another part) replaced."""

    def changed(*pairs, part="word/document.xml", more=None):
        with zipfile.ZipFile(SHIPPED) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        xml = parts[part].decode()
        for before, after in pairs:
            assert before in xml
            xml = xml.replace(before, after, 1)
        parts[part] = xml.encode()
        path = tmp_path / "mana veidne.docx"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (parts | (more or {})).items():
                archive.writestr(name, content)
        return path

    return changed


def refused(path):
    with pytest.raises(PlanError) as error:
        PlanTemplate.load(path, "lv")
    for lang in LANGUAGES:
        assert path.name in error.value.message(lang)
    return error.value


def plan():
    return msgspec.json.decode((GOLDEN / "made_plan_lv.json").read_bytes(), type=SupportPlanDraft)


def test_words_can_be_changed_and_sections_moved(change, tmp_path):
    path = change(
        ("Riski un to pamatojums", "Kas mūs satrauc"),
        ("{{ plan.title }}", "Mežnovada {{ plan.short | lower }} {{ learner.dative | upper }}"),
    )
    content = PlanTemplate.load(path, "lv").render(plan(), Catalogue.load())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = archive.read("word/document.xml").decode()
    assert "Kas mūs satrauc" in told and "Mežnovada " in told and ">iap<" in told and ">SKOLĒNAM<" in told
    (tmp_path / "p.docx").write_bytes(content)
    found = read_plan_docx(tmp_path / "p.docx")
    assert found.fields == {tag: field.value for tag, field in plan().fields.items()}
    assert found.additions == ()


def test_a_tag_that_word_split_into_runs_is_mended(change):
    path = change(("{{ plan.title }}", "{{ pl</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>an.title }}"))
    PlanTemplate.load(path, "lv")


def test_the_look_of_a_tag_is_the_look_of_what_it_prints(change):
    run = '<w:r><w:t xml:space="preserve">{{ m.who }}</w:t></w:r>'
    path = change((run, run.replace("<w:r>", '<w:r><w:rPr><w:i/><w:color w:val="AA0000"/></w:rPr>')))
    content = PlanTemplate.load(path, "lv").render(plan(), Catalogue.load())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = archive.read("word/document.xml").decode()
    assert '<w:rPr><w:i/><w:color w:val="AA0000"/></w:rPr><w:t xml:space="preserve">sociālais pedagogs<' in told


def test_a_field_that_the_template_leaves_out_is_not_taken_for_removed(change, tmp_path):
    path = change(("{{ notes }}", ""))
    (tmp_path / "p.docx").write_bytes(PlanTemplate.load(path, "lv").render(plan(), Catalogue.load()))
    found = read_plan_docx(tmp_path / "p.docx")
    assert "notes" not in found.fields and found.missing == ("notes",)


@pytest.mark.parametrize("name", ["plan.nosaukums", "skolotajs", "m.ko", "learner.locative"])
def test_an_unknown_name_is_named(change, name):
    error = refused(change(("{{ m.what }}", f"Kas: {{{{ {name} }}}}")))
    assert error.code == "template_unknown"
    assert error.params["name"] == name.rpartition(".")[2]
    assert "Kas:" in error.params["where"]


def test_an_unknown_filter_is_named(change):
    assert refused(change(("{{ m.what }}", "{{ m.what | tulkot }}"))).params["name"] in ("|tulkot", "tulkot")


@pytest.mark.parametrize("tag", ["{{ m.what", "{{ m.what + }}", "{% if m.what %}", "{{ 1 | }}"])
def test_a_tag_that_is_not_understood_is_shown(change, tag):
    error = refused(change(("{{ m.what }}", f"Kas: {tag}")))
    assert error.code == "template_syntax" and error.params["detail"]


@pytest.mark.parametrize(
    "tag",
    [
        "{{ cycler.__init__.__globals__.os.system('touch x') }}", "{{ plan.__class__ }}", "{% import 'os' as os %}",
        "{% include '/etc/passwd' %}", "{{ ''.join(['a']) }}", "{{ range(10) }}", "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%1000000000d' % 1 }}", "{% set x = 1 %}", "{% macro x() %}{% endmacro %}", "{{ m.what.xml() }}",
        "{% for a in measures %}" * 4 + "{% endfor %}" * 4,
    ],
)  # fmt: skip
def test_code_is_refused(change, tag):
    error = refused(change(("{{ m.what }}", "{{ m.what }} " + tag)))
    assert error.code == "template_code" and error.params["detail"]


def test_code_in_a_header_is_refused(change):
    error = refused(change(("{{ plan.short }}", "{{ plan.short.__class__ }}"), part="word/header1.xml"))
    assert error.code == "template_code"


def test_code_behind_an_attribute_filter_is_refused(change):
    error = refused(change(("{{ m.what }}", "{{ m | attr('__class__') }} {{ m.what }}")))
    assert error.code in ("template_code", "template_unknown")


def test_macros_and_links_to_elsewhere_are_refused(change):
    macro = change(more={"word/vbaProject.bin": b"x"})
    assert refused(macro).code == "template_code"
    outside = (
        "</Relationships>",
        '<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"'
        ' Target="http://example.org/x.dotm" TargetMode="External"/></Relationships>',
    )
    error = refused(change(outside, part="word/_rels/document.xml.rels"))
    assert error.code == "template_code" and "example.org" in error.params["where"]


@pytest.mark.parametrize(
    ("tag", "missing"),
    [
        ("{{ draft_mark }}", "draft_mark"), ("{{ application.on_file }}", "application.on_file"),
        ("{{ pupil_view }}", "pupil_view"), ("{{ parents_view }}", "parents_view"), ("{{ review }}", "review"),
        ("{{ evaluation }}", "evaluation"),
        ("{{ risk.justification }}", "risk.attendance.justification"), ("{{ m.what }}", "measure.1.what"),
        ("{{ m.success }}", "measure.1.success"), ("{{ plan.id }}", "plan_id"), ("{{ signer.name }}", "sign.preparer.name"),
    ],
)  # fmt: skip
def test_a_required_field_that_is_not_printed_is_named(change, tag, missing):
    error = refused(change((tag, "")))
    assert error.code == "template_incomplete" and missing in error.params["missing"].split(", ")


def test_people_s_additions_must_have_a_place(change):
    error = refused(change(("{%p for row in added.text %}", "{%p for row in added.risks %}")))
    assert error.code == "template_incomplete" and "addition.text" in error.params["missing"]


def test_rows_added_to_a_table_that_the_template_does_not_continue_are_printed_as_text(change, tmp_path):
    path = change(("for row in added.measures", "for row in added.goals"))
    from pumpurs_risk.plans.plan import PlanAddition

    more = msgspec.structs.replace(plan(), additions=(PlanAddition(place="measures", cells=("pulciņš", "kas")),))
    (tmp_path / "p.docx").write_bytes(PlanTemplate.load(path, "lv").render(more, Catalogue.load()))
    found = read_plan_docx(tmp_path / "p.docx").additions
    assert [(a.place, a.cells) for a in found] == [("measures", ("pulciņš", "kas"))]


def test_a_choice_that_begins_in_a_table_and_ends_outside_is_told_as_such(change):
    path = change(
        ("{{ plan.class_name }}", "{% if plan.stopped %}"),
        ("{{ plan.application_note }}", "{% endif %}{{ plan.application_note }}"),
    )
    assert refused(path).code == "template_broken"


def test_a_file_that_is_no_word_document_is_refused(tmp_path):
    path = tmp_path / "mana veidne.docx"
    path.write_text("Veidne")
    assert refused(path).code == "plan_not_word"


def test_a_template_that_is_too_large_is_refused(change):
    from pumpurs_risk.reports import docx_compile

    path = change(("<w:body>", "<w:body>" + "<w:p/>" * (docx_compile.LARGEST_PART // 6)))
    assert refused(path).code == "plan_too_large"


@pytest.mark.parametrize(
    ("tag", "lv", "en"),
    [
        ("{{ m.what", "atzīmē trūkst }}", "the tag lacks }}"),
        ("{% if m.what %}", "trūkst noslēguma atzīmes {% endif %}", "the closing tag {% endif %} is missing"),
        ("{% endfor %}", "atzīmes {% endfor %} šeit nevar būt", "the tag {% endfor %} cannot stand here"),
        ("{{ m.what + }}", "atzīme nav pabeigta", "the tag is not finished"),
        ("{{ m.what vēl }}", "lieks vai nederīgs vārds „vēl”", "a wrong one: “vēl”"),
        ("{{ range(10) }}", "funkcijas izsaukums", "a call of a function"),
        ("{{ 'a' * 10 }}", "reizināšana", "multiplication"),
        ("{% include 'x' %}", "cita faila ielikšana", "taking in another file"),
        ("{% set x = 1 %}", "vērtības piešķiršana ({% set %})", "setting a value ({% set %})"),
    ],
)
def test_what_is_wrong_is_said_in_the_readers_language(change, tag, lv, en):
    error = refused(change(("{{ m.what }}", f"Kas: {tag}")))
    assert lv in error.message("lv") and en in error.message("en")
    for words in ("Jinja", "expected", "Encountered", "Call", "Mul", "Include", "Assign"):
        assert words not in error.message("lv")
    assert "{place}" not in error.message("lv") and "pie „" in error.message("lv")


def test_a_macro_is_told_without_an_empty_place(change):
    error = refused(change(more={"word/vbaProject.bin": b"x"}))
    assert "„”" not in error.message("lv") and "Word makro" in error.message("lv")
    assert "“”" not in error.message("en")


def test_a_cause_without_words_of_ours_is_left_out_of_the_latvian_sentence():
    from pumpurs_risk.reports.docx_faults import TemplateError, syntax_fault

    error = TemplateError("template_syntax", file="a.docx", where="x", detail="Some news", **syntax_fault("Some news"))
    assert "Some news" in error.message("en") and "Some news" not in error.message("lv")


def test_a_template_that_is_not_there_is_said_in_one_language(tmp_path):
    error = refused(tmp_path / "nav.docx")
    assert error.code == "plan_missing" and error.message("lv").startswith("Faila nav.docx nav.")

"""What people do to a plan in Word or LibreOffice comes back: no word is lost, nothing is executed."""

import datetime as dt
import io
import shutil
import subprocess
import zipfile
from copy import deepcopy
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import PlanError
from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.plans import PlanField, SupportPlanDraft
from pumpurs_risk.plans.plan import PlanAddition
from pumpurs_risk.reports import docx_package
from pumpurs_risk.reports.docx import PlanTemplate
from pumpurs_risk.reports.docx_checks import empty_plan
from pumpurs_risk.reports.docx_package import W14, W
from pumpurs_risk.reports.docx_reading import read_plan_docx
from pumpurs_risk.reports.docx_segments import tag_of

GOLDEN = Path(__file__).parents[1] / "golden"
XML = "{http://www.w3.org/XML/1998/namespace}"
LONG = "Ļoti garš <b>teksts</b> & {{ 7*7 }}\n" * 300


@pytest.fixture(scope="module")
def plan():
    return made("lv")


def made(lang):
    return msgspec.json.decode((GOLDEN / f"made_plan_{lang}.json").read_bytes(), type=SupportPlanDraft)


@pytest.fixture(scope="module")
def printed(plan):
    return PlanTemplate.load(lang="lv").render(plan, Catalogue.load(), shown="Līga Bērziņa")


class Paper:
    """A copy of a plan on somebody's desk, edited by changing its XML as Word would."""

    def __init__(self, content, path):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        self.root = etree.fromstring(self.parts["word/document.xml"])
        self.path = path

    def control(self, tag, number=0):
        return [control for control in self.root.iter(f"{W}sdt") if tag_of(control) == tag][number]

    def write(self, tag, *paragraphs, number=0):
        """Type over a field; the hint goes away."""
        control = self.control(tag, number)
        content = control.find(f"{W}sdtContent")
        for child in list(content):
            content.remove(child)
        for hint in control.findall(f"{W}sdtPr/{W}showingPlcHdr"):
            hint.getparent().remove(hint)
        for line, written in enumerate(paragraphs):
            if line:
                etree.SubElement(etree.SubElement(content, f"{W}r"), f"{W}br")
            content.append(run(written))
        return control

    def row(self, tag):
        return next(element for element in self.control(tag).iterancestors() if element.tag == f"{W}tr")

    def table(self, tag):
        return next(element for element in self.control(tag).iterancestors() if element.tag == f"{W}tbl")

    def after(self, tag, element):
        block = next(one for one in self.control(tag).iterancestors() if one.getparent().tag == f"{W}body")
        block.addnext(element)

    def read(self, name="any name.docx"):
        self.parts["word/document.xml"] = etree.tostring(self.root)
        return self.read_parts(name)

    def read_parts(self, name="any name.docx"):
        with zipfile.ZipFile(self.path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in self.parts.items():
                archive.writestr(part, content)
        return read_plan_docx(self.path / name)


def run(written):
    element = etree.Element(f"{W}r")
    word = etree.SubElement(element, f"{W}t")
    word.text = written
    word.set(f"{XML}space", "preserve")
    return element


def paragraph(*runs):
    element = etree.Element(f"{W}p")
    element.extend([run(one) if isinstance(one, str) else one for one in runs])
    return element


def row(*cells):
    element = etree.Element(f"{W}tr")
    for cell in cells:
        etree.SubElement(element, f"{W}tc").append(paragraph(cell))
    return element


def tracked(kind, *runs):
    element = etree.Element(f"{W}{kind}")
    element.extend(runs)
    return element


@pytest.fixture
def paper(printed, tmp_path):
    return Paper(printed, tmp_path)


def values(plan):
    return {tag: field.value for tag, field in plan.fields.items()}


def test_an_untouched_plan_comes_back_as_it_was(paper, plan):
    found = paper.read("Jānis – galīgais (2).docx")
    assert (found.plan_id, found.version, found.file) == (plan.plan_id, plan.version, "Jānis – galīgais (2).docx")
    assert found.fields == values(plan)
    assert (found.additions, found.missing, found.notes) == ((), (), ())
    assert found.modified == dt.datetime(2027, 1, 15, tzinfo=dt.UTC)


def test_what_a_person_types_is_read_with_its_lines(paper, plan):
    paper.write("pupil_view", "Patīk sports.", "", "Matemātika ir grūta.")
    paper.write("measure.mentor.who", "skolotāja K.")
    found = paper.read()
    assert found.fields["pupil_view"] == "Patīk sports.\n\nMatemātika ir grūta."
    assert found.fields["measure.mentor.who"] == "skolotāja K."
    assert found.additions == ()


def test_words_that_word_splits_into_runs_are_joined(paper):
    control = paper.write("notes", "vien", "")
    content = control.find(f"{W}sdtContent")
    for child in list(content):
        content.remove(child)
    content.append(run("vie"))
    etree.SubElement(content, f"{W}proofErr")
    content.append(run("ns vārds"))
    assert paper.read().fields["notes"] == "viens vārds"


@pytest.mark.parametrize("level", ["block", "cell"])
def test_a_control_that_word_moved_around_a_paragraph_or_a_cell_is_read(paper, level):
    control = paper.write("measure.mentor.what", "a", "b")
    parent = control.getparent()
    cell = parent.getparent()
    content = control.find(f"{W}sdtContent")
    moved = deepcopy(control)
    inside = moved.find(f"{W}sdtContent")
    for child in list(inside):
        inside.remove(child)
    inside.extend([paragraph("a"), paragraph("b")] if level == "block" else [deepcopy(cell)])
    if level == "block":
        cell.replace(parent, moved)
    else:
        kept = inside.find(f"{W}tc")
        for child in list(kept):
            kept.remove(child)
        kept.extend([paragraph("a"), paragraph("b")])
        cell.getparent().replace(cell, moved)
    assert content is not None
    assert paper.read().fields["measure.mentor.what"] == "a\nb"


def test_an_empty_field_stays_empty_in_every_language_of_word(paper):
    content = paper.control("notes").find(f"{W}sdtContent")
    content.find(f".//{W}t").text = "Klicken oder tippen Sie hier, um Text einzugeben."
    assert paper.read().fields["notes"] == ""


def test_words_typed_over_a_hint_count_even_if_the_hints_mark_was_left_behind(paper):
    content = paper.control("notes").find(f"{W}sdtContent")
    for child in list(content):
        content.remove(child)
    content.append(run("Mani vārdi"))
    assert paper.read().fields["notes"] == "Mani vārdi"


def test_a_box_that_was_ticked_is_yes(paper):
    paper.control("risk.grades.tell_parents").find(f".//{W14}checked").set(f"{W14}val", "true")
    assert paper.read().fields["risk.grades.tell_parents"] == "yes"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_choice_is_read_by_its_words_in_both_languages(paper, lang):
    paper.write("measure.mentor.result", text("docx.choices.measure_result.partly", lang))
    paper.write("status", "Saskaņošanā")
    found = paper.read()
    assert (found.fields["measure.mentor.result"], found.fields["status"]) == ("partly", "in_approval")


def test_a_choice_that_is_none_is_kept_as_text_with_a_note(paper):
    paper.write("readiness", "varbūt rīt")
    found = paper.read()
    assert found.fields["readiness"] == "varbūt rīt"
    code, params = found.notes[0]
    assert code == "choice_not_understood"
    assert "varbūt rīt" in text(f"docx.read.{code}", "lv", **params)


@pytest.mark.parametrize(
    "typed",
    [
        "15.01.2027.",
        "15.1.2027",
        "15/01/2027",
        "2027-01-15",
        "2027. gada 15. janvārī",
        "15 January 2027",
        "15. janvāris 2027",
    ],
)
def test_a_date_is_read_as_people_type_it(paper, typed):
    paper.write("application.date", typed)
    found = paper.read()
    assert found.fields["application.date"] == "2027-01-15" and found.notes == ()


@pytest.mark.parametrize("typed", ["pēc brīvlaika", "31.02.2027.", "15.13.2027"])
def test_a_date_that_is_none_is_kept_as_text_with_a_note(paper, typed):
    paper.write("application.date", typed)
    found = paper.read()
    assert found.fields["application.date"] == typed and found.notes[0][0] == "date_not_understood"


def test_inserted_text_counts_and_deleted_text_does_not(paper):
    content = paper.write("notes", "Sākums. ").find(f"{W}sdtContent")
    gone = etree.Element(f"{W}r")
    etree.SubElement(gone, f"{W}delText").text = "Vecais. "
    content.append(tracked("del", gone))
    content.append(tracked("ins", run("Jaunais.")))
    found = paper.read()
    assert found.fields["notes"] == "Sākums. Jaunais."
    assert ("tracked_changes", {}) in found.notes


def test_a_row_deleted_with_tracking_is_gone(paper):
    properties = paper.row("measure.mentor.what").find(f"{W}trPr")
    etree.SubElement(properties, f"{W}del")
    found = paper.read()
    assert "measure.mentor.what" not in found.fields and "measure.mentor.result" in found.fields
    assert found.missing == ()


def test_a_row_taken_out_is_absent_and_its_table_is_not_missing(paper):
    for tag in ("partner.education_board.reason", "strength.activity.text"):
        paper.row(tag).getparent().remove(paper.row(tag))
    found = paper.read()
    assert not any(tag.startswith(("partner.", "strength.")) for tag in found.fields)
    assert found.missing == () and found.additions == ()


@pytest.mark.parametrize(
    ("tag", "part"),
    [("risk.grades.justification", "risks"), ("risk.grades.result", "evaluation_risks"), ("measure.mentor.what", "measures"),
     ("measure.mentor.result", "evaluation_measures"), ("sign.head.name", "signatures"), ("goal.grades.text", "goals")],
)  # fmt: skip
def test_a_table_taken_out_is_missing(paper, tag, part):
    table = paper.table(tag)
    table.getparent().remove(table)
    assert paper.read().missing == (part,)


def test_a_required_view_whose_paragraph_was_deleted_is_missing_not_empty(paper):
    block = paper.control("parents_view").getparent()
    block.getparent().remove(block)
    found = paper.read()
    assert "parents_view" not in found.fields and found.missing == ("parents_view",)


def test_a_copied_row_that_was_filled_in_anew_is_an_addition(paper, plan):
    original = paper.row("measure.mentor.what")
    copied = deepcopy(original)
    original.addnext(copied)
    paper.write("measure.mentor.what", "peldēšanas pulciņš", number=1)
    found = paper.read()
    assert found.fields == values(plan)
    addition = found.additions[0]
    assert (addition.place, addition.cells[1].split("\n")[0]) == ("measures", "peldēšanas pulciņš")
    assert addition.by == "any name.docx" and len(found.additions) == 1


def test_a_new_row_without_controls_is_an_addition_with_its_cells(paper):
    paper.table("goal.grades.text").append(row("Iemācīties peldēt", "", "vasarā"))
    found = paper.read()
    assert found.additions == (
        PlanAddition(place="goals", cells=("Iemācīties peldēt", "", "vasarā"), by="any name.docx"),
    )


def test_a_row_written_into_an_empty_table_belongs_to_it(tmp_path):
    paper = Paper(PlanTemplate.load(lang="lv").render(empty_plan("lv"), Catalogue.load()), tmp_path)
    tables = list(paper.root.iter(f"{W}tbl"))
    for table, words in ((tables[4], "Iemācīties peldēt"), (tables[5], "Pulciņš")):  # goals, measures
        blank = table.findall(f"{W}tr")[1]
        blank.find(f"{W}tc/{W}p").append(run(words))
    assert [(a.place, a.cells) for a in paper.read().additions] == [
        ("goals", ("Iemācīties peldēt",)),
        ("measures", ("Pulciņš",)),
    ]


def test_paragraphs_lists_and_text_boxes_beside_the_fields_are_additions(paper):
    box = etree.fromstring(
        f'<w:p xmlns:w="{W[1:-1]}"><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>Ramītī</w:t></w:r></w:p>'
        "</w:txbxContent></w:pict></w:r></w:p>"
    )
    paper.after("pupil_view", box)
    paper.after("pupil_view", paragraph("Papildu ", tracked("ins", run("rindkopa."))))
    told = [(addition.place, addition.cells) for addition in paper.read().additions]
    assert told == [("text", ("Papildu rindkopa.",)), ("text", ("Ramītī",))]


def test_words_beside_a_control_are_an_addition_where_they_stand(paper):
    paper.control("measure.mentor.who").getparent().append(run(" vai cits"))
    assert [(a.place, a.cells) for a in paper.read().additions] == [("measures", (" vai cits",))]


def test_comments_and_footnotes_are_kept(paper):
    namespace = f'xmlns:w="{W[1:-1]}"'
    written = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>".format
    comment = f'<w:comment w:id="0" w:author="Anna">{written("Precizēt!")}</w:comment>'
    comment = f"<w:comments {namespace}>{comment}</w:comments>"
    note = f'<w:footnote w:type="separator"><w:p/></w:footnote><w:footnote w:id="2">{written("Sk. protokolu")}</w:footnote>'
    note = f"<w:footnotes {namespace}>{note}</w:footnotes>"
    paper.parts |= {"word/comments.xml": comment.encode(), "word/footnotes.xml": note.encode()}
    found = paper.read()
    assert [(a.place, a.cells) for a in found.additions] == [("comment", ("Precizēt!",)), ("text", ("Sk. protokolu",))]
    assert "Anna" not in repr(found)


@pytest.mark.parametrize("part", ["word/document.xml", "word/header1.xml"])
def test_the_draft_mark_is_gone_when_a_person_takes_it_out_in_either_place(paper, part):
    root = paper.root if part == "word/document.xml" else etree.fromstring(paper.parts[part])
    control = next(one for one in root.iter(f"{W}sdt") if tag_of(one) == "draft_mark")
    if part == "word/document.xml":
        control.getparent().remove(control)
    else:
        control.find(f"{W}sdtContent").remove(control.find(f"{W}sdtContent/{W}r"))
        paper.parts[part] = etree.tostring(root)
    found = paper.read()
    assert found.fields["draft_mark"] == "" and "draft_mark" not in found.missing


def test_a_name_corrected_by_hand_does_not_get_into_the_data(paper):
    paper.write("shown", "Līga Bērziņa-Ozola")
    assert "Ozola" not in repr(paper.read())


def test_without_properties_the_plan_is_known_by_its_locked_control(paper, plan):
    paper.parts["docProps/custom.xml"] = b""
    found = paper.read()
    assert (found.plan_id, found.version) == (plan.plan_id, plan.version)
    assert found.fields == values(plan)


def without_controls(paper):
    for control in list(paper.root.iter(f"{W}sdt")):
        parent, at = control.getparent(), control.getparent().index(control)
        for child in reversed(list(control.find(f"{W}sdtContent"))):
            parent.insert(at, child)
        parent.remove(control)


def test_controls_that_a_person_removed_are_found_by_their_bookmarks(paper, plan):
    without_controls(paper)
    found = paper.read()
    assert found.fields == values(plan) and found.additions == ()
    assert found.notes[0][0] == "controls_lost"


def test_without_controls_and_properties_no_row_counts_as_taken_out_and_no_word_is_lost(paper, plan):
    without_controls(paper)
    paper.parts["docProps/custom.xml"] = b""
    found = paper.read()
    assert found.plan_id == plan.plan_id  # from the header
    assert found.fields["draft_mark"] == "MELNRAKSTS"
    assert {"risks", "measures", "goals", "evaluation_risks", "signatures"} <= set(found.missing)
    assert plan.value("measure.mentor.what") in "\n".join(cell for a in found.additions for cell in a.cells)


def test_additions_are_printed_and_read_again(plan, tmp_path):
    additions = (
        PlanAddition(place="measures", cells=("pulciņš", "", "katru dienu\nun vēl"), by="a.docx"),
        PlanAddition(place="comment", cells=("Precizēt!",)),
        PlanAddition(place="text", cells=("Brīvs teksts",)),
    )
    more = msgspec.structs.replace(plan, additions=additions)
    (tmp_path / "b.docx").write_bytes(PlanTemplate.load(lang="lv").render(more, Catalogue.load()))
    found = read_plan_docx(tmp_path / "b.docx")
    assert [(a.place, a.cells) for a in found.additions] == [(a.place, a.cells) for a in additions]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_fields_come_back_whatever_stands_in_them(lang, tmp_path):
    words = [
        "<script>alert(1)</script> {{ 7*7 }}",
        "=1+1\ttab\n\n\u202eright to left\u202c",
        LONG,
        "👩‍👩‍👧 😀",
        "  spaces  ",
    ]
    plan = made(lang)
    fields = {
        tag: PlanField(value=words[number % len(words)]) if field.kind == "text" else field
        for number, (tag, field) in enumerate(plan.fields.items())
    }
    plan = msgspec.structs.replace(plan, fields=fields)
    (tmp_path / "p.docx").write_bytes(PlanTemplate.load(lang=lang).render(plan, Catalogue.load()))
    found = read_plan_docx(tmp_path / "p.docx")
    assert found.fields == values(plan) and found.additions == ()


@pytest.mark.slow
@pytest.mark.parametrize("way", [("docx",), ("odt", "docx")])
def test_what_libreoffice_saves_comes_back_whole(plan, tmp_path, needs_program, way):
    office = needs_program("soffice")
    fields = plan.fields | {
        "pupil_view": PlanField(value="Viens & divi\n\ntrīs <b>"),
        "risk.grades.tell_parents": PlanField(value="yes", kind="tick"),
        "risk.grades.result": msgspec.structs.replace(plan.fields["risk.grades.result"], value="worse"),
        "status": msgspec.structs.replace(plan.fields["status"], value="in_approval"),
    }
    plan = msgspec.structs.replace(plan, fields=fields)
    file = tmp_path / "p.docx"
    file.write_bytes(PlanTemplate.load(lang="lv").render(plan, Catalogue.load(), shown="Līga"))
    for number, kind in enumerate(way):
        out = tmp_path / str(number)
        command = [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", kind]
        subprocess.run([*command, "--outdir", str(out), str(file)], check=True, capture_output=True)
        file = out / f"p.{kind}"
    found = read_plan_docx(file)
    shutil.rmtree(tmp_path / "office", ignore_errors=True)
    assert found.fields == values(plan)
    assert (found.additions, found.missing) == ((), ())


# --- files that are no plan


def refused(path):
    with pytest.raises(PlanError) as error:
        read_plan_docx(path)
    for lang in LANGUAGES:
        assert path.name in error.value.message(lang)
    return error.value.code


def test_another_word_file_is_not_ours(tmp_path):
    from docx import Document

    document = Document()
    document.add_paragraph("Individuālā atbalsta plāns")
    document.save(tmp_path / "cits.docx")
    assert refused(tmp_path / "cits.docx") == "plan_not_ours"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "plan_old_word"),
        (b"%PDF-1.7", "plan_not_word"),
        (b"", "plan_not_word"),
    ],
)
def test_other_formats_are_told_apart(tmp_path, content, code):
    (tmp_path / "fails.doc").write_bytes(content)
    assert refused(tmp_path / "fails.doc") == code


def test_an_odt_is_told_what_to_do(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.odt", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<x/>")
    assert refused(tmp_path / "p.odt") == "plan_open_document"


def test_a_truncated_file_is_damaged(paper, printed, tmp_path):
    (tmp_path / "p.docx").write_bytes(printed[: len(printed) // 2])
    assert refused(tmp_path / "p.docx") == "plan_damaged"


def test_a_flipped_byte_is_damaged(printed, tmp_path):
    broken = bytearray(printed)
    at = printed.index(b"word/document.xml") + 200
    broken[at] ^= 0xFF
    (tmp_path / "p.docx").write_bytes(bytes(broken))
    assert refused(tmp_path / "p.docx") == "plan_damaged"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(docx_package, "LARGEST_CONTENT", 2**20)
    with zipfile.ZipFile(tmp_path / "b.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(2**21))
    assert refused(tmp_path / "b.docx") == "plan_too_large"


def test_an_entity_bomb_is_refused(paper, tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    paper.parts["word/document.xml"] = bomb.encode() + b"<x>&b;</x>"
    with pytest.raises(PlanError) as error:
        paper.read_parts()
    assert error.value.code == "plan_damaged"


def test_an_outside_entity_is_never_read(paper, tmp_path):
    (tmp_path / "secret.txt").write_text("noslēpums")
    outside = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret.txt">]>'
    document = etree.tostring(paper.root).decode().replace("MELNRAKSTS", "&a;")
    paper.parts["word/document.xml"] = (outside + document).encode()
    with pytest.raises(PlanError) as error:
        paper.read_parts()
    assert error.value.code == "plan_damaged"


def test_an_added_row_that_repeats_a_word_of_the_plan_stays_whole(paper):
    known = next(e.text for e in paper.table("risk.attendance.justification").iter(f"{W}t") if e.text.strip())
    paper.table("measure.mentor.what").append(row(known, "Šaha pulciņš", "", "Treneris"))
    assert [(a.place, a.cells) for a in paper.read().additions] == [
        ("measures", (known, "Šaha pulciņš", "", "Treneris"))
    ]

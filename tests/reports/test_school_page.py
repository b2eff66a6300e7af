"""What the school's page says, to whom, in which order; read from the HTML without a browser."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from lxml import html

from pumpurs_risk.catalogue.audience import Audience
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import LANGUAGES, text
from pumpurs_risk.reports.paper import SchoolReport
from pumpurs_risk.reports.school_page import school_page, write_school_page
from pumpurs_risk.reports.school_page_pictures import waterfall

AUDIENCES = ("support_staff", "class_teacher", "head")
NASTY = "</script><script>boom()</script>{{ 7*7 }}\u202eatpakaļ\u200f 👩‍🎓 \x00\x0b &amp; <b>&\"'" + "ļ" * 10_000


def read(page):
    return html.document_fromstring(page)


def said(element):
    return " ".join(" ".join(element.itertext()).split())


def section(page, name):
    return said(read(page).get_element_by_id(name))


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_whose_it_is_that_it_is_confidential_and_until_when(example_report, audience, lang):
    page = read(school_page(example_report(lang, audience)))
    top = said(page.find(".//header"))
    assert page.get("lang") == lang
    assert text("school_page.confidential", lang) in top
    assert text(f"school_page.audience.{audience}", lang, group="9.a") in top
    assert {"lv": "Derīgs līdz 28.05.2027.", "en": "Valid until 28 May 2027"}[lang] in top
    assert page.body.get("data-expires") == "2027-05-28"


def test_the_first_line_says_need_places_and_who_is_left_without(example_report):
    page = read(school_page(example_report("en")))
    assert said(page.find_class("lead")[0]).startswith(
        "15 pupils above the action threshold (9–24), 12 places for support, 3 pupils left without a place (0–12)"
    )


def test_patterns_come_before_any_name(example_report):
    page = school_page(example_report("lv"))
    body = page[page.index("<body") :]
    proposal = body.index("Kopīgas konsultācijas matemātikā")
    assert proposal < min(body.index(name) for name in ("Anna Bērziņa", "Līga Čakste", "Rūta Vītola"))
    assert "Attiecas uz 11 no 24 (46\u00a0%; ievērojot nejaušību – no 26\u00a0% līdz 67\u00a0%)." in body
    assert "sociālais pedagogs, līdz 29.01.2027." in section(page, "patterns")


def test_a_school_without_patterns_is_told_so(example_report):
    report = example_report("en")
    page = school_page(example_report("en", patterns=report.patterns.iloc[:0]))
    assert "no sign is more common" in section(page, "patterns")


def test_the_week_names_signs_and_the_top_of_the_list_with_step_role_and_day(example_report):
    week = section(school_page(example_report("en")), "week")
    assert "Kristiāns Ozoliņš-Kalniņš" in week and "Ūna Īve" in week
    assert "Cabinet Regulation No. 89" in week
    assert "Anna Bērziņa 9.a 24.8% of lessons were missed" in week
    assert (
        "Consultation with the social pedagogue: find the reasons for the absences social pedagogue, by 29 January 2027"
        in week
    )
    assert "Ēriks Žagars" not in week  # has no place


def test_one_dismissed_is_not_among_the_talks_of_the_week(example_report):
    report = example_report("en")
    dismissed = report.pupils.assign(decision=np.where(report.pupils["pupil_id"] == "s:000", "dismissed", ""))
    assert "Anna Bērziņa" not in section(school_page(example_report("en", pupils=dismissed)), "week")


def test_changes_name_those_who_left_who_came_back_and_who_is_missing(example_report):
    changes = section(school_page(example_report("en")), "changes")
    assert "New on the list" in changes
    assert "Rūta Vītola 9.b At another school since 12 December 2026." in changes
    assert re.search(r"Back on the list although dismissed earlier.*Kristiāns Ozoliņš-Kalniņš.*has risen", changes)
    assert re.search(r"Dismissed earlier, nothing has changed.*Jānis Ģēģeris.*mācās citur", changes)
    assert re.search(r"not on the school's new roster.*Oskars Liepa 9.a last seen 1 September 2026", changes)


@pytest.mark.parametrize("audience", ["class_teacher", "head"])
def test_only_support_staff_are_sent_to_the_file_that_they_alone_have(example_report, audience):
    assert "Excel" in section(school_page(example_report("en")), "changes")
    page = section(school_page(example_report("en", audience)), "main")
    assert "Excel" not in page and "tell the support staff" in page


def test_a_first_list_says_that_there_is_nothing_to_compare_with(example_report):
    report = example_report("en")
    empty = {name: getattr(report, name).iloc[:0] for name in ("changes", "missing")}
    first = report.pupils.assign(change="", change_text="", decision="", section="listed")
    page = school_page(example_report("en", pupils=first, **empty))
    assert "There is no earlier list to compare with" in section(page, "changes")
    assert "Since the last list" not in section(page, "pupils")


def test_a_class_that_is_not_stated_has_a_page_too(example_report):
    report = example_report("lv", "class_teacher")
    page = read(school_page(example_report("lv", "class_teacher", group="", pupils=report.pupils.assign(class_id=""))))
    assert said(page.find_class("lead")[0]) == "Pārskatā ir 12 skolēni bez norādītas klases"
    assert "klases vai grupas audzinātājam" in said(page.find(".//header"))


def test_what_would_change_an_estimate_is_told_only_to_those_who_may_know_numbers(example_report):
    assert "rīcības slieksni" in section(school_page(example_report("lv")), "p1")
    for audience in ("class_teacher", "head"):
        assert "aplēstais risks" not in section(school_page(example_report("lv", audience)), "pupils")


def test_a_construct_is_not_told_twice_by_its_first_factor(example_report):
    report = example_report("lv")
    second = "2026./2027. m. g. 1. semestrī neattaisnoti kavētas 14 stundas."
    lead = report.reasons.query("pupil_id == 's:000' and kind == 'risk' and rank == 1")
    lines = pd.concat([report.reasons, lead.assign(line=1, contribution=0.9), lead.assign(line=2, sentence=second)])
    first = section(school_page(example_report("lv", reasons=lines)), "p1")
    assert first.count(lead["sentence"].iloc[0]) == 1 and second in first


def test_classes_are_counted_by_what_is_to_be_done(example_report):
    report = example_report("en", n=24)
    table = read(school_page(report)).get_element_by_id("classes").find(".//table")
    rows = [[said(cell) for cell in row] for row in table.iter("tr")]
    assert rows[0][:2] == ["Class", "act now"] and rows[0][-1] == "All"
    assert [row[0] for row in rows[1:-1]] == ["7.c", "9.a", "9.b", "10.a"]
    assert rows[-1][-1] == str(len(report.pupils)) == str(sum(int(row[-1]) for row in rows[1:-1]))


def test_the_lines_of_a_sum_add_up_as_printed(example_report):
    page = read(school_page(example_report("en")))
    tables = page.find_class("sum")
    assert len(tables) == 12
    for table in tables:
        weights = [float(said(row[1]).replace("\N{MINUS SIGN}", "-")) for row in table.iter("tr")]
        assert round(sum(weights[:-1]), 2) == weights[-1]
        assert len(table.xpath(".//*[local-name()='svg']")) == len(weights)


def test_a_waterfall_begins_each_bar_where_the_one_before_ended():
    bars = waterfall([("base", -4.0), ("risk", 1.5), ("strength", -0.5), ("total", -3.0)])
    spans = [tuple(float(n) for n in re.findall(r'"([\d.]+)%"', bar)) for bar in bars]
    ends = [left + width for left, width in spans]
    assert spans[0][0] == spans[3][0] == 0
    assert spans[1][0] == pytest.approx(ends[0], abs=0.2)
    assert ends[2] == pytest.approx(ends[1], abs=0.2)
    assert ends[3] == pytest.approx(spans[2][0], abs=0.2)


@pytest.mark.parametrize(
    ("lang", "n", "local", "sentence"),
    [
        ("lv", 21, True, "No 100 skolēniem līdzīgā situācijā gada laikā mācības pārtrauca aptuveni 21 skolēns."),
        ("lv", 12, True, "No 100 skolēniem līdzīgā situācijā gada laikā mācības pārtrauca aptuveni 12 skolēni."),
        ("lv", 0, True, "No 100 skolēniem līdzīgā situācijā gada laikā mācības pārtrauca mazāk nekā 1."),
        ("lv", 12, False, "pārtrauks aptuveni 12 skolēni (pēc publicētiem pētījumiem; šeit vēl nav pārbaudīts)."),
        (
            "en",
            12,
            False,
            "about 12 are expected to leave school within a year (from published evidence, not yet checked here).",
        ),
        ("en", 12, True, "Of 100 pupils like this about 12 left school within a year."),
    ],
)
def test_certainty_is_said_of_a_hundred_alike_and_on_day_one_as_an_expectation(
    example_report, lang, n, local, sentence
):
    report = example_report(lang)
    report = example_report(
        lang, pupils=report.pupils.assign(per_100=n), summary={**report.summary, "has_local_outcomes": local}
    )
    assert sentence in section(school_page(report), "p1")


def test_trainees_are_called_trainees_and_their_classes_groups(example_report):
    page = school_page(example_report("lv", learner="trainee"))
    assert "Audzēknis" in page and "Grupa" in page
    own = re.sub(
        r"Vai skolē\w+|Cik liela ir skolēna|Nav zināms, vai skolēns", "", section(page, "pupils")
    )  # the catalogue's
    assert "skolēn" not in own.lower()


def test_a_class_teacher_sees_no_number_of_a_risk_and_no_rank(example_report):
    report = example_report("lv", "class_teacher", n=24)
    page = read(school_page(report))
    shown = said(page.get_element_by_id("pupils"))
    assert not page.find_class("sum") and not page.find_class("trend")
    assert "aptuveni 20–30 no 100" in shown and "zināms atbalsta personālam" in shown
    names = [
        said(row[0][0]) for row in page.get_element_by_id("pupils").iter("tbody") if row.get("data-status") == "listed"
    ]
    risks = dict(zip(report.pupils["shown"], report.pupils["order"], strict=True))
    assert names != sorted(names, key=risks.__getitem__)
    first = page.get_element_by_id("p1")
    assert [said(h) for h in first.iter("h3")][:2] == ["Kas palīdz", "Pamatojums"]
    assert said(first.xpath(".//ul")[1][-1]) == "zināms atbalsta personālam"


def test_the_order_of_rows_handed_in_tells_a_class_teacher_nothing(example_report):
    report = example_report("lv", "class_teacher", n=24)
    names = ("pupils", "signals", "changes")
    turned = {name: getattr(report, name).iloc[::-1].reset_index(drop=True) for name in names}
    assert school_page(example_report("lv", "class_teacher", n=24, **turned)) == school_page(report)


def test_a_head_gets_the_overview_before_names(example_report):
    page = school_page(example_report("lv", "head"))
    places = [page.index(f'<section id="{name}"') for name in ("patterns", "classes", "plans", "week", "pupils")]
    assert places == sorted(places)
    assert re.search(r"izstrādē 4 plāna vēl nav \d", section(page, "plans"))


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_says_how_to_use_the_list_and_for_what_not(example_report, audience, lang):
    shown = section(school_page(example_report(lang, audience)), "guidance")
    own = "guidance" if audience == "support_staff" else f"guidance.{audience}"
    for name in ("use", "never"):
        assert text(f"{own}.{name}.1", lang) in shown
    assert "{" not in shown


@pytest.mark.parametrize("audience", ["class_teacher", "head"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_page_says_by_itself_reveals_nothing(example_report, catalogue, audience, lang):
    report = example_report(lang, audience)
    names = ("reasons", "what_if", "questions", "signals", "patterns", "changes", "missing")
    page = school_page(
        example_report(lang, audience, **{name: getattr(report, name).iloc[:0] for name in names})
    ).lower()
    words = Audience.load(audience, catalogue).revealing_words(lang)
    assert len(words) > 10
    assert [word for word in words if word.lower() in page] == []


def test_the_staff_page_does_not_speak_of_sheets_that_it_does_not_have(example_report):
    assert "lapā „" not in section(school_page(example_report("lv")), "guidance")
    assert 'sheet "' not in section(school_page(example_report("en")), "guidance")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_report_without_anybody_is_a_page_that_says_so(example_report, audience):
    report = example_report("lv", audience)
    empty = {
        name: getattr(report, name).iloc[:0]
        for name in ("pupils", "reasons", "what_if", "questions", "signals", "trend", "patterns", "changes", "missing")
    }
    page = school_page(example_report("lv", audience, **empty))
    assert "Pārskatā šoreiz nav neviena." in section(page, "pupils")
    assert "Šonedēļ steidzamu sarunu nav." in section(page, "week")


def test_cells_that_hold_nothing_do_not_show_as_nan(example_report):
    report = example_report("lv")
    nothing = (
        "class_id",
        "programme",
        "band",
        "always_look",
        "change_text",
        "note",
        "step",
        "role_name",
        "plan",
        "change",
    )
    bare = report.pupils.assign(**dict.fromkeys((*nothing, "decision", "uncertain_cut")), per_100=np.nan, due=pd.NaT)
    page = section(school_page(example_report("lv", pupils=bare)), "pupils")
    assert not re.search(r"\b(nan|NaT|None)\b", page)
    assert "Nākamais solis vēl nav norādīts." in page


def test_a_frame_without_a_column_is_refused(example_report):
    report = example_report("lv")
    with pytest.raises(ValueError, match=r"SchoolReport\.pupils lacks the columns step"):
        school_page(example_report("lv", pupils=report.pupils.drop(columns="step")))


def hostile(report):
    """Every cell of every text column says something hostile, codes and ids excepted."""
    codes = {
        "pupil_id",
        "kind",
        "section",
        "tier",
        "certainty",
        "change",
        "decision",
        "scope",
        "factor",
        "signal",
        "semester",
    }
    frames = {}
    for name in ("pupils", "reasons", "what_if", "questions", "signals", "patterns", "changes", "missing"):
        frame = getattr(report, name)
        texts = [c for c in frame.columns if c not in codes and frame[c].map(lambda cell: isinstance(cell, str)).any()]
        frames[name] = frame.assign(**dict.fromkeys(texts, NASTY))
    return frames | {
        "title": NASTY + "\ud800",
        "municipality": NASTY,
        "run": NASTY,
        "notes": (NASTY,),
        "group": report.group and NASTY,
    }


@pytest.mark.parametrize("audience", AUDIENCES)
def test_hostile_text_comes_through_as_text(example_report, audience):
    report = example_report("lv", audience, n=2)
    page = school_page(example_report("lv", audience, n=2, **hostile(report)))
    page.encode("utf-8")
    tree = read(page)
    assert len(tree.findall(".//script")) == 2
    assert not tree.findall(".//b")
    assert "49" not in re.sub(r"[\d.:]+%?", lambda m: "" if m[0] != "49" else "49", said(tree.get_element_by_id("p1")))
    whole = "</script><script>boom()</script>{{ 7*7 }}\u202eatpakaļ\u200f 👩‍🎓"
    assert whole in said(tree.get_element_by_id("pupils"))
    assert "ļ" * 10_000 in page


def test_codes_nobody_knows_are_shown_and_not_lost(example_report):
    report = example_report("lv")
    odd = report.pupils.assign(section="<i>new section", certainty='"odd', decision="later")
    page = section(school_page(example_report("lv", pupils=odd)), "pupils")
    assert "<i>new section" in page and '"odd' in page and "later" in page


def test_the_page_allows_no_script_but_its_own_and_loads_nothing(example_report):
    page = school_page(example_report("lv"))
    policy = read(page).xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    assert not re.search(r"https?://", page)
    assert not read(page).xpath("//@style | //@onclick | //@src")


def test_same_report_same_bytes(example_report):
    assert school_page(example_report("lv")) == school_page(example_report("lv"))


def test_a_folder_that_is_not_there_is_said(example_report, tmp_path):
    with pytest.raises(RunError, match="parskats"):
        write_school_page(tmp_path / "none" / "parskats.html", example_report("lv"))


def test_a_report_needs_only_its_plain_facts(tmp_path):
    report = SchoolReport(
        "head",
        "x",
        "X",
        dt.date(2027, 1, 15),
        dt.date(2027, 5, 28),
        {"above": 1, "places": 0, "not_covered": 1},
        lang="en",
    )
    write_school_page(tmp_path / "x.html", report)
    assert "1 pupil above the action threshold" in (tmp_path / "x.html").read_text(encoding="utf-8")

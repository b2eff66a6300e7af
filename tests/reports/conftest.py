"""A paper as a school of twelve listed pupils would get it: long Latvian sentences, hostile names, every kind of sheet.

And a pen: writes into cells of a finished workbook as a person would, by editing its XML.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.reports import SchoolPaper, write_support_staff_workbook
from pumpurs_risk.reports.paper import (
    ADDED_COLUMNS,
    DETAIL_COLUMNS,
    GONE_COLUMNS,
    LIST_COLUMNS,
    MISSING_COLUMNS,
    NOT_ASSESSED_COLUMNS,
    OUT_OF_SCOPE_COLUMNS,
    QUESTION_COLUMNS,
    REPORT_PATTERN_COLUMNS,
    REPORT_PUPIL_COLUMNS,
    SIGNAL_COLUMNS,
    SchoolReport,
)

AS_OF = dt.date(2027, 1, 15)
DUE = dt.date(2027, 1, 29)
NAMES = (
    "Anna Bērziņa", "Kristiāns Ozoliņš-Kalniņš", "Līga Čakste", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "Ēriks Žagars",
    "Paula Ķirse", "Roberts Ņikiforovs", "Šarlote Zaķe", "Jānis Ģēģeris", "Ūna Īve", "Mārtiņš Rožkalns",
)  # fmt: skip
REASONS = {
    "lv": (
        "Kavēto stundu īpatsvars 2026./2027. m. g. 1. semestrī ir 24,8 % (9. klašu mediāna – 5,1 %).",
        "Semestra vērtējums ir zemāks par 4 ballēm 3 mācību priekšmetos: matemātika, fizika, svešvaloda (angļu).",
        "2026./2027. m. g. 1. semestrī neattaisnoti kavētas 23 stundas; ja to ir vairāk par 20, skola informē pašvaldību.",
        "Mācību motivācija novērtēta kā zema (2 no 3; klases audzinātājs, 15.01.2027.).",
    ),
    "en": (
        "24.8% of lessons were missed in semester 1 of 2026/2027 (median of grade 9: 5.1%).",
        "The semester mark is below 4 in 3 subjects: mathematics, physics, foreign language (English).",
        "23 lessons were missed without excuse in semester 1 of 2026/2027; above 20 the school informs the municipality.",
        "Motivation to learn is rated low (2 of 3; class teacher, 15 January 2027).",
    ),
}
STEPS = {
    "lv": (
        "Sociālā pedagoga konsultācija: noskaidrot kavējumu iemeslus",
        "Pedagoga konsultācijas (matemātika, fizika)",
    ),
    "en": ("Consultation with the social pedagogue: find the reasons for the absences", "Subject consultations"),
}
CHANGES = {
    "lv": ("", "jauns sarakstā", "situācija pasliktinājusies: kavēto stundu īpatsvars pieaudzis no 5 % līdz 24,8 %"),
    "en": ("", "new on the list", "worse: the share of lessons missed rose from 5% to 24.8%"),
}
ROLES = {"lv": ("sociālais pedagogs", "klases audzinātājs"), "en": ("social pedagogue", "class teacher")}


def pupils(
    first: int, last: int, lang: str, tier: str, *, class_id: str = "9.a", changed: bool = False
) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for i in range(first, last):
        sure = ("sure", "unsure", "not_enough_data")[i % 3 if tier != "ask_first" else 2]
        reasons = REASONS[lang]
        always = {"lv": "neattaisnoti kavējumi", "en": "unexcused lessons"}[lang] if i == 1 else ""
        decision, note = ("dismissed", "mācās citur") if i == 2 else ("", "")
        rows.append(
            (f"s:{i:03}", NAMES[i % 12] + ("" if i < 12 else f" {i}"), class_id, tier, sure, reasons[i % 4], reasons[(i + 1) % 4],
             STEPS[lang][i % 2], ROLES[lang][i % 2], DUE, always, decision, note, i, CHANGES[lang][i % 3] if changed else "")
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(LIST_COLUMNS))


def questions(lang: str) -> pd.DataFrame:
    said = {
        "lv": (
            ("Vai skolēns strādā algotu darbu, un cik stundu nedēļā?", "stundas nedēļā"),
            ("Vai skolēnam ir konflikti ar klasesbiedriem?", ""),
            ("Cik liela ir skolēna motivācija mācīties?", ""),
        ),
        "en": (
            ("Does the pupil do paid work, and how many hours a week?", "hours a week"),
            ("Are there conflicts with classmates?", ""),
            ("How low is the pupil's motivation to learn?", ""),
        ),
    }[lang]
    nan = float("nan")
    scale = {"lv": ("nav", "vāji izteikts", "izteikts", "ļoti izteikts"), "en": ("none", "slight", "clear", "strong")}[
        lang
    ]
    facts = (
        ("paid_work_hours", "number", (), 0.0, 80.0),
        ("lodging", "yes_no", (), nan, nan),
        ("motivation", "score", scale, 0.0, 3.0),
    )
    rows = []
    for i in range(12, 16):
        for (factor, kind, words, low, high), (question, unit) in zip(facts, said, strict=True):
            rows.append(
                (f"s:{i:03}", NAMES[i % 12] + f" {i}", "10.b", factor, question, "class_teacher", ROLES[lang][1], kind, words,
                 unit, low, high, "", i)
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(QUESTION_COLUMNS))


def details(lang: str) -> pd.DataFrame:
    strength, unknown = {
        "lv": ("Atbalstošs apstāklis: stundu sākuma kavējumu nav.", "Nav zināms, vai skolēns strādā algotu darbu."),
        "en": ("Strength: there was no lateness.", "It is not known whether the pupil does paid work."),
    }[lang]
    rows = []
    for i in range(2):
        who = (f"s:{i:03}", NAMES[i], "9.a")
        lines = [
            ("base", "", -4.087),
            ("risk", REASONS[lang][0], 1.2345),
            ("risk", REASONS[lang][1], 0.7551),
            ("strength", strength, -0.1249),
            ("unknown", unknown, float("nan")),
            ("total", "", -1.2999),
        ]
        rows += [(*who, *line) for line in lines]
    return pd.DataFrame(rows, columns=list(DETAIL_COLUMNS))


def make_paper(lang: str = "lv", **changes: Any) -> SchoolPaper:
    listed, ask_first = pupils(0, 12, lang, "act_now"), pupils(12, 16, lang, "ask_first", class_id="10.b")
    not_covered, watch = pupils(16, 19, lang, "watch"), pupils(19, 21, lang, "watch")
    uncertain = pd.concat([listed.tail(2), not_covered.head(1)]).assign(
        listed=[True, True, False], tie=[False, True, True]
    )
    sentence = REASONS[lang][2]
    source = {"lv": "MK 01.02.2011. noteikumi Nr. 89, 5. punkts", "en": "Cabinet Regulation No. 89 of 1 February 2011"}[
        lang
    ]
    signals = pd.DataFrame(
        [
            ("s:001", NAMES[1], "9.a", "unexcused", sentence, source, STEPS[lang][0], ROLES[lang][0], DUE, "", ""),
            ("s:090", "Zane Ābele", "7.c", "unexcused", sentence, source, STEPS[lang][0], ROLES[lang][0], DUE, "", ""),
            (
                "s:090",
                "Zane Ābele",
                "7.c",
                "failing",
                REASONS[lang][1],
                source,
                STEPS[lang][1],
                ROLES[lang][1],
                DUE,
                "",
                "",
            ),
        ],
        columns=list(SIGNAL_COLUMNS),
    )
    message = {
        "lv": "„11” nav iespējams vērtējums; gaidīts skaitlis no 1 līdz 10. Izlabojiet vai atstājiet šūnu tukšu.",
        "en": "11 is not a possible mark; expected a number from 1 to 10. Mend it or leave the cell empty.",
    }[lang]
    not_assessed = pd.DataFrame(
        [("9a_klase.xlsx", "Skolēni", 14, "Vidējais vērtējums", "=11", message)], columns=list(NOT_ASSESSED_COLUMNS)
    )
    reason = {"lv": "4. klase: saraksts ir par 5.–12. klasi", "en": "grade 4: the list is about grades 5 to 12"}[lang]
    why = {"lv": "Skolotāji ziņo par ilgstošu nomāktību.", "en": "Teachers report long low spirits."}[lang]
    facts: dict[str, Any] = {
        "school_id": "liepas-vsk",
        "title": "Liepas vidusskola",
        "municipality": "Kalnu novads",
        "as_of": AS_OF,
        "expires": dt.date(2027, 5, 28),
        "semester": "2026/2027-2",
        "run": "or_2027-01-15",
        "lang": lang,
        "summary": {
            "above": 15, "above_low": 9, "above_high": 24, "places": 12, "not_covered": 3, "not_covered_low": 0,
            "not_covered_high": 12, "threshold": 0.1, "places_given": True, "cut_by": "places", "has_local_outcomes": False,
        },
        "listed": listed,
        "ask_first": ask_first,
        "not_covered": not_covered,
        "watch": watch,
        "uncertain": uncertain,
        "questions": questions(lang),
        "signals": signals,
        "details": details(lang),
        "not_assessed": not_assessed,
        "out_of_scope": pd.DataFrame([("Emīls Egle", "4.a", reason)], columns=list(OUT_OF_SCOPE_COLUMNS)),
        "added": pd.DataFrame([("Inga Iesala", "8.b", why)], columns=list(ADDED_COLUMNS)),
    }  # fmt: skip
    return SchoolPaper(**(facts | changes))


def make_later_paper(lang: str = "lv", **changes: Any) -> SchoolPaper:
    """The same school's next list: what changed, who was dismissed before, who is missing."""
    listed, not_covered = (
        pupils(*span, lang, tier, changed=True) for span, tier in (((0, 12), "act_now"), ((16, 19), "watch"))
    )
    listed.loc[11, ["tier", "certainty"]] = "none", "sure"  # added by staff
    why = {
        "lv": "Lēmums 15.01.2027.: noraidīts – mācās citur. Kopš tā laika nav mainījies nekas būtisks.",
        "en": "Decision of 15 January 2027: dismissed. Nothing material has changed since.",
    }[lang]
    set_aside = pupils(30, 32, lang, "act_now").assign(decision="dismissed", note="mācās citur", why=why)
    seen = dt.date(2026, 9, 15)
    missing = [
        ("s:040", "Zigfrīds Zars", "9.b", seen, "", ""),
        ("s:041", "=1+1", "12.a", seen, "graduated", "Saņemts atestāts."),
        ("s:042", "Ņina Ķēķe", "", seen, "", ""),
    ]
    gone = {"lv": "mācās citā izglītības iestādē", "en": "is at another school"}[lang]
    facts = {
        "listed": listed,
        "not_covered": not_covered,
        "set_aside": set_aside,
        "missing": pd.DataFrame(missing, columns=list(MISSING_COLUMNS)).assign(date=["", "2026-06-12", ""]),
        "gone": pd.DataFrame([("Otto Ābols", "8.a", gone)], columns=list(GONE_COLUMNS)),
    }
    return make_paper(lang, **(facts | changes))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def example_paper() -> Callable[..., SchoolPaper]:
    return make_paper


@pytest.fixture
def later_paper() -> Callable[..., SchoolPaper]:
    return make_later_paper


@pytest.fixture
def later_workbook(tmp_path: Path) -> Path:
    path = tmp_path / "saraksts_2.xlsx"
    write_support_staff_workbook(path, make_later_paper())
    return path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "saraksts.xlsx"
    write_support_staff_workbook(path, make_paper())
    return path


SECTION_OF = ("listed",) * 5 + ("not_covered", "ask_first", "watch", "added", "set_aside", "signal", "watch")
CHANGE_OF = ("new", "worse", "same", "better", "", "worse")
CHANGE_WHY = {
    "lv": "Kavēto stundu īpatsvars pieaudzis no 6,1 % līdz 24,8 %.",
    "en": "The share of lessons missed has risen from 6.1% to 24.8%.",
}
STRENGTH = {
    "lv": ("Atbalstošs apstāklis: stundu sākuma kavējumu nav.", "Atbalstošs apstāklis: piedalās interešu izglītībā."),
    "en": ("Strength: there was no lateness.", "Strength: takes part in activities after lessons."),
}
UNKNOWN = {
    "lv": "Nav zināms, vai skolēns strādā algotu darbu.",
    "en": "It is not known whether the pupil does paid work.",
}
WHAT_IF = {
    "lv": "Ja neattaisnoti kavēto stundu skaits nepārsniegtu 5, aplēstais risks būtu zemāks par rīcības slieksni.",
    "en": "If no more than 5 lessons were missed without excuse, the estimated risk would be below the action threshold.",
}
HIDDEN = {"lv": "zināms atbalsta personālam", "en": "known to the support staff"}
PATTERN = {
    "lv": ("9.a klasē daudziem ir nepietiekams vērtējums matemātikā.",
           "Kopīgas konsultācijas matemātikā reizi nedēļā un saruna ar priekšmeta skolotāju", "sociālais pedagogs"),
    "en": ("Many in class 9.a have a failing mark in mathematics.",
           "Consultations in mathematics for the class once a week, and a talk with the subject teacher", "social pedagogue"),
}  # fmt: skip


def report_frames(lang: str, audience: str, n: int) -> dict[str, pd.DataFrame]:
    """Frames as an audience would get them: a class teacher no weights, a head no weights and a band."""
    nan, full = float("nan"), audience == "support_staff"
    pupils, reasons, what_if, asked, trend = [], [], [], [], []
    scale = questions(lang)
    for i in range(n):
        pupil, section = f"s:{i:03}", SECTION_OF[i % 12]
        shown = NAMES[i % 12] + ("" if i < 12 else f" {i}")
        class_id = "9.a" if audience == "class_teacher" else ("9.a", "9.b", "10.a", "7.c")[i // 3 % 4]
        tier = {"listed": "act_now", "added": "act_now", "ask_first": "ask_first", "signal": "none"}.get(
            section, "watch"
        )
        certainty = "not_enough_data" if section == "ask_first" else ("sure", "unsure")[i % 2]
        risk = 0.4 / (1 + 0.08 * i)
        change = CHANGE_OF[i % 6]
        pupils.append(
            (pupil, shown, class_id, "general", section, tier, certainty, risk if full else nan, 1.6 * risk if full else nan,
             {"lv": "aptuveni 20–30 no 100", "en": "about 20 to 30 of 100"}[lang], round(100 * risk) if full else nan,
             i % 4 == 3, i == 7, {"lv": "neattaisnoti kavējumi", "en": "unexcused lessons"}[lang] if i == 1 else "", change,
             CHANGE_WHY[lang] if change in ("worse", "better") else "", "dismissed" if i in (1, 9) else "",
             "mācās citur" if i == 9 and full else "", STEPS[lang][i % 2], ROLES[lang][i % 2], DUE + dt.timedelta(i % 3), i,
             {"lv": "izstrādē", "en": "being drafted"}[lang] if i % 3 == 0 else "")
        )  # fmt: skip
        lines = [
            ("base", 0, "", "", -4.087),
            ("risk", 1, "absence", REASONS[lang][i % 4], 1.2345),
            ("risk", 2, "marks", REASONS[lang][(i + 1) % 4], 0.7551),
            ("strength", 1, "lateness", STRENGTH[lang][0], -0.1249),
            ("strength", 2, "interests", STRENGTH[lang][1], -0.0821),
            ("unknown", 1, "work", UNKNOWN[lang], nan),
            ("rest", 0, "", "", 0.9),
            ("total", 0, "", "", -1.2999),
        ]
        if not full:
            lines = [(*line[:4], nan) for line in lines if line[0] not in ("base", "rest", "total")]
            lines.append(("hidden", 9, "", HIDDEN[lang], nan))
        reasons += [
            (pupil, kind, rank, 0, name, sentence, weight, name) for kind, rank, name, sentence, weight in lines
        ]
        what_if += [(pupil, 1, WHAT_IF[lang], 0.08 if full else nan, True)]
        asked += [
            (pupil, shown, class_id, *row[3:-2], "", i) for row in scale.head(3).itertuples(index=False, name=None)
        ]
        days = (dt.date(2026, 1, 16), dt.date(2026, 9, 1), AS_OF)
        semesters = ("2025/2026-2", "2026/2027-1", "2026/2027-2")
        trend += [
            (pupil, day, s, risk * (0.3 + 0.35 * k) if full else nan)
            for k, (day, s) in enumerate(zip(days, semesters, strict=True))
        ]
    frame = pd.DataFrame(pupils, columns=list(REPORT_PUPIL_COLUMNS))
    who = frame[["pupil_id", "shown", "class_id"]]
    changed = frame[frame["change"].ne("")].assign(text=frame["change_text"])
    gone = {"lv": "Kopš 12.12.2026. mācās citā skolā.", "en": "At another school since 12 December 2026."}[lang]
    left = pd.DataFrame([("moved_school", "s:900", "Rūta Vītola", "9.b", gone)],
                        columns=["change", "pupil_id", "shown", "class_id", "text"])  # fmt: skip
    source = {"lv": "MK 01.02.2011. noteikumi Nr. 89, 5. punkts", "en": "Cabinet Regulation No. 89 of 1 February 2011"}[
        lang
    ]
    signs = who[who.index.isin([1, 10])].assign(signal="unexcused", sentence=REASONS[lang][2], source=source, step=STEPS[lang][0],
                                     role_name=ROLES[lang][0], due=DUE, decision="", note="")  # fmt: skip
    sentence, proposal, role = PATTERN[lang]
    patterns = pd.DataFrame(
        [("class", "9.a", 24, 11, 11 / 24, 0.17, 0.26, 0.67, "failing_subjects", sentence, proposal, role, DUE)],
        columns=list(REPORT_PATTERN_COLUMNS),
    )
    return {
        "pupils": frame,
        "reasons": pd.DataFrame(
            reasons, columns=["pupil_id", "kind", "rank", "line", "name", "sentence", "contribution", "factor"]
        ),
        "what_if": pd.DataFrame(what_if, columns=["pupil_id", "rank", "sentence", "risk_after", "reached"]),
        "questions": pd.DataFrame(asked, columns=list(QUESTION_COLUMNS)),
        "signals": signs[list(SIGNAL_COLUMNS)],
        "trend": pd.DataFrame(trend, columns=["pupil_id", "as_of", "semester", "risk"]),
        "patterns": patterns,
        "changes": pd.concat([changed[["change", "pupil_id", "shown", "class_id", "text"]], left], ignore_index=True),
        "missing": pd.DataFrame(
            [("s:901", "Oskars Liepa", "9.a", dt.date(2026, 9, 1))], columns=["pupil_id", "shown", "class_id", "last_seen"]
        ),
    }  # fmt: skip


def make_report(lang: str = "lv", audience: str = "support_staff", n: int = 12, **changes: Any) -> SchoolReport:
    paper = make_paper(lang)
    facts: dict[str, Any] = {
        name: getattr(paper, name)
        for name in ("school_id", "title", "municipality", "as_of", "expires", "semester", "run", "lang", "summary")
    }
    facts |= {
        "audience": audience,
        "group": "9.a" if audience == "class_teacher" else "",
        "numbers": "full" if audience == "support_staff" else "band",
        **report_frames(lang, audience, n),
    }
    return SchoolReport(**(facts | changes))


@pytest.fixture(scope="session")
def example_report() -> Callable[..., SchoolReport]:
    return make_report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium; skip with a reason where it is absent, fail where the environment promises it."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if "chromium" in os.environ.get("PUMPURS_NEEDS", "").split(","):
            pytest.fail("chromium should be here but is not")
        pytest.skip("chromium is not installed")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()

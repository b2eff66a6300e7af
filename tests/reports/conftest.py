"""A paper as a school of twelve listed pupils would get it: long Latvian sentences, hostile names, every kind of sheet.

And a pen: writes into cells of a finished workbook as a person would, by editing its XML.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.reports import SchoolPaper, write_support_staff_workbook
from pumpurs_risk.reports.paper import (
    ADDED_COLUMNS,
    DETAIL_COLUMNS,
    LIST_COLUMNS,
    NOT_ASSESSED_COLUMNS,
    OUT_OF_SCOPE_COLUMNS,
    QUESTION_COLUMNS,
    SIGNAL_COLUMNS,
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
ROLES = {"lv": ("sociālais pedagogs", "klases audzinātājs"), "en": ("social pedagogue", "class teacher")}


def pupils(first: int, last: int, lang: str, tier: str, *, class_id: str = "9.a") -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for i in range(first, last):
        sure = ("sure", "unsure", "not_enough_data")[i % 3 if tier != "ask_first" else 2]
        reasons = REASONS[lang]
        always = {"lv": "neattaisnoti kavējumi", "en": "unexcused lessons"}[lang] if i == 1 else ""
        decision, note = ("dismissed", "mācās citur") if i == 2 else ("", "")
        rows.append(
            (f"s:{i:03}", NAMES[i % 12] + ("" if i < 12 else f" {i}"), class_id, tier, sure, reasons[i % 4], reasons[(i + 1) % 4],
             STEPS[lang][i % 2], ROLES[lang][i % 2], DUE, always, decision, note, i)
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


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def example_paper() -> Callable[..., SchoolPaper]:
    return make_paper


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "saraksts.xlsx"
    write_support_staff_workbook(path, make_paper())
    return path

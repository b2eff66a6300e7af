"""A municipality's folder as it really comes: seven schools expected, five formats, one missing, one twice, one unusable.

Nobody in it exists. The figures that must come out of it are worked out by hand in ``test_ugly_folder.py``.
"""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

AS_OF = "2027-01-15"

SETTINGS = """\
as_of = 2027-01-15
municipality = "Vizbuļu novads"
id_scope = "municipality"
lang = "lv"

[schools.abolu]
title = "Ābolu pamatskola"
programme = "general"
places = 2

[schools.berzu]
title = "Bērzu vidusskola"
programme = "general"
places = 2

[schools.ceru]
title = "Ceriņu tehnikums"
programme = "vocational"
places = 2

[schools.dadzu]
title = "Dadžu pamatskola"
programme = "general"
places = 1
semester = "2026/2027-1"

[schools.egles]
title = "Egļu pamatskola"
programme = "general"
places = 1
mapping = "egles/zurnals.toml"

[schools.gobu]
title = "Gobu pamatskola"

[schools.ievu]
title = "Ievu pamatskola"
"""

AUTUMN, SPRING, AUTUMN_BEFORE = "2026/2027-1", "2025/2026-2", "2025/2026-1"


def write(folder: Path) -> Path:
    """Write the whole folder; give its path."""
    folder.mkdir(parents=True)
    (folder / "pumpurs.toml").write_text(SETTINGS, encoding="utf-8")
    write_abolu(folder / "abolu")
    write_berzu(folder / "berzu")
    write_ceru(folder / "ceru")
    write_dadzu(folder / "dadzu")
    write_egles(folder / "egles")
    (folder / "gobu").mkdir()
    (folder / "gobu" / "skoleni.xlsx").write_bytes(bytes(range(256)) * 40)  # no workbook at all
    return folder


# --- Ābolu pamatskola: three CSV files of a Latvian Excel, one of them handed in twice


def write_abolu(place: Path) -> None:
    place.mkdir()
    for name, lines in {"skoleni": ABOLU_PUPILS, "kavejumi": abolu_absences(), "vertejumi": ABOLU_MARKS}.items():
        (place / f"{name}.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1257"))
    (place / "kavejumi (1).csv").write_bytes((place / "kavejumi.csv").read_bytes())


ABOLU_PUPILS = [
    "Identifikators;Semestris;Klase;Dzimšanas gads;Mācās šajā skolā no",
    "0101;2025/2026-1;8.a;2011;",
    "0101;2025/2026-2;8.a;2011;",
    "0101;2026/2027-1;9.a;2011;",
    "0101;2026/2027-1;9.a;2011;",  # the same row twice
    " 0102 ;2026/2027-1; 9.a ;2010;",  # stray spaces
    "0103;2026/2027-1;9.a;2009;01.09.2026.",
    "0104;2025/2026-2;8.a;2011;",
    "0104;2026/2027-1;9.a;2011;",
    "0105;2026/2027-1;9.a;2012;",
    "0106;2026/2027-1;9.a;;",
    "0107;2026/2027-1;9.a;2011;01.09.2023.",  # in November this pupil moved to Bērzu vidusskola
    "0108;2025/2026-1;7.b;2012;",
    "0108;2025/2026-2;7.b;2012;",
    "0108;2026/2027-1;7.b;2012;",
    "0109;2026/2027-1;9.a;2011;",
    "0109;2026/2027-3;9.a;2011;",  # nobody defined a third semester
    "ce01;2025/2026-2;9.a;2008;",  # now at Ceriņu tehnikums
]


def abolu_absences() -> list[str]:
    """One row per lesson missed, as a journal gives it."""
    lines = ["Identifikators;Datums;Stunda;Kavējums;Kavētās stundas;Attaisnojuma datums"]

    def missed(pupil: str, day: str, lessons: range, code: str, number: str = "", excused: str = "") -> None:
        lines.extend(f"{pupil};{day};{lesson};{code};{number};{excused}" for lesson in lessons)

    missed("0102", "2026-10-05T08:30:00+03:00", range(1, 2), "ns")  # a time with its zone
    missed("0102", "05.10.2026.", range(2, 6), "ns")
    missed(" 0102", "06.10.2026.", range(1, 6), "ns")
    missed("0102", "09.11.2026.", range(1, 3), "n")
    for day in ("14.09.2026.", "21.09.2026.", "28.09.2026.", "12.10.2026."):
        missed("0103", day, range(1, 7), "n")
    missed("0103", "30.11.2026.", range(1, 5), "n")
    missed("0103", "17.12.2026.", range(1, 3), "n")
    missed("0103", "12.01.2027.", range(1, 4), "n")  # after the semester
    for day in ("03.09.2026.", "10.09.2026.", "17.09.2026.", "08.10.2026.", "12.11.2026.", "19.11.2026."):
        missed("0104", day, range(1, 2), "nokavēja")
    missed("0104", "23.11.2026.", range(5, 6), "aizgāja agrāk", "2")
    missed("0105", "14.12.2026.", range(1, 4), "ns", "", "20.01.2027.")  # the excuse came after the list
    missed("0105", "10.12.2026.", range(1, 5), "ns", "", "14.12.2026.")
    missed("0105", "25.11.2026.", range(1, 7), "skolas pasākums")
    missed("0106", "02.11.2026.", range(1, 2), "n", "2,5")
    missed("0106", "03.11.2026.", range(1, 2), "n", "-2")
    missed("0106", "31.02.2026.", range(1, 2), "n")
    missed("0106", "04.11.2026.", range(1, 2), "7")  # a mark where the kind of absence belongs
    missed("0108", "08.09.2026.", range(1, 5), "ns")
    missed("9999", "05.10.2026.", range(1, 2), "n")  # nobody knows this pupil
    return lines


ABOLU_MARKS = [
    "Identifikators;Priekšmets;Datums;Veids;Semestris;Vērtējums",
    "0101;matemātika;29.05.2026.;semestra;2025/2026-2;7",
    "0101;latviešu valoda;29.05.2026.;semestra;2025/2026-2;9",
    "0101;vēsture;29.05.2026.;semestra;2025/2026-2;9",
    "0101;matemātika;18.12.2026.;semestra;2026/2027-1;8",
    "0101;latviešu valoda;18.12.2026.;semestra;2026/2027-1;9",
    "0101;vēsture;18.12.2026.;semestra;2026/2027-1;7",
    "0102;matemātika;18.12.2026.;semestra;2026/2027-1;3",
    "0102;matemātika;13.10.2026.;ikdienas;;n",  # work not handed in: neither a mark nor an absence
    "0102;latviešu valoda;18.12.2026.;semestra;2026/2027-1; 4 ",
    "0102;fizika;18.12.2026.;semestra;2026/2027-1;nv",
    "0102;vēsture;12.10.2026.;ikdienas;;5",
    "0102;vēsture;26.10.2026.;ikdienas;;6(p.d.)",
    "0102;vēsture;09.11.2026.;ikdienas;;4|7",
    "0102;angļu valoda;12.10.2026.;ikdienas;;9",
    "0102;angļu valoda;09.11.2026.;ikdienas;;10",
    "0103;matemātika;18.12.2026.;semestra;2026/2027-1;1",
    "0103;latviešu valoda;18.12.2026.;semestra;2026/2027-1;3",
    "0103;fizika;18.12.2026.;semestra;2026/2027-1;11",  # no such mark
    "0103;vēsture;05.10.2026.;ikdienas;;7 8(p.d.)",
    '0103;vēsture;23.11.2026.;ikdienas;;"7; 8"',
    "0104;matemātika;29.05.2026.;semestra;2025/2026-2;6",
    "0104;matemātika;05.06.2026.;gada;;7",
    "0104;matemātika;18.12.2026.;semestra;2026/2027-1;8",
    "0104;latviešu valoda;18.12.2026.;semestra;2026/2027-1;5",
    "0105;matemātika;07.01.2027.;semestra;;5",  # written down after the holidays: still the semester before
    "0105;latviešu valoda;18.12.2026.;semestra;2026/2027-1;7,5",
    "0105;sports;18.12.2026.;semestra;2026/2027-1;atb",
    "0108;matemātika;18.12.2026.;semestra;2026/2027-1;nv",
    "0108;latviešu valoda;18.12.2026.;semestra;2026/2027-1;nv",
    "0108;latviešu valoda;11.01.2027.;semestra;2026/2027-1;6",
    "0108;vēsture;18.12.2026.;semestra;2026/2027-1;4",
    "0109;matemātika;18.12.2026.;semestra;2026/2027-1;5",
    "0109;latviešu valoda;18.12.2026.;semestra;2026/2027-1;4",
    "0109;vēsture;18.12.2026.;semestra;2026/2027-1;6",
    "0109;vēsture;20.11.2026.;ikdienas;;85%",
]


# --- Bērzu vidusskola: one workbook, a sheet per table, a register of every day


def school_days(first: str, last: str) -> list[dt.date]:
    """Monday to Friday from one day to another, both counted, without the autumn break, 18 November and the New Year break."""
    day, end, found = dt.date.fromisoformat(first), dt.date.fromisoformat(last), []
    while day <= end:
        away = dt.date(2026, 10, 19) <= day <= dt.date(2026, 10, 23) or dt.date(2026, 12, 19) <= day < dt.date(
            2027, 1, 4
        )
        if day.weekday() < 5 and not away and day != dt.date(2026, 11, 18):
            found.append(day)
        day += dt.timedelta(days=1)
    return found


def berzu_register() -> list[list[object]]:
    """A row per pupil and school day with the lessons of the day (8), from enrolment to the day before the list."""
    told = {
        (201, dt.date(2026, 10, 5)): ("ns", 8),
        (201, dt.date(2026, 10, 6)): ("ns", 8),
        (201, dt.date(2026, 10, 7)): ("ns", 8),
        (201, dt.date(2026, 10, 8)): ("ns", 8),
        (201, dt.date(2026, 10, 9)): ("ns", 8),
        (201, dt.date(2026, 11, 20)): ("n", 3),
        (201, dt.date(2026, 12, 17)): ("n", 2),
        (202, dt.date(2026, 11, 2)): ("ns", 8),
        (203, dt.date(2026, 9, 7)): ("nokavēja", 0),
        (203, dt.date(2026, 9, 14)): ("nokavēja", 0),
        (203, dt.date(2026, 10, 5)): ("nokavēja", 0),
        (203, dt.date(2026, 11, 23)): ("nokavēja", 0),
        (203, dt.date(2027, 1, 11)): ("nokavēja", 0),
        ("0107", dt.date(2026, 11, 10)): ("n", 4),
    }
    rows: list[list[object]] = []
    for pupil, first in ((201, "2026-09-01"), (202, "2026-10-26"), (203, "2026-09-01"), ("0107", "2026-11-02")):
        for day in school_days(first, "2027-01-14"):
            code, missed = told.get((pupil, day), ("klāt", 0))
            rows.append([pupil, day, code, missed, 8])
    return rows


def write_berzu(place: Path) -> None:
    place.mkdir()
    day = dt.date.fromisoformat
    finals = [
        (201, "matemātika", 10), (201, "latviešu valoda", 9), (201, "angļu valoda", 8), (201, "fizika", 9),
        (202, "matemātika", 3), (202, "latviešu valoda", 3), (202, "angļu valoda", 5),
        (203, "matemātika", 6), (203, "latviešu valoda", 7),
        ("0107", "matemātika", 5), ("0107", "latviešu valoda", 6), ("0107", "sports", "i"),
    ]  # fmt: skip
    sheets: dict[str, list[list[object]]] = {
        "Skolēni": [
            ["Bērzu vidusskola, 2026./2027. m. g."],  # a title, as people put above a table
            [],
            ["Identifikators", "Semestris", "Klase", "Dzimšanas gads", "Mācās šajā skolā no"],
            [201, SPRING, "11.a", 2008, None],
            [201, AUTUMN, "12.a", 2008, None],
            [202, AUTUMN, "10.b", 2010, day("2026-10-26")],
            [203, SPRING, "10.b", 2009, None],
            [203, AUTUMN, "10.b", 2009, None],
            ["0103", AUTUMN_BEFORE, "8.b", 2009, None],
            ["0103", SPRING, "8.b", 2009, None],
            ["0107", AUTUMN, "9.c", 2011, day("2026-11-02")],
        ],
        "Kavējumi": [
            ["Identifikators", "Datums", "Kavējums", "Kavētās stundas", "Notikušās stundas"],
            *berzu_register(),
        ],
        "Vērtējumi": [
            ["Identifikators", "Priekšmets", "Datums", "Veids", "Semestris", "Vērtējums"],
            *([pupil, subject, day("2026-12-18"), "semestra", AUTUMN, mark] for pupil, subject, mark in finals),
            [203, "fizika", day("2026-11-12"), "pārbaudes darbs", None, "85%"],
        ],
        "Uzvedība": [
            ["Identifikators", "Datums", "Starpgadījums"],
            [202, day("2026-10-14"), "konflikts ar klasesbiedru"],
            [202, day("2026-11-26"), "konflikts ar klasesbiedru"],
            [202, day("2026-12-03"), "konflikts ar skolotāju"],
            [203, day("2026-09-16"), "mobings"],
            [203, day("2026-10-01"), "vardarbība"],
            [203, day("2026-06-01"), "noteikumu pārkāpums"],  # before the school year
            [203, day("2026-09-30"), "noteikumu pārkāpums"],
            [203, day("2026-12-18"), "noteikumu pārkāpums"],  # the semester's last day
            [203, day("2027-01-11"), "noteikumu pārkāpums"],  # after the semester
        ],
    }
    with xlsxwriter.Workbook(place / "E-žurnāls.xlsx", {"default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for r, row in enumerate(rows):
                page.write_row(r, 0, row)


# --- Ceriņu tehnikums: Parquet files in the contract's own columns


def date_column(texts: list[str | None]) -> pa.Array:
    return pa.array([None if t is None else dt.date.fromisoformat(t) for t in texts], pa.date32())


def columns(names: str, rows: list[tuple[object, ...]]) -> pa.Table:
    """Make a table; columns that hold dates are called so, and all numbers are floats."""
    made = {}
    for position, name in enumerate(names.split()):
        cells = [row[position] for row in rows]
        if name in {"date", "enrolled_from", "excused_on", "recorded_on", "corrected_on", "date_from", "date_to"}:
            made[name] = date_column(cells)
        elif any(isinstance(cell, int | float) for cell in cells):
            made[name] = pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
        else:
            made[name] = pa.array(cells, pa.string())
    return pa.table(made)


def write_ceru(place: Path) -> None:
    place.mkdir()
    for name, table in ceru_tables().items():
        pq.write_table(table, place / f"{name}.parquet")


def ceru_tables() -> dict[str, pa.Table]:
    year = "2026-09-01", "2026-12-18", "2027-01-04", "2027-05-31"
    return {
        "pupils": columns(
            "pupil_id school_id semester programme level class_id birth_year enrolled_from distance lodging repeated_level "
            "school_changes",
            [
                ("ce01", "ceru", AUTUMN, "vocational", 1, "1.A", 2008, None, None, None, None, None),
                ("ce02", "ceru", AUTUMN, "vocational", 1, "1.B", 2010, "2026-10-05", None, None, None, None),
                ("ce03", "ceru", SPRING, "vocational", 1, "1.A", 2009, None, None, None, None, None),
                ("ce03", "ceru", AUTUMN, "vocational", 2, "2.A", 2009, None, None, None, None, None),
                ("ce04", "ceru", AUTUMN, "vocational", 3, "3.A", 2007, None, 2, 1, 1, 2),
                ("ce05", "ceru", AUTUMN, "vocational", 1, "1.A", 2010, None, None, None, None, None),
            ],
        ),
        "semesters": columns(  # lessons held: 7 a day, in the class 1.A 8
            "school_id programme class_id semester date_from date_to school_days lessons_held",
            [
                ("ceru", "vocational", None, AUTUMN, year[0], year[1], 73, 511),
                ("ceru", "vocational", "1.A", AUTUMN, year[0], year[1], 73, 584),
                ("ceru", "vocational", None, "2026/2027-2", year[2], year[3], 98, 686),
                ("ceru", "vocational", "1.A", "2026/2027-2", year[2], year[3], 98, 784),
            ],
        ),
        "absences": columns(
            "pupil_id date lessons_missed status recorded_on record_id",
            [
                ("ce01", "2026-09-07", 6, "excused_illness", None, None),
                ("ce01", "2026-09-08", 6, "excused_illness", None, None),
                ("ce01", "2026-09-21", 7, "absent_unexcused", None, None),
                ("ce01", "2026-09-22", 7, "absent_unexcused", None, None),
                ("ce01", "2026-10-05", 7, "absent_unexcused", None, None),
                ("ce01", "2026-11-23", 4, "absent_unexcused", None, None),
                ("ce01", "2026-11-05", 8, "absent_unexcused", "2027-01-20", "r1"),  # corrected again, after the list
                ("ce01", "2026-11-05", 6, "excused_other", "2026-11-20", "r1"),
                ("ce01", "2026-11-05", 6, "absent_unexcused", "2026-11-06", "r1"),
                ("ce01", "2026-12-01", 7, "absent_unexcused", "2027-01-15", "r2"),  # written down on the list's day
                ("ce02", "2026-12-02", 7, "excused_illness", None, None),
                ("ce02", "2027-01-05", 5, "absent_open", None, None),
                ("ce03", "2026-09-09", None, "late", None, None),
                ("ce03", "2026-10-29", None, "late", None, None),
                ("ce05", "2026-10-29", 7, "absent_unexcused", None, None),
            ],
        ),
        "marks": columns(
            "pupil_id subject date kind semester mark corrected_mark corrected_on",
            [
                ("ce01", "matemātika", "2026-12-18", "semester", AUTUMN, 2, None, None),
                ("ce01", "angļu valoda", "2026-12-18", "semester", AUTUMN, 3, None, None),
                ("ce01", "programmēšana", "2026-12-18", "semester", AUTUMN, 4, None, None),
                ("ce02", "matemātika", "2026-12-18", "semester", AUTUMN, 3, 5, "2027-01-10"),
                (
                    "ce02",
                    "angļu valoda",
                    "2026-12-18",
                    "semester",
                    AUTUMN,
                    3,
                    6,
                    "2027-01-20",
                ),  # corrected after the list
                ("ce03", "matemātika", "2026-05-29", "semester", SPRING, 5, None, None),
                ("ce03", "matemātika", "2026-12-18", "semester", AUTUMN, 7, None, None),
            ],
        ),
        "incidents": columns("pupil_id date kind", [("ce03", "2026-10-07", "peer_conflict")]),
        "assessments": columns(
            "pupil_id date factor value role recorded_on",
            [
                ("ce03", "2026-10-01", "motivation", 2, "class_teacher", None),
                ("ce03", "2026-12-01", "motivation", 3, "class_teacher", None),
                ("ce03", "2027-01-20", "motivation", 1, "class_teacher", None),  # after the list
                ("ce03", "2026-11-05", "teacher_concern", 1, "class_teacher", None),
                ("ce03", "2026-11-05", "teacher_concern", 2, "subject_teacher", None),  # two on one day
                ("ce03", "2026-08-15", "paid_work_hours", 20, "class_teacher", None),  # before the semester
                ("ce03", "2026-09-01", "out_of_home_care", 1, "social_pedagogue", None),
                ("ce03", "2026-11-10", "peer_conflicts", 3, "class_teacher", None),
                ("ce03", "2026-12-10", "pregnancy", 1, "nurse", "2027-01-15"),  # written down on the list's day
                ("ce01", "2026-12-10", "paid_work_hours", 12.5, "social_pedagogue", "2026-12-11"),
            ],
        ),
        "outcomes": columns("pupil_id date outcome", [("ce05", "2026-11-30", "dropped_out")]),
    }


# --- Dadžu pamatskola: the factor sheet, one row per pupil


def write_dadzu(place: Path) -> None:
    place.mkdir()
    (place / "8b.csv").write_text(
        "Identifikators;Klase;Dzimšanas gads;Notikušās stundas;Kavētās stundas;Neattaisnoti kavētās stundas;"
        "Vidējais vērtējums;Priekšmeti ar vērtējumu zem 4;Skolotāja bažas\n"
        "801;8.b;2012;480;120;24;3,8;3;lielas\n"
        "802;8.b;2011;480;12;0;7,5;0;\n",
        encoding="utf-8-sig",
    )


# --- Egļu pamatskola: a page of another journal, a column per lesson, told to us by a mapping file

EGLES_PUPILS = [
    "Identifikators;Semestris;Klase;Dzimšanas gads",
    "601;2026/2027-1;6.a;2014",
    "602;2026/2027-1;6.a;2013",
]
EGLES_JOURNAL = [
    "Nr.;Kods;05.10.;05.10.;06.10. PD;12.10.;26.10.;10.11.;11.11.",
    "1;601;n;7 8;6;;5;;",
    "2;602;;ns;n;nv 85%;4|7;8;9 9(p.d.)",
]
EGLES_MAPPING = """\
[[tables]]                           # n and ns in the column of a lesson; in that of a test n is work not handed in
table = "absences"
files = ["zurnals*"]
[tables.melt]
columns = "dates"
name = "Day"
value = "Entry"
number = "Lesson"
beside = "Work"
split = true
where = { Entry = ["n", "ns"], Work = { filled = false } }
[tables.columns]
pupil_id = "Kods"
date = "Day"
lesson = "Lesson"
status = "Entry"

[[tables]]                           # every other entry is a mark
table = "marks"
files = ["zurnals*"]
[tables.melt]
columns = "dates"
name = "Day"
value = "Entry"
beside = "Work"
where = { Entry = { not = ["n", "ns"] } }
[tables.columns]
pupil_id = "Kods"
date = "Day"
mark = "Entry"
kind = "Work"
[tables.columns.subject]
value = "matemātika"
"""


def write_egles(place: Path) -> None:
    place.mkdir()
    (place / "zurnals.toml").write_text(EGLES_MAPPING, encoding="utf-8")
    (place / "skoleni.csv").write_text("\n".join(EGLES_PUPILS) + "\n", encoding="utf-8")
    (place / "zurnals_6a_2026-2027.csv").write_text("\n".join(EGLES_JOURNAL) + "\n", encoding="utf-8")

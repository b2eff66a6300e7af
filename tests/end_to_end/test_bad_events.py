"""What people really put into event tables: each bad thing is told in one sentence that shows where, and nothing else is lost."""

import pandas as pd
import pytest

import pumpurs_risk as pr

AS_OF = "2027-01-15"
HEADINGS = {
    "skoleni": "Identifikators;Semestris;Klase;Dzimšanas gads",
    "kavejumi": "Identifikators;Datums;Stunda;Kavējums;Kavētās stundas;Attaisnojuma datums;Ierakstīts",
    "vertejumi": "Identifikators;Priekšmets;Datums;Veids;Semestris;Vērtējums",
    "incidenti": "Identifikators;Datums;Veids;Smagums",
    "novertejumi": "Identifikators;Datums;Faktors;Novērtējums;Kas",
    "iznakumi": "Identifikators;Datums;Iznākums",
}
GOOD = {
    "skoleni": [f"{pupil};2026/2027-1;9.a;2011" for pupil in ("001", "002", "003", "004")],
    "kavejumi": ["001;05.10.2026.;1;n;;;", "001;05.10.2026.;2;ns;;07.10.2026.;", "002;06.10.2026.;1;n;3;;"],
    "vertejumi": [
        f"{pupil};matemātika;18.12.2026.;semestra;2026/2027-1;{mark}"
        for pupil, mark in (("001", 7), ("002", 3), ("003", 9))
    ],
    "incidenti": ["002;12.10.2026.;mobings;2"],
    "novertejumi": ["002;12.10.2026.;motivation;2;klases audzinātājs"],
    "iznakumi": ["004;12.10.2026.;pārtraucis mācības"],
}


def write(place, **changed):
    """Write a school's files: the good ones with some of them changed; None leaves a file out, text replaces it."""
    place.mkdir(parents=True)
    for name, rows in {**GOOD, **changed}.items():
        if rows is not None:
            content = rows if isinstance(rows, str) else "\n".join([HEADINGS[name], *rows]) + "\n"
            (place / f"{name}.csv").write_text(content, encoding="utf-8")


def with_row(file, row):
    return {file: [*GOOD[file], row]} if row else {}


# file -> bad row, what its sentence shows, the good row whose figures it must give (None: those without the row)
BAD_ROWS = {
    "31 February": ("kavejumi", "003;31.02.2026.;1;n;;;", "31.02.2026.", None),
    "month 13": ("kavejumi", "003;2026-13-40;1;n;;;", "2026-13-40", None),
    "a word for a date": ("kavejumi", "003;vakar;1;n;;;", "vakar", None),
    "no date": ("kavejumi", "003;;1;n;;;", "", None),
    "a date of the year 1026": ("kavejumi", "003;05.10.1026.;1;n;;;", "05.10.1026.", None),
    "a time with its zone": (
        "kavejumi",
        "003;2026-10-07T12:30:00+03:00;1;n;;;",
        "2026-10-07T12:30:00+03:00",
        "003;07.10.2026.;1;n;;;",
    ),
    "a time in UTC": ("kavejumi", "003;2026-10-07T12:30:00Z;1;n;;;", "2026-10-07T12:30:00Z", "003;07.10.2026.;1;n;;;"),
    "negative lessons": ("kavejumi", "003;07.10.2026.;1;n;-3;;", "-3", "003;07.10.2026.;1;n;;;"),
    "too many lessons": ("kavejumi", "003;07.10.2026.;1;n;4000;;", "4000", "003;07.10.2026.;1;n;;;"),
    "a word for a number": ("kavejumi", "003;07.10.2026.;1;n;daudz;;", "daudz", "003;07.10.2026.;1;n;;;"),
    "a mark in the absence table": ("kavejumi", "003;07.10.2026.;1;7;;;", "7", None),
    "a test mark in the absence table": ("kavejumi", "003;07.10.2026.;1;8(p.d.);;;", "8(p.d.)", None),
    "a code nobody knows": ("kavejumi", "003;07.10.2026.;1;qq;;;", "qq", None),
    "an excuse before the absence": (
        "kavejumi",
        "003;07.10.2026.;1;ns;;01.09.2025.;",
        "01.09.2025.",
        "003;07.10.2026.;1;ns;;;",
    ),
    "an excuse date that is none": (
        "kavejumi",
        "003;07.10.2026.;1;ns;;31.11.2026.;",
        "31.11.2026.",
        "003;07.10.2026.;1;ns;;;",
    ),
    "no pupil": ("kavejumi", ";07.10.2026.;1;n;;;", "", None),
    "a mark of 11": ("vertejumi", "003;fizika;18.12.2026.;semestra;2026/2027-1;11", "11", None),
    "a mark of 0": ("vertejumi", "003;fizika;18.12.2026.;semestra;2026/2027-1;0", "0", None),
    "a mark in words": ("vertejumi", "003;fizika;18.12.2026.;semestra;2026/2027-1;septiņi", "septiņi", None),
    "a mark of 150%": ("vertejumi", "003;fizika;18.11.2026.;pārbaudes darbs;;150%", "150%", None),
    "a mark without its subject": ("vertejumi", "003;;18.12.2026.;semestra;2026/2027-1;8", "", None),
    "a mark of no semester": ("vertejumi", "003;fizika;;semestra;2026/2027-3;8", "2026/2027-3", None),
    "a kind of mark nobody knows": ("vertejumi", "003;fizika;18.11.2026.;kaut kas;;2", "kaut kas", None),
    "an incident nobody knows": ("incidenti", "003;12.10.2026.;skaļums;2", "skaļums", None),
    "an incident of severity 9": ("incidenti", "003;12.10.2026.;mobings;9", "9", "003;12.10.2026.;mobings;"),
    "a factor nobody knows": ("novertejumi", "003;12.10.2026.;laime;2;klases audzinātājs", "laime", None),
    "a judgement beyond the scale": ("novertejumi", "003;12.10.2026.;motivation;7;klases audzinātājs", "7", None),
    "a semester that nobody defined": ("skoleni", "003;2026/2027-3;9.a;2011", "2026/2027-3", None),
    "a semester outside every calendar": ("skoleni", "003;1926/1927-1;1.a;2011", "1926/1927-1", None),
    "a semester in words": ("skoleni", "003;rudens;9.a;2011", "rudens", None),
    "an outcome nobody knows": ("iznakumi", "003;12.10.2026.;aizlidoja;", "aizlidoja", None),
}


SCHOOL = {what: f"s{number:02}" for number, what in enumerate(BAD_ROWS)}  # a school for each, all of them in one folder
OTHERS = {
    "good": {},
    "times": {"kavejumi": [*GOOD["kavejumi"], "003;07.10.2026. 08:30;1;n;;;", "003;2026-10-07 08:30:00;2;n;;;"]},
    "future": with_row("kavejumi", "003;20.01.2027.;1;n;;;"),
    "twice": with_row("kavejumi", GOOD["kavejumi"][0]),
    "differ": with_row("kavejumi", "001;05.10.2026.;1;ns;;;"),
    "undated": {"incidenti": "Identifikators;Veids;Smagums\n002;mobings;2\n"},
    "empty": {"incidenti": [], "kavejumi": []},
    "absent": {"incidenti": None, "kavejumi": None, "novertejumi": None},
    "together": {
        file: [
            *GOOD[file],
            *(bad for what, (of, bad, *_) in BAD_ROWS.items() if of == file and what not in ("no pupil", "no date")),
        ]
        for file in ("vertejumi", "incidenti", "novertejumi", "skoleni")
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("bad") / "novads"
    for what, (file, bad, *_) in BAD_ROWS.items():
        write(place / SCHOOL[what], **with_row(file, bad))
    for name, changed in OTHERS.items():
        write(place / name, **changed)
    return place


@pytest.fixture(scope="module")
def records(folder):
    return pr.read_records(folder, as_of=AS_OF, id_scope="school")


@pytest.fixture(scope="module")
def said(records):
    problems = records.report.problems.reset_index(drop=True)
    return problems.assign(**{lang: records.report.messages(lang) for lang in ("lv", "en")})


@pytest.fixture(scope="module")
def factors(records):
    return pr.factor_table(records, as_of=AS_OF)


@pytest.fixture(scope="module")
def as_it_should_be(tmp_path_factory):
    place = tmp_path_factory.mktemp("good") / "novads"
    for what, (file, _, _, stands_for) in BAD_ROWS.items():
        write(place / SCHOOL[what], **with_row(file, stands_for))
    for name in ("good", "future", "twice"):
        write(place / name)
    return pr.factor_table(pr.read_records(place, as_of=AS_OF, id_scope="school"), as_of=AS_OF)


def of(table, school):
    """Rows of one school."""
    return table[table["school_id"] == school].reset_index(drop=True)


def by_pupil(table, school, column):
    return {pupil.partition(":")[2]: value for pupil, value in of(table, school).set_index("pupil_id")[column].items()}


def test_good_files_need_no_word(said, factors):
    assert of(said, "good").empty, of(said, "good")["en"].tolist()
    assert by_pupil(factors, "good", "unexcused_raw") == {"001": 1, "002": 3, "003": 0}  # 004 has left
    assert by_pupil(factors, "good", "mean_mark") == {"001": 7, "002": 3, "003": 9}
    assert by_pupil(factors, "good", "bullying") == {"001": 0, "002": 1, "003": 0}
    assert by_pupil(factors, "good", "motivation")["002"] == 2


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_row_is_told_in_one_sentence(said, what):
    file, _, shown, _ = BAD_ROWS[what]
    row = len(GOOD[file]) + 2  # the row of headings counts
    told = said[said["file"] == f"{SCHOOL[what]}/{file}.csv"]
    assert len(told) == 1, told["en"].tolist()
    for lang in ("lv", "en"):
        [sentence] = told[lang]
        assert shown in sentence and f"{file}.csv" in sentence and str(row) in sentence, sentence
        assert sentence.rstrip().endswith(".") and "{" not in sentence and "None" not in sentence, sentence
    assert len(told["lv"].iloc[0]) < 450
    assert told["lv"].iloc[0] != told["en"].iloc[0]


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_row_loses_nothing_else(factors, as_it_should_be, what):
    pd.testing.assert_frame_equal(of(factors, SCHOOL[what]), of(as_it_should_be, SCHOOL[what]), check_exact=True)


def test_every_row_is_used_not_used_or_rejected(records):
    counts = records.report.counts
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all(), counts
    assert counts["rejected"].sum() >= 10


def test_a_row_that_says_nothing_any_more_does_not_count_as_used(records):
    """Neither a kind of absence nor a number of lessons is left of it."""
    counts = records.report.counts
    [row] = counts[counts["file"] == f"{SCHOOL['a mark in the absence table']}/kavejumi.csv"].to_dict("records")
    assert row["used"] == len(GOOD["kavejumi"])


def test_times_without_a_zone_are_days(said, factors):
    assert by_pupil(factors, "times", "unexcused_raw")["003"] == 2
    assert of(said, "times").empty


def test_many_bad_rows_are_all_told(said):
    for what, (file, _, shown, _) in BAD_ROWS.items():
        if file in ("vertejumi", "incidenti", "novertejumi", "skoleni") and shown:
            told = said[said["file"] == f"together/{file}.csv"]
            assert told["en"].str.contains(f"“{shown}”", regex=False).sum() == 1, what


def test_many_bad_rows_lose_nobody(factors):
    assert by_pupil(factors, "together", "mean_mark") == {"001": 7, "002": 3, "003": 9}


@pytest.mark.parametrize("school", ["future", "twice"])
def test_a_future_event_and_a_repeated_row_change_nothing(said, factors, as_it_should_be, school):
    pd.testing.assert_frame_equal(of(factors, school), of(as_it_should_be, school), check_exact=True)
    assert "set_aside" not in set(of(said, school)["severity"])


def test_two_rows_that_differ_are_named_and_the_absence_stays_an_absence(said, factors):
    told = of(said, "differ")
    assert 1 <= len(told) <= 2 and told["row"].isin([2, 5]).all(), told["en"].tolist()
    assert by_pupil(factors, "differ", "absence_share")["001"] == by_pupil(factors, "good", "absence_share")["001"]


def test_a_table_without_its_date_is_set_aside_and_the_others_count(said, factors):
    [sentence] = of(said, "undated")["en"]
    assert "incidenti.csv" in sentence and ("Date" in sentence or "Datums" in sentence)
    assert by_pupil(factors, "undated", "mean_mark") == {"001": 7, "002": 3, "003": 9}
    assert of(factors, "undated")["bullying"].isna().all()


def test_an_empty_table_says_none(factors):
    assert of(factors, "empty")[["bullying", "absence_share", "unexcused_raw"]].eq(0).all().all()


def test_what_a_school_did_not_hand_in_stays_unknown_whatever_others_hand_in(factors):
    assert of(factors, "absent")[["bullying", "absence_share", "unexcused_raw", "motivation"]].isna().all().all()
    assert by_pupil(factors, "absent", "mean_mark") == {"001": 7, "002": 3, "003": 9}


def test_a_pupil_on_two_rolls_stands_on_the_later_one_and_is_named_once(tmp_path):
    heading = HEADINGS["skoleni"] + ";Mācās šajā skolā no"
    for school, enrolled in (("ozolu", "01.09.2024."), ("liepu", "02.11.2026.")):
        place = tmp_path / "novads" / school
        place.mkdir(parents=True)
        rows = [f"777;2026/2027-1;9.a;2011;{enrolled}", f"{school}1;2026/2027-1;9.a;2011;"]
        (place / "skoleni.csv").write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    records = pr.read_records(tmp_path / "novads", as_of=AS_OF, id_scope="municipality")
    X = pr.factor_table(records, as_of=AS_OF)
    assert X.set_index("pupil_id")["school_id"].to_dict() == {"777": "liepu", "ozolu1": "ozolu", "liepu1": "liepu"}
    for lang in ("lv", "en"):
        said = [m for m in records.report.messages(lang) if "ozolu" in m and "liepu" in m]
        assert len(said) == 1, records.report.messages(lang)

"""Event tables from files: sorted out, joined to their pupils, typed, every row accounted for."""

import datetime as dt

import pandas as pd
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records import read_records

DAY = "2027-01-15"
PUPILS = (
    "pupil_id,school_id,semester,programme,level,class_id\n"
    "007,a,2026/2027-1,general,9,9.a\n"
    "008,b,2026/2027-1,general,9,9.b\n"
)
ABSENCES = "pupil_id,date,lesson,status\n007,2026-10-05,1,absent_unexcused\n008,2026-10-06,2,late\n"


def write(path, content, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding=encoding)
    return path


def counts_of(records, *columns):
    counts = records.report.counts
    assert (counts["rows_in"] == counts["used"] + counts["not_used"] + counts["rejected"]).all()
    return counts[list(columns)].to_numpy().tolist()


def codes(records):
    return sorted(set(records.report.problems["code"]))


def rows(records, table, *columns):
    return records.tables[table].select(list(columns)).to_pylist()


def test_a_folder_of_tables_becomes_records_with_tables(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS)
    write(tmp_path / "absences.csv", ABSENCES)
    records = read_records(tmp_path, as_of=DAY)
    assert records.report.problems.empty
    assert list(records.tables) == ["pupils", "absences"]
    assert records.engine == "pandas" and records.marks is None
    assert rows(records, "absences", "pupil_id", "date", "status") == [
        {"pupil_id": "007", "date": dt.date(2026, 10, 5), "status": "absent_unexcused"},
        {"pupil_id": "008", "date": dt.date(2026, 10, 6), "status": "late"},
    ]
    assert records.school_ids == ("a", "b")
    assert records.schools[["school_id", "programme", "semester"]].to_numpy().tolist() == [
        ["a", "general", "2026/2027-1"],
        ["b", "general", "2026/2027-1"],
    ]
    assert records.last_record == dt.date(2026, 10, 6)
    assert records.without_dates == ("absences",)
    assert sorted(counts_of(records, "school_id", "file", "table", "rows_in", "used")) == [
        ["a", "absences.csv", "absences", 1, 1],
        ["a", "pupils.csv", "pupils", 1, 1],
        ["b", "absences.csv", "absences", 1, 1],
        ["b", "pupils.csv", "pupils", 1, 1],
    ]
    assert [(each["table"], each["rows"]) for each in records.inventory] == [("absences", 2), ("pupils", 2)]


def test_worksheets_of_one_workbook_are_tables(tmp_path):
    with pd.ExcelWriter(tmp_path / "kalvene.xlsx", engine="xlsxwriter") as writer:
        pupils = {"Identifikators": ["007"], "Semestris": ["2026/2027-1"], "Klase": ["9.a"]}
        pd.DataFrame(pupils).to_excel(writer, sheet_name="Skolēni", index=False)
        missed = {"Identifikators": ["007"], "Datums": [dt.date(2026, 10, 5)], "Kavējuma veids": ["n"]}
        pd.DataFrame(missed).to_excel(writer, sheet_name="Kavējumi", index=False)
        marks = {"Identifikators": ["007"], "Priekšmets": ["Fizika"], "Datums": ["5.10.2026"], "Vērtējums": ["7 4|8"]}
        pd.DataFrame(marks).to_excel(writer, sheet_name="Vērtējumi", index=False)
    records = read_records(tmp_path / "kalvene.xlsx", as_of=DAY)
    assert list(records.tables) == ["pupils", "absences", "marks"]
    assert records.school_ids == ("kalvene",)
    assert rows(records, "pupils", "pupil_id", "level") == [{"pupil_id": "007", "level": 9.0}]
    assert [row["mark"] for row in rows(records, "marks", "mark")] == [7.0, 4.0]
    assert sorted(counts_of(records, "sheet", "table", "rows_in", "used")) == [
        ["Kavējumi", "absences", 1, 1],
        ["Skolēni", "pupils", 1, 1],
        ["Vērtējumi", "marks", 1, 1],
    ]


def test_rows_of_a_pupil_on_no_roll_are_counted_as_not_used_and_named_once(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS)
    write(tmp_path / "absences.csv", ABSENCES + "999,2026-10-05,1,late\n999,2026-10-06,1,late\n998,2026-10-06,1,late\n")
    records = read_records(tmp_path, as_of=DAY)
    assert codes(records) == ["uniting.pupil_not_on_roll"]
    named = records.report.problems[["row", "value", "detail", "action"]].to_numpy().tolist()
    assert named == [[4, "999", "2", "ignored"], [6, "998", "1", "ignored"]]
    assert ["", "absences", 3, 0, 3, 0] in counts_of(
        records, "school_id", "table", "rows_in", "used", "not_used", "rejected"
    )
    assert not records.report.ok
    assert len(records.absences) == 2


def test_without_pupils_and_sheet_the_error_says_which_table_is_needed(tmp_path):
    write(tmp_path / "absences.csv", ABSENCES)
    with pytest.raises(RecordsError) as caught:
        read_records(tmp_path)
    assert caught.value.code == "no_pupils"
    assert "pupils" in caught.value.message("lv") and "Kavējumi" in caught.value.message("lv")


def test_a_sheet_beside_event_tables_keeps_ids_within_its_school(tmp_path):
    write(tmp_path / "9a.csv", "Identifikators;Klase;Vidējais vērtējums\n007;9.a;7,5\n")
    write(tmp_path / "absences.csv", "pupil_id,date,status\n007,2026-10-05,late\n")
    records = read_records(tmp_path, as_of=DAY)
    school = records.sheet["school_id"].iloc[0]
    assert records.sheet["pupil_id"].tolist() == [f"{school}:007"]
    assert records.absences["pupil_id"].to_pylist() == [f"{school}:007"]
    assert sorted(counts_of(records, "table", "school_id")) == [["absences", school], ["sheet", school]]


def test_in_school_scope_an_id_of_two_schools_without_a_school_is_not_guessed(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS.replace("008,b", "007,b") + "009,b,2026/2027-1,general,9,9.b\n")
    write(tmp_path / "absences.csv", "pupil_id,date,status\n007,2026-10-05,late\n009,2026-10-05,late\n")
    records = read_records(tmp_path, as_of=DAY, id_scope="school")
    assert codes(records) == ["uniting.pupil_shared"]
    assert records.absences["pupil_id"].to_pylist() == ["b:009"]
    write(tmp_path / "absences.csv", "pupil_id,school_id,date,status\n007,a,2026-10-05,late\n007,b,2026-10-06,late\n")
    records = read_records(tmp_path, as_of=DAY, id_scope="school")
    assert records.report.ok and records.absences["pupil_id"].to_pylist() == ["a:007", "b:007"]


def test_sub_folders_are_schools_and_differing_columns_are_stacked(tmp_path):
    for school, more in {"a": "", "b": ",lodging", "c": ",distance"}.items():
        value = ",1" if more else ""
        write(
            tmp_path / school / "pupils.csv",
            f"pupil_id,semester,level{more}\n{school}1,2026/2027-1,9{value}\n{school}2,2026/2027-1,3{value}\n",
        )
        write(
            tmp_path / school / "absences.csv",
            f"pupil_id,date,status\n{school}1,2026-10-05,late\n{school}2,2026-10-05,late\n",
        )
    records = read_records(tmp_path, as_of=DAY)
    assert records.school_ids == ("a", "b", "c")
    assert rows(records, "pupils", "school_id", "lodging", "distance") == [
        {"school_id": "a", "lodging": None, "distance": None},
        {"school_id": "b", "lodging": 1.0, "distance": None},
        {"school_id": "c", "lodging": None, "distance": 1.0},
    ]
    assert records.out_of_scope["pupil_id"].tolist() == ["a2", "b2", "c2"]
    assert records.absences["pupil_id"].to_pylist() == ["a1", "b1", "c1"]
    assert codes(records) == ["uniting.rows_out_of_scope"] and records.report.ok
    assert all(row[1:] == [1, 1, 0] for row in counts_of(records, "table", "used", "not_used", "rejected"))
    lower = read_records(tmp_path, as_of=DAY, lower_grades=True)
    assert lower.report.problems.empty and len(lower.absences) == 6 and lower.out_of_scope.empty


def test_an_earlier_level_out_of_scope_stays_where_a_later_one_is_in_scope(tmp_path):
    write(tmp_path / "pupils.csv", "pupil_id,school_id,semester,level\n1,a,2025/2026-2,4\n1,a,2026/2027-1,5\n")
    records = read_records(tmp_path, as_of=DAY)
    assert records.pupils["level"].to_pylist() == [4.0, 5.0] and records.out_of_scope.empty


def test_one_unusable_table_never_stops_the_others(tmp_path):
    write(tmp_path / "a" / "pupils.csv", PUPILS.replace("school_id,", "").replace("a,", "").replace("b,", ""))
    write(tmp_path / "a" / "absences.csv", "pupil_id,lesson,status\n007,1,late\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "pupils.xlsx").write_bytes(b"no workbook")
    records = read_records(tmp_path, as_of=DAY)
    assert records.school_ids == ("a",)
    rejected = records.report.problems[records.report.problems["action"] == "table_rejected"]
    assert rejected["file"].tolist() == ["a/absences.csv", "b/pupils.xlsx"]
    said = records.report.messages("lv")
    assert any("Kavējumi" in message and "Datums" in message for message in said)


def test_a_pupil_in_two_schools_in_one_semester_is_named_with_the_rule(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS + "007,b,2026/2027-1,general,9,9.b\n")
    records = read_records(tmp_path, as_of=DAY)
    named = records.report.problems.iloc[0]
    assert (named["code"], named["value"], named["detail"]) == ("uniting.pupil_in_two_schools", "2026/2027-1", "a, b")
    assert len(records.pupils) == 3 and records.report.ok
    assert "vēlāk" in records.report.messages("lv")[0]


def test_names_in_tables_lead_to_the_same_pseudonym_and_stay_apart(tmp_path):
    write(
        tmp_path / "a" / "pupils.csv",
        "Vārds, uzvārds;Semestris;Klase\nAnna Ozola;2026/2027-1;9.a\nJānis Liepa;2026/2027-1;9.a\n",
    )
    write(
        tmp_path / "a" / "kavejumi.csv",
        "Vārds, uzvārds;Klase;Datums;Kavējuma veids\n"
        "ANNA OZOLA;8.a;05.10.2025;n\nAnna Ozola;9.a;05.10.2026;n\nNav Tāda;;05.10.2026;n\n",
    )
    records = read_records(tmp_path, as_of=DAY)
    anna = records.names.set_index("name").loc["Anna Ozola", "pupil_id"]
    assert records.absences["pupil_id"].to_pylist() == [anna, anna]
    assert "name" not in records.absences.column_names and "name" not in records.pupils.column_names
    assert sorted(records.names["name"]) == ["Anna Ozola", "Jānis Liepa"]
    problems = records.report.problems
    assert problems["code"].tolist() == ["uniting.pupil_not_on_roll"] and problems["value"].tolist() == [""]
    assert "Nav Tāda" not in " ".join(records.report.messages("lv"))


def test_personal_codes_are_keyed_over_all_tables_at_once(tmp_path):
    write(tmp_path / "pupils.csv", "pupil_id,school_id,semester,level\n150309-21234,a,2026/2027-1,9\n")
    write(tmp_path / "absences.csv", "Personas kods;Datums;Kavējuma veids\n15030921234;05.10.2026;n\n")
    records = read_records(tmp_path, as_of=DAY)
    [one] = records.pupils["pupil_id"].to_pylist()
    assert one.startswith("P-") and records.absences["pupil_id"].to_pylist() == [one]
    assert "15030921234" not in records.report.problems.to_string()


def test_the_table_of_schools_names_schools_and_completes_them(tmp_path):
    write(
        tmp_path / "schools.csv",
        "school_id,title,municipality,programme,rural,places\ns1,Dzērves pamatskola,Tukuma novads,general,1,12\n",
    )
    write(tmp_path / "Dzērves pamatskola" / "pupils.csv", "pupil_id,semester,level\n1,2026/2027-1,9\n")
    records = read_records(tmp_path, as_of=DAY)
    school = records.schools.iloc[0]
    assert school[["school_id", "title", "municipality", "programme", "places"]].tolist() == [
        "s1",
        "Dzērves pamatskola",
        "Tukuma novads",
        "general",
        12.0,
    ]
    assert records.tables["schools"]["rural"].to_pylist() == [1.0]


def test_an_expected_school_without_data_is_named(tmp_path):
    write(tmp_path / "schools.csv", "school_id,title,expected\na,A skola,1\nb,B skola,1\nc,C skola,0\n")
    write(tmp_path / "pupils.csv", PUPILS.splitlines()[0] + "\n" + PUPILS.splitlines()[1] + "\n")
    records = read_records(tmp_path, as_of=DAY)
    problems = records.report.problems
    assert problems[["code", "school_id"]].to_numpy().tolist() == [["uniting.school_without_data", "b"]]
    assert records.schools["school_id"].tolist() == ["a"]


def test_a_semester_that_a_school_defines_is_known_in_other_tables(tmp_path):
    write(
        tmp_path / "semesters.csv",
        "school_id,semester,date_from,date_to,lessons_held\na,2041/2042-1,2041-09-02,2041-12-20,500\n",
    )
    write(tmp_path / "pupils.csv", "pupil_id,school_id,semester,level\n1,a,2041/2042-1,9\n2,a,2051/2052-1,9\n")
    records = read_records(tmp_path)
    assert records.pupils["pupil_id"].to_pylist() == ["1"]
    assert "2051/2052-1" in " ".join(records.report.messages("en"))
    assert len(records.semesters) == 1


def test_a_table_of_pupils_without_a_semester_is_of_the_lists_own(tmp_path):
    write(tmp_path / "pupils.csv", "pupil_id,school_id,level\n1,a,9\n")
    records = read_records(tmp_path, as_of=DAY)
    assert records.pupils["semester"].to_pylist() == ["2026/2027-2"]
    assert codes(records) == ["uniting.semester_assumed"] and "2026/2027-2" in records.report.messages("lv")[0]
    stated = read_records(tmp_path, as_of=DAY, semester="2025/2026-2")
    assert stated.pupils["semester"].to_pylist() == ["2025/2026-2"] and stated.report.problems.empty


def test_an_empty_table_says_none_and_an_absent_one_nothing(tmp_path):
    with pd.ExcelWriter(tmp_path / "a.xlsx", engine="xlsxwriter") as writer:
        pd.DataFrame({"pupil_id": ["1"], "semester": ["2026/2027-1"], "level": [9]}).to_excel(
            writer, sheet_name="pupils", index=False
        )
        pd.DataFrame({"pupil_id": [], "date": [], "kind": []}).to_excel(writer, sheet_name="incidents", index=False)
    records = read_records(tmp_path / "a.xlsx", as_of=DAY)
    assert len(records.incidents) == 0 and records.absences is None
    write(tmp_path / "b" / "pupils.csv", "pupil_id,semester,level\n1,2026/2027-1,9\n")
    write(tmp_path / "b" / "incidents.csv", "pupil_id,date,kind\n")
    records = read_records(tmp_path / "b", as_of=DAY)
    assert len(records.incidents) == 0 and records.report.ok


def test_bad_rows_and_duplicates_are_counted_where_they_belong(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS)
    write(
        tmp_path / "absences.csv",
        "pupil_id,date,lesson,status\n"
        "007,2026-10-05,1,late\n"
        "007,2026-10-05,1,late\n"
        "007,31.02.2026,1,late\n"
        ",2026-10-05,1,late\n"
        "008,2026-10-05,1,what\n",
    )
    records = read_records(tmp_path, as_of=DAY)
    counts = records.report.counts.set_index(["table", "school_id"])[["rows_in", "used", "not_used", "rejected"]]
    assert counts.loc[("absences", "a")].tolist() == [3, 1, 1, 1]
    assert counts.loc[("absences", "b")].tolist() == [1, 0, 0, 1]
    assert counts.loc[("absences", "")].tolist() == [1, 0, 0, 1]


def test_a_copy_of_a_file_counts_once_and_is_told_once(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS)
    write(tmp_path / "absences (1).csv", ABSENCES + "007,31.02.2026,1,late\n")
    write(tmp_path / "absences.csv", ABSENCES + "007,31.02.2026,1,late\n")
    records = read_records(tmp_path, as_of=DAY)
    problems = records.report.problems
    [copy] = problems[problems["file"] == "absences (1).csv"].to_dict("records")
    assert (copy["code"], copy["detail"], copy["severity"]) == ("uniting.file_copied", "absences.csv", "notice")
    assert len(records.absences) == 2
    copied = records.report.counts[records.report.counts["file"] == "absences (1).csv"]
    assert copied[["rows_in", "used", "not_used"]].sum().tolist() == [3, 0, 3]
    assert len(records.inventory) == 3


def test_an_unusable_semester_does_not_become_the_assumed_one(tmp_path):
    write(tmp_path / "pupils.csv", PUPILS + "009,a,2026/2027-9,general,9,9.a\n")
    records = read_records(tmp_path, as_of=DAY)
    assert set(records.pupils["semester"].to_pylist()) == {"2026/2027-1"}
    assert "uniting.semester_assumed" not in codes(records)


def test_a_roll_without_semester_joins_the_schools_other_rolls(tmp_path):
    write(tmp_path / "a" / "pupils 9a.csv", "pupil_id,semester,level\n1,2026/2027-1,9\n")
    write(tmp_path / "a" / "pupils 9b.csv", "pupil_id,level\n2,9\n")
    records = read_records(tmp_path, as_of=DAY)
    assert records.pupils["semester"].to_pylist() == ["2026/2027-1"] * 2


def test_a_table_speaks_for_the_schools_that_handed_it_in(tmp_path):
    for school in "ab":
        write(tmp_path / school / "pupils.csv", f"pupil_id,semester,level\n{school}1,2026/2027-1,9\n")
    write(tmp_path / "a" / "incidents.csv", "pupil_id,date,kind\n")
    write(tmp_path / "absences.csv", "pupil_id,date,status\na1,2026-10-05,late\n")
    records = read_records(tmp_path, as_of=DAY)
    assert records.supplied == {"incidents": ("a",)}

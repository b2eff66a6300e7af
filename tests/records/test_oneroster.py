"""OneRoster bundles of both versions become tables; what is taken for what is said; a damaged one is one clear error."""

# ruff: noqa: E501 (the heading rows of the standard are as long as they are)

import zipfile

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.records.oneroster import is_oneroster, read_oneroster
from pumpurs_risk.records.tables.contract import table_contracts

CATALOGUE = Catalogue.load()
CONTRACTS = table_contracts(CATALOGUE)
KINDS = (
    "academicSessions",
    "categories",
    "classes",
    "courses",
    "demographics",
    "enrollments",
    "lineItems",
    "orgs",
    "results",
    "users",
)


def manifest(version, kinds=KINDS, **modes):
    lines = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    lines += [f"file.{kind},{modes.get(kind, 'bulk')}" for kind in kinds]
    lines += ["file.classResources,absent", "source.systemName,Skolas sistēma"]
    return "\r\n".join(lines) + "\r\n"


COMMON = {
    "orgs": """sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
o0,,,Kalvenes novads,district,,
o1,,,Kalvenes vidusskola,school,3913,o0
o2,,,Kalvenes Profesionālā vidusskola,school,4021,o0
o3,,,Matemātikas katedra,department,,o1
""",
    "academicSessions": """sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear
y,,,2026/2027,schoolYear,2026-09-01,2027-05-31,,2027
a1,,,1. semestris,semester,2026-09-01,2026-12-18,y,2027
a2,,,2. semestris,semester,2027-01-04,2027-05-31,y,2027
g1,,,1. ceturksnis,gradingPeriod,2026-09-01,2026-10-18,a1,2027
""",
    "courses": """sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes
c1,,,y,Matemātika 9. klasei,MAT9,09,o1,Matemātika,
c2,,,y,Fizika,FIZ9,09,o1,,
""",
    "classes": """sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods
k0,,,9.a,09,c1,,homeroom,,o1,"a1,a2",,,
k1,,,Matemātika 9.a,09,c1,,scheduled,,o1,"a1,a2",,,
k2,,,Fizika 9.a,09,c2,,scheduled,,o1,a1,,,
k3,,,Mehatronika,,c2,,scheduled,,o2,a1,Mehatronika,,
""",
    "enrollments": """sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate
e1,,,k0,o1,u1,student,,,
e2,,,k1,o1,u1,student,,,
e3,,,k2,o1,u1,student,,,
e4,,,k3,o2,u2,student,,,
e5,tobedeleted,,k1,o1,u2,student,,,
e6,,,k1,o1,t1,teacher,true,,
""",
    "demographics": """sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus
u1,,,2011-03-01,female,,,,,,,,,,,
u2,,,2009-07-15,unspecified,,,,,,,,,,,
""",
    "categories": """sourcedId,status,dateLastModified,title
q1,,,Pārbaudes darbs
q2,,,Semestra vērtējums
q3,,,Kaut kas
""",
    "lineItems": """sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,resultValueMin,resultValueMax
l1,,,Vienādojumi,,2026-10-01,2026-10-05,k1,q1,g1,1,10
l2,,,Semestris,,2026-12-18,2026-12-18,k1,q2,a1,0,10
l3,,,Laboratorijas darbs,,2026-11-02,2026-11-02,k2,q3,a1,0,40
l4,,,Bez skalas,,2026-11-03,2026-11-03,k2,q3,a1,,
""",
    "results": """sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment
r1,,,l1,u1,fully graded,7.5,2026-10-07,
r2,,,l2,u1,fully graded,4,,
r3,,,l3,u1,fully graded,34,2026-11-05,
r4,,,l4,u1,fully graded,5,2026-11-05,
r5,,,l3,u2,not submitted,,2026-11-05,
r6,,,l1,u2,exempt,,2026-10-07,
r7,,,l1,t1,fully graded,9,2026-10-07,
r8,tobedeleted,,l1,u1,fully graded,1,2026-10-07,
""",
}  # fmt: skip
V11 = COMMON | {
    "manifest": manifest("1.1"),
    "users": """sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password
u1,,,true,"o0,o1",student,ao,,Anna,Ozola,Marija,,,,,"g1","09",
u2,,,true,o2,student,jb,,Jānis,Bērziņš,,,,,,,IT,
u3,,,true,"o1,o2",student,xx,,Ēriks,Liepa,,,,,,,"KG,01",
u4,tobedeleted,,true,o1,student,yy,,Zane,Kalna,,,,,,,09,
t1,,,true,o1,teacher,tt,,Ilze,Kļava,,,,,,,,
g1,,,true,o1,guardian,gg,,Inga,Ozola,,,,,,,,
""",
}  # fmt: skip
V12 = COMMON | {
    "manifest": manifest("1.2", (*KINDS, "roles")),
    "users": """sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns
u1,,,true,ao,,Anna,Ozola,Marija,,,,,g1,09,,,,,,,o1,
u2,,,true,jb,,Jānis,Bērziņš,,,,,,,IT,,,,,,,o2,
u3,,,true,xx,,Ēriks,Liepa,,,,,,,"KG,01",,,,,,,,
u4,tobedeleted,,true,yy,,Zane,Kalna,,,,,,,09,,,,,,,o1,
t1,,,true,tt,,Ilze,Kļava,,,,,,,,,,,,,,o1,
g1,,,true,gg,,Inga,Ozola,,,,,,,,,,,,,,o1,
""",
    "roles": """sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId
x1,,,u1,primary,student,,,o1,
x2,,,u2,primary,student,,,o2,
x3,,,u3,primary,student,,,o1,
x4,,,u3,secondary,student,,,o2,
x5,,,t1,primary,teacher,,,o1,
x6,,,g1,primary,guardian,,,o1,
""",
    "results": COMMON["results"]
    .replace("comment\n", "comment,textScore\n")
    .replace(",\n", ",,\n")
    .replace("l3,u2,not submitted,,2026-11-05,,", "l3,u2,fully graded,,2026-11-05,,nv"),
}  # fmt: skip


def folder(path, files=V11, encoding="utf-8-sig"):
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / f"{name}.csv").write_bytes(content.encode(encoding))
    return path


def zipped(path, files=V11, prefix=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{prefix}{name}.csv", content)
    return path


def read(path):
    tables = read_oneroster(path, CATALOGUE)
    return {table.table: table for table in tables}


def rows(table):
    columns = {heading: cells.to_pylist() for heading, cells in table.columns.items()}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def said(tables):
    found = {notice.code: notice for notice in tables["schools"].notices}
    for notice in found.values():
        for lang in ("lv", "en"):
            room, code = notice.code.split(".")
            assert "{" not in text(f"{room}.problems.{code}", lang, value=notice.value, detail=notice.detail, column="")
    return found


def refusal(path):
    with pytest.raises(RecordsError) as caught:
        read_oneroster(path, CATALOGUE)
    for lang in ("lv", "en"):
        assert caught.value.message(lang)
    return caught.value


@pytest.mark.parametrize("files", [V11, V12], ids=["1.1", "1.2"])
def test_both_versions_give_the_same_roll(tmp_path, files):
    tables = read(folder(tmp_path / "bundle", files))
    pupils = [
        (r["pupil_id"], r["school_id"], r["semester"], r["level"], r["class_id"], r["programme"])
        for r in rows(tables["pupils"])
    ]
    assert pupils == [
        ("u1", "3913", "2026/2027-1", 9.0, "9.a", "general"),
        ("u1", "3913", "2026/2027-2", 9.0, "9.a", "general"),
        ("u2", "4021", "2026/2027-1", None, None, "vocational"),
        ("u3", "3913", "2026/2027-1", 1.0, None, "general"),
        ("u3", "4021", "2026/2027-1", 1.0, None, "vocational"),
        ("u3", "3913", "2026/2027-2", 1.0, None, "general"),
        ("u3", "4021", "2026/2027-2", 1.0, None, "vocational"),
    ]
    first = rows(tables["pupils"])[0]
    assert (first["given_name"], first["surname"], first["birth_date"], first["sex"]) == (
        "Anna Marija",
        "Ozola",
        "2011-03-01",
        "female",
    )
    assert tables["pupils"].rows.tolist() == [2, 2, 3, 4, 4, 4, 4]
    assert [(r["school_id"], r["title"], r["municipality"]) for r in rows(tables["schools"])] == [
        ("3913", "Kalvenes vidusskola", "Kalvenes novads"),
        ("4021", "Kalvenes Profesionālā vidusskola", "Kalvenes novads"),
    ]
    assert [tuple(r.values()) for r in rows(tables["semesters"])] == [
        ("2026/2027-1", "2026-09-01", "2026-12-18"),
        ("2026/2027-2", "2027-01-04", "2027-05-31"),
    ]


def test_results_become_points_percent_or_signs_and_the_report_says_which(tmp_path):
    tables = read(folder(tmp_path / "bundle"))
    marks = [
        (r["pupil_id"], r["subject"], r["date"], r["kind"], r["semester"], r["mark"]) for r in rows(tables["marks"])
    ]
    assert marks == [
        ("u1", "Matemātika", "2026-10-07", "test", None, "7.5"),
        ("u1", "Matemātika", "2026-12-18", "semester", "2026/2027-1", "4"),
        ("u1", "Fizika", "2026-11-05", "daily", None, "85%"),
        ("u2", "Matemātika", "2026-10-07", "test", None, "a"),
    ]
    notices = said(tables)
    assert {code: notices[f"oneroster.{code}"].value for code in ("points", "percent", "no_scale", "not_graded", "results_of_others")} == {
        "points": "2", "percent": "1", "no_scale": "1", "not_graded": "1", "results_of_others": "1",
    }  # fmt: skip


def test_a_text_score_of_version_1_2_is_a_mark(tmp_path):
    tables = read(folder(tmp_path / "bundle", V12))
    assert [(r["pupil_id"], r["mark"]) for r in rows(tables["marks"])][3] == ("u2", "nv")


def test_a_row_with_a_wrong_number_of_cells_is_left_out_and_counted(tmp_path):
    files = V11 | {"enrollments": V11["enrollments"] + "e7,,,k1,o1,u3,student\n"}
    notices = said(read(folder(tmp_path / "bundle", files)))
    assert (notices["oneroster.misfits"].value, notices["oneroster.misfits"].detail) == ("1", "enrollments.csv")


def test_deleted_records_and_other_users_are_left_out_and_counted(tmp_path):
    notices = said(read(folder(tmp_path / "bundle")))
    assert (notices["oneroster.others"].value, notices["oneroster.others"].detail) == ("2", "guardian: 1, teacher: 1")
    tables = read_oneroster(tmp_path / "bundle", CATALOGUE)
    deleted = {n.detail: n.value for n in tables[0].notices if n.code == "oneroster.deleted"}
    assert deleted == {"enrollments.csv": "1", "results.csv": "1", "users.csv": "1"}


def test_attendance_is_unknown_and_the_report_says_why(tmp_path):
    tables = read(folder(tmp_path / "bundle"))
    assert "absences" not in tables
    assert "oneroster.no_attendance" in said(tables)


def test_every_column_is_one_of_the_table(tmp_path):
    for name, table in read(folder(tmp_path / "bundle")).items():
        recognised = [CONTRACTS[name].recognise(heading) for heading in table.columns]
        if name == "marks":
            recognised = [
                target for target, heading in zip(recognised, table.columns, strict=True) if heading != "school_id"
            ]
        assert None not in recognised and len(set(recognised)) == len(recognised)
        assert not CONTRACTS[name].lacking(recognised)


def test_a_zip_gives_what_its_folder_gives_also_with_a_folder_inside(tmp_path):
    plain = read(folder(tmp_path / "bundle"))
    for name, prefix in (("flat.zip", ""), ("deep.zip", "eksports/")):
        path = zipped(tmp_path / name, prefix=prefix)
        assert is_oneroster(path)
        found = read(path)
        assert {each: rows(found[each]) for each in found} == {each: rows(plain[each]) for each in plain}


def test_a_bundle_of_the_roster_alone_says_that_marks_are_unknown(tmp_path):
    files = {name: content for name, content in V11.items() if name not in ("results", "lineItems", "categories")}
    files["manifest"] = manifest("1.1", results="absent", lineItems="absent", categories="absent")
    tables = read(folder(tmp_path / "bundle", files))
    assert "marks" not in tables and "oneroster.no_results" in said(tables)


def test_a_delta_bundle_is_named_as_incomplete(tmp_path):
    files = V11 | {"manifest": manifest("1.1", users="delta")}
    assert said(read(folder(tmp_path / "bundle", files)))["oneroster.delta"].value == "users.csv"


def test_terms_and_grading_periods_lead_to_semesters(tmp_path):
    files = V11 | {"academicSessions": V11["academicSessions"].replace(",semester,", ",term,")}
    assert rows(read(folder(tmp_path / "bundle", files))["semesters"])[1]["semester"] == "2026/2027-2"


@pytest.mark.parametrize("content", ["", "Klase;Vārds\n9.a;Anna\n", "propertyName,value\nx,1\n"])
def test_other_folders_and_files_are_no_bundle(tmp_path, content):
    (tmp_path / "manifest.csv").write_text(content, "utf-8")
    assert not is_oneroster(tmp_path)
    assert not is_oneroster(tmp_path / "manifest.csv")
    assert not is_oneroster(tmp_path / "none.zip")
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4broken")
    assert not is_oneroster(tmp_path / "broken.zip")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"users": None}, "oneroster_file_missing"),
        ({"results": None}, "oneroster_file_missing"),
        ({"users": "sourcedId,role\nu1,student\n"}, "oneroster_column_missing"),
        ({"users": V11["users"].replace(",student,", ",aide,")}, "oneroster_no_pupils"),
        ({"orgs": V11["orgs"].replace(",school,", ",district,")}, "oneroster_no_schools"),
        ({"academicSessions": V11["academicSessions"].replace(",semester,", ",schoolYear,")}, "oneroster_no_semesters"),
        ({"users": V11["users"] + 'u9,,,true,o1,student,"zz'}, "csv_quote_open"),
    ],
)
def test_a_damaged_bundle_is_one_clear_error(tmp_path, change, code):
    files = {name: content for name, content in (V11 | change).items() if content is not None}
    assert refusal(folder(tmp_path / "bundle", files)).code == code


def test_a_zip_that_is_cut_off_is_damaged(tmp_path):
    path = zipped(tmp_path / "bundle.zip")
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(path).code == "oneroster_damaged"


@pytest.mark.parametrize(
    "name", ["../users.csv", "/etc/users.csv", "a/../../users.csv", "..\\users.csv", "C:\\users.csv"]
)
def test_a_zip_whose_paths_lead_out_of_it_is_not_read(tmp_path, name):
    path = zipped(tmp_path / "bundle.zip", {each: V11[each] for each in V11 if each != "users"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, V11["users"])
    assert refusal(path).code == "oneroster_unsafe"
    assert list(tmp_path.iterdir()) == [path]


def test_a_zip_that_would_unpack_to_too_much_is_not_read(tmp_path):
    path = zipped(tmp_path / "bundle.zip", V11 | {"results": V11["results"] + " " * 60_000_000})
    assert refusal(path).code == "oneroster_too_large"

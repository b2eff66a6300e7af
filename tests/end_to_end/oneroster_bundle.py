"""A OneRoster 1.1 bundle of one school, as a learning platform exports it (1EdTech OneRoster 1.1, CSV binding, bulk files)."""

import csv
import io
import zipfile
from pathlib import Path

SESSIONS = [
    # sourcedId, status, dateLastModified, title, type, startDate, endDate, parentSourcedId, schoolYear
    ["sy", "", "", "2026./2027. mācību gads", "schoolYear", "2026-09-01", "2027-05-31", "", "2027"],
    ["t1", "", "", "1. semestris", "semester", "2026-09-01", "2026-12-18", "sy", "2027"],
    ["t2", "", "", "2. semestris", "semester", "2027-01-04", "2027-05-31", "sy", "2027"],
]
SUBJECTS = {"mat": "Matemātika", "lat": "Latviešu valoda"}
STUDENTS = {"s-1": "Anna", "s-2": "Bruno", "s-3": "Cēzars", "s-4": "Dace"}

# pupil, subject, kind of the item, score, range, date
RESULTS = [
    *(("s-1", "mat", "d", mark, day) for mark, day in ((8, "2026-09-14"), (8, "2026-10-12"), (8, "2026-11-09"))),
    *(("s-1", "lat", "d", mark, day) for mark, day in ((6, "2026-09-14"), (6, "2026-10-12"), (6, "2026-11-09"))),
    *(("s-2", "mat", "d", mark, day) for mark, day in ((3, "2026-09-14"), (3, "2026-10-12"), (4, "2026-11-09"))),
    *(("s-2", "lat", "d", mark, day) for mark, day in ((5, "2026-09-14"), (5, "2026-10-12"), (5, "2026-11-09"))),
    *(("s-3", "mat", "d", mark, day) for mark, day in ((4, "2026-09-14"), (5, "2026-10-12"), (6, "2026-11-09"))),
    ("s-3", "lat", "p", 85, "2026-11-10"),  # of 100: a percentage, no mark
]


def files() -> dict[str, str]:
    """Every file of the bundle by name."""
    days = sorted({day for *_, day in RESULTS})
    items, results = [], []
    for subject in ("mat", "lat"):
        items += [
            [f"i-{subject}-d-{day}", "", "", "Darbs stundā", "", day, day, f"c-{subject}", "k-d", "t1", "1", "10"]
            for day in days
        ]
        items.append(
            [
                f"i-{subject}-p-2026-11-10",
                "",
                "",
                "Tests",
                "",
                "2026-11-10",
                "2026-11-10",
                f"c-{subject}",
                "k-d",
                "t1",
                "0",
                "100",
            ]
        )
    for number, (pupil, subject, kind, score, day) in enumerate(RESULTS):
        results.append([f"r{number}", "", "", f"i-{subject}-{kind}-{day}", pupil, "fully graded", str(score), day, ""])
    results.append(["r-nav", "", "", "i-lat-d-2026-09-14", "s-3", "not submitted", "", "2026-09-14", ""])
    people = [[pupil, "", "", "true", "org-1", "student", pupil, "", name, "Paraugs", "", f"05{n}", "", "", "", "", "09", ""]
              for n, (pupil, name) in enumerate(STUDENTS.items())]  # fmt: skip
    people.append(
        ["t-1", "", "", "true", "org-1", "teacher", "t-1", "", "Ilze", "Skolotāja", "", "", "", "", "", "", "", ""]
    )
    enrolled = [[f"e-{subject}-{pupil}", "", "", f"c-{subject}", "org-1", pupil, "student", "", "2026-09-01", "2027-05-31"]
                for subject in ("mat", "lat") for pupil in STUDENTS]  # fmt: skip
    enrolled += [
        [f"e-{subject}-t", "", "", f"c-{subject}", "org-1", "t-1", "teacher", "true", "", ""]
        for subject in ("mat", "lat")
    ]
    born = {"s-1": "2011-03-01", "s-2": "2010-04-02", "s-3": "2011-05-03", "s-4": ""}
    tables = {
        "academicSessions": ("title,type,startDate,endDate,parentSourcedId,schoolYear", SESSIONS),
        "categories": ("title", [["k-d", "", "", "Ikdienas darbi"]]),
        "classes": (
            "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
            [[f"c-{code}", "", "", f"9.a {title}", "09", f"k-{code}", "9.a", "scheduled", "", "org-1", "t1,t2", title, "", ""]
             for code, title in SUBJECTS.items()],
        ),
        "courses": (
            "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
            [[f"k-{code}", "", "", "sy", title, code, "09", "org-1", title, ""] for code, title in SUBJECTS.items()],
        ),
        "demographics": ("birthDate,sex", [[pupil, "", "", day, ""] for pupil, day in born.items()]),
        "enrollments": ("classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate", enrolled),
        "lineItems": (
            "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,resultValueMin,"
            "resultValueMax", items
        ),
        "orgs": ("name,type,identifier,parentSourcedId", [
            ["org-0", "", "", "Vizbuļu novads", "district", "", ""],
            ["org-1", "", "", "Gaujas vidusskola", "school", "gauja", "org-0"],
        ]),
        "results": ("lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment", results),
        "users": (
            "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
            people,
        ),
    }  # fmt: skip
    made = {
        f"{name}.csv": _text(["sourcedId", "status", "dateLastModified", *head.split(",")], rows)
        for name, (head, rows) in tables.items()
    }
    stated = {f"file.{name}": "bulk" for name in tables} | {
        "file.classResources": "absent",
        "file.courseResources": "absent",
        "file.resources": "absent",
    }
    manifest = {
        "manifest.version": "1.0",
        "oneroster.version": "1.1",
        **dict(sorted(stated.items())),
        "source.systemName": "",
        "source.systemCode": "",
    }
    made["manifest.csv"] = _text(["propertyName", "value"], [list(pair) for pair in manifest.items()])
    return made


def _text(heading: list[str], rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue()


def write_folder(place: Path) -> Path:
    """Write the bundle as a folder of CSV files."""
    place.mkdir(parents=True)
    for name, content in files().items():
        (place / name).write_text(content, encoding="utf-8", newline="")
    return place


def write_zip(path: Path) -> Path:
    """Write the bundle as one zip file, which is how the standard hands it over."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files().items():
            archive.writestr(name, content)
    return path

"""Who is on the roll: schools, semesters and pupils out of a OneRoster bundle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.contract import normal_heading, without_diacritics
from pumpurs_risk.records.mapping.periods import FIRST_MONTH
from pumpurs_risk.records.raw_table import Notice

if TYPE_CHECKING:
    from pumpurs_risk.records.oneroster.bundle import Bundle

_SHORTEST_WORD = 6  # of a programme in a school's name: shorter ones stand in other words
_LEVELS = 12


@dataclass(frozen=True)
class Roster:
    """The roll of a bundle.

    Parameters
    ----------
    schools, semesters, pupils : pandas.DataFrame
        Columns of the event tables of the same names, text, and ``row``.
    school_of_class, terms_of_class : mapping of str to str and to tuple of str
        By sourcedId of the class: its school_id, its semesters.
    semester_of_session : mapping of str to str
        By sourcedId of the session: its semester, "" of a whole year.
    notices : tuple of Notice
        What was taken for what, and what was left out.
    """

    schools: pd.DataFrame
    semesters: pd.DataFrame
    pupils: pd.DataFrame
    school_of_class: Mapping[str, str]
    terms_of_class: Mapping[str, tuple[str, ...]]
    semester_of_session: Mapping[str, str]
    notices: tuple[Notice, ...]


def read_roster(bundle: Bundle, programmes: Mapping[str, tuple[str, ...]]) -> Roster:
    """Find schools, semesters and pupils.

    Parameters
    ----------
    bundle : Bundle
        As opened.
    programmes : mapping of str to sequence of str
        What people call each programme; a school named after none is of general education.

    Returns
    -------
    Roster
        A pupil has one row per school and semester of the classes that they are enrolled in; one without classes, or with
        classes of no term, every semester of the latest school year.

    Raises
    ------
    RecordsError
        If there is no pupil or no semester in it.
    """
    notices: list[Notice] = []
    schools, school_ids = _schools(bundle, programmes, notices)
    semesters, semester_of = _semesters(bundle, notices)
    classes = bundle.tables.get("classes", pd.DataFrame(columns=["sourcedId", "schoolSourcedId", "termSourcedIds"]))
    school_of_class = _lookup(classes, "schoolSourcedId", school_ids)
    terms = column_or_empty(classes, "termSourcedIds")
    terms_of_class = {
        each: tuple(dict.fromkeys(id for term in listed(said) if (id := semester_of.get(term, ""))))
        for each, said in zip(classes["sourcedId"], terms, strict=True)
    }
    students, others = _students(bundle)
    if others:
        shown = ", ".join(f"{role}: {count}" for role, count in sorted(others.items()))
        notices.append(Notice("oneroster.others", value=str(sum(others.values())), detail=shown))
    if students.empty:
        raise RecordsError("oneroster_no_pupils", file=bundle.file)
    year = semesters["semester"].max().partition("-")[0]
    whole_year = tuple(each for each in semesters["semester"] if each.startswith(year))
    roll = _roll(bundle, students, school_of_class, terms_of_class, school_ids, whole_year, notices)
    pupils = _pupils(bundle, students, roll, schools, notices)
    return Roster(schools, semesters, pupils, school_of_class, terms_of_class, semester_of, tuple(notices))


def listed(said: str) -> list[str]:
    """Members of a list in a cell.

    Examples
    --------
    >>> listed("a1, b2,"), listed("")
    (['a1', 'b2'], [])
    """
    return [each.strip() for each in said.split(",") if each.strip()]


def level_of(grades: str) -> float:
    """Level that a list of grades says: ``"09"`` is 9; kindergarten, adult and the like have none.

    Examples
    --------
    >>> level_of("09"), level_of("KG"), level_of("KG,01")
    (9.0, nan, 1.0)
    """
    for grade in listed(grades):
        if re.fullmatch(r"0?\d|1\d", grade) and 1 <= int(grade) <= _LEVELS:
            return float(int(grade))
    return float("nan")


def _schools(
    bundle: Bundle, programmes: Mapping[str, tuple[str, ...]], notices: list[Notice]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Orgs of the type school; their id is the identifier that people know, if every school has one of its own."""
    orgs = bundle.tables["orgs"]
    is_school = orgs["type"].str.lower() == "school"
    schools = orgs[is_school]
    if schools.empty:
        raise RecordsError("oneroster_no_schools", file=bundle.file)
    own = column_or_empty(schools, "identifier")
    readable_ids = bool((own != "").all()) and own.is_unique
    ids = own if readable_ids else schools["sourcedId"]
    names = dict(zip(orgs["sourcedId"], orgs["name"], strict=True))
    above = column_or_empty(schools, "parentSourcedId").map(names).fillna("")
    of_name = {name: _programme(name, programmes) for name in schools["name"].unique()}
    programme = schools["name"].map(of_name)
    counted = programme.value_counts()
    shown = ", ".join(f"{name}: {counted[name]}" for name in sorted(counted.index))
    notices.append(Notice("oneroster.programmes", value=str(len(schools)), detail=shown))
    frame = pd.DataFrame(
        {
            "school_id": ids,
            "title": schools["name"],
            "programme": programme,
            "municipality": above,
            "row": schools["row"],
        }
    )
    return frame.reset_index(drop=True), dict(zip(schools["sourcedId"], ids, strict=True))


def _programme(name: str, programmes: Mapping[str, tuple[str, ...]]) -> str:
    plain = without_diacritics(normal_heading(name))
    for programme in ("evening", "vocational"):
        words = (without_diacritics(normal_heading(word)) for word in programmes.get(programme, ()))
        if any(word in plain for word in words if len(word) >= _SHORTEST_WORD):
            return programme
    return "general"


def _semesters(bundle: Bundle, notices: list[Notice]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Sessions of the type semester, else term; grading periods belong to the one that they begin in."""
    sessions = bundle.tables["academicSessions"]
    kind = sessions["type"].str.lower()
    chosen = next((each for each in ("semester", "term") if (kind == each).any()), None)
    if chosen is None:
        raise RecordsError("oneroster_no_semesters", file=bundle.file)
    start = pd.to_datetime(sessions["startDate"].str[:10], format="%Y-%m-%d", errors="coerce")
    usable = start.notna() & (kind != "schoolyear")
    year, month = start.dt.year, start.dt.month
    first = (year - (month < FIRST_MONTH)).fillna(0).astype(int)
    half = np.where(month >= FIRST_MONTH, "1", "2")
    ids: pd.Series[Any] = first.astype(str) + "/" + (first + 1).astype(str) + "-" + half
    of_session = dict(zip(sessions["sourcedId"], ids.where(usable, ""), strict=True))
    mine = sessions[(kind == chosen) & usable]
    if mine.empty:
        raise RecordsError("oneroster_no_semesters", file=bundle.file)
    grouped = mine.assign(semester=ids[mine.index]).groupby("semester", sort=True)
    frame = grouped.agg(date_from=("startDate", "min"), date_to=("endDate", "max"), row=("row", "min")).reset_index()
    differing = grouped[["startDate", "endDate"]].nunique().max(axis=1)
    for semester in differing[differing > 1].index:
        notices.append(Notice("oneroster.sessions_joined", value=str(semester), detail=str(grouped.size()[semester])))
    frame["date_from"], frame["date_to"] = frame["date_from"].str[:10], frame["date_to"].str[:10]
    return frame[["semester", "date_from", "date_to", "row"]], of_session


def _students(bundle: Bundle) -> tuple[pd.DataFrame, dict[str, int]]:
    """Users who are pupils (by their role in 1.1, by roles.csv in 1.2), and how many others there are of each role."""
    users = bundle.tables["users"].drop_duplicates("sourcedId")
    if "roles" in bundle.tables:
        roles = bundle.tables["roles"]
        said = roles.assign(role=roles["role"].str.lower())
        students = set(said.loc[said["role"] == "student", "userSourcedId"])
        of_user = said.drop_duplicates("userSourcedId").set_index("userSourcedId")["role"]
        role = users["sourcedId"].map(of_user).fillna("")
    else:
        role = column_or_empty(users, "role").str.lower()
        students = set(users.loc[role == "student", "sourcedId"])
    is_student = users["sourcedId"].isin(students)
    others = role[~is_student].replace("", "?").value_counts()
    return users[is_student].reset_index(drop=True), {str(name): int(count) for name, count in others.items()}


def _roll(
    bundle: Bundle,
    students: pd.DataFrame,
    school_of_class: Mapping[str, str],
    terms_of_class: Mapping[str, tuple[str, ...]],
    school_ids: Mapping[str, str],
    whole_year: tuple[str, ...],
    notices: list[Notice],
) -> pd.DataFrame:
    """Pupil, school and semester of every enrolment; of pupils in no class their school and the whole latest year."""
    nothing = pd.DataFrame(columns=["classSourcedId", "userSourcedId", "role", "schoolSourcedId"])
    taken = bundle.tables.get("enrollments", nothing)
    taken = taken[(taken["role"].str.lower() == "student") & taken["userSourcedId"].isin(students["sourcedId"])]
    school = column_or_empty(taken, "schoolSourcedId").map(school_ids)
    roll = pd.DataFrame(
        {
            "user": taken["userSourcedId"],
            "school_id": school.where(school.notna(), taken["classSourcedId"].map(school_of_class)),
            "semester": taken["classSourcedId"].map(lambda each: terms_of_class.get(each) or whole_year),
        }
    ).explode("semester")
    alone = students[~students["sourcedId"].isin(roll["user"])]
    if len(alone):
        notices.append(Notice("oneroster.without_class", value=str(len(alone)), detail=", ".join(whole_year)))
        own = pd.DataFrame({"user": alone["sourcedId"], "school_id": _schools_of(bundle, alone, school_ids)})
        own["semester"] = [whole_year] * len(own)
        roll = pd.concat([roll, own.explode("school_id").explode("semester")])
    lost = roll["school_id"].isna()
    if lost.any():
        notices.append(Notice("oneroster.without_school", value=str(roll.loc[lost, "user"].nunique())))
    return roll.drop_duplicates().reset_index(drop=True)


def _schools_of(bundle: Bundle, users: pd.DataFrame, school_ids: Mapping[str, str]) -> pd.Series[Any]:
    """Schools of users as lists: the orgs of their student roles (1.2), or those that the user names (1.1)."""
    if "roles" in bundle.tables:
        roles = bundle.tables["roles"]
        mine = roles[(roles["role"].str.lower() == "student") & roles["orgSourcedId"].isin(school_ids)]
        found = mine["orgSourcedId"].map(school_ids).groupby(mine["userSourcedId"]).agg(lambda each: sorted(set(each)))
        own = column_or_empty(users, "primaryOrgSourcedId").map(school_ids)
        several = users["sourcedId"].map(found)
        return several.where(several.notna(), own)
    named = column_or_empty(users, "orgSourcedIds")
    of_text = {
        text: [school_ids[each] for each in listed(text) if each in school_ids] or None for text in named.unique()
    }
    return named.map(of_text)


def _pupils(
    bundle: Bundle, students: pd.DataFrame, roll: pd.DataFrame, schools: pd.DataFrame, notices: list[Notice]
) -> pd.DataFrame:
    homeroom = _homerooms(bundle, students)
    grades = column_or_empty(students, "grades")
    level = grades.map({text: level_of(text) for text in grades.unique()})
    unknown = int((level.isna() & (grades != "")).sum())
    if unknown:
        shown = ", ".join(sorted(set(grades[level.isna() & (grades != "")])))
        notices.append(Notice("oneroster.grades", value=str(unknown), detail=shown))
    middle = column_or_empty(students, "middleName")
    about = pd.DataFrame(
        {
            "user": students["sourcedId"],
            "given_name": (students["givenName"] + " " + middle).str.strip(),
            "surname": students["familyName"],
            "level": level,
            "class_id": students["sourcedId"].map(homeroom),
            "row": students["row"],
        }
    )
    if "demographics" in bundle.tables:
        facts = bundle.tables["demographics"].drop_duplicates("sourcedId").set_index("sourcedId")
        for target, heading in (("birth_date", "birthDate"), ("sex", "sex")):
            if heading in facts:
                about[target] = about["user"].map(facts[heading])
        if "sex" in about:
            about["sex"] = about["sex"].where(about["sex"].str.lower().isin(["female", "male"]))
    frame = roll.merge(about, on="user", how="left").rename(columns={"user": "pupil_id"})
    programme = schools.set_index("school_id")["programme"]
    frame["programme"] = frame["school_id"].map(programme)
    return frame.sort_values(["row", "semester", "school_id"], kind="stable", ignore_index=True)


def _homerooms(bundle: Bundle, students: pd.DataFrame) -> dict[str, str]:
    """The class that a pupil belongs to: the title of a class of the type homeroom."""
    if not {"classes", "enrollments"} <= bundle.tables.keys():
        return {}
    classes, taken = bundle.tables["classes"], bundle.tables["enrollments"]
    home = classes[column_or_empty(classes, "classType").str.lower() == "homeroom"]
    mine = taken[taken["classSourcedId"].isin(home["sourcedId"]) & taken["userSourcedId"].isin(students["sourcedId"])]
    title = mine["classSourcedId"].map(dict(zip(home["sourcedId"], home["title"], strict=True)))
    return dict(zip(mine["userSourcedId"], title, strict=True))


def column_or_empty(table: pd.DataFrame, heading: str) -> pd.Series[Any]:
    """A column, or empty texts where the file does not have it."""
    return table[heading] if heading in table else pd.Series("", index=table.index, dtype=object)


def _lookup(table: pd.DataFrame, heading: str, names: Mapping[str, str]) -> dict[str, str]:
    return {
        each: names[said]
        for each, said in zip(table["sourcedId"], column_or_empty(table, heading), strict=True)
        if said in names
    }

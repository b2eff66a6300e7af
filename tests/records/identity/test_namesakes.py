"""Pupils of one name are told apart by what is known, and never by a guess."""

import pytest

from pumpurs_risk.records.identity.namesakes import Person, Seen, tell_apart


def births(persons):
    return [(person.birth, person.pupil_id) for person in persons]


@pytest.mark.parametrize(
    ("seen", "remembered", "persons", "which"),
    [
        # a year and a date within it are one pupil, two dates within it are not
        ([Seen("2010", ""), Seen("2010-05-03", "")], [], [("2010-05-03", "")], [0, 0]),
        (
            [Seen("2010", ""), Seen("2010-05-03", ""), Seen("2010-09-01", "")],
            [],
            [("2010-05-03", ""), ("2010-09-01", "")],
            [None, 0, 1],
        ),
        # the one remembered without a birth is the one seen now, but not if two are seen
        ([Seen("2010", "")], [("", "A")], [("2010", "A")], [0]),
        ([Seen("2010", ""), Seen("2010-05-03", "")], [("", "A")], [("2010-05-03", "A")], [0, 0]),
        ([Seen("2010", ""), Seen("2012", "")], [("", "A")], [("", "A"), ("2010", ""), ("2012", "")], [1, 2]),
        (
            [Seen("2010-05-03", ""), Seen("2012", "")],
            [("", "A")],
            [("", "A"), ("2010-05-03", ""), ("2012", "")],
            [1, 2],
        ),
        # a remembered year becomes a date unless two dates claim it
        ([Seen("2010-05-03", "")], [("2010", "A"), ("2012", "B")], [("2010-05-03", "A"), ("2012", "B")], [0]),
        (
            [Seen("2010-05-03", ""), Seen("2010-09-01", "")],
            [("2010", "A")],
            [("2010", "A"), ("2010-05-03", ""), ("2010-09-01", "")],
            [1, 2],
        ),
        (
            [Seen("2010-05-03", ""), Seen("2010-09-01", "")],
            [("2010", "A"), ("2010-09-01", "B")],
            [("2010-05-03", "A"), ("2010-09-01", "B")],
            [0, 1],
        ),
        # an unknown birth is the only pupil of that name, or nobody
        ([Seen("", "")], [("2010", "A")], [("2010", "A")], [0]),
        ([Seen("", "")], [("2010", "A"), ("2012", "B")], [("2010", "A"), ("2012", "B")], [None]),
        # two classes at a time are two pupils; the row that tells the birth is believed
        ([Seen("2010", "9.a"), Seen("2010", "9.b")], [], [], [None, None]),
        ([Seen("2010", "9.a"), Seen("", "9.b")], [], [("2010", "")], [0, None]),
        ([Seen("2010", "9.a"), Seen("2010", "9.b"), Seen("", "9.c", 1)], [], [], [None, None, None]),
        ([Seen("", "9.a"), Seen("", "")], [], [("", "")], [0, 0]),
        ([Seen("", "9.a"), Seen("", "9.b")], [("", "A")], [("", "A")], [None, None]),
        ([Seen("", "8.a", 0), Seen("", "9.a", 1)], [("", "A")], [("", "A")], [0, 0]),
        # two pupils of one name remembered by their own ids
        ([Seen("", "")], [("", "A"), ("", "B")], [("", "A"), ("", "B")], [None]),
    ],
)
def test_each_row_means_one_pupil_or_none(seen, remembered, persons, which):
    found, meant = tell_apart(seen, [Person(*person) for person in remembered])
    assert births(found) == persons
    assert meant == which


def test_what_is_remembered_is_not_changed_in_place():
    person = Person("", "A")
    tell_apart([Seen("2010", "")], [person])
    assert person == Person("", "A")

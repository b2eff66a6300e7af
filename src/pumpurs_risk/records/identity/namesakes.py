"""Tells pupils of one name in one school apart: by birth, by what was remembered, and never by a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """One way in which a name stands in the records: birth (date, year or ""), class ("" unknown), period."""

    birth: str
    class_id: str
    period: int = 0


@dataclass(slots=True)
class Person:
    """One pupil of that name: what is known of the birth, and the id if there is one already."""

    birth: str
    pupil_id: str = ""


def tell_apart(seen: Sequence[Seen], remembered: Sequence[Person]) -> tuple[list[Person], list[int | None]]:
    """Say which pupil each row of one name in one school means.

    Parameters
    ----------
    seen : sequence of Seen
        The different ways in which the name stands in the records.
    remembered : sequence of Person
        The pupils of that name met before.

    Returns
    -------
    persons : list of Person
        All pupils of that name: those remembered, a more exact birth filled in, then the new ones (without an id).
    which : list of int or None
        For each of ``seen`` its number in ``persons``; None where it may mean several pupils, or where two classes in
        one period show that one birth stands for two pupils. The order of ``seen`` does not matter.

    Examples
    --------
    >>> persons, which = tell_apart([Seen("2010", "9.a"), Seen("2012", "7.a")], [])
    >>> [person.birth for person in persons], which
    (['2010', '2012'], [0, 1])
    >>> tell_apart([Seen("", "9.a"), Seen("", "9.b")], [])[1]
    [None, None]
    """
    if len(seen) == 1 and not remembered:  # nearly every name
        return [Person(seen[0].birth)], [0]
    persons = [Person(person.birth, person.pupil_id) for person in remembered]
    dates = sorted({row.birth for row in seen if len(row.birth) > 4})
    years = sorted({row.birth for row in seen if len(row.birth) == 4})
    one_pupil = len(dates) <= 1 and len({birth[:4] for birth in (*dates, *years)}) == 1
    _place_dates(dates, persons, one_pupil)
    _place_years(years, persons, one_pupil)
    if any(not row.birth for row in seen) and not persons:
        persons.append(Person(""))
    which = [
        _only([number for number, person in enumerate(persons) if _agree(row.birth, person.birth)]) for row in seen
    ]
    _doubt_two_classes(seen, which)
    unmet = {number for number, person in enumerate(persons) if not person.pupil_id} - set(which)
    if unmet:  # new ones whose every row is in doubt are nobody yet
        kept = [number for number in range(len(persons)) if number not in unmet]
        persons = [persons[number] for number in kept]
        which = [None if number is None else kept.index(number) for number in which]
    return persons, which


def _place_dates(dates: Sequence[str], persons: list[Person], one_pupil: bool) -> None:
    """Find or make the person of each date; one remembered by the year alone if no other date claims that year."""
    for date in dates:
        if any(person.birth == date for person in persons):
            continue
        by_year = [person for person in persons if person.birth == date[:4]]
        rivals = [other for other in dates if other != date and other[:4] == date[:4]]
        rivals = [other for other in rivals if not any(person.birth == other for person in persons if person.pupil_id)]
        if by_year and not rivals:
            by_year[0].birth = date
        elif one_pupil and (unknown := _only_unknown(persons)):
            unknown.birth = date
        else:
            persons.append(Person(date))


def _place_years(years: Sequence[str], persons: list[Person], one_pupil: bool) -> None:
    """Find or make the person of each year that no date stands for."""
    for year in years:
        if any(person.birth[:4] == year for person in persons):
            continue
        if one_pupil and (unknown := _only_unknown(persons)):
            unknown.birth = year
        else:
            persons.append(Person(year))


def _only_unknown(persons: Sequence[Person]) -> Person | None:
    """Find the one pupil of that name, if the birth is not known yet."""
    return persons[0] if len(persons) == 1 and not persons[0].birth else None


def _agree(seen: str, known: str) -> bool:
    """Whether two births may be one: an unknown one agrees with all, a remembered unknown one with an unknown alone."""
    if not seen:
        return True
    return seen == known or (len(seen) == 4 and known[:4] == seen)


def _only(numbers: Sequence[int]) -> int | None:
    return numbers[0] if len(numbers) == 1 else None


def _doubt_two_classes(seen: Sequence[Seen], which: list[int | None]) -> None:
    """One pupil is in one class at a time: put rows that say otherwise in doubt, those without a birth first."""
    told = _classes(seen, which, told_only=True)
    every = _classes(seen, which, told_only=False)
    two_pupils = {number for (number, _), classes in told.items() if len(classes) > 1}
    for place, (row, number) in enumerate(zip(seen, which, strict=True)):
        if number is not None:
            classes = (told if row.birth else every).get((number, row.period), set())
            if len(classes) > 1 or (not row.birth and number in two_pupils):
                which[place] = None


def _classes(seen: Sequence[Seen], which: Sequence[int | None], *, told_only: bool) -> dict[tuple[int, int], set[str]]:
    """Gather the classes of each person in each period, over all rows or over those that tell the birth."""
    classes: dict[tuple[int, int], set[str]] = {}
    for row, number in zip(seen, which, strict=True):
        if number is not None and row.class_id and (row.birth or not told_only):
            classes.setdefault((number, row.period), set()).add(row.class_id)
    return classes

"""A made municipality whose truth is known: pupils as a sheet would show them, and who of them really leaves."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pumpurs_risk.datasets.names import pupil_names
from pumpurs_risk.datasets.recording import make_mistakes, write_down
from pumpurs_risk.datasets.schools import made_roll, made_schools
from pumpurs_risk.datasets.world import MadeWorld, draw_pupils, leaving_log_odds, logistic, made_world, stream

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.records import SchoolRecords

Array = np.ndarray[Any, Any]
_SCHOOL_COLUMNS = ["school_id", "title", "municipality", "programme", "places"]
_SAME_SCHOOL_AFTER_9 = 0.6  # share of grade 10 to 12 pupils who were in the school's basic grades
_JOINED_THIS_AUTUMN = 0.012  # share of pupils who came after 1 September


@dataclass(frozen=True)
class MadePupils:
    """Everything that is true of a made cohort, before anyone wrote it down.

    Parameters
    ----------
    schools : pandas.DataFrame
        As `made_schools` returns it.
    sheet : pandas.DataFrame
        One row per pupil, every column known: keys, counts, and the factors that the catalogue and the made world share.
    names : numpy.ndarray of object, shape (n,)
        Invented names.
    values : dict of str to numpy.ndarray of float, shape (n,)
        The made world's own variables, those that no sheet shows included.
    truth : pandas.DataFrame
        pupil_id, risk (true one-year probability), dropped_out (0 or 1), log_odds.
    """

    schools: pd.DataFrame
    sheet: pd.DataFrame
    names: Array
    values: dict[str, Array]
    truth: pd.DataFrame


def make_cohort(
    n_pupils: int = 1500,
    *,
    random_state: int = 0,
    n_municipalities: int = 1,
    difference: float = 0.0,
    as_of: str | dt.date = "2027-01-15",
    catalogue: Catalogue | None = None,
    share_unknown: float | None = None,
    messy: bool = False,
    form: Literal["sheet", "tables"] = "tables",
    years: int = 2,
    follow_up: int = 1,
) -> SchoolRecords:
    """Make up municipalities with schools, pupils, and who of them leaves within a year.

    A municipality of 1,500 pupils has seven schools: five of general education, one of evening and distance learning with
    a much higher risk, and a vocational one. Larger ones have several of each. How pupils come about, and the figures
    that this follows, stand in ``datasets/made_world.toml``. The truth is the made world's own: the shipped prior's odds
    ratios are not in it.

    As ``tables`` the pupils live through years of it: they are absent, get marks, quarrel, are asked and helped, move up,
    change school, leave, and all of it is written down as journals do, with the days on which excuses, corrections and
    statuses came. How their state moves from semester to semester stands in ``datasets/years/made_years.toml``.

    Parameters
    ----------
    n_pupils : int
        Pupils in all; as tables, the places on the rolls, which are filled anew each September (a few pupils more or
        fewer are there on any day).
    random_state : int
        Seed; the same seed gives the same cohort.
    n_municipalities : int
        Municipalities that the pupils are divided over.
    difference : float
        How much municipalities differ in who leaves: the standard deviation, over municipalities, of a shift of the
        log-odds, and of the logarithm of what each coefficient is multiplied by. 0 makes one truth for all.
    as_of : str or datetime.date
        Day of the list; a sheet's counts are of the last semester that ended before it.
    catalogue : Catalogue, optional
        Whose factors the sheet has; the shipped one by default. Factors that the made world does not know are left out.
    share_unknown : float, optional
        Share of factor cells that nobody wrote down, wholly by chance. By default as schools do: a quarter record no
        conduct, half of the paid work is unknown, and pupils who worry a teacher are asked more often.
    messy : bool
        Whether one cell in a hundred is mistaken as people mistake them (a mark of 11, a date to come, "7,5" as text);
        of sheets only, see `write_municipality` for tables with mistakes.
    form : {"sheet", "tables"}
        One row per pupil, or event records over years.
    years : int
        As tables: whole school years before the one that the list's day lies in.
    follow_up : int
        As tables: years after the list's day that the records go on for, until the last status is entered; 0 for what was
        known on the day and nothing else.

    Returns
    -------
    SchoolRecords
        ``.sheet`` or ``.tables``, and ``.truth``: pupil_id, risk, dropped_out and log_odds, one row per pupil of the sheet.
        With tables it has a row per pupil on a roll for each 15 September and 15 January of the records up to the list's
        day, and for that day (columns as_of and semester): the risk of leaving within one year of the day, from the true
        state of that day, and whether the pupil did (a pupil who moved away did not).

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> records = make_cohort(100, random_state=1, form="sheet")
    >>> len(records.sheet), list(records.truth.columns)
    (100, ['pupil_id', 'risk', 'dropped_out', 'log_odds'])
    >>> records = make_cohort(100, form="tables", years=1)
    >>> sorted(records.tables)[:4], str(records.truth["as_of"].max().date())
    (['absences', 'assessments', 'decisions', 'incidents'], '2027-01-15')
    """
    from pumpurs_risk.catalogue import Catalogue

    if n_pupils < 1 or not 1 <= n_municipalities <= n_pupils:
        raise ValueError(
            f"n_pupils={n_pupils} and n_municipalities={n_municipalities}: at least one pupil in each is needed"
        )
    if difference < 0:
        raise ValueError(f"difference is a standard deviation and cannot be {difference}")
    if share_unknown is not None and not 0 <= share_unknown <= 1:
        raise ValueError(f"share_unknown must be from 0 to 1, got {share_unknown}")
    if form not in ("sheet", "tables"):
        raise ValueError(f'form must be "sheet" or "tables", got {form!r}')
    if years < 0 or follow_up < 0:
        raise ValueError(f"years={years} and follow_up={follow_up}: neither can be below 0")
    if messy and form == "tables":
        raise ValueError(
            "messy is about sheets (form='sheet'); write_municipality() writes 2 kinds of tables with mistakes"
        )
    catalogue = Catalogue.load() if catalogue is None else catalogue
    day = dt.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    if form == "tables":
        from pumpurs_risk.datasets.years.records import years_of_records

        return years_of_records(
            n_pupils, random_state, n_municipalities, difference, day, years, follow_up, catalogue, share_unknown
        )[0]
    made = draw_municipalities(n_pupils, random_state, n_municipalities, difference, day, catalogue)
    sheet = write_down(made_world(), made.schools, made.sheet, catalogue, random_state, share_unknown)
    if not messy:
        return _records(made, sheet)
    return _read_records(made, make_mistakes(sheet, stream(random_state, "mistakes")), catalogue)


def draw_municipalities(
    n_pupils: int, random_state: int, n_municipalities: int, difference: float, as_of: dt.date, catalogue: Catalogue
) -> MadePupils:
    """Draw schools, pupils and who leaves, with everything known; parameters as in `make_cohort`.

    Returns
    -------
    MadePupils
        The cohort as it is, not as it is written down.
    """
    world = made_world()
    schools = made_schools(world, n_pupils, n_municipalities, difference, stream(random_state, "schools"))
    roll = made_roll(world, schools)
    values = draw_pupils(world, _given(world, schools, roll, random_state), random_state)
    stretch = _stretch(world, schools, roll, difference, random_state)
    log_odds = leaving_log_odds(world, values, roll["programme_level"].to_numpy(), stretch)
    risk = logistic(log_odds)
    sheet = _sheet(world, schools, roll, values, as_of, catalogue, random_state)
    left = stream(random_state, "dropped_out").random(n_pupils) < risk
    truth = pd.DataFrame(
        {"pupil_id": sheet["pupil_id"], "risk": risk, "dropped_out": left.astype(np.int8), "log_odds": log_odds}
    )
    names = pupil_names(values["male"] == 1, roll["school"].to_numpy(), stream(random_state, "names"))
    return MadePupils(schools, sheet, names, values, truth)


def _given(world: MadeWorld, schools: pd.DataFrame, roll: pd.DataFrame, random_state: int) -> dict[str, Array]:
    """What the roll says of each pupil, as numbers that the made world's variables can depend on."""
    school = roll["school"].to_numpy()
    programme = schools["programme"].to_numpy()[school]
    stage = _by_level(roll, {name: level.stage for name, level in world.levels.items()})
    level = roll["level"].to_numpy()
    general, vocational = programme == "general", programme == "vocational"
    chance = stream(random_state, "male").random(len(roll))
    flags = {
        "male": chance < np.where(vocational, 0.56, 0.51),
        "rural": schools["rural"].to_numpy()[school],
        "general": general,
        "evening": programme == "evening",
        "vocational": vocational,
        "teens": (stage >= 7) & (stage <= 9),
        "upper": stage >= 10,
        "starts": (general & (level == 10)) | (vocational & (level == 1)),
        "years_over_13": np.maximum(stage + 6.5 - 13, 0),
        "school_leaving": schools["school_leaving"].to_numpy()[school],
        "school_strictness": schools["school_strictness"].to_numpy()[school],
    }
    return {name: np.asarray(value, dtype=float) for name, value in flags.items()}


def _by_level(roll: pd.DataFrame, numbers: dict[str, float]) -> Array:
    """Look a number up for each pupil's programme and level."""
    levels = roll["programme_level"].cat.categories
    return np.array([numbers[level] for level in levels], dtype=float)[roll["programme_level"].cat.codes.to_numpy()]


def _stretch(
    world: MadeWorld, schools: pd.DataFrame, roll: pd.DataFrame, difference: float, random_state: int
) -> dict[str, Array] | None:
    """What each pupil's coefficients are multiplied by because of their municipality."""
    if difference == 0:
        return None
    municipality = schools["municipality_number"].to_numpy()
    rng = stream(random_state, "coefficients")
    drawn = np.exp(difference * rng.standard_normal((len(world.leaving.terms), municipality.max() + 1)))
    each = municipality[roll["school"].to_numpy()]
    return {name: drawn[i, each] for i, name in enumerate(world.leaving.terms) if name != "school_leaving"}


def _sheet(
    world: MadeWorld,
    schools: pd.DataFrame,
    roll: pd.DataFrame,
    values: dict[str, Array],
    as_of: dt.date,
    catalogue: Catalogue,
    random_state: int,
) -> pd.DataFrame:
    """Every column of the sheet, everything known."""
    school = roll["school"].to_numpy()
    semester = catalogue.calendar.last_completed(as_of)
    first, last = catalogue.calendar.bounds(semester)
    school_days = catalogue.calendar.school_days(first, last + dt.timedelta(days=1))
    begins = int(semester[:4])  # calendar year in which the school year begins
    held = _lessons_held(world, roll, school_days, random_state)
    enrolled, present = _enrolment(roll, values, as_of, begins, random_state)
    held = np.maximum(np.rint(held * present), 1)
    rng = stream(random_state, "lessons")
    unexcused = np.minimum(rng.poisson(values["unexcused_per_100"] * held / 100), held)
    missed = np.minimum(unexcused + rng.poisson(values["excused_per_100"] * held / 100), held)
    stage = _by_level(roll, {name: level.stage for name, level in world.levels.items()})
    school_id = schools["school_id"].to_numpy()[school]
    columns: dict[str, Any] = {
        "pupil_id": school_id + ":" + roll["own_id"].to_numpy(),
        "school_id": school_id.astype(object),
        "class_id": roll["class_id"].to_numpy(),
        "level": roll["level"].to_numpy(),
        "programme": schools["programme"].to_numpy()[school],
        "birth_year": begins - 6 - stage - values["over_age"],
        "enrolled_from": enrolled,
        "semester": semester,
        "as_of": np.full(len(roll), as_of, dtype="datetime64[s]"),
        "lessons_held": held,
        "lessons_missed": missed,
        "unexcused_raw": unexcused,
    }
    for name, factor in catalogue.factors.items():
        if name in world.pupil and name not in columns:
            columns[name] = _as_recorded(values[name], factor)
    return pd.DataFrame(columns)


def _as_recorded(value: Array, factor: RiskFactor) -> Array:
    """A variable of the made world in the catalogue's own terms: within its range, yes/no as 0 and 1."""
    low, high = factor.range if factor.range is not None else (-np.inf, np.inf)
    return np.clip(value, low, min(high, 1.0) if factor.kind == "yes_no" else high)


def _lessons_held(world: MadeWorld, roll: pd.DataFrame, school_days: int, random_state: int) -> Array:
    """Lessons held: one number per class, a few less than planned."""
    planned = _by_level(roll, {name: level.lessons for name, level in world.levels.items()}) * school_days / 5
    one_class, classes = pd.factorize(roll["school"].astype(str) + " " + roll["class_id"])
    given = stream(random_state, "lessons_held").uniform(0.96, 1.0, len(classes))
    return np.rint(planned * given[one_class])


def _enrolment(
    roll: pd.DataFrame, values: dict[str, Array], as_of: dt.date, begins: int, random_state: int
) -> tuple[Array, Array]:
    """Day of enrolment, and the share of the semester since then."""
    rng = stream(random_state, "enrolled_from")
    n = len(roll)
    level = roll["level"].to_numpy().astype(np.int64)
    basic = (values["general"] == 1) & (level >= 10) & (rng.random(n) >= _SAME_SCHOOL_AFTER_9)
    years = np.where(basic, level - 10, level - 1)
    evening = values["evening"] == 1
    years = np.where(evening, np.minimum(rng.geometric(0.6, n) - 1, 4), years)
    moved = (values["school_changes"] > 0) & ~evening
    years = np.where(moved, np.minimum(years, rng.integers(0, 3, n)), years)
    days = rng.integers(14, 110, n)
    late = rng.random(n) < _JOINED_THIS_AUTUMN
    years, days = np.where(late, 0, years), np.where(late, days, 0)
    september = (begins - years - 1970).astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(8, "M")
    day = september.astype("datetime64[D]") + days.astype("timedelta64[D]")
    return np.minimum(day, np.datetime64(as_of)), 1 - days / 115


def _records(made: MadePupils, sheet: pd.DataFrame) -> SchoolRecords:
    """The records that reading a sheet without mistakes would give; a test compares."""
    from pumpurs_risk.records import ProblemLog, SchoolRecords, ValidationReport
    from pumpurs_risk.records.uniting.accounting import SHEET_TABLE

    own_id = sheet["pupil_id"].str.rpartition(":")[2]
    names = sheet[["pupil_id", "school_id"]].assign(name=made.names, own_id=own_id)
    semester, as_of = sheet["semester"].iloc[0], sheet["as_of"].iloc[0]
    schools = made.schools[_SCHOOL_COLUMNS].assign(
        places=made.schools["places"].astype(float), expected=True, semester=semester, as_of=as_of
    )
    schools = schools.sort_values("school_id", ignore_index=True)
    rows = made.schools[["school_id", "pupils"]].itertuples(index=False, name=None)
    counts = [(school_id, "sheet", "", SHEET_TABLE, pupils, pupils, 0, 0) for school_id, pupils in rows]
    report = ValidationReport.of(ProblemLog(), counts)
    return SchoolRecords(sheet=sheet, schools=schools, names=names, report=report, truth=made.truth)


def _read_records(made: MadePupils, sheet: pd.DataFrame, catalogue: Catalogue) -> SchoolRecords:
    """Let a sheet with mistakes be read and checked as anyone's would be; the truth goes beside it, row by row."""
    from pumpurs_risk.records import SchoolRecords

    name_of = pd.Series(made.names, index=made.sheet["pupil_id"])
    handed_in = sheet.assign(pupil_id=sheet["pupil_id"].str.rpartition(":")[2], name=sheet["pupil_id"].map(name_of))
    records = SchoolRecords.from_tables(handed_in, schools=made.schools[_SCHOOL_COLUMNS], catalogue=catalogue)
    truth = made.truth.set_index("pupil_id").loc[records.sheet["pupil_id"]].reset_index()
    return replace(records, truth=truth)

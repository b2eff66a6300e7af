"""What a sheet says of each pupil on a day; answers and peers for factor tables of every source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.factors.expressions.peers import LEAST_KNOWN, PEERS, peer_factors
from pumpurs_risk.factors.levels import ENTRY_LEVELS, NEW_STAGE_LEVELS, TEXT_COLUMNS
from pumpurs_risk.records.contract import SheetContract

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.records.school_records import SchoolRecords

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
_DAYS_OF_YEAR = 365.25


def sheet_factors(records: SchoolRecords, day: np.datetime64, catalogue: Catalogue) -> pd.DataFrame:
    """Make the factor table of what stands on the sheet, without what people answered and without peers.

    Parameters
    ----------
    records : SchoolRecords
        Rows that bear a later day are not used; of several rows of a pupil the latest counts.
    day : numpy.datetime64
        The day.
    catalogue : Catalogue
        Which factors.

    Returns
    -------
    pandas.DataFrame
        One row per pupil of the sheet, in its order.
    """
    rows = _Rows(latest_rows(records.sheet, day), day, catalogue)
    columns: dict[str, Any] = {"pupil_id": rows.sheet["pupil_id"].astype(object)}
    for name in catalogue.context:
        columns[name] = rows.context(name)
    contract = SheetContract.load(catalogue)
    for name, factor in catalogue.factors.items():
        if factor.kind == "level":
            columns[name] = rows.programme_level(name, factor.levels)
        elif name in contract.computed:
            ratio = contract.computed[name]
            columns[name] = rows.ratio(name, ratio.part, ratio.of, ratio.per)
        else:
            columns[name] = _COMPUTED.get(name, _Rows.number)(rows, name)
    return pd.DataFrame(columns).reset_index(drop=True)


@dataclass(frozen=True)
class _Rows:
    """Rows of the sheet that count on a day, and what follows from them."""

    sheet: pd.DataFrame
    day: np.datetime64
    catalogue: Catalogue

    def number(self, name: str) -> FloatArray:
        """Return a column as given; unknown where there is none."""
        if name not in self.sheet:
            return np.full(len(self.sheet), np.nan)
        return self.sheet[name].to_numpy(dtype=np.float64, na_value=np.nan)

    def text(self, name: str) -> pd.Series[Any]:
        if name not in self.sheet:
            return pd.Series(np.full(len(self.sheet), None, dtype=object), index=self.sheet.index)
        cells = self.sheet[name].astype(object)
        return cells.where(cells.notna(), None)

    def days(self, name: str) -> np.ndarray[Any, Any]:
        if name not in self.sheet:
            return np.full(len(self.sheet), np.datetime64("NaT", "D"))
        found: np.ndarray[Any, Any] = self.sheet[name].to_numpy().astype("datetime64[D]")
        return found

    @property
    def year_start(self) -> np.datetime64:
        """1 September of the day's school year."""
        year = self.day.astype("datetime64[Y]")
        september = np.datetime64(f"{year}-09-01", "D")
        return september if self.day >= september else np.datetime64(f"{year - 1}-09-01", "D")

    def context(self, name: str) -> Any:
        if name in TEXT_COLUMNS:
            cells = self.text(name)
            return cells.fillna("") if name == "semester" else cells
        return {"age": self.age, "first_year": self.first_year, "days_known": self.days_known}.get(
            name, lambda: self.number(name)
        )()

    def age(self) -> FloatArray:
        """Years on the day: from the date of birth, else from the middle of the year of birth, else as given."""
        born = self.days("birth_date")
        by_date = completed_years(born, self.day)
        begun = self.day.astype("datetime64[Y]")
        elapsed = (self.day - begun.astype("datetime64[D]")).astype(float) / _DAYS_OF_YEAR
        by_year = begun.astype(int) + 1970 + elapsed - (self.number("birth_year") + 0.5)
        return _first_known(by_date, by_year, self.number("age"))

    def is_at(self, levels: dict[str, Any]) -> FloatArray:
        """Whether a pupil is at one of the levels, by programme; unknown without a level."""
        level, programme = self.number("level"), self.text("programme").to_numpy()
        found = np.zeros(len(level), bool)
        for name, wanted in levels.items():
            found |= (programme == name) & np.isin(level, wanted)
        return np.where(np.isnan(level), np.nan, found.astype(float))

    def first_year(self) -> FloatArray:
        """Whether it is the first year in school or stage: by level, by day of enrolment, or said so."""
        enrolled = self.days("enrolled_from")
        new = np.where(np.isnat(enrolled), np.nan, (enrolled >= self.year_start).astype(float))
        return _any_yes(self.is_at(ENTRY_LEVELS), new, self.number("first_year"))

    def days_known(self) -> FloatArray:
        """School days from 1 September, or enrolment if later, to the day; as given where enrolment is not known."""
        from pumpurs_risk.errors import CatalogueError

        enrolled = self.days("enrolled_from")
        start = np.where(np.isnat(enrolled) | (enrolled < self.year_start), self.year_start, enrolled)
        start = np.minimum(start, self.day)
        distinct, index = np.unique(start, return_inverse=True)
        try:
            counted = np.asarray(self.catalogue.calendar.school_days(distinct, np.full(len(distinct), self.day)), float)
        except CatalogueError:  # a year that the calendar does not know: nobody counted its days
            counted = np.full(len(distinct), np.nan)
        given = self.number("days_known")
        return np.where(np.isnat(enrolled) & ~np.isnan(given), given, counted[index])

    def ratio(self, name: str, part: str, of: str, per: float) -> FloatArray:
        """``per * part / of`` where both are known and lessons were held, else as given."""
        top, bottom = self.number(part), self.number(of)
        with np.errstate(divide="ignore", invalid="ignore"):
            computed = per * top / bottom
        computed[~np.isfinite(computed)] = np.nan
        return _first_known(computed, self.number(name))

    def programme_level(self, name: str, levels: tuple[str, ...]) -> pd.Series[Any]:
        """Programme and level in one; without a level as given, else the programme alone."""
        made = pd.Series(np.full(len(self.sheet), None, dtype=object), index=self.sheet.index)
        level, programme = self.number("level"), self.text("programme").to_numpy()
        for known in levels:
            which, _, step = known.rpartition("-")
            if which:
                made[(programme == which) & (level == float(step))] = known
        made = made.where(made.notna(), self.text(name))
        for known in levels:
            made[(programme == known) & np.isnan(level) & made.isna()] = known
        return made

    def transition_year(self, name: str) -> FloatArray:
        """Whether it is the first year of a new stage of education, unless said otherwise."""
        return _first_known(self.number(name), self.is_at(NEW_STAGE_LEVELS))

    def over_age(self, name: str) -> FloatArray:
        """Whole years above the age that is usual at the level, unless said otherwise.

        The usual age is reached in the calendar year in which the school year begins, so the year of birth decides.
        """
        born = self.days("birth_date")
        year = np.where(np.isnat(born), np.nan, born.astype("datetime64[Y]").astype(float) + 1970)
        year = _first_known(year, self.number("birth_year"))
        begun = self.year_start.astype("datetime64[Y]").astype(int) + 1970
        usual = self.catalogue.calendar.usual_age(self.text("programme").to_numpy(), self.number("level"))
        limits = self.catalogue.factors[name].range or (0.0, np.inf)
        return _first_known(self.number(name), np.clip(begun - usual - year, max(limits[0], 0.0), limits[1]))


_COMPUTED: dict[str, Callable[[_Rows, str], FloatArray]] = {
    "transition_year": _Rows.transition_year,
    "over_age": _Rows.over_age,
}
"""Factors that follow from who a pupil is; every other one is taken as given, or is a ratio that the contract names."""


def latest_rows(sheet: pd.DataFrame, day: np.datetime64) -> pd.DataFrame:
    """Of each pupil the latest row that is not later than the day; a row without a day is the oldest."""
    known = sheet["as_of"].to_numpy().astype("datetime64[D]")
    usable: pd.DataFrame = sheet[np.isnat(known) | (known <= day)]
    if not usable["pupil_id"].duplicated().any():
        return usable
    days = usable["as_of"].reset_index(drop=True)
    ranked = days.sort_values(kind="stable", na_position="first").index.to_numpy()
    last: pd.DataFrame = usable.iloc[ranked].drop_duplicates("pupil_id", keep="last").sort_index()
    return last


def completed_years(born: np.ndarray[Any, Any], day: np.datetime64) -> FloatArray:
    """Age in years: those completed on birthdays, and the share of the time from the last birthday to the next.

    Parameters
    ----------
    born : numpy.ndarray of datetime64[D], shape (n,)
        Days of birth, NaT where unknown. Who was born on 29 February has a birthday on 1 March of a common year.
    day : numpy.datetime64
        The day.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        At least k exactly from the k-th birthday on.

    Examples
    --------
    >>> born = np.array(["2009-01-15", "2009-01-16", "NaT"], dtype="datetime64[D]")
    >>> completed_years(born, np.datetime64("2027-01-15")).round(3).tolist()
    [18.0, 17.997, nan]
    """
    known = np.where(np.isnat(born), day, born)
    month_of_birth = known.astype("datetime64[M]")
    days_on = known - month_of_birth.astype("datetime64[D]")

    def birthday(after: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Day of each one's n-th birthday."""
        found: np.ndarray[Any, Any] = (month_of_birth + 12 * after).astype("datetime64[D]") + days_on
        return found

    years = (day.astype("datetime64[Y]") - known.astype("datetime64[Y]")).astype(np.int64)
    years -= birthday(years) > day
    last, following = birthday(years), birthday(years + 1)
    age = years + (day - last).astype(float) / (following - last).astype(float)
    return np.where(np.isnat(born), np.nan, age)


def _first_known(*arrays: FloatArray) -> FloatArray:
    chosen = arrays[0]
    for each in arrays[1:]:
        chosen = np.where(np.isnan(chosen), each, chosen)
    return chosen


def _any_yes(*arrays: FloatArray) -> FloatArray:
    """Return 1 where any says yes, 0 where one says no and none yes, unknown where none says."""
    stacked = np.stack(arrays)
    yes = (stacked == 1).any(axis=0)
    return np.where(yes, 1.0, np.where(np.isnan(stacked).all(axis=0), np.nan, 0.0))


def fill_from_answers(X: pd.DataFrame, answers: pd.DataFrame, day: np.datetime64, catalogue: Catalogue) -> None:
    """Fill unknown factors by what people answered up to the day; the latest answer counts, of one day the highest."""
    if not len(answers):
        return
    dated = answers["as_of"].to_numpy().astype("datetime64[D]")
    usable = answers[(np.isnat(dated) | (dated <= day)) & answers["value"].notna().to_numpy()]
    usable = usable.sort_values(["as_of", "value"], na_position="first", kind="stable")
    usable = usable.drop_duplicates(["pupil_id", "factor"], keep="last")
    for name, some in usable.groupby("factor"):
        if name in catalogue.factors and catalogue.factors[str(name)].kind != "level":
            said = X["pupil_id"].map(some.set_index("pupil_id")["value"]).to_numpy(dtype=float)
            X[name] = _first_known(X[name].to_numpy(), said)


def compare_with_peers(X: pd.DataFrame, catalogue: Catalogue) -> None:
    """Value minus the median of the same school, programme and level, unless given.

    At least six of the group must be known, oneself included: five others.
    """
    compared = peer_factors(catalogue.factors)
    if not compared or not len(X):
        return
    group = X.groupby(list(PEERS), sort=False, dropna=True)
    for name, other in compared.items():
        value = X[other].to_numpy()
        enough = group[other].transform("count").to_numpy() >= LEAST_KNOWN
        X[name] = _first_known(X[name].to_numpy(), np.where(enough, value - group[other].transform("median"), np.nan))

"""Scoring without special-category (or all sensitive) factors, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import number, percent, text

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.flags import FlagPolicy
    from pumpurs_risk.model import AdditiveModel
    from pumpurs_risk.records.school_records import SchoolRecords

LEVELS = {"special": ("special",), "sensitive": ("sensitive", "special")}
"""What can be left out: the special categories, or everything that is not ordinary."""


@dataclass(frozen=True)
class Cost:
    """What a list loses when facts are left out; counts and shares only.

    Parameters
    ----------
    pupils : int
        Pupils scored.
    known : int
        Of them, those of whom at least one of the facts left out was recorded.
    listed : int
        Pupils on the list that is made without them.
    changed : int
        Pupils of that list who would not stand on the list made with everything.
    evidence_lost : float
        Share of the evidence about these `known` pupils that is left out: mean fall of `AdditiveModel.evidence_share`.
    moved : float
        Greatest move of a one-year risk, up or down.
    """

    pupils: int
    known: int
    listed: int
    changed: int
    evidence_lost: float
    moved: float


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A factor table without some factors, and what that costs.

    Parameters
    ----------
    level : {"special", "sensitive"}
        What was left out.
    factors : tuple of str
        Ids of all factors left out, whether recorded or not.
    X : pandas.DataFrame
        Without their columns: to every model they are unknown.
    cost : Cost
        See there.
    """

    level: str
    factors: tuple[str, ...]
    X: pd.DataFrame
    cost: Cost

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give a table without the rows that speak of a factor left out (column ``factor`` or ``factor_2``)."""
        for column in {"factor", "factor_2"} & set(frame.columns):
            frame = frame[~frame[column].isin(self.factors)]
        return frame.reset_index(drop=True)

    def records(self, records: SchoolRecords, catalogue: Catalogue) -> SchoolRecords:
        """Give records without the cells, answers and problems that speak of a factor left out.

        Parameters
        ----------
        records : SchoolRecords
            As read.
        catalogue : Catalogue
            Knows the headings of the factors.

        Returns
        -------
        SchoolRecords
            Event tables stay as they are: a run keeps none of them.
        """
        from pumpurs_risk.records.contract import SheetContract

        contract = SheetContract.load(catalogue)
        problems = records.report.problems
        meant = {heading: contract.recognise(heading) for heading in problems["column"].unique()}
        mine = problems["column"].map(meant).isin(self.factors)
        return replace(
            records,
            sheet=records.sheet.drop(columns=[c for c in self.factors if c in records.sheet]),
            answers=self.rows(records.answers),
            report=replace(records.report, problems=problems[~mine].reset_index(drop=True)),
        )

    def sentence(self, lang: str) -> str:
        """Say what was left out and what that costs, for the run's notes.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        str
        """
        cost = self.cost
        what = text(f"retention.without.{self.level}", lang, n=len(self.factors))
        if not cost.known:
            return f"{what} {text('retention.without.nothing_known', lang)}"
        return " ".join(
            (
                what,
                text("retention.without.known", lang, count=cost.known, n=number(cost.known, lang)),
                text(
                    "retention.without.changed", lang, count=cost.changed, n=number(cost.changed, lang),
                    listed=number(cost.listed, lang),
                ),
                text(
                    "retention.without.evidence", lang, share=percent(cost.evidence_lost, lang, 1),
                    moved=number(100 * cost.moved, lang, 1),
                ),
            )
        )  # fmt: skip


def factors_of(catalogue: Catalogue, level: str) -> tuple[str, ...]:
    """Ids of the factors that a level leaves out, in the catalogue's order.

    Parameters
    ----------
    catalogue : Catalogue
        With own factors.
    level : {"special", "sensitive"}
        ``sensitive`` leaves out special ones too.

    Returns
    -------
    tuple of str

    Raises
    ------
    RunError
        If there is no such level.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> "pregnancy" in factors_of(Catalogue.load(), "special"), "marriage" in factors_of(Catalogue.load(), "special")
    (True, False)
    """
    if level not in LEVELS:
        raise RunError("without_unknown", level=level, known=", ".join(LEVELS))
    return tuple(f.id for f in catalogue.factors.values() if f.sensitivity in LEVELS[level])


def without_sensitivities(X: pd.DataFrame, catalogue: Catalogue, kinds: Iterable[str]) -> pd.DataFrame:
    """Give a factor table without the columns of some sensitivities: to a model they are unknown.

    Parameters
    ----------
    X : pandas.DataFrame
        The factor table.
    catalogue : Catalogue
        Says how sensitive each factor is.
    kinds : iterable of {"ordinary", "sensitive", "special"}
        What shall not be there.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> X = pd.DataFrame({"pupil_id": ["a"], "mean_mark": [5.0], "pregnancy": [1.0]})
    >>> list(without_sensitivities(X, Catalogue.load(), ("special",)))
    ['pupil_id', 'mean_mark']
    """
    dropped = set(kinds)
    return X.drop(columns=[f.id for f in catalogue.factors.values() if f.sensitivity in dropped and f.id in X])


def leave_out(
    model: AdditiveModel,
    X: pd.DataFrame,
    catalogue: Catalogue,
    level: str,
    policy: FlagPolicy | None = None,
    *,
    prevalence: float | None = None,
) -> LeftOut:
    """Leave factors out of a table and count what that costs.

    Parameters
    ----------
    model : AdditiveModel
        As chosen, before `AdditiveModel.for_recorded`: it is adapted to each of the two tables as a run would.
    X : pandas.DataFrame
        The whole factor table.
    catalogue : Catalogue
        Says how sensitive each factor is.
    level : {"special", "sensitive"}
        What is left out.
    policy : FlagPolicy, optional
        How the list is cut.
    prevalence : float, optional
        As in `pumpurs_risk.score`.

    Returns
    -------
    LeftOut

    Raises
    ------
    RunError
        If there is no such level.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> X = pr.factor_table(pr.make_cohort(n_pupils=300, random_state=0), as_of="2027-01-15")
    >>> left = leave_out(pr.load_model("literature-prior"), X, pr.Catalogue.load(), "special", pr.FlagPolicy(places=15))
    >>> "mental_health" in left.X, left.cost.pupils
    (False, 316)
    """
    from pumpurs_risk.flags import flag

    out = factors_of(catalogue, level)
    less = without_sensitivities(X, catalogue, LEVELS[level])
    found = []
    names = [name for name in out if name in X]
    known = X[names].notna().any(axis=1).to_numpy()
    whole = model.for_recorded(X)
    lost = np.maximum(whole.evidence_share(X) - whole.evidence_share(less), 0)[known]
    for table in (X, less):
        fitted = model.for_recorded(table)
        if prevalence is not None:
            fitted = fitted.at_prevalence(prevalence, table)
        flags = flag(fitted, table, policy, catalogue=catalogue)
        found.append(flags.set_index("pupil_id").loc[X["pupil_id"]])
    full, part = found
    return LeftOut(
        level=level,
        factors=out,
        X=less,
        cost=Cost(
            pupils=len(X),
            known=int(known.sum()),
            listed=int(part["listed"].sum()),
            changed=int((part["listed"] & ~full["listed"]).sum()),
            evidence_lost=float(lost.mean()) if len(lost) else 0.0,
            moved=float(np.abs(full["risk"] - part["risk"]).max()),
        ),
    )

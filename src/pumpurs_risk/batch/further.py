"""What a run looks at beyond the list: patterns before names, what would bring a risk down, its course until today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from pumpurs_risk.batch.frames import empty, shaped
from pumpurs_risk.batch.papers import on_paper
from pumpurs_risk.batch.trend import trend
from pumpurs_risk.explanation import what_if
from pumpurs_risk.flags import patterns

if TYPE_CHECKING:
    from pumpurs_risk.batch.run import Run
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.flags import FlagPolicy
    from pumpurs_risk.model import AdditiveModel

PAGES_UP_TO = 20_000
"""Pupils up to which a run has pages for a browser, and what only these show; a larger one is for analysts."""


def facts_wanted(X: pd.DataFrame, flags: pd.DataFrame, catalogue: Catalogue, lang: str) -> list[str]:
    """Whose facts are fetched: those on paper, and everyone with a difficulty that is looked at subject by subject."""
    wanted = on_paper(flags).to_numpy()
    if len(X) <= PAGES_UP_TO:
        by_subject = [f.id for f in catalogue.factors.values() if f.sentences[lang].shared_in_subject is not None]
        wanted = wanted | X[[factor for factor in by_subject if factor in X]].gt(0).any(axis=1).to_numpy()
    return list(X.loc[wanted, "pupil_id"])


def patterns_of_run(
    model: AdditiveModel, X: pd.DataFrame, facts: pd.DataFrame, catalogue: Catalogue, as_of: dt.date, lang: str
) -> pd.DataFrame:
    """Find what classes, subjects and schools have in common, with the subjects of everyone, not of those on paper alone."""
    if len(X) > PAGES_UP_TO:
        return empty("patterns")
    return shaped(patterns(model, X, catalogue=catalogue, as_of=as_of, lang=lang, evidence=facts), "patterns")


def looked_further(
    run: Run, policy: FlagPolicy, earlier: Sequence[Run], catalogue: Catalogue
) -> dict[str, pd.DataFrame]:
    """Give ``what_if`` and ``trend`` of the pupils on paper; empty in a run that has no pages.

    What-if asks for a risk below the school's threshold; for pupils listed although they are below it, below the cut of
    their school's list.
    """
    if len(run.factors) > PAGES_UP_TO:
        return {"what_if": empty("what_if"), "trend": empty("trend")}
    assert run.records is not None
    shown = on_paper(run.flags).to_numpy()
    some = run.factors[shown].reset_index(drop=True)
    below = run.flags.loc[shown, "cut"].clip(upper=policy.threshold).to_numpy(float)
    ahead = (run.flags.loc[shown, "risk"].to_numpy(float) >= below) & (below > 0)  # 0: everyone has a place
    found = what_if(
        run.model, some[ahead].reset_index(drop=True), below=below[ahead], catalogue=catalogue, lang=run.lang
    )
    course = trend(run.records, run.factors, run.model, run.as_of, some["pupil_id"].tolist(), catalogue, earlier)
    return {"what_if": shaped(found, "what_if"), "trend": course}

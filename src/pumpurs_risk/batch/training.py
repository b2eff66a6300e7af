"""Trains a model on a place's own history, judges the way it was trained, and writes its folder."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pandas as pd

from pumpurs_risk.batch.evaluating import Judged, judge_training
from pumpurs_risk.batch.folder import new_folder
from pumpurs_risk.batch.model_folder import CARD, MODEL, EarlierVersion, carried_card, new_card, next_version, read_card
from pumpurs_risk.batch.training_lines import training_lines
from pumpurs_risk.errors import PumpursError, RunError, TrainingError
from pumpurs_risk.factors.support import SUPPORT_GIVEN
from pumpurs_risk.model.store import digest_of, model_bytes
from pumpurs_risk.reports.model_facts import ModelFacts

if TYPE_CHECKING:
    from pumpurs_risk.batch.past import Past
    from pumpurs_risk.factors.history import Stacked
    from pumpurs_risk.model.additive import AdditiveModel
    from pumpurs_risk.training import DropoutScorer

Horizon = Literal["1y", "2y", "both"]
Progress = Callable[[str, float], None]
MADE_NOTE = "made data: the pupils, schools and outcomes do not exist"


@dataclass(frozen=True)
class TrainingFacts:
    """What was counted beside the model while it was trained.

    Parameters
    ----------
    leavers_by_school : dict of str to int
        Distinct leavers by school.
    one_row_each : bool
        Whether every pupil stands once on every day.
    suspicious : tuple of dict
        Factors that know too much: factor, sign, auroc, rows, leavers.
    two_years_missing, summary_refused : PumpursError, optional
        Why there are no curves for two years, and why no summary could be shared; None if there are, or nobody asked.
    """

    leavers_by_school: dict[str, int]
    one_row_each: bool
    suspicious: tuple[dict[str, Any], ...] = ()
    two_years_missing: PumpursError | None = None
    summary_refused: PumpursError | None = None


@dataclass(frozen=True)
class MadeModel:
    """A model's folder, and what to tell of it."""

    folder: Path
    past: Past
    facts: ModelFacts
    counted: TrainingFacts
    judged: Judged
    earlier: EarlierVersion | None = None
    failures: tuple[str, ...] = field(default=())
    """Papers that could not be written, and why."""

    @property
    def model(self) -> AdditiveModel:
        """The trained model."""
        return self.facts.model

    @property
    def all_well(self) -> bool:
        """Whether everything was used, judged and written, and nothing is suspicious."""
        return (
            self.past.all_well and self.judged.by in ("later", "folds") and not self.failures
            and not self.counted.summary_refused and not self.counted.suspicious
        )  # fmt: skip

    def lines(self, lang: str) -> list[str]:
        """Say what was learned, from what, how good it is, and what to look at; what is suspicious first."""
        return training_lines(self, lang)


def train_model(
    past: Past,
    *,
    out: Path | None = None,
    name: str | None = None,
    horizon: Horizon = "both",
    prior: str = "literature-prior",
    shareable: bool = False,
    municipality: str | None = None,
    support_design: bool = False,
    lang: str = "lv",
    made_on: dt.date | None = None,
    progress: Progress | None = None,
    **judging: Any,
) -> MadeModel:
    """Train, judge and write ``models/NAME``.

    Parameters
    ----------
    past : Past
        The history.
    out : Path, optional
        The model's folder, or with `name` the folder above it; by default ``models``, above a folder named as the data.
    name : str, optional
        Of the model.
    horizon : {"1y", "2y", "both"}
        How far ahead; ``both`` adds curves for two years to a model for one.
    prior : str
        Name or path of the model to start from, or ``none``.
    shareable : bool
        Whether to write summary.json, the only thing that pooling needs.
    municipality : str, optional
        Whose summary it is; needed for one, unless the data state it.
    support_design : bool
        Whether support given before each day is fitted beside the factors.
    lang : {"lv", "en"}
        Language of the papers.
    made_on : datetime.date, optional
        Day that the papers bear; today by default.
    progress : callable, optional
        Told each step.
    **judging
        For `pumpurs_risk.evaluation.evaluate`, such as ``bootstrap``.

    Returns
    -------
    MadeModel

    Raises
    ------
    TrainingError, RecordsError
        If there is nothing to learn from.
    RunError
        If the folder cannot be made. Nothing is written then.
    """
    tell = progress or (lambda step, share: None)
    whole = _wanted(past, out, name)
    whose = municipality or past.municipality
    if shareable and not whose:
        raise RunError("municipality_needed")
    if support_design and not _knows_support(past):
        raise TrainingError("training_no_support")
    _, earlier = next_version(whole)  # before the work: a card that cannot be read stops it
    tell("factors", 0.05)
    first: Literal["1y", "2y"] = "2y" if horizon == "2y" else "1y"
    stacked = past.stacked(first)
    _check_leavers(stacked)
    design = (SUPPORT_GIVEN,) if support_design else ()
    tell("training", 0.4)
    scorer = _fitted(_scorer(past, prior, first, whole.name, design), stacked)
    two_years, two_missing = _two_years(past, prior, whole.name, design) if horizon == "both" else (None, None)
    model = _finished(scorer.model_, two_years, past, earlier)
    tell("evaluating", 0.5)
    judged = judge_training(_scorer(past, prior, first, whole.name, design), past, stacked, first, **judging)
    tell("papers", 0.9)
    counted = TrainingFacts(
        leavers_by_school=_leavers_by_school(stacked),
        one_row_each=_one_row_each(stacked[0]),
        suspicious=_suspicious(stacked, model, judged),
        two_years_missing=two_missing,
    )
    return _written(whole, model, scorer, past, judged, counted, whose if shareable else "", lang, made_on)


def _wanted(past: Past, out: Path | None, name: str | None) -> Path:
    """Where the model is to lie: OUT, OUT/NAME, or models/NAME."""
    if name is not None and (not name.strip(". ") or Path(name).name != name):
        raise RunError("model_name", name=name)
    if out is None:
        return Path("models") / (name or past.name)
    return out / name if name else out


def _scorer(past: Past, prior: str, horizon: str, name: str, design: tuple[str, ...]) -> DropoutScorer:
    from pumpurs_risk.batch.scoring import chosen_model
    from pumpurs_risk.training import DropoutScorer

    start = None if prior == "none" else chosen_model(prior, past.catalogue)
    return DropoutScorer(start, horizon=horizon, name=name, design=design or None, catalogue=past.catalogue)


def _fitted(scorer: DropoutScorer, stacked: Stacked) -> DropoutScorer:
    X, y, weight, _ = stacked
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # the model's record of its training says the same, in the reader's language
        scorer.fit(X, y, sample_weight=weight)
    return scorer


def _two_years(
    past: Past, prior: str, name: str, design: tuple[str, ...]
) -> tuple[AdditiveModel | None, PumpursError | None]:
    """Fit the curves for two years, where the records reach so far."""
    try:
        stacked = past.stacked("2y")
        _check_leavers(stacked)
    except PumpursError as error:
        return None, error
    model: AdditiveModel = _fitted(_scorer(past, prior, "2y", f"{name}-2y", design), stacked).model_
    return msgspec.structs.replace(model, covariance=()), None


def _finished(
    model: AdditiveModel, two_years: AdditiveModel | None, past: Past, earlier: EarlierVersion | None
) -> AdditiveModel:
    """Put in what the scorer cannot know: the second curve, what it replaces, where the data are from."""
    uses = model.provenance
    place = "; ".join(part for part in (uses.population, past.municipality) if part)
    notes = (*uses.notes, MADE_NOTE) if past.made else uses.notes
    training = model.training
    if training is not None and earlier is not None:
        training = msgspec.structs.replace(training, supersedes=earlier.digest)
    return msgspec.structs.replace(
        model, two_years=two_years, training=training,
        provenance=msgspec.structs.replace(uses, population=place, notes=notes),
    )  # fmt: skip


def _written(
    whole: Path, model: AdditiveModel, scorer: DropoutScorer, past: Past, judged: Judged, counted: TrainingFacts,
    municipality: str, lang: str, made_on: dt.date | None,
) -> MadeModel:  # fmt: skip
    """Write the folder; a paper that fails is left out and named, the model is kept."""
    from dataclasses import replace

    from pumpurs_risk.batch.model_papers import write_papers

    folder, earlier = next_version(whole)
    written = model_bytes(model)
    digest = digest_of(written)
    card = carried_card(earlier, digest) if earlier is not None and earlier.card else new_card(digest, lang)
    facts = ModelFacts(
        model=model, digest=digest, card=read_card(card, folder / CARD), catalogue=past.catalogue,
        evaluation=judged.evaluation.to_dict() if judged.evaluation is not None else None, judged_by=judged.by,
        made_on=made_on or dt.date.today(), failed_because=judged.because(lang),
    )  # fmt: skip
    with new_folder(folder) as partial:
        (partial / MODEL).write_bytes(written)
        (partial / CARD).write_text(card, encoding="utf-8", newline="\n")
        if municipality:
            counted = replace(counted, summary_refused=_share(scorer, model, municipality, partial))
        failures = write_papers(partial, facts, past.titles, lang)
    return MadeModel(folder, past, facts, counted, judged, earlier, tuple(failures))


def _share(scorer: DropoutScorer, model: AdditiveModel, municipality: str, folder: Path) -> TrainingError | None:
    """Write summary.json; why not, if it may not be shared."""
    days = model.training.as_of if model.training is not None else ()
    try:
        scorer.summary_.named(municipality, f"{days[0]}/{days[-1]}").save(folder / "summary.json")
    except TrainingError as error:
        return error
    return None


def _check_leavers(stacked: Stacked) -> None:
    """Refuse a history in which nobody left: there is nothing to learn about leaving."""
    X, y, _, _ = stacked
    known = y.notna()
    if not (y[known] == 1).any():
        days = X.loc[known, "as_of"]
        raise TrainingError(
            "training_no_leavers", rows=int(known.sum()), first=str(days.min().date()), last=str(days.max().date())
        )


def _leavers_by_school(stacked: Stacked) -> dict[str, int]:
    X, y, _, groups = stacked
    if "school_id" not in X:
        return {}
    left = pd.DataFrame({"school": X["school_id"].astype(object), "pupil": groups})[y == 1].dropna().drop_duplicates()
    counts = left.groupby("school")["pupil"].nunique()
    return {str(school): int(n) for school, n in counts.items()}


def _one_row_each(X: pd.DataFrame) -> bool:
    return not X.duplicated(["pupil_id", "as_of"]).any()


def _suspicious(stacked: Stacked, model: AdditiveModel, judged: Judged) -> tuple[dict[str, Any], ...]:
    """Factors that know too much, looked for also where the evaluation failed."""
    from pumpurs_risk.evaluation.leaks import suspicious_factors

    X, y, _, _ = stacked
    found = judged.evaluation.suspicious if judged.evaluation is not None else suspicious_factors(X, y, model.features)
    return tuple({str(key): value for key, value in row.items()} for row in found.to_dict("records"))


def _knows_support(past: Past) -> bool:
    return past.source is not None and "support" in past.source.tables

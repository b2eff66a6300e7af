"""Judges a finished model on a place's own history, and writes the account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pumpurs_risk.batch.explaining import new_page
from pumpurs_risk.batch.model_folder import digest_in
from pumpurs_risk.batch.model_papers import write_evaluation
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import text
from pumpurs_risk.model import load_model

if TYPE_CHECKING:
    from pumpurs_risk.batch.past import Past
    from pumpurs_risk.evaluation.account.result import Evaluation
    from pumpurs_risk.model import AdditiveModel


@dataclass(frozen=True)
class Account:
    """An evaluation and where it was written."""

    evaluation: Evaluation
    page: Path
    figures: Path
    made: bool

    def lines(self, lang: str) -> list[str]:
        """Say the result in sentences, what is suspicious first."""
        verdict, *rest = self.evaluation.sentences(lang)
        leaks = len(self.evaluation.suspicious)
        said = [*rest[:leaks], *([text("training.made", lang)] if self.made else []), verdict]
        said += [f"  - {sentence}" for sentence in rest[leaks:]]
        return [*said, text("cli.evaluated", lang, page=self.page, figures=self.figures)]


def evaluate_model(
    model: str | Path, past: Past, *, horizon: str = "1y", out: Path | None = None, lang: str = "lv", **judging: Any
) -> Account:
    """Judge a finished model by what became of the pupils.

    Parameters
    ----------
    model : str or Path
        Name, file or folder of a model.
    past : Past
        The history. Days on which it was not known yet what became of those the model learned from are refused, or left
        out where nobody named the days.
    horizon : {"1y", "2y"}
        How far ahead; ``2y`` needs a model with curves for two years.
    out : Path, optional
        Page to make; it must not exist. By default beside the data's name in the working folder.
    lang : {"lv", "en"}
        Language of the page.
    **judging
        For `pumpurs_risk.evaluation.evaluate`.

    Returns
    -------
    Account

    Raises
    ------
    RunError
        If the page exists, or the model has no curves for two years.
    EvaluationError, RecordsError, ModelFileError
        If it cannot be judged.
    """
    from pumpurs_risk.batch.evaluating import judge

    page = account_page(out, lang)
    loaded = load_model(model)
    judged = loaded
    if horizon == "2y" and loaded.horizon != "2y":
        if loaded.two_years is None:
            raise RunError("no_two_years", model=str(model))
        judged = loaded.two_years
    elif horizon != loaded.horizon:
        raise RunError("other_horizon", model=str(model), horizon=loaded.horizon)
    stacked = _not_learned_from(past, judged).stacked(horizon)
    if loaded.training is None:  # as scoring does with a model made of published evidence
        judged = judged.for_recorded(stacked[0])
    found = judge(judged, past, stacked, horizon, name=loaded.name, **judging)
    made = past.made
    _, figures = write_evaluation(page, found, loaded.name, digest_in(model), past.titles, lang, made=made)
    return Account(found, page, figures, made)


def account_page(out: Path | None, lang: str) -> Path:
    """Where the page is to lie; refused, before any work is done, if it or its figures are there.

    Raises
    ------
    RunError
        Naming the file.
    """
    page = new_page(out, text("cli.evaluation_file", lang))
    if page.with_suffix(".json").exists():
        raise RunError("file_exists", path=str(page.with_suffix(".json")))
    return page


def _not_learned_from(past: Past, model: AdditiveModel) -> Past:
    """Leave out days that the model cannot honestly be judged on, unless somebody named them or no others are left."""
    from pumpurs_risk.evaluation.temporal import as_days, first_allowed_day

    if model.training is None or not model.training.as_of or not past.days_assumed:
        return past
    allowed = first_allowed_day(as_days(model.training.as_of), model.horizon)
    days = tuple(day for day in past.days if day >= allowed)
    return replace(past, days=days) if days else past

"""Pools what municipalities learned into one model, and writes its folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pumpurs_risk.batch.folder import new_folder
from pumpurs_risk.batch.model_folder import CARD, MODEL, carried_card, new_card, next_version, read_card
from pumpurs_risk.batch.model_papers import write_papers
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.locale import number, text
from pumpurs_risk.model import AdditiveModel
from pumpurs_risk.model.store import digest_of, model_bytes
from pumpurs_risk.reports.model_facts import ModelFacts

FAR = 2.0
"""Distance from the pool that is said aloud; about 1 is what chance gives."""


@dataclass(frozen=True)
class PooledModel:
    """A pooled model's folder, and what to tell of it."""

    folder: Path
    model: AdditiveModel
    failures: tuple[str, ...] = ()

    def lines(self, lang: str) -> list[str]:
        """Say who was pooled, who lies far from the others, and where the model is."""
        pooling = self.model.pooling
        assert pooling is not None
        lines = [text("training.pooled", lang, members=", ".join(pooling.members))]
        lines += [
            text("training.pooled_distance", lang, member=member, distance=number(distance, lang, 1))
            for member, distance in zip(pooling.members, pooling.distances, strict=True)
            if distance > FAR
        ]
        lines += [text("training.paper_failed", lang, paper=paper) for paper in self.failures]
        lines += [
            text("training.written", lang, folder=self.folder),
            *(f"  {path}" for path in sorted(self.folder.iterdir())),
        ]
        return [*lines, text("training.pooled_prior", lang, folder=self.folder)]


def pool_summaries(
    summaries: Sequence[Path],
    *,
    out: Path = Path("models/pooled"),
    prior: str = "literature-prior",
    between_sd: float | None = None,
    catalogue: Sequence[Path] = (),
    lang: str = "lv",
    made_on: dt.date | None = None,
) -> PooledModel:
    """Pool summaries and write ``models/NAME``; nothing that exists is overwritten.

    Parameters
    ----------
    summaries : sequence of Path
        Files ``summary.json``, or folders that hold one.
    out : Path
        The model's folder; its last part is the model's name.
    prior : str
        Name or path of the model to start from.
    between_sd : float, optional
        How far municipalities differ; by default as `pool_models` finds it.
    catalogue : sequence of Path
        Files of own factors.
    lang : {"lv", "en"}
        Language of the card.
    made_on : datetime.date, optional
        Day on the card; today by default.

    Returns
    -------
    PooledModel

    Raises
    ------
    TrainingError, ModelFileError
        If the summaries cannot be pooled.
    RunError
        If the folder cannot be made.
    """
    from pumpurs_risk.training.pooling import pool_models

    known = Catalogue.load(*catalogue)
    model = pool_models(summaries, prior=prior, between_sd=between_sd, name=out.name, catalogue=known)
    folder, earlier = next_version(out)
    written = model_bytes(model)
    digest = digest_of(written)
    card = carried_card(earlier, digest) if earlier is not None and earlier.card else new_card(digest, lang)
    facts = ModelFacts(model, digest, read_card(card, folder / CARD), known, made_on=made_on or dt.date.today())
    with new_folder(folder) as partial:
        (partial / MODEL).write_bytes(written)
        (partial / CARD).write_text(card, encoding="utf-8", newline="\n")
        failures = write_papers(partial, facts, {}, lang)
    return PooledModel(folder, model, tuple(failures))

"""Writes a model's papers: card, technical documentation, evaluation. One that fails is named; the others are written."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pumpurs_risk.batch.model_folder import CARD, MODEL, read_card
from pumpurs_risk.errors import ModelFileError, PumpursError, RunError
from pumpurs_risk.locale import text
from pumpurs_risk.model import load_model
from pumpurs_risk.model.store import digest_of
from pumpurs_risk.reports.evaluation_page import EvaluationPaper, evaluation_page
from pumpurs_risk.reports.model_card import model_card
from pumpurs_risk.reports.model_facts import ModelFacts, OwnerCard
from pumpurs_risk.reports.technical_documentation import technical_documentation

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.evaluation.account.result import Evaluation

MODEL_CARD, TECHNICAL, PAGE, FIGURES = (
    "MODEL_CARD.md",
    "TECHNICAL_DOCUMENTATION.md",
    "evaluation.html",
    "evaluation.json",
)


def write_papers(folder: Path, facts: ModelFacts, titles: Mapping[str, str], lang: str) -> list[str]:
    """Write all papers of a model that was just made.

    Parameters
    ----------
    folder : Path
        Where they go.
    facts : ModelFacts
        What they say.
    titles : mapping of str to str
        Titles of schools.
    lang : {"lv", "en"}
        Their language.

    Returns
    -------
    list of str
        What could not be written, and why; empty if all is well.
    """
    said = groups_said(facts.evaluation, lang)
    made: dict[str, Callable[[], str]] = {
        MODEL_CARD: lambda: model_card(facts, lang, groups_said=said),
        TECHNICAL: lambda: technical_documentation(facts, lang, groups_said=said),
    }
    if (evaluation := facts.evaluation) is not None:
        made[FIGURES] = lambda: figures_text(evaluation)
        paper = EvaluationPaper(
            evaluation, facts.model.name, facts.digest, titles=titles, groups_said=said, trained_here=True,
            made=any(note.startswith("made data") for note in facts.model.provenance.notes), made_on=facts.made_on,
        )  # fmt: skip
        made[PAGE] = lambda: evaluation_page(paper, lang).html()
    failures = []
    for name, write in made.items():
        try:
            (folder / name).write_text(write(), encoding="utf-8", newline="\n")
        except OSError:
            raise  # a full disk is no matter of one paper
        except Exception as error:
            told = error.message(lang) if isinstance(error, PumpursError) else " ".join(str(error).split())[:200]
            failures.append(f"{name}: {told or type(error).__name__}")
    return failures


def rewrite_cards(folder: Path, catalogue: Catalogue, lang: str) -> tuple[Path, Path]:
    """Make card and technical documentation anew, after people have filled in card.toml.

    Parameters
    ----------
    folder : Path
        A model's folder.
    catalogue : Catalogue
        Names of factors.
    lang : {"lv", "en"}
        Their language.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    RunError
        If `folder` is no model's folder, or card.toml cannot be read.
    ModelFileError
        If the model, or its evaluation, cannot be read.
    """
    path = folder / MODEL
    if not path.is_file():
        raise RunError("cards_need_folder", path=str(folder))
    model = load_model(path)
    card = folder / CARD
    owner = read_card(card.read_text(encoding="utf-8-sig"), card) if card.is_file() else OwnerCard()
    evaluation = _read_figures(folder / FIGURES)
    by = "none" if evaluation is None else "folds" if evaluation["split"] == "random" else "later"
    facts = ModelFacts(
        model=model, digest=digest_of(path.read_bytes()), card=owner, catalogue=catalogue, evaluation=evaluation,
        judged_by=by, made_on=dt.date.fromtimestamp(path.stat().st_mtime),
    )  # fmt: skip
    said = groups_said(evaluation, lang)
    for name, write in ((MODEL_CARD, model_card), (TECHNICAL, technical_documentation)):
        (folder / name).write_text(write(facts, lang, groups_said=said), encoding="utf-8", newline="\n")
    return folder / MODEL_CARD, folder / TECHNICAL


def write_evaluation(
    page: Path, evaluation: Evaluation, name: str, digest: str, titles: Mapping[str, str], lang: str, *, made: bool
) -> tuple[Path, Path]:
    """Write the account of a finished model: a page, and its figures beside it."""
    found = evaluation.to_dict()
    paper = EvaluationPaper(
        found, name, digest, titles=titles, groups_said=groups_said(found, lang), made=made, made_on=dt.date.today()
    )
    figures = page.with_suffix(".json")
    evaluation_page(paper, lang).save(page)
    figures.write_text(figures_text(found), encoding="utf-8", newline="\n")
    return page, figures


def groups_said(evaluation: Mapping[str, Any] | None, lang: str) -> list[str]:
    """Say what was found of groups of pupils."""
    if evaluation is None or not evaluation["groups"]:
        return []
    import pandas as pd

    from pumpurs_risk.evaluation.groups.wording import fairness_sentences

    table = pd.DataFrame(list(evaluation["groups"]))
    figures = [str(name) for name in table if name not in ("attribute", "group", "judged")]
    table[figures] = table[figures].astype(float)
    said = fairness_sentences(table, lang, level=evaluation["level"])
    if not (table["judged"] == "judged").any():
        return said
    nothing = text("fairness.found.nothing", lang)  # some are judged, each by itself
    return [text("model_card.groups.not_compared", lang) if sentence == nothing else sentence for sentence in said]


def figures_text(evaluation: Mapping[str, Any]) -> str:
    """JSON of an evaluation."""
    return json.dumps(msgspec.to_builtins(evaluation), ensure_ascii=False, indent=1) + "\n"


class _Header(msgspec.Struct):
    schema_version: int


def _read_figures(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    from pumpurs_risk.evaluation.account.document import SCHEMA_VERSION, EvaluationDocument

    try:
        written = path.read_bytes()
        version = msgspec.json.decode(written, type=_Header).schema_version
        if version > SCHEMA_VERSION:
            raise ModelFileError("evaluation_newer", path=path.name, found=version, known=SCHEMA_VERSION)
        found: dict[str, Any] = msgspec.to_builtins(msgspec.json.decode(written, type=EvaluationDocument))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelFileError("evaluation_damaged", path=path.name, detail=str(error)) from None
    return found

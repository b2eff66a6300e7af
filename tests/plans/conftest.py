"""A made school year, ready to be planned for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.explanation.reasons import reasons as reasons_of
from pumpurs_risk.plans import PlanFrames
from pumpurs_risk.plans.plan import PlanField, PlanMeasure, PlanRisk, SupportPlanDraft

AS_OF = dt.date(2027, 1, 15)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


def frames_of(lang: str, catalogue: Catalogue) -> PlanFrames:
    records = pr.make_cohort(n_pupils=400, random_state=1)
    X = pr.factor_table(records, as_of=AS_OF)
    model = pr.load_model("literature-prior").for_recorded(X)
    flags = pr.flag(model, X, catalogue=catalogue)
    some = flags.loc[flags["tier"].ne("none") | flags["always_look"].ne(""), "pupil_id"]
    facts = pr.evidence(records, AS_OF, some.tolist(), catalogue=catalogue, lang=lang)
    told = reasons_of(model, X, lang, 5, facts, catalogue=catalogue, strengths=3, details=True)
    return PlanFrames(
        flags=flags,
        reasons=told,
        factors=X,
        evidence=facts,
        questions=pr.questions(model, X, flags, catalogue, lang=lang),
        signals=pr.signals(X, catalogue, as_of=AS_OF, lang=lang, evidence=facts),
        schools=records.schools,
        offers=records.offers.to_pandas(),
    )


@pytest.fixture(scope="session")
def frames(catalogue: Catalogue) -> PlanFrames:
    return frames_of("lv", catalogue)


@pytest.fixture(scope="session")
def frames_en(catalogue: Catalogue) -> PlanFrames:
    return frames_of("en", catalogue)


@pytest.fixture
def one_pupil() -> Callable[..., PlanFrames]:
    """Make the frames of a single pupil on the list: reasons as (construct, factor, kind, sentence), and facts."""

    def made(*reasons: tuple[str, str, str, str], **facts: Any) -> PlanFrames:
        X = pd.DataFrame({"pupil_id": ["7"], "age": [15.0], "level": [9.0], "programme": ["general"]}).assign(**facts)
        flags = pd.DataFrame(
            {"pupil_id": ["7"], "school_id": "kalvene", "class_id": "9.a", "tier": "act_now", "certainty": "sure",
             "always_look": ""}
        )  # fmt: skip
        rows = [
            (pupil, kind, rank, 0, construct, factor, 1.0, 0.5, f"{factor}.{kind}", {}, sentence, "ordinary")
            for pupil in ("7",)
            for rank, (construct, factor, kind, sentence) in enumerate(reasons, 1)
        ]
        told = pd.DataFrame(
            rows,
            columns=["pupil_id", "kind", "rank", "line", "construct", "factor", "value", "contribution", "code", "params",
                     "sentence", "sensitivity"],
        )  # fmt: skip
        return PlanFrames(flags=flags, reasons=told, factors=X)

    return made


@pytest.fixture
def small_plan() -> Callable[..., SupportPlanDraft]:
    """Make a plan with one risk and two measures; words replace drafted texts (``__`` stands for the dot)."""
    return _small_plan


def _small_plan(version: int = 1, **words: str) -> SupportPlanDraft:
    texts = {
        "draft_mark": "Melnraksts",
        "status": "draft",
        "risk.attendance.justification": "Kavētas 23 stundas.",
        "measure.mentor.what": "Mentora atbalsts",
        "measure.mentor.who": "Mentors",
        "measure.own.what": "Cits pasākums",
        "pupil_view": "",
        "notes": "Piezīme.",
    } | {tag.replace("__", "."): text for tag, text in words.items()}
    kinds = {"status": "choice"}
    fields = {t: PlanField(drafted=v, value=v, kind=kinds.get(t, "text")) for t, v in texts.items()}
    fields["next_review"] = PlanField(drafted="2027-03-05", value="2027-03-05", kind="date")
    return SupportPlanDraft(
        plan_id="IAP-1",
        version=version,
        pupil_id="7",
        school_id="kalvene",
        semester="2026/2027-2",
        as_of=AS_OF,
        expires=dt.date(2027, 5, 31),
        review=dt.date(2027, 3, 5),
        status="draft",
        risks=(
            PlanRisk(
                id="attendance", group="learning_school", construct="attendance", factor="absence_share",
                code="absence_share.risk", measures=("mentor", "own"),
            ),
        ),
        measures=(
            PlanMeasure(id="mentor", measure="mentor", risks=("attendance",)),
            PlanMeasure(id="own", measure="own", risks=("attendance",)),
        ),
        fields=fields,
    )  # fmt: skip

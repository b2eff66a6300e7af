"""The literature prior's model card: what it is, where each number comes from, what it is not."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import numpy as np

from pumpurs_risk.model.additive import expit
from pumpurs_risk.model.shapes import PiecewiseLinear
from pumpurs_risk.training.prior import DAMPING, EXTREME, WIDTH

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.model.additive import AdditiveModel

_INTRODUCTION = """# Model card: literature-prior

**In one sentence.** A score card made from published odds ratios and base rates, so that a school without any outcome history
can start a conversation with the right pupils; it was fitted to no pupil's data and has not been checked in Latvia.

Latviski: vērtēšanas modelis, kas veidots pēc publicētiem pētījumiem; ar to skola, kurai vēl nav uzkrātu datu, var sākt
sarunu ar skolēniem, kuriem saruna vajadzīga. Tas nav pārbaudīts ar Latvijas skolu datiem; par katru skolēnu lemj cilvēks.

## What it is

- An additive logistic model: log-odds of leaving school within one year = base + one curve per factor. The curves are the
  reasons; there is no second model behind them.
- With nothing known of a pupil but programme and year, the risk is the base rate of that programme and year.
- The level is a published guess. Until a place has its own outcomes, "N above the threshold" is a range and the list is cut by
  the number of places.
- Every curve only goes one way; an unknown value counts as typical and makes the result less certain, never less risky.

## What it is not

- Not validated: no study of its accuracy in Latvian schools exists. On two Portuguese data sets it was measured as it is
  (`benchmarks/untrained.py`); those are other pupils and other outcomes.
- Not a diagnosis, not a forecast of what a pupil will do, not an effect of support: a large contribution is no promise that
  changing it helps.
- Not for discipline, admission, tracking, funding, or ranking schools, classes or teachers.
- Not a decision: a person who knows the pupil decides.
- No protected attribute (sex, nationality, language, citizenship, special education) is a factor.
"""

_METHOD = """## How the numbers were made

For each construct, the published odds ratio is damped: log(OR) x {damping} (published ratios are mostly univariate and count
the same thing twice). The damped effect is split over the construct's factors by their shares. A factor's curve is 0 up to its
*low* point, its share of the effect at *high*, {extreme} times that at *extreme*, straight between, flat beyond, and then
centred on what is typical. A run renormalises the shares over the factors that it records. The prior sd of each factor's total
effect is {width} log-odds, which is what certainty is made from.

Each factor's own published odds ratio is cited below and **not** used for its curve; sizes marked as own defaults are
judgement, not measurement, and a municipality can change all of them in the catalogue.
"""


def prior_card(model: AdditiveModel, catalogue: Catalogue) -> str:
    """Write the card in Markdown.

    Parameters
    ----------
    model : AdditiveModel
        What `pumpurs_risk.training.prior.build_prior` made.
    catalogue : Catalogue
        What it was made from.

    Returns
    -------
    str
    """
    method = _METHOD.format(damping=DAMPING, extreme=EXTREME, width=WIDTH)
    parts = [_INTRODUCTION, method, _constructs(catalogue), _factors(model, catalogue), _rates(catalogue), _uses(model)]
    return "\n".join(parts).rstrip() + "\n"


def _constructs(catalogue: Catalogue) -> str:
    lines = ["## Constructs", "", "| construct | published odds ratio | damped | source |", "|---|---|---|---|"]
    for construct in catalogue.constructs.values():
        if any(f.prior_share for f in catalogue.factors.values() if f.construct == construct.id and f.contrast):
            damped = exp(DAMPING * log(construct.odds_ratio))
            lines.append(f"| {construct.name['en']} | {construct.odds_ratio:g} | {damped:.2f} | {construct.source} |")
    return "\n".join([*lines, ""])


def _factors(model: AdditiveModel, catalogue: Catalogue) -> str:
    lines = [
        "## Factors",
        "",
        "Odds ratio in this model = at *high* and at *extreme* against *low*, before shares are renormalised.",
        "",
        "| factor | low / high / extreme | share | odds ratio here | published on its own | source | contrast chosen because |",
        "|---|---|---|---|---|---|---|",
    ]
    for shape in model.shapes:
        factor = catalogue.factors[shape.factor]
        if not isinstance(shape, PiecewiseLinear) or factor.contrast is None:
            continue
        low, high, extreme = np.interp(
            [factor.contrast.low, factor.contrast.high, factor.contrast.extreme], shape.knots, shape.values
        )
        points = f"{factor.contrast.low:g} / {factor.contrast.high:g} / {factor.contrast.extreme:g}"
        published = factor.published
        own = "none" if published.odds_ratio is None else f"{published.odds_ratio:g} ({published.contrast})"
        lines.append(
            f"| {factor.name['en']} (`{factor.id}`) | {points} | {factor.prior_share:g} "
            f"| {exp(high - low):.2f} / {exp(extreme - low):.2f} | {own} | {published.source} | {factor.contrast.reason} |"
        )
    return "\n".join([*lines, ""])


def _rates(catalogue: Catalogue) -> str:
    lines = [
        "## Base rates",
        "",
        f"One-year rates; mean over all pupils {100 * catalogue.national_mean:.2f} %.",
        "",
        "| programme and year | low | central | high | source |",
        "|---|---|---|---|---|",
    ]
    for level, rate in catalogue.base_rates.items():
        lines.append(
            f"| {level} | {100 * rate.low:.2f} % | {100 * rate.central:.2f} % | {100 * rate.high:.2f} % | {rate.source} |"
        )
    return "\n".join([*lines, ""])


def _uses(model: AdditiveModel) -> str:
    lines = ["## Uses", "", "Intended:", ""]
    lines += [f"- {use}" for use in model.provenance.intended_uses]
    lines += ["", "Forbidden:", ""]
    lines += [f"- {use}" for use in model.provenance.forbidden_uses]
    typical = 100 * float(expit(np.array([model.base]))[0])
    return "\n".join([*lines, "", f"A pupil of whom nothing is known has a risk of {typical:.2f} % here.", ""])

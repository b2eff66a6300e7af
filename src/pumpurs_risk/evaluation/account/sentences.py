"""The account in words: what a head teacher wants to know, in order, each figure said as a number of pupils."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pumpurs_risk.evaluation.account.verdict import FEWEST_LEAVERS, WORTH
from pumpurs_risk.evaluation.opponents.line_up import SCHOOL
from pumpurs_risk.locale import check_language, date_text, has_text, number, percent, text

if TYPE_CHECKING:
    from pumpurs_risk.evaluation.account.result import Evaluation


_SAID_ELSEWHERE = ("few_leavers", "suspicious_factors")


def first_line(evaluation: Evaluation, lang: str) -> str:
    """Say the verdict."""
    check_language(lang)
    alone = evaluation.verdict == WORTH and evaluation.counts.schools <= 1
    return text(f"evaluation.verdict.{evaluation.verdict}{'_one_school' if alone else ''}", lang)


def sentences(evaluation: Evaluation, lang: str) -> list[str]:
    """Say everything; the verdict first, what nobody can know last."""
    check_language(lang)
    e = evaluation
    said = [first_line(e, lang)]
    said += [_leak(row, lang) for row in e.suspicious.to_dict("records")]
    said += [_reason(code, params, lang) for code, params in e.judgement.reasons if code not in _SAID_ELSEWHERE]
    said += [_about(e, lang)]
    if e.counts.leavers:
        if e.counts.places:
            said += [_found(e, lang), *_beside(e, lang), *_ties(e, lang), _listed(e, lang)]
        if e.counts.leavers >= FEWEST_LEAVERS:
            said += _pairs(e, lang)
    said += _level(e, lang)
    said += [_note(code, params, lang) for code, params in e.notes]
    if e.counts.rows_missing and not any(code == "much_missing" for code, _ in e.notes):
        said.append(text("evaluation.missing", lang, share=percent(e.share_missing, lang)))
    said += _left_out(e, lang)
    said += [text("evaluation.limits.effect", lang), text("evaluation.limits.supported", lang)]
    return said


def opponent_name(name: str, lang: str) -> str:
    """Name of a rule or another opponent as it stands in a sentence; a challenger's own name as it is."""
    key = f"evaluation.opponents.{name}"
    return text(key, lang) if has_text(key, lang) else name


def factor_name(factor: str, lang: str) -> str:
    """Name of a factor of the catalogue; another column's own name."""
    return _factor_names(lang).get(factor, factor)


@cache
def _factor_names(lang: str) -> dict[str, str]:
    from pumpurs_risk.catalogue import Catalogue

    catalogue = Catalogue.load()
    factors = {name: factor.name[lang] for name, factor in catalogue.factors.items()}
    return factors | {name: column.name[lang] for name, column in catalogue.context_columns.items()}


def _about(e: Evaluation, lang: str) -> str:
    days = ", ".join(date_text(day, lang) for day in e.as_of)
    key = "evaluation.about" if days else "evaluation.about_without_days"
    horizon = f"evaluation.horizons.{e.horizon}"
    return text(
        key,
        lang,
        count=e.counts.leavers,
        n=number(e.counts.leavers, lang),
        days=days,
        horizon=text(horizon, lang) if has_text(horizon, lang) else text("evaluation.within", lang, horizon=e.horizon),
        pupils=_counted("pupils", e.counts.pupils, lang),
    )


def _found(e: Evaluation, lang: str) -> str:
    lead = e.lead_time
    key = (
        "evaluation.found"
        if lead.found and e.as_of and not math.isnan(lead.median)
        else "evaluation.found_without_lead"
    )
    early = ""
    if key == "evaluation.found":
        early = text("evaluation.early", lang, count=int(lead.median), n=number(int(lead.median), lang))
    return text(
        key,
        lang,
        count=lead.leavers,
        n=number(lead.leavers, lang),
        found=_counted("on_the_list", lead.found, lang),
        early=early,
        places=_counted("places", e.counts.places, lang),
    )


def _beside(e: Evaluation, lang: str) -> list[str]:
    """How many leavers others find at the same places, of 100 where the numbers are large, else of all."""
    own, lower, upper = e.value("recall_at_places")
    by_lot = e.value("recall_by_lot", scope="within_school")[0]
    rule, school = e.judgement.best_rule, e.value("recall_at_places", SCHOOL)[0]
    if math.isnan(own):
        return []
    said = [text("evaluation.recall", lang, own=percent(own, lang, 0), by_lot=percent(by_lot, lang, 0),
                 interval=_interval(lower, upper, lang))]  # fmt: skip
    if rule:
        theirs = e.value("recall_at_places", rule)[0]
        said.append(
            text("evaluation.rule_finds", lang, rule=opponent_name(rule, lang), theirs=percent(theirs, lang, 0))
        )
    if not math.isnan(school):
        said.append(text("evaluation.school_finds", lang, theirs=percent(school, lang, 0)))
    staff = e.value("recall_at_places", "staff_list")[0]
    if not math.isnan(staff):
        said.append(text("evaluation.staff_finds", lang, theirs=percent(staff, lang, 0)))
    return said


def _ties(e: Evaluation, lang: str) -> list[str]:
    best, worst = e.value("recall_at_places_best")[0], e.value("recall_at_places_worst")[0]
    if math.isnan(best) or best - worst < 0.005:
        return []
    return [text("evaluation.ties", lang, worst=percent(worst, lang, 0), best=percent(best, lang, 0))]


def _listed(e: Evaluation, lang: str) -> str:
    c = e.counts
    return text(
        "evaluation.listed",
        lang,
        count=c.listed_known,
        n=number(c.listed_known, lang),
        left=_counted("left", c.listed_left, lang),
        stayed=_counted("stayed", c.listed_stayed, lang),
        expected=number(c.expected_staying, lang, 0),
    )


def _pairs(e: Evaluation, lang: str) -> list[str]:
    own, lower, upper = e.value("auroc")
    if math.isnan(own):
        return []
    said = [
        text("evaluation.pairs", lang, own=number(100 * own, lang), interval=_interval(lower, upper, lang, of_100=True))
    ]
    inside, lower, upper = e.value("auroc", scope="within_school")
    if e.counts.schools > 1 and not math.isnan(inside):
        interval = _interval(lower, upper, lang, of_100=True)
        said.append(text("evaluation.pairs_inside", lang, own=number(100 * inside, lang), interval=interval))
    return said


def _level(e: Evaluation, lang: str) -> list[str]:
    expected, ratio_ = e.counts.expected_leavers, e.value("observed_by_expected")
    if math.isnan(ratio_[0]):
        return []
    rows_left = e.by_school["leavers"].sum()
    key = "evaluation.level"
    if not math.isnan(ratio_[1]):
        key = "evaluation.level_right" if ratio_[1] <= 1 <= ratio_[2] else "evaluation.level_wrong"
    leavers = text("evaluation.counted.leavers", lang, count=round(expected), n=number(expected, lang, 0))
    return [text(key, lang, count=int(rows_left), n=number(float(rows_left), lang), expected=leavers)]


def _reason(code: str, params: dict[str, Any], lang: str) -> str:
    filled = dict(params)
    if "rule" in filled:
        filled["rule"] = opponent_name(filled["rule"], lang)
    for bound in ("lower", "upper"):
        if bound in filled:
            value = float(filled[bound])
            filled[bound] = "–" if math.isnan(value) else number(100 * value, lang, 0)
    same = f"evaluation.reasons.{code}_same"
    if "lower" in filled and filled["lower"] == filled["upper"] and has_text(same, lang):
        return text(same, lang, **filled)
    return text(f"evaluation.reasons.{code}", lang, **filled)


def _note(code: str, params: dict[str, Any], lang: str) -> str:
    filled = {
        name: v if isinstance(v, str) else percent(v, lang) if name == "share" else number(v, lang)
        for name, v in params.items()
    }
    if "day" in params:
        filled["day"] = date_text(dt.date.fromisoformat(params["day"]), lang)
    count = next((params[name] for name in ("leavers", "lost", "repeated", "left") if name in params), None)
    return text(f"evaluation.notes.{code}", lang, count=count, **filled)


def _leak(row: Mapping[Any, Any], lang: str) -> str:
    name, level = factor_name(str(row["factor"]), lang), str(row["level"])
    return text(
        f"evaluation.suspicious.{row['sign']}",
        lang,
        factor=f"{name} ({level})" if level else name,
        auroc=number(100 * float(row["auroc"]), lang),
        rows=number(float(row["rows"]), lang),
        leavers=number(float(row["leavers"]), lang),
    )


def _left_out(e: Evaluation, lang: str) -> list[str]:
    """What could not be worked out, and from what: rules in one sentence, everything else in its own."""
    said = []
    rules = [each for each in e.not_computable if each["code"] == "rule_needs"]
    if rules:
        names = [_with_factors(each["name"], str(each["params"]["factors"]).split(", "), lang) for each in rules]
        said.append(text("evaluation.not_computable", lang, names="; ".join(names)))
    if e.partial:
        names = [_with_factors(name, missing, lang) for name, missing in e.partial.items()]
        said.append(text("evaluation.partial", lang, names="; ".join(names)))
    for each in e.not_computable:
        if each["code"] != "rule_needs":
            reason = text(f"errors.{each['code']}", lang, **each["params"])
            name = opponent_name(each["name"], lang)
            said.append(text("evaluation.not_computable_because", lang, name=name, reason=reason))
    return said


def _with_factors(name: str, factors: Iterable[str], lang: str) -> str:
    return f"{opponent_name(name, lang)} ({', '.join(factor_name(factor, lang) for factor in factors)})"


def _interval(lower: float, upper: float, lang: str, *, of_100: bool = False) -> str:
    """A bracket with the interval, or nothing where there is none."""
    if math.isnan(lower):
        return ""
    shown = [number(100 * x, lang) if of_100 else percent(x, lang, 0) for x in (lower, upper)]
    if shown[0] == shown[1]:  # no figure is that certain
        return ""
    return text("evaluation.interval", lang, lower=shown[0], upper=shown[1])


def _counted(key: str, n: int, lang: str) -> str:
    return text(f"evaluation.counted.{key}", lang, count=n, n=number(n, lang))

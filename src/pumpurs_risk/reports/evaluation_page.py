"""The page that says how good a model is: the verdict, sentences, pictures, rules, schools, groups, and then the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pumpurs_risk.locale import date_text, number, percent, sort_key, text
from pumpurs_risk.locale.texts import has_text
from pumpurs_risk.reports.evaluation_pictures import EvaluationPictures
from pumpurs_risk.reports.page import Page

_ROOM = "evaluation_page"
FEW = 5
"""Numbers of leavers below this, other than 0, are not shown for a school."""
JUDGED_FROM = 30
"""Leavers from which a group is judged, as ``by_group`` has it by default."""
_SHARES = {"recall_at_places", "precision_at_places", "recall_by_lot", "recall_above_lot"}


@dataclass(frozen=True)
class EvaluationPaper:
    """What the page is made from.

    Parameters
    ----------
    evaluation : dict
        ``Evaluation.to_dict()``.
    name, digest : str
        Of the model, and of its file.
    titles : mapping of str to str
        Titles of schools by their ids.
    groups_said : sequence of str
        Sentences about groups of pupils, in the page's language.
    made : bool
        Whether the data are known to be made up.
    trained_here : bool
        Whether what was judged is the way the model was trained, on earlier days, rather than the finished model.
    made_on : datetime.date, optional
        Day of the evaluation.
    """

    evaluation: Mapping[str, Any]
    name: str
    digest: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    groups_said: Sequence[str] = ()
    made: bool = False
    trained_here: bool = False
    made_on: dt.date | None = None


def evaluation_page(paper: EvaluationPaper, lang: str = "lv") -> Page:
    """Make the page.

    Parameters
    ----------
    paper : EvaluationPaper
        What was found.
    lang : {"lv", "en"}
        The reader's language.

    Returns
    -------
    Page
    """
    found = paper.evaluation
    page = Page(_say("title", lang, name=paper.name), lang)
    verdict, *sentences = found["sentences"][lang]
    page.verdict(verdict)
    if paper.made:
        page.warning(_say("made", lang))
    if found["split"] == "random":
        page.warning(_say("folds", lang))
    page.heading(_say("head.heading", lang))
    page.bullets(sentences)
    page.small(*_how(paper, lang))
    _pictures(page, paper, lang)
    _rules(page, found, lang)
    _schools(page, paper, lang)
    _groups(page, paper, lang)
    _statistics(page, found, lang)
    page.footer(_say("footer", lang, name=paper.name, digest=paper.digest[:16] or "–"))
    return page


def _how(paper: EvaluationPaper, lang: str) -> list[str]:
    found = paper.evaluation
    said = []
    train, test = (", ".join(_day(d, lang) for d in found[key]) for key in ("train_as_of", "as_of"))
    if paper.trained_here and train:
        said.append(_say("later", lang, train=train, test=test))
    elif not paper.trained_here and test:
        said.append(_say("given", lang, test=test))
    if paper.made_on is not None:
        said.append(_say("dated", lang, date=date_text(paper.made_on, lang)))
    return said


def _pictures(page: Page, paper: EvaluationPaper, lang: str) -> None:
    pictures = EvaluationPictures(paper.evaluation, lang).all()
    if pictures:
        page.heading(_say("pictures.heading", lang))
        page.pictures(pictures, across="pairs")


def _rules(page: Page, found: Mapping[str, Any], lang: str) -> None:
    page.heading(_say("rules.heading", lang))
    own = found["model"]
    recall = {
        row["model"]: row for row in found["metrics"] if row["metric"] == "recall_at_places" and row["scope"] == "all"
    }
    compared = {(r["against"], r["metric"]): r for r in found["comparisons"] if r["scope"] == "all"}
    others = [name for name in recall if name != own]
    if not others:
        page.text(_say("rules.none", lang))
        return
    others.sort(key=lambda name: (-(recall[name]["value"] or 0.0), name))
    rows = [[_say("rules.model", lang), _share(recall.get(own, {}), lang), "", ""]]
    rows += [
        [
            opponent_name(name, lang), _share(recall[name], lang),
            _difference(compared.get((name, "recall_at_places")), 100, lang),
            _difference(compared.get((name, "auroc")), 100, lang),
        ]
        for name in others
    ]  # fmt: skip
    heads = [_say(f"rules.{key}", lang) for key in ("rule", "recall", "difference", "order")]
    page.table(heads, rows, caption=_say("rules.caption", lang), numbers=[1, 2, 3])


def _schools(page: Page, paper: EvaluationPaper, lang: str) -> None:
    schools = [row for row in paper.evaluation["by_school"] if row["school_id"]]
    if len(schools) < 2:
        return
    page.heading(_say("schools.heading", lang))
    page.text(_say("schools.note", lang))
    hidden = _hidden(schools)
    titled = [(paper.titles.get(row["school_id"]) or row["school_id"], row) for row in schools]
    rows = []
    for title, row in sorted(titled, key=lambda each: sort_key(each[0])):
        if row["school_id"] in hidden:
            few = 0 < row["leavers"] < FEW
            leavers, found = _say(f"schools.{'hidden' if few else 'withheld'}", lang), "–"
        else:
            leavers = number(row["leavers"], lang)
            found = "–" if row["recall"] is None else percent(row["recall"], lang, 0)
        expected = "–" if row["expected_leavers"] is None else number(row["expected_leavers"], lang, 1)
        rows.append([title, number(row["rows"], lang), number(row["places"], lang), leavers, expected, found])
    heads = [_say(f"schools.{key}", lang) for key in ("school", "rows", "places", "leavers", "expected", "recall")]
    page.table(heads, rows, caption=_say("schools.caption", lang), numbers=[1, 2, 3, 4, 5])


def _hidden(schools: Sequence[Mapping[str, Any]]) -> set[str]:
    """Schools whose leavers are not shown: few ones, and one more if a single one could be worked out from the sum."""
    few = [row["school_id"] for row in schools if 0 < row["leavers"] < FEW]
    rest = sorted((row for row in schools if row["leavers"] >= FEW), key=lambda row: (row["leavers"], row["school_id"]))
    if len(few) == 1 and rest:
        few.append(rest[0]["school_id"])
    return set(few)


def _groups(page: Page, paper: EvaluationPaper, lang: str) -> None:
    page.heading(_say("groups.heading", lang))
    groups = paper.evaluation["groups"]
    if not groups:
        page.text(_say("groups.none", lang))
        return
    page.text(_say("groups.note", lang))
    page.bullets(paper.groups_said)
    rows = group_rows(groups, lang)
    heads = [
        _say(f"groups.{key}", lang) for key in ("group", "n", "leavers", "selection", "miss", "false_alarm", "ratio")
    ]
    page.table(heads, rows, caption=_say("groups.caption", lang), numbers=[1, 2, 3, 4, 5, 6])


def _group_cells(row: Mapping[str, Any], exact: bool, lang: str) -> list[str]:
    if row["judged"] == "not shown":
        return ["–", "–", text("fairness.judged.not_shown", lang), "", "", ""]
    judged = row["judged"] == "judged"
    leavers = number(row["leavers"], lang) if exact else f"{'≥' if judged else '<'} {JUDGED_FROM}"
    if not judged:
        return [number(row["n"], lang), leavers, _say("groups.few", lang), "", "", ""]
    shares = [_share(row, lang, name) for name in ("selection_rate", "miss_rate", "false_alarm_rate")]
    return [
        number(row["n"], lang),
        leavers,
        *shares,
        _interval(row, "observed_by_expected", lambda v: number(v, lang, 2)),
    ]


def _statistics(page: Page, found: Mapping[str, Any], lang: str) -> None:
    page.heading(_say("statistics.heading", lang))
    horizon = (
        text(f"explain_model.horizon.{found['horizon']}", lang)
        if found["horizon"] in ("1y", "2y")
        else found["horizon"]
    )
    if found["resamples"]:
        level, resamples = percent(found["level"], lang, 0), number(found["resamples"], lang)
        page.small(
            _say(
                "statistics.method", lang, level=level, resamples=resamples, seed=found["random_state"], horizon=horizon
            )
        )
    else:
        page.small(_say("statistics.no_intervals", lang, horizon=horizon))
    rows = figure_rows(found, lang)
    heads = [_say(f"statistics.{key}", lang) for key in ("metric", "all", "within")]
    page.table(heads, rows, caption=_say("statistics.metrics", lang), numbers=[1, 2])
    compared = {(r["against"], r["metric"], r["scope"]): r for r in found["comparisons"]}
    figures = [("auroc", "all"), ("auroc", "within_school"), ("log_loss", "all")]
    rows = [
        [opponent_name(name, lang), *(_difference(compared.get((name, *figure)), 1, lang, 3) for figure in figures)]
        for name in dict.fromkeys(against for against, _, _ in compared)
    ]
    if rows:
        heads = [_say("statistics.against", lang), *(_metric_of(metric, scope, lang) for metric, scope in figures)]
        page.table(heads, rows, caption=_say("statistics.comparisons", lang), numbers=[1, 2, 3])
    counts = found["counts"]
    rows = [
        [
            _say(f"counted.{key}", lang),
            _count(counts[key], lang, share=key == "share_missing"),
        ]
        for key in counts
        if has_text(f"{_ROOM}.counted.{key}", lang)
    ]
    heads = [_say(f"statistics.{key}", lang) for key in ("count", "value")]
    page.table(heads, rows, caption=_say("statistics.counts", lang), numbers=[1])


def figure_rows(found: Mapping[str, Any], lang: str) -> list[list[str]]:
    """Figures of the model: name, over all rows, within the lists; with intervals where there are any."""
    own = {(r["metric"], r["scope"]): r for r in found["metrics"] if r["model"] == found["model"]}
    names = dict.fromkeys(metric for metric, _ in own if has_text(f"{_ROOM}.metric.{metric}", lang))
    return [
        [
            _say(f"metric.{name}", lang),
            *(_figure(own.get((name, scope)), name, lang) for scope in ("all", "within_school")),
        ]
        for name in names
    ]


def group_rows(groups: Sequence[Mapping[str, Any]], lang: str) -> list[list[str]]:
    """Figures by group: its name, pupils, leavers, share listed, missed, listed in vain, left by expected.

    Leavers are not counted exactly where that would tell of a few of them, directly or by subtraction.
    """
    telling = {row["attribute"] for row in groups if row["leavers"] is None or 0 < row["leavers"] < FEW}
    return [[group_label(row, lang), *_group_cells(row, row["attribute"] not in telling, lang)] for row in groups]


def opponent_name(name: str, lang: str) -> str:
    """Name of a rule or another opponent; a challenger's own as it is."""
    key = f"evaluation.opponents.{name}"
    return text(key, lang) if "." not in name and has_text(key, lang) else name


def group_label(row: Mapping[str, Any], lang: str) -> str:
    """Name of a group of pupils; words that nobody translated stand as they are."""

    def said(key: str, otherwise: str) -> str:
        return text(key, lang) if has_text(key, lang) else otherwise

    attribute, group = str(row["attribute"]), str(row["group"])
    named = (
        said("fairness.unknown", group) if group == "unknown" else said(f"fairness.group.{attribute}.{group}", group)
    )
    return text("fairness.label", lang, attribute=said(f"fairness.attribute.{attribute}", attribute), group=named)


def _metric_of(metric: str, scope: str, lang: str) -> str:
    named = _say(f"metric.{metric}", lang)
    return f"{named} ({_say('statistics.within', lang)})" if scope == "within_school" else named


def _figure(row: Mapping[str, Any] | None, name: str, lang: str) -> str:
    if row is None or row["value"] is None:
        return "–"
    if name in _SHARES:
        return _share(row, lang)
    return _interval(row, "value", lambda v: number(v, lang, 3))


def _share(row: Mapping[str, Any], lang: str, name: str = "value") -> str:
    return _interval(row, name, lambda v: percent(v, lang, 0))


def _interval(row: Mapping[str, Any], name: str, said: Any) -> str:
    """A figure, with its interval in brackets where there is one."""
    value = row.get(name)
    if value is None:
        return "–"
    ends = ("lower", "upper") if name == "value" else (f"{name}_lower", f"{name}_upper")
    lower, upper = (row.get(end) for end in ends)
    return said(value) if lower is None or upper is None else f"{said(value)} ({said(lower)} … {said(upper)})"


def _difference(row: Mapping[str, Any] | None, times: float, lang: str, decimals: int = 0) -> str:
    if row is None or row["difference"] is None:
        return "–"

    def said(value: float) -> str:
        shown = number(times * value, lang, decimals)
        return f"+{shown}" if value > 0 and shown.strip("0.,") else shown

    if row["lower"] is None:
        return said(row["difference"])
    return f"{said(row['difference'])} ({said(row['lower'])} … {said(row['upper'])})"


def _count(value: float | None, lang: str, *, share: bool) -> str:
    if value is None:
        return "–"
    return percent(value, lang) if share else number(value, lang)


def _day(day: str | dt.date, lang: str) -> str:
    return date_text(dt.date.fromisoformat(str(day)), lang)


def _say(key: str, lang: str, /, **params: Any) -> str:
    return text(f"{_ROOM}.{key}", lang, **params)

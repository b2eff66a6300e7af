"""Patterns: a difficulty that many of a class, a school or a subject share, which one step for all answers best."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column, word_column
from pumpurs_risk.flags.expectation import Seen, Strata, adjusted_for_looks, look, share_interval
from pumpurs_risk.flags.pattern_wording import Wording, say_patterns
from pumpurs_risk.locale import check_language, text
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, RiskFactor
    from pumpurs_risk.model import AdditiveModel

COLUMNS = (
    "school_id", "scope", "group", "n", "construct", "factor", "observed", "expected", "share", "expected_share", "lower",
    "upper", "p_value", "q_value", "sentence", "proposal", "measure", "role", "role_name", "due", "sensitivity",
)  # fmt: skip
SCHOOL, SUBJECT, CLASS = "school", "subject", "class"
_MIN_AFFECTED, _MIN_SENSITIVE, _MIN_WITHOUT = 3, 5, 2
_LEAST_EXCESS = 2.0  # pupils more than expected: less is not worth a meeting, however sure
_FEWEST_SUBJECTS = 3  # others that a subject is compared with where there is no other school


def patterns(
    model: AdditiveModel,
    X: Any,
    *,
    catalogue: Catalogue | None = None,
    as_of: dt.date | str | None = None,
    lang: str = "lv",
    evidence: pd.DataFrame | None = None,
    level: float = 0.9,
    q: float = 0.10,
    min_group: int = 5,
    sensitivities: Collection[str] = ("ordinary", "sensitive"),
) -> pd.DataFrame:
    """Find what many in a class, a school or a subject share beyond what the group's composition lets expect.

    Parameters
    ----------
    model : AdditiveModel
        Only factors that it has, with a known direction, are looked at.
    X : table with named columns, n rows
        The factor table of the whole run: the others in it make the expectation.
    catalogue : Catalogue, optional
        What is shared (``Sentences.shared``) and what to do about it (``Construct.together``); the shipped one by default.
    as_of : date or ISO text, optional
        Day of the list; the step is due two weeks later.
    lang : {"lv", "en"}
        Language of sentences and proposals.
    evidence : pandas.DataFrame, optional
        From `evidence`, of all pupils: its subjects are looked at too. A school of whose affected pupils some have no
        subjects there is left out of that.
    level : float in (0, 1), default=0.9
        Of the interval.
    q : float in (0, 1), default=0.1
        Expected share of false patterns among those told, over everything that was looked at in the run.
    min_group : int, default=5
        Pupils of whom the fact is known, at least.
    sensitivities : collection of str
        What may make a pattern; special facts never do.

    Returns
    -------
    pandas.DataFrame
        Schools by id; in each the school as a whole, subjects, classes. ``school_id``, ``scope`` (class, school, subject),
        ``group`` (class id, subject, ""), ``n`` (of whom it is known), ``construct``, ``factor``, ``observed``, ``expected``
        (pupils), ``share``, ``expected_share``, ``lower``, ``upper`` (interval of the share, Wilson), ``p_value``,
        ``q_value``, ``sentence``, ``proposal``, ``measure`` (id or ""), ``role``, ``role_name``, ``due`` (date, None without
        `as_of`), ``sensitivity``.

    Raises
    ------
    ValueError
        If `level` or `q` is not between 0 and 1, `min_group` is below 5, or the language is not there.

    Notes
    -----
    A factor can make a pattern if the model has it with a direction, it is not special, and the catalogue has words for what
    is shared (``shared``), a measure, and a step for a group in its construct (``together``). Health, addiction, pregnancy,
    family, care outside the family and the like have no such step, on purpose: what happens at home is talked about with
    one family, never with a class, however many of it are affected.

    A pupil is affected at the contrast's high point or beyond. The expectation is that of pupils of the same level and
    programme outside the group, whose own number limits how sure it is, see ``expectation.py``; the p-value is one-sided, of
    one level Fisher's exact, its q-value Benjamini and Hochberg's over all groups, factors and subjects. A pattern needs 3
    affected pupils and 2 more than expected. A sensitive one needs 5, and 2 of the group who are not affected: it would
    otherwise tell of everyone. Of one construct the most striking factor is told. A school's pattern that is none without
    one class, or without the classes that stand out, is told of these only, if they may be told of at all; classes that
    share their school's pattern are told with the school.

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.model import load_model
    >>> X = pd.DataFrame({"school_id": "kalve", "programme": "general", "level": 7.0,
    ...                   "class_id": ["7.a"] * 20 + ["7.b"] * 20 + ["7.c"] * 20,
    ...                   "absence_share": [0.2] * 14 + [0.01] * 46})
    >>> found = patterns(load_model("literature-prior"), X, lang="en")
    >>> found[["scope", "group", "observed", "n"]].values.tolist()
    [['class', '7.a', 14, 20]]
    """
    from pumpurs_risk.catalogue import Catalogue

    check_language(lang)
    for name, value in (("level", level), ("q", q)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")
    if min_group < 5:
        raise ValueError(f"min_group must be 5 or more, so that no pattern points at a pupil; got {min_group!r}")
    frame = as_frame(X).reset_index(drop=True)
    catalogue = catalogue or Catalogue.load()
    allowed = {sensitivities} if isinstance(sensitivities, str) else set(sensitivities)
    factors = _factors(model, catalogue, lang, allowed - {"special"})
    looked = _Looked(frame, min_group)
    for factor in factors:
        looked.at(factor)
    if evidence is not None and len(frame):
        for factor in factors:
            if factor.sentences[lang].shared_in_subject is not None:
                looked.at_subjects(factor, evidence, lang)
    table = looked.table()
    table["q_value"] = adjusted_for_looks(table["p_value"].to_numpy(dtype=float))
    table["sensitivity"] = table["factor"].map(lambda f: catalogue.factors[f].sensitivity).astype(object)
    table["construct"] = table["factor"].map(lambda f: catalogue.factors[f].construct).astype(object)
    least_p = float(table.loc[table["q_value"] <= q, "p_value"].max())
    told = _carried_by(_leading(table[_worth_telling(table, q)]), looked, catalogue, least_p)
    told = told.assign(rank=told["scope"].map({SCHOOL: 0, SUBJECT: 1, CLASS: 2}).astype(float))
    told = told.sort_values(["school_id", "rank", "group", "p_value", "factor"], ignore_index=True)
    told["lower"], told["upper"] = share_interval(told["observed"].to_numpy(), told["n"].to_numpy(), level)
    return _worded(told, frame, catalogue, as_of, lang)


def _factors(model: AdditiveModel, catalogue: Catalogue, lang: str, allowed: Collection[str]) -> list[RiskFactor]:
    """Factors that a group can be told of: known direction, words for it, and one step that answers it."""
    known = {shape.factor for shape in model.shapes if shape.direction}
    return [
        f
        for f in catalogue.factors.values()
        if f.id in known
        and f.sensitivity in allowed
        and f.contrast is not None
        and f.measures
        and f.sentences[lang].shared is not None
        and catalogue.constructs[f.construct].together is not None
    ]


class _Looked:
    """Everything that was looked at: one row per group, factor and subject."""

    def __init__(self, frame: pd.DataFrame, min_group: int) -> None:
        self.frame, self.min_group = frame, min_group
        self.parts: list[pd.DataFrame] = []
        programme, level = word_column(frame, "programme"), number_column(frame, "level")
        self.programme, _ = pd.factorize(programme)
        place = pd.DataFrame({"programme": self.programme, "level": level})
        stratum = place.groupby(["programme", "level"], dropna=False, sort=False).ngroup()
        self.stratum: NDArray[np.int64] = stratum.to_numpy().astype(np.int64)
        at = np.unique(self.stratum, return_index=True)[1]
        self.programme_of: NDArray[np.int64] = self.programme[at].astype(np.int64)
        self.school = word_column(frame, "school_id")
        self.in_class = word_column(frame, "class_id")
        classes = pd.DataFrame({"school": self.school, "class": self.in_class})
        self.groups = {
            SCHOOL: _coded(classes[["school"]].assign(group=""), np.ones(len(frame), dtype=bool)),
            CLASS: _coded(classes, self.in_class != ""),
        }

    def at(self, factor: RiskFactor) -> None:
        """Look at one factor in every school and class."""
        known, affected = self._seen_in(factor)
        for scope, (codes, names) in self.groups.items():
            strata = Strata(codes, self.stratum, self.programme_of, len(names))
            self._add(scope, factor, names, look(strata, known, affected, _typical_share(factor)))

    def at_subjects(self, factor: RiskFactor, evidence: pd.DataFrame, lang: str) -> None:
        """Look at one factor subject by subject in every school whose evidence is whole."""
        known, _ = self._seen_in(factor)
        facts = evidence[evidence["factor"] == factor.id]
        at = pd.Index(self.frame["pupil_id"].to_numpy(dtype=object)).get_indexer(
            facts["pupil_id"].to_numpy(dtype=object)
        )
        row, subject = at[at >= 0], _plain_subjects(facts["detail"], lang)[at >= 0]
        told = np.zeros(len(self.frame), dtype=bool)
        told[row] = True
        silent = known & (number_column(self.frame, factor.id) > 0) & ~told
        known &= ~np.isin(self.school, np.unique(self.school[silent]))
        codes, names = self.groups[SCHOOL]
        subjects = [name for name in pd.unique(subject) if name]
        for name in subjects:
            affected = np.zeros(len(self.frame), dtype=bool)
            affected[row[subject == name]] = True
            taught = np.isin(self.stratum, np.unique(self.stratum[affected]))  # levels where anyone is assessed in it
            here = known & taught
            strata = Strata(codes, self.stratum, self.programme_of, len(names))
            others = row[subject != name]
            rest = np.bincount(codes[others[here[others]]], minlength=len(names))
            size = np.bincount(codes[here], minlength=len(names))
            typical = rest / np.maximum(size * max(len(subjects) - 1, 1), 1)
            seen = look(strata, here, affected, typical)
            alone = seen.n == here.sum()  # no other school: compared with its other subjects
            enough = ~alone | (len(subjects) > _FEWEST_SUBJECTS)
            self._add(SUBJECT, factor, names.assign(group=name), seen, enough)

    def shares_without(self, factor: RiskFactor, school: str, classes: Collection[str], least_p: float) -> bool:
        """Say whether a school would have the pattern without the pupils of some of its classes."""
        known, affected = self._seen_in(factor)
        here = self.school == school
        known &= ~(here & np.isin(self.in_class, np.array(list(classes), dtype=object)))
        strata = Strata(np.where(here, 0, -1), self.stratum, self.programme_of, 1)
        seen = look(strata, known, affected, _typical_share(factor))
        observed, expected = float(seen.observed[0]), float(seen.n[0] * seen.expected_share[0])
        return observed >= _MIN_AFFECTED and observed - expected >= _LEAST_EXCESS and float(seen.p_value[0]) <= least_p

    def _seen_in(self, factor: RiskFactor) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        values = number_column(self.frame, factor.id)
        known = ~np.isnan(values) & applies_to(factor.applies, self.frame)
        high = factor.contrast.high if factor.contrast else np.nan
        return known, known & (factor.direction * (values - high) >= -1e-9)

    def _add(
        self, scope: str, factor: RiskFactor, names: pd.DataFrame, seen: Seen, among: NDArray[np.bool_] | None = None
    ) -> None:
        enough = seen.n >= self.min_group
        if among is not None:
            enough &= among
        rows = np.flatnonzero(enough)
        part = seen.at(rows)
        columns = {
            "school_id": names["school"].to_numpy(dtype=object)[rows],
            "scope": scope,
            "group": names["group"].to_numpy(dtype=object)[rows],
            "n": part.n,
            "factor": factor.id,
            "observed": part.observed,
            "expected": part.n * part.expected_share,
            "share": part.observed / part.n,
            "expected_share": part.expected_share,
            "p_value": part.p_value,
        }
        self.parts.append(pd.DataFrame(columns))

    def table(self) -> pd.DataFrame:
        """Give all that was looked at."""
        parts = [part for part in self.parts if len(part)]
        if parts:
            return pd.concat(parts, ignore_index=True)
        names = (
            "school_id",
            "scope",
            "group",
            "n",
            "factor",
            "observed",
            "expected",
            "share",
            "expected_share",
            "p_value",
        )
        types = {"school_id": object, "scope": object, "group": object, "factor": object, "n": int, "observed": int}
        return pd.DataFrame({name: np.empty(0, dtype=types.get(name, float)) for name in names})


def _coded(names: pd.DataFrame, counts: NDArray[np.bool_]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Position of each pupil's group, -1 for none, and the groups' names."""
    names = names.set_axis(["school", "group"], axis=1)
    codes = names.groupby(["school", "group"], sort=True).ngroup().to_numpy(dtype=np.int64)
    distinct = names.assign(code=codes).drop_duplicates("code").sort_values("code", ignore_index=True)
    return np.where(counts, codes, -1), distinct[["school", "group"]]


def _typical_share(factor: RiskFactor) -> float:
    """Share of usual pupils who are at the contrast's high point or beyond."""
    from pumpurs_risk.training.prior import typical_points

    if factor.typical is None or factor.contrast is None:
        return 0.1
    values, weights = typical_points(factor.typical)
    return float(weights[factor.direction * (values - factor.contrast.high) >= -1e-9].sum())


def _plain_subjects(detail: pd.Series, lang: str) -> NDArray[np.object_]:
    """Names of subjects without what says that there is no final mark yet."""
    before, after = text("evidence.so_far", lang, subject="\x00").split("\x00")
    words = detail.fillna("").astype(object)
    distinct = {w: w.removeprefix(before).removesuffix(after) for w in pd.unique(words)}
    return words.map(distinct).to_numpy(dtype=object)


def _worth_telling(table: pd.DataFrame, q: float) -> NDArray[np.bool_]:
    ordinary = (table["sensitivity"] == "ordinary").to_numpy(dtype=bool)
    observed, n = table["observed"].to_numpy(dtype=float), table["n"].to_numpy(dtype=float)
    enough = observed >= np.where(ordinary, _MIN_AFFECTED, _MIN_SENSITIVE)
    nobody_is_told_of = ordinary | (n - observed >= _MIN_WITHOUT)
    more = observed - table["expected"].to_numpy(dtype=float) >= _LEAST_EXCESS
    striking = table["q_value"].to_numpy(dtype=float) <= q
    told: NDArray[np.bool_] = striking & enough & nobody_is_told_of & more
    return told


def _leading(told: pd.DataFrame) -> pd.DataFrame:
    """Of one construct in one group the most striking factor."""
    ordered = told.assign(excess=told["observed"] - told["expected"])
    ordered = ordered.sort_values(["p_value", "excess", "factor"], ascending=[True, False, True], kind="stable")
    return ordered.drop_duplicates(["school_id", "scope", "group", "construct"]).drop(columns="excess")


def _carried_by(told: pd.DataFrame, looked: _Looked, catalogue: Catalogue, least_p: float) -> pd.DataFrame:
    """Tell a construct once in a school: of the class that makes the pattern up, or of the school whose classes share it."""
    dropped: list[Any] = []
    schools = told[told["scope"] == SCHOOL]
    rows = schools[["school_id", "construct", "factor", "share"]].to_dict("records")
    for index, row in zip(schools.index.tolist(), rows, strict=True):
        same = (told["scope"] == CLASS) & (told["school_id"] == row["school_id"])
        classes = told[same & (told["construct"] == row["construct"])]
        lower, _ = share_interval(classes["observed"].to_numpy(), classes["n"].to_numpy(), 0.9)
        stands_out = lower > float(row["share"])
        names = classes["group"].astype(str).tolist()
        carriers = [{name} for name in names] + [set(classes.loc[stands_out, "group"])]
        factor, school = catalogue.factors[str(row["factor"])], str(row["school_id"])
        if any(some and not looked.shares_without(factor, school, some, least_p) for some in carriers):
            dropped.append(index)
        else:
            dropped += classes.index[~stands_out].tolist()
    return told.drop(index=dropped)


def _worded(
    told: pd.DataFrame, frame: pd.DataFrame, catalogue: Catalogue, as_of: dt.date | str | None, lang: str
) -> pd.DataFrame:
    from pumpurs_risk.flags.next_step import DUE_AFTER

    school, in_class = word_column(frame, "school_id"), word_column(frame, "class_id")
    programme = word_column(frame, "programme")
    of_group = []
    for row in told.to_dict("records"):  # few: patterns, not pupils
        inside = school == row["school_id"]
        if row["scope"] == CLASS:
            inside &= in_class == row["group"]
        usual = pd.Series(programme[inside & (programme != "")]).mode()
        of_group.append(
            Wording({str(name): value for name, value in row.items()}, str(usual.iloc[0]) if len(usual) else "")
        )
    said = say_patterns(of_group, catalogue, lang)
    due = None if as_of is None else as_day(as_of).astype(object) + DUE_AFTER
    return told.assign(**said, due=pd.Series([due] * len(told), dtype=object))[list(COLUMNS)]

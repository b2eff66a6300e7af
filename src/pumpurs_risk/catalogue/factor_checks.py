"""What must hold of the factors beyond their types: every promise that model, reasons and sheet rely on."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from pumpurs_risk.catalogue.compute_checks import compute_problems
from pumpurs_risk.catalogue.entries import Construct, RiskFactor
from pumpurs_risk.catalogue.entry_types import nearest
from pumpurs_risk.catalogue.protected import Recogniser
from pumpurs_risk.catalogue.sentences import LEAD, MORE, QUESTION, RATED, REASON, UNKNOWN, check_sentence
from pumpurs_risk.catalogue.sources import EntryError
from pumpurs_risk.catalogue.tables import Tables
from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.resources import resource

_ID = re.compile(r"[a-z][a-z0-9_]*")
_SUM_TOLERANCE = 1e-6


def check_factors(
    factors: Mapping[str, RiskFactor],
    constructs: Mapping[str, Construct],
    known: Mapping[str, Mapping[str, Any]],
    recogniser: Recogniser,
    tables: Tables,
) -> None:
    """Check all factors, one by one and against each other.

    Parameters
    ----------
    factors, constructs : mapping
        Typed entries by id.
    known : mapping of str to mapping
        The other tables by name (``groups``, ``roles``, ``measures``, ``context``), for what a factor points to.
    recogniser : Recogniser
        Knows the protected attributes.
    tables : Tables
        Knows where everything was written.

    Raises
    ------
    EntryError
        For the first problem, in one sentence that names file, line, entry and field.
    """
    for factor in factors.values():
        _Factor(factor, tables).check({**known, "constructs": constructs}, recogniser)
    _check_shares(factors, constructs, tables)
    _check_headings(factors, tables)


class _Factor:
    """The checks of one factor."""

    def __init__(self, factor: RiskFactor, tables: Tables) -> None:
        self.factor = factor
        self.tables = tables

    def error(self, code: str, *path: str, **params: Any) -> EntryError:
        return self.tables.error(code, "factors", self.factor.id, path, **params)

    def check(self, known: Mapping[str, Mapping[str, Any]], recogniser: Recogniser) -> None:
        self._identity(known["context"])
        self._protected(recogniser, known["protected"])
        self._references(known)
        if self.factor.kind == "level":
            if not self.factor.levels:
                raise self.error("catalogue_levels_missing", "levels")
        else:
            self._range_and_knots()
            self._contrast()
        self._typical()
        self._words()
        if self.factor.compute is not None:
            for code, path, params in compute_problems(self.factor.compute):
                raise self.error(code, *path, **params)

    def _identity(self, context: Mapping[str, Any]) -> None:
        if not _ID.fullmatch(self.factor.id):
            raise self.error("catalogue_id_form", id=self.factor.id)
        if self.factor.id == "pupil_id" or self.factor.id in context:
            raise self.error("catalogue_id_taken", id=self.factor.id, taken=["pupil_id", *context])

    def _protected(self, recogniser: Recogniser, attributes: Mapping[str, Any]) -> None:
        factor = self.factor
        labels: list[tuple[tuple[str, ...], str]] = [((), factor.id)]
        labels += [(("name", lang), word) for lang, word in factor.name.items()]
        labels += [(("heading", lang), word) for lang, word in factor.heading.items()]
        labels += [(("aliases",), word) for word in factor.aliases]
        for path, label in labels:
            if attribute := recogniser.attribute(label):
                raise self.error("catalogue_protected", *path, label=label, attribute=attributes[attribute].name)

    def _references(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        factor = self.factor
        pointers = [
            ("construct", "constructs", factor.construct),
            ("group", "groups", factor.group),
            ("ask", "roles", factor.ask),
        ]
        pointers += [("measures", "measures", measure) for measure in factor.measures]
        pointers += [("raw", "context", factor.raw)] if factor.raw else []
        for field, table, value in pointers:
            if value not in known[table]:
                raise self.error(
                    "catalogue_reference", field, value=value, target=table, known=nearest(value, list(known[table]))
                )

    def _range_and_knots(self) -> None:
        factor = self.factor
        if factor.range is None:
            raise self.error("catalogue_range_missing", "range")
        low, high = factor.range
        if not low < high:
            raise self.error("catalogue_range_order", "range", low=f"{low:g}", high=f"{high:g}")
        knots = factor.knots
        if len(knots) < 2 or any(one >= other for one, other in pairwise(knots)):
            raise self.error("catalogue_knots_order", "knots", knots=_numbers(knots))
        if knots[0] < low or knots[-1] > high:
            raise self.error("catalogue_knots_range", "knots", knots=_numbers(knots), low=f"{low:g}", high=f"{high:g}")

    def _contrast(self) -> None:
        factor, contrast = self.factor, self.factor.contrast
        if contrast is None:
            if factor.prior_share > 0:
                raise self.error("catalogue_contrast_missing", "contrast", share=f"{factor.prior_share:g}")
            return
        points = {"low": contrast.low, "high": contrast.high, "extreme": contrast.extreme}
        for name, point in points.items():
            if not any(abs(point - knot) < 1e-9 for knot in factor.knots):
                raise self.error(
                    "catalogue_knot_missing", "knots", name=name, point=f"{point:g}", knots=_numbers(factor.knots)
                )
        rising = contrast.low < contrast.high <= contrast.extreme
        falling = contrast.low > contrast.high >= contrast.extreme
        if not (rising or falling):
            raise self.error("catalogue_contrast_order", "contrast", points=_numbers(points.values()))
        direction = 1 if rising else -1
        if factor.direction != direction:
            raise self.error(
                "catalogue_direction",
                "direction",
                given=factor.direction,
                points=_numbers(points.values()),
                expected=direction,
            )

    def _typical(self) -> None:
        factor, typical = self.factor, self.factor.typical
        if typical is None:
            if factor.prior_share > 0 and factor.kind != "level":
                raise self.error("catalogue_typical_missing", "typical", share=f"{factor.prior_share:g}")
            return
        given = [name for name in ("share", "shares", "quantiles") if getattr(typical, name) is not None]
        if len(given) != 1:
            raise self.error("catalogue_typical_one", "typical", given=given or ["–"])
        wanted = "share" if factor.kind == "yes_no" else "shares" if factor.kind == "score" else None
        if wanted and given != [wanted]:
            raise self.error("catalogue_typical_kind", "typical", given=given[0], wanted=wanted, kind=factor.kind)
        if typical.shares is not None and (min(typical.shares) < 0 or abs(sum(typical.shares) - 1) > _SUM_TOLERANCE):
            raise self.error("catalogue_typical_sum", "typical", "shares", total=f"{sum(typical.shares):g}")
        if typical.quantiles is not None and factor.range is not None:
            low, high = factor.range
            values = typical.quantiles
            if list(values) != sorted(values) or values[0] < low or values[-1] > high:
                raise self.error(
                    "catalogue_typical_quantiles", "typical", "quantiles", low=f"{low:g}", high=f"{high:g}"
                )

    def _words(self) -> None:
        factor = self.factor
        for field in ("name", "heading", "meaning", "unit", "question", "sentences"):
            for lang in LANGUAGES:
                if not getattr(factor, field).get(lang):
                    raise self.error("catalogue_language_missing", field, language=lang)
        for lang, question in factor.question.items():
            if not question.rstrip().endswith("?"):
                raise self.error("catalogue_question", "question", lang)
            check_sentence(question, QUESTION, self.tables, "factors", factor.id, "question", lang)
        for lang, sentences in factor.sentences.items():
            said = REASON + RATED if factor.range is not None and factor.scale.get(lang) else REASON
            for name in ("risk", "strength", "unknown", "risk_raw", "strength_raw"):
                if (entry := getattr(sentences, name)) is not None:
                    known = UNKNOWN if name == "unknown" else said
                    check_sentence(entry, known, self.tables, "factors", factor.id, "sentences", lang, name)
            path = ("sentences", lang, "details")
            check_sentence(sentences.details.lead, LEAD, self.tables, "factors", factor.id, *path, "lead")
            check_sentence(sentences.details.more, MORE, self.tables, "factors", factor.id, *path, "more")
        if factor.kind == "score" and factor.range is not None:
            wanted = round(factor.range[1] - factor.range[0]) + 1
            for lang in LANGUAGES:
                words = factor.scale.get(lang, ())
                if len(words) != wanted:
                    raise self.error("catalogue_scale", "scale", lang, wanted=wanted, found=len(words))
        if factor.sensitivity == "special":
            for lang in LANGUAGES:
                if not factor.revealing_words.get(lang):
                    raise self.error("catalogue_revealing_words", "revealing_words", language=lang)


def _numbers(values: Any) -> str:
    return "; ".join(f"{value:g}" for value in values)


def _check_shares(factors: Mapping[str, RiskFactor], constructs: Mapping[str, Construct], tables: Tables) -> None:
    for construct in constructs:
        shares = {factor.id: factor.prior_share for factor in factors.values() if factor.construct == construct}
        total = sum(shares.values())
        if shares and total > 0 and abs(total - 1) > _SUM_TOLERANCE:
            culprit = max(shares, key=lambda factor: tables.age("factors", factor))
            listed = [f"{factor} {share:g}" for factor, share in shares.items()]
            raise tables.error(
                "catalogue_shares",
                "factors",
                culprit,
                ["prior_share"],
                construct=construct,
                total=f"{total:.6g}",
                shares=listed,
            )


def _check_headings(factors: Mapping[str, RiskFactor], tables: Tables) -> None:
    """Make sure that a heading, alias or id leads to one factor only, and to none of the sheet's own columns."""
    owner: dict[str, str] = {}
    for factor in factors.values():
        own: dict[str, tuple[str, ...]] = {factor.id: (), **dict.fromkeys(factor.aliases, ("aliases",))}
        own |= {word: ("heading", lang) for lang, word in factor.heading.items()}
        for label, path in own.items():
            if column := _own_headings().get(_plain(label)):
                raise tables.error("catalogue_heading_own", "factors", factor.id, path, label=label, other=column)
            other = owner.setdefault(_plain(label), factor.id)
            if other != factor.id:
                newer, older = sorted((factor.id, other), key=lambda one: -tables.age("factors", one))
                raise tables.error(
                    "catalogue_heading_twice",
                    "factors",
                    newer,
                    path if newer == factor.id else [],
                    label=label,
                    other=older,
                )


@cache
def _own_headings() -> dict[str, str]:
    """Read how the sheet's own columns are called: every title, alias and id, to the column's Latvian title."""
    document = json.loads(resource("data_schema", "factor_sheet.json").read_text(encoding="utf-8"))
    own = [field for field in document["fields"] if not field.get("factor")]
    return {
        _plain(label): field["titles"]["lv"]
        for field in own
        for label in (field["name"], *field["titles"].values(), *field["aliases"])
    }


def _plain(label: str) -> str:
    """Fold what two headings may differ in and still be one, as the reader of sheets does (records, normal_heading)."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", label).casefold())
    return " ".join(folded.replace("\ufeff", "").replace("_", " ").split()).rstrip(" :*.").strip()

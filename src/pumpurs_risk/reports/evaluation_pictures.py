"""Pictures of an evaluation: calibration, places, decision curve, lead time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pumpurs_risk.locale import number, percent, text
from pumpurs_risk.locale.texts import has_text
from pumpurs_risk.reports.chart import BLUE, GREEN, GREY, ORANGE, Chart, by_step, round_ticks

Picture = tuple[str, str, str]
"""Title, SVG, caption."""
_SIZE: dict[str, Any] = {"width": 400, "height": 260, "font": 12.5}
_USUAL = 0.05
"""Share of the roll whose figures are read out."""
_WIDEST_LIST, _HIGHEST_THRESHOLD = 0.5, 0.3
_THRESHOLD = 0.1


class EvaluationPictures:
    """Makes the pictures that the evaluation has figures for.

    Parameters
    ----------
    evaluation : mapping
        ``Evaluation.to_dict()``.
    lang : {"lv", "en"}
        The reader's language.
    """

    def __init__(self, evaluation: Mapping[str, Any], lang: str) -> None:
        self.found, self.lang = evaluation, lang
        self.own = evaluation["model"]

    def all(self) -> list[Picture]:
        """Give the pictures in the order in which they are read."""
        made = (self.places(), self.precision(), self.calibration(), self.decision(), self.lead())
        return [picture for picture in made if picture is not None]

    def places(self) -> Picture | None:
        """Leavers found, by how many are on the list; the best rule, and school and programme, beside."""
        curves = self._curves("places", "share_of_roll", "recall")
        own = self._until(curves.get(self.own, []), "share_of_roll", _WIDEST_LIST)
        if not own:
            return None
        usual = min(own, key=lambda row: abs(row["share_of_roll"] - _USUAL))
        described = self._say(
            "places.description", share=self._share(usual["share_of_roll"]), recall=self._share(usual["recall"])
        )
        chart = self._share_chart("places", (0.0, _WIDEST_LIST), (0.0, 1.0), described)
        for name, rows, colour in self._beside(curves):
            kept = self._until(rows, "share_of_roll", _WIDEST_LIST)
            shares, recalls = ([row[key] for row in kept] for key in ("share_of_roll", "recall"))
            chart.line([0.0, *shares], [0.0, *recalls], colour=colour, label=name)
        now = self._places_now()
        if now is not None and now <= _WIDEST_LIST:
            chart.mark_x(now, self._say("places.now"))
        return self._say("places.title"), chart.svg(), self._say("places.caption")

    def precision(self) -> Picture | None:
        """Leavers among those on the list, by how many are on it."""
        curves = self._curves("places", "share_of_roll", "precision")
        own = self._until(curves.get(self.own, []), "share_of_roll", _WIDEST_LIST)
        if not own:
            return None
        usual = min(own, key=lambda row: abs(row["share_of_roll"] - _USUAL))
        described = self._say(
            "precision.description",
            share=self._share(usual["share_of_roll"]),
            precision=self._share(usual["precision"]),
        )
        most = max(row["precision"] for _, rows, _ in self._beside(curves) for row in rows)
        chart = self._share_chart("precision", (0.0, _WIDEST_LIST), (0.0, min(1.0, 1.1 * most) or 1.0), described)
        for name, rows, colour in self._beside(curves):
            kept = self._until(rows, "share_of_roll", _WIDEST_LIST)
            chart.line(
                [row["share_of_roll"] for row in kept], [row["precision"] for row in kept], colour=colour, label=name
            )
        now = self._places_now()
        if now is not None and now <= _WIDEST_LIST:
            chart.mark_x(now, self._say("places.now"))
        return self._say("precision.title"), chart.svg(), self._say("precision.caption")

    def calibration(self) -> Picture | None:
        """Estimated risk against how many left, with intervals."""
        rows = self._curves("calibration", "expected", "observed", "lower", "upper").get(self.own, [])
        if not rows:
            return None
        expected, observed = ([row[key] for row in rows] for key in ("expected", "observed"))
        described = self._say(
            "calibration.description", low=self._share(min(expected)), high=self._share(max(expected)),
            observed_low=self._share(min(observed)), observed_high=self._share(max(observed)),
        )  # fmt: skip
        most = min(1.0, 1.1 * max(*expected, *(row["upper"] for row in rows)))
        chart = self._share_chart("calibration", (0.0, min(1.0, 1.15 * max(expected))), (0.0, most), described)
        end = min(1.15 * max(expected), most)
        chart.line([0.0, end], [0.0, end], colour=GREY, label=self._say("calibration.perfect"), width=1.2)
        lower, upper = ([row[key] for row in rows] for key in ("lower", "upper"))
        chart.points(expected, observed, lower, upper, label=self._say("calibration.model"))
        return self._say("calibration.title"), chart.svg(), self._say("calibration.caption")

    def decision(self) -> Picture | None:
        """Net benefit by threshold, beside support for all."""
        curves = self._curves("decision", "net_benefit", "all")
        own = self._until(curves.get(self.own, []), "threshold", _HIGHEST_THRESHOLD)
        if not own:
            return None
        usual = min(own, key=lambda row: abs(row["threshold"] - _THRESHOLD))
        described = self._say(
            "decision.description", threshold=self._share(usual["threshold"]),
            model=number(1000 * usual["net_benefit"], self.lang, 1), all=number(1000 * usual["all"], self.lang, 1),
        )  # fmt: skip
        beside = [
            (name, self._until(rows, "threshold", _HIGHEST_THRESHOLD), c) for name, rows, c in self._beside(curves)
        ]
        most = max(1000 * row["net_benefit"] for _, rows, _ in beside for row in rows)
        high = max(most, 1.0) * 1.1
        low = -0.35 * high
        chart = Chart(
            (0.0, _HIGHEST_THRESHOLD), (low, high), title=self._say("decision.title"), description=described,
            x_label=self._say("decision.x"), y_label=self._say("decision.y"),
            x_format=self._share_format((0.0, _HIGHEST_THRESHOLD)),
            y_format=by_step(round_ticks(low, high), lambda v, decimals: number(v, self.lang, decimals)), **_SIZE,
        )  # fmt: skip
        for name, rows, colour in beside:
            thresholds = [row["threshold"] for row in rows if 1000 * row["net_benefit"] >= low]
            gains = [1000 * row["net_benefit"] for row in rows if 1000 * row["net_benefit"] >= low]
            chart.line(thresholds, gains, colour=colour, label=name)
        for_all = [(row["threshold"], 1000 * row["all"]) for row in own if 1000 * row["all"] >= low]
        chart.line(
            [t for t, _ in for_all], [g for _, g in for_all], colour=GREY, label=self._say("decision.all"), width=1.4
        )
        chart.line([0.0, _HIGHEST_THRESHOLD], [0.0, 0.0], colour="#1c2229", width=1.0)
        return self._say("decision.title"), chart.svg(), self._say("decision.caption")

    def lead(self) -> Picture | None:
        """Leavers by the number of semesters for which they had been on the list."""
        lead = self.found["lead_time"]
        rows = lead["table"]
        if not rows or not lead["found"] or lead["leavers"] is None:
            return None
        last = max(row["semesters"] for row in rows)
        most = max(row["leavers"] for row in rows)
        described = self._say(
            "lead.description", found=number(lead["found"], self.lang), leavers=number(lead["leavers"], self.lang)
        )
        chart = Chart(
            (-0.6, last + 0.6), (0.0, 1.1 * most), title=self._say("lead.title"), description=described,
            x_label=self._say("lead.x"), y_label=self._say("lead.y"), x_ticks=list(range(last + 1)),
            y_ticks=[t for t in round_ticks(0, most) if float(t).is_integer()],
            x_format=lambda v: number(v, self.lang), y_format=lambda v: number(v, self.lang), **_SIZE,
        )  # fmt: skip
        chart.bars([row["semesters"] for row in rows], [row["leavers"] for row in rows], wide=0.6)
        return self._say("lead.title"), chart.svg(), self._say("lead.caption")

    def _curves(self, name: str, *needed: str) -> dict[str, list[Mapping[str, Any]]]:
        """Rows of a curve by model; those that lack a needed figure (nobody left, say) are left out."""
        by_model: dict[str, list[Mapping[str, Any]]] = {}
        for row in self.found["curves"].get(name, ()):
            if any(row[figure] is None for figure in needed):
                continue
            by_model.setdefault(row["model"], []).append(row)
        return by_model

    def _beside(self, curves: Mapping[str, list[Mapping[str, Any]]]) -> list[tuple[str, list[Mapping[str, Any]], str]]:
        """The model, the best rule, and school and programme, with their names and colours."""
        wanted = [(self.own, BLUE), (self.found["best_rule"], ORANGE), ("school_and_programme", GREEN)]
        return [(self._name(name), curves[name], colour) for name, colour in wanted if curves.get(name)]

    def _name(self, name: str) -> str:
        key = f"evaluation.opponents.{name}"
        if name == self.own:
            return self._say("calibration.model")
        return text(key, self.lang) if has_text(key, self.lang) else name

    def _places_now(self) -> float | None:
        counts = self.found["counts"]
        return counts["places"] / counts["rows"] if counts["rows"] and counts["places"] is not None else None

    def _share_chart(self, room: str, x: tuple[float, float], y: tuple[float, float], described: str) -> Chart:
        x_room = "places" if room == "precision" else room
        return Chart(
            x, y, title=self._say(f"{room}.title"), description=described, x_label=self._say(f"{x_room}.x"),
            y_label=self._say(f"{room}.y"), x_format=self._share_format(x), y_format=self._share_format(y), **_SIZE,
        )  # fmt: skip

    def _share_format(self, ends: tuple[float, float]) -> Callable[[float], str]:
        return by_step(round_ticks(*ends), lambda v, decimals: percent(v, self.lang, decimals), 100)

    def _until(self, rows: list[Mapping[str, Any]], key: str, most: float) -> list[Mapping[str, Any]]:
        return [row for row in rows if row[key] <= most + 1e-9]

    def _share(self, value: float) -> str:
        return percent(value, self.lang, 0 if float(round(100 * value, 6)).is_integer() or value >= 0.1 else 1)

    def _say(self, key: str, /, **params: Any) -> str:
        return text(f"evaluation_page.{key}", self.lang, **params)

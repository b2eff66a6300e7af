"""The account of monitoring as one HTML page; it gets plain data and names schools and groups, never a pupil."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import Any

from pumpurs_risk.locale import date_text, number, percent, sort_key, text
from pumpurs_risk.reports.chart import BLUE, ORANGE, Chart
from pumpurs_risk.reports.page import Page

_SUPPLY = ("stopped", "more")
_OF_THE_LIST = ("tier", "band", "certainty")
Row = Mapping[str, Any]


def monitor_page(document: Mapping[str, Any], lang: str = "lv") -> Page:
    """Make the page.

    Parameters
    ----------
    document : mapping
        What ``Monitoring.to_dict(lang)`` gave, or ``monitor.json`` read back; in the page's language.
    lang : {"lv", "en"}
        The reader's language.

    Returns
    -------
    Page
        ``.html()`` or ``.save(path)``.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> run = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-15")
    >>> later = pr.score(pr.make_cohort(n_pupils=60, random_state=0), as_of="2027-01-16")
    >>> page = monitor_page(pr.monitor(run, later).to_dict("en"), "en")
    >>> "Nothing needs attention now." in page.html()
    True
    """
    return _Writer(document, lang).page()


class _Writer:
    """Writes the sections one after the other."""

    def __init__(self, document: Mapping[str, Any], lang: str) -> None:
        self.document, self.found, self.lang = document, document["found"], lang

    def page(self) -> Page:
        compared = self.found["compared"]
        days = [date_text(dt.date.fromisoformat(compared[name]), self.lang) for name in ("first_as_of", "second_as_of")]
        page = Page(self.say("title"), self.lang)
        page.text(self.say("lead", first=days[1], second=days[0]))
        if any(note["code"] == "made" for note in self.found["notes"]):
            page.warning(text("monitoring.notes.made", self.lang))
        page.verdict(self.document["headline"])
        self.attention(page)
        page.heading(self.say("notes"))
        made = [note["code"] == "made" for note in self.found["notes"]]
        page.bullets([said for said, above in zip(self.document["notes"], made, strict=True) if not above])
        for section in (self.factors, self.scores, self.schools, self.missing, self.decisions, self.outcomes):
            section(page)
        page.footer(self.say("footer"))
        return page

    def say(self, name: str, /, **params: Any) -> str:
        return text(f"monitoring.page.{name}", self.lang, **params)

    def verdict(self, row: Row) -> str:
        return text(f"monitoring.verdict.{row['verdict']}", self.lang)

    def factor(self, row: Row) -> str:
        return str(self.found["factor_words"][row["factor"]]["name"][self.lang])

    def school(self, row: Row) -> str:
        return str(self.found["titles"].get(row["school_id"], row["school_id"]))

    def group(self, row: Row) -> str:
        return str(self.document["words"][f"{row['by']}/{row['group']}"])

    def mean(self, row: Row, name: str) -> str:
        """A factor's mean in its own unit."""
        value = row[name]
        if value is None:
            return text("monitoring.not_shown", self.lang)
        if self.found["factor_words"][row["factor"]]["kind"] in ("share", "yes_no"):
            return percent(value, self.lang)
        return number(value, self.lang, 2)

    def count(self, value: int | float | None, decimals: int = 0) -> str:
        return self.say("hidden") if value is None else number(value, self.lang, decimals)

    def share(self, value: float | None, low: float | None = None, high: float | None = None, none: str = "few") -> str:
        """A share with its interval, or that there are too few pupils to judge."""
        if value is None:
            return self.say(none)
        if low is None or high is None:
            return percent(value, self.lang)
        decimals = 1 if value < 0.1 else 0
        interval = f"{number(100 * low, self.lang, decimals)}–{percent(high, self.lang, decimals)}"
        return f"{percent(value, self.lang, decimals)} ({interval})"

    def attention(self, page: Page) -> None:
        for key, pressing in (("attention", True), ("aware", False)):
            rows = [
                (a["sentence"], a["next_step"]) for a in self.document["attention"] if (a["weight"] < 3) == pressing
            ]
            if rows:
                page.heading(self.say(key))
                page.table([self.say("found"), self.say("next")], rows, caption=self.say("steps"))

    def factors(self, page: Page) -> None:
        page.heading(self.say("factors"))
        page.text(self.say("factors_lead"))
        rows = [row for row in self.found["factors"] if row["scope"] == "same_schools"]
        shown = [row for row in rows if row["verdict"] in ("changed", "definition")]
        if shown:
            page.table(
                [self.say(n) for n in ("factor", "before", "after", "by_sd", "index", "verdict")],
                [
                    (
                        self.factor(row), self.mean(row, "first_mean"), self.mean(row, "second_mean"),
                        text("monitoring.not_shown", self.lang)
                        if row["distance_sd"] is None
                        else number(row["distance_sd"], self.lang, 2),
                        number(row["stability_index"], self.lang, 2), self.verdict(row),
                    )
                    for row in sorted(shown, key=lambda r: (r["verdict"] != "changed", -abs(r["log_odds"])))
                ],
                caption=self.say("only_same"),
                numbers=(1, 2, 3, 4),
            )  # fmt: skip
        else:
            page.text(self.say("factors_none"))
        for verdict in ("small", "chance", "too_few"):
            rest = [self.factor(row) for row in rows if row["verdict"] == verdict]
            if rest:
                page.small(self.say(f"rest_{verdict}", names=", ".join(rest)))

    def scores(self, page: Page) -> None:
        page.heading(self.say("scores"))
        page.text(self.say("scores_lead"))
        page.table(
            [self.say(n) for n in ("measure", "said", "again", "now", "by_model", "by_pupils")],
            [
                (self.say(row["measure"]), *(percent(row[n], self.lang) for n in ("first", "first_by_second_model", "second")),
                 *(self.points(row[n]) for n in ("by_model", "by_pupils")))
                for row in self.found["scores"]
                if row["scope"] == "same_schools"
            ],
            caption=self.say("only_same"),
            numbers=(1, 2, 3, 4, 5),
        )  # fmt: skip

    def points(self, change: float) -> str:
        """A difference of two shares in percentage points, with its sign."""
        sign = "+" if change > 0.0005 else ""
        return self.say("points", n=sign + number(100 * change, self.lang, 1))

    def schools(self, page: Page) -> None:
        page.heading(self.say("schools"))
        page.text(self.say("schools_lead"))
        rows = [row for row in self.found["school_changes"] if row["verdict"] == "changed"]
        if not rows:
            page.text(self.say("schools_none"))
            return
        page.table(
            [self.say(n) for n in ("school", "factor", "before", "after", "beyond")],
            [
                (self.school(row), self.factor(row), self.mean(row, "first_mean"), self.mean(row, "second_mean"),
                 number(row["beyond_others_sd"], self.lang, 2))
                for row in sorted(rows, key=lambda r: sort_key(self.school(r)))
            ],
            caption=self.say("schools"),
            numbers=(2, 3, 4),
        )  # fmt: skip

    def missing(self, page: Page) -> None:
        page.heading(self.say("missing"))
        page.text(self.say("missing_lead"))
        rows = [row for row in self.found["missing"] if row["verdict"] in _SUPPLY]
        if rows:
            page.table(
                [self.say(n) for n in ("school", "factor", "unknown_before", "unknown_after", "verdict")],
                [
                    (self.school(row), self.factor(row), percent(row["first_unknown"], self.lang, 0),
                     percent(row["second_unknown"], self.lang, 0), self.verdict(row))
                    for row in sorted(rows, key=lambda r: (_SUPPLY.index(r["verdict"]), sort_key(self.school(r))))
                ],
                caption=self.say("missing"),
                numbers=(2, 3),
            )  # fmt: skip
        known = [self.factor(row) for row in self.found["missing"] if row["verdict"] in ("less", "started")]
        if known:
            schools = len({row["school_id"] for row in self.found["missing"] if row["verdict"] in ("less", "started")})
            names = [name for name, _ in Counter(known).most_common()]
            page.text(self.say("missing_less", count=schools, n=schools, factors=self.some(names, 6)))
        elif not rows:
            page.text(self.say("missing_none"))

    def some(self, names: Sequence[str], most: int) -> str:
        """The first few names, and how many more there are."""
        shown = ", ".join(names[:most])
        more = len(names) - most
        return text("monitoring.and_more", self.lang, count=more, names=shown, n=more) if more > 0 else shown

    def decisions(self, page: Page) -> None:
        page.heading(self.say("decisions"))
        page.text(self.say("decisions_lead"))
        counts = ("listed", "confirmed", "dismissed", "deferred", "undecided", "added")
        shares = ("dismissed", "undecided")
        for by, rows in self._by(self.found["decisions"]):
            caption = str(self.document["words"][by])
            page.table(
                [self.say("group"), *(self.say(name) for name in counts)],
                [(self.group(row), *(self.count(row[name]) for name in counts)) for row in rows],
                caption=caption,
                numbers=tuple(range(1, 7)),
            )
            judged = [row for row in rows if row["judged"]]
            if judged:
                page.table(
                    [self.say("group"), *(self.say(f"{name}_share") for name in shares)],
                    [
                        (self.group(row), *(self.used(row, name) for name in shares))
                        for row in judged
                    ],
                    caption=self.say("shares", of=caption),
                    numbers=(1, 2),
                )  # fmt: skip

    def used(self, row: Row, name: str) -> str:
        """The share of pupils with a kind of decision, with its interval."""
        return self.share(row[f"{name}_share"], row[f"{name}_lower"], row[f"{name}_upper"], "hidden")

    def outcomes(self, page: Page) -> None:
        page.heading(self.say("outcomes"))
        found = self.found["outcomes"]
        if found["state"] != "judged":
            until = date_text(dt.date.fromisoformat(found["horizon_end"]), self.lang)
            page.text(text(f"monitoring.notes.{found['state']}", self.lang, until=until))
            return
        page.text(
            self.say("outcomes_lead"),
            self.say(
                "outcomes_known", known=self.count(found["known"]), pupils=self.count(found["pupils"]),
                left=self.count(found["left"]), expected=self.count(found["expected"], 1),
                listed=self.share(found["missing_listed"]), others=self.share(found["missing_others"]),
            ),
        )  # fmt: skip
        everybody = next(row for row in found["rows"] if row["by"] == "all")
        lines = []
        if everybody["leavers_listed"] is not None and everybody["left"]:
            lines.append(
                self.say(
                    "recall_sentence", left=self.count(everybody["left"]), hits=self.count(everybody["leavers_listed"])
                )
            )
        if None not in (found["intercept"], found["intercept_lower"], found["intercept_upper"]):
            times = {side: exp(found[f"intercept{side}"]) for side in ("", "_lower", "_upper")}
            lines.append(
                self.say(
                    "outcomes_level",
                    **{
                        name: number(times[side], self.lang, 2)
                        for name, side in (("times", ""), ("low", "_lower"), ("high", "_upper"))
                    },
                )
            )
        few = found["slope"] is None or found["slope_lower"] is None
        lines.append(self.say("outcomes_slope_few") if few else self.slope(found))
        page.bullets([*lines, self.say("sure_word")])
        bands = [
            row for row in found["rows"] if row["by"] == "band" and row["pupils"] and row["share_left"] is not None
        ]
        if len(bands) > 1:
            page.picture(self.calibration(bands), self.say("calibration"))
        for by, rows in self._by(found["rows"]):
            cells = [
                (
                    self.group(row), self.count(row["pupils"]), self.count(row["left"]), self.count(row["expected"], 1),
                    self.share(row["share_left"], row["lower"], row["upper"], "hidden") if row["judged"] else self.say("few"),
                    self.share(row["recall"], row["recall_lower"], row["recall_upper"]),
                )
                for row in rows
            ]  # fmt: skip
            names = ["group", "pupils", "left", "expected", "share_left", "recall"]
            width = 5 if by in _OF_THE_LIST else 6  # whom the list found is no question where the list made the groups
            page.table(
                [self.say(name) for name in names[:width]],
                [row[:width] for row in cells],
                caption=str(self.document["words"][by]),
                numbers=range(1, width),
            )

    def slope(self, found: Row) -> str:
        """The calibration slope with its interval, as a sentence."""
        sides = (("slope", "slope"), ("low", "slope_lower"), ("high", "slope_upper"))
        return self.say("outcomes_slope", **{name: number(found[side], self.lang, 2) for name, side in sides})

    def calibration(self, bands: Sequence[Row]) -> str:
        """Draw what was expected and what happened, band by band."""
        names = [self.group(row) for row in bands]
        high = max(max(row["upper"], row["expected"] / row["pupils"]) for row in bands)
        write: Callable[[float], str] = lambda v: percent(v, self.lang, 0)  # noqa: E731
        chart = Chart(
            (-0.5, len(bands) - 0.5), (0, min(1.0, high * 1.05)), title=self.say("calibration"),
            description=self.say("outcomes_lead"), x_label=str(self.document["words"]["band"]), y_label=self.say("share_left"),
            x_ticks=list(range(len(bands))), x_format=lambda v: names[int(v)], y_format=write,
        )  # fmt: skip
        at = [float(i) for i in range(len(bands))]
        chart.points(
            [x - 0.08 for x in at], [row["share_left"] for row in bands], [row["lower"] for row in bands],
            [row["upper"] for row in bands], colour=BLUE, label=self.say("left"),
        )  # fmt: skip
        chart.points(
            [x + 0.08 for x in at],
            [row["expected"] / row["pupils"] for row in bands],
            colour=ORANGE,
            label=self.say("expected"),
        )
        return chart.svg()

    def _by(self, rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
        """Rows by attribute in their order; schools by the alphabet."""
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row["by"], []).append(row)
        return [
            (by, sorted(group, key=lambda r: sort_key(self.group(r))) if by == "school_id" else group)
            for by, group in found.items()
        ]

"""Pictures as inline SVG: lines with bands, points with intervals, bars; read aloud by their title and description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

Numbers = Sequence[float]
BLUE, ORANGE, GREEN, GREY = "#1b4965", "#9c4500", "#2f6b3c", "#6b7580"
"""Told apart by those who see few colours too, and by their dashes; contrast with white above 4.5."""
_DASHES = {BLUE: "", ORANGE: "6 3", GREEN: "2 3", GREY: "8 3 2 3"}


class Chart:
    """Axes on which lines, bands, points and bars are drawn.

    Parameters
    ----------
    x, y : (float, float)
        Ends of the axes.
    title, description : str
        What the picture is, and what can be seen in it: all that is left of it for somebody who cannot see it.
    x_label, y_label : str
        Below and above the axes.
    x_ticks, y_ticks : sequence of float, optional
        Where the axes bear numbers; a handful of round ones by default.
    x_format, y_format : callable
        How a number is written.
    width, height : int
        In CSS pixels.
    font : float
        Size of the letters in CSS pixels.
    upright : bool
        Whether the words below the axis stand upright: for many of them.

    Examples
    --------
    >>> chart = Chart((0, 1), (0, 1), title="Kalibrācija", description="Punkti ir tuvu diagonālei.")
    >>> chart.line([0, 1], [0, 1])
    >>> chart.svg().startswith('<svg role="img"')
    True
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        title: str,
        description: str,
        x_label: str = "",
        y_label: str = "",
        x_ticks: Numbers | None = None,
        y_ticks: Numbers | None = None,
        x_format: Callable[[float], str] = "{:g}".format,
        y_format: Callable[[float], str] = "{:g}".format,
        width: int = 620,
        height: int = 340,
        font: float = 12,
        upright: bool = False,
    ) -> None:
        self.x, self.y = x, y
        self.title, self.description = title, description
        self.width, self.height, self.font = width, height, font
        y_numbers = [y_format(v) for v in (round_ticks(*y) if y_ticks is None else y_ticks)]
        widest = max((len(said) for said in y_numbers), default=0)
        self.left = 8 + 0.62 * font * widest
        self.top = font * (1.9 if y_label else 0.7)
        self.right = font * 0.9
        self.upright = upright
        longest = max((len(x_format(v)) for v in x_ticks or ()), default=0) if upright else 0
        self.bottom = max(font * (3.1 if x_label else 1.7), 0.58 * font * longest + 8)
        self._drawn: list[str] = []
        self._legend: list[tuple[str, str, str]] = []
        self._axes(x_label, y_label, x_ticks, y_ticks, x_format, y_format)

    def line(self, x: Numbers, y: Numbers, *, colour: str = BLUE, label: str = "", width: float = 2.0) -> None:
        """Draw a line; one with a label enters the legend."""
        points = " ".join(f"{self._x(a):.1f},{self._y(b):.1f}" for a, b in zip(x, y, strict=True))
        dash = f' stroke-dasharray="{_DASHES[colour]}"' if _DASHES.get(colour) else ""
        self._drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash} stroke-linejoin="round"/>'
        )
        if label:
            self._legend.append((label, colour, "line"))

    def band(self, x: Numbers, lower: Numbers, upper: Numbers, *, colour: str = BLUE) -> None:
        """Shade what lies between two lines."""
        there = [f"{self._x(a):.1f},{self._y(b):.1f}" for a, b in zip(x, upper, strict=True)]
        back = [f"{self._x(a):.1f},{self._y(b):.1f}" for a, b in zip(x, lower, strict=True)][::-1]
        self._drawn.append(f'<polygon points="{" ".join(there + back)}" fill="{colour}" fill-opacity=".17"/>')

    def points(
        self, x: Numbers, y: Numbers, lower: Numbers | None = None, upper: Numbers | None = None, *,
        colour: str = BLUE, label: str = "", radius: float = 4.0,
    ) -> None:  # fmt: skip
        """Draw points, with their intervals where they are given."""
        if lower is not None and upper is not None:
            for a, low, high in zip(x, lower, upper, strict=True):
                self._drawn.append(
                    f'<line x1="{self._x(a):.1f}" x2="{self._x(a):.1f}" y1="{self._y(low):.1f}" y2="{self._y(high):.1f}"'
                    f' stroke="{colour}" stroke-width="1.6"/>'
                )
        for a, b in zip(x, y, strict=True):
            self._drawn.append(f'<circle cx="{self._x(a):.1f}" cy="{self._y(b):.1f}" r="{radius:g}" fill="{colour}"/>')
        if label:
            self._legend.append((label, colour, "point"))

    def bars(self, x: Numbers, y: Numbers, *, wide: float, colour: str = BLUE) -> None:
        """Draw bars from 0, each `wide` on the axis of x."""
        for a, b in zip(x, y, strict=True):
            left, top = self._x(a - wide / 2), self._y(max(b, 0.0))
            self._drawn.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{self._x(a + wide / 2) - left:.1f}" '
                f'height="{abs(self._y(0.0) - self._y(b)):.1f}" fill="{colour}"/>'
            )

    def mark_x(self, x: float, label: str, *, colour: str = GREY) -> None:
        """Draw an upright line with a word beside it."""
        at = self._x(x)
        end = at > self.width * 0.7
        self._drawn.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{self.top:.1f}" y2="{self.height - self.bottom:.1f}" '
            f'stroke="{colour}" stroke-width="1.2" stroke-dasharray="3 3"/>'
            f'<text x="{at + (-4 if end else 4):.1f}" y="{self.top + self.font:.1f}" fill="{colour}"'
            f' text-anchor="{"end" if end else "start"}">{escape(label)}</text>'
        )

    def svg(self) -> str:
        """Give the picture."""
        height = f"{self.height + self._legend_height:.0f}"
        said = escape(f"{self.title}. {self.description}")
        return (
            f'<svg role="img" aria-label="{said}" viewBox="0 0 {self.width} {height}" width="{self.width}" '
            f'height="{height}" font-size="{self.font:g}" font-family="inherit">'
            f"{''.join(self._drawn)}{self._legend_text()}</svg>"
        )

    def _axes(
        self, x_label: str, y_label: str, x_ticks: Numbers | None, y_ticks: Numbers | None,
        x_format: Callable[[float], str], y_format: Callable[[float], str],
    ) -> None:  # fmt: skip
        floor = self.height - self.bottom
        for tick in round_ticks(*self.y) if y_ticks is None else y_ticks:
            at = self._y(tick)
            self._drawn.append(
                f'<line x1="{self.left:.1f}" x2="{self.width - self.right:.1f}" y1="{at:.1f}" y2="{at:.1f}" stroke="#d5dbe1"/>'
                f'<text x="{self.left - 5:.1f}" y="{at + self.font * 0.35:.1f}" text-anchor="end" fill="#333c45">'
                f"{escape(y_format(tick))}</text>"
            )
        for tick in round_ticks(*self.x) if x_ticks is None else x_ticks:
            at = self._x(tick)
            said = escape(x_format(tick))
            edge = at + 0.31 * self.font * len(said) - self.width
            anchor = "end" if edge > 0 else "middle"
            if self.upright:
                down = floor + 7
                self._drawn.append(
                    f'<text transform="translate({at + self.font * 0.35:.1f} {down:.1f}) rotate(-90)" text-anchor="end" '
                    f'fill="#333c45">{said}</text>'
                )
                continue
            self._drawn.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{floor:.1f}" y2="{floor + 4:.1f}" stroke="#333c45"/>'
                f'<text x="{at if anchor == "middle" else self.width - 1:.1f}" y="{floor + self.font * 1.35:.1f}" '
                f'text-anchor="{anchor}" fill="#333c45">{said}</text>'
            )
        self._drawn.append(
            f'<line x1="{self.left:.1f}" x2="{self.width - self.right:.1f}" y1="{floor:.1f}" y2="{floor:.1f}" stroke="#333c45"/>'
        )
        if x_label:
            middle = (self.left + self.width - self.right) / 2
            self._drawn.append(
                f'<text x="{middle:.1f}" y="{self.height - self.font * 0.4:.1f}" text-anchor="middle" fill="#1c2229">'
                f"{escape(x_label)}</text>"
            )
        if y_label:
            self._drawn.append(f'<text x="0" y="{self.font:.1f}" fill="#1c2229">{escape(y_label)}</text>')

    @property
    def _legend_height(self) -> float:
        return self.font * 1.6 * len(self._legend_rows())

    def _legend_rows(self) -> list[list[tuple[str, str, str]]]:
        rows: list[list[tuple[str, str, str]]] = []
        used = float("inf")
        for entry in self._legend:
            need = 34 + 0.58 * self.font * len(entry[0])
            if used + need > self.width:
                rows.append([])
                used = 0.0
            rows[-1].append(entry)
            used += need
        return rows

    def _legend_text(self) -> str:
        drawn = []
        for r, row in enumerate(self._legend_rows()):
            at, y = 2.0, self.height + self.font * (1.6 * r + 1.1)
            for label, colour, kind in row:
                dash = f' stroke-dasharray="{_DASHES[colour]}"' if _DASHES.get(colour) and kind == "line" else ""
                mark = (
                    f'<line x1="{at:.1f}" x2="{at + 20:.1f}" y1="{y - self.font * 0.35:.1f}" y2="{y - self.font * 0.35:.1f}" '
                    f'stroke="{colour}" stroke-width="2"{dash}/>'
                    if kind == "line"
                    else f'<circle cx="{at + 10:.1f}" cy="{y - self.font * 0.35:.1f}" r="4" fill="{colour}"/>'
                )
                drawn.append(f'{mark}<text x="{at + 25:.1f}" y="{y:.1f}" fill="#1c2229">{escape(label)}</text>')
                at += 34 + 0.58 * self.font * len(label)
        return "".join(drawn)

    def _x(self, value: float) -> float:
        low, high = self.x
        share = (min(max(value, min(low, high)), max(low, high)) - low) / ((high - low) or 1.0)
        return self.left + share * (self.width - self.right - self.left)

    def _y(self, value: float) -> float:
        low, high = self.y
        share = (min(max(value, low), high) - low) / ((high - low) or 1.0)
        return self.height - self.bottom - share * (self.height - self.bottom - self.top)


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends, at most `most` of them.

    Examples
    --------
    >>> round_ticks(0, 0.37)
    [0.0, 0.1, 0.2, 0.3]
    """
    span = high - low
    if not span > 0:
        return [low]
    size = 10.0 ** _floor_log10(span / most)
    step = next(size * times for times in (1, 2, 2.5, 5, 10, 20) if span / (size * times) <= most - 1 or times == 20)
    first = -int(-low / step // 1) if low > 0 else int(low / step)
    ticks = []
    k = first
    while k * step <= high + step * 1e-9:
        if k * step >= low - step * 1e-9:
            ticks.append(round(k * step, 12))
        k += 1
    return ticks


def by_step(ticks: Numbers, said: Callable[[float, int], str], times: float = 1.0) -> Callable[[float], str]:
    """Make a format with as many decimals as the numbers on an axis need, so that none stands rounded to another.

    Parameters
    ----------
    ticks : sequence of float
        What the axis bears.
    said : callable
        Writes a number with so many decimals.
    times : float
        What a number is multiplied by when it is written: 100 for a percentage.

    Examples
    --------
    >>> show = by_step(round_ticks(-2.9, 8.3), lambda value, decimals: f"{value:.{decimals}f}")
    >>> [show(tick) for tick in round_ticks(-2.9, 8.3)]
    ['-2.5', '0.0', '2.5', '5.0', '7.5']
    """
    shown = [times * tick for tick in ticks]
    enough = (d for d in range(7) if all(abs(round(v, d) - v) < 1e-9 for v in shown))
    decimals = next(enough, 6)
    return lambda value: said(value, decimals)


def _floor_log10(value: float) -> int:
    from math import floor, log10

    return floor(log10(value))

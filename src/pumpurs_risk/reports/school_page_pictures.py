"""Small pictures of a school's page: one step of a waterfall, a line over semesters. Inline SVG, told in words beside it."""

from __future__ import annotations

from collections.abc import Sequence

_TREND_WIDE, _TREND_HIGH, _EDGE = 260, 72, 8


def waterfall(weights: Sequence[tuple[str, float]]) -> list[str]:
    """Draw a waterfall, one picture per line: each bar begins where the one before ended.

    The pictures stand in the lines of the table whose numbers they show, so the table is their text.

    Parameters
    ----------
    weights : sequence of (kind, weight)
        ``base`` first and ``total`` last, which stand on zero; in between what is added.

    Returns
    -------
    list of str
        One SVG per line, on one scale, without words of its own.

    Examples
    --------
    >>> base, risk, total = waterfall([("base", -2.0), ("risk", 1.0), ("total", -1.0)])
    >>> risk
    '<svg><rect x="10.3%" width="86.2%"/></svg>'
    """
    spans, reached = [], 0.0
    for kind, weight in weights:
        ends = (0.0, weight) if kind in ("base", "total") else (reached, reached + weight)
        spans.append((kind, *ends))
        reached = ends[1]
    # Zero is far from where most sums move (log-odds of -4), so a bar that stands on zero is drawn from the nearest edge.
    moving = [end for kind, *both in spans if kind not in ("base", "total") for end in both] or [reached]
    anchors = [end for kind, _, end in spans if kind in ("base", "total")]
    low, high = min(*moving, *anchors, reached), max(*moving, *anchors, reached)
    room = (high - low) or 1.0
    low, high = low - 0.12 * room, high + 0.04 * room

    def x(value: float) -> float:
        return 100 * (min(max(value, low), high) - low) / (high - low)

    drawn = []
    for kind, start, end in spans:
        left, right = sorted((0.0 if kind in ("base", "total") else x(start), x(end)))
        drawn.append(f'<svg><rect x="{left:.3g}%" width="{max(right - left, 0.7):.3g}%"/></svg>')
    return drawn


def trend_line(risks: Sequence[float], threshold: float) -> str:
    """Draw a risk over semesters, with the threshold as a broken line; its figures stand beside it as text.

    Parameters
    ----------
    risks : sequence of float
        Probabilities, oldest first; at least two.
    threshold : float
        The action threshold.

    Returns
    -------
    str
        An SVG, hidden from those who have the page read aloud.
    """
    most = max(*risks, threshold) * 1.15 or 1.0
    step = (_TREND_WIDE - 2 * _EDGE) / (len(risks) - 1)

    def y(risk: float) -> float:
        return _TREND_HIGH - _EDGE / 2 - (_TREND_HIGH - _EDGE) * risk / most

    points = [(_EDGE + step * i, y(risk)) for i, risk in enumerate(risks)]
    line = " ".join(f"{a:.0f},{b:.0f}" for a, b in points)
    return (
        f'<svg class="trend" viewBox="0 0 {_TREND_WIDE} {_TREND_HIGH}" aria-hidden="true">'
        f'<path d="M0 {y(threshold):.0f}H{_TREND_WIDE}"/><polyline points="{line}"/></svg>'
    )

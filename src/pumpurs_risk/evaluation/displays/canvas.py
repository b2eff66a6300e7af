"""What all pictures share: axes, colours that colour-blind readers and grey printers tell apart, numbers as readers write."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pumpurs_risk.locale import number, percent, text

Floats = npt.NDArray[np.float64]

BLUE, ORANGE, GREEN, GREY, LIGHT = "#0072B2", "#D55E00", "#009E73", "#666666", "#BBBBBB"
"""Okabe and Ito's colours; blue, orange and green also differ in lightness, and every line has a dash of its own."""


def axes_for(ax: Any, lang: str, size: tuple[float, float] = (6.4, 4.4)) -> tuple[Any, Any]:
    """Take the axes that were given, or make a figure with one.

    Parameters
    ----------
    ax : matplotlib Axes or None
    lang : {"lv", "en"}
        Of the error.
    size : (float, float)
        Inches of a new figure.

    Returns
    -------
    figure, axes

    Raises
    ------
    ImportError
        If matplotlib is not installed, saying how to get it.
    """
    if ax is None:
        plt = pyplot(lang)
        figure, ax = plt.subplots(figsize=size, layout="constrained")
    else:
        figure = ax.figure
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.grid(True, color="#E5E5E5", linewidth=0.6)
    ax.set_axisbelow(True)
    return figure, ax


def pyplot(lang: str) -> Any:
    """Import matplotlib's pyplot, or say what is missing."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as missing:
        raise ImportError(text("displays.no_matplotlib", lang)) from missing
    return plt


def write_percent(axis: Any, lang: str, widest: float) -> None:
    """Write an axis of shares as percentages; `widest` is the length of the axis, for the decimals."""
    from matplotlib.ticker import FuncFormatter

    decimals = 0 if widest >= 0.04 else 1 if widest >= 0.004 else 2
    axis.set_major_formatter(FuncFormatter(lambda share, _: percent(share, lang, decimals)))


def write_numbers(axis: Any, lang: str) -> None:
    """Write an axis of numbers with the reader's decimal sign, and no more decimals than its marks need."""
    from matplotlib.ticker import FuncFormatter

    def written(value: float, _: Any) -> str:
        marks = np.abs(np.asarray(axis.get_majorticklocs(), dtype=float))
        needed = [d for d in range(4) if np.allclose(marks * 10**d, np.rint(marks * 10**d), atol=1e-6)]
        return number(value, lang, needed[0] if needed else 3)

    axis.set_major_formatter(FuncFormatter(written))


def legend(ax: Any, **options: Any) -> Any:
    """Put a legend without a frame."""
    return ax.legend(frameon=False, fontsize="small", **options)


def positive(estimator: Any, X: Any) -> Floats:
    """Probability of leaving by any classifier."""
    found: Floats = np.asarray(estimator.predict_proba(X), dtype=float)[:, 1]
    return found


def name_of(estimator: Any, name: str | None) -> str:
    """Name of a curve: as asked, the model's own, or its class."""
    if name is not None:
        return name
    return str(getattr(estimator, "name", type(estimator).__name__))

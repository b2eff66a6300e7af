"""What the room refuses in words of its own: a level, names nobody knows, rows of one pupil that contradict each other."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pumpurs_risk.errors import EvaluationError


class AccountError(EvaluationError):
    """An `EvaluationError` whose words stand with the account's, in ``evaluation.toml``.

    Examples
    --------
    >>> str(AccountError("level", level=95))
    'level is 95, but must lie between 0 and 1: write 0.95 for 95%.'
    """

    def message(self, lang: str = "en") -> str:
        """Say the error in a language."""
        from pumpurs_risk.locale import text

        return text(f"evaluation.refused.{self.code}", lang, **self.params)


def check_level(level: float) -> None:
    """Refuse a level of intervals that is no probability.

    Raises
    ------
    EvaluationError
    """
    if not 0 < level < 1:
        raise AccountError("level", level=level)


def check_names(what: str, asked: Iterable[object], known: Iterable[object]) -> None:
    """Refuse names that nobody knows, with the nearest known ones.

    Parameters
    ----------
    what : {"baselines", "schools"}
        Of what.
    asked, known : iterable

    Raises
    ------
    EvaluationError
    """
    names = sorted({str(each) for each in known})
    wrong = [str(each) for each in asked if str(each) not in set(names)]
    if wrong:
        near = [each for name in wrong for each in difflib.get_close_matches(name, names, n=3, cutoff=0.0)]
        raise AccountError(what, names=", ".join(wrong), nearest=", ".join(dict.fromkeys(near)))

"""What became of a pupil, in words: once for the support staff, once without naming anything sensitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.locale import text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

    Texts = NDArray[np.object_]

LEVELS = ("ordinary", "sensitive", "special")
"""Sensitivities, from the lowest."""
_MOVED = ("pupil", "known", "unrecorded")  # said with the name of what moved


class ChangeWords:
    """Sentences being put together: ``full``, ``plain`` and ``sensitivity``, one entry per pupil.

    Parameters
    ----------
    catalogue : Catalogue
        Names of constructs, factors and signals, words for learners.
    lang : {"lv", "en"}
        Language of the sentences.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> words = ChangeWords(Catalogue.load(), "en")
    >>> words.signal_names("violence;unexcused_over_20")
    (('Violence; More than 20 unexcused lessons in a semester', 'sensitive'), 'More than 20 unexcused lessons in a semester')
    """

    def __init__(self, catalogue: Catalogue, lang: str) -> None:
        self.catalogue, self.lang = catalogue, lang
        self.full = self.plain = np.empty(0, dtype=object)
        self.level = np.empty(0, dtype=np.int64)
        self.open = {
            construct: all(f.sensitivity == "ordinary" for f in catalogue.factors.values() if f.construct == construct)
            for construct in catalogue.constructs
        }

    @property
    def sensitivity(self) -> Texts:
        """The highest sensitivity of what ``full`` names."""
        return np.array(LEVELS, dtype=object)[self.level]

    def say_main(self, code: Texts, rose: NDArray[np.bool_], facts: pd.DataFrame) -> None:
        """Say what mattered most."""
        n = len(code)
        self.full, self.plain = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
        self.level = np.zeros(n, dtype=np.int64)
        said = pd.DataFrame(
            {
                "code": code,
                "rose": rose,
                "construct": np.where(rose, facts["up"], facts["down"]),
                "factor": np.where(rose, facts["up_factor"], facts["down_factor"]),
                "programme": facts["programme"].to_numpy(),
                "level": facts["level"].to_numpy(),
            }
        )
        said.loc[~said["code"].isin(("pupil", "known")), ["construct", "factor"]] = ""
        said.loc[said["code"] != "level", "level"] = 0.0
        said["level"] = said["level"].fillna(0.0)
        said.loc[~said["code"].isin(("level", "model")), "programme"] = ""
        self._add(said, self._main)

    def say_signals(self, fresh: Texts) -> None:
        """Say which signals were not there before."""
        self._add(pd.DataFrame({"fresh": fresh}), self._signals)

    def say_also(self, code: Texts, facts: pd.DataFrame, least: float) -> None:
        """Say what else moved: another model or another grade beside what mattered most."""
        compared = ~np.isin(code, ("left", "newcomer", "out_of_scope", "set_aside"))
        model = compared & (facts["model_moved"].abs() > least).to_numpy() & (code != "model")
        level = compared & facts["new_level"].to_numpy(dtype=bool) & (code != "level")
        said = pd.DataFrame({"model": model, "moved_up": level, "programme": facts["programme"].to_numpy()})
        said["level"] = np.where(level, facts["level"].fillna(0.0), 0.0)
        self._add(said, self._also)

    def say_judged(self, judged: pd.DataFrame, ids: Texts) -> None:
        """Say what follows from what staff decided earlier."""
        judged = judged[judged["verdict"] != "set_aside"]  # `say_main` said so
        if not len(judged):
            return
        at = pd.Index(judged["pupil_id"].astype(str)).get_indexer(pd.Index(ids))
        for name, column in (("full", "why"), ("plain", "why_plain")):
            words = np.where(at < 0, "", judged[column].to_numpy(dtype=object)[at])
            setattr(self, name, _joined(getattr(self, name), words))
        level = judged["sensitivity"].map(LEVELS.index).to_numpy(dtype=np.int64)[at]
        self.level = np.maximum(self.level, np.where(at < 0, 0, level))

    def construct_name(self, construct: str, factor: str) -> tuple[tuple[str, str], str]:
        """Give the name and sensitivity for the support staff, and the name that everyone may read ("" if none)."""
        entry = self.catalogue.factors.get(factor)
        sensitivity = entry.sensitivity if entry else "ordinary"
        known = self.catalogue.constructs.get(construct)
        name = known.name[self.lang] if known else construct
        if self.open.get(construct, True):
            return (name, sensitivity), name
        if entry is not None and sensitivity == "ordinary":
            return (name, sensitivity), entry.name[self.lang]
        return (name, sensitivity), ""

    def signal_names(self, ids: str) -> tuple[tuple[str, str], str]:
        """Give the names of signals joined by ";" and the highest sensitivity, and those that everyone may read."""
        found = [self.catalogue.signals[name] for name in ids.split(";") if name in self.catalogue.signals]
        level = max((LEVELS.index(signal.sensitivity) for signal in found), default=0)
        shown = [signal.name[self.lang] for signal in found if signal.sensitivity == "ordinary"]
        return ("; ".join(signal.name[self.lang] for signal in found), LEVELS[level]), "; ".join(shown)

    def _main(self, row: Any) -> tuple[str, str, int]:
        code = str(row.code)
        if code == "signal":
            return "", "", 0  # said by say_signals
        if code not in _MOVED:
            same = (
                self._grade(row) if code == "level" else self._text(f"why.{code}", learner=self._learner(row.programme))
            )
            return same, same, 0
        way = "up" if row.rose else "down"
        if code == "unrecorded" or not row.construct:
            same = self._text("why.unrecorded" if code == "unrecorded" else f"why.moved.{way}")
            return same, same, 0
        (name, sensitivity), open_name = self.construct_name(row.construct, row.factor)
        plain = self._text(f"why.{code}.{way}", name=open_name) if open_name else self._text(f"why.hidden.{way}")
        return self._text(f"why.{code}.{way}", name=name), plain, LEVELS.index(sensitivity)

    def _signals(self, row: Any) -> tuple[str, str, int]:
        if not row.fresh:
            return "", "", 0
        (names, sensitivity), shown = self.signal_names(row.fresh)
        plain = self._text("why.signal", names=shown) if shown else self._text("why.signal_hidden")
        return self._text("why.signal", names=names), plain, LEVELS.index(sensitivity)

    def _also(self, row: Any) -> tuple[str, str, int]:
        said = [self._grade(row)] if row.moved_up else []
        if row.model:
            said.append(self._text("why.also_model"))
        return " ".join(said), " ".join(said), 0

    def _grade(self, row: Any) -> str:
        """Name the new grade or course; a change of programme whose level is not known is named as such."""
        if not row.level:
            return self._text("why.programme")
        kind = "course" if row.programme == "vocational" else "grade"
        return self._text(f"why.level.{kind}", level=f"{row.level:g}")

    def _learner(self, programme: str) -> str:
        words = self.catalogue.programme.learner
        return words.get(programme or "", words["general"])[self.lang].genitive

    def _text(self, key: str, **params: Any) -> str:
        return text(f"changes.{key}", self.lang, **params)

    def _add(self, said: pd.DataFrame, worded: Callable[[Any], tuple[str, str, int]]) -> None:
        """Word each distinct row once, and put the words after what was said already."""
        if not len(said):
            return
        group = said.groupby(list(said.columns), sort=False, dropna=False).ngroup().to_numpy()
        first = np.unique(group, return_index=True)[1]
        distinct = [worded(row) for row in said.iloc[first].itertuples(index=False)]
        full, plain = (np.array([row[i] for row in distinct], dtype=object)[group] for i in (0, 1))
        self.full, self.plain = _joined(self.full, full), _joined(self.plain, plain)
        self.level = np.maximum(self.level, np.array([row[2] for row in distinct], dtype=np.int64)[group])


def _joined(said: Texts, more: Texts) -> Texts:
    """Put sentences after sentences, with a space where both are there."""
    between = np.where((said == "") | (more == ""), "", " ").astype(object)
    joined: Texts = said + between + more
    return joined

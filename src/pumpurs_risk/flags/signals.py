"""Signals that reach a person whatever the score says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import applies_to, number_column, word_column
from pumpurs_risk.explanation.details import detail_pieces
from pumpurs_risk.explanation.placeholders import capitalised, learner_words, period_text, semester_of
from pumpurs_risk.locale import form, number, text
from pumpurs_risk.model.inputs import as_frame
from pumpurs_risk.records.validation.parsing import as_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue, Signal

COLUMNS = ["pupil_id", "signal", "value", "sentence", "role", "sensitivity"]


def signals(
    X: Any,
    catalogue: Catalogue,
    as_of: dt.date | str | None = None,
    lang: str = "lv",
    evidence: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find the pupils whom a signal of the catalogue is about.

    Parameters
    ----------
    X : table with named columns, n rows
        The factor table; a signal whose column is not there, or not recorded for a pupil, is silent.
    catalogue : Catalogue
        Its signals.
    as_of : datetime.date, optional
        Day of the list: signals that are not yet or no longer in force are left out. Without it the dates are not
        looked at.
    lang : {"lv", "en"}
        Language of the sentences.
    evidence : pandas.DataFrame, optional
        Facts behind the factors, as `evidence` gives them: the dates of violence, the subjects below 4. Without it the
        sentences stand alone.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``signal`` (id), ``value``, ``sentence``, ``role`` (id; may be ""), ``sensitivity``; one row per
        pupil and signal, in the order of X, then of the catalogue. A pupil of unknown level is not meant by a signal
        about levels (its sentence would state the level).

    Examples
    --------
    >>> import pandas as pd
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> X = pd.DataFrame({"pupil_id": ["a", "b"], "unexcused_raw": [4, 25], "programme_level": "general-8"})
    >>> signals(X, Catalogue.load(), lang="en")[["pupil_id", "signal", "value"]].values.tolist()
    [['b', 'unexcused_over_20', 25.0]]
    """
    frame = as_frame(X).reset_index(drop=True)
    pieces = None if evidence is None else _pieces(evidence, frame, catalogue, lang)
    parts = []
    for order, (signal_id, signal) in enumerate(catalogue.signals.items()):
        holds = signal_holds(signal, frame, as_of)
        at = np.flatnonzero(holds)
        if not len(at):
            continue
        parts.append(
            pd.DataFrame(
                {
                    "pupil": at,
                    "order": order,
                    "pupil_id": frame["pupil_id"].to_numpy(dtype=object)[at],
                    "signal": signal_id,
                    "value": number_column(frame, signal.column)[at],
                    "sentence": _sentences(signal, frame.iloc[at], catalogue, lang, pieces),
                    "role": signal.role,
                    "sensitivity": signal.sensitivity,
                }
            )
        )
    if not parts:
        empty = {name: pd.Series(dtype=float if name == "value" else "str") for name in COLUMNS}
        return pd.DataFrame(empty)
    found = pd.concat(parts, ignore_index=True).sort_values(["pupil", "order"], kind="stable", ignore_index=True)
    return found[COLUMNS]


def signal_holds(signal: Signal, frame: pd.DataFrame, as_of: dt.date | str | None) -> NDArray[np.bool_]:
    """Say for every pupil whether one signal holds."""
    if signal.column not in frame or not _in_force(signal, as_of):
        return np.zeros(len(frame), dtype=bool)
    value = number_column(frame, signal.column)
    meant = applies_to(signal, frame, unknown_level=False)
    return (value > signal.above) & meant


def signal_ids(frame: pd.DataFrame, catalogue: Catalogue, as_of: dt.date | str | None) -> NDArray[np.object_]:
    """Ids of every pupil's signals, joined by ";"."""
    joined = np.full(len(frame), "", dtype=object)
    for signal_id, signal in catalogue.signals.items():
        holds = signal_holds(signal, frame, as_of)
        if holds.any():
            first = joined[holds] == ""
            joined[holds] = np.where(first, signal_id, joined[holds] + f";{signal_id}")
    return joined


def _pieces(evidence: pd.DataFrame, frame: pd.DataFrame, catalogue: Catalogue, lang: str) -> pd.Series[Any]:
    """Facts of the pupils and factors that signals speak of, as pieces of sentences, by pupil and factor."""
    wanted = {signal.column for signal in catalogue.signals.values()}
    found = detail_pieces(evidence[evidence["factor"].isin(wanted)], frame, catalogue, lang)
    piece = found["piece"].to_numpy(dtype=object)
    piece = np.where(found["stated"] & (piece != ""), " (" + piece + ")", piece)
    return pd.Series(piece, index=pd.MultiIndex.from_frame(found[["pupil_id", "factor"]]), dtype=object)


def _sentences(
    signal: Signal, pupils: pd.DataFrame, catalogue: Catalogue, lang: str, pieces: pd.Series[Any] | None
) -> NDArray[np.object_]:
    """Say a signal of the pupils whom it is about: each distinct sentence once."""
    context = catalogue.context_columns.get(signal.column)
    facts = pd.DataFrame(
        {
            "value": number_column(pupils, signal.column),
            "semester": semester_of(pupils, signal.column, catalogue),
            "programme": word_column(pupils, "programme"),
            "open": number_column(pupils, context.open_in if context else ""),
            "details": "",
        }
    )
    facts["open"] = facts["open"].fillna(0)
    if pieces is not None and len(pieces):
        ids = pupils["pupil_id"].to_numpy(dtype=object)
        keys = pd.MultiIndex.from_arrays([ids, np.full(len(ids), signal.column, dtype=object)])
        facts["details"] = pieces.reindex(keys).fillna("").to_numpy(dtype=object)
    distinct = facts.drop_duplicates()
    said = [
        capitalised(
            form(signal.sentence[lang], lang, value).format(
                value=_printed(value, lang),
                limit=_printed(signal.above, lang),
                period=period_text(semester, catalogue, lang),
                open=text("flags.open", lang, count=still, n=_printed(still, lang)) if still else "",
                details=details,
                **learner_words(programme, catalogue, lang),
            )
        )
        for value, semester, programme, still, details in distinct.itertuples(index=False)
    ]
    return facts.merge(distinct.assign(said=said), how="left")["said"].to_numpy(dtype=object)


def _printed(amount: float, lang: str) -> str:
    return number(amount, lang, 0 if amount == round(amount) else 1)


def _in_force(signal: Signal, as_of: dt.date | str | None) -> bool:
    if as_of is None:
        return True
    day = str(as_day(as_of))
    return (not signal.valid_from or signal.valid_from <= day) and (not signal.valid_until or day <= signal.valid_until)

"""Puts the facts behind a factor into its sentence: subjects, dates, who judged and when.

A fact that a person stated (its ``source`` is assessments or answers) is told by role and date, in brackets; all others
are listed, the first `AT_MOST` of them, the way the factor's ``details`` in the catalogue say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pumpurs_risk.explanation.applies import word_column
from pumpurs_risk.explanation.placeholders import role_name
from pumpurs_risk.locale import date_text, form, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue import Catalogue

    Objects = NDArray[np.object_]

AT_MOST = 5
"""Facts that a sentence lists; of the others it says how many there are."""
STATED = ("assessments", "answers")
"""Sources in which a person judged: their facts are told by role and date."""
_KEYS = ["pupil_id", "factor"]
_SAID = ("risk", "strength")


def add_details(
    told: pd.DataFrame, evidence: pd.DataFrame, X: pd.DataFrame, catalogue: Catalogue, lang: str
) -> pd.DataFrame:
    """Put the facts behind a factor into the sentences about it.

    Parameters
    ----------
    told : pandas.DataFrame
        From `reasons`: ``pupil_id``, ``factor``, ``code``, ``sentence``.
    evidence : pandas.DataFrame
        ``pupil_id``, ``factor``, ``detail``; from `evidence` also ``source``, ``role``, ``date_to``. Facts are listed in
        their order. A judgement whose ``value`` is not the one told is left out.
    X : pandas.DataFrame
        The factor table; its ``programme`` decides what a role is called.
    catalogue : Catalogue
        How details stand in a factor's sentence, and what roles are called.
    lang : {"lv", "en"}

    Returns
    -------
    pandas.DataFrame
        `told`, in which ``"... in 2 subjects."`` has become ``"... in 2 subjects: mathematics, physics."``; a second
        clause stays last. Lists stand in risks only, who judged and when in strengths too.
    """
    pieces = detail_pieces(evidence, X, catalogue, lang)
    if not len(pieces) or not len(told):
        return told
    keys = told[_KEYS].astype(object)
    found = keys.merge(pieces, on=_KEYS, how="left")
    says = told["code"].str.rpartition(".")[2].to_numpy(dtype=object)
    piece = found["piece"].fillna("").to_numpy(dtype=object)
    stated = found["stated"].eq(True).to_numpy()
    other = (
        stated & found["value"].notna().to_numpy() & (found["value"] != told["value"].to_numpy(dtype=float)).to_numpy()
    )
    piece = np.where(np.isin(says, _SAID) & ~other & (stated | (says == "risk")), piece, "")
    about = piece != ""
    sentences = told["sentence"].to_numpy(dtype=object).copy()
    sentences[about] = put_in(sentences[about], piece[about], stated[about])
    return told.assign(sentence=sentences)


def detail_pieces(evidence: pd.DataFrame, X: pd.DataFrame, catalogue: Catalogue, lang: str) -> pd.DataFrame:
    """Say the facts of each pupil and factor as one piece of a sentence.

    Parameters
    ----------
    evidence, X, catalogue, lang
        As for `add_details`.

    Returns
    -------
    pandas.DataFrame
        ``pupil_id``, ``factor``, ``piece`` (": mathematics, physics"; "class teacher, 15 January 2027"), ``stated``
        (whether it is role and date, to stand in brackets), ``value`` (of the first fact); one row per pupil and factor.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> facts = pd.DataFrame({"pupil_id": "a", "factor": "failing_subjects", "detail": ["physics", "history"]})
    >>> detail_pieces(facts, pd.DataFrame({"pupil_id": ["a"]}), Catalogue.load(), "en")["piece"].tolist()
    [': physics, history']
    """
    facts = evidence.reset_index(drop=True)
    code = facts.groupby(_KEYS, sort=False, dropna=False).ngroup().to_numpy().astype(np.int64)
    first = np.flatnonzero(~facts.duplicated(_KEYS).to_numpy())
    result = facts.loc[first, _KEYS].astype(object).reset_index(drop=True)
    stated = facts["source"].isin(STATED).to_numpy() if "source" in facts else np.zeros(len(facts), dtype=bool)
    pieces = _lists(facts, code, result["factor"].to_numpy(dtype=object), catalogue, lang)
    by_person = stated[first]
    if by_person.any():
        spoken = facts.loc[first[by_person]].reset_index(drop=True)
        pieces[by_person] = _who_and_when(spoken, X, catalogue, lang)
    value = facts.loc[first, "value"].to_numpy(dtype=float) if "value" in facts else np.nan
    return result.assign(piece=pieces, stated=by_person, value=value)


def put_in(sentences: Objects, pieces: Objects, stated: NDArray[np.bool_]) -> Objects:
    """Put each piece into its sentence, after the first clause; what a person stated goes into brackets there.

    Parameters
    ----------
    sentences, pieces : ndarray of object, shape (n,)
    stated : ndarray of bool, shape (n,)
        Whether a piece belongs into brackets: into those that close the clause, if there are any.

    Returns
    -------
    ndarray of object, shape (n,)

    Examples
    --------
    >>> rated = np.array(["Motivation is rated as low (2 of 3)."], dtype=object)
    >>> put_in(rated, np.array(["class teacher"], dtype=object), np.array([True])).tolist()
    ['Motivation is rated as low (2 of 3; class teacher).']
    """
    codes, distinct = pd.factorize(sentences)
    parts = np.array([_clauses(sentence) for sentence in distinct], dtype=object).reshape(-1, 2)
    head, tail = parts[codes, 0], parts[codes, 1]
    closed = np.array([str(clause).endswith(")") for clause in parts[:, 0]], dtype=bool)[codes] & stated
    opening = np.where(stated, np.where(closed, "; ", " ("), "").astype(object)
    closing = np.where(stated, ")", "").astype(object)
    head = np.where(closed, _without_last(head), head)
    dotted = ~stated & _ends_with_dot(pieces) & (tail == ".")  # "12.11.2026." ends the sentence itself
    return np.asarray(head + opening + pieces + closing + np.where(dotted, "", tail).astype(object))


def _lists(facts: pd.DataFrame, code: NDArray[np.int64], factor: Objects, catalogue: Catalogue, lang: str) -> Objects:
    """List the details of each pupil and factor: the first few, and how many more there are."""
    place = facts.groupby(code, sort=False).cumcount().to_numpy()
    detail = facts["detail"].fillna("").to_numpy(dtype=object)
    listed = np.full(len(factor), "", dtype=object)
    for k in range(AT_MOST):
        at = np.flatnonzero((place == k) & (detail != ""))
        listed[code[at]] = np.where(listed[code[at]] == "", "", listed[code[at]] + ", ") + detail[at]
    more = np.bincount(code, minlength=len(factor)) - AT_MOST
    for name in pd.unique(factor):
        known = catalogue.factors.get(name)
        entry = None if known is None else known.sentences[lang].details
        before, _, after = (": {details}" if entry is None else entry.lead).partition("{details}")
        about = factor == name
        for n in np.unique(more[about & (more > 0)]):
            words = form("+ {n}" if entry is None else entry.more, lang, int(n)).format(n=number(int(n), lang))
            listed[about & (more == n)] += f" {words}"
        said = about & (listed != "")
        listed[said] = before + listed[said] + after
    return listed


def _who_and_when(stated: pd.DataFrame, X: pd.DataFrame, catalogue: Catalogue, lang: str) -> Objects:
    """Say which role judged, and when: each distinct pair once."""
    programmes = pd.Series(word_column(X, "programme"), index=X["pupil_id"].to_numpy(dtype=object))
    programmes = programmes[~programmes.index.duplicated()]
    facts = pd.DataFrame(
        {
            "role": stated["role"].fillna("").to_numpy(dtype=object) if "role" in stated else "",
            "day": pd.to_datetime(stated["date_to"]) if "date_to" in stated else pd.NaT,
            "programme": programmes.reindex(stated["pupil_id"].to_numpy(dtype=object))
            .fillna("")
            .to_numpy(dtype=object),
        }
    )
    distinct = facts.drop_duplicates()
    said = [
        ", ".join(
            [
                *([role_name(role, programme, catalogue, lang)] if role in catalogue.roles else []),
                *([date_text(day, lang)] if not pd.isna(day) else []),
            ]
        )
        for role, day, programme in distinct.itertuples(index=False)
    ]
    return facts.merge(distinct.assign(said=said), how="left")["said"].to_numpy(dtype=object)


def _clauses(sentence: str) -> tuple[str, str]:
    """Split after the first clause: at a semicolon outside brackets, else before the full stop."""
    depth = 0
    for place, letter in enumerate(sentence):
        depth += (letter == "(") - (letter == ")")
        if letter == ";" and depth == 0:
            return sentence[:place], sentence[place:]
    return sentence.removesuffix("."), "." if sentence.endswith(".") else ""


def _without_last(texts: Objects) -> Any:
    codes, distinct = pd.factorize(texts)
    return np.array([str(each)[:-1] for each in distinct], dtype=object)[codes]


def _ends_with_dot(texts: Objects) -> NDArray[np.bool_]:
    codes, distinct = pd.factorize(texts)
    return np.array([str(each).endswith(".") for each in distinct], dtype=bool)[codes]

"""The filters of `Audience` for whole frames: hidden rows go, or become one neutral line; sizes go where numbers may not be told.

Every filter gives a new frame, leaves other columns alone, and takes frames of any further columns. After the rows are chosen by
factor, every text is looked through once more: one that still holds a revealing word (a remark, a subject's name) is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from pumpurs_risk.catalogue.audience import Audience

HIDDEN = "hidden"
"""Kind of a reason, and id of a signal, that stands for what the reader may not see."""
STEP_ROLE = "social_pedagogue"
"""Who is asked where a next step would tell too much."""
USUAL_DAYS = 14
"""Days in which a next step is due; a hidden signal's own term ("the same day") would tell which signal it is."""
_TOLD = ("risk", "strength", "unknown")
_EMPTIED = ("construct", "factor", "code", "name")
_SIZES = (
    "risk", "risk_2y", "risk_after", "previous_risk", "log_odds", "sd", "contribution", "cut", "evidence_share",
    "pupil_moved", "model_moved", "per_100",
)  # fmt: skip


def filter_reasons(audience: Audience, reasons: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Keep the reasons that the readers may be told.

    Parameters
    ----------
    reasons : pandas.DataFrame
        As `pumpurs_risk.reasons` gives them, with details or not; ``name`` is put right if it is there.
    lang : {"lv", "en"}
        Language of the sentences.

    Returns
    -------
    pandas.DataFrame
        A reason stays if the factor that leads it is seen. Hidden risks of a pupil become one line at the pupil's end: kind
        ``hidden``, the neutral sentence, no size. Ranks are counted anew, so that no gap tells. Unless the readers see
        everything, the lines that make up the sum (base, rest, total) go, and sizes go where numbers are not ``full`` or a hidden
        factor is part of the construct.

    Examples
    --------
    >>> import pumpurs_risk as pr
    >>> from pumpurs_risk.catalogue import Audience
    >>> X = pr.factor_table(pr.make_cohort(n_pupils=20, random_state=0, form="sheet"), as_of="2027-01-15").assign(pregnancy=1.0)
    >>> told = Audience.load("class_teacher").filter_reasons(pr.reasons(pr.load_model("literature-prior"), X, "en"), "en")
    >>> "pregnancy" in set(told["factor"]), set(told.loc[told["kind"] == "hidden", "sentence"])
    (False, {'Known to the support staff.'})
    """
    import pandas as pd

    if audience.sees_everything or not len(reasons):
        return reasons.copy()
    table = reasons.reset_index(drop=True)
    line = table["line"].to_numpy() if "line" in table else 0
    seen = _mapped(table["factor"], audience.sees).to_numpy(dtype=bool)
    keys = [table[name] for name in ("pupil_id", "kind", "rank") if name in table]
    led = pd.Series(seen | (line != 0), index=table.index).groupby(keys, sort=False, dropna=False).transform("all")
    told = table["kind"].isin(_TOLD).to_numpy()
    concealed = table["kind"].eq("risk").to_numpy() & ~led.to_numpy() | table["kind"].eq(HIDDEN).to_numpy()
    lines = _neutral_lines(audience, table[concealed], lang)
    kept = _without_sizes(audience, table[told & seen & led.to_numpy()].copy())
    kept = _reworded(audience, kept, lang)
    ways = [kept[name] for name in ("pupil_id", "kind")]
    if "rank" in kept and len(kept):
        kept["rank"] = kept["rank"].groupby(ways, sort=False).rank("dense").astype(table["rank"].dtype)
    both = pd.concat([kept, lines], ignore_index=True) if len(lines) else kept
    first = ["strength", "risk"] if audience.strengths_first else ["risk", "strength"]
    place = both["kind"].map({kind: at for at, kind in enumerate([*first, "unknown", HIDDEN])})
    pupil = both["pupil_id"].map({p: at for at, p in enumerate(table["pupil_id"].unique())})
    order = pd.DataFrame({"pupil": pupil, "place": place}).sort_values(["pupil", "place"], kind="stable").index
    return both.loc[order].reset_index(drop=True)


def filter_steps(audience: Audience, next_steps: pd.DataFrame, reasons: pd.DataFrame | None, lang: str) -> pd.DataFrame:
    """Keep the next steps that do not tell why they were chosen.

    Parameters
    ----------
    next_steps : pandas.DataFrame
        As `pumpurs_risk.flags.next_steps` gives them.
    reasons : pandas.DataFrame or None
        The pupils' reasons *before* any filter: a measure that follows from a hidden one is hidden too. Without them a measure
        goes only if the readers can see none of the factors that it answers.
    lang : {"lv", "en"}
        Language of the steps.

    Returns
    -------
    pandas.DataFrame
        As many rows; a step that tells becomes "get in touch with the support staff", with the social pedagogue as its role, code
        ``support_staff``; the date stays.
    """
    table = next_steps.reset_index(drop=True)
    if audience.sees_everything or not len(table):
        return table
    code = table["code"].fillna("").astype(str) if "code" in table else table["step"].map(lambda _: "")
    tells = _mapped(code, lambda c: _code_tells(audience, c)) | _mapped(
        table["step"], lambda s: audience.hides(s, lang)
    )
    if reasons is not None:
        tells |= _follows_from_hidden(audience, table["pupil_id"], code, reasons)
    hidden = tells.to_numpy(dtype=bool)
    terms = code.where(code.str.startswith("signal:"), "").str[7:]
    return _put(_usual_term(audience, table, hidden, terms), hidden, _neutral_step(audience, lang))


def filter_signals(audience: Audience, signals: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Keep the signals that the readers may be told; a pupil's hidden ones become one neutral line.

    Parameters
    ----------
    signals : pandas.DataFrame
        ``pupil_id``, ``signal``, ``sentence``; also ``source``, ``step``, ``role``, ``role_name``, ``note``.
    lang : {"lv", "en"}
        Language of the sentences.
    """
    import pandas as pd

    table = signals.reset_index(drop=True)
    if audience.sees_everything or not len(table):
        return table
    entries = audience.catalogue.signals
    seen = _mapped(table["signal"], lambda s: s in entries and audience.sees(entries[s]))
    seen &= ~_mapped(table["sentence"], lambda s: audience.hides(s, lang))
    line = {"signal": HIDDEN, "sentence": audience.neutral("signal", lang), "sensitivity": "ordinary", "source": ""}
    hidden = _usual_term(audience, table, ~seen.to_numpy(dtype=bool), table["signal"])[~seen].drop_duplicates(
        "pupil_id"
    )
    hidden = _put(hidden, slice(None), {**line, **_neutral_step(audience, lang), "value": float("nan"), "note": ""})
    both = pd.concat([table[seen], hidden]).sort_index(kind="stable") if len(hidden) else table[seen]
    both = _without_notes(audience, both.reset_index(drop=True))
    return filter_steps(audience, both, None, lang) if "step" in both else both


def filter_questions(audience: Audience, questions: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Keep the questions about factors that the readers see; none where sensitive ones are not theirs to ask."""
    return _clean_rows(audience, rows_seen(audience, questions, ["factor"]), ["question", "why_text"], lang)


def filter_what_if(audience: Audience, what_if: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Keep the changes that would help, where every factor in them is seen; without the risk where numbers are not ``full``."""
    seen = rows_seen(audience, what_if, ["factor", "factor_2"])
    kept = _clean_rows(audience, _without_sizes(audience, seen), ["sentence"], lang)
    if audience.sees_everything or not len(kept) or "rank" not in kept:
        return kept
    kept["rank"] = kept.groupby("pupil_id", sort=False)["rank"].rank("dense").astype(what_if["rank"].dtype)
    return kept


def filter_patterns(audience: Audience, patterns: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Keep the patterns of factors that the readers see; a proposal that tells of another becomes neutral."""
    import numpy as np

    table = _clean_rows(audience, rows_seen(audience, patterns, ["factor"]), ["sentence"], lang)
    if audience.sees_everything or not len(table):
        return table
    tells = _mapped(table["proposal"], lambda s: audience.hides(s, lang))
    if "measure" in table:
        pairs = list(zip(table["measure"].fillna(""), table["factor"], strict=True))
        hidden = {pair for pair in set(pairs) if pair[0] and not audience.sees_measure(pair[0], [pair[1]])}
        tells |= np.array([pair in hidden for pair in pairs], dtype=bool)
    step = _neutral_step(audience, lang)
    table = _put(table, tells.to_numpy(dtype=bool), {**step, "proposal": step["step"], "measure": ""})
    if "construct" in table:
        table["construct"] = _mapped(table["construct"], lambda c: _told_construct(audience, c))
    if "name" in table:
        table["name"] = _mapped(table["factor"], lambda f: audience.name_of(f, lang))
    return table


def filter_evidence(audience: Audience, evidence: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Keep the facts behind factors that the readers see."""
    return _clean_rows(audience, rows_seen(audience, evidence, ["factor"]), ["detail", "details", "source"], lang)


def filter_decisions(audience: Audience, decisions: pd.DataFrame) -> pd.DataFrame:
    """Leave out what staff wrote beside their decisions (``note``, ``why``), for readers who do not get notes."""
    return _without_notes(audience, decisions.reset_index(drop=True))


def filter_flags(audience: Audience, flags: pd.DataFrame) -> pd.DataFrame:
    """Leave out sizes that may not be told, and the ids of hidden signals in ``always_look``."""
    table = _without_sizes(audience, flags.reset_index(drop=True))
    if audience.sees_everything or "always_look" not in table:
        return table
    entries = audience.catalogue.signals
    table["always_look"] = _mapped(
        table["always_look"].fillna(""),
        lambda ids: ";".join(i for i in ids.split(";") if i in entries and audience.sees(entries[i])),
    )
    return table


def filter_factors(audience: Audience, X: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns of the factor table that the readers see, and the context."""
    hidden = [f for f in audience.catalogue.factors if f in X and not audience.sees(f)]
    return X.drop(columns=hidden)


def filter_changes(audience: Audience, changes: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Leave out sizes, and why something changed unless the readers see everything: the reason may be a hidden one."""
    table = _without_sizes(audience, changes.reset_index(drop=True))
    if audience.sees_everything:
        return table
    if "factor" in table:
        seen = _mapped(table["factor"].fillna(""), lambda f: f == "" or audience.sees(f)).to_numpy(dtype=bool)
        for name in ("why", "text", "change_text"):
            if name in table:
                table[name] = table[name].where(seen, "")
    elif "why" in table:
        table["why"] = ""
    for name in ("text", "change_text"):
        if name in table:
            table[name] = table[name].where(~_mapped(table[name], lambda s: audience.hides(s, lang)), "")
    return table


def filter_plans(audience: Audience, plans: pd.DataFrame) -> pd.DataFrame:
    """Keep a plan's status; which measures and risk groups it holds goes, unless the readers see everything."""
    table = plans.reset_index(drop=True)
    return table if audience.sees_everything else table.drop(columns=["measures", "groups", "file"], errors="ignore")


def _mapped(column: pd.Series[Any], say: Callable[[Any], Any]) -> pd.Series[Any]:
    """Ask once for every distinct value."""
    said = {value: say(value) for value in column.unique()}
    found = column.map(said)
    return found.astype(bool) if all(isinstance(v, bool) for v in said.values()) else found


def _put(table: pd.DataFrame, where: NDArray[np.bool_] | slice, values: Mapping[str, Any]) -> pd.DataFrame:
    """Write values into the columns that are there."""
    changed = table.copy()
    for name, value in values.items():
        if name in changed:
            column = changed[name].astype(object) if isinstance(value, str) else changed[name]
            column = column.copy()
            column.loc[column.index[where]] = value
            changed[name] = column
    return changed


def rows_seen(audience: Audience, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Keep the rows whose factors, named in `columns`, are all seen; only the first of them has to be filled in."""
    table = table.reset_index(drop=True)
    if audience.sees_everything or not len(table):
        return table.copy()
    for name in columns:
        if name in table:
            ids = table[name].fillna("")
            table = table[_mapped(ids, lambda f: (f == "" and name != columns[0]) or audience.sees(f))]  # noqa: B023
    return table.reset_index(drop=True)


def _clean_rows(audience: Audience, table: pd.DataFrame, columns: Sequence[str], lang: str) -> pd.DataFrame:
    """Leave out rows whose text holds a revealing word."""
    for name in columns:
        if name in table and len(table) and not audience.sees_everything:
            table = table[~_mapped(table[name], lambda said: audience.hides(said, lang))]
    return table.reset_index(drop=True)


def _without_sizes(audience: Audience, table: pd.DataFrame) -> pd.DataFrame:
    """Leave out sizes: all of them, or those of constructs of which a part is hidden."""
    if audience.sees_everything:
        return table.copy()
    if audience.numbers != "full":
        return _put(table, slice(None), dict.fromkeys(_SIZES, float("nan"))).drop(
            columns=[c for c in ("tie", "uncertain_cut") if c in table and audience.numbers == "none"]
        )
    if "contribution" not in table:
        return table.copy()
    factors = audience.catalogue.factors.values()
    partly = {f.construct for f in factors if not audience.sees(f)}
    return _put(table, table["construct"].isin(partly).to_numpy(), {"contribution": float("nan")})


def _without_notes(audience: Audience, table: pd.DataFrame) -> pd.DataFrame:
    return table if audience.notes else _put(table, slice(None), {"note": "", "why": ""})


def _reworded(audience: Audience, table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Say a reason by its name alone where its sentence holds a revealing word."""
    if not len(table):
        return table
    tells = _mapped(table["sentence"], lambda said: audience.hides(said, lang)).to_numpy(dtype=bool)
    named = _mapped(table["factor"], lambda f: audience.name_of(f, lang))
    if tells.any():
        sentence = named.str[:1].str.upper() + named.str[1:].str.rstrip(".") + "."
        table = table.assign(sentence=table["sentence"].astype(object).mask(tells, sentence))
        if "params" in table:
            table["params"] = [{} if tell else p for tell, p in zip(tells, table["params"], strict=True)]
    if "construct" in table:  # ids are English words, and may stand in a page's markup
        table = table.assign(construct=_mapped(table["construct"], lambda c: _told_construct(audience, c)))
    return table.assign(name=named) if "name" in table else table


def _told_construct(audience: Audience, construct: str) -> str:
    """Leave out a construct whose id or name tells of a hidden factor in it."""
    entry = audience.catalogue.constructs.get(construct)
    names = entry.name if entry else {}
    tells = audience.hides(construct, "en") or any(audience.hides(names.get(lang), lang) for lang in ("lv", "en"))
    return "" if tells else construct


def _neutral_lines(audience: Audience, concealed: pd.DataFrame, lang: str) -> pd.DataFrame:
    import numpy as np

    lines = concealed.drop_duplicates("pupil_id")
    values: dict[str, Any] = dict.fromkeys(_EMPTIED, "")
    values |= {"kind": HIDDEN, "sentence": audience.neutral("reason", lang), "sensitivity": "ordinary"}
    lines = _put(
        lines, slice(None), {**values, "rank": 1, "line": 0, "value": float("nan"), "contribution": float("nan")}
    )
    if "params" in lines:
        lines["params"] = np.array([{} for _ in range(len(lines))], dtype=object)
    return lines


def _neutral_step(audience: Audience, lang: str) -> dict[str, str]:
    role = audience.catalogue.roles.get(STEP_ROLE)
    return {
        "step": audience.neutral("step", lang),
        "role": STEP_ROLE,
        "role_name": role.name[lang] if role else "",
        "code": "support_staff",
    }


def _usual_term(
    audience: Audience, table: pd.DataFrame, hidden: NDArray[np.bool_], signal: pd.Series[Any]
) -> pd.DataFrame:
    """Give hidden signals' steps the day that every step has."""
    if "due" not in table or not hidden.any():
        return table
    import datetime as dt

    import numpy as np

    entries = audience.catalogue.signals
    days = {id: entries[id].due_days if id in entries else None for id in signal.unique()}
    late = {id: dt.timedelta(days=USUAL_DAYS - own) for id, own in days.items() if own is not None}
    asked = zip(table["due"], signal, hidden, strict=True)
    due = [day + late[id] if tell and id in late else day for day, id, tell in asked]
    return table.assign(due=np.array([*due, None], dtype=object)[:-1])


def _code_tells(audience: Audience, code: str) -> bool:
    kind, _, id = code.partition(":")
    if kind == "measure":
        return not audience.sees_measure(id)
    if kind == "signal":
        signal = audience.catalogue.signals.get(id)
        return signal is None or not audience.sees(signal)
    if kind in ("question", "factor", "what_if"):
        return not audience.sees(id)
    return False


def _follows_from_hidden(
    audience: Audience, pupils: pd.Series[Any], code: pd.Series[Any], reasons: pd.DataFrame
) -> pd.Series[bool]:
    """Whether the first of the pupil's reasons that asks for the step's measure is a hidden one."""
    import numpy as np
    import pandas as pd

    risks = reasons[reasons["kind"].eq("risk") & (reasons["line"].eq(0) if "line" in reasons else True)]
    asked = pd.DataFrame({"pupil_id": pupils, "measure": code.where(code.str.startswith("measure:"), "").str[8:]})
    both = asked[asked["measure"] != ""].reset_index().merge(risks[["pupil_id", "rank", "factor"]], on="pupil_id")
    factors = audience.catalogue.factors
    asks = {f: set(factors[f].measures) if f in factors else set() for f in both["factor"].unique()}
    asked_for = [m in asks[f] for m, f in zip(both["measure"], both["factor"], strict=True)]
    both = both[np.array(asked_for, dtype=bool)]
    first = both.sort_values("rank", kind="stable").drop_duplicates("index").set_index("index")["factor"]
    hidden = first.index[~_mapped(first, audience.sees)] if len(first) else first.index
    return pd.Series(pupils.index.isin(hidden), index=pupils.index)

"""Which table is it? By the name of file or worksheet, then by its headings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import normal_heading, without_diacritics
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.tables.codes import CodeWords
from pumpurs_risk.records.tables.columns import type_column
from pumpurs_risk.records.tables.contract import OWNERS, TableContract

_LOOKED_AT = 200


def which_table(raw: RawTable, contracts: Mapping[str, TableContract]) -> str | None:
    """Find which event table a raw table is.

    A table that is named after one (its file, its worksheet or its folder: ``kavejumi_2026.csv``, „Vērtējumi”) is that one
    if it has the columns that are needed. Otherwise the headings decide: all needed columns are there, and more headings are
    recognised than any other table, or the factor sheet, would recognise; of tables that recognise as many, the one whose
    code words stand in the cells. What could be a factor sheet is one.

    Parameters
    ----------
    raw : RawTable
        With the headings as written.
    contracts : mapping of str to TableContract
        As ``table_contracts`` returns them.

    Returns
    -------
    str or None
        Name of the table; None for a factor sheet and for what is no table of ours.

    Examples
    --------
    >>> import numpy as np, pyarrow as pa
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> from pumpurs_risk.records.tables.contract import table_contracts
    >>> columns = {each: pa.array(["7"]) for each in ("Skolēna ID", "Priekšmets", "Datums", "Vērtējums")}
    >>> which_table(RawTable("9a.csv", "", "", columns, np.array([2])), table_contracts(Catalogue.load()))
    'marks'
    """
    found = {name: recognised(raw, contract) for name, contract in contracts.items()}
    usable = {name: len(found[name]) for name, contract in contracts.items() if not contract.lacking(found[name])}
    as_sheet = _as_sheet(raw, contracts)
    named = [name for name in named_tables(raw, contracts) if usable.get(name, -1) >= as_sheet]
    if len(named) == 1:
        return named[0]
    chosen = {name: usable[name] for name in named} or {name: hits for name, hits in usable.items() if hits > as_sheet}
    best = [name for name, hits in chosen.items() if hits == max(chosen.values())]
    return best[0] if len(best) == 1 else _by_words(raw, {name: contracts[name] for name in best})


def named_tables(raw: RawTable, contracts: Mapping[str, TableContract]) -> list[str]:
    """Tables after which a worksheet is called or, if it is called after none, its file.

    Parameters
    ----------
    raw : RawTable
        Of which only the names are looked at.
    contracts : mapping of str to TableContract
        As ``table_contracts`` returns them.

    Returns
    -------
    list of str
        Usually one or none. A table so named that ``which_table`` does not take lacks columns: ``lacking`` of its contract
        says which.
    """
    for written in (raw.sheet, PurePath(raw.file.replace("\\", "/")).stem):
        words = _words(written)
        hits = [name for name, each in contracts.items() if any(_holds(words, _words(said)) for said in each.names)]
        if hits:
            return hits
    return []


def recognised(raw: RawTable, contract: TableContract) -> set[str]:
    """Ids of the columns that a table's headings mean by a contract."""
    found = {target: heading for heading in raw.columns if (target := contract.recognise(heading))}
    return set(settle_doubtful(raw, contract, found))


def settle_doubtful(raw: RawTable, contract: TableContract, headings: Mapping[str, str]) -> dict[str, str]:
    """Read a heading that may mean a day or a kind by its cells: where none of them is a date, the kind is meant.

    Parameters
    ----------
    raw : RawTable
        The table.
    contract : TableContract
        Which table it is.
    headings : mapping of str to str
        Column id to heading as written.

    Returns
    -------
    dict of str to str
        The same, or with the other column; a column that has a heading of its own is never replaced.
    """
    settled = dict(headings)
    doubtful = {normal_heading(each) for each in contract.doubtful}
    for day, kind in contract.otherwise.items():
        if day not in settled or kind in settled or normal_heading(settled[day]) not in doubtful:
            continue
        filled = raw.columns[settled[day]].drop_null()[:_LOOKED_AT]
        typed = type_column(filled, contract.fields[day], contract.words)
        if typed.faults and not len(typed.values.drop_null()):
            settled[kind] = settled.pop(day)
    return settled


def _as_sheet(raw: RawTable, contracts: Mapping[str, TableContract]) -> int:
    """How many headings a factor sheet would recognise; 0 if it could not be one."""
    sheet = next(iter(contracts.values())).sheet if contracts else None
    hits = {target for heading in raw.columns if sheet and (target := sheet.recognise(heading))}
    return len(hits) if hits & set(OWNERS) else 0


def _by_words(raw: RawTable, contracts: Mapping[str, TableContract]) -> str | None:
    """Of several tables the one whose codes the first cells hold; None if two of them know as many."""
    known = {}
    for name, contract in contracts.items():
        known[name] = 0
        for heading, cells in raw.columns.items():
            column = contract.fields.get(contract.recognise(heading) or "")
            if column is not None and column.kind == "code":
                words = CodeWords(column)
                first = cell_texts(cells[:_LOOKED_AT]).to_pylist()
                known[name] += sum(words.code(cell) is not None for cell in first if cell)
    best = [name for name, hits in known.items() if hits and hits == max(known.values())]
    return best[0] if len(best) == 1 else None


def _words(written: str) -> list[str]:
    plain = without_diacritics(normal_heading(written))
    return re.findall(r"[^\W\d_]+", plain)


def _holds(words: list[str], said: list[str]) -> bool:
    """Whether the words of a table's name stand side by side in a file's name."""
    return any(words[at : at + len(said)] == said for at in range(len(words) - len(said) + 1))

"""Takes names and personal codes out of a table before it leaves the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.locale import text
from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.identity.key_file import KeyFile
from pumpurs_risk.records.identity.personal_codes import CODE, find_personal_codes, hide_codes


@dataclass(frozen=True, slots=True)
class PseudonymisedTable:
    """A table without names and personal codes.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array
        The table's columns; the names are gone, ids are pseudonyms.
    ambiguous : numpy.ndarray of bool, shape (n,)
        Rows whose name may mean several pupils; they have no id.
    codes_found : mapping of str to int
        Heading -> cells in which a personal code stood and was replaced (the id column included).
    """

    columns: Mapping[str, pa.Array[Any]]
    ambiguous: np.ndarray[Any, np.dtype[np.bool_]]
    codes_found: Mapping[str, int]


def pseudonymise_table(
    columns: Mapping[str, pa.Array[Any]],
    key: KeyFile,
    *,
    id_heading: str | None = None,
    name_headings: Sequence[str] = (),
    school_id: str | Sequence[str] = "",
    scope: str | Sequence[str] | None = None,
    birth_heading: str | None = None,
    class_heading: str | None = None,
    lang: str = "lv",
) -> PseudonymisedTable:
    """Replace ids and personal codes by pseudonyms and move names into the key file (``key.save()`` keeps them).

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array
        A table's columns, as in :class:`pumpurs_risk.records.raw_table.RawTable`.
    key : KeyFile
        Gives the pseudonyms, takes the names.
    id_heading : str, optional
        Column with the pupils' ids or personal codes; its cells become pseudonyms.
    name_headings : sequence of str
        Columns with names, in the order in which they make the full name. They are taken out.
    school_id : str or array of str, shape (n,)
        The pupils' school.
    scope : str or array of str, optional
        Within what an id is unique; the school if not given, "" for ids of the whole municipality.
    birth_heading, class_heading : str, optional
        Columns that tell namesakes apart; they stay in the table.
    lang : {"lv", "en"}
        Language of the heading of a new id column.

    Returns
    -------
    PseudonymisedTable
        Without an id column the ids come from the names and stand in a new first column. Personal codes in any other
        column are replaced too: a whole cell by the pseudonym, a code within a text by "[...]".

    Raises
    ------
    RecordsError
        If the table has neither an id nor a name column, or a named column is missing.
    """
    asked = [heading for heading in (id_heading, *name_headings, birth_heading, class_heading) if heading]
    for heading in asked:
        if heading not in columns:
            raise RecordsError("column_missing", column=heading)
    if id_heading is None and not name_headings:
        raise RecordsError("no_pupil_column")
    scope = school_id if scope is None else scope
    count = len(columns[asked[0]])
    names = _full_names([columns[heading] for heading in name_headings]) if name_headings else pa.array([""] * count)
    ambiguous = np.zeros(count, bool)
    found: dict[str, int] = {}
    kept = {heading: column for heading, column in columns.items() if heading not in name_headings}
    for heading, column in kept.items():
        codes = find_personal_codes(column)
        if codes.any():
            found[heading] = int(codes.sum())
            kept[heading] = column if heading == id_heading else _without_codes(column, codes, key, scope)
    if id_heading is None:
        birth = columns[birth_heading] if birth_heading else None
        class_id = columns[class_heading] if class_heading else None
        ids, ambiguous = key.names_to_ids(names, school_id, birth, class_id)
        kept = {_new_heading(kept, lang): pa.array(ids, pa.string()), **kept}
    else:
        own_ids = cell_texts(columns[id_heading])
        ids = key.pseudonym(own_ids, scope)
        kept[id_heading] = pa.array(ids, pa.string())
        if name_headings:
            key.remember_names(ids, school_id, names, own_ids)
    return PseudonymisedTable(kept, ambiguous, found)


def _full_names(columns: Sequence[pa.Array[Any]]) -> pa.Array[Any]:
    parts: Any = [cell_texts(column).fill_null("") for column in columns]
    full: pa.Array[Any] = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, " "))
    return full


def _without_codes(
    column: pa.Array[Any], codes: np.ndarray[Any, Any], key: KeyFile, scope: str | Sequence[str]
) -> pa.Array[Any]:
    written: Any = cell_texts(column).fill_null("")
    whole = np.asarray(pc.match_substring_regex(written, rf"^\s*{CODE}\s*$"), bool) & codes
    cut = hide_codes(written, "[...]")
    hidden = pa.array(np.where(whole, key.pseudonym(pc.if_else(pa.array(whole), written, ""), scope), ""), pa.string())
    replaced: pa.Array[Any] = pc.if_else(pa.array(whole), hidden, cut)
    return replaced


def _new_heading(columns: Mapping[str, Any], lang: str) -> str:
    heading = text("reading.headings.pupil_id", lang)
    number = 1
    while heading in columns:
        number += 1
        heading = f"{text('reading.headings.pupil_id', lang)} ({number})"
    return heading

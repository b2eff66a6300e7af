"""Whose row is it? Finds the identifier or name of every row, and sets aside the rows that are nobody's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.contract import SheetContract
from pumpurs_risk.records.identity.personal_codes import CODE, find_personal_codes, hide_codes
from pumpurs_risk.records.raw_table import RawTable
from pumpurs_risk.records.validation.parsing import BoolArray, tidy
from pumpurs_risk.records.validation.report import ProblemLog

if TYPE_CHECKING:
    from pumpurs_risk.records.identity.key_file import KeyFile

NAMES = ("name", "given_name", "surname")
IDENTITY = ("pupil_id", *NAMES)
NAME_COLUMNS = ("pupil_id", "school_id", "name", "own_id")
_CODED = "_coded"  # of the names: the id was made from a personal code
_PSEUDONYM = r"^P-[0-9A-HJKMNP-TV-Z]{12}$"


@dataclass(frozen=True)
class RowOwners:
    """The rows of a table that are somebody's.

    Parameters
    ----------
    kept : numpy.ndarray of int64, shape (n,)
        Positions in the table.
    school_id : numpy.ndarray of object, shape (n,)
        Their schools.
    own_id, name : pyarrow.Array of string, shape (n,)
        As the school writes them; null where it does not.
    coded : numpy.ndarray of bool, shape (n,)
        Whether the own id is a personal code, which must not become the pupil's id.
    """

    kept: np.ndarray[Any, Any]
    school_id: np.ndarray[Any, Any]
    own_id: pa.Array[Any]
    name: pa.Array[Any]
    coded: BoolArray

    def at(self, mask: BoolArray) -> RowOwners:
        """Only some of these rows."""
        chosen = pa.array(mask)
        own_id, name = self.own_id.filter(chosen), self.name.filter(chosen)
        return RowOwners(self.kept[mask], self.school_id[mask], own_id, name, self.coded[mask])


def find_owners(
    raw: RawTable,
    headings: Mapping[str, str],
    school_id: np.ndarray[Any, Any],
    contract: SheetContract,
    log: ProblemLog,
) -> RowOwners:
    """Find the rows that speak of a pupil; name the others.

    Parameters
    ----------
    raw : RawTable
        The table.
    headings : mapping of str to str
        Field id to heading; at least one of ``IDENTITY``.
    school_id : numpy.ndarray of object, shape (n,)
        School of each row.
    contract : SheetContract
        Its words for footers and formula errors.
    log : ProblemLog
        Gets rows without id, footers and repeated headings.

    Returns
    -------
    RowOwners
        Rows with an id or a name. A personal code within a name is taken out of it; it is the id where there is no other.
    """
    cells = {each: tidy(cell_texts(raw.columns[headings[each]])) for each in IDENTITY if each in headings}
    nothing = pa.nulls(len(raw.rows), pa.string())
    own_id = cells.get("pupil_id", nothing)
    parts = [cells[each] for each in ("given_name", "surname") if each in cells]
    # An empty text instead of a null: pyarrow's way to skip nulls leaves out a row in which all are null.
    joined = tidy(pc.binary_join_element_wise(*(pc.fill_null(each, "") for each in parts), " ")) if parts else nothing
    name = pc.coalesce(cells.get("name", nothing), joined)
    own_id, name = _codes_out_of_names(own_id, name)
    said = [*cells.values()]
    others = [headings["class_id"]] if "class_id" in headings else []
    first = next(iter(raw.columns))
    others += [first] if first not in headings.values() else []
    unowned = _mask(pc.is_null(own_id)) & _mask(pc.is_null(name))
    footer = np.zeros(len(raw.rows), bool)
    label = np.full(len(raw.rows), "", dtype=object)
    for texts, anyone in [
        *((each, True) for each in said),
        *((cell_texts(raw.columns[each]), False) for each in others),
    ]:
        hit = _is_footer(texts, contract) & (anyone | unowned) & ~footer
        label[hit] = texts.filter(pa.array(hit)).to_pylist()
        footer |= hit
    heading_again = np.zeros(len(raw.rows), bool)
    for each, texts in cells.items():
        heading_again |= _mask(pc.fill_null(pc.equal(pc.utf8_lower(texts), headings[each].strip().lower()), False))
    broken = _is_broken(own_id, contract) & _mask(pc.is_null(name))

    def reject(code: str, rows: BoolArray, values: Any = "", severity: Any = "set_aside", column: str = "") -> None:
        log.add(
            code,
            file=raw.file,
            sheet=raw.sheet,
            school_id=school_id[rows],
            column=column,
            rows=raw.rows[rows],
            values=values,
            severity=severity,
            action="row_rejected",
        )

    key_heading = headings.get("pupil_id") or headings.get("name") or headings[next(iter(cells))]
    reject("footer_row", footer, label[footer], "notice")
    reject("heading_row", heading_again & ~footer, severity="notice")
    broken &= ~footer & ~heading_again
    reject("bad_id", broken, own_id.filter(pa.array(broken)).to_pylist(), column=key_heading)
    unowned &= ~footer & ~heading_again
    reject("row_without_id", unowned, column=key_heading)
    rest = ~(footer | heading_again | broken | unowned)
    return RowOwners(np.arange(len(raw.rows)), school_id, own_id, name, find_personal_codes(own_id)).at(rest)


def name_coded_columns(raw: RawTable, school_id: str, log: ProblemLog) -> None:
    """Say in which columns of a table personal codes stand (never the codes).

    Parameters
    ----------
    raw : RawTable
        The table as its owner knows it.
    school_id : str
        Whose table it is, as far as known.
    log : ProblemLog
        Gets a notice per column, with the number of cells.
    """
    for heading, cells in raw.columns.items():
        codes = int(find_personal_codes(cells).sum())
        if codes:
            log.add(
                "personal_codes",
                file=raw.file,
                sheet=raw.sheet,
                school_id=school_id,
                column=heading,
                detail=str(codes),
                severity="notice",
                action="none",
            )


def _codes_out_of_names(own_id: pa.Array[Any], name: pa.Array[Any]) -> tuple[pa.Array[Any], pa.Array[Any]]:
    coded = find_personal_codes(name)
    if not coded.any():
        return own_id, name
    codes = pc.struct_field(pc.extract_regex(name, rf"(?:^|[^0-9])(?P<code>{CODE})(?:$|[^0-9])"), "code")
    left = pc.replace_substring_regex(hide_codes(name, ""), r"[(\[]\s*[)\]]", "")
    return pc.coalesce(own_id, codes), tidy(pc.replace_substring_regex(left, r"[\s,;:/-]+$|^[\s,;:/-]+", ""))


def give_ids(
    tables: Sequence[RawTable],
    headings: Sequence[Mapping[str, str]],
    owners: Sequence[RowOwners],
    *,
    id_scope: str,
    key: KeyFile | None,
    log: ProblemLog,
    tells_names: Sequence[bool] | None = None,
) -> tuple[list[RowOwners], list[pa.Array[Any]], pd.DataFrame]:
    """Give every row the id of its pupil: school and own id, or a pseudonym made from a personal code or the name.

    Parameters
    ----------
    tables, headings, owners : sequences of one length
        All tables of one reading, so that a pupil in two files is one pupil.
    id_scope : {"school", "municipality"}
        Within what the schools' own ids are unique.
    key : KeyFile or None
        Makes ids from names and personal codes; needed where a row has nothing else. Nothing is written.
    log : ProblemLog
        Gets the rows whose name may mean several pupils, and a notice where ids were personal codes.
    tells_names : sequence of bool, optional
        Whether each table is one that says who the pupils are; all by default.

    Returns
    -------
    owners : list of RowOwners
        Without the rows whose name is ambiguous.
    pupil_id : list of pyarrow.Array of string
        Aligned with the owners.
    names : pandas.DataFrame
        pupil_id, school_id, name, own_id; one row per pupil.

    Raises
    ------
    RecordsError
        If names or personal codes come without a key.
    """
    owners = _without_code_ids(tables, headings, owners, id_scope, key, log)
    tells_names = [True] * len(tables) if tells_names is None else tells_names
    named = [_mask(pc.is_null(each.own_id)) for each in owners]
    made = (
        _ids_from_names(tables, headings, owners, named, key, tells_names)
        if any(mask.any() for mask in named)
        else None
    )
    left: list[RowOwners] = []
    ids: list[pa.Array[Any]] = []
    shown: list[pd.DataFrame] = []
    start = 0
    for raw, heading, each, by_name, tells in zip(tables, headings, owners, named, tells_names, strict=True):
        kept, pupil_id = each, _scoped(each, id_scope)
        if made is not None and by_name.any():
            end = start + int(by_name.sum())
            from_name, ambiguous = np.full(len(by_name), None, dtype=object), np.zeros(len(by_name), bool)
            from_name[by_name], ambiguous[by_name] = made[0][start:end], made[1][start:end]
            start = end
            log.add(
                "name_ambiguous",
                file=raw.file,
                sheet=raw.sheet,
                school_id=each.school_id[ambiguous],
                column=heading.get("name") or heading.get("surname") or heading.get("given_name", ""),
                rows=raw.rows[each.kept[ambiguous]],
                action="row_rejected",
            )
            pupil_id = pc.coalesce(pupil_id, pa.array(from_name, pa.string())).filter(pa.array(~ambiguous))
            kept = each.at(~ambiguous)
        left.append(kept)
        ids.append(pupil_id)
        if tells:
            shown.append(_shown(kept, pupil_id))
    names = pd.concat(shown, ignore_index=True) if shown else _shown_nobody()
    names = names.sort_values(["pupil_id", "name"], kind="stable", na_position="last") if len(shown) > 1 else names
    names = names.drop_duplicates("pupil_id", ignore_index=True)
    _remember(names, key)
    return left, ids, names.drop(columns=_CODED)


def _without_code_ids(
    tables: Sequence[RawTable],
    headings: Sequence[Mapping[str, str]],
    owners: Sequence[RowOwners],
    id_scope: str,
    key: KeyFile | None,
    log: ProblemLog,
) -> Sequence[RowOwners]:
    """Put a pseudonym in the place of every own id that is a personal code."""
    from pumpurs_risk.errors import RecordsError

    if not any(each.coded.any() for each in owners):
        return owners
    if key is None:
        raise RecordsError("codes_without_key")
    keyed: list[RowOwners] = []
    for raw, heading, each in zip(tables, headings, owners, strict=True):
        if not each.coded.any():
            keyed.append(each)
            continue
        coded = pa.array(each.coded)
        scope = each.school_id[each.coded] if id_scope == "school" else ""
        made = np.full(len(each.coded), None, dtype=object)
        made[each.coded] = key.pseudonym(_bare(each).filter(coded), scope)
        keyed.append(replace(each, own_id=pc.if_else(coded, pa.array(made, pa.string()), each.own_id)))
        log.add(
            "personal_codes_keyed",
            file=raw.file,
            sheet=raw.sheet,
            school_id=str(each.school_id[0]),
            column=heading.get("pupil_id") or heading.get("name") or heading.get("surname") or "",
            detail=str(int(each.coded.sum())),
            severity="notice",
            action="none",
        )
    return keyed


def _ids_from_names(
    tables: Sequence[RawTable],
    headings: Sequence[Mapping[str, str]],
    owners: Sequence[RowOwners],
    named: Sequence[BoolArray],
    key: KeyFile | None,
    tells_names: Sequence[bool],
) -> tuple[np.ndarray[Any, Any], BoolArray]:
    from pumpurs_risk.errors import RecordsError

    if key is None:
        raise RecordsError("names_without_key")
    columns: dict[str, list[Any]] = {"name": [], "school": [], "birth": [], "class": [], "period": []}
    for raw, heading, each, mask, tells in zip(tables, headings, owners, named, tells_names, strict=True):
        chosen = pa.array(each.kept[mask])

        def cells(*ids: str, raw: RawTable = raw, heading: Mapping[str, str] = heading, chosen: Any = chosen) -> Any:
            texts = [tidy(cell_texts(raw.columns[heading[each]].take(chosen))) for each in ids if each in heading]
            return pc.fill_null(pc.coalesce(*texts), "") if texts else pa.array([""] * len(chosen), pa.string())

        columns["name"].append(each.name.filter(pa.array(mask)))
        columns["school"].append(pa.array(each.school_id[mask], pa.string()))
        columns["birth"].append(cells("birth_date", "birth_year"))
        # A table of events spans years, in which a pupil was in several classes.
        columns["class"].append(cells("class_id") if tells else cells())
        whole = f"{raw.cover.get('as_of', '')} {raw.cover.get('semester', '')}"
        columns["period"].append(pc.binary_join_element_wise(cells("as_of", "semester"), whole, " "))
    joined = {name: pa.concat_arrays(parts) for name, parts in columns.items()}
    return key.names_to_ids(
        joined["name"], joined["school"], birth=joined["birth"], class_id=joined["class"], period=joined["period"]
    )


def _scoped(each: RowOwners, id_scope: str) -> pa.Array[Any]:
    """``school:id``; an id that says its school already (a saved factor table), and a pseudonym, stay as they are."""
    if id_scope == "municipality" or not len(each.kept):
        return each.own_id
    school = pa.array(each.school_id, pa.string())
    is_whole = pc.or_(_says_school(each), pc.match_substring_regex(each.own_id, _PSEUDONYM))
    return pc.if_else(is_whole, each.own_id, pc.binary_join_element_wise(school, each.own_id, ":"))


def _says_school(each: RowOwners) -> pa.Array[Any]:
    """Whether an id begins with its school's id and a colon (a school's id holds no colon)."""
    before = pc.replace_substring_regex(each.own_id, r"^([^:]*):.*$", r"\1")
    return pc.and_(pc.equal(before, pa.array(each.school_id, pa.string())), pc.not_equal(before, each.own_id))


def _shown(each: RowOwners, pupil_id: pa.Array[Any]) -> pd.DataFrame:
    bare = pc.if_else(pa.array(each.coded), pa.scalar(None, pa.string()), _bare(each))
    return pd.DataFrame(
        {
            "pupil_id": pupil_id.to_pandas(),
            "school_id": each.school_id,
            "name": each.name.to_pandas(),
            "own_id": bare.to_pandas(),
            _CODED: each.coded,
        }
    )


def _bare(each: RowOwners) -> pa.Array[Any]:
    """Own ids without the school that they may begin with."""
    says_school = pc.fill_null(_says_school(each), False)
    return pc.if_else(says_school, pc.replace_substring_regex(each.own_id, r"^[^:]*:", ""), each.own_id)


def _shown_nobody() -> pd.DataFrame:
    columns = (*NAME_COLUMNS, _CODED)
    return pd.DataFrame({name: pd.Series(dtype=bool if name == _CODED else object) for name in columns})


def _remember(names: pd.DataFrame, key: KeyFile | None) -> None:
    """Put the names of pupils with an id of their own into the key file too."""
    both = names["name"].notna() & (names["own_id"].notna() | names[_CODED])
    if key is not None and both.any():
        some = names[both]
        key.remember_names(
            some["pupil_id"].tolist(),
            some["school_id"].tolist(),
            some["name"].tolist(),
            some["own_id"].fillna("").tolist(),
        )


def _is_footer(texts: pa.Array[Any], contract: SheetContract) -> BoolArray:
    words = contract.words.get("footers", ())
    exact = "|".join(re.escape(word) for word in words if not word.endswith("*"))
    begins = "|".join(re.escape(word[:-1]) for word in words if word.endswith("*"))
    pattern = rf"^\s*(?:(?:{exact})\s*[.:]?|(?:{begins})(?:[ :].*)?)\s*$"
    encoded = texts.dictionary_encode()
    hit = pc.match_substring_regex(pc.utf8_lower(encoded.dictionary), pattern)
    found: BoolArray = np.append(_mask(pc.fill_null(hit, False)), False)[
        pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    ]
    return found


def _is_broken(texts: pa.Array[Any], contract: SheetContract) -> BoolArray:
    words = pa.array(list(contract.words.get("formula_errors", ())), pa.string())
    folded = pc.utf8_lower(texts)
    return _mask(pc.is_in(folded, value_set=words)) & _mask(pc.is_valid(texts))


def _mask(array: Any) -> BoolArray:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)

"""The contract of the event tables: which tables and columns there are, how they are headed, what their cells may hold.

Everything stands in ``data_schema/<table>.json`` (Frictionless Table Schemas with keys of our own); the words for factors,
measures and roles come from the catalogue, a user's own included.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pumpurs_risk.records.contract import Field, SheetContract, described_field, factor_field
from pumpurs_risk.resources import resource

if TYPE_CHECKING:
    import pyarrow as pa

    from pumpurs_risk.catalogue import Catalogue

TABLES = (
    "schools",
    "semesters",
    "pupils",
    "absences",
    "marks",
    "incidents",
    "assessments",
    "outcomes",
    "support",
    "offers",
    "decisions",
)
OWNERS = ("pupil_id", "name", "given_name", "surname")
"""Columns that say whose row it is."""
_BESIDE = ("school_id", "class_id", "birth_date", "birth_year")  # help to find whose row it is, where a table has them
_TEXTS = ("text", "name", "code", "programme", "semester")


@dataclass(frozen=True)
class TableContract(SheetContract):
    """What one table may hold; its headings are recognised as those of the sheet are.

    ``fields`` holds the table's own columns, then the columns that only say whose row it is (name, class, birth date),
    which are recognised and never typed.

    Parameters
    ----------
    name : str
        Such as ``"absences"``.
    titles : mapping of str to str
        What the table is called, by language.
    names : tuple of str
        Names of files and worksheets by which it is recognised.
    columns : tuple of str
        Its own columns in order: those of ``arrow_schema``.
    key : tuple of str
        What tells two rows apart.
    open_key : tuple of str
        Parts of the key that may be empty; rows without them are not known to speak of the same thing.
    alike_unless : tuple of str
        Rows of one file that have none of these columns and are alike are several events, not one told twice.
    required : tuple of str
        Columns without which the table cannot be used.
    any_of : tuple of tuple of str
        Groups of columns of which the table needs one each.
    needed_in_row : tuple of str
        Cells without which a row cannot be used.
    needs_any_in_row : tuple of tuple of str
        Groups of cells of which a row needs one each: where all of a group are empty or unusable, nothing is left of the row.
    spelt_alike : tuple of str
        Text columns in which case and spaces tell nothing apart.
    followed_by : mapping of str to str
        Code column after whose word a remark may stand in the same cell ("noraidīts – ..."), to the column of remarks.
    otherwise : mapping of str to str
        Column to the one that is meant by its ``doubtful`` headings where no cell of it is a date.
    doubtful : tuple of str
        These headings ("Attaisnots": when, or how).
    mistaken_for : mapping of str to str
        Column to the table for whose cells it may be taken: marks among the absences are named once, not row by row.
    read_as : mapping of str to str
        Column whose cells are read as the factor demands that another column names.
    not_before : tuple of (str, str, str)
        Pairs of dates of which the first cannot come before the second, and what becomes of it: ``"unknown"`` or, where it
        is only worth saying, ``"notice"``.
    dated : tuple of str
        Columns with the day on which something happened.
    several : mapping of str to tuple of str
        Where rows of one key are several events and no contradiction: column to its values; an empty mapping for never.
    settled : mapping of str to str
        Column to the value that it takes where two rows of one key contradict each other; the others become unknown.
    settled_among : mapping of str to tuple of str
        Column of these to the values that all the rows must have for that; with others it becomes unknown too.
    implied : mapping of str to (str, mapping)
        Column that another one's words may tell too: its source, and the words by value.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> absences = table_contracts(Catalogue.load())["absences"]
    >>> absences.recognise("Kavējuma veids"), absences.key
    ('status', ('pupil_id', 'date', 'lesson'))
    >>> absences.lacking({"pupil_id", "status"})
    ('date',)
    """

    name: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    open_key: tuple[str, ...] = ()
    alike_unless: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    needed_in_row: tuple[str, ...] = ()
    needs_any_in_row: tuple[tuple[str, ...], ...] = ()
    spelt_alike: tuple[str, ...] = ()
    followed_by: Mapping[str, str] = field(default_factory=dict)
    otherwise: Mapping[str, str] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    mistaken_for: Mapping[str, str] = field(default_factory=dict)
    read_as: Mapping[str, str] = field(default_factory=dict)
    not_before: tuple[tuple[str, str, str], ...] = ()
    dated: tuple[str, ...] = ()
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settled: Mapping[str, str] = field(default_factory=dict)
    settled_among: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    implied: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = field(default_factory=dict)
    sheet: SheetContract | None = None

    @property
    def owned(self) -> bool:
        """Whether its rows are about pupils."""
        return "pupil_id" in self.columns

    @property
    def arrow_schema(self) -> pa.Schema:
        """Names and types of the typed columns: text, float64 and date32, all nullable."""
        import pyarrow as pa

        return pa.schema([(each, arrow_type(self.fields[each])) for each in self.columns])

    def lacking(self, found: Iterable[str]) -> tuple[str, ...]:
        """Columns that a table with these ones still needs; of a group the first is named.

        Parameters
        ----------
        found : iterable of str
            Ids of the columns that were recognised.

        Returns
        -------
        tuple of str
            Empty if the table can be used.
        """
        have = set(found)
        missing = [each for each in self.required if each not in have]
        missing += [group[0] for group in self.any_of if not have & set(group)]
        if self.owned and not have & set(OWNERS):
            missing.insert(0, "pupil_id")
        return tuple(missing)


def arrow_type(column: Field) -> pa.DataType:
    """Type of a column after typing.

    Examples
    --------
    >>> str(arrow_type(Field("recorded_on", "date", {})))
    'date32[day]'
    """
    import pyarrow as pa

    if column.kind == "date":
        return pa.date32()
    return pa.string() if column.kind in _TEXTS else pa.float64()


def table_contracts(catalogue: Catalogue) -> dict[str, TableContract]:
    """Read the contract of every event table.

    Parameters
    ----------
    catalogue : Catalogue
        Whose factors, measures and roles the tables may name, a user's own included.

    Returns
    -------
    dict of str to TableContract
        By table, in the order of ``TABLES``.

    Examples
    --------
    >>> from pumpurs_risk.catalogue import Catalogue
    >>> contracts = table_contracts(Catalogue.load())
    >>> list(contracts)[2:5]
    ['pupils', 'absences', 'marks']
    >>> print(contracts["offers"].arrow_schema)
    school_id: string
    measure: string
    role: string
    hours: double
    places: double
    """
    sheet = SheetContract.load(catalogue)
    return {name: _contract(name, sheet, catalogue) for name in TABLES}


@cache
def table_document(name: str) -> dict[str, Any]:
    """Read ``data_schema/<name>.json`` as it is; not to be changed by who gets it."""
    loaded: dict[str, Any] = json.loads(resource("data_schema", f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def _contract(name: str, sheet: SheetContract, catalogue: Catalogue) -> TableContract:
    document = table_document(name)
    own = {entry["name"]: _field(entry, sheet, catalogue) for entry in document["fields"]}
    beside = (*OWNERS[1:], *_BESIDE) if "pupil_id" in own else ()
    return TableContract(
        fields=own | {each: sheet.fields[each] for each in beside if each not in own},
        words=sheet.words,
        protected=sheet.protected,
        not_more_than=tuple((part, whole) for part, whole in document.get("not_more_than", ())),
        name=name,
        titles=document["titles"],
        names=tuple(document["names"]),
        columns=tuple(own),
        key=tuple(document["key"]),
        open_key=tuple(document.get("open_key", ())),
        alike_unless=tuple(document.get("alike_unless", ())),
        required=tuple(document["required"]),
        any_of=tuple(tuple(group) for group in document.get("any_of", ())),
        needed_in_row=tuple(document["needed_in_row"]),
        needs_any_in_row=tuple(tuple(group) for group in document.get("needs_any_in_row", ())),
        spelt_alike=tuple(document.get("spelt_alike", ())),
        followed_by=document.get("followed_by", {}),
        otherwise=document.get("otherwise", {}),
        doubtful=tuple(document.get("doubtful", ())),
        mistaken_for=document.get("mistaken_for", {}),
        read_as=document.get("read_as", {}),
        not_before=tuple((late, early, then) for late, early, then in document.get("not_before", ())),
        dated=tuple(document.get("dated", ())),
        several={column: tuple(values) for column, values in document.get("several", {}).items()},
        settled=document.get("settled", {}),
        settled_among={column: tuple(values) for column, values in document.get("settled_among", {}).items()},
        implied={
            column: (each["from"], {value: tuple(said) for value, said in each["words"].items()})
            for column, each in document.get("implied", {}).items()
        },
        sheet=sheet,
    )


def _field(entry: Mapping[str, Any], sheet: SheetContract, catalogue: Catalogue) -> Field:
    own = described_field(entry)
    if entry["name"] in catalogue.factors:  # the catalogue's own scale and limits, which a user may have changed
        known = factor_field(catalogue.factors[entry["name"]])
        return replace(known, aliases=(*known.aliases, *own.aliases))
    named = _WORDS_FROM.get(entry.get("words_from", ""))
    if named is None:
        return own
    more = named(catalogue, sheet)
    if named is _factor_words:  # any factor is understood, those that people can judge are proposed
        judged = (each.id for each in catalogue.factors.values() if "assessments" in each.tables)
        own = replace(own, allowed=tuple(name for name in judged if name in more))
    return replace(own, words={code: (*said, *own.words.get(code, ())) for code, said in more.items()})


def _factor_words(catalogue: Catalogue, sheet: SheetContract) -> dict[str, tuple[str, ...]]:
    """How a factor may be named: its name, and all that the sheet's column may be headed."""
    return {
        each.id: (*each.name.values(), *sheet.fields[each.id].titles.values(), *sheet.fields[each.id].aliases)
        for each in catalogue.factors.values()
        if sheet.fields[each.id].kind != "text"
    }


def _measure_words(catalogue: Catalogue, _: SheetContract) -> dict[str, tuple[str, ...]]:
    return {name: tuple(each.name.values()) for name, each in catalogue.measures.items()}


def _role_words(catalogue: Catalogue, _: SheetContract) -> dict[str, tuple[str, ...]]:
    return {name: (*each.name.values(), *each.vocational_name.values()) for name, each in catalogue.roles.items()}


_WORDS_FROM = {"factors": _factor_words, "measures": _measure_words, "roles": _role_words}

"""`Catalogue`: everything the library knows of the field, loaded from TOML and extended by the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from pumpurs_risk.catalogue.change_checks import check_changes
from pumpurs_risk.catalogue.checks import check_programme, check_rest
from pumpurs_risk.catalogue.entries import (
    BaseRate,
    Construct,
    ContextColumn,
    Goal,
    Partner,
    Programme,
    ProtectedAttribute,
    RiskFactor,
    RiskGroup,
    Role,
    Signal,
    SupportMeasure,
    WorkLimit,
)
from pumpurs_risk.catalogue.entry_types import nearest
from pumpurs_risk.catalogue.factor_checks import check_factors
from pumpurs_risk.catalogue.protected import Recogniser
from pumpurs_risk.catalogue.sources import Source, read_source
from pumpurs_risk.catalogue.tables import ENTRY_TYPES, Tables, source_of
from pumpurs_risk.errors import CatalogueError

if TYPE_CHECKING:
    import pandas as pd

    from pumpurs_risk.catalogue.calendar import SchoolCalendar

_HERE = Path(__file__).resolve().parent
_SHIPPED = (
    "factors.toml",
    "measures.toml",
    "goals.toml",
    "base_rates.toml",
    "signals.toml",
    "calendar.toml",
    "context.toml",
)


class Catalogue:
    """Risk factors, constructs, measures, roles, base rates, signals, calendar and programme. Immutable.

    Made by `Catalogue.load`, completed by `extend`, narrowed by `subset`; both return a new catalogue. Can be pickled.

    Attributes
    ----------
    factors : mapping of str to RiskFactor
        By id, in the order of the factor table.
    constructs, groups, measures, roles, partners, signals, work_limits : mapping
        Entries by id. A measure answers the factors that its entry names and those that name the measure.
    base_rates : mapping of str to BaseRate
        By programme and level, such as ``"general-9"``.
    context_columns : mapping of str to ContextColumn
        The factor table's columns that are no factors.
    goals : mapping of str to Goal
        By factor: what a support plan sets out to reach.
    protected : mapping of str to ProtectedAttribute
        What is never a factor.
    programme : Programme
        The support programme whose words and order hold.
    calendar : SchoolCalendar
        Semesters and school days.

    Examples
    --------
    >>> catalogue = Catalogue.load()
    >>> catalogue.factors["motivation"].name["en"], catalogue.roles["social_pedagogue"].dative["lv"]
    ('lack of motivation to learn', 'sociālajam pedagogam')
    >>> own = {"factors": {"motivation": {"decimals": 1}}}
    >>> catalogue.extend(own).factors["motivation"].decimals
    1
    """

    factors: Mapping[str, RiskFactor]
    constructs: Mapping[str, Construct]
    groups: Mapping[str, RiskGroup]
    measures: Mapping[str, SupportMeasure]
    goals: Mapping[str, Goal]
    roles: Mapping[str, Role]
    partners: Mapping[str, Partner]
    base_rates: Mapping[str, BaseRate]
    signals: Mapping[str, Signal]
    work_limits: Mapping[str, WorkLimit]
    context_columns: Mapping[str, ContextColumn]
    protected: Mapping[str, ProtectedAttribute]
    programme: Programme

    def __init__(self, sources: Iterable[Source], n_shipped: int = 0, only: frozenset[str] | None = None) -> None:
        tables = Tables(tuple(sources), n_shipped)
        set_once = super().__setattr__
        set_once("_origin", (tables.sources, n_shipped, only))
        known = _checked(tables)
        kept = {name: factor for name, factor in known["factors"].items() if only is None or name in only}
        used = {factor.construct for factor in kept.values()}
        set_once("_all_factors", MappingProxyType(known["factors"]))
        known["factors"] = kept
        if only is not None:
            known["constructs"] = {name: one for name, one in known["constructs"].items() if name in used}
        known["context_columns"] = known.pop("context")
        semesters = known.pop("semesters")
        for name, entries in known.items():
            set_once(name, MappingProxyType(entries))
        programme: Programme = tables.single("programme")
        check_programme(programme, tables)
        set_once("programme", programme)
        set_once("_calendar_parts", (semesters, tables.single("calendar")))

    @classmethod
    def load(cls, *paths: str | Path, programme: str | Path = "pumpurs") -> Catalogue:
        """Load the shipped catalogue and the user's TOML files on top.

        Parameters
        ----------
        *paths : str or pathlib.Path
            TOML files with the same tables as the shipped ones (``[factors.x]``, ``[measures.x]``,
            ``[semesters."2028/2029-1"]`` and so on). An entry that exists already is completed:
            ``[factors.motivation]`` with one line changes that line.
        programme : str or pathlib.Path
            A shipped support programme, ``pumpurs`` or ``skola-kopiena``, or a TOML file with a table ``[programme]``.

        Returns
        -------
        Catalogue
            The whole catalogue, checked.

        Raises
        ------
        CatalogueError
            In one sentence: which file, line, entry and field, what is wrong and what was expected.
        """
        shipped = (*_shipped(), _programme(programme))
        return cls((*shipped, *(read_source(path) for path in paths)), len(shipped))

    def extend(self, *additions: str | Path | Mapping[str, Any] | msgspec.Struct) -> Catalogue:
        """Add to the catalogue, or override parts of it.

        Parameters
        ----------
        *additions : path, mapping or entry
            TOML files, mappings with the same tables, or entries such as `RiskFactor` and `SupportMeasure` with their
            ``id``.

        Returns
        -------
        Catalogue
            A new one. A subset stays a subset and gains the new factors.

        Raises
        ------
        CatalogueError
            As for `load`.
        """
        sources, n_shipped, only = self._parts
        new = [_as_source(addition) for addition in additions]
        if only is not None:
            named = {factor for source in new for factor in source.tables.get("factors", {})}
            only |= named - set(self._every_factor)
        return Catalogue((*sources, *new), n_shipped, only)

    def subset(self, ids: Iterable[str]) -> Catalogue:
        """Keep some factors and the constructs they belong to.

        Parameters
        ----------
        ids : iterable of str
            Factor ids; the catalogue's order is kept. Prior shares stay those of the whole catalogue: a model
            renormalises them over what is recorded.

        Returns
        -------
        Catalogue
            A new one.

        Raises
        ------
        CatalogueError
            If an id is not in this catalogue.
        """
        wanted = frozenset([ids] if isinstance(ids, str) else ids)
        for factor in sorted(wanted):
            if factor not in self.factors:
                raise CatalogueError(
                    "catalogue_factor_unknown", factor=factor, known=", ".join(nearest(factor, list(self.factors)))
                )
        sources, n_shipped, _ = self._parts
        return Catalogue(sources, n_shipped, wanted)

    @property
    def context(self) -> tuple[str, ...]:
        """Names of the factor table's context columns, in order; ``pupil_id`` stands before them."""
        return tuple(self.context_columns)

    def base_rate(self, name: str) -> BaseRate:
        """Give the published share of pupils that leave within one year.

        Parameters
        ----------
        name : str
            A level, such as ``"general-9"``, or a programme, such as ``"general"``.

        Returns
        -------
        BaseRate
            Shares ``low``, ``central`` and ``high``; of a programme the mean over its levels' pupils.

        Raises
        ------
        KeyError
            If there is no such level or programme.

        Examples
        --------
        >>> catalogue = Catalogue.load()
        >>> catalogue.base_rate("vocational-4").central < catalogue.base_rate("vocational").central
        True
        """
        if name in self.base_rates:
            return self.base_rates[name]
        levels = [rate for level, rate in self.base_rates.items() if level.startswith(f"{name}-")]
        if not levels:
            raise KeyError(f"no base rate for {name!r}; there are {', '.join(self.base_rates)} and their programmes")
        pupils = sum(rate.share_of_pupils for rate in levels)
        low, central, high = (
            sum(getattr(rate, which) * rate.share_of_pupils for rate in levels) / pupils
            for which in ("low", "central", "high")
        )
        return BaseRate(
            low=low, central=central, high=high, share_of_pupils=0.0, source="mean of the programme's levels"
        )

    @property
    def national_mean(self) -> float:
        """Share of all pupils that leave within one year: the central base rates, weighted by share of pupils."""
        return sum(rate.central * rate.share_of_pupils for rate in self.base_rates.values())

    @property
    def calendar(self) -> SchoolCalendar:
        """Semesters and school days; needs NumPy, so it is made when first asked for."""
        made = self.__dict__.get("_calendar")
        if made is None:
            from pumpurs_risk.catalogue.calendar import SchoolCalendar

            made = SchoolCalendar(*self.__dict__["_calendar_parts"])
            super().__setattr__("_calendar", made)
        return made

    def protected_attribute(self, label: str) -> str | None:
        """Which protected attribute a heading, name or id speaks of.

        Parameters
        ----------
        label : str
            Any text; compared word by word, case and accents aside.

        Returns
        -------
        str or None
            Id of the attribute, such as ``"sex"``; None if it speaks of none.

        Examples
        --------
        >>> catalogue = Catalogue.load()
        >>> catalogue.protected_attribute("Mācību valoda"), catalogue.protected_attribute("Vērtējums angļu valodā")
        ('language', None)
        """
        return self._recogniser.attribute(label)

    def to_frame(self, lang: str = "lv") -> pd.DataFrame:
        """Make a data frame with one row per factor: names, construct, prior share, unit, who can be asked, measures.

        Parameters
        ----------
        lang : {"lv", "en"}
            Language of names.

        Returns
        -------
        pandas.DataFrame
            In catalogue order; columns such as ``id``, ``name``, ``construct``, ``prior_share``, ``unit``, ``ask``.

        Examples
        --------
        >>> Catalogue.load().to_frame("en").set_index("id").loc["motivation", "name"]
        'lack of motivation to learn'
        """
        from pumpurs_risk.catalogue.printing import as_frame

        return as_frame(self, lang)

    def as_text(self, lang: str = "lv") -> str:
        """Write the factors as a table of plain text, grouped by risk group; ``str(catalogue)`` does it in English.

        Parameters
        ----------
        lang : {"lv", "en"}
            Language of names and headings.

        Returns
        -------
        str
            A title line, the headings, then each group with its factors.

        Examples
        --------
        >>> Catalogue.load().subset("motivation").as_text("en").splitlines()[-1][:39]
        'motivation  lack of motivation to learn'
        """
        from pumpurs_risk.catalogue.printing import as_text

        return as_text(self, lang)

    def __str__(self) -> str:
        return self.as_text("en")

    def __repr__(self) -> str:
        return f"<Catalogue: {len(self.factors)} factors, {len(self.measures)} measures>"

    def _repr_html_(self) -> str:
        from pumpurs_risk.catalogue.printing import as_html

        return as_html(self, "en")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Catalogue is immutable; extend() and subset() return a new one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Catalogue is immutable; extend() and subset() return a new one")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Catalogue, self._parts)

    @property
    def _parts(self) -> tuple[tuple[Source, ...], int, frozenset[str] | None]:
        return self.__dict__["_origin"]  # type: ignore[no-any-return]

    @property
    def _every_factor(self) -> Mapping[str, RiskFactor]:
        return self.__dict__["_all_factors"]  # type: ignore[no-any-return]

    @cached_property
    def _recogniser(self) -> Recogniser:
        return Recogniser(self.protected)  # cached_property writes to __dict__, past __setattr__


@cache
def _shipped() -> tuple[Source, ...]:
    return tuple(read_source(_HERE / name) for name in _SHIPPED)


def _programme(name: str | Path) -> Source:
    shipped = {path.stem: path for path in sorted((_HERE / "programmes").glob("*.toml"))}
    if str(name) in shipped:
        return read_source(shipped[str(name)])
    if not str(name).endswith(".toml"):
        raise CatalogueError("catalogue_programme_unknown", programme=str(name), known=", ".join(shipped))
    return read_source(name)


def _as_source(addition: str | Path | Mapping[str, Any] | msgspec.Struct) -> Source:
    if isinstance(addition, str | Path):
        return read_source(addition)
    if isinstance(addition, Mapping):
        return Source("Catalogue.extend()", dict(addition))
    return source_of(addition)


def _checked(tables: Tables) -> dict[str, dict[str, Any]]:
    """Convert and check all tables."""
    known: dict[str, dict[str, Any]] = {"work_limits": tables.entries("work_limits")}
    for raw in tables.merged["signals"].values():
        limit = known["work_limits"].get(str(raw.get("work_limit", "")))
        if limit is not None:
            raw.setdefault("above", limit.work_hours)
    known |= {table: tables.entries(table) for table in ENTRY_TYPES if table not in known}
    factors = known["factors"]
    check_factors(factors, known["constructs"], known, Recogniser(known["protected"]), tables)
    check_changes(factors, known["constructs"], known, tables)
    check_rest(known, tables)
    for measure in known["measures"].values():
        pointing = (name for name, factor in factors.items() if measure.id in factor.measures)
        answers = tuple(dict.fromkeys((*measure.answers, *pointing)))
        known["measures"][measure.id] = msgspec.structs.replace(measure, answers=answers)
    return known

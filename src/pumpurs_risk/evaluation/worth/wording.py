"""Says in words what data and places are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pumpurs_risk.evaluation.worth.places import MOST_PLACES
from pumpurs_risk.locale import number, percent, text

if TYPE_CHECKING:
    from pumpurs_risk.catalogue import Catalogue


def data_sentences(table: pd.DataFrame, lang: str = "lv", *, catalogue: Catalogue | None = None) -> list[str]:
    """Say what each datum adds.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``value_of_data``.
    lang : {"lv", "en"}
    catalogue : Catalogue, optional
        For the factors' names; the shipped one by default.

    Returns
    -------
    list of str
    """
    from pumpurs_risk.catalogue import Catalogue

    catalogue = catalogue or Catalogue.load()
    if not len(table):
        return [text("worth.data.sensitive_none", lang)]
    return [
        text(
            f"worth.data.{row['verdict']}",
            lang,
            what=_name(str(row["what"]), lang, catalogue),
            gain=_of_100(row["gain"], lang),
            lower=_of_100(row["lower"], lang),
            upper=_of_100(row["upper"], lang),
            recorded=percent(row["recorded"], lang, 0),
            leavers=number(row["leavers"], lang),
        )
        for row in table.to_dict("records")
    ]


def place_sentences(table: pd.DataFrame, lang: str = "lv") -> list[str]:
    """Say what more places find, and what better data find.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``one_more_place``.
    lang : {"lv", "en"}

    Returns
    -------
    list of str
    """
    said = []
    for row in table.to_dict("records"):
        said.append(
            text(
                f"worth.places.{row['what']}",
                lang,
                count=row["more"],
                more=number(row["more"], lang),
                places=number(row["places"], lang),
                recall=percent(row["recall"], lang, 0),
                gain=_of_100(row["gain"], lang),
                lower=_of_100(row["lower"], lang),
                upper=_of_100(row["upper"], lang),
            )
        )
        if row["what"] == "better_model":
            said.append(_same(row["same_as_places"], lang))
    return said


def _same(places: float, lang: str) -> str:
    if places != places:
        return text("worth.places.same_as_many", lang, most=MOST_PLACES)
    if places == 0:
        return text("worth.places.same_as_none", lang)
    return text("worth.places.same_as", lang, same=number(places, lang, 1))


def _of_100(share: float, lang: str) -> str:
    return number(100 * share, lang, 1)


def _name(what: str, lang: str, catalogue: Catalogue) -> str:
    entry: Any = catalogue.factors.get(what) or catalogue.constructs.get(what)
    if entry is None:
        return what
    name: str = entry.name[lang]
    return name[:1].upper() + name[1:]

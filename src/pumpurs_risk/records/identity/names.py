"""Brings names, births and ids, as people write them, to forms that can be compared."""

from __future__ import annotations

import re
import unicodedata

from pumpurs_risk.records.identity.personal_codes import CODE

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_HYPHEN = re.compile(r"\s*[-\u2010-\u2014\u2212]\s*")
_COMMA = re.compile(r"\s*,\s*")


def plain_name(name: str) -> str:
    """Bring a name (or a class) to the form in which names are compared.

    Parameters
    ----------
    name : str
        As written.

    Returns
    -------
    str
        Composed letters, lower case, single spaces, one kind of hyphen and apostrophe. The order of first name and
        surname stays.

    Examples
    --------
    >>> plain_name("BĒRZIŅŠ ,  Jānis"), plain_name("Anna Kalniņa \u2013 Liepa")
    ('bērziņš, jānis', 'anna kalniņa-liepa')
    """
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    composed = _HYPHEN.sub("-", _INVISIBLE.sub("", composed)).replace("\u2019", "'")
    return " ".join(_COMMA.sub(", ", composed).split()).strip(" ,")


def plain_id(own_id: str) -> str:
    """Bring an id to the form in which ids are compared.

    Parameters
    ----------
    own_id : str
        As written.

    Returns
    -------
    str
        Without stray spaces; capitals count, because "aB3" and "ab3" may be two pupils. A personal code loses its dash.

    Examples
    --------
    >>> plain_id(" A 17 "), plain_id("321234-56789")
    ('A 17', '32123456789')
    """
    plain = " ".join(unicodedata.normalize("NFC", own_id).split())
    return re.sub("[^0-9]", "", plain) if re.fullmatch(CODE, plain) else plain


def plain_birth(birth: str) -> str:
    """Bring a date or year of birth to one form.

    Parameters
    ----------
    birth : str
        Such as 2010-05-03, 03.05.2010. or 2010.

    Returns
    -------
    str
        2010-05-03 or 2010; "" if it is neither.

    Examples
    --------
    >>> plain_birth("3.05.2010."), plain_birth("2010"), plain_birth("?")
    ('2010-05-03', '2010', '')
    """
    birth = birth.strip()
    if found := re.match(r"([12][0-9]{3}-[0-9]{2}-[0-9]{2})(?![0-9])", birth):
        return found[1]
    if found := re.fullmatch(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([12][0-9]{3})\.?", birth):
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    return birth if re.fullmatch("[12][0-9]{3}", birth) else ""

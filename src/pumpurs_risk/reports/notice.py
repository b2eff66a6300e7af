"""The general notice for the school's site: that there is such a list, why, and what everyone may ask for."""

from __future__ import annotations

import datetime as dt

from pumpurs_risk.locale import check_language, date_text, has_text, text
from pumpurs_risk.reports.family import environment, printable

SECTIONS = ("why", "data", "how", "who", "not", "keep", "rights", "contact")
"""In reading order."""


def notice(
    school: str,
    lang: str = "lv",
    *,
    name: str = "",
    phone: str = "",
    email: str = "",
    date: dt.date | None = None,
) -> tuple[str, str]:
    """Write the notice that tells pupils and parents of the list before the first one is made.

    Parameters
    ----------
    school : str
        The school's title.
    lang : {"lv", "en"}
        Language.
    name, phone, email : str
        Who answers for the data; empty ones are lines to fill in by hand.
    date : datetime.date, optional
        Day of the notice.

    Returns
    -------
    html, txt : str
        A whole page (one sheet of A4, no script, nothing from elsewhere), and the same as plain text for a site or an e-mail.

    Examples
    --------
    >>> html, txt = notice("Oak School", "en", name="A. Oak")
    >>> txt.splitlines()[0], "Name: A. Oak" in txt, "No decision is automatic." in html
    ('How the school notices in good time who needs support', True, True)
    """
    check_language(lang)
    title = text("notice.title", lang)
    lead = text("notice.lead", lang, school=printable(school))
    sections = [(text(f"notice.{section}.title", lang), _lines(section, lang)) for section in SECTIONS]
    stated = {"name": name, "phone": phone, "email": email}
    contact = [(text(f"notice.{what}", lang), printable(said)) for what, said in stated.items()]
    day = text("notice.date", lang, date=date_text(date, lang)) if date else ""
    html = (
        environment()
        .get_template("notice.html.j2")
        .render(lang=lang, title=title, lead=lead, sections=sections, contact=contact, date=day)
    )
    parts = [title, lead, ""]
    for heading, lines in sections:
        parts += [heading.upper(), *lines, ""]
    parts[-1:] = [*(f"{label}: {said or '_' * 30}" for label, said in contact), ""]
    return html, "\n".join([*parts, *([day, ""] if day else [])])


def _lines(section: str, lang: str) -> list[str]:
    lines: list[str] = []
    while has_text(f"notice.{section}.{len(lines) + 1}", lang):
        lines.append(text(f"notice.{section}.{len(lines) + 1}", lang))
    return lines

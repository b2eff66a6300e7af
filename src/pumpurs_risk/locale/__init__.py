"""Words and numbers in the reader's language: one TOML per room and language, number forms by CLDR category.

A sentence with a count is a table of forms named by CLDR plural category; Latvian here has ``zero``, ``one`` and ``other``
(``zero`` falls back to ``other``, because "10 stundas" is right too and lets participles agree). A language with more forms
adds entries, not code.
"""

from pumpurs_risk.locale.numbers import date_text, number, percent, plural_category, sort_key
from pumpurs_risk.locale.texts import LANGUAGES, check_language, form, has_text, text

__all__ = [
    "LANGUAGES",
    "check_language",
    "date_text",
    "form",
    "has_text",
    "number",
    "percent",
    "plural_category",
    "sort_key",
    "text",
]

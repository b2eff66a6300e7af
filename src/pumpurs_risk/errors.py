"""The errors this library raises: each says what is wrong, where, what was expected and how to mend it.

The words live in the locale files (``errors.toml``), so that the same error speaks Latvian to a school and English to a
developer. An error carries a stable ``code`` and typed ``params``; its text is made from them.
"""

from __future__ import annotations

from typing import Any


class PumpursError(Exception):
    """Anything the library refuses, with a code, its parameters and a sentence.

    Parameters
    ----------
    code : str
        Key in ``locale/<lang>/errors.toml``, stable between releases.
    **params
        Values for the placeholders of the sentence. Never a pupil's name or identifier.

    Examples
    --------
    >>> from pumpurs_risk.errors import RecordsError
    >>> str(RecordsError("folder_missing", path="or.xlsx"))
    'There is no file or folder "or.xlsx". Check the spelling, or give the full path.'
    """

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def message(self, lang: str = "en") -> str:
        """Say the error in a language.

        Parameters
        ----------
        lang : {"lv", "en"}
            The reader's language.

        Returns
        -------
        str
            One or two sentences: what is wrong, where, and how to mend it.
        """
        from pumpurs_risk.locale import text  # a leaf on the same level; imported here because it raises these errors

        return text(f"errors.{self.code}", lang, **self.params)

    def __str__(self) -> str:
        return self.message("en")

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.code, self.params))


def _rebuild(kind: type[PumpursError], code: str, params: dict[str, Any]) -> PumpursError:
    return kind(code, **params)


class RecordsError(PumpursError):
    """School records that cannot be read at all (a file, a folder, a workbook, a missing key column)."""


class MappingError(PumpursError):
    """A mapping file that cannot be followed; names the line of the TOML."""


class CatalogueError(PumpursError):
    """A catalogue entry that cannot be used; names the file and the entry."""


class ModelFileError(PumpursError):
    """A model file that is damaged, altered, too large, or of a newer version."""


class RunError(PumpursError):
    """A run that cannot be made or opened (folder exists, disk full, nothing to score)."""

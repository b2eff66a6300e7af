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


class PlanError(PumpursError):
    """A support plan, or its template, that cannot be drafted, read or written.

    Examples
    --------
    >>> from pumpurs_risk.plans import plan_from_json
    >>> plan_from_json(b"{", "IAP_9.a_07.json")
    Traceback (most recent call last):
    pumpurs_risk.errors.PlanError: ...
    """


class TrainingError(PumpursError, ValueError):
    """Data from which nothing can be learned, or a summary that may not be shared.

    Also a ValueError, as scikit-learn's tools expect of `fit`.

    Examples
    --------
    >>> raise TrainingError("training_no_outcome", rows=12)
    Traceback (most recent call last):
    pumpurs_risk.errors.TrainingError: None of the 12 rows has a known outcome, so there is nothing to learn from. ...
    """


class EvaluationError(PumpursError, ValueError):
    """A comparison that would not be honest (days that overlap), or that cannot be made.

    Examples
    --------
    >>> from pumpurs_risk import evaluate, load_model
    >>> evaluate(load_model("literature-prior"), ({"absence_share": []}, [], [], []))
    Traceback (most recent call last):
    pumpurs_risk.errors.EvaluationError: ...
    """


class TrainingWarning(UserWarning):
    """Something about a training that a person should know before using its result."""


class PriorConflictWarning(TrainingWarning):
    """The data contradict the prior: published evidence, or the model that was handed in."""


class DirectionWarning(TrainingWarning):
    """The data contradict a declared direction; the factor was fitted without it."""


class LeakWarning(TrainingWarning):
    """A factor that alone tells leavers from stayers almost without error: hardly known on the day of the list."""


class ProtectedAttributeWarning(TrainingWarning):
    """A protected attribute was handed in: left out, or used because the table holds no factor of the catalogue."""

"""Finds the data that ships with the library, the same way from a wheel, an sdist, an editable install or a checkout.

``data_schema/`` and ``models/`` are real folders at the top of the repository. A wheel carries them inside the package; an
editable install and a checkout have them beside ``src/``.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE, _PACKAGE.parent.parent)


def resource(*parts: str) -> Path:
    """Path of a shipped file or folder.

    Parameters
    ----------
    *parts : str
        Path below the top of the repository, such as ``"models", "literature-prior", "model.json"``.

    Returns
    -------
    pathlib.Path
        An existing file or folder.

    Raises
    ------
    FileNotFoundError
        If the installation lacks it; the message names both places that were tried.

    Examples
    --------
    >>> resource("data_schema").is_dir()
    True
    """
    candidates = [place.joinpath(*parts) for place in _PLACES]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    tried = " and ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(
        f"pumpurs_risk ships {'/'.join(parts)}, but it is neither at {tried}. Install the package again."
    )

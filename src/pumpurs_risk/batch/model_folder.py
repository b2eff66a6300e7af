"""A model's folder: never overwritten, made whole or not at all; what people wrote into its card.toml goes on with it."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pumpurs_risk.errors import ModelFileError, RunError
from pumpurs_risk.locale import text
from pumpurs_risk.model.store import digest_of
from pumpurs_risk.reports.model_facts import SHOWN_DIGITS, OwnerCard
from pumpurs_risk.resources import resource

MODEL, CARD = "model.json", "card.toml"
_VERSION = re.compile(r"^approved_version\s*=.*$", re.MULTILINE)


@dataclass(frozen=True)
class EarlierVersion:
    """The newest earlier version of a model: its folder, its digest, and its card as people left it."""

    folder: Path
    digest: str
    card: str


def next_version(wanted: Path) -> tuple[Path, EarlierVersion | None]:
    """Find the first free name for a model, and the version that it follows.

    Parameters
    ----------
    wanted : Path
        ``models/NAME``.

    Returns
    -------
    folder : Path
        ``models/NAME``, or ``models/NAME-2`` and so on, where there is nothing yet.
    earlier : EarlierVersion or None
        The last of those that are there and hold a model.

    Raises
    ------
    RunError
        If the earlier version's card cannot be read: what people wrote would be lost silently.
    """
    folder, earlier, n = wanted, None, 1
    while folder.exists() or folder.is_symlink():
        earlier = _version_in(folder) or earlier
        n += 1
        folder = wanted.with_name(f"{wanted.name}-{n}")
    return folder, earlier


def new_card(digest: str, lang: str) -> str:
    """Write an empty card.toml, with words that say how to fill it in."""
    return text("model_card.toml", lang, version=digest[:SHOWN_DIGITS])


def carried_card(earlier: EarlierVersion, digest: str) -> str:
    """Carry an earlier card over as it was; an approval that names no version is of that earlier version, and says so now.

    Parameters
    ----------
    earlier : EarlierVersion
        With its card.
    digest : str
        Of the new version.

    Returns
    -------
    str
        The text of the new card.toml.
    """
    card = read_card(earlier.card, earlier.folder / CARD)
    old, new = earlier.digest[:SHOWN_DIGITS], digest[:SHOWN_DIGITS]
    if card.approved_version:
        return earlier.card
    if not card.approved_by:  # the line's own comment says which version is meant by "this one"
        return _VERSION.sub(lambda line: line[0].replace(old, new), earlier.card, count=1)
    stated = f'approved_version = "{old}"'
    if _VERSION.search(earlier.card):
        return _VERSION.sub(stated, earlier.card, count=1)
    return f"{stated}\n{earlier.card}"


def read_card(written: str, path: Path) -> OwnerCard:
    """Read a card.toml.

    Raises
    ------
    RunError
        If it is no TOML, or says what a card cannot say.
    """
    try:
        stated = tomllib.loads(written)
        # a date of TOML is as good as one in quotes
        plain = {key: value.isoformat() if isinstance(value, dt.date) else value for key, value in stated.items()}
        return msgspec.convert(plain, OwnerCard)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RunError("card_syntax", path=str(path), detail=str(error)) from None


def digest_in(model: str | Path) -> str:
    """Digest of a model's file, by its path, its folder or the name of a shipped one; empty where there is no such file."""
    path = Path(model)
    if path.is_dir():
        path /= MODEL
    if not path.is_file():
        try:
            path = resource("models", str(model), MODEL)
        except FileNotFoundError:
            return ""
    return digest_of(path.read_bytes())


def _version_in(folder: Path) -> EarlierVersion | None:
    """Read the version that lies in a folder; None if it holds no model."""
    try:
        digest = digest_of((folder / MODEL).read_bytes())
    except (OSError, ModelFileError):
        return None
    path = folder / CARD
    try:
        card = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RunError("card_syntax", path=str(path), detail=str(error)) from None
    if card:
        read_card(card, path)
    return EarlierVersion(folder, digest, card)

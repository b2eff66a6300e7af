"""Shows a whole model as a page, and makes its cards anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pumpurs_risk.batch.model_folder import MODEL, digest_in
from pumpurs_risk.errors import RunError
from pumpurs_risk.locale import text
from pumpurs_risk.model import load_model


def explain_model_file(
    model: str | Path, *, out: Path | None = None, catalogue: Sequence[Path] = (), lang: str = "lv", cards: bool = False
) -> tuple[Path, tuple[Path, Path] | None]:
    """Write the page that shows a whole model; with `cards` also its card and technical documentation anew.

    Returns
    -------
    page : Path
    cards : tuple of Path, or None

    Raises
    ------
    ModelFileError, RunError
        If the model cannot be read, or the page exists.
    """
    from pumpurs_risk.batch.model_papers import rewrite_cards
    from pumpurs_risk.catalogue import Catalogue
    from pumpurs_risk.reports.explain_model_page import explain_model_page

    known = Catalogue.load(*catalogue)
    loaded = load_model(model)
    written = rewrite_cards(Path(model), known, lang) if cards else None
    page = new_page(out, f"{text('cli.explain_file', lang)}_{_short_name(model)}")
    explain_model_page(loaded, known, lang, digest=digest_in(model)).save(page)
    return page, written


def new_page(out: Path | None, usual: str) -> Path:
    """Where a page is to lie: as asked, refused if it is there; else the usual name, with a number if need be.

    Raises
    ------
    RunError
        If `out` exists.
    """
    if out is not None:
        if out.exists():
            raise RunError("file_exists", path=str(out))
        return out
    page, n = Path(f"{usual}.html"), 1
    while page.exists() or page.with_suffix(".json").exists():
        n += 1
        page = Path(f"{usual}_{n}.html")
    return page


def _short_name(model: str | Path) -> str:
    """Name of a model by what was typed: the folder's, not that of the file in it."""
    path = Path(model)
    return path.resolve().parent.name if path.name == MODEL else path.stem

"""What all tests share: hypothesis profiles, and a rule for tests that need a program or data."""

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True)
settings.register_profile(
    "ci", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def needs_program():
    """Skip with a reason where a program is absent; fail where the environment promises it (PUMPURS_NEEDS)."""

    def need(name: str) -> str:
        found = shutil.which(name)
        if found:
            return found
        if name in os.environ.get("PUMPURS_NEEDS", "").split(","):
            pytest.fail(f"{name} should be here but is not")
        pytest.skip(f"{name} is not installed")

    return need


@pytest.fixture
def shared_data():
    """Folder of the real data sets: PUMPURS_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("PUMPURS_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder}; set PUMPURS_DATA to their folder")
    return folder


def write_into(path: Path, cells: Mapping[tuple[str, str], str]) -> None:
    """Type texts into cells: (sheet name, "I7") to text. An empty text clears the cell."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheets = re.findall(r'<sheet name="([^"]*)"', parts["xl/workbook.xml"].decode())
    for (sheet, cell), typed in cells.items():
        part = f"xl/worksheets/sheet{sheets.index(sheet) + 1}.xml"
        xml = parts[part].decode()
        found = re.search(rf'<c r="{cell}"( s="\d+")?[^>]*?(/>|>.*?</c>)', xml)
        assert found, f"{sheet}!{cell} is not there to type into"
        text = f'<c r="{cell}"{found[1] or ""} t="inlineStr"><is><t>{escape(typed)}</t></is></c>' if typed else ""
        parts[part] = (xml[: found.start()] + text + xml[found.end() :]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.fixture
def type_into() -> Callable[[Path, Mapping[tuple[str, str], str]], None]:
    """Type into a workbook as a person would, by changing its XML."""
    return write_into

"""The shipped data is found the same way from wheel, sdist, editable install and checkout; importing costs nothing."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="needs the checkout")

WHERE = """
import pumpurs_risk as pr
from pumpurs_risk.resources import resource
print(pr.__file__)
print(resource("data_schema", "factor_sheet.json"))
print(resource("models", "literature-prior", "MODEL_CARD.md"))
print(len(pr.load_model("literature-prior").features), len(pr.Catalogue.load().factors))
"""


def build(target: str, source: Path, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(out.iterdir())


def told(*path: Path, code: str = WHERE, setup: str = "") -> list[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(
        [sys.executable, "-c", setup + code], cwd="/", env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def check(lines: list[str], code_in: Path, data_in: Path) -> None:
    assert Path(lines[0]).resolve().is_relative_to(code_in.resolve())
    assert all(Path(line).resolve().is_relative_to(data_in.resolve()) for line in lines[1:3])
    assert [int(n) > 40 for n in lines[3].split()] == [True, True]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    archive = build("sdist", ROOT, folder)
    with tarfile.open(archive) as handle:
        handle.extractall(folder, filter="data")
    return next(p for p in folder.iterdir() if p.is_dir())


def unpacked(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as handle:
        handle.extractall(folder)
    return folder


def test_a_wheel_carries_its_data_inside_the_package(tmp_path):
    site = unpacked(build("wheel", ROOT, tmp_path / "dist"), tmp_path / "site")
    check(told(site), site, site / "pumpurs_risk")
    assert (site / "pumpurs_risk" / "py.typed").is_file()
    for lang in ("lv", "en"):
        assert (site / "pumpurs_risk" / "reports" / "templates" / f"plan_{lang}.docx").is_file()


def test_a_wheel_built_from_the_sdist_is_as_complete(sdist, tmp_path):
    site = unpacked(build("wheel", sdist, tmp_path / "dist"), tmp_path / "site")
    check(told(site), site, site / "pumpurs_risk")


def test_an_unpacked_sdist_runs_as_a_checkout(sdist):
    check(told(sdist / "src"), sdist / "src", sdist)


def test_a_checkout_finds_its_data_beside_src():
    check(told(ROOT / "src"), ROOT / "src", ROOT)


def test_an_editable_install_finds_its_data_in_the_checkout(tmp_path):
    site = unpacked(build("wheel:editable", ROOT, tmp_path / "dist"), tmp_path / "site")
    setup = f"import site, sys; sys.path[:] = [p for p in sys.path if not p.endswith('src')]; site.addsitedir({str(site)!r})\n"
    check(told(setup=setup), ROOT / "src", ROOT)


def test_importing_loads_nothing_heavy():
    heavy = {"numpy", "pandas", "shap", "sklearn", "matplotlib", "narwhals", "duckdb", "pyarrow", "scipy", "xlsxwriter"}
    code = f"import sys, pumpurs_risk; print(sorted({heavy!r} & set(sys.modules)))"
    assert told(ROOT / "src", code=code) == ["[]"]


def test_scoring_loads_neither_shap_nor_scikit_learn():
    code = (
        "import sys, pumpurs_risk as pr\n"
        "pr.score(pr.make_cohort(n_pupils=100, random_state=0))\n"
        "print(sorted({'shap', 'sklearn', 'matplotlib', 'numba'} & set(sys.modules)))"
    )
    assert told(ROOT / "src", code=code)[-1] == "[]"


def test_every_public_name_is_there():
    code = "import pumpurs_risk as pr; print([n for n in pr.__all__ if getattr(pr, n, None) is None])"
    assert told(ROOT / "src", code=code) == ["[]"]
    assert told(ROOT / "src", code="import pumpurs_risk as pr; print(set(pr.__all__) <= set(dir(pr)))") == ["True"]


def test_a_name_that_is_not_there_says_so():
    import pumpurs_risk

    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        _ = pumpurs_risk.predict


def test_constraints_pin_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    }
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {a.split(">=")[0].strip().lower() for a in asked}
    assert names <= pinned

"""The notebooks run from top to bottom, say nothing on the error channel, and stand in the repository without results."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_PER_CELL = 300  # a limit for what hangs, not a budget


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.filterwarnings("default")  # starting a kernel warns; what the notebook itself says is looked at
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_warns_of_nothing(path, tmp_path, monkeypatch):
    import matplotlib.font_manager  # noqa: F401  # says on the error channel that it looks for fonts, the first time
    import nbclient
    import nbformat

    monkeypatch.setenv("PUMPURS_LANG", "en")
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=SECONDS_PER_CELL, kernel_name="python3", resources=place).execute()
    outputs = [output for cell in code_cells(notebook) for output in cell["outputs"]]
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    assert list(tmp_path.iterdir()) == []  # whatever it writes goes to temporary folders


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_results(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert [cell["outputs"] for cell in code_cells(notebook) if cell["outputs"]] == []
    assert {cell["execution_count"] for cell in code_cells(notebook)} == {None}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_every_notebook_is_told_of_in_the_folder_s_readme():
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if path.name not in told] == []
    assert len(NOTEBOOKS) == 7

import errno
import subprocess
import sys

import pytest

from pumpurs_risk.batch.folder import free_name, new_folder, partial_of
from pumpurs_risk.errors import RunError


def test_a_run_appears_whole_under_its_name(tmp_path):
    run = tmp_path / "run"
    with new_folder(run) as folder:
        (folder / "a.txt").write_text("a")
        assert not run.exists()
    assert [p.name for p in run.iterdir()] == ["a.txt"]
    assert not partial_of(run).exists()


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), MemoryError()])
def test_a_failure_leaves_nothing(tmp_path, error):
    with pytest.raises(type(error)), new_folder(tmp_path / "run") as folder:
        (folder / "a.txt").write_text("a")
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "disk_full"), (errno.EROFS, "read_only"), (errno.EACCES, "read_only"), (errno.EIO, "cannot_write")],
)
def test_what_the_disk_refuses_becomes_one_sentence(tmp_path, number, code):
    with pytest.raises(RunError) as raised, new_folder(tmp_path / "run"):
        raise OSError(number, "no")
    assert raised.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_an_existing_run_is_never_touched(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "mine.txt").write_text("mine")
    with pytest.raises(RunError) as raised, new_folder(run):
        pass
    assert raised.value.code == "run_exists"
    assert (run / "mine.txt").read_text() == "mine"


def test_what_a_crash_left_behind_is_cleared_away(tmp_path):
    run = tmp_path / "run"
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom pumpurs_risk.batch.folder import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as folder:\n    (folder / 'half.txt').write_text('half')\n    os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(run)], check=False)
    assert (partial_of(run) / "half.txt").exists()
    assert not run.exists()
    with new_folder(run) as folder:
        assert [p.name for p in folder.iterdir()] == [".lock"]
    assert list(run.iterdir()) == []


def test_a_run_that_is_being_made_is_left_alone(tmp_path):
    run = tmp_path / "run"
    code = (
        "import sys\nfrom pathlib import Path\nfrom pumpurs_risk.batch.folder import new_folder\n"
        "with new_folder(Path(sys.argv[1])):\n    print('ready', flush=True)\n    sys.stdin.readline()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline().strip() == "ready"
        assert free_name(run).name == "run_2"
        with pytest.raises(RunError) as raised, new_folder(run):
            pass
        assert raised.value.code == "run_in_use"
        assert partial_of(run).exists()
    finally:
        other.communicate("\n")
    assert run.is_dir()


def test_default_names_count_up(tmp_path):
    assert free_name(tmp_path / "a").name == "a"
    (tmp_path / "a").mkdir()
    assert free_name(tmp_path / "a").name == "a_2"
    (tmp_path / "a_2").mkdir()
    assert free_name(tmp_path / "a").name == "a_3"


def test_a_folder_that_was_not_made_here_is_never_cleared_away(tmp_path):
    theirs = partial_of(tmp_path / "run")
    theirs.mkdir()
    (theirs / "thesis.docx").write_text("mine")
    with pytest.raises(RunError) as raised, new_folder(tmp_path / "run"):
        pass
    assert raised.value.code == "partial_not_ours"
    assert (theirs / "thesis.docx").read_text() == "mine"

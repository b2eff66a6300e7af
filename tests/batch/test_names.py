import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.names import names_from, names_table, refuse_inside_run, without_names
from pumpurs_risk.errors import RunError
from pumpurs_risk.records import read_records
from pumpurs_risk.records.identity.key_file import KeyFile


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of pupils who are known by name alone, its key, and another key."""
    home = tmp_path_factory.mktemp("home")
    rows = "\n".join(f"Anna {last};9.a;480;{30 + i};6,5" for i, last in enumerate(["Kalniņa", "Ozola", "Liepa"]))
    heading = "Vārds, uzvārds;Klase;Notikušās stundas;Kavētās stundas;Vidējais vērtējums"
    (home / "liepas.csv").write_text(f"{heading}\n{rows}\n", encoding="utf-8-sig")
    records = read_records(home / "liepas.csv", key=home / "pumpurs.key.json", as_of="2027-01-15")
    run = pr.score(records, as_of="2027-01-15", out=home / "run", lists_only=True)
    KeyFile.create(home / "other.key.json")
    return run, home


def test_the_key_of_a_run_gives_its_pupils_names(made):
    run, home = made
    names = names_from(home / "pumpurs.key.json", run.manifest)
    assert sorted(names.values()) == ["Anna Kalniņa", "Anna Liepa", "Anna Ozola"]
    assert set(names) == set(run.flags["pupil_id"])
    assert set(names_table(home / "pumpurs.key.json", run.manifest)["pupil_id"]) == set(names)


def test_another_runs_key_is_refused_and_both_fingerprints_are_named(made):
    run, home = made
    with pytest.raises(RunError) as raised:
        names_from(home / "other.key.json", run.manifest)
    assert raised.value.code == "key_wrong"
    assert run.manifest.key_fingerprint in str(raised.value)


def test_a_run_without_a_key_has_no_names_to_join(made, tmp_path):
    _, home = made
    sheet = pd.DataFrame({"pupil_id": ["a", "b"], "class_id": ["9.a", "9.a"], "mean_mark": [4.0, 8.0]})
    run = pr.score(
        pr.SchoolRecords.from_tables(sheet, as_of="2027-01-15"),
        as_of="2027-01-15",
        out=tmp_path / "run",
        lists_only=True,
    )
    with pytest.raises(RunError) as raised:
        names_from(home / "pumpurs.key.json", run.manifest)
    assert raised.value.code == "key_not_used"


def test_a_pupil_without_a_name_is_known_by_the_schools_own_id(tmp_path):
    key = KeyFile.create(tmp_path / "key.json")
    key.remember_names(["a:1", "a:2"], "a", ["Anna Ozola", ""], ["1", "2"])
    key.save()
    assert names_from(key.path) == {"a:1": "Anna Ozola", "a:2": "2"}


@pytest.mark.parametrize("inside", ["", "papers", "schools/a/names"])
def test_names_never_go_into_a_run(made, inside):
    run, _ = made
    with pytest.raises(RunError) as raised:
        refuse_inside_run(run.path / inside)
    assert raised.value.code == "names_inside_run"


def test_names_never_go_into_a_run_that_is_being_made(tmp_path):
    (tmp_path / "run.partial").mkdir()
    with pytest.raises(RunError):
        refuse_inside_run(tmp_path / "run.partial" / "papers")
    assert refuse_inside_run(tmp_path / "papers") == tmp_path / "papers"


def test_without_names_only_own_ids_are_left():
    names = pd.DataFrame(
        {"pupil_id": ["a:1"], "school_id": ["a"], "name": ["Anna"], "birth": ["2011"], "own_id": ["1"]}
    )
    assert without_names(names).iloc[0].tolist() == ["a:1", "a", "", "", "1"]
    assert names["name"].tolist() == ["Anna"]

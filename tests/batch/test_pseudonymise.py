import pytest

from pumpurs_risk.batch.pseudonymise import pseudonymise_file
from pumpurs_risk.errors import RecordsError


def test_names_in_two_columns_go_to_the_key_file(tmp_path):
    data, out, key = tmp_path / "q.csv", tmp_path / "o.csv", tmp_path / "k.key.json"
    data.write_text("Identifikators;Vārds;Uzvārds;Piezīmes\n007;Anna;Ozola;=cmd|x\n", encoding="utf-8")
    done = pseudonymise_file(data, out, key)
    written = out.read_text(encoding="utf-8-sig")
    assert "Ozola" not in written
    assert "Anna" not in written
    assert "007" not in written
    assert "'=cmd" in written
    assert "Ozola" in key.read_text(encoding="utf-8")
    assert done.copied == ("Piezīmes",)


def test_a_refusal_leaves_neither_file_nor_key(tmp_path):
    data = tmp_path / "q.csv"
    data.write_text("Klase;Kavētās stundas\n9.a;3\n", encoding="utf-8")
    with pytest.raises(RecordsError):
        pseudonymise_file(data, tmp_path / "o.csv", tmp_path / "k.key.json")
    assert [p.name for p in tmp_path.iterdir()] == ["q.csv"]


def test_the_same_key_gives_the_same_pseudonyms(tmp_path):
    data, key = tmp_path / "q.csv", tmp_path / "k.key.json"
    data.write_text("Identifikators;Klase\n007;9.a\n008;9.a\n", encoding="utf-8")
    first = pseudonymise_file(data, tmp_path / "a.csv", key)
    second = pseudonymise_file(data, tmp_path / "b.csv", key)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert first.fingerprint == second.fingerprint

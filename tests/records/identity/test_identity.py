"""Names become ids that last, and lie in one file that nobody else can read."""

import hmac
import json
import os
import stat

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.identity import key_file as identity
from pumpurs_risk.records.identity import key_storage
from pumpurs_risk.records.identity.key_file import KeyFile, plain_name


@pytest.fixture
def key(tmp_path):
    return KeyFile.create(tmp_path / "pumpurs.key.json")


def reopened(key):
    key.save()
    return KeyFile.open(key.path)


def code_of(call, *arguments):
    with pytest.raises(RecordsError) as caught:
        call(*arguments)
    assert caught.value.message("lv")
    assert caught.value.message("en")
    return caught.value.code


def test_the_file_is_its_owners_alone_and_says_what_it_holds(key):
    key.names_to_ids(["Jānis  Bērziņš"], "tuk2", ["2010"])
    key.save()
    stored = json.loads(key.path.read_text(encoding="utf-8"))
    assert set(stored) == {"schema_version", "secret", "names"}
    assert len(bytes.fromhex(stored["secret"])) == 32
    assert stored["names"][0]["name"] == "Jānis Bērziņš"
    assert os.name == "nt" or stat.S_IMODE(key.path.stat().st_mode) == 0o600
    assert list(key.path.parent.iterdir()) == [key.path]


def test_the_secret_is_in_no_text_about_the_key(key):
    secret = json.loads(key.path.read_text(encoding="utf-8"))["secret"]
    assert secret[:12] not in repr(key) + key.fingerprint
    assert len(key.fingerprint) == 12
    assert KeyFile.open(key.path).fingerprint == key.fingerprint


def test_two_keys_give_different_ids_and_one_key_the_same(tmp_path, key):
    other = KeyFile.create(tmp_path / "other.key.json")
    assert key.pseudonym(["1"], "a")[0] == KeyFile.open(key.path).pseudonym(["1"], "a")[0]
    assert key.pseudonym(["1"], "a")[0] != other.pseudonym(["1"], "a")[0]


def test_a_pseudonym_is_short_readable_and_of_its_scope(key):
    ids = key.pseudonym(pa.array(["007", " 007 ", "7", "", None, "aB", "ab"]), "tuk2")
    assert pd.Series(ids).str.fullmatch("P-[0-9A-HJKMNP-TV-Z]{12}|").all()
    assert ids[0] == ids[1]
    assert len({*ids}) == 5
    assert list(ids[3:5]) == ["", ""]
    assert key.pseudonym(["007"], "tuk3")[0] != ids[0]
    both = key.pseudonym(["007", "007"], ["tuk2", "tuk3"])
    assert both[0] == ids[0]
    assert both[1] == key.pseudonym(["007"], "tuk3")[0]
    assert key.pseudonym([], "x").tolist() == []


def test_the_known_answer_of_hmac_sha256_does_not_change_between_releases(tmp_path):
    key = KeyFile(tmp_path / "k", bytes(range(32)))
    bits = int.from_bytes(hmac.digest(bytes(range(32)), b"tuk2\x1f007", "sha256")[:8], "big") >> 4
    letters = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits >> shift & 31] for shift in range(55, -1, -5))
    assert key.pseudonym(["007"], "tuk2")[0] == f"P-{letters}" == "P-31EX2TZC5B1K"


def test_a_personal_code_with_and_without_its_dash_is_one_pupil(key):
    ids = key.pseudonym(["321234-56789", "32123456789", "150309-21234", "15030921234"], "")
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_a_collision_is_an_error_and_never_one_id_for_two_pupils(key, monkeypatch):
    monkeypatch.setattr(identity, "_ID_LETTERS", 1)
    assert code_of(key.pseudonym, [str(n) for n in range(40)]) == "pseudonym_collision"
    assert code_of(key.names_to_ids, [f"a{n}" for n in range(40)], "x") == "pseudonym_collision"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jānis Bērziņš", "  JĀNIS\u00a0bērziņš "),
        ("Jānis Bērziņš", "Ja\u0304nis Be\u0304rzin\u0327s\u030c"),
        ("Bērziņš, Jānis", "Bērziņš ,Jānis"),
        ("Anna Kalniņa-Liepa", "Anna Kalniņa \u2013 Liepa"),
        ("Anna\u200b Liepa", "Anna Liepa"),
    ],
)
def test_ways_of_writing_one_name_are_one_name(one, other):
    assert plain_name(one) == plain_name(other)


def test_different_names_stay_different():
    assert len({plain_name(name) for name in ("Jānis Bērziņš", "Janis Berzins", "Bērziņš Jānis", "Jānis Bērziņ")}) == 4


def test_next_semester_in_another_class_the_id_is_the_same(key):
    names = ["Jānis Bērziņš", "Anna Liepa"]
    before, _ = key.names_to_ids(names, "tuk2", ["2010", ""], ["8.a", "8.a"])
    after, ambiguous = reopened(key).names_to_ids(names[::-1], "tuk2", ["2011", "2010"], ["9.b", "9.a"])
    assert list(before) == list(after[::-1])
    assert not ambiguous.any()


def test_a_birth_that_becomes_known_or_more_exact_keeps_the_id(key):
    [first], _ = key.names_to_ids(["Jānis"], "x")
    for birth in (["2010"], ["2010-05-03"], [""], ["3.05.2010."]):
        key = reopened(key)
        [again], _ = key.names_to_ids(["Jānis"], "x", birth)
        assert again == first
    [other], _ = key.names_to_ids(["Jānis"], "x", ["2011"])
    assert other != first
    assert sorted(key.names["birth"]) == ["2010-05-03", "2011"]


def test_namesakes_are_told_apart_by_birth_and_a_third_without_birth_is_ambiguous(key):
    ids, ambiguous = key.names_to_ids(["Jānis", "Jānis", "jānis", "Anna"], "x", [2010, 2012, None, None])
    assert ambiguous.tolist() == [False, False, True, False]
    assert ids[0] != ids[1]
    assert ids[2] == ""
    assert len(key.names) == 3


def test_one_name_in_two_classes_is_ambiguous_and_not_remembered(key):
    names = ["Jānis", "Jānis", "Anna", "Anna"]
    ids, ambiguous = key.names_to_ids(names, "x", None, ["9.a", "9.b", "9.a", " 9.A"])
    assert ambiguous.tolist() == [True, True, False, False]
    assert ids[2] == ids[3] != ""
    assert key.names["name"].tolist() == ["Anna"]


def test_a_class_may_change_from_one_semester_to_the_next(key):
    ids, ambiguous = key.names_to_ids(["Jānis"] * 2, "x", None, ["8.a", "9.a"], ["2026/2027-1", "2027/2028-1"])
    assert ids[0] == ids[1]
    assert not ambiguous.any()


def test_the_same_name_in_two_schools_is_two_pupils(key):
    ids, _ = key.names_to_ids(["Jānis", "Jānis"], ["x", "y"])
    assert ids[0] != ids[1]


def test_a_row_without_a_name_has_no_id_and_is_not_called_ambiguous(key):
    ids, ambiguous = key.names_to_ids(pa.array(["", None, " , "]), "x", None, ["9.a", "9.b", "9.c"])
    assert ids.tolist() == ["", "", ""]
    assert not ambiguous.any()


def test_pandas_and_numpy_columns_with_missing_births_are_understood(key):
    births = pd.Series(pd.to_datetime(["2010-05-03", None]))
    ids, _ = key.names_to_ids(pd.Series(["Jānis", "Anna"], dtype=object), "x", births)
    again, _ = key.names_to_ids(np.array(["Anna", "Jānis"]), "x", np.array([np.nan, 2010.0]))
    assert list(ids) == list(again[::-1])
    mixed, _ = key.names_to_ids(["Jānis", "Anna", "Zane"], "x", pd.Series([2010.0, "", pd.NA], dtype=object))
    assert mixed[0] == ids[0]


def test_names_of_pupils_with_ids_are_remembered_without_their_personal_codes(key):
    ids = key.pseudonym(["A1", "321234-56789", ""], "x")
    key.remember_names(ids, "x", ["Jānis", "Anna", "Neviens"], ["A1", "321234-56789", ""])
    names = reopened(key).names.set_index("name")
    assert names["own_id"].to_dict() == {"Jānis": "A1", "Anna": ""}
    assert key.names_to_ids(["anna"], "x")[0][0] == ids[1]


def test_names_that_another_run_added_meanwhile_are_kept(key):
    other = KeyFile.open(key.path)
    other.names_to_ids(["Anna"], "x")
    other.save()
    key.names_to_ids(["Jānis"], "x")
    assert sorted(reopened(key).names["name"]) == ["Anna", "Jānis"]


def test_a_key_is_never_replaced_by_another(tmp_path, key):
    assert code_of(KeyFile.create, key.path) == "key_exists"
    other = KeyFile.create(tmp_path / "other.key.json")
    other.path.replace(key.path)
    assert code_of(key.save) == "key_other"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "key_damaged"),
        ("[]", "key_damaged"),
        ('{"schema_version": 1, "secret": "ab", "names": []}', "key_damaged"),
        ('{"schema_version": 1, "secret": "' + "zz" * 32 + '", "names": []}', "key_damaged"),
        ('{"schema_version": 1, "secret": "' + "ab" * 32 + '", "names": [{"name": 1}]}', "key_damaged"),
        ('{"schema_version": 9, "secret": {}}', "key_newer"),
    ],
)
def test_a_damaged_key_file_is_refused(tmp_path, content, code):
    path = tmp_path / "k.key.json"
    path.write_text(content, encoding="utf-8")
    assert code_of(KeyFile.open, path) == code
    assert code_of(KeyFile.open_or_new, path) == code
    assert path.read_text(encoding="utf-8") == content


def test_a_missing_key_file_is_an_error_and_made_only_when_asked(tmp_path):
    assert code_of(KeyFile.open, tmp_path / "nav.json") == "key_missing"
    key = KeyFile.open_or_new(tmp_path / "nav.json")
    assert not key.path.exists()
    key.save()
    assert KeyFile.open(key.path).fingerprint == key.fingerprint


def test_a_key_file_never_lies_in_a_folder_of_results(tmp_path, key):
    for folder in ("run", "new.partial"):
        (tmp_path / folder / "schools").mkdir(parents=True)
    (tmp_path / "run" / "run.json").write_text("{}", encoding="utf-8")
    for place in ("run/k.json", "run/schools/k.json", "new.partial/k.json"):
        assert code_of(KeyFile.create, tmp_path / place) == "key_in_run"
    (tmp_path / "run" / "k.json").write_bytes(key.path.read_bytes())
    assert code_of(KeyFile.open, tmp_path / "run" / "k.json") == "key_in_run"


def test_a_place_that_cannot_be_written_names_the_option_and_leaves_the_old_file(tmp_path, key, monkeypatch):
    with pytest.raises(RecordsError, match="--key"):
        KeyFile.create(tmp_path / "no folder" / "k.json")
    before = key.path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(key_storage.os, "fsync", full)
    key.names_to_ids(["Jānis"], "x")
    assert code_of(key.save) == "key_not_written"
    assert key.path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [key.path]

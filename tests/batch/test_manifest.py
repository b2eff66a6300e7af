"""What is said of a run that this version cannot read."""

import json

import pytest
from tests.batch.conftest import AUTUMN, hand_out

from pumpurs_risk.batch.manifest import read_manifest
from pumpurs_risk.errors import RunError


@pytest.mark.parametrize("more", [{}, {"inputs": "written otherwise"}])
def test_a_list_of_a_newer_version_is_called_newer_and_sound(tmp_path, more):
    run = hand_out(tmp_path, AUTUMN)
    stated = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps(stated | more | {"schema_version": 99}), encoding="utf-8")
    with pytest.raises(RunError) as raised:
        read_manifest(run)
    assert raised.value.code == "run_newer"
    assert "jaunāka programmas versija" in raised.value.message("lv") and "Atjauniniet" in raised.value.message("lv")
    assert "Nothing is wrong with it" in raised.value.message("en") and "Update" in raised.value.message("en")


def test_a_damaged_list_is_called_damaged(tmp_path):
    run = hand_out(tmp_path, AUTUMN)
    (run / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError) as raised:
        read_manifest(run)
    assert raised.value.code == "run_damaged"

import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.outcomes_file import read_outcomes_file

CATALOGUE = pr.Catalogue.load()
PUPILS = pd.Index(["east:1", "east:2", "west:1", "P-7"])
HEAD = "Identifikators;Datums;Iznākums\n"


def read(path):
    found = read_outcomes_file(path, PUPILS, CATALOGUE)
    return dict(zip(found["pupil_id"], found["outcome"], strict=True))


def test_an_identifier_is_matched_as_it_is_or_by_the_only_school_that_has_it(tmp_path):
    file = tmp_path / "iznakumi.csv"
    file.write_text(f"{HEAD}west:1;10.03.2027.;a\n2;10.03.2027.;b\nP-7;10.03.2027.;c\n", encoding="utf-8")
    assert read(file) == {"west:1": "a", "east:2": "b", "P-7": "c"}


def test_an_identifier_that_two_schools_have_needs_the_schools_own_folder(tmp_path):
    file = tmp_path / "iznakumi.csv"
    file.write_text(f"{HEAD}1;10.03.2027.;a\n2;10.03.2027.;b\n", encoding="utf-8")
    assert read(file) == {"east:2": "b"}  # pupil 1 could be either
    (tmp_path / "all" / "west").mkdir(parents=True)
    (tmp_path / "all" / "west" / "iznakumi.csv").write_text(f"{HEAD}1;10.03.2027.;a\n", encoding="utf-8")
    assert read(tmp_path / "all") == {"west:1": "a"}


def test_a_file_about_other_pupils_or_about_something_else_is_refused(tmp_path):
    file = tmp_path / "iznakumi.csv"
    file.write_text(f"{HEAD}99;10.03.2027.;a\n", encoding="utf-8")
    with pytest.raises(pr.RecordsError) as refused:
        read(file)
    assert refused.value.code == "outcomes_of_others"
    file.write_text("Identifikators;Datums\n1;10.03.2027.\n", encoding="utf-8")
    with pytest.raises(pr.RecordsError) as refused:
        read(file)
    assert refused.value.code == "outcomes_needed"

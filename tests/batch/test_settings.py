import datetime as dt

import pytest

from pumpurs_risk.batch.settings import find_settings
from pumpurs_risk.errors import RunError

TOML = """
as_of = 2027-01-15
semester = "2026/2027-1"
municipality = "Made municipality"

[schools.liepas]
title = "Liepas vidusskola"
places = 9
"""


def test_settings_are_found_upwards_from_the_data(tmp_path):
    (tmp_path / "pumpurs.toml").write_text(TOML, encoding="utf-8")
    deep = tmp_path / "schools" / "liepas"
    deep.mkdir(parents=True)
    found = find_settings(deep)
    assert found.folder == tmp_path
    assert found.settings.as_of == dt.date(2027, 1, 15)
    assert found.settings.schools["liepas"].places == 9
    file = deep / "9a.csv"
    file.touch()
    assert find_settings(file).settings == found.settings


def test_without_a_file_nothing_is_stated(tmp_path):
    assert find_settings(tmp_path).settings.municipality == ""


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("placez = 3\n", 1, "placez"),
        ('municipality = "x"\nthreshold = 10.0\n', 2, "threshold"),
        ('[schools.liepas]\ntitle = "x"\nplaces = "nine"\n', 3, "places"),
        ('municipality = "x"\n\nlang = "de"\n', 3, "lang"),
    ],
)
def test_an_error_names_the_line(tmp_path, wrong, line, said):
    (tmp_path / "pumpurs.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(RunError) as raised:
        find_settings(tmp_path)
    assert f"line {line}:" in str(raised.value)
    assert f"{line}. rindā" in raised.value.message("lv")
    assert said in str(raised.value)


def test_broken_toml_is_named(tmp_path):
    (tmp_path / "pumpurs.toml").write_text("as_of = \n", encoding="utf-8")
    with pytest.raises(RunError, match="line 1"):
        find_settings(tmp_path)


def test_places_below_nothing_are_refused(tmp_path):
    (tmp_path / "pumpurs.toml").write_text("[schools.liepas]\nplaces = -1\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"line 2: schools\.liepas\.places"):
        find_settings(tmp_path)


def test_a_semester_that_nobody_defined_is_refused_with_its_line(tmp_path):
    from pumpurs_risk.batch.semester import read_semester

    (tmp_path / "pumpurs.toml").write_text('lang = "lv"\nsemester = "autumn"\n', encoding="utf-8")
    (tmp_path / "a.csv").write_text("Identifikators;Klase\n1;9.a\n", encoding="utf-8")
    with pytest.raises(RunError, match="line 2: semester = autumn"):
        read_semester(tmp_path / "a.csv")

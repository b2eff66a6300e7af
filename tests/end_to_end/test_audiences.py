"""The folders of a run are handed out as they are: in none of them stands what its readers may not know."""

import re
import zipfile

import pytest
from tests.end_to_end.sensitive_school import SECRETS, TWIN, write_sensitive_school

import pumpurs_risk as pr
from pumpurs_risk.catalogue import Audience, Catalogue

READERS = ("class_teacher", "head", "family_pupil", "family_parent")


def texts_in(path):
    """Everything that can be read in a file: of archives every member, under its name."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return " ".join(
                [path.name, *(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())]
            )
    return path.name + " " + path.read_text(encoding="utf-8-sig")


@pytest.fixture(scope="module")
def school_run(tmp_path_factory):
    made = {}
    for lang in ("lv", "en"):
        folder = tmp_path_factory.mktemp(lang)
        records = pr.read_records(write_sensitive_school(folder), as_of="2027-01-15")
        policy = pr.FlagPolicy(places=20)
        made[lang] = pr.score(records, as_of="2027-01-15", out=folder / "run", policy=policy, lang=lang)
    return made


@pytest.mark.parametrize("lang", ["lv", "en"])
@pytest.mark.parametrize("reader", READERS)
def test_no_file_of_an_audience_gives_away_what_it_may_not_see(school_run, reader, lang):
    audience = Audience.load(reader, Catalogue.load())
    files = [path for path in (school_run[lang].path / "schools").glob(f"*/{reader}/**/*") if path.is_file()]
    assert files
    hidden = [*audience.revealing_words("lv"), *audience.revealing_words("en")]
    for path in files:
        said = texts_in(path).casefold()
        found = [word for word in hidden if re.search(rf"\b{re.escape(word.casefold())}", said)]
        assert not found, (
            path.name,
            found,
            [said[m.start() - 60 : m.end() + 60] for w in found for m in re.finditer(w, said)][:3],
        )


@pytest.mark.parametrize("lang", ["lv", "en"])
def test_the_municipality_gets_no_pupil_and_no_secret(school_run, lang):
    audience = Audience.load("municipality", Catalogue.load())
    files = [path for path in (school_run[lang].path / "municipality").glob("**/*") if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".csv"}
    for path in files:
        said = texts_in(path).casefold()
        assert "izdomātais" not in said
        assert not any(word.casefold() in said for word in audience.revealing_words(lang))


def test_the_secrets_are_in_the_run_so_that_hiding_them_means_something(school_run):
    run = school_run["lv"]
    told = run.reasons[run.reasons["kind"] == "risk"]
    factors = {factor for known in SECRETS.values() for factor in known}
    assert len(factors & set(told["factor"])) >= 8
    staff = " ".join(texts_in(path) for path in (run.path / "schools").glob("*/support_staff/*"))
    assert "grūtniec" in staff.casefold()


def test_a_class_teacher_gets_one_class_and_no_numbers(school_run):
    run = school_run["lv"]
    places = list((run.path / "schools").glob("*/class_teacher/*"))
    assert len(places) >= 3
    for place in places:
        said = " ".join(path.read_text(encoding="utf-8") for path in place.iterdir())
        assert "zināms atbalsta personālam" in said.casefold() or not any(
            p in said for p in ("Izdomātais1 ", "Izdomātais2 ")
        )
        others = set(run.factors.loc[run.factors["class_id"] != place.name, "pupil_id"])
        own = run.records.names.set_index("pupil_id")["name"]
        assert not [own[p] for p in others if re.search(rf"\b{own[p]}\b", said)]


def test_names_stay_out_of_a_run_that_shall_have_none(tmp_path):
    records = pr.read_records(write_sensitive_school(tmp_path), as_of="2027-01-15")
    run = pr.score(records, as_of="2027-01-15", out=tmp_path / "run", with_names=False)
    for path in run.path.rglob("*"):
        if path.is_file():
            assert "Izdomātais" not in path.read_bytes().decode("utf-8", "replace")
            assert "Izdomātais" not in texts_in(path) if path.suffix != ".parquet" else True


@pytest.mark.parametrize("reader", ["class_teacher", "head"])
def test_the_next_step_of_two_with_the_same_journal_is_the_same_whatever_else_is_known(school_run, reader):
    from pumpurs_risk.batch.pages import PageMaker
    from pumpurs_risk.batch.papers import maker_of

    papers = maker_of(school_run["lv"])
    pupils = PageMaker(papers, Audience.load(reader, papers.catalogue)).pupils
    own = pupils.set_index(pupils["pupil_id"].str.rpartition(":")[2])
    assert own.loc["01", ["step", "role_name", "due"]].equals(own.loc[TWIN, ["step", "role_name", "due"]])


@pytest.mark.parametrize("reader", ["family_pupil", "family_parent"])
def test_a_familys_page_is_the_same_for_two_with_the_same_journal(school_run, reader):
    run = school_run["lv"]
    pages = {}
    for own, name in (("01", "Izdomātais1 Skolēns1"), (TWIN, "Izdomātais Dvīnis")):
        (path,) = (run.path / "schools").glob(f"*/{reader}/*_{own}.html")
        pages[own] = path.read_text(encoding="utf-8").replace(name, "")
    assert pages["01"] == pages[TWIN]

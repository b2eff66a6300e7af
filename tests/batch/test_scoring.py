import msgspec
import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.batch.scoring import as_date
from pumpurs_risk.errors import RunError


def own_catalogue():
    """The shipped catalogue and one factor that a school has added."""
    shipped = pr.Catalogue.load()
    entry = msgspec.to_builtins(shipped.factors["motivation"])
    names = {"lv": "rīta nogurums", "en": "tiredness in the morning"}
    own = entry | {
        "construct": "tiredness",
        "prior_share": 1.0,
        "name": names,
        "heading": names,
        "aliases": [],
        "core": False,
    }
    del own["id"]
    construct = {"name": names, "odds_ratio": 3.0, "source": "an example"}
    return shipped.extend({"constructs": {"tiredness": construct}, "factors": {"tiredness": own}})


def test_an_own_factor_counts_with_the_shipped_prior():
    catalogue = own_catalogue()
    sheet = pd.DataFrame(
        {"pupil_id": [f"{i:02}" for i in range(30)], "class_id": "9.a", "rīta nogurums": [3] * 2 + [0] * 28}
    )
    records = pr.SchoolRecords.from_tables(sheet, as_of="2027-01-15", catalogue=catalogue)
    run = pr.score(records, catalogue=catalogue, lang="en")
    assert "tiredness" in run.model.features
    listed = run.flags.sort_values("order")["pupil_id"].head(2)
    assert {p.split(":")[1] for p in listed} == {"00", "01"}
    assert set(run.reasons.loc[run.reasons["kind"] == "risk", "factor"]) == {"tiredness"}


def test_without_own_factors_the_shipped_file_scores():
    run = pr.score(pr.make_cohort(60, random_state=0, form="sheet"))
    assert run.model.features == pr.load_model("literature-prior").features


def test_a_language_without_texts_is_refused():
    with pytest.raises(ValueError, match="lv, en"):
        pr.score(pr.make_cohort(60, random_state=0, form="sheet"), lang="de")


def test_a_stated_prevalence_is_the_runs_mean():
    run = pr.score(pr.make_cohort(300, random_state=0, form="sheet"), prevalence=0.02)
    assert run.flags["risk"].mean() == pytest.approx(0.02, abs=1e-9)


@pytest.mark.parametrize("written", ["2027-01-15", "15.01.2027", "15.01.2027."])
def test_dates_as_people_write_them(written):
    assert as_date(written).isoformat() == "2027-01-15"


def test_pupils_are_counted_to_the_last_one(tmp_path):
    run = pr.score(pr.make_cohort(300, random_state=0, form="sheet"), out=tmp_path / "run")
    for school in run.manifest.schools:
        assert school.pupils_in == school.scored + school.out_of_scope + school.not_on_roll
    assert sum(school.scored for school in run.manifest.schools) == len(run.flags)


def test_places_of_any_whole_type_are_taken(tmp_path):
    import numpy as np

    policy = pr.FlagPolicy(places=np.int64(5))
    assert (
        pr.score(
            pr.make_cohort(60, random_state=0, form="sheet"), policy=policy, out=tmp_path / "run"
        ).manifest.settings["places"]
        == 5
    )


def test_more_than_a_sheet_can_show_is_cut_between_pupils(tmp_path):
    n = 6000
    sheet = pd.DataFrame(
        {"pupil_id": [f"{i:05}" for i in range(n)], "class_id": "9.a", "mean_mark": [3 + i % 7 for i in range(n)]}
    )
    run = pr.score(
        pr.SchoolRecords.from_tables(sheet, as_of="2027-01-15"), policy=pr.FlagPolicy(places=1500), out=tmp_path / "run"
    )
    assert len(list(run.path.glob("schools/*/support_staff/*.xlsx"))) == 1


def test_a_model_for_two_years_alone_makes_no_list():
    two = msgspec.structs.replace(pr.load_model("literature-prior"), name="only2", horizon="2y")
    with pytest.raises(RunError) as caught:
        pr.score(pr.make_cohort(60, random_state=0, form="sheet"), model=two)
    assert caught.value.code == "score_horizon" and "--horizon both" in caught.value.message("en")


def test_the_manifest_says_where_the_two_year_risk_is_from(tmp_path):
    prior = pr.load_model("literature-prior")
    curves = msgspec.structs.replace(prior, name="two", horizon="2y", covariance=())
    cohort = pr.make_cohort(60, random_state=0, form="sheet")
    own = pr.score(cohort, model=msgspec.structs.replace(prior, two_years=curves), out=tmp_path / "own")
    derived = pr.score(cohort, model=prior, out=tmp_path / "derived")
    assert "own two-year curves" in own.manifest.model.two_year_risk
    assert derived.manifest.model.two_year_risk == "1-(1-p)^2"

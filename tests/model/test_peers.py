import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.model.peers import TYPICAL, PeerReference


@pytest.fixture
def school():
    rng = np.random.default_rng(7)
    level = np.array(["general-9"] * 30 + ["vocational-1"] * 10 + [None] * 3, dtype=object)
    return pd.DataFrame(
        {
            "absence": rng.uniform(0, 0.5, 43),
            "unexcused": np.where(np.arange(43) < 5, 2.0, np.nan),
            "mark": np.where(np.arange(43) % 2, rng.uniform(3, 9, 43), np.nan),
            "programme_level": level,
            "programme": ["general"] * 30 + ["vocational"] * 10 + ["general"] * 3,
        }
    )


def test_the_reference_is_the_median_contribution_of_the_group(model, school):
    peers = PeerReference.from_table(model, school)
    by_hand = model.contributions(school).iloc[:30].median().to_numpy()
    assert peers.contributions["general-9"] == pytest.approx(by_hand)
    assert peers.reference_values(model, school)[0] == pytest.approx(by_hand)


def test_a_group_of_fewer_than_20_falls_back_to_programme_then_to_typical(model, school):
    peers = PeerReference.from_table(model, school)
    groups = peers.group_of(school)
    assert set(groups[:30]) == {"general-9"}
    assert set(groups[30:40]) == {TYPICAL}  # ten trainees: too few for level and for programme
    assert set(groups[40:]) == {"general"}  # level unknown, programme known
    assert (peers.reference_values(model, school)[35] == 0).all()


def test_no_median_of_fewer_than_five_others_is_told(model, school):
    peers = PeerReference.from_table(model, school)
    assert np.isnan(peers.value("general-9", "unexcused"))  # five know it: four others
    assert peers.value("general-9", "mark") == pytest.approx(school["mark"].iloc[:30].median())
    assert np.isnan(peers.value("general-9", "programme_level"))
    assert np.isnan(peers.value("nowhere", "mark"))


def test_base_values_and_contributions_add_up_against_peers(model, school):
    peers = PeerReference.from_table(model, school)
    total = model.base_values(school, peers) + model.contributions(school, peers).sum(axis=1).to_numpy()
    assert total == pytest.approx(model.log_odds(school), abs=1e-12)


def test_it_survives_being_written_down(model, school):
    import json

    peers = PeerReference.from_table(model, school)
    again = PeerReference.from_dict(json.loads(json.dumps(peers.to_dict(), allow_nan=False)))
    assert (again.reference_values(model, school) == peers.reference_values(model, school)).all()
    sd = model.contribution_sd(school, ["absence", "mark"], peers)
    assert (model.contribution_sd(school, ["absence", "mark"], again) == sd).all()


def test_a_pupil_at_the_median_is_not_uncertain_about_being_there(model):
    X = pd.DataFrame({"absence": [0.1] * 25, "programme_level": "general-9"})
    peers = PeerReference.from_table(model, X)
    assert model.contribution_sd(X, ["absence"], peers) == pytest.approx(np.zeros(25))


def test_a_reference_of_another_model_is_refused(model, school):
    peers = PeerReference.from_table(model, school)
    peers.features = ("other",)
    with pytest.raises(ValueError, match="other factors"):
        model.contributions(school, peers)


def test_pupils_of_a_programme_whose_level_is_unknown_are_counted_once(model):
    X = pd.DataFrame({"absence": np.linspace(0, 0.4, 25), "programme_level": "general", "programme": "general"})
    peers = PeerReference.from_table(model, X)
    assert peers.sizes == {"general": 25}

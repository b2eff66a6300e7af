"""A made school table and the shipped prior, each made once."""

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.datasets import make_cohort
from pumpurs_risk.factors import factor_table
from pumpurs_risk.model import PeerReference, load_model


@pytest.fixture(scope="session")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="session")
def X():  # noqa: N802
    return factor_table(make_cohort(400, random_state=3, form="sheet"))


@pytest.fixture(scope="session")
def model():
    return load_model("literature-prior")


@pytest.fixture(scope="session")
def peers(model, X):
    return PeerReference.from_table(model, X)


@pytest.fixture
def class_of():
    """One pupil with the values given, among 24 ordinary ones of the same level and programme."""

    def make(programme="general", level=9, others=24, age=15.5, semester="2026/2027-1", **values):
        n = others + 1
        usual = {"absence_share": 0.051, "mean_mark": 6.7, "failing_subjects": 0.0, "unexcused_lessons": 0.2}
        table = {
            "pupil_id": [f"p{i:02d}" for i in range(n)],
            "school_id": "kalve",
            "class_id": f"{level}.a",
            "level": float(level),
            "programme": programme,
            "age": age,
            "semester": semester,
            "unexcused_raw": np.nan,
            "programme_level": f"{programme}-{level}",
            **usual,
        }
        frame = pd.DataFrame(table)
        for name, value in values.items():
            if name not in frame:
                frame[name] = np.nan
            frame.loc[0, name] = value
        return frame

    return make

"""Small lists made by hand: what is planted in them is known."""

import datetime as dt

import numpy as np
import pandas as pd

import pumpurs_risk as pr
from pumpurs_risk.monitoring import MadeList, compare_lists

MODEL = pr.load_model("literature-prior")
CATALOGUE = pr.Catalogue.load()


def roll(n=400, schools=4, seed=0):
    """Pupils of several schools, with what lies behind their marks and absences."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "pupil_id": [f"p{i:05d}" for i in range(n)],
            "school_id": [f"school-{i % schools}" for i in range(n)],
            "programme": "general",
            "latent": rng.normal(size=n),
        }
    )


def semester_of(pupils, seed, semester="2026/2027-1", shift=0.0):
    """Factor table of one semester: the same pupils differ by chance from one to the next."""
    rng = np.random.default_rng(seed)
    latent = pupils["latent"].to_numpy()
    n = len(pupils)
    absence = np.clip(0.05 + 0.03 * latent + rng.normal(0, 0.02, n) + shift, 0, 1)
    return pd.DataFrame(
        {
            "pupil_id": pupils["pupil_id"].to_numpy(),
            "school_id": pupils["school_id"].to_numpy(),
            "programme": pupils["programme"].to_numpy(),
            "semester": semester,
            "absence_share": absence,
            "mean_mark": np.round(np.clip(6.5 - latent + rng.normal(0, 0.6, n), 1, 10), 2),
            "failing_subjects": rng.poisson(np.exp(-2 + 0.8 * latent)).astype(float),
            "peer_conflicts": rng.poisson(0.15, n).astype(float),
            "programme_level": "general-8",
        }
    )


def made(factors, as_of=dt.date(2027, 1, 15), *, places=0.06, model=MODEL, **more):
    """A list as `score` would make it."""
    flags = pr.flag(model, factors, pr.FlagPolicy(share_of_roll=places), catalogue=CATALOGUE)
    return MadeList(as_of=as_of, factors=factors, flags=flags, model=model, **more)


def compared(first, second, **more):
    """Compare two lists with few draws."""
    given = {"catalogue": CATALOGUE, "horizon_end": dt.date(2028, 1, 15), "repeats": 999} | more
    return compare_lists(first, second, **given)

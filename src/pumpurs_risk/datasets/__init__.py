"""A made municipality: pupils whose truth is known, to show the library and to test it. Nobody in it exists."""

from pumpurs_risk.datasets.cohort import make_cohort
from pumpurs_risk.datasets.municipality import write_municipality, write_semesters

__all__ = ["make_cohort", "write_municipality", "write_semesters"]

"""What all tests share: hypothesis profiles, and a rule for tests that need a program or data."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def needs_program():
    """Skip with a reason where a program is absent; fail where the environment promises it (PUMPURS_NEEDS)."""

    def need(name: str) -> str:
        found = shutil.which(name)
        if found:
            return found
        if name in os.environ.get("PUMPURS_NEEDS", "").split(","):
            pytest.fail(f"{name} should be here but is not")
        pytest.skip(f"{name} is not installed")

    return need


@pytest.fixture
def shared_data():
    """Folder of the real data sets: PUMPURS_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("PUMPURS_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder}; set PUMPURS_DATA to their folder")
    return folder

"""Reads a OneRoster 1.1 or 1.2 CSV bundle: `is_oneroster` and `read_oneroster` are the way in."""

from __future__ import annotations

from pumpurs_risk.records.oneroster.bundle import is_oneroster
from pumpurs_risk.records.oneroster.reader import read_oneroster

__all__ = ["is_oneroster", "read_oneroster"]

"""``python -m pumpurs_risk.cli``: the same as ``python -m pumpurs_risk``."""

from pumpurs_risk.cli import main

main()

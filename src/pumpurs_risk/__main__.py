"""``python -m pumpurs_risk``: the command line where its script is not on the path."""

from pumpurs_risk.cli import main

main()

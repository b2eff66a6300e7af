"""The sheet to fill in."""

"""Mapping files: another system's export, described once, becomes the sheet. Explained in ``docs/mapping.md``."""

"""The made municipality over years: semester by semester, as event tables, with the truth of each list day."""

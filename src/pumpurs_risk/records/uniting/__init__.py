"""Many tables, one row per pupil: which school and pupil a row is of, what contradicts, how many rows went where."""

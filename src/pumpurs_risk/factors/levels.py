"""Levels at which something begins, by programme, and which context columns hold words."""

ENTRY_LEVELS: dict[str, tuple[float, ...]] = {"general": (1.0, 10.0), "evening": (1.0, 10.0), "vocational": (1.0,)}
"""First year of a stage of education."""
NEW_STAGE_LEVELS: dict[str, tuple[float, ...]] = {"general": (10.0,), "evening": (10.0,), "vocational": (1.0,)}
"""First year of a stage after the basic one."""
TEXT_COLUMNS = ("school_id", "class_id", "programme", "semester", "unexcused_semester")
"""Context columns that hold words."""

"""Cells: text to typed values, what is wrong with each, and how that is said."""

"""Figures: how good scores are, and how far each could be off."""

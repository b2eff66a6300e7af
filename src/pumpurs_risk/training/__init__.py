"""The ways to obtain a model. Here: `prior`, the shipped one, made from published evidence alone.

``python -m pumpurs_risk.training.prior`` writes it; nothing is imported here, so that the module can be run.
"""

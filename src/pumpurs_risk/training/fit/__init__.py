"""How a model is fitted: from columns and outcomes to terms, widths, a mode, and the artefact; `learning` tells the order."""

"""A semester's run: reads, scores, writes one folder; carries on what people wrote."""

from pumpurs_risk.batch.history import training_table
from pumpurs_risk.batch.monitoring import monitor
from pumpurs_risk.batch.opening import open_run
from pumpurs_risk.batch.run import Run, RunSettings
from pumpurs_risk.batch.scoring import score

__all__ = ["Run", "RunSettings", "monitor", "open_run", "score", "training_table"]

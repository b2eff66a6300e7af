"""The rights of those whom data are about, and the end of keeping: what is held, erasing one pupil, purging old runs."""

from pumpurs_risk.batch.retention.erase import Erased, erase_pupil
from pumpurs_risk.batch.retention.extract import Extracted, extract_pupil
from pumpurs_risk.batch.retention.purge import Purged, purge

__all__ = ["Erased", "Extracted", "Purged", "erase_pupil", "extract_pupil", "purge"]

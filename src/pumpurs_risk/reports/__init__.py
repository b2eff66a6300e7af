"""What is handed to people: one workbook per school for its support staff, and what comes back in it."""

from pumpurs_risk.reports.paper import SchoolPaper
from pumpurs_risk.reports.returned import Returned, read_returned
from pumpurs_risk.reports.xlsx import write_support_staff_workbook

__all__ = ["Returned", "SchoolPaper", "read_returned", "write_support_staff_workbook"]

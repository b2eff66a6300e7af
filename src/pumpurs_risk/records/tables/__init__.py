"""Event tables: what they may hold, which table a file is, and cells as journals write them to typed rows."""

from pumpurs_risk.records.tables.contract import TABLES, TableContract, table_contracts

__all__ = ["TABLES", "TableContract", "table_contracts"]

"""A till's export in CSV with its mapping."""

from __future__ import annotations

MAPPING = """
name = "till-export"
source = "till-export"

[file]
format = "auto"
encoding = "auto"

[chain]
code = "HM"
currency = "CNY"

[sale]
id = "receipt"
store = "store"
completed_at = { column = "at", zone = "Asia/Shanghai" }

[line]
code = "code"
name = "name"
units = "units"
amount = "amount"
"""

HEADER = "receipt,store,at,code,name,units,amount\n"


def row(receipt: str, code: str = "APPLE", units: int | str = 1, amount: str = "12.50", **cells: str) -> str:
    """One line of the export."""
    values = {"store": "SH01", "at": "2026-11-20 09:00:00", "name": "苹果"} | cells
    return f"{receipt},{values['store']},{values['at']},{code},{values['name']},{units},{amount}\n"

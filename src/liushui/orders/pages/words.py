"""How a line of a receipt says what was bought."""

from __future__ import annotations

from liushui.orders.contracts import SaleLine


def quantity_text(line: SaleLine) -> str:
    """`3`; of weighed goods what the scale said, `677 g`, and before it how many when there were more than one."""
    if line.measure_value is None:
        return f"{line.units:,}"
    measured = f"{abs(line.measure_value):,} {line.measure_unit or ''}".rstrip()
    if abs(line.units) != 1:
        return f"{line.units:,} · {measured}"
    return f"-{measured}" if line.units < 0 else measured

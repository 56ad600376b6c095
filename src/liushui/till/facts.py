"""The events of the till: what closed, with all that any reader needs."""

from __future__ import annotations

from datetime import datetime

import msgspec

from liushui.kernel.ids import new_id
from liushui.runtime.events import Event
from liushui.till.contracts import DAY_CLOSED, SHIFT_CLOSED, DayClosed, DayReport, ShiftClosedFact, ShiftReport

SOURCE = "liushui/till"
_encoder = msgspec.json.Encoder()
_shift_decoder = msgspec.json.Decoder(ShiftClosedFact)
_day_decoder = msgspec.json.Decoder(DayClosed)


def shift_closed(report: ShiftReport, *, chain_id: int, at: datetime) -> Event:
    """The event of a shift that is closed."""
    return Event(
        id=new_id(), source=SOURCE, type=SHIFT_CLOSED, subject=f"shift:{report.shift.id}", time=at,
        data=_encoder.encode(ShiftClosedFact(chain_id=chain_id, report=report)),
    )  # fmt: skip


def day_closed(report: DayReport, *, chain_id: int, at: datetime) -> Event:
    """The event of a day that is closed."""
    return Event(
        id=new_id(), source=SOURCE, type=DAY_CLOSED, subject=f"day:{report.store_id}:{report.business_date}", time=at,
        data=_encoder.encode(DayClosed(chain_id=chain_id, report=report)),
    )  # fmt: skip


def decode_shift(data: bytes) -> ShiftClosedFact:
    """The body of a SHIFT_CLOSED event."""
    return _shift_decoder.decode(data)


def decode_day(data: bytes) -> DayClosed:
    """The body of a DAY_CLOSED event."""
    return _day_decoder.decode(data)

"""The body of the sale events, to bytes and back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from liushui.kernel.ids import new_id
from liushui.orders.contracts import RecordSale, SaleFact
from liushui.runtime.events import Event

SOURCE = "liushui/orders"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SaleFact)


def fact_of(sale_id: UUID, command: RecordSale) -> SaleFact:
    """What the events of a sale say."""
    return SaleFact(
        sale_id=sale_id,
        chain_id=command.chain_id,
        store_id=command.store_id,
        store_code=command.store_code,
        source=command.source,
        source_id=command.source_id,
        receipt_number=command.receipt_number,
        channel=command.channel,
        currency=command.currency,
        completed_at=command.completed_at,
        business_date=command.business_date,
        local_hour=command.local_hour,
        workstation=command.workstation,
        operator=command.operator,
        customer=command.customer,
        lines=command.lines,
        tenders=command.tenders,
        points_multiply_bp=command.points_multiply_bp,
        points_add=command.points_add,
        give_backs=command.give_backs,
    )


def event_of(fact: SaleFact, *, type: str, at: datetime) -> Event:
    """The event that carries the fact; its id is fresh, so make it once per fact."""
    return Event(
        id=new_id(), source=SOURCE, type=type, subject=f"sale:{fact.sale_id}", time=at, data=_encoder.encode(fact)
    )


def decode_fact(data: bytes) -> SaleFact:
    """The fact in the body of an event."""
    return _decoder.decode(data)

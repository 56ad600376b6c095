"""The events of a payment, written beside what makes them true."""

from __future__ import annotations

from datetime import datetime

import msgspec

from liushui.kernel.ids import new_id
from liushui.payments.contracts import PaymentFact
from liushui.payments.models import PaymentRow, RefundRow
from liushui.runtime import outbox
from liushui.runtime.events import Event

SOURCE = "liushui/payments"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(PaymentFact)


def tell(*, type: str, payment: PaymentRow, at: datetime, refund: RefundRow | None = None) -> None:
    """Write the event in the transaction of the change."""
    fact = PaymentFact(
        payment_id=payment.id,
        chain_id=payment.chain_id,
        store_id=payment.store_id,
        reference=payment.reference,
        provider=payment.provider,
        provider_trade_id=payment.provider_trade_id,
        method=payment.method,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        at=at,
        sale_id=payment.sale_id,
        refund_id=refund.id if refund else None,
        refund_minor=refund.amount_minor if refund else 0,
    )
    event = Event(
        id=new_id(), source=SOURCE, type=type, subject=f"payment:{payment.id}", time=at, data=_encoder.encode(fact)
    )
    outbox.append(events=[event])


def decode_fact(data: bytes) -> PaymentFact:
    """The fact in the body of an event."""
    return _decoder.decode(data)

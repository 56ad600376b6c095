"""From paid to recorded: the one way in which a ticket becomes a sale, safe to break off anywhere.

1. The ticket goes to `recording` with its final tenders, if its shift is open.
2. checkout.complete_sale records the sale under the ticket's id: once, however often it is tried.
3. The payments are bound to the sale.
4. The ticket goes to `settled`.

A process that dies between any two of these leaves a ticket in `recording`, from which `complete` goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Tender
from liushui.checkout.errors import DiscountMismatch, PriceOutOfDate, TendersUnbalanced
from liushui.kernel.errors import LiushuiError
from liushui.orders import facade as orders
from liushui.payments import facade as payments
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.hold import let_go
from liushui.till.actions.price import member_asked, reprice
from liushui.till.contracts import SOURCE, Ticket, TicketTender, Till
from liushui.till.domain import lines as line_rules
from liushui.till.domain import tenders as tender_rules
from liushui.till.domain.mirror import mirrored
from liushui.till.errors import PriceChanged
from liushui.till.models import TicketRow


def record(
    row: TicketRow, *, tenders: Sequence[TicketTender], states: Collection[str], till: Till | None, now: datetime,
    principal: Principal,
) -> Ticket:  # fmt: skip
    """Record a ticket whose tenders come to its total. Raises ShiftClosed, TicketChanged, PriceChanged."""
    operator = {} if till is None else {"operator": till.operator, "operator_name": till.operator_name}
    storage.change(
        row, states=states, now=now, while_open=row.shift_id, state="recording", finished_at=now,
        **operator, **storage.tender_columns(tenders),
    )  # fmt: skip
    return complete(row, principal=principal, now=now)


def complete(row: TicketRow, *, principal: Principal, now: datetime) -> Ticket:
    """Go on with a ticket in `recording` to its end."""
    if row.is_training:
        return _settle(row, None)
    try:
        answer = checkout.complete_sale(command=_command(row), principal=principal, now=now, capability="till.use")
    except (TendersUnbalanced, DiscountMismatch, PriceOutOfDate) as refusal:
        ticket = _send_back(row, now)
        raise PriceChanged(
            f"The lines come to {ticket.total_minor} now", context={"total_minor": ticket.total_minor}
        ) from refusal
    except LiushuiError:
        _send_back(row, now)
        raise
    paid = _payment_ids(storage.tenders_of(row))
    if paid:
        payments.capture(payment_ids=paid, sale_id=answer.sale_id, now=now)
    if row.is_refund:
        _give_back(row, principal=principal, now=now)
    return _settle(row, answer.sale_id)


def _give_back(row: TicketRow, *, principal: Principal, now: datetime) -> None:
    """The parts of a refund that go through providers; safe to repeat, since each has an id of its own."""
    for tender in storage.tenders_of(row):
        if tender.payment_id is not None:
            payments.refund(
                refund_id=uuid5(row.id, f"reverse:{tender.number}"), payment_id=tender.payment_id,
                amount_minor=-tender.amount_minor, reason=row.reason, principal=principal, now=now,
            )  # fmt: skip


def _command(row: TicketRow) -> CompleteSale:
    """The same command each time, from what stands in the row alone."""
    store = stores.store(store_id=row.store_id)
    tenders = [tender for tender in storage.tenders_of(row) if tender.state == "paid"]
    # What a card machine or a wallet has taken is the price that was agreed; for cash it is ours at this moment.
    agreed = any(tender.type != "cash" for tender in tenders)
    lines = [line_rules.sold(line, at_amount=agreed) for line in line_rules.live(storage.lines_of(row))]
    member = storage.member_of(row)
    if row.reversed_sale_id is not None:
        before = orders.sale(sale_id=row.reversed_sale_id, store_ids={row.store_id})
        lines = [mirrored(line) for line in before.lines]
    assert row.finished_at is not None  # nosec B101  # for the type checker
    return CompleteSale(
        source=SOURCE,
        source_id=storage.source_id(row),
        chain=next(chain.code for chain in stores.chains() if chain.id == store.chain_id),
        store=store.code,
        completed_at=row.finished_at,
        business_date=row.business_date,
        workstation=row.workstation_code,
        operator=row.operator,
        receipt_number=row.number,
        customer=member.id if member is not None else "",
        member=member_asked(member),
        codes=tuple(each.code for each in storage.codes_of(row)),
        frozen=storage.frozen_of(row),
        is_paid=agreed,
        currency=row.currency,
        lines=tuple(lines),
        tenders=tuple(
            Tender(
                type=tender.type,
                amount_minor=tender.amount_minor,
                method=tender.method,
                reference=str(tender.payment_id) if tender.payment_id is not None else tender.note,
            )
            for tender in tenders
        ),
        accept_unknown_items=row.is_refund,
    )


def _payment_ids(tenders: Sequence[TicketTender]) -> tuple[UUID, ...]:
    return tuple(
        tender.payment_id
        for tender in tenders
        if tender.state == "paid" and tender.payment_id is not None and tender.amount_minor > 0
    )


def _settle(row: TicketRow, sale_id: UUID | None) -> Ticket:
    """What is recorded is settled, whatever another process thought of the ticket meanwhile."""
    waiting = TicketRow.objects.filter(id=row.id, state__in=("recording", "open", "paying", "parked"))
    over = storage.over_columns(row)
    if waiting.update(state="settled", sale_id=sale_id, version=row.version + 1, **over):
        row.state, row.sale_id, row.version, row.codes = "settled", sale_id, row.version + 1, over["codes"]
        return storage.ticket_of(row)
    return storage.ticket_of(TicketRow.objects.get(id=row.id))


def _send_back(row: TicketRow, now: datetime) -> Ticket:
    """To the screen again, at the prices of now, with what is paid through others; cash is taken anew."""
    if row.is_refund:
        storage.change(row, states=("recording",), now=now, state="cancelled", finished_at=now)
        return storage.ticket_of(row)
    kept = [tender for tender in storage.tenders_of(row) if tender.state == "paid" and tender.type != "cash"]
    let_go(row, now=now)
    priced = reprice(row, stores.store(store_id=row.store_id), now)
    values = {
        **priced.columns(),
        **storage.tender_columns(kept),
        "state": "paying" if tender_rules.taken(kept) else "open",
        "finished_at": None,
    }
    try:
        with transaction.atomic():
            storage.change(row, states=("recording",), now=now, **values)
    except IntegrityError:  # another ticket is at hand here by now
        storage.change(row, states=("recording",), now=now, **values | {"state": "parked", "label": row.number})
    return storage.ticket_of(row)

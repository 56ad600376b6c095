"""From paid to recorded: the one way in which a ticket becomes a sale, safe to break off anywhere.

1. The ticket goes to `recording` with its final tenders, if its shift is open.
2. checkout.complete_sale records the sale under the ticket's id: once, however often it is tried.
3. The payments are bound to the sale; what goes back through a provider is asked for, each part under an id of its own.
4. The ticket goes to `settled`.

A process that dies between any two of these leaves a ticket in `recording`, from which `complete` goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import structlog
from django.db import IntegrityError, transaction

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Tender
from liushui.checkout.errors import DiscountMismatch, PriceOutOfDate, RefundRefused, ReturnDiffers, TendersUnbalanced
from liushui.kernel.errors import LiushuiError
from liushui.orders.errors import ReturnedMeanwhile
from liushui.payments import facade as payments
from liushui.payments.errors import PaymentNotFound, PaymentNotPaid, RefundTooMuch
from liushui.runtime import row_security
from liushui.runtime.access import Principal
from liushui.runtime.approvals import ApprovalMissing
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.hold import let_go
from liushui.till.actions.hold_value import let_value_go
from liushui.till.actions.price import member_asked, reprice
from liushui.till.actions.quote_return import requoted_columns
from liushui.till.contracts import SOURCE, Ticket, TicketTender, Till
from liushui.till.domain import lines as line_rules
from liushui.till.domain import returned as return_rules
from liushui.till.domain import tenders as tender_rules
from liushui.till.errors import PriceChanged
from liushui.till.models import TicketRow
from liushui.till.returned import TicketRefund, TicketReturn

_OTHER_PRICE = (TendersUnbalanced, DiscountMismatch, PriceOutOfDate, ReturnDiffers, RefundRefused)
_logger = structlog.get_logger(__name__)


def record(
    row: TicketRow, *, tenders: Sequence[TicketTender], states: Collection[str], till: Till | None, now: datetime,
    principal: Principal,
) -> Ticket:  # fmt: skip
    """Record a ticket whose tenders come to what is to be paid; what goes back besides is added. Raises ShiftClosed,
    TicketChanged, PriceChanged, ReturnedMeanwhile, ApprovalMissing."""
    if row.is_refund and not any(tender.amount_minor < 0 for tender in tenders):
        tenders = (*tenders, *refund_tenders(row, tenders, now=now))
    operator = {} if till is None else {"operator": till.operator, "operator_name": till.operator_name}
    storage.change(
        row, states=states, now=now, while_open=row.shift_id, state="recording", finished_at=now,
        **operator, **storage.tender_columns(tenders),
    )  # fmt: skip
    return complete(row, principal=principal, now=now)


def refund_tenders(
    row: TicketRow, tenders: Sequence[TicketTender], *, now: datetime, slips: Mapping[int, str] | None = None
) -> list[TicketTender]:
    """What goes back to the customer when these tenders are taken, and an empty one where nothing moves at all.

    `slips` are numbers of card machines' slips, by the place of the refund. Raises ApprovalMissing.
    """
    check_approved(row)
    first, refunds = tender_rules.next_number(tenders), storage.settlement_of(row).refunds
    if not refunds and not tenders:
        return [_refund(first, TicketRefund(type="cash", method="cash", reference="", amount_minor=0), None, "", now)]
    ours = _payments_of(refunds)
    return [
        _refund(number, refund, ours.get(refund.reference), (slips or {}).get(number, ""), now)
        for number, refund in enumerate(refunds, start=first)
    ]


def check_approved(row: TicketRow) -> None:
    """Raise ApprovalMissing where what comes back needs another person's approval that nobody has given."""
    returned = storage.returned_of(row)
    if returned is not None and returned.needs_approval:
        raise ApprovalMissing("This return needs the approval of another person", remedy="Ask for one.")


def _refund(number: int, refund: TicketRefund, payment_id: UUID | None, slip: str, now: datetime) -> TicketTender:
    return TicketTender(
        number=number, type=refund.type, method=refund.method, amount_minor=refund.amount_minor,
        given_minor=refund.amount_minor, change_minor=0, state="paid", taken_at=now, payment_id=payment_id,
        note=slip or ("" if payment_id is not None else refund.reference),
    )  # fmt: skip


def _payments_of(refunds: Sequence[TicketRefund]) -> dict[str, UUID]:
    """The payments of ours behind refunds, by their reference; others go back at the machine that took them."""
    found = {}
    for refund in refunds:
        if refund.type == "mobile":
            with contextlib.suppress(ValueError, PaymentNotFound), row_security.everything():
                found[refund.reference] = payments.payment(payment_id=UUID(refund.reference)).id
    return found


def complete(row: TicketRow, *, principal: Principal, now: datetime) -> Ticket:
    """Go on with a ticket in `recording` to its end."""
    if row.is_training:
        return _settle(row, None)
    try:
        answer = checkout.complete_sale(command=_command(row), principal=principal, now=now, capability="till.use")
    except LiushuiError as refusal:
        before = storage.returned_of(row)
        ticket = _send_back(row, principal, now)
        overtaken = _overtaken(before, ticket.returned) if before is not None else None
        if overtaken is not None:
            raise ReturnedMeanwhile(sale_id=overtaken) from refusal
        if isinstance(refusal, _OTHER_PRICE):
            raise PriceChanged(
                f"The lines come to {ticket.total_minor} now", context={"total_minor": ticket.total_minor}
            ) from refusal
        raise
    paid = _payment_ids(storage.tenders_of(row))
    if paid:
        payments.capture(payment_ids=paid, sale_id=answer.sale_id, now=now)
    if row.is_refund:  # its provider may be slow: the sale stands by then
        _give_back(row, principal=principal, now=now)
    return _settle(row, answer.sale_id)


def _overtaken(before: TicketReturn, after: TicketReturn | None) -> UUID | None:
    """The first receipt of which something has come back since the ticket was priced."""
    for receipt in before.receipts:
        present = after.of(receipt.sale_id) if after is not None else None
        if receipt.sale_id is not None and (present is None or present.version != receipt.version):
            return receipt.sale_id
    return None


def _give_back(row: TicketRow, *, principal: Principal, now: datetime) -> None:
    """The parts of a refund that go through providers; safe to repeat, since each has an id of its own.

    A payment of another store is given back in the till's name: the return was allowed here, by returns and approvals.
    """
    returned = storage.returned_of(row)
    receipts = returned.receipts if returned is not None else ()
    elsewhere = {each.reference for one in receipts if one.store_id != row.store_id for each in one.tenders}
    for tender in storage.tenders_of(row):
        if tender.payment_id is None or tender.amount_minor >= 0:
            continue
        refunder = system_principal(name="till") if str(tender.payment_id) in elsewhere else principal
        try:
            with row_security.everything():
                payments.refund(
                    refund_id=uuid5(row.id, f"return:{tender.number}"), payment_id=tender.payment_id,
                    amount_minor=-tender.amount_minor, reason=row.reason or f"return {row.number}", principal=refunder,
                    now=now,
                )  # fmt: skip
        except (RefundTooMuch, PaymentNotPaid) as error:
            # The sale stands and says what is owed; the provider has given it back before, which is for finance.
            _logger.error("refund_refused", ticket=row.number, payment=str(tender.payment_id), error=error.detail)


def _command(row: TicketRow) -> CompleteSale:
    """The same command each time, from what stands in the row alone."""
    store = stores.store(store_id=row.store_id)
    tenders = [tender for tender in storage.tenders_of(row) if tender.state == "paid"]
    # What a card machine or a wallet has taken is the price that was agreed; for cash, and for what loyalty keeps back,
    # it is ours at this moment.
    agreed = any(tender.type not in tender_rules.RETURNABLE and tender.amount_minor > 0 for tender in tenders)
    lines = [line_rules.sold(line, at_amount=agreed) for line in line_rules.sold_lines(storage.lines_of(row))]
    member, returned = storage.member_of(row), storage.returned_of(row)
    terms = return_rules.terms_of(returned, after=len(lines)) if returned is not None else None
    if returned is not None:
        lines += return_rules.commands_of(returned)
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
        member_id=member.member_id if member is not None else None,
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
                reference=str(tender.payment_id or tender.reference or tender.note),
            )
            for tender in tenders
        ),
        returns=terms,
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


def _send_back(row: TicketRow, principal: Principal, now: datetime) -> Ticket:
    """To the screen again, at the prices of now, with what is paid through others; cash and value are taken anew."""
    kept = [
        tender
        for tender in storage.tenders_of(row)
        if tender.state == "paid" and tender.type not in tender_rules.RETURNABLE and tender.amount_minor > 0
    ]
    let_go(row, now=now)
    let_value_go(row, now=now)
    store = stores.store(store_id=row.store_id)
    back = requoted_columns(row, store=store, principal=principal, now=now)
    priced = reprice(row, store, now, lines=storage.lines_in(back) if back else None)
    values = {
        **back,
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

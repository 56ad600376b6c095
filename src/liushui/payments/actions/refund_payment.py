"""Give money of a payment back: set aside by one conditional statement, then asked for under an id of ours."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.payments import attempts, facts
from liushui.payments.cases import open_case
from liushui.payments.contracts import PAYMENT_REFUNDED, Refund
from liushui.payments.errors import PaymentNotFound, PaymentNotPaid, RefundConflict, RefundTooMuch
from liushui.payments.models import PaymentRow, RefundRow
from liushui.payments.providers import offered
from liushui.payments.providers.port import NotDelivered, OutcomeUnknown, ProviderRefused, RefundOrder, RefundTrade
from liushui.payments.views import refund_of
from liushui.runtime import audit
from liushui.runtime.access import Principal

_CAPABILITIES = ("till.use", "payment.settle")


def refund_payment(
    *, refund_id: UUID, payment_id: UUID, amount_minor: int, reason: str, principal: Principal, now: datetime
) -> Refund:
    """Refund a part or the rest; safe to repeat under the same id, also after no answer: state created means on its
    way. Raises RefundTooMuch, PaymentNotPaid, RefundConflict. Who may decide it is the caller's affair."""
    payment = PaymentRow.objects.filter(id=payment_id).first()
    if payment is None:
        raise PaymentNotFound(f"There is no payment {payment_id}")
    if not any(payment.store_id in principal.stores(capability) for capability in _CAPABILITIES):
        raise NotAllowed("This needs the right 'till.use' or 'payment.settle' in that store")
    text = reason.strip()
    if not text or len(text) > 400:
        raise InvalidValue("Give a reason of 1 to 400 characters", pointer="/reason")
    if type(amount_minor) is not int or amount_minor <= 0:
        raise InvalidValue("The amount must be more than nothing", pointer="/amount_minor")
    with transaction.atomic():
        refund, is_new = reserve(
            refund_id=refund_id, payment_id=payment_id, amount_minor=amount_minor, reason=text,
            asked_by=principal.subject, now=now,
        )  # fmt: skip
        if is_new:
            audit.record(
                principal=principal, action="payment.refund", target=f"payment:{payment_id}",
                chain_id=payment.chain_id, store_id=payment.store_id,
                after={"refund": str(refund_id), "amount_minor": amount_minor}, reason=text,
            )  # fmt: skip
    return refund_of(send(refund, payment=payment, now=now))


def reserve(
    *,
    refund_id: UUID,
    payment_id: UUID,
    amount_minor: int,
    reason: str,
    asked_by: str,
    now: datetime,
    is_release: bool = False,
) -> tuple[RefundRow, bool]:
    """Set the amount aside on the payment and write the refund, or the one that is there; whether it is new."""
    known = RefundRow.objects.filter(id=refund_id).first()
    if known is None:
        try:
            with transaction.atomic():
                return _set_aside(refund_id, payment_id, amount_minor, reason, asked_by, now, is_release), True
        except IntegrityError:
            known = RefundRow.objects.get(id=refund_id)
    if (known.payment_id, known.amount_minor) != (payment_id, amount_minor):
        raise RefundConflict(f"Refund {refund_id} was asked for before with another amount or payment")
    return known, False


def _set_aside(
    refund_id: UUID, payment_id: UUID, amount_minor: int, reason: str, asked_by: str, now: datetime, is_release: bool
) -> RefundRow:
    changed = PaymentRow.objects.filter(
        id=payment_id, state="paid", releasing=is_release, refunded_minor__lte=F("amount_minor") - amount_minor
    ).update(refunded_minor=F("refunded_minor") + amount_minor)
    payment = PaymentRow.objects.get(id=payment_id)
    if not changed:
        # The id may have been used by somebody else in this very moment: then that refund is the answer.
        if RefundRow.objects.filter(id=refund_id).exists():
            raise IntegrityError(f"refund {refund_id}")
        if payment.state not in ("paid", "refunded") or payment.releasing != is_release:
            raise PaymentNotPaid(f"Payment {payment_id} is {payment.state}, there is nothing to give back")
        left = payment.amount_minor - payment.refunded_minor
        raise RefundTooMuch(
            f"Of payment {payment_id} {left} are left, {amount_minor} were asked for", context={"left_minor": left}
        )
    return RefundRow.objects.create(
        id=refund_id, payment_id=payment_id, amount_minor=amount_minor, currency=payment.currency, reason=reason,
        asked_by=asked_by, created_at=now, is_automatic=is_release,
        next_try_at=now + timedelta(seconds=2 + settings.LIUSHUI.payment_timeout_seconds),
    )  # fmt: skip


def send(refund: RefundRow, *, payment: PaymentRow, now: datetime) -> RefundRow:
    """Ask the provider for a refund that is not over yet: asked again, it gives back once."""
    if refund.state != "created":
        return refund
    provider = offered.provider(payment.provider)
    order = RefundOrder(
        out_refund_no=refund.id.hex,
        out_trade_no=payment.id.hex,
        trade_id=payment.provider_trade_id,
        amount_minor=refund.amount_minor,
        total_minor=payment.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
    )
    call = attempts.Call(provider=payment.provider, operation="refund", payment_id=payment.id, refund_id=refund.id)
    try:
        told = attempts.ask(call=call, question=lambda: provider.refund(order))
    except (NotDelivered, OutcomeUnknown):
        return refund
    except ProviderRefused as error:
        told = RefundTrade(state="failed", out_refund_no=refund.id.hex, failure=error.code)
    return settle_refund(refund_id=refund.id, told=told, now=now)


def find_out_refund(refund: RefundRow, *, payment: PaymentRow, now: datetime) -> RefundRow:
    """Ask how a refund stands; one that never arrived is sent again under the same id."""
    provider = offered.provider(payment.provider)
    call = attempts.Call(
        provider=payment.provider, operation="query_refund", payment_id=payment.id, refund_id=refund.id
    )
    try:
        told = attempts.ask(
            call=call,
            question=lambda: provider.query_refund(out_refund_no=refund.id.hex, out_trade_no=payment.id.hex),
        )
    except (NotDelivered, OutcomeUnknown, ProviderRefused):
        return refund
    if told.state == "not_found":
        return send(refund, payment=payment, now=now)
    return settle_refund(refund_id=refund.id, told=told, now=now)


def settle_refund(*, refund_id: UUID, told: RefundTrade, now: datetime) -> RefundRow:
    """Bring a refund to what the provider says; only one that is on its way moves."""
    if told.state not in ("done", "failed"):
        return RefundRow.objects.get(id=refund_id)
    with transaction.atomic():
        changed = RefundRow.objects.filter(id=refund_id, state="created").update(
            state=told.state, failure=told.failure[:64], provider_refund_id=told.refund_id[:64],
            done_at=(told.done_at or now) if told.state == "done" else None, next_try_at=None,
        )  # fmt: skip
        refund = RefundRow.objects.get(id=refund_id)
        if changed:
            _book(refund, told, now)
    return refund


def _book(refund: RefundRow, told: RefundTrade, now: datetime) -> None:
    """Count a finished refund on its payment, by one statement: whoever is last sees that nothing is left."""
    rows = PaymentRow.objects.filter(id=refund.payment_id)
    if told.state == "failed":
        rows.update(refunded_minor=F("refunded_minor") - refund.amount_minor)
        _open_refund_case("refund_failed", payment=rows.get(), refund=refund, theirs_minor=0, now=now)
        return
    is_whole = Q(state="paid", refunds_done_minor=F("amount_minor") - refund.amount_minor)
    rows.update(
        refunds_done_minor=F("refunds_done_minor") + refund.amount_minor,
        state=Case(When(is_whole, then=Value("refunded")), default=F("state")),
        releasing=Case(When(is_whole, then=Value(False)), default=F("releasing")),
        ended_at=Case(When(is_whole, then=Value(now)), default=F("ended_at")),
        next_try_at=Case(When(is_whole, then=Value(None)), default=F("next_try_at")),
    )
    payment = rows.get()
    facts.tell(type=PAYMENT_REFUNDED, payment=payment, at=now, refund=refund)
    if told.amount_minor is not None and told.amount_minor != refund.amount_minor:
        _open_refund_case("amount_differs", payment=payment, refund=refund, theirs_minor=told.amount_minor, now=now)


def _open_refund_case(kind: str, *, payment: PaymentRow, refund: RefundRow, theirs_minor: int, now: datetime) -> None:
    """A customer waits for this money: a person has to see to it."""
    zone = ZoneInfo(offered.provider(payment.provider).time_zone)
    open_case(
        provider=payment.provider, bill_date=refund.created_at.astimezone(zone).date(), kind=kind,
        subject=refund.id.hex, now=now, payment_id=payment.id, refund_id=refund.id,
        provider_trade_id=payment.provider_trade_id, chain_id=payment.chain_id, store_id=payment.store_id,
        ours_minor=refund.amount_minor, theirs_minor=theirs_minor, currency=refund.currency,
    )  # fmt: skip

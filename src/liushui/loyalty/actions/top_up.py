"""Money paid in: the principal is what was paid, the gift part what the programme gives on top that day."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import ledger, sql
from liushui.loyalty.contracts import VALUE_MAX_MINOR, TopUp
from liushui.loyalty.errors import EntryConflict, NotEnoughValue, UnknownEntry
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.member_queries import active_member
from liushui.loyalty.models import AccountRow, TopUpRow
from liushui.loyalty.programme_live import live_programme

_COLUMNS = (
    *("id", "chain_id", "member_id", "account_id", "paid_minor", "gift_minor", "currency", "store_id", "operator"),
    *("tender", "programme_number", "at"),
)


def top_up(
    *,
    top_up_id: UUID,
    member_id: UUID,
    paid_minor: int,
    store_id: int | None,
    operator: str,
    tender: str,
    now: datetime,
) -> TopUp:
    """Book money that a member paid in; the same id again answers what was booked first.

    Raises EntryConflict for the same id with another amount or member, InvalidValue for an amount that no account
    takes.
    """
    if not 0 < paid_minor <= VALUE_MAX_MINOR // 10:
        raise InvalidValue("Nobody pays in that much, or nothing", pointer="/paid_minor")
    known = top_up_of(top_up_id=top_up_id)
    if known is not None:
        return _same(known, member_id, paid_minor)
    member = active_member(member_id=member_id)
    programme = live_programme(chain_id=member.chain_id, at=now)
    currency = ledger.currency_of(chain_id=member.chain_id)
    gift = programme.bonus_minor(paid_minor=paid_minor) if programme.currency == currency else 0
    with transaction.atomic():
        added = sql.insert(
            table="loyalty_top_up",
            columns=_COLUMNS,
            rows=[
                (
                    top_up_id, member.chain_id, member_id, member.id, paid_minor, gift, currency, store_id, operator,
                    tender, programme.number, now,
                )
            ],
            keys="id",
            returning="id",
        )  # fmt: skip
        if added:
            is_open = AccountRow.objects.filter(
                id=member.id, is_open=True,
                principal_free_minor__lte=VALUE_MAX_MINOR // 2 - paid_minor,
                gift_free_minor__lte=VALUE_MAX_MINOR // 2 - gift,
            ).update(is_open=True)  # fmt: skip  # locks it; a merge that comes later carries what is booked here
            if not is_open:
                raise InvalidValue("The account is closed, or takes no more", pointer="/paid_minor")
            ledger.book([_paid_in(added_to=member.id, row=_row(top_up_id), sign=1, at=now, store_id=store_id)])
    found = _row(top_up_id)
    return _view(found) if added else _same(_view(found), member_id, paid_minor)


def take_back_top_up(*, top_up_id: UUID, store_id: int | None = None, operator: str = "", now: datetime) -> TopUp:
    """Undo a payment that was booked by mistake, whole; again changes nothing.

    Raises UnknownEntry, and NotEnoughValue when a part of it is spent or held.
    """
    row = TopUpRow.objects.filter(id=top_up_id).first()
    if row is None:
        raise UnknownEntry("There is no such payment")
    account_id = active_member(member_id=row.member_id).id
    with transaction.atomic():
        if TopUpRow.objects.filter(id=top_up_id, taken_back_at=None).update(taken_back_at=now):
            taken = AccountRow.objects.filter(
                id=account_id, principal_free_minor__gte=row.paid_minor, gift_free_minor__gte=row.gift_minor
            ).update(
                principal_free_minor=F("principal_free_minor") - row.paid_minor,
                gift_free_minor=F("gift_free_minor") - row.gift_minor,
            )
            if not taken:
                raise NotEnoughValue("A part of what was paid in is spent", context={"need": row.paid_minor})
            ledger.book(
                [
                    _paid_in(
                        added_to=account_id,
                        row=row,
                        sign=-1,
                        at=now,
                        store_id=store_id or row.store_id,
                        operator=operator,
                    )
                ]
            )
    return _view(_row(top_up_id))


def top_up_of(*, top_up_id: UUID) -> TopUp | None:
    """A payment by its id."""
    row = TopUpRow.objects.filter(id=top_up_id).first()
    return _view(row) if row is not None else None


def _row(top_up_id: UUID) -> TopUpRow:
    return TopUpRow.objects.get(id=top_up_id)


def _paid_in(
    *, added_to: UUID, row: TopUpRow, sign: int, at: datetime, store_id: int | None, operator: str | None = None
) -> NewEntry:
    """The line of a payment, or of its undoing, which has moved the account already."""
    return NewEntry(
        account_id=added_to,
        chain_id=row.chain_id,
        kind="top_up" if sign > 0 else "top_up_back",
        cause=f"{'topup' if sign > 0 else 'topup-back'}:{row.id}",
        currency=row.currency,
        at=at,
        on_date=ledger.business_date(chain_id=row.chain_id, store_id=store_id, at=at),
        principal_minor=sign * row.paid_minor,
        gift_minor=sign * row.gift_minor,
        store_id=store_id,
        operator=row.operator if operator is None else operator,
        moves_free=sign > 0,
    )


def _same(known: TopUp, member_id: UUID, paid_minor: int) -> TopUp:
    if (known.member_id, known.paid_minor) != (member_id, paid_minor):
        raise EntryConflict("Another payment was booked under this id", context={"top_up": str(known.id)})
    return known


def _view(row: TopUpRow) -> TopUp:
    return TopUp(
        id=row.id,
        member_id=row.member_id,
        paid_minor=row.paid_minor,
        gift_minor=row.gift_minor,
        currency=row.currency,
        store_id=row.store_id,
        operator=row.operator,
        tender=row.tender,
        at=row.at,
        is_taken_back=row.taken_back_at is not None,
    )

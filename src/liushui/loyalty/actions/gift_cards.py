"""Gift cards: activated when they are sold, found by a code that nobody can guess or by their number."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import card_codes, ledger, sql
from liushui.loyalty.actions.join import open_account
from liushui.loyalty.contracts import VALUE_MAX_MINOR, GiftCard
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import EntryConflict, GiftCardClosed, GiftCardUnknown
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import AccountRow, GiftCardRow
from liushui.loyalty.programme_live import live_programme

_BALANCE = """
SELECT c.number, c.chain_id, c.state, c.currency, c.activated_at, c.ends_on, COALESCE(a.principal_free_minor, 0),
 COALESCE((SELECT SUM(h.principal_minor) FROM loyalty_hold h WHERE h.account_id = c.id AND h.state = 'held'), 0)
FROM loyalty_gift_card c LEFT JOIN loyalty_account a ON a.id = c.id
"""


def activate_gift_card(
    *,
    activation_id: UUID,
    chain_id: int,
    code: str = "",
    number: str = "",
    paid_minor: int,
    currency: str = "",
    store_id: int | None,
    operator: str,
    tender: str,
    now: datetime,
) -> GiftCard:
    """Put the money that was paid on a card, named by its code or its number; once for each id of the caller's. It is
    good for the months of the programme in force.

    Raises GiftCardUnknown, GiftCardClosed for one that is active or blocked, EntryConflict for the id with other terms.
    """
    row = named_row(chain_id=chain_id, code=code, number=number)
    if not 0 < paid_minor <= VALUE_MAX_MINOR:
        raise InvalidValue("A card's amount is above zero", pointer="/paid_minor")
    if currency not in ("", row.currency):
        raise InvalidValue(f"This card is in {row.currency}", pointer="/currency")
    if row.face_minor not in (None, paid_minor):
        raise InvalidValue(f"This card is sold for {row.face_minor}", pointer="/paid_minor")
    entry = NewEntry(
        account_id=row.id,
        account_kind="gift_card",
        chain_id=chain_id,
        kind="sell",
        cause=f"sell:{activation_id}",
        currency=row.currency,
        at=now,
        on_date=ledger.business_date(chain_id=chain_id, store_id=store_id, at=now),
        principal_minor=paid_minor,
        store_id=store_id,
        operator=operator,
        reason=tender,
    )
    ends_on = live_programme(chain_id=chain_id, at=now).card_ends_on(sold_on=entry.on_date)
    with transaction.atomic():
        if GiftCardRow.objects.filter(activation_id=activation_id).exclude(id=row.id).exists():
            raise EntryConflict("Another card was sold under this id")
        sold = GiftCardRow.objects.filter(id=row.id, state="issued").update(
            state="active", activated_at=now, moved_at=now, activation_id=activation_id, ends_on=ends_on
        )
        if sold:
            open_account(account_id=row.id, chain_id=chain_id, kind="gift_card", currency=row.currency)
            AccountRow.objects.filter(id=row.id).update(next_expiry_on=ends_on)
            ledger.book([entry])
    if not sold:
        _check_repeated(row.id, activation_id, entry)
    return gift_card_by_number(chain_id=chain_id, number=row.number)


def take_back_gift_card(
    *, activation_id: UUID, store_id: int | None = None, operator: str = "", now: datetime
) -> GiftCard:
    """Undo the sale of a card that nothing was spent of: it has no money then and is blocked. Again changes nothing.

    Raises GiftCardUnknown, and GiftCardClosed when a part of it is spent or held, or when somebody has blocked it.
    """
    row = GiftCardRow.objects.filter(activation_id=activation_id).first()
    if row is None:
        raise GiftCardUnknown("No gift card was sold under this id")
    with transaction.atomic():
        if GiftCardRow.objects.filter(id=row.id, state="active").update(state="blocked"):
            account = ledger.lock([row.id])[row.id]
            paid = ledger.booked(account_id=row.id, cause=f"sell:{activation_id}")
            if account.principal_free_minor != paid:
                raise GiftCardClosed("A part of this gift card is spent", context={"number": row.number})
            AccountRow.objects.filter(id=row.id).update(is_open=False)
            ledger.book(
                [
                    NewEntry(
                        account_id=row.id, account_kind="gift_card", chain_id=row.chain_id, kind="top_up_back",
                        cause=f"sell-back:{activation_id}", currency=row.currency, at=now,
                        on_date=ledger.business_date(chain_id=row.chain_id, store_id=store_id, at=now),
                        principal_minor=-paid, store_id=store_id, operator=operator,
                    )
                ]
            )  # fmt: skip
        elif not ledger.is_booked(account_id=row.id, cause=f"sell-back:{activation_id}"):
            raise GiftCardClosed(
                "This gift card is blocked or at its end, with its money", context={"number": row.number}
            )
    return gift_card_by_number(chain_id=row.chain_id, number=row.number)


def gift_card(*, chain_id: int, code: str) -> GiftCard:
    """The card that a code opens, with its balance; raises GiftCardUnknown, the same for mistyped and for unknown.

    Whoever takes codes from people limits the rate at which they may try: see runtime.
    """
    normal = numbers.normal(code)
    if numbers.is_code(normal):
        marks = card_codes.kept_as(normal)
        rows = sql.run(
            f"{_BALANCE} WHERE c.chain_id = %s AND c.code_sha256 IN ({', '.join(['%s'] * len(marks))})",
            [chain_id, *marks],
        )
        if rows:
            return _view(rows[0])
    raise GiftCardUnknown("There is no such gift card")


def gift_card_by_number(*, chain_id: int, number: str) -> GiftCard:
    """A card by its printed number, for those who may see any card; raises GiftCardUnknown."""
    normal = numbers.normal(number)
    if not numbers.is_number(normal):
        raise GiftCardUnknown("There is no such gift card")
    rows = sql.run(f"{_BALANCE} WHERE c.chain_id = %s AND c.number = %s", [chain_id, normal])
    if not rows:
        raise GiftCardUnknown("There is no such gift card")
    return _view(rows[0])


def named_row(*, chain_id: int, code: str = "", number: str = "") -> GiftCardRow:
    """The row of a card by its code or its number; raises GiftCardUnknown."""
    rows = GiftCardRow.objects.filter(chain_id=chain_id)
    if number:
        row = rows.filter(number=numbers.normal(number).replace("\0", "")).first()
    else:
        marks = card_codes.kept_as(numbers.normal(code))
        row = rows.filter(code_sha256__in=marks).first()
    if row is None:
        raise GiftCardUnknown("There is no such gift card")
    return row


def _check_repeated(card_id: UUID, activation_id: UUID, entry: NewEntry) -> None:
    now = GiftCardRow.objects.get(id=card_id)
    if now.activation_id != activation_id:
        raise GiftCardClosed(f"This gift card is {now.state} already", context={"state": now.state})
    if not ledger.is_same(entry):
        raise EntryConflict("This card was sold for another amount")


def _view(row: tuple[object, ...]) -> GiftCard:
    number, chain_id, state, currency, activated_at, ends_on, free, held = row
    return GiftCard(
        number=str(number),
        chain_id=int(str(chain_id)),
        state=state,  # type: ignore[arg-type]  # the table's own constraint
        currency=str(currency),
        balance_minor=int(str(free)) + int(str(held)),
        held_minor=int(str(held)),
        activated_at=sql.read_time(activated_at),
        ends_on=sql.read_date(ends_on),
    )

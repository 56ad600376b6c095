"""Gift cards: printed without money, activated when they are sold, opened by a code that nobody can guess."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import ledger, sql
from liushui.loyalty.actions.join import open_account
from liushui.loyalty.contracts import VALUE_MAX_MINOR, GiftCard, IssuedGiftCard
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import EntryConflict, GiftCardClosed, GiftCardUnknown
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import AccountRow, GiftCardRow
from liushui.loyalty.programme_live import live_programme
from liushui.runtime import audit, sealed
from liushui.runtime.access import Principal

_MADE_OF, _KEPT_AS = "gift-card-code", "gift-card-hash"
_AT_ONCE_MAX = 1_000
_COLUMNS = (
    *("id", "chain_id", "number", "code_sha256", "batch_id", "position", "state", "face_minor", "currency"),
    "issued_at",
)
_BALANCE = """
SELECT c.number, c.chain_id, c.state, c.currency, c.activated_at, c.ends_on, COALESCE(a.principal_free_minor, 0),
 COALESCE((SELECT SUM(h.principal_minor) FROM loyalty_hold h WHERE h.account_id = c.id AND h.state = 'held'), 0)
FROM loyalty_gift_card c LEFT JOIN loyalty_account a ON a.id = c.id
"""


def issue_gift_cards(
    *, batch_id: UUID, chain_id: int, count: int, face_minor: int | None = None, now: datetime
) -> tuple[IssuedGiftCard, ...]:
    """Make cards without money, to be printed or sent; the same batch again answers the same numbers and codes.

    The codes are made of the batch and the server's secret, and kept as keyed hashes only. `face_minor` is the amount
    that a card must be sold for; None leaves it open.
    """
    if not 0 < count <= _AT_ONCE_MAX:
        raise InvalidValue(f"1 to {_AT_ONCE_MAX} cards at a time", pointer="/count")
    if face_minor is not None and not 0 < face_minor <= VALUE_MAX_MINOR:
        raise InvalidValue("A card's amount is above zero", pointer="/face_minor")
    currency = ledger.currency_of(chain_id=chain_id)
    cards = [_made(batch_id, position) for position in range(count)]
    with transaction.atomic():
        sql.insert(
            table="loyalty_gift_card",
            columns=_COLUMNS,
            rows=[
                (
                    numbers.gift_account_id(chain_id=chain_id, number=card.number), chain_id, card.number,
                    _hash(card.code), batch_id, position, "issued", face_minor, currency, now,
                )
                for position, card in enumerate(cards)
            ],
            keys="batch_id, position",
            returning="position",
        )  # fmt: skip
    made = GiftCardRow.objects.filter(batch_id=batch_id, chain_id=chain_id, face_minor=face_minor)
    if set(made.values_list("number", flat=True)) != {card.number for card in cards}:
        raise EntryConflict("Other cards were made under this batch")
    return tuple(cards)


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
    row = _named(chain_id=chain_id, code=code, number=number)
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
            state="active", activated_at=now, activation_id=activation_id, ends_on=ends_on
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

    Raises GiftCardUnknown, and GiftCardClosed when a part of it is spent or held.
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
    return gift_card_by_number(chain_id=row.chain_id, number=row.number)


def block_gift_card(
    *, chain_id: int, number: str, is_blocked: bool, reason: str, principal: Principal, now: datetime
) -> GiftCard:
    """Block a lost card, so that nothing of it can be spent, or open it again; its money stays on it."""
    row = _named(chain_id=chain_id, number=number)
    with transaction.atomic():
        before, after = ("active", "blocked") if is_blocked else ("blocked", "active")
        moved = GiftCardRow.objects.filter(id=row.id, state=before, activated_at__isnull=False).update(state=after)
        if moved:
            AccountRow.objects.filter(id=row.id).update(is_open=not is_blocked)
            audit.record(
                principal=principal, action=f"gift_card.{'block' if is_blocked else 'open'}",
                target=f"gift_card:{row.number}", chain_id=chain_id, before={"state": before}, after={"state": after},
                reason=reason,
            )  # fmt: skip
    return gift_card_by_number(chain_id=chain_id, number=row.number)


def gift_card(*, chain_id: int, code: str) -> GiftCard:
    """The card that a code opens, with its balance; raises GiftCardUnknown, the same for mistyped and for unknown.

    Whoever takes codes from people limits the rate at which they may try: see runtime.
    """
    normal = numbers.normal(code)
    if numbers.is_code(normal):
        marks = sealed.fingerprints(normal, purpose=_KEPT_AS)
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


def _named(*, chain_id: int, code: str = "", number: str = "") -> GiftCardRow:
    rows = GiftCardRow.objects.filter(chain_id=chain_id)
    if number:
        row = rows.filter(number=numbers.normal(number).replace("\0", "")).first()
    else:
        marks = sealed.fingerprints(numbers.normal(code), purpose=_KEPT_AS)
        row = rows.filter(code_sha256__in=marks).first()
    if row is None:
        raise GiftCardUnknown("There is no such gift card")
    return row


def _made(batch_id: UUID, position: int) -> IssuedGiftCard:
    """The number and the code of a card: of the batch, its place in it and the server's secret."""
    digest = bytes.fromhex(sealed.fingerprint(f"{batch_id}:{position}", purpose=_MADE_OF))
    number = numbers.gift_number(value=int.from_bytes(digest[16:24], "big") % 10**10)
    return IssuedGiftCard(number=number, code=numbers.code_of(digest))


def _hash(code: str) -> str:
    return sealed.fingerprint(code, purpose=_KEPT_AS)


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

"""A chain whose programme is in force, and members with something on their accounts: for tests of the ledger."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from liushui.kernel.ids import new_id
from liushui.loyalty import facade, ledger
from liushui.loyalty.contracts import Balances, GiftCard, Hold, Member, Spend
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.tests.chains import NOON, House, make_house, programme
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal

LATER = NOON + timedelta(minutes=15)
PHONE = "13800138000"
NOTICES = {"membership": "1"}


def open_chain(*, spend_order: str = "gift_first", bonus: list[dict[str, int]] | None = None, **fields: Any) -> House:
    """100 points pay one yuan; 200 yuan paid in bring 20 on top."""
    rows = [{"paid_minor": 20_000, "gift_minor": 2_000}] if bonus is None else bonus
    house = make_house()
    house.publish(programme(stored_value={"spend_order": spend_order, "top_up_bonus": rows}, **fields))
    return house


def staff(house: House, role: str = "finance", name: str = "fei") -> Principal:
    """Somebody with a role in the whole chain."""
    return Principal(subject=f"staff:{name}", name=name.title(), grants=(Grant(role=role, chain_id=house.chain_id),))


def earn(
    member: Member,
    points: int,
    *,
    until: date | None = None,
    cause: str = "",
    at: datetime = NOON,
    store: int | None = None,
) -> None:
    """Points that came as a lot."""
    ledger.book(
        [
            NewEntry(
                account_id=member.id, chain_id=member.chain_id, kind="earn", cause=cause or f"sale:{new_id()}",
                currency="CNY", at=at, on_date=timezone.localdate(at), points=points, store_id=store,
                lot_until=until or ledger.NEVER,
            )
        ]
    )  # fmt: skip


def take_back(member: Member, points: int, *, of: str, at: datetime = NOON, cause: str = "") -> None:
    """Points that a sale earned are taken back with its goods."""
    ledger.book(
        [
            NewEntry(
                account_id=member.id, chain_id=member.chain_id, kind="take_back", cause=cause or f"return:{new_id()}",
                currency="CNY", at=at, on_date=timezone.localdate(at), points=-points, lot_of=(member.id, of),
            )
        ]
    )  # fmt: skip


def rich(house: House, *, points: int = 0, principal: int = 0, gift: int = 0) -> Member:
    """A member who has this."""
    member = house.member()
    if points:
        earn(member, points)
    if principal or gift:
        ledger.book(
            [
                NewEntry(
                    account_id=member.id, chain_id=member.chain_id, kind="top_up", cause=f"topup:{new_id()}",
                    currency="CNY", at=NOON, on_date=NOON.date(), principal_minor=principal, gift_minor=gift,
                )
            ]
        )  # fmt: skip
    return member


def sold_card(house: House, amount: int) -> tuple[GiftCard, str]:
    """A gift card with this on it, and its code."""
    [issued] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, now=NOON)
    card = facade.activate_gift_card(
        activation_id=new_id(), chain_id=house.chain_id, code=issued.code, paid_minor=amount, store_id=house.store.id,
        operator="li", tender="cash", now=NOON,
    )  # fmt: skip
    return card, issued.code


def block(
    house: House, number: str, *, by: Principal | None = None, at: datetime = NOON, id: UUID | None = None
) -> str:
    """Block a gift card; its state."""
    return facade.block_gift_card(
        block_id=id or new_id(), chain_id=house.chain_id, number=number, reason="lost", principal=by or house.fei,
        now=NOON,
    ).state  # fmt: skip


def unblock(house: House, number: str, *, approve: bool = True, at: datetime = NOON, id: UUID | None = None) -> str:
    """Have a manager ask for it and finance decide; the card's state."""
    asked = facade.request_gift_card_unblock(
        unblock_id=id or new_id(), chain_id=house.chain_id, number=number, reason="found again",
        principal=staff(house, "store_manager", "wang"), now=at,
    )  # fmt: skip
    approvals.decide(approval_id=asked.id, approve=approve, principal=house.fei, now=at, reason="seen")
    facade.settle_gift_card_unblocks(now=at)
    return facade.gift_card_by_number(chain_id=house.chain_id, number=number).state


def points(amount: int) -> Spend:
    """Paid with points."""
    return Spend(kind="points", amount_minor=amount)


def stored(amount: int) -> Spend:
    """Paid with stored value."""
    return Spend(kind="stored_value", amount_minor=amount)


def of_card(card: GiftCard, amount: int) -> Spend:
    """Paid with a gift card."""
    return Spend(kind="gift_card", amount_minor=amount, reference=card.number)


def hold(
    member: Member | None, *spends: Spend, order: str = "till/1", chain_id: int | None = None, **fields: Any
) -> Hold:
    """Keep this back for an order."""
    chain = chain_id if chain_id is not None else member.chain_id if member else 0
    asked = {"currency": "CNY", "expires_at": LATER, "now": NOON} | fields
    return facade.hold(order_key=order, chain_id=chain, member_id=member.id if member else None, spends=spends, **asked)


def post(order: str = "till/1", sale_id: UUID | None = None, now: datetime = NOON) -> UUID:
    """The order's sale is recorded."""
    sale = sale_id or new_id()
    facade.post(order_key=order, sale_id=sale, now=now)
    return sale


def has(member: Member) -> tuple[int, int, int]:
    """Points, principal and gift part, held ones included."""
    found = facade.balances(member_id=member.id)
    return found.points, found.principal_minor, found.gift_minor


def balances(member: Member) -> Balances:
    """All numbers of a member's account."""
    return facade.balances(member_id=member.id)


def lines(member: Member) -> list[tuple[str, int, int, int]]:
    """Kind, points, principal and gift part of each entry, the oldest first."""
    page = facade.entries(member_id=member.id, limit=500)
    return [(each.kind, each.points, each.principal_minor, each.gift_minor) for each in reversed(page.entries)]

"""Members at the counter of the tests: a programme in force, and people who have joined, topped up and collected."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.runtime.access import Grant, Principal
from liushui.till import facade
from liushui.till.contracts import Ticket
from liushui.till.tests.conftest import NOON, Shop

PHONE, OTHER_PHONE = "13800138000", "13900139001"
NOTICES = {"membership": "1", "marketing": "1"}
PROGRAMME = {
    "format": 1,
    "currency": "CNY",
    "earning": {
        "match": "first", "tenders_without_points": ["points"],
        "rows": [{"tiers": ["gold"], "points": 2, "per_minor": 100}, {"points": 1, "per_minor": 100}],
    },
    "validity": {"kind": "never"},
    "redemption": {"points": 100, "minor": 100, "max_share_bp": 5_000},  # 100 points are ¥1; at most half of a sale
    "tiers": {
        "window_months": 12,
        "levels": [
            {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "spend_minor": 10_000, "grace_days": 30},
            {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "spend_minor": 50_000, "grace_days": 30},
        ],
    },
    "stored_value": {
        "spend_order": "principal_first", "top_up_bonus": [{"paid_minor": 10_000, "gift_minor": 1_000}],
    },
    "birthday": None,
    "anniversary": None,
}  # fmt: skip


def publish_programme(*, chain_id: int) -> None:
    """The programme, drafted by a marketer and approved by finance."""
    marketer, finance = (
        Principal(subject=f"staff:{name}", name=name.title(), grants=(Grant(role=name, chain_id=chain_id),))
        for name in ("marketer", "finance")
    )
    before = NOON - timedelta(days=1)
    draft = loyalty.create_programme_draft(chain_id=chain_id, name="First", principal=marketer, now=before)
    draft = loyalty.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=PROGRAMME, principal=marketer, now=before
    )
    loyalty.submit_programme(draft_id=draft.id, revision=draft.revision, reason="begin", principal=marketer, now=before)
    loyalty.decide_programme(draft_id=draft.id, approve=True, principal=finance, now=before)


def member_of(
    shop: Shop, *, phone: str = PHONE, name: str = "张伟", points: int = 0, stored: int = 0, tier: str = ""
) -> Member:
    """Somebody who joined, with points collected and value paid in."""
    found = loyalty.join(
        chain_id=shop.till.chain_id, phone=phone, name=name, store_id=shop.store.id, channel="till",
        consents=NOTICES, now=NOON - timedelta(hours=2),
    ).member  # fmt: skip
    if stored:
        loyalty.top_up(
            top_up_id=new_id(), member_id=found.id, paid_minor=stored, store_id=shop.store.id, operator="ann",
            tender="cash", now=NOON - timedelta(hours=1),
        )  # fmt: skip
    with connection.cursor() as cursor:
        if tier:
            cursor.execute("UPDATE loyalty_member SET tier = %s WHERE number = %s", [tier, found.number])
        if points:
            cursor.execute(
                "UPDATE loyalty_account SET points_free = %s"
                " WHERE id = (SELECT id FROM loyalty_member WHERE number = %s)", [points, found.number]
            )  # fmt: skip
    return found


def scanned(shop: Shop, *codes: str, member: str = "") -> Ticket:
    """A ticket with goods, for a member when a phone or number is given."""
    if member:
        ticket = facade.find_member(till=shop.till, text=member, now=NOON)
    for code in codes:
        ticket = facade.scan(till=shop.till, code=code, now=NOON)
    return ticket


def pay(shop: Shop, ticket: Ticket, type: str, amount: int | None = None, card: str = "") -> Ticket:
    """Pay with points, stored value or a gift card."""
    return facade.pay_value(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, type=type, amount_minor=amount, card=card, now=NOON
    )


def cash(shop: Shop, ticket: Ticket) -> Ticket:
    """The rest in cash, exactly."""
    return facade.pay_cash(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, given_minor=ticket.due_minor, now=NOON
    )


def free(member: Member) -> tuple[int, int]:
    """Points and stored value that may be spent now."""
    balances = loyalty.balances(member_id=member.id)
    return balances.points_free, balances.stored_free_minor


def held(member: Member) -> tuple[int, int]:
    """Points and stored value that orders keep back."""
    balances = loyalty.balances(member_id=member.id)
    return balances.points_held, balances.stored_held_minor


def id_of(number: int) -> UUID:
    """An id as a page makes one, the same each time."""
    return UUID(int=number)

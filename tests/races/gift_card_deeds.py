"""What processes do that make, tell, block and open gift cards, and merge members with value by two; or die of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

from django.db import connection
from tests.support.crash import crash_at_step

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade
from liushui.loyalty.actions import card_batch_parts, issue_cards
from liushui.loyalty.models import AccountRow, CardBatchBlockRow, CardBatchRow, GiftCardRow, MemberRow
from liushui.loyalty.tests.accounts import LATER, NOTICES, open_chain
from liushui.loyalty.tests.chains import NOON
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.models import ApprovalRow, AuditEntry
from liushui.stores import facade as stores

_SPACE = UUID(int=8)
CARDS = 3
issue_cards._ROWS_AT_ONCE = 2  # parts so small that three cards take two
card_batch_parts._CARDS_AT_ONCE = 2


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """A chain and its programme, and a batch after which the forks begin warm."""
    open_chain()
    issue(name="the-first")
    block(name="the-first")


def issue(*, name: str, at_once: bool = True, crash_at: int | None = None) -> dict[str, Any]:
    """A program issues a batch under this name; without `at_once` the worker is left to make its cards."""
    issue_cards.AT_ONCE_MAX = 500 if at_once else 0
    with crash_at_step(crash_at) as steps:
        batch = facade.start_gift_card_batch(
            batch_id=_id(name), chain_id=_chain(), count=CARDS, principal=_program(), now=NOON
        )
    return {"made": batch.made_count, "steps": steps.names}


def make(*, crash_at: int | None = None) -> dict[str, Any]:
    """What the worker's clock does for batches that are being made."""
    with crash_at_step(crash_at) as steps:
        facade.make_gift_cards(now=NOON, seconds_max=60)
    return {"steps": steps.names}


def tell(*, name: str, request: str, crash_at: int | None = None) -> dict[str, Any]:
    """The program takes the codes out."""
    with crash_at_step(crash_at) as steps:
        try:
            cards, _next = facade.tell_codes_to_request(
                batch_id=_id(name), request_id=_id(request), after=-1, limit=100, principal=_program(), now=NOON
            )
        except LiushuiError as error:
            return {"error": error.type, "steps": steps.names}
    return {"cards": [[card.number, card.code] for card in cards], "steps": steps.names}


def sell(*, name: str, positions: list[int]) -> dict[str, Any]:
    """Tills sell these cards of a batch for 100 each; how many of them."""
    done = 0
    rows = GiftCardRow.objects.filter(batch_id=_id(name), position__in=positions).order_by("position")
    for number in rows.values_list("number", flat=True):
        try:
            facade.activate_gift_card(
                activation_id=_id(f"{name}/{number}"), chain_id=_chain(), number=number, paid_minor=100, store_id=None,
                operator="li", tender="cash", now=NOON,
            )  # fmt: skip
            done += 1
        except LiushuiError as error:
            assert error.type == "gift-card-state"
    return {"sold": done}


def block(*, name: str, id: str = "", crash_at: int | None = None) -> dict[str, Any]:
    """Somebody blocks the batch, under an id of the name's or this one."""
    with crash_at_step(crash_at) as steps:
        done = facade.block_gift_card_batch(
            block_id=_id(id or f"{name}/block"), batch_id=_id(name), reason="stolen", principal=_program(), now=NOON,
            seconds_max=60,
        )  # fmt: skip
    return {"state": done.state, "steps": steps.names}


def ask_unblock(*, name: str) -> dict[str, Any]:
    """One asks for it and another approves; nothing is opened yet."""
    asked = facade.request_card_batch_unblock(
        unblock_id=_id(f"{name}/unblock"), batch_id=_id(name), reason="back again", principal=_program(), now=NOON
    )
    approvals.decide(approval_id=asked.id, approve=True, principal=_person("finance"), now=NOON)
    return {}


def settle(*, crash_at: int | None = None) -> dict[str, Any]:
    """What the worker's clock does for batches that are blocked or opened."""
    with crash_at_step(crash_at) as steps:
        facade.settle_card_batch_unblocks(now=NOON, seconds_max=60)
    return {"steps": steps.names}


def look(*, name: str) -> dict[str, Any]:
    """All that there is of a batch."""
    batch = CardBatchRow.objects.filter(id=_id(name)).first()
    cards = GiftCardRow.objects.filter(batch_id=_id(name)).order_by("position")
    open_ones = AccountRow.objects.filter(id__in=cards.values("id"), is_open=True)
    blocks = CardBatchBlockRow.objects.filter(batch_id=_id(name)).order_by("kind", "id")
    told = AuditEntry.objects.filter(target=f"gift_card_batch:{_id(name)}").order_by("action")
    return {
        "batch": [batch.state, batch.made_count] if batch else None,
        "cards": [[card.position, card.state] for card in cards],
        "numbers": len({card.number for card in cards}),
        "open": open_ones.count(),
        "blocks": [[each.kind, each.state, each.changed_count] for each in blocks],
        "audit": list(told.values_list("action", flat=True)),
        "used": ApprovalRow.objects.filter(target__startswith=f"gift-card-batch:{_id(name)}:", used_at=NOON).count(),
        "wrong": len(facade.verify()),
    }


def pair(*, first: int, paid: int) -> list[str]:
    """Two members of whom the second has this much of stored value."""
    found = [
        facade.join(chain_id=_chain(), phone=f"138{first + n:08}", channel="till", consents=NOTICES, now=NOON).member.id
        for n in range(2)
    ]
    facade.top_up(
        top_up_id=_id(f"top-up {first}"), member_id=found[1], paid_minor=paid, store_id=None, operator="li",
        tender="cash", now=NOON,
    )  # fmt: skip
    return [str(each) for each in found]


def ask_merge(*, keep: str, drop: str) -> str:
    """A manager asks for a merge; the approval."""
    asked = facade.request_merge(
        merge_id=_id(f"{keep}{drop}"), keep_id=UUID(keep), drop_id=UUID(drop), reason="one person",
        principal=_person("store_manager"), now=NOON,
    )  # fmt: skip
    return str(asked.id)


def decide(*, approval: str) -> None:
    """Somebody of finance approves; the worker's clock does not come by."""
    approvals.decide(approval_id=UUID(approval), approve=True, principal=_person("finance"), now=NOON)


def approve(*, approval: str, name: str = "finance") -> dict[str, Any]:
    """Somebody of finance approves, and the worker's clock comes by."""
    try:
        approvals.decide(approval_id=UUID(approval), approve=True, principal=_person("finance", name), now=NOON)
        error = ""
    except LiushuiError as found:
        error = found.type
    facade.settle_merges(now=NOON)
    return {"error": error}


def settle_merges(*, crash_at: int | None = None) -> dict[str, Any]:
    """What the worker's clock does for merges."""
    with crash_at_step(crash_at) as steps:
        facade.settle_merges(now=NOON)
    return {"steps": steps.names}


def finish() -> None:
    """What the worker's clock does for merges, later."""
    facade.settle_merges(now=LATER)
    facade.finish_merges(now=LATER)


def erase(*, member: str) -> dict[str, Any]:
    """A person's data is erased."""
    subject_id = MemberRow.objects.values_list("subject_id", flat=True).get(id=UUID(member))
    if subject_id is not None:
        privacy.erase_subject(subject_id=subject_id, reason="asked", principal=system_principal(name="x"), now=NOON)
    return {}


def merge_alone(*, keep: str, drop: str) -> dict[str, Any]:
    """One person merges two."""
    terms: dict[str, Any] = {"keep_id": UUID(keep), "drop_id": UUID(drop), "reason": "twice", "now": NOON}
    try:
        facade.merge(**terms, principal=_person("store_manager"))
    except LiushuiError as error:
        return {"error": error.type}
    return {"error": ""}


def one_of(*, deed: str, terms: dict[str, Any]) -> dict[str, Any]:
    """Whichever deed is named: for races of different ones."""
    done: dict[str, Any] = _MIXED[deed](**terms)
    return done


def members(*, ids: list[str], approval: str) -> dict[str, Any]:
    """Status, principal and gift part of each, how the request ended, and how often its approval was used."""
    rows = {str(row.id): row for row in MemberRow.objects.filter(id__in=ids)}
    balances = {id: facade.balances(member_id=UUID(id)) for id in ids}
    target = ApprovalRow.objects.get(id=UUID(approval)).target
    return {
        "has": [[rows[id].status, balances[id].principal_minor, balances[id].gift_minor] for id in ids],
        "state": facade.merge_request(merge_id=UUID(target.partition(":")[2])).state,
        "used": ApprovalRow.objects.filter(id=UUID(approval), used_at__isnull=False).count(),
        "audit": AuditEntry.objects.filter(action="member.merge", target=f"member:{ids[0]}").count(),
        "wrong": len(facade.verify()),
    }


_MIXED: dict[str, Callable[..., Any]] = {
    "approve": approve, "erase": erase, "merge_alone": merge_alone, "block": block, "sell": sell, "make": make,
    "settle": settle, "tell": tell, "settle_merges": settle_merges,
}  # fmt: skip


def _program() -> Principal:
    return Principal(subject="client:erp", name="ERP", grants=(Grant(role="finance", chain_id=_chain()),))


def _person(role: str, name: str = "") -> Principal:
    return Principal(subject=f"staff:{name or role}", name=role, grants=(Grant(role=role, chain_id=_chain()),))


def _id(name: str) -> UUID:
    return uuid5(_SPACE, name)


def _chain() -> int:
    return stores.chains()[0].id

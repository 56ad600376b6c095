"""What the processes of a race about members, value and returns do; each runs in a fork of its own, in plain JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from tests.support import member_shop
from tests.support.crash import crash_at_step
from tests.support.member_shop import NOON, member_sale, return_of

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import LineCommand, Tender
from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.loyalty.models import EntryRow, HoldRow, MemberRow
from liushui.orders import facade as orders
from liushui.privacy import facade as privacy
from liushui.promotions import facade as promotions
from liushui.promotions.models import ReservationRow
from liushui.runtime import inbox, relay
from liushui.runtime.grants import system_principal
from liushui.runtime.models import OutboxEvent
from liushui.stores import facade as stores

ME = system_principal(name="races")
LATER = NOON + timedelta(hours=1)


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """The shop, and a first sale, after which the forks of a race begin warm."""
    member_shop.open_member_shop()
    sell(name="the first")


def coupons(*, count: int) -> list[str]:
    """The coupon's rule in force, and codes of it."""
    return member_shop.publish_coupons(chain_id=_chain(), count=count)


def members(*, count: int, first: int, points: int = 0, principal: int = 0, gift: int = 0) -> list[str]:
    """Members with so much on their accounts."""
    found = member_shop.add_members(
        chain_id=_chain(), count=count, first=first, points=points, principal_minor=principal, gift_minor=gift
    )
    return [str(each) for each in found]


def gift_card(*, paid: int, name: str) -> str:
    """A gift card's number."""
    return member_shop.add_gift_card(chain_id=_chain(), paid_minor=paid, name=name)


def sell(
    *,
    name: str,
    member: str | None = None,
    codes: list[str] | None = None,
    tenders: list[list[Any]] | None = None,
    units: int = 2,
    crash_at: int | None = None,
    slow: float = 0.0,
    wait_at: int | None = None,
    gate: str = "",
    minutes: int = 0,
) -> dict[str, Any]:
    """Sell MILK, so many minutes after noon; what is not paid by the tenders given is paid in cash."""
    command = member_sale(
        name, member_id=UUID(member) if member else None, codes=codes or [], units=units, tenders=_tenders(tenders)
    )
    return _complete(command, crash_at=crash_at, slow=slow, wait_at=wait_at, gate=gate, minutes=minutes)


def take_back(
    *,
    name: str,
    sale_id: str,
    units: int,
    bread: int = 0,
    tenders: list[list[Any]] | None = None,
    store: str = "SH01",
    crash_at: int | None = None,
    slow: float = 0.0,
    wait_at: int | None = None,
    gate: str = "",
) -> dict[str, Any]:
    """Take units of the first line back, for bread if any is given."""
    lines = [LineCommand(code="BREAD", units=bread)] if bread else []
    command = return_of(name, sale_id=UUID(sale_id), units=units, lines=lines, tenders=_tenders(tenders), store=store)
    return _complete(command, crash_at=crash_at, slow=slow, wait_at=wait_at, gate=gate)


def void(*, sale_id: str, gate: str = "") -> dict[str, Any]:
    """Void a sale."""
    with _opening(gate):
        try:
            found = orders.void_sale(sale_id=UUID(sale_id), reason="mistake", principal=ME, now=NOON)
        except LiushuiError as error:
            return {"error": error.type}
    return {"status": found.summary.status}


def void_or_take_back(*, voids: bool, **kwargs: Any) -> dict[str, Any]:
    """One or the other."""
    return void(sale_id=kwargs["sale_id"]) if voids else take_back(**kwargs)


def void_or_take(*, voids: bool, **kwargs: Any) -> dict[str, Any]:
    """The same for two that meet at a gate."""
    return void(sale_id=kwargs["sale_id"], gate=kwargs["gate"]) if voids else take_back(**kwargs)


def sell_or_change(*, tier: str = "", **kwargs: Any) -> dict[str, Any]:
    """Sell, or give the member another tier meanwhile."""
    if not tier:
        return sell(**kwargs)
    with _opening(kwargs.get("gate", "")):
        changed = MemberRow.objects.filter(id=UUID(kwargs["member"])).update(tier=tier)
    return {"changed": changed}


def joined(*, phone: str) -> str:
    """Somebody with personal data, to be erased."""
    found = loyalty.join(
        chain_id=_chain(), phone=phone, name="张伟", channel="till", consents={"membership": "1"}, now=NOON
    )
    loyalty.top_up(
        top_up_id=UUID(int=int(phone)), member_id=found.member.id, paid_minor=100_000, store_id=None, operator="li",
        tender="cash", now=NOON,
    )  # fmt: skip
    return str(found.member.id)


def sell_or_erase(*, erases: bool, **kwargs: Any) -> dict[str, Any]:
    """Sell to a member, or erase him meanwhile."""
    if not erases:
        return sell(**kwargs)
    [found] = loyalty.members(ids=[UUID(kwargs["member"])]).values()
    if found.subject_id is None:
        return {"error": "gone"}
    try:
        privacy.erase_subject(subject_id=found.subject_id, reason="asked", principal=ME, now=NOON)
    except LiushuiError as error:
        return {"error": error.type}
    return {"erased": True}


def deliver() -> int:
    """What happens by itself: events are published and read by everybody, to the end; how many there were."""
    read = 0
    while relay.publish_pending(limit=500):
        pass
    for consumer in CONSUMERS:
        while found := inbox.deliver(consumer=consumer, limit=500):
            read += found
    return read


def recover() -> dict[str, Any]:
    """All that mends what a crash left: the events, then time."""
    deliver()
    promotions.expire(now=LATER)
    loyalty.expire_holds(now=LATER)
    return inspect()


def recovered() -> list[dict[str, Any]]:
    """What is wrong, and what is open, after recovery."""
    return [recover(), settled()]


def balance(*, member: str) -> list[int]:
    """Points, what of them is held, principal, gift part, what of those is held."""
    found = loyalty.balances(member_id=UUID(member))
    return [found.points, found.points_held, found.principal_minor, found.gift_minor, found.stored_held_minor]


def card_balance(*, number: str) -> int:
    """What is on a gift card."""
    return loyalty.gift_card_by_number(chain_id=_chain(), number=number).balance_minor


def coupon(*, code: str) -> str:
    """What became of a coupon."""
    return promotions.coupon_state(chain_id=_chain(), code=code).state


def sold(*, name: str) -> int:
    """How many sales stand under an id of the source."""
    return _count("SELECT COUNT(*) FROM orders_sale WHERE source_id = %s", [name])


def inspect() -> dict[str, Any]:
    """What must be nowhere, whatever happened: each a number that has to be 0."""
    return {
        "ledger": len(loyalty.verify()),
        "lines": _count(
            "SELECT COUNT(*) FROM orders_sale s WHERE total_minor <>"
            " (SELECT COALESCE(SUM(amount_minor), 0) FROM orders_line l WHERE l.sale_id = s.id)"
        ),
        "tenders": _count(
            "SELECT COUNT(*) FROM orders_sale s WHERE total_minor <>"
            " (SELECT COALESCE(SUM(amount_minor), 0) FROM orders_tender t WHERE t.sale_id = s.id)"
        ),
        "events": _events_wrong(),
        "returned_beyond": _count("SELECT COUNT(*) FROM orders_return_counter WHERE returned_units > bought_units"),
        "returned_and_voided": _count(
            "SELECT COUNT(*) FROM orders_return_head h JOIN orders_sale s ON s.id = h.sale_id"
            " WHERE s.status = 'voided' AND h.returned_units > 0"
        ),
        "below_zero": _count(
            "SELECT COUNT(*) FROM loyalty_account WHERE principal_free_minor < 0 OR gift_free_minor < 0"
            " OR points_free < 0"
        ),
    }


def settled() -> dict[str, int]:
    """After recovery: what is still open, and by how much tenders and ledger disagree; each has to be 0."""
    return {
        "holds": HoldRow.objects.filter(state="held").count(),
        "reservations": ReservationRow.objects.filter(state="reserved").count(),
        "unread": OutboxEvent.objects.filter(seq__isnull=True).count(),
        # A point is a fen here, so that points and the tenders that they paid are one number.
        "points": _tendered("points") + _booked("points"),
        "stored": _tendered("stored_value") + _booked("principal_minor", "gift_minor", kind="member"),
        "cards": _tendered("gift_card") + _booked("principal_minor", kind="gift_card"),
    }


def _tendered(kind: str) -> int:
    return _count(
        "SELECT COALESCE(SUM(t.amount_minor), 0) FROM orders_tender t JOIN orders_sale s ON s.id = t.sale_id"
        " WHERE t.type = %s AND s.status = 'completed'",
        [kind],
    )


def _booked(*columns: str, kind: str = "") -> int:
    rows = EntryRow.objects.filter(kind__in=("spend", "give_back"))
    rows = rows.filter(account_kind=kind) if kind else rows
    return sum(sum(row) for row in rows.values_list(*columns))


def _events_wrong() -> int:
    """Sales without exactly one event of completion, and voided ones without exactly one of that."""
    told: dict[tuple[str, str], int] = {}
    for type_, data in OutboxEvent.objects.filter(type__startswith="liushui.sale.").values_list("type", "data"):
        key = (type_, str(json.loads(bytes(data))["sale_id"]))
        told[key] = told.get(key, 0) + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status FROM orders_sale")
        rows = [(str(id if isinstance(id, UUID) else UUID(id)), status) for id, status in cursor.fetchall()]
    due = [("liushui.sale.completed.v1", id) for id, _status in rows]
    due += [("liushui.sale.voided.v1", id) for id, status in rows if status == "voided"]
    return sum(told.get(key, 0) != 1 for key in due) + len(told.keys() - set(due))


def _complete(
    command: Any, *, crash_at: int | None, slow: float, wait_at: int | None, gate: str, minutes: int = 0
) -> dict[str, Any]:
    """Complete it: what was answered, and the steps that it took."""
    with _slowly(slow), _opening(gate if wait_at is None else ""), crash_at_step(crash_at) as steps:
        if wait_at is not None:
            _wait_before(steps, wait_at, gate)
        try:
            answer = checkout.complete_sale(command=command, principal=ME, now=NOON + timedelta(minutes=minutes))
        except LiushuiError as error:
            return {"error": error.type, "steps": steps.names}
    return {
        "sale_id": str(answer.sale_id), "total": answer.total_minor, "is_replay": answer.is_replay,
        "steps": steps.names,
    }  # fmt: skip


def _wait_before(steps: Any, number: int, gate: str) -> None:
    """Hold this process before its step `number` until the other has opened the gate, or a while has passed: the other
    may be waiting for what this one has locked."""
    take = steps.take

    def waiting(name: str) -> None:
        if len(steps.names) + 1 == number:
            Path(f"{gate}.there").touch()
            deadline = time.monotonic() + 0.15
            while not Path(gate).exists() and time.monotonic() < deadline:
                time.sleep(0.002)
        take(name)

    steps.take = waiting


@contextmanager
def _opening(gate: str) -> Iterator[None]:
    """Begin when the other process has come to its step, and open the gate for it at the end."""
    if not gate:
        yield
        return
    deadline = time.monotonic() + 5
    while not Path(f"{gate}.there").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    try:
        yield
    finally:
        Path(gate).touch()


@contextmanager
def _delayed(seconds: float) -> Iterator[None]:
    """Every statement that writes is followed by a delay in the database, with all that it locked still locked."""
    busy = False

    def wait(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal busy
        answer = execute(sql, params, many, context)
        if not busy and sql.lstrip()[:6] in ("INSERT", "UPDATE"):
            if connection.vendor == "postgresql":
                busy = True
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(%s)", [seconds])
                busy = False
            else:
                time.sleep(seconds)
        return answer

    with connection.execute_wrapper(wait):
        yield


def _slowly(seconds: float) -> Any:
    return _delayed(seconds) if seconds else nullcontext()


def _tenders(stated: list[list[Any]] | None) -> list[Tender]:
    return [
        Tender(type=type_, amount_minor=amount, reference=rest[0] if rest else "")
        for type_, amount, *rest in stated or []
    ]


def _chain() -> int:

    return stores.chains()[0].id


def _count(sql: str, values: list[Any] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or [])
        return int(cursor.fetchone()[0])

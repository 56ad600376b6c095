"""What the processes of a race about points and value do; each runs in a fork of its own and answers in plain JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import connection
from tests.support import merging
from tests.support.crash import crash_at_step

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade
from liushui.loyalty.contracts import Spend
from liushui.loyalty.models import AccountRow, EntryRow, HoldRow, MemberRow
from liushui.loyalty.tests.accounts import LATER, NOTICES, earn, open_chain, sold_card
from liushui.loyalty.tests.chains import NOON
from liushui.privacy import facade as privacy
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

_SPACE = UUID(int=5)
SYSTEM = system_principal(name="races")
MUCH_LATER = LATER + timedelta(days=1)
MARCH = date(2027, 3, 1)


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """A chain and its programme: the gift part is spent first, a point pays a fen. And a first spend, after which the
    forks of a race begin warm."""
    open_chain()
    spend(order="the-first", member=enrol(phone="13700000000", points=1), points=1, then="post")


def enrol(*, phone: str, points: int = 0, paid: int = 0, until: str = "") -> str:
    """A member with points and stored value; the id."""
    member = facade.join(chain_id=_chain(), phone=phone, channel="till", consents=NOTICES, now=NOON).member
    if points:
        earn(member, points, until=date.fromisoformat(until) if until else None, cause="start")
    if paid:
        _top_up(member.id, paid, name=phone)
    return str(member.id)


def sell_card(*, amount: int) -> str:
    """A gift card with this on it; the number."""
    [chain] = stores.chains()
    return sold_card(_House(chain.id), amount)[0].number  # type: ignore[arg-type]


def join(*, phone: str, name: str = "", crash_at: int | None = None) -> dict[str, Any]:
    """Somebody joins at a till."""
    with crash_at_step(crash_at) as steps:
        joined = facade.join(chain_id=_chain(), phone=phone, name=name, channel="till", consents=NOTICES, now=NOON)
    return {"member": str(joined.member.id), "is_new": joined.is_new, "steps": steps.names}


def spend(
    *,
    order: str,
    member: str = "",
    points: int = 0,
    stored: int = 0,
    card: str = "",
    of_card: int = 0,
    then: str = "",
    crash_at: int | None = None,
) -> dict[str, Any]:
    """Hold for an order, and end it as said."""
    wanted = (("points", points, ""), ("stored_value", stored, ""), ("gift_card", of_card, card))
    spends = [Spend(kind=kind, amount_minor=amount, reference=of) for kind, amount, of in wanted if amount]  # type: ignore[arg-type]
    with crash_at_step(crash_at) as steps:
        try:
            held = facade.hold(
                order_key=order, chain_id=_chain(), member_id=UUID(member) if member else None, spends=spends,
                currency="CNY", expires_at=LATER, now=NOON,
            )  # fmt: skip
            if then:
                end(order=order, how=then)
        except LiushuiError as error:
            return {"error": error.type, "steps": steps.names}
    return {"state": held.state, "gift": held.gift_minor, "steps": steps.names}


def end(*, order: str, how: str, crash_at: int | None = None) -> dict[str, Any]:
    """End an order's hold in one of the ways in which that happens."""
    ways: dict[str, Callable[[], Any]] = {
        "post": lambda: facade.post(order_key=order, sale_id=uuid5(_SPACE, order), now=NOON),
        "void": lambda: facade.void(order_key=order, now=NOON),
        "reverse": lambda: facade.reverse(order_key=order, now=NOON),
        "expire": lambda: facade.expire_holds(now=MUCH_LATER),
    }
    with crash_at_step(crash_at) as steps:
        done = ways[how]()
    return {"done": bool(done), "steps": steps.names}


def give_back(*, order: str, of: str, points: int, principal: int = 0, crash_at: int | None = None) -> dict[str, Any]:
    """A return gives something of an order's spends back."""
    with crash_at_step(crash_at) as steps:
        try:
            facade.give_back(order_key=order, of_order_key=of, points=points, principal_minor=principal, now=NOON)
        except LiushuiError as error:
            return {"error": error.type, "steps": steps.names}
    return {"points": points, "steps": steps.names}


def top_up(*, member: str, paid: int, name: str, crash_at: int | None = None) -> dict[str, Any]:
    """Money is paid in, under an id of this name."""
    with crash_at_step(crash_at) as steps:
        done = _top_up(UUID(member), paid, name=name)
    return {"gift": done.gift_minor, "steps": steps.names}


def merge(*, keep: str, drop: str, crash_at: int | None = None) -> dict[str, Any]:
    """Two members become one."""
    with crash_at_step(crash_at) as steps:
        try:
            merging.merge(keep_id=UUID(keep), drop_id=UUID(drop), chain_id=_chain(), now=NOON)
        except LiushuiError as error:
            return {"error": error.type, "steps": steps.names}
    return {"steps": steps.names}


def expire(*, on: str = MARCH.isoformat(), crash_at: int | None = None) -> dict[str, Any]:
    """Points end whose day has come."""
    day = date.fromisoformat(on)
    with crash_at_step(crash_at) as steps:
        run = facade.expire_points(chain_id=_chain(), on=day, now=datetime(day.year, day.month, day.day, tzinfo=UTC))
    return {"points": run.points_expired, "accounts": run.accounts_done, "steps": steps.names}


def visit(*, member: str, number: int) -> dict[str, Any]:
    """One of many tills that a hot member is at: earns, pays, gives up, pays in, brings back, one after another."""
    order, known = f"hot/{number}", facade.member(member_id=UUID(member))
    assert known is not None
    earn(known, 7, until=MARCH, cause=f"sale:{number}")
    paid = spend(order=order, member=member, points=5, stored=11, then="post")
    spend(order=order + "/given-up", member=member, points=3, stored=2, then="void")
    _top_up(known.id, 13, name=order)
    if "state" in paid:
        give_back(order=order + "/return", of=order, points=2)
    return {"paid": "state" in paid}


def one_of(*, deed: str, terms: dict[str, Any]) -> dict[str, Any]:
    """Whichever deed is named: for races of different ones."""
    done: dict[str, Any] = _MIXED[deed](**terms)
    return done


def look_at(*, member: str) -> dict[str, int]:
    """The balances of a member."""
    found = facade.balances(member_id=UUID(member))
    return {
        "points": found.points, "points_held": found.points_held, "principal": found.principal_minor,
        "gift": found.gift_minor, "held": found.stored_held_minor,
    }  # fmt: skip


def look_at_card(*, number: str) -> dict[str, int]:
    """The balance of a gift card."""
    found = facade.gift_card_by_number(chain_id=_chain(), number=number)
    return {"balance": found.balance_minor, "held": found.held_minor}


def look_at_order(*, order: str) -> str:
    """The state of an order's hold."""
    found = facade.hold_of(order_key=order)
    return found.state if found is not None else ""


def inspect(*, phone: str = "") -> dict[str, Any]:
    """What must hold whatever happened, and how many there are of what there must be one of."""
    found: dict[str, Any] = {"wrong": [[each.what, each.stated, each.explained] for each in facade.verify()]}
    if phone:
        people = privacy.find_subjects(chain_id=_chain(), field="phone", value=phone)
        members = MemberRow.objects.filter(subject_id__in=people)
        accounts = AccountRow.objects.filter(id__in=members.values_list("id", flat=True))
        found |= {"people": len(people), "members": members.count(), "accounts": accounts.count()}
    return found


def count_entries(*, cause: str) -> int:
    """How often something was booked."""
    return EntryRow.objects.filter(cause=cause).count()


def held() -> int:
    """How many orders hold something."""
    return HoldRow.objects.filter(state="held").count()


_MIXED: dict[str, Callable[..., Any]] = {"spend": spend, "merge": merge, "expire": expire}


class _House:
    """As much of a test's house as a card's sale asks for."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id = chain_id
        self.store = stores.stores()[0]


def _top_up(member_id: UUID, paid: int, *, name: str) -> Any:
    return facade.top_up(
        top_up_id=uuid5(_SPACE, f"top-up {name}"), member_id=member_id, paid_minor=paid, store_id=None, operator="li",
        tender="cash", now=NOON,
    )  # fmt: skip


def _chain() -> int:
    return stores.chains()[0].id

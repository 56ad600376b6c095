"""Points, stored value and gift cards in a sale: held before it is recorded, spent after it, let go when it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from liushui.checkout.contracts import CompleteSale, Member, Tender
from liushui.checkout.domain.baskets import is_ours_to_price
from liushui.checkout.errors import MemberNeeded, PointsShareRefused
from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import HoldTerms, Spend
from liushui.loyalty.errors import HoldConflict
from liushui.orders import facade as orders
from liushui.runtime.at_once import Message, Statement
from liushui.stores.contracts import Store

HELD_FOR = timedelta(minutes=15)
AT_IT = timedelta(seconds=30)  # after so long nobody is at the work between holding and recording
_logger = structlog.get_logger(__name__)


def with_member(command: CompleteSale, *, store: Store) -> CompleteSale:
    """The command with the member's account and, where promotions price it, with the member as he is now. Raises
    MemberNeeded for an account that is nobody's, and for value tenders without one."""
    is_priced_for = command.member is None and is_ours_to_price(command.lines)
    if command.account and command.member_id is None:
        command = _with_account(command, store=store, is_priced_for=is_priced_for)
    elif command.member_id is not None and is_priced_for:
        snapshot = loyalty.snapshot(chain_id=store.chain_id, at=command.completed_at, member_id=command.member_id)
        if snapshot is not None:
            command = replace(command, member=snapshot, customer=command.customer or snapshot.id)
    if command.member_id is None:
        for position, tender in enumerate(command.tenders):
            if tender.type in ("points", "stored_value") and tender.amount_minor > 0:
                raise MemberNeeded(
                    f"{tender.type} belongs to a member, and the sale names none of ours",
                    pointer=f"/tenders/{position}/type",
                    remedy="Give the member's number.",
                )
    return command


def _with_account(command: CompleteSale, *, store: Store, is_priced_for: bool) -> CompleteSale:
    """The command of who is named by number: one statement, another for the birthday where prices may ask for it."""
    number, chain_id = command.account, store.chain_id
    if is_priced_for:
        buyer = loyalty.buyer(chain_id=chain_id, number=number)
        if buyer is not None:
            return replace(command, member_id=buyer.member_id, customer=buyer.shopper.id, member=buyer.shopper)
    else:
        found = loyalty.members_by_number(chain_id=chain_id, numbers=[number]).get(number)
        if found is not None:
            return replace(command, member_id=found.id, customer=found.number)
    raise MemberNeeded(f"There is no member {number!r}", pointer="/member", remedy="Give the number of a member.")


def member_by_number(*, number: str, store: Store, at: datetime) -> Member:
    """A member of the store's chain as promotions see him now; raises MemberNeeded for a number that is nobody's."""
    shopper = loyalty.snapshot(chain_id=store.chain_id, at=at, number=number)
    if shopper is None:
        raise MemberNeeded(f"There is no member {number!r}", pointer="/member", remedy="Give the number of a member.")
    return shopper


def hold(
    command: CompleteSale,
    *,
    tenders: Sequence[Tender],
    sold_minor: int,
    order_key: str,
    store: Store,
    now: datetime,
) -> bool:
    """Have loyalty keep back what the tenders take; whether there was anything. Raises what loyalty refuses it for, and
    PointsShareRefused for more than points may pay of goods sold for `sold_minor`."""
    spends = loyalty.spends_of(tenders)
    if not spends:
        return False
    _check_share(spends, sold_minor=sold_minor, store=store, now=now)
    held = partial(
        loyalty.hold, order_key=order_key, chain_id=store.chain_id, member_id=command.member_id, spends=spends,
        currency=store.currency, expires_at=now + HELD_FOR, now=now, store_id=store.id,
    )  # fmt: skip
    try:
        held()
    except HoldConflict as conflict:
        if conflict.context.get("state") != "held" or _is_recorded(command):
            raise
        held(replaces_before=now - AT_IT)  # of who died before the sale was recorded; raises for one who may be at it
    return True


def hold_in(
    message: Message,
    command: CompleteSale,
    *,
    tenders: Sequence[Tender],
    sold_minor: int,
    order_key: str,
    store: Store,
    now: datetime,
) -> Callable[[], bool] | None:
    """Add to the message of a transaction what `hold` does for a sale that is new; None where no value pays.

    Asked after the message is sent, whether all is held: where it is not, the transaction is to be rolled back and
    `hold` asked. Raises what that raises before it looks at balances.
    """
    spends = loyalty.spends_of(tenders)
    if not spends:
        return None
    _check_share(spends, sold_minor=sold_minor, store=store, now=now)
    return loyalty.hold_in(
        message, order_key=order_key, chain_id=store.chain_id, member_id=command.member_id, spends=spends,
        currency=store.currency, expires_at=now + HELD_FOR, now=now, store_id=store.id,
    )  # fmt: skip


def _is_recorded(command: CompleteSale) -> bool:
    """Whether a sale is recorded under this one's id, with whatever body: what it holds is its own then."""
    identity = orders.Identity(command.source, command.source_id, "")
    return orders.recorded_before(identities=[identity])[0] is not None


def _check_share(spends: Sequence[Spend], *, sold_minor: int, store: Store, now: datetime) -> None:
    by_points = sum(spend.amount_minor for spend in spends if spend.kind == "points")
    if not by_points:
        return
    programme = loyalty.live_programme(chain_id=store.chain_id, at=now)
    most = programme.payable_by_points_minor(total_minor=sold_minor)
    if programme.redemption is not None and by_points > most:
        raise PointsShareRefused(
            f"Points pay {by_points}, they may pay {most} of this sale",
            pointer="/tenders",
            remedy="Pay the rest in another way.",
            context={"most_minor": most},
        )


def spend_with_sale(
    command: CompleteSale,
    message: Message,
    *,
    tenders: Sequence[Tender],
    order_key: str,
    sale_id: UUID,
    store: Store,
    now: datetime,
    only_if: Statement,
) -> Callable[[], bool]:
    """Add to the sale's own message what `spend` does in the usual case; whether it was that case, once it is sent."""
    return loyalty.post_in(
        message, order_key=order_key, sale_id=sale_id, now=now, store_id=store.id, on_date=store.business_date(now),
        terms=_terms(command, tenders, store), only_if=only_if,
    )  # fmt: skip


def spend(
    command: CompleteSale,
    *,
    tenders: Sequence[Tender],
    order_key: str,
    sale_id: UUID,
    store: Store,
    now: datetime,
) -> None:
    """Spend what the recorded sale says, which its order holds.

    Whatever is wrong with it keeps nobody from his receipt: the sale's event tries it again, and tells people when it
    cannot be.
    """
    try:
        loyalty.post(
            order_key=order_key, sale_id=sale_id, now=now, store_id=store.id, on_date=store.business_date(now),
            terms=_terms(command, tenders, store),
        )  # fmt: skip
    except LiushuiError as error:
        _logger.error("value_not_spent", order_key=order_key, sale_id=str(sale_id), detail=error.detail)


def _terms(command: CompleteSale, tenders: Sequence[Tender], store: Store) -> HoldTerms:
    return HoldTerms(
        chain_id=store.chain_id, member_id=command.member_id, spends=loyalty.spends_of(tenders), currency=store.currency
    )

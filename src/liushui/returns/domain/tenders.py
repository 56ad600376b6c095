"""How a refund is split over the tenders of the original sale: points and stored value pro rata before money, money in
the order that the chain declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from liushui.orders.contracts import VALUE_TENDERS, GivenBack, Tender
from liushui.returns.contracts import RefundTender
from liushui.returns.domain.policy import ReturnPolicy
from liushui.returns.domain.shares import filled, nested_shares, steps

EXCHANGED = 0  # position of what the original sale was paid by goods that came back in it
_CARD_LIKE = ("card", "mobile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """A tender of the original sale, as a place that money can go back to."""

    position: int
    tender: Tender


def funds(tenders: Sequence[Tender], *, bought_minor: int, policy: ReturnPolicy) -> list[Fund]:
    """What the bought lines were paid with: value first, then money in the declared order, then goods that came back.

    The amounts come to what was bought. A sale from elsewhere, whose tenders were higher than its goods, gives back
    no more than the goods.
    """
    paid = [
        Fund(position=position, tender=tender)
        for position, tender in enumerate(tenders, start=1)
        if tender.amount_minor > 0
    ]
    rank = {name: place for place, name in enumerate((*VALUE_TENDERS, *policy.tender_order))}
    paid.sort(key=lambda fund: (rank.get(fund.tender.type, len(rank)), fund.position))
    limited, left = [], bought_minor
    for fund in paid:
        amount = min(fund.tender.amount_minor, left)
        left -= amount
        if amount:
            limited.append(replace(fund, tender=replace(fund.tender, amount_minor=amount)))
    if left:
        goods = Tender(type=policy.exchanged_tender, amount_minor=left)
        limited.append(Fund(position=EXCHANGED, tender=goods))
    return limited


def split(
    paid: Sequence[Fund], *, refund_minor: int, so_far: Mapping[int, int], refunded_minor: int
) -> tuple[GivenBack, ...]:
    """The refund over the funds, given what came back before; returning all gives each fund exactly what it paid."""
    value = [fund for fund in paid if fund.tender.type in VALUE_TENDERS and fund.position != EXCHANGED]
    money = [fund for fund in paid if fund not in value]
    gone = refunded_minor + refund_minor
    *of_value, of_money = nested_shares(
        [*(fund.tender.amount_minor for fund in value), sum(fund.tender.amount_minor for fund in money)], gone
    )
    targets = [*of_value, *filled([fund.tender.amount_minor for fund in money], of_money)]
    ordered = [*value, *money]
    given = steps(targets, [so_far.get(fund.position, 0) for fund in ordered], refund_minor)
    return tuple(
        GivenBack(position=fund.position, amount_minor=amount)
        for fund, amount in zip(ordered, given, strict=True)
        if amount
    )


def is_late_card(paid: Sequence[Fund], given: Sequence[GivenBack], *, policy: ReturnPolicy, age_days: int) -> bool:
    """Whether a card or a phone that paid is no longer paid back to."""
    late = bool(policy.card_days) and age_days > policy.card_days
    types = {fund.position: fund.tender.type for fund in paid}
    return late and any(types[each.position] in _CARD_LIKE for each in given)


def refund_tenders(
    paid: Sequence[Fund], given: Sequence[GivenBack], *, policy: ReturnPolicy, age_days: int,
    member_id: UUID | None = None,
) -> tuple[tuple[RefundTender, ...], bool]:  # fmt: skip
    """The tenders that move, negative, and whether the policy sends any of them elsewhere than it came from.

    `member_id` is who gets stored value for a card that is no longer paid back to; nobody: the policy's other choice.
    """
    by_position = {fund.position: fund.tender for fund in paid}
    is_late = bool(policy.card_days) and age_days > policy.card_days
    found, moved = [], False
    for each in given:
        tender, credit_to = by_position[each.position], None
        if is_late and tender.type in _CARD_LIKE:
            instead, moved = policy.card_late_tender, True
            if instead == "stored_value":
                credit_to = member_id
                instead = instead if member_id is not None else policy.card_late_without_member
            tender = Tender(type=instead, amount_minor=tender.amount_minor)
        found.append(
            RefundTender(
                position=each.position,
                type=tender.type,
                method=tender.method,
                reference=tender.reference,
                amount_minor=-each.amount_minor,
                credit_to=credit_to,
            )
        )
    return tuple(found), moved


def settled(tenders: Sequence[RefundTender], *, sold_minor: int) -> tuple[tuple[RefundTender, ...], int]:
    """What moves in one ticket with goods that are sold for `sold_minor`: the refund's tenders that are left, and what
    the shopper still pays.

    Points and stored value that were spent come back whole; money, and what a member gets as stored value for it, pays
    for the goods first, the last tender of the order before the first, so that what is left goes back where the order
    begins.
    """
    value = [each for each in tenders if each.is_value]
    money = [each for each in tenders if not each.is_value]
    left = -sum(each.amount_minor for each in money) - sold_minor
    if left <= 0:
        return tuple(value), -left
    kept = filled([-each.amount_minor for each in money], left)
    cut = [replace(each, amount_minor=-amount) for each, amount in zip(money, kept, strict=True) if amount]
    return (*value, *cut), 0

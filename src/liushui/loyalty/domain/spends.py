"""What an order wants to pay with points and value, brought into one form: a part for each account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from liushui.kernel.errors import InvalidValue
from liushui.loyalty.contracts import VALUE_MAX_MINOR, Spend
from liushui.loyalty.domain.numbers import gift_account_id, is_number
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.errors import GiftCardUnknown, PointsNotTaken
from liushui.orders.contracts import VALUE_TENDERS, Tender


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPart:
    """What an order wants of one account. `points` pay `points_minor`."""

    account_id: UUID
    account_kind: str
    gift_number: str = ""
    points: int = 0
    points_minor: int = 0
    value_minor: int = 0


def spends_of(tenders: Sequence[Tender]) -> tuple[Spend, ...]:
    """What a sale's tenders take from accounts."""
    return tuple(
        Spend(
            kind=tender.type,  # type: ignore[arg-type]  # one of VALUE_TENDERS
            amount_minor=tender.amount_minor,
            reference=tender.reference if tender.type == "gift_card" else "",
        )
        for tender in tenders
        if tender.type in VALUE_TENDERS and tender.amount_minor > 0
    )


def sums_of(spends: Sequence[Spend]) -> dict[tuple[str, str], int]:
    """Amounts by kind and number of the gift card."""
    sums: dict[tuple[str, str], int] = {}
    for spend in spends:
        sums[spend.kind, spend.reference] = sums.get((spend.kind, spend.reference), 0) + spend.amount_minor
    return sums


def wanted_parts(
    *, chain_id: int, member_id: UUID | None, spends: Sequence[Spend], programme: Programme
) -> tuple[WantedPart, ...]:
    """The parts in the order of their accounts' ids, which is the order in which accounts are locked."""
    for position, spend in enumerate(spends):
        if not 0 < spend.amount_minor <= VALUE_MAX_MINOR:
            raise InvalidValue("An amount must be above zero", pointer=f"/spends/{position}/amount_minor")
        if (spend.kind == "gift_card") != bool(spend.reference):
            raise InvalidValue("A gift card, and nothing else, has a number", pointer=f"/spends/{position}/reference")
    sums = sums_of(spends)
    parts = [_gift_part(chain_id, number, amount) for (kind, number), amount in sums.items() if kind == "gift_card"]
    points_minor, value_minor = sums.get(("points", ""), 0), sums.get(("stored_value", ""), 0)
    if points_minor or value_minor:
        if member_id is None:
            raise InvalidValue("Points and stored value belong to a member", pointer="/member_id")
        parts.append(
            WantedPart(
                account_id=member_id,
                account_kind="member",
                points=points_for(programme, points_minor),
                points_minor=points_minor,
                value_minor=value_minor,
            )
        )
    return tuple(sorted(parts, key=lambda part: part.account_id))


def points_for(programme: Programme, amount_minor: int) -> int:
    """The points that pay an amount, rounded up; raises PointsNotTaken."""
    if not amount_minor:
        return 0
    if programme.redemption is None:
        raise PointsNotTaken("Points pay for nothing here at present", remedy="Pay in another way.")
    return programme.points_for(amount_minor=amount_minor)


def spends_sha256(*, chain_id: int, member_id: UUID | None, spends: Sequence[Spend], currency: str) -> str:
    """A digest of what is asked for, in whatever order and parts."""
    content = [chain_id, str(member_id or ""), currency, sorted(sums_of(spends).items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _gift_part(chain_id: int, number: str, amount_minor: int) -> WantedPart:
    if not is_number(number):
        raise GiftCardUnknown(f"There is no gift card {number[:16]}", context={"reference": number[:16]})
    return WantedPart(
        account_id=gift_account_id(chain_id=chain_id, number=number),
        account_kind="gift_card",
        gift_number=number,
        value_minor=amount_minor,
    )

"""Why points or value were not held, for people: read after the one statement that takes them found too little."""

from __future__ import annotations

from datetime import date

from liushui.kernel.errors import LiushuiError
from liushui.loyalty.domain.spends import WantedPart
from liushui.loyalty.errors import GiftCardExpired, GiftCardUnknown, NotEnoughPoints, NotEnoughValue, UnknownMember
from liushui.loyalty.models import AccountRow, GiftCardRow


def refused(part: WantedPart, *, currency: str, on: date) -> LiushuiError:
    """Why a part was not taken, for people: read after it was refused."""
    row = AccountRow.objects.filter(id=part.account_id).first()
    if part.account_kind == "gift_card":
        return _gift_refused(part, row, currency=currency, on=on)
    if row is None or not row.is_open:
        return UnknownMember("There is no such member, or the membership has ended")
    if row.currency != currency:
        return NotEnoughValue(f"The account is in {row.currency}, not in {currency}", context={"have": 0})
    if part.points > row.points_free:
        return NotEnoughPoints(
            f"The member has {row.points_free} points to spend, {part.points} are needed",
            remedy="Use fewer points.",
            context={"have": row.points_free, "need": part.points},
        )
    have = row.principal_free_minor + row.gift_free_minor
    return NotEnoughValue(
        f"There is {have} of stored value to spend, {part.value_minor} is needed",
        remedy="Use less, or pay in.",
        context={"have": have, "need": part.value_minor},
    )


def _gift_refused(part: WantedPart, row: AccountRow | None, *, currency: str, on: date) -> LiushuiError:
    card = GiftCardRow.objects.filter(id=part.account_id).first()
    if card is not None and card.state != "blocked" and card.ends_on is not None and card.ends_on <= on:
        return GiftCardExpired(
            f"Gift card {part.gift_number} was good until {card.ends_on}", remedy="Have it extended.",
            context={"reference": part.gift_number, "ends_on": card.ends_on.isoformat()},
        )  # fmt: skip
    if row is None or card is None or card.state != "active" or row.currency != currency:
        return GiftCardUnknown(f"Gift card {part.gift_number} cannot be used", context={"reference": part.gift_number})
    return NotEnoughValue(
        f"There is {row.principal_free_minor} on gift card {part.gift_number}, {part.value_minor} is needed",
        remedy="Use less of it.",
        context={"have": row.principal_free_minor, "need": part.value_minor, "reference": part.gift_number},
    )

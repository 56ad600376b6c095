"""What moves when a member goes into another one, and whether that takes a second person."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from liushui.loyalty.contracts import Programme
from liushui.loyalty.models import AccountRow, HoldRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What the member that goes has, with what open orders hold, since that follows when it comes back."""

    points: int
    points_minor: int  # what the points pay by the programme in force
    principal_minor: int
    gift_minor: int

    @property
    def moved_minor(self) -> int:
        """Stored value, and points as far as they are worth as much as proof is asked for: points are no money."""
        worth = self.points_minor if self.points_minor >= settings.LIUSHUI.step_up_amount_minor else 0
        return abs(self.principal_minor) + abs(self.gift_minor) + worth

    @property
    def needs_two(self) -> bool:
        """Whether one person may not do it alone."""
        return self.moved_minor > 0 or bool(self.principal_minor or self.gift_minor)


def stake_of(*, member_id: UUID, programme: Programme) -> Stake:
    """What is at stake now; certain only for whoever has locked the account before."""
    account = AccountRow.objects.get(id=member_id)
    held = HoldRow.objects.filter(account_id=member_id, state="held").aggregate(
        points=Sum("points"), principal=Sum("principal_minor"), gift=Sum("gift_minor")
    )
    points = account.points_free + (held["points"] or 0)
    return Stake(
        points=points,
        points_minor=programme.worth_minor(points=points),
        principal_minor=account.principal_free_minor + (held["principal"] or 0),
        gift_minor=account.gift_free_minor + (held["gift"] or 0),
    )

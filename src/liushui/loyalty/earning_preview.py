"""What a sale that has just been made earns, for its receipt: before or after its event has been read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from liushui.loyalty import member_queries
from liushui.loyalty.domain.programme import ONCE_BP
from liushui.loyalty.domain.programme_earning import Occasion, SoldLine, earn
from liushui.loyalty.earning_state import earned_sale
from liushui.loyalty.models import EarnedSaleRow
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.tier_queries import birthdays_of
from liushui.orders.contracts import SaleDetail
from liushui.stores import facade as stores


class EarnedPoints(NamedTuple):
    """Points of one sale; `is_booked` says whether they are in the balance already."""

    points: int
    is_booked: bool


def points_of_sale(
    *, chain_id: int, sale: SaleDetail, member_id: UUID, points_multiply_bp: int = ONCE_BP, points_add: int = 0
) -> EarnedPoints:
    """The points that a sale earned, or will as soon as its event is read: by the same rules, without the benefits that
    come once a year. Two to four statements."""
    booked = EarnedSaleRow.objects.filter(sale_id=sale.summary.id).values_list("points", flat=True).first()
    if booked is not None:
        return EarnedPoints(booked, True)
    summary, found = sale.summary, member_queries.member(member_id=member_id)
    programme = live_programme(chain_id=chain_id, at=summary.completed_at)
    if found is None or programme.number == 0 or programme.currency != summary.currency:
        return EarnedPoints(0, False)
    place = stores.store(store_id=summary.store_id)
    birthdays = birthdays_of(programme=programme, members=[found])
    earned = earn(
        programme=programme,
        lines=[
            SoldLine(line_number=line.line_number, category=line.category, amount_minor=line.amount_minor)
            for line in sale.lines
            if line.amount_minor > 0 and line.original is None
        ],
        not_counted_minor=sum(
            tender.amount_minor
            for tender in sale.tenders
            if tender.type in programme.tenders_without_points and tender.amount_minor > 0
        ),
        occasion=Occasion(
            tier=found.tier,
            channel=summary.channel,
            day=summary.business_date,
            clock=place.local(summary.completed_at).time(),
            birthday=birthdays.get(found.subject_id) if found.subject_id is not None else None,
            joined_on=place.business_date(found.joined_at),
        ),
        promised_bp=points_multiply_bp,
        promised_add=points_add,
    )
    return EarnedPoints(earned.points, False)


def points_to_take_back(*, sale_id: UUID, amounts: Mapping[int, int]) -> int:
    """The points that go when these amounts, by line number, come back of a sale: by the rule that its event follows.
    0 for one by which nobody has earned, or whose event has not been read. One statement."""
    sale = earned_sale(sale_id=sale_id)
    return 0 if sale is None or sale.is_voided else sale.take_back(amounts)[0]

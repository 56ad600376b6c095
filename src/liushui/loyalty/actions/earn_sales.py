"""Points and spend of sales that happened: earned once, taken back as goods come back, taken away by a void.

Runs in the caller's transaction, which is the consumer's. What it comes to does not depend on how events are batched:
each one sees what those before it did, in memory, and all is written at the end by a few statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import structlog

from liushui.loyalty import ledger
from liushui.loyalty.contracts import Member
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_earning import Earned, EarnedLine, Occasion, SoldLine, earn, granted
from liushui.loyalty.domain.programme_tiers import upgraded
from liushui.loyalty.earning_state import EarnedSale, State
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.tier_queries import benefit_cause
from liushui.orders.contracts import SaleFact, SaleLine

_logger = structlog.get_logger(__name__)


def earn_sales(*, sales: Sequence[tuple[SaleFact, bool]], now: datetime) -> None:
    """Apply sales in the order in which they happened; the flag says that a sale was voided."""
    state = State.read([fact for fact, _is_void in sales])
    for fact, is_void in sales:
        if is_void:
            _void(fact, state, now=now)
        elif fact.sale_id not in state.sales:
            _complete(fact, state, now=now)
    state.write()


def _complete(fact: SaleFact, state: State, *, now: datetime) -> None:
    """Give for what was bought, take for what came back, and lift the tier."""
    programme = live_programme(chain_id=fact.chain_id, at=fact.completed_at)
    member = state.member(fact.chain_id, fact.customer)
    if fact.customer and member is None:
        _logger.debug("sale_earns_nothing", sale_id=str(fact.sale_id), reason="no active member has this number")
    touched = _take_back(fact, state, sign=1, cause="return")
    if member is None:
        if touched:  # remembered, so that the same event does nothing the second time
            state.add(_remembered(fact, touched[0], programme))
        return
    if programme.number == 0 or fact.currency != programme.currency:  # earns nothing, and is a purchase all the same
        bought = _bought(fact)
        if bought or touched:
            state.add(_remembered(fact, member.id, programme, lines=bought))
        if bought:
            state.spend(member, fact.business_date, 0, purchases=1)
        return
    occasion = state.occasion(fact, member)
    unreceipted = [line for line in fact.lines if line.amount_minor < 0 and line.original is None]
    gained = _earned(fact, programme, occasion)
    lost = earn(
        programme=programme, lines=_sold(unreceipted, sign=-1), not_counted_minor=0, occasion=occasion
    )  # fmt: skip
    _book_points(fact, state, member, programme, gained.points, kind="earn", cause=f"sale:{fact.sale_id}")
    _book_points(fact, state, member, programme, -lost.points, kind="take_back", cause=f"unreceipted:{fact.sale_id}")
    if gained.lines:
        for benefit in granted(programme=programme, occasion=occasion):
            _book_points(
                fact, state, member, programme, benefit.points, kind="benefit", cause=benefit_cause(benefit)
            )  # fmt: skip
    points, spend = gained.points - lost.points, gained.spend_minor - lost.spend_minor
    lines = gained.lines or _bought(fact)
    state.add(_remembered(fact, member.id, programme, lines=lines, points=points, spend_minor=spend))
    state.spend(member, fact.business_date, spend, purchases=1 if lines else 0)
    _lift(fact, state, member, programme, now=now)


def _void(fact: SaleFact, state: State, *, now: datetime) -> None:
    """Take away all that a sale gave and is still there, and undo what it took."""
    sale = state.sales.get(fact.sale_id)
    if sale is None or sale.is_voided:
        return
    _take_back(fact, state, sign=-1, cause="return-voided")
    member = state.kept(sale.member_id)
    points, spend = sale.points - sale.points_taken_back, sale.spend_minor - sale.spend_back
    sale.is_voided = sale.is_changed = True
    if member is None:
        return
    programme = live_programme(chain_id=fact.chain_id, at=fact.completed_at)
    _book_points(
        fact, state, member, programme, -points, kind="take_back", cause=f"void:{fact.sale_id}", earned_by=sale
    )
    state.spend(member, sale.business_date, -spend, purchases=-1 if sale.lines else 0)


def _take_back(fact: SaleFact, state: State, *, sign: int, cause: str) -> list[UUID]:
    """Take the points of lines that came back from whoever earned them; the members that this concerns."""
    touched: list[UUID] = []
    returned = [line for line in fact.lines if line.original is not None]
    for sale_id in dict.fromkeys(line.original.sale_id for line in returned if line.original is not None):
        sale = state.sales.get(sale_id)
        if sale is None:
            continue  # nobody earned anything with it
        amounts: dict[int, int] = {}
        for line in returned:
            if line.original is not None and line.original.sale_id == sale_id:
                number = line.original.line_number
                amounts[number] = amounts.get(number, 0) - sign * line.amount_minor
        points, spend = sale.take_back(amounts)
        touched.append(sale.member_id)
        member = state.kept(sale.member_id)
        if member is None or sale.is_voided:
            continue
        programme = live_programme(chain_id=fact.chain_id, at=fact.completed_at)
        _book_points(
            fact, state, member, programme, -points, kind="take_back", cause=f"{cause}:{fact.sale_id}:{sale_id.hex}",
            earned_by=sale,
        )  # fmt: skip
        state.spend(member, sale.business_date, -spend, purchases=0)
    return touched


def _earned(fact: SaleFact, programme: Programme, occasion: Occasion) -> Earned:
    without = sum(
        tender.amount_minor
        for tender in fact.tenders
        if tender.type in programme.tenders_without_points and tender.amount_minor > 0
    )
    return earn(
        programme=programme,
        lines=_sold([line for line in fact.lines if line.original is None], sign=1),
        not_counted_minor=without,
        occasion=occasion,
        promised_bp=fact.points_multiply_bp,
        promised_add=fact.points_add,
    )


def _bought(fact: SaleFact) -> list[EarnedLine]:
    """The lines of a purchase that earns nothing, such as a gift: it counts by them, until it is voided."""
    return [
        EarnedLine(line.line_number, max(0, line.amount_minor), 0, 0)
        for line in fact.lines
        if line.original is None and not line.is_return
    ]


def _sold(lines: Sequence[SaleLine], *, sign: int) -> list[SoldLine]:
    return [
        SoldLine(line_number=line.line_number, category=line.category, amount_minor=sign * line.amount_minor)
        for line in lines
        if sign * line.amount_minor > 0
    ]


def _lift(fact: SaleFact, state: State, member: Member, programme: Programme, *, now: datetime) -> None:
    """Give a higher tier at once, by the window that ends with the sale's day, or the chain's if that is later."""
    last = max(fact.business_date, state.open_day(fact.chain_id))
    spend = state.window_spend(member, programme, last)
    standing = state.standing(member)
    verdict = upgraded(programme=programme, standing=standing, spend_minor=spend)
    if verdict.step in ("up", "kept"):
        state.move(
            member, verdict.standing, since=fact.business_date, spend_minor=spend, programme=programme,
            cause=f"sale:{fact.sale_id}", at=now,
        )  # fmt: skip


def _book_points(
    fact: SaleFact,
    state: State,
    member: Member,
    programme: Programme,
    points: int,
    *,
    kind: str,
    cause: str,
    earned_by: EarnedSale | None = None,
) -> None:
    if points == 0:
        return
    lot: date | None = None
    if points > 0 and kind in ("earn", "benefit"):
        lot = programme.expires_on(earned_on=fact.business_date) or ledger.NEVER
    state.entries.append(
        NewEntry(
            account_id=member.id,
            chain_id=fact.chain_id,
            kind=kind,
            cause=cause,
            currency=state.currency(fact.chain_id),
            at=fact.completed_at,
            on_date=fact.business_date,
            points=points,
            store_id=fact.store_id,
            lot_until=lot,
            lot_of=(earned_by.member_id, f"sale:{earned_by.sale_id}") if earned_by is not None else None,
            sale_id=fact.sale_id,
        )
    )


def _remembered(
    fact: SaleFact,
    member_id: UUID,
    programme: Programme,
    *,
    lines: Sequence[EarnedLine] = (),
    points: int = 0,
    spend_minor: int = 0,
) -> EarnedSale:
    return EarnedSale(
        sale_id=fact.sale_id, chain_id=fact.chain_id, store_id=fact.store_id, member_id=member_id,
        business_date=fact.business_date, points=points, spend_minor=spend_minor, lines=list(lines),
        programme_number=programme.number,
    )  # fmt: skip

"""What the earning of a batch of sales reads, changes in memory, and writes at its end.

Everything is read by a fixed number of statements for however many sales, and written by few: the consumer that runs
this is the only one that writes these tables, and it holds its own place in the log while it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from liushui.loyalty import ledger, member_queries
from liushui.loyalty.contracts import Member
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_calendar import window_start
from liushui.loyalty.domain.programme_earning import EarnedLine, Occasion
from liushui.loyalty.domain.programme_tiers import Standing
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import EarnedSaleRow, MemberDayRow, TierDayRow
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.tier_moves import TierMove, write_moves
from liushui.loyalty.tier_queries import birthdays_of
from liushui.orders.contracts import SaleFact
from liushui.runtime import bulk
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

_AT_ONCE = 400  # rows of one statement
_SALE_COLUMNS = (
    *("sale_id", "chain_id", "store_id", "member_id", "business_date", "spend_minor", "points"),
    *("points_taken_back", "lines", "programme_number", "is_voided", "version"),
)


@dataclass(slots=True, kw_only=True)
class EarnedSale:
    """What a sale came to. A change of one that is stored moves its version."""

    sale_id: UUID
    chain_id: int
    store_id: int
    member_id: UUID
    business_date: date
    points: int
    spend_minor: int
    lines: list[EarnedLine]
    programme_number: int
    points_taken_back: int = 0
    is_voided: bool = False
    version: int = 0
    is_new: bool = True
    is_changed: bool = False

    @property
    def spend_back(self) -> int:
        """What of the spend has come back."""
        return sum(line.spend_back for line in self.lines)

    def take_back(self, amounts: Mapping[int, int]) -> tuple[int, int]:
        """Note the amounts that came back, by line number; the points and the spend that this takes away now.

        Both are cumulative shares rounded down: what all returns take together does not depend on how they were split.
        """
        points, spend = self.points_taken_back, self.spend_back
        self.lines = [
            line._replace(returned_minor=line.returned_minor + amounts.get(line.line_number, 0)) for line in self.lines
        ]
        self.points_taken_back = sum(line.points_back for line in self.lines)
        self.is_changed = True
        return self.points_taken_back - points, self.spend_back - spend

    def row(self) -> tuple[Any, ...]:
        """The values in the order of the table's columns."""
        values = {name: getattr(self, name) for name in _SALE_COLUMNS}
        return tuple((values | {"lines": [list(line) for line in self.lines]}).values())


def earned_sale(*, sale_id: UUID) -> EarnedSale | None:
    """What a sale came to, if anybody has earned by it; one statement."""
    return _sales({sale_id}).get(sale_id)


@dataclass(slots=True, kw_only=True)
class State:
    """The members of a batch and their sales, as far as the events applied so far have brought them."""

    sales: dict[UUID, EarnedSale]
    entries: list[NewEntry] = field(default_factory=list)
    _by_number: dict[tuple[int, str], Member] = field(default_factory=dict)
    _by_id: dict[UUID, Member] = field(default_factory=dict)
    _places: dict[int, Store] = field(default_factory=dict)
    _birthdays: Mapping[UUID, tuple[int, int]] = field(default_factory=dict)
    _days: dict[UUID, dict[date, int]] = field(default_factory=dict)
    _standings: dict[UUID, Standing] = field(default_factory=dict)
    _open_days: dict[int, date] = field(default_factory=dict)
    _currencies: dict[int, str] = field(default_factory=dict)
    _spent: list[tuple[Any, ...]] = field(default_factory=list)
    _moves: list[TierMove] = field(default_factory=list)

    @classmethod
    def read(cls, facts: Sequence[SaleFact]) -> State:
        """What these sales may need."""
        wanted = {fact.sale_id for fact in facts}
        wanted |= {line.original.sale_id for fact in facts for line in fact.lines if line.original is not None}
        state = cls(sales=_sales(wanted), _places={store.id: store for store in stores.stores()})
        state._currencies = {chain.id: chain.currency for chain in stores.chains()}
        for chain_id in sorted({fact.chain_id for fact in facts}):
            numbers = {fact.customer for fact in facts if fact.chain_id == chain_id and fact.customer}
            for number, member in member_queries.members_by_number(chain_id=chain_id, numbers=numbers).items():
                state._by_number[chain_id, number] = member
                state._by_id[member.id] = member
            last = TierDayRow.objects.filter(chain_id=chain_id, is_done=True).order_by("-day").first()
            if last is not None:
                state._open_days[chain_id] = last.day + timedelta(days=1)
        state._read_owners()
        state._read_birthdays(facts)
        state._read_days(facts)
        return state

    def member(self, chain_id: int, number: str) -> Member | None:
        """The active member whom a sale's number means."""
        return self._by_number.get((chain_id, number)) if number else None

    def kept(self, member_id: UUID) -> Member | None:
        """The active member to whom something belongs that this one had earned; None: the membership has ended."""
        found = self._by_id.get(member_id)
        if found is not None and found.merged_into is not None:
            found = self._by_id.get(found.merged_into)
        return found if found is not None and found.status == "active" else None

    def currency(self, chain_id: int) -> str:
        """The currency of the chain's accounts."""
        return self._currencies[chain_id]

    def open_day(self, chain_id: int) -> date:
        """The first day of the chain at whose end tiers have not been looked at."""
        return self._open_days.get(chain_id, date.min)

    def occasion(self, fact: SaleFact, member: Member) -> Occasion:
        """When, where and by whom the sale was made, as the table of what earns asks."""
        place = self._places[fact.store_id]
        return Occasion(
            tier=self.standing(member).tier,
            channel=fact.channel,
            day=fact.business_date,
            clock=place.local(fact.completed_at).time(),
            birthday=self._birthdays.get(member.subject_id) if member.subject_id is not None else None,
            joined_on=place.business_date(member.joined_at),
        )

    def standing(self, member: Member) -> Standing:
        """The member's tier by now."""
        return self._standings.get(member.id) or Standing(tier=member.tier, until=member.tier_until)

    def window_spend(self, member: Member, programme: Programme, last: date) -> int:
        """What the member spent in the window that ends on a day."""
        first = window_start(last=last, months=programme.window_months)
        return sum(amount for day, amount in self._days.get(member.id, {}).items() if first <= day <= last)

    def add(self, sale: EarnedSale) -> None:
        """Remember a sale."""
        self.sales[sale.sale_id] = sale

    def spend(self, member: Member, day: date, amount_minor: int, *, purchases: int) -> None:
        """Add to what the member spent on a day."""
        days = self._days.setdefault(member.id, {})
        days[day] = days.get(day, 0) + amount_minor
        self._spent.append((member.id, day, member.chain_id, amount_minor, purchases))

    def move(
        self,
        member: Member,
        standing: Standing,
        *,
        since: date,
        spend_minor: int,
        programme: Programme,
        cause: str,
        at: datetime,
    ) -> None:
        """Give the member another standing."""
        self._moves.append(
            TierMove(
                chain_id=member.chain_id, member_id=member.id, before=self.standing(member), after=standing,
                since=since, spend_minor=spend_minor, programme_number=programme.number, cause=cause, at=at,
            )
        )  # fmt: skip
        self._standings[member.id] = standing

    def write(self) -> None:
        """Put everything into the tables: members first, then accounts, then days, as a merge locks them."""
        write_moves(self._moves)
        ledger.book(self.entries)
        changed = list(self.sales.values())
        bulk.insert_rows(
            table="loyalty_earned_sale", columns=_SALE_COLUMNS, rows=[sale.row() for sale in changed if sale.is_new]
        )
        for sale in changed:
            if sale.is_changed and not sale.is_new:
                EarnedSaleRow.objects.filter(sale_id=sale.sale_id, version=sale.version).update(
                    lines=[list(line) for line in sale.lines], points_taken_back=sale.points_taken_back,
                    is_voided=sale.is_voided, version=sale.version + 1,
                )  # fmt: skip
        bulk.add_to_totals(
            table="loyalty_member_day",
            keys=("member_id", "business_date", "chain_id"),
            sums=("spend_minor", "purchases"),
            rows=self._spent,
        )

    def _read_owners(self) -> None:
        """The members who earned with the sales that are known, and those into whom they were merged."""
        for _ in range(2):
            ids = {sale.member_id for sale in self.sales.values()}
            ids |= {member.merged_into for member in self._by_id.values() if member.merged_into is not None}
            self._by_id.update(member_queries.members(ids=ids - self._by_id.keys()))

    def _read_birthdays(self, facts: Sequence[SaleFact]) -> None:
        for fact in facts:
            programme = live_programme(chain_id=fact.chain_id, at=fact.completed_at)
            if programme.birthday is not None:
                self._birthdays = birthdays_of(programme=programme, members=list(self._by_number.values()))
                return

    def _read_days(self, facts: Sequence[SaleFact]) -> None:
        """Every day on which these members bought something that a window may reach."""
        if not self._by_id:
            return
        months = max(
            live_programme(chain_id=fact.chain_id, at=fact.completed_at).window_months for fact in facts
        )  # fmt: skip
        first = window_start(last=min(fact.business_date for fact in facts), months=months)
        ids = sorted(self._by_id)
        for start in range(0, len(ids), _AT_ONCE):
            rows = MemberDayRow.objects.filter(member_id__in=ids[start : start + _AT_ONCE], business_date__gte=first)
            for member_id, day, amount in rows.values_list("member_id", "business_date", "spend_minor"):
                self._days.setdefault(member_id, {})[day] = amount


def _sales(ids: set[UUID]) -> dict[UUID, EarnedSale]:
    found: dict[UUID, EarnedSale] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), _AT_ONCE):
        for row in EarnedSaleRow.objects.filter(sale_id__in=ordered[start : start + _AT_ONCE]):
            values = {name: getattr(row, name) for name in _SALE_COLUMNS}
            values["lines"] = [EarnedLine(*line) for line in row.lines]
            found[row.sale_id] = EarnedSale(**values, is_new=False)
    return found

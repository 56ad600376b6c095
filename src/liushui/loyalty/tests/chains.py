"""A chain with a programme, its people and members, and sales as their events tell them: for tests of programmes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.actions.join import open_account
from liushui.loyalty.contracts import Member, ProgrammeDraft
from liushui.loyalty.domain.programme_json import EMPTY
from liushui.loyalty.models import MemberRow
from liushui.orders.contracts import OriginalLine, SaleFact, SaleLine, Tender
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a Sunday
TODAY = date(2026, 11, 22)
SILVER = {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "spend_minor": 100_000, "grace_days": 0}
GOLD = {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "spend_minor": 500_000, "grace_days": 30}


def programme(**fields: Any) -> dict[str, Any]:
    """A programme in which a yuan earns a point, with two tiers."""
    found: dict[str, Any] = {
        **EMPTY,
        "earning": {
            "match": "first", "tenders_without_points": ["points"], "rows": [{"points": 1, "per_minor": 100}],
        },
        "redemption": {"points": 100, "minor": 100, "max_share_bp": 5000},
        "tiers": {"window_months": 12, "levels": [SILVER, GOLD]},
    }  # fmt: skip
    return found | fields


def line(number: int, amount_minor: int, *, category: str = "food", original: OriginalLine | None = None) -> SaleLine:
    """A line of one unit; of goods that come back when the amount is negative."""
    units = -1 if amount_minor < 0 else 1
    return SaleLine(
        line_number=number, item_id=None, sku=f"{number}", gtin="", name="x", category=category, units=units,
        measure_value=None, measure_unit=None, unit_price_minor=abs(amount_minor), regular_minor=amount_minor,
        discount_minor=0, amount_minor=amount_minor, tax_rate_bp=0, tax_minor=0, cost_minor=None,
        is_return=units < 0, original=original,
    )  # fmt: skip


@dataclass
class House:
    """The chain and those who work on its programme."""

    chain_id: int
    store: Store
    ma: Principal  # a marketer
    fei: Principal  # of finance, who reviews
    _numbers: int = field(default=0)

    def draft(self, document: Mapping[str, Any] | None = None, *, now: datetime = NOON) -> ProgrammeDraft:
        """A draft of the marketer with this document."""
        found = facade.create_programme_draft(chain_id=self.chain_id, name="Autumn", principal=self.ma, now=now)
        return facade.save_programme_draft(
            draft_id=found.id, revision=found.revision, document=document or programme(), principal=self.ma, now=now
        )

    def submit(
        self, draft: ProgrammeDraft, *, starts_at: datetime | None = None, now: datetime = NOON
    ) -> ProgrammeDraft:
        """The draft in review."""
        return facade.submit_programme(
            draft_id=draft.id, revision=draft.revision, reason="for autumn", starts_at=starts_at, principal=self.ma,
            now=now,
        )  # fmt: skip

    def publish(
        self,
        document: Mapping[str, Any] | None = None,
        *,
        starts_at: datetime | None = None,
        now: datetime = NOON - timedelta(days=400),
    ) -> None:
        """This document in force, approved by the second person."""
        waiting = self.submit(self.draft(document, now=now), starts_at=starts_at, now=now)
        facade.decide_programme(draft_id=waiting.id, approve=True, principal=self.fei, now=now)

    def member(self, *, tier: str = "", until: date | None = None, joined: datetime = NOON) -> Member:
        """A member without personal data."""
        self._numbers += 1
        row = MemberRow.objects.create(
            id=new_id(), chain_id=self.chain_id, number=f"M{self._numbers:06}", joined_at=joined, join_channel="till",
            tier=tier, tier_until=until, home_store_id=self.store.id,
        )  # fmt: skip
        open_account(account_id=row.id, chain_id=self.chain_id, kind="member", currency="CNY")
        return self.again(row.id)

    def again(self, member_id: UUID) -> Member:
        """The member as he stands now."""
        found = facade.member(member_id=member_id)
        assert found is not None
        return found

    def sale(
        self,
        customer: Member | str,
        *lines: SaleLine | int,
        on: date = TODAY,
        at: time = time(12, 0),
        store: Store | None = None,
        tenders: Sequence[Tender] | None = None,
        **fields: Any,
    ) -> SaleFact:
        """A sale of a day as its event tells it; amounts stand for lines of food."""
        place = store or self.store
        when = datetime.combine(on, at, tzinfo=ZoneInfo(place.time_zone))
        sold = tuple(
            each if isinstance(each, SaleLine) else line(number, each) for number, each in enumerate(lines, start=1)
        )
        total = sum(each.amount_minor for each in sold)
        sale_id = new_id()
        return SaleFact(
            **{
                "sale_id": sale_id, "chain_id": self.chain_id, "store_id": place.id, "store_code": place.code,
                "source": "pos", "source_id": sale_id.hex, "receipt_number": "1", "channel": "pos",
                "currency": place.currency, "completed_at": when, "business_date": place.business_date(when),
                "local_hour": when.hour, "workstation": "T1", "operator": "li",
                "customer": customer if isinstance(customer, str) else customer.number, "lines": sold,
                "tenders": tuple(tenders) if tenders is not None else (Tender(type="cash", amount_minor=total),),
                **fields,
            }
        )  # fmt: skip

    def earn(self, *facts: SaleFact, now: datetime = NOON) -> None:
        """These sales, as completed."""
        facade.earn_sales(sales=[(fact, False) for fact in facts], now=now)

    def void(self, *facts: SaleFact, now: datetime = NOON) -> None:
        """These sales, as voided."""
        facade.earn_sales(sales=[(fact, True) for fact in facts], now=now)

    def points(self, member: Member) -> int:
        """What the member has."""
        return facade.balances(member_id=member.id).points

    def entries(self, member: Member) -> list[tuple[str, int]]:
        """Kind and points of the member's entries, the oldest first."""
        page = facade.entries(member_id=member.id, limit=500)
        return [(entry.kind, entry.points) for entry in reversed(page.entries)]


def back(original: SaleFact, number: int, amount_minor: int, *, line_number: int = 1) -> SaleLine:
    """A line that takes an amount of a sale's line back."""
    return line(line_number, -amount_minor, original=OriginalLine(sale_id=original.sale_id, line_number=number))


def make_house(*, zones: Sequence[str] = ("Asia/Shanghai",), day_starts_at: time = time(4, 0)) -> House:
    """A chain with a store in each of these time zones."""
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    places = stores.save_stores(
        stores=[
            NewStore(
                chain_code="HM", region_code="EAST", code=f"S{number}", name_zh="店", name_en="Shop", time_zone=zone,
                day_starts_at=day_starts_at,
            )
            for number, zone in enumerate(zones, start=1)
        ]
    )  # fmt: skip

    def person(name: str, role: str) -> Principal:
        return Principal(subject=f"staff:{name}", name=name.title(), grants=(Grant(role=role, chain_id=chain.id),))

    return House(chain_id=chain.id, store=places[0], ma=person("ma", "marketer"), fei=person("fei", "finance"))

"""Bought, brought back, exchanged, voided, topped up, merged and expired in any order: what members have is what the
recorded tenders say, nobody earns by what came back, and once all is back everyone has exactly what he had.

EXPLORE=1 looks for new stories and shortens one that fails; by hand with more of them: MONEY_STORIES=300.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID, uuid5

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests.support import member_shop
from tests.support.member_shop import NOON, PROGRAMME, MemberShop, member_sale

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand, OriginalLine, ReturnTerms, SaleRecorded, Tender
from liushui.loyalty import facade as loyalty
from liushui.loyalty.actions.merge import merge_locked
from liushui.loyalty.errors import NotEnoughValue
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleDetail
from liushui.orders.errors import SaleHasReturns, ValueGivenBack
from liushui.promotions import facade as promotions
from liushui.returns.errors import TooMuchReturned
from liushui.runtime import inbox, relay
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")
STORIES, STEPS = int(os.environ.get("MONEY_STORIES", "6")), 14
POINTS, PRINCIPAL_MINOR, GIFT_MINOR, CARD_MINOR = 3_000, 4_001, 1_003, 2_999
DOCUMENT = {
    **PROGRAMME,
    "validity": {"kind": "months", "months": 1},
    "stored_value": {"spend_order": "pro_rata", "top_up_bonus": [{"paid_minor": 1_000, "gift_minor": 77}]},
}
WATCHED = {"loyalty-value", "loyalty-points", "promotions", "returns-uses"}
CODES = 400
VALUE = ("points", "stored_value", "gift_card")
_names = count(1)
_SPACE = UUID(int=77)


@dataclass(kw_only=True)
class Sold:
    """A recorded sale as the story knows it: what was bought in it and how much of that is still with the shopper."""

    id: UUID
    detail: SaleDetail
    left: dict[int, int]
    back_minor: int = 0
    back_tax_minor: int = 0
    is_voided: bool = False
    took: list[tuple[Sold, int, int, int, int]] = field(default_factory=list)  # of which sale, line, units, amount, tax

    @property
    def bought_minor(self) -> int:
        return sum(line.amount_minor for line in self.detail.lines if not line.is_return)

    @property
    def bought_tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.detail.lines if not line.is_return)


class Money(RuleBasedStateMachine):
    """One shop for all stories; members and a gift card of their own for each."""

    shop: MemberShop
    codes: Iterator[str]

    @initialize()
    def open(self) -> None:
        self.number = next(_names) * 2
        self.now: datetime = NOON
        self.members = member_shop.add_members(
            chain_id=self.shop.chain.id, count=2, first=self.number, points=POINTS, principal_minor=PRINCIPAL_MINOR,
            gift_minor=GIFT_MINOR,
        )  # fmt: skip
        self.card = member_shop.add_gift_card(
            chain_id=self.shop.chain.id, paid_minor=CARD_MINOR, name=f"card-{self.number}"
        )
        self.sold: list[Sold] = []
        self.topped: dict[UUID, tuple[int, int]] = {}
        self.is_merged = False

    # --- what people do

    @rule(
        who=st.sampled_from([0, 1, None]), milk=st.integers(0, 3), bread=st.integers(0, 3), shares=st.tuples(
            *[st.integers(0, 100)] * 5
        ), with_code=st.booleans(),
    )  # fmt: skip
    def buy(self, who: int | None, milk: int, bread: int, shares: tuple[int, ...], with_code: bool) -> None:
        lines = tuple(LineCommand(code=sku, units=n) for sku, n in (("MILK", milk), ("BREAD", bread)) if n)
        if not lines:
            return
        codes = (next(self.codes),) if with_code else ()
        member_id = None if who is None else self._member(who)
        total = milk * member_shop.MILK_MINOR + bread * member_shop.BREAD_MINOR
        total -= member_shop.OFF_MINOR if codes else 0
        tenders = self._pay(member_id, total, shares, points_max=total // 2)
        self._note(self._complete(member_id, lines, tenders, codes=codes))

    @precondition(lambda self: any(each.left for each in self.sold))
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        self._note(self._complete(None, self._some_back(data), (), store=data.draw(st.sampled_from(["SH01", "SH02"]))))

    @precondition(lambda self: any(each.left for each in self.sold))
    @rule(data=st.data(), milk=st.integers(0, 2), bread=st.integers(0, 2), shares=st.tuples(*[st.integers(0, 100)] * 5))
    def exchange(self, data: st.DataObject, milk: int, bread: int, shares: tuple[int, ...]) -> None:
        new = tuple(LineCommand(code=sku, units=n) for sku, n in (("MILK", milk), ("BREAD", bread)) if n)
        lines = (*new, *self._some_back(data))
        member_id = self._member(data.draw(st.sampled_from([0, 1])))
        asked = checkout.quote_sale(command=self._command(member_id, lines, ()), principal=ME, now=self.now)
        tenders = (*asked.refunds, *self._pay(member_id, asked.to_pay_minor, shares, points_max=0))
        self._note(self._complete(member_id, lines, tenders))

    @precondition(lambda self: any(each.left for each in self.sold))
    @rule(data=st.data())
    def give_back_too_much(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from([each for each in self.sold if each.left]))
        line = data.draw(st.sampled_from(sorted(sale.left)))
        with pytest.raises(TooMuchReturned):
            self._complete(None, (_back(sale, line, sale.left[line] + 1),), ())

    @precondition(lambda self: bool(self.sold))
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(self.sold))
        has_returns = any(other is sale for each in self._active() for other, *_ in each.took)
        gives_value = any(t.amount_minor < 0 and t.type in VALUE for t in sale.detail.tenders)
        try:
            orders.void_sale(sale_id=sale.id, reason="mistake", principal=ME, now=self.now)
        except SaleHasReturns:
            assert has_returns
            return
        except ValueGivenBack:
            assert gives_value
            return
        assert not gives_value and not (has_returns and not sale.is_voided)
        if not sale.is_voided:
            sale.is_voided, sale.left = True, {}
            for other, line, units, amount, tax in sale.took:
                other.left[line] = other.left.get(line, 0) + units
                other.back_minor -= amount
                other.back_tax_minor -= tax

    @rule(who=st.sampled_from([0, 1]), paid_minor=st.sampled_from([1, 999, 1_000, 1_001]))
    def top_up(self, who: int, paid_minor: int) -> None:
        found = loyalty.top_up(
            top_up_id=uuid5(_SPACE, str(next(_names))), member_id=self._member(who), paid_minor=paid_minor,
            store_id=None, operator="li", tender="cash", now=self.now,
        )  # fmt: skip
        self.topped[found.id] = (found.paid_minor, found.gift_minor)

    @precondition(lambda self: bool(self.topped))
    @rule(data=st.data())
    def take_top_up_back(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(self.topped)))
        try:
            loyalty.take_back_top_up(top_up_id=id, now=self.now)
        except NotEnoughValue:
            return
        del self.topped[id]

    @precondition(lambda self: not self.is_merged)
    @rule()
    def merge(self) -> None:
        keep, drop = self.members
        programme = loyalty.live_programme(chain_id=self.shop.chain.id, at=self.now)
        with transaction.atomic():
            merge_locked(
                keep_id=keep, drop_id=drop, reason="same", principal=ME, programme=programme, now=self.now,
                approved_minor=10**9,
            )  # fmt: skip
        self.is_merged = True

    @rule(days=st.sampled_from([1, 20, 45]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        loyalty.expire_points(chain_id=self.shop.chain.id, on=self.now.date(), now=self.now)

    @rule()
    def deliver(self) -> None:
        relay.publish_pending(limit=1_000)
        for consumer in CONSUMERS:
            if consumer.name in WATCHED:
                inbox.deliver(consumer=consumer, limit=1_000)
        self._check()

    # --- what must be true

    def _check(self) -> None:
        """What accounts have is what was put there less what recorded tenders say; points no more than are earned."""
        spent = Counter[str]()
        for sale in self._active():
            for tender in sale.detail.tenders:
                spent[tender.type] += tender.amount_minor
            assert 0 <= sale.back_minor <= sale.bought_minor and 0 <= sale.back_tax_minor <= sale.bought_tax_minor
            if not sale.left and sale.bought_minor:
                assert (sale.back_minor, sale.back_tax_minor) == (sale.bought_minor, sale.bought_tax_minor)
        principal, gift, points = self._has()
        paid, given = (sum(each[place] for each in self.topped.values()) for place in (0, 1))
        assert principal + gift == 2 * (PRINCIPAL_MINOR + GIFT_MINOR) + paid + given - spent["stored_value"]
        assert 0 <= principal <= 2 * PRINCIPAL_MINOR + paid and 0 <= gift <= 2 * GIFT_MINOR + given
        card = loyalty.gift_card_by_number(chain_id=self.shop.chain.id, number=self.card)
        assert (card.balance_minor, card.held_minor) == (CARD_MINOR - spent["gift_card"], 0)
        kept_minor = sum(each.bought_minor - each.back_minor for each in self._active())
        lines = sum(len(each.detail.lines) for each in self._active())
        assert points <= 2 * POINTS - spent["points"] + kept_minor // 100 + lines
        assert loyalty.verify(chain_id=self.shop.chain.id) == ()

    def teardown(self) -> None:
        if not hasattr(self, "sold"):
            return
        for sale in self.sold:  # what an exchange sold comes back in its turn
            if sale.left:
                lines = tuple(_back(sale, line, units) for line, units in sorted(sale.left.items()))
                self._note(self._complete(None, lines, ()))
        assert not any(each.left for each in self.sold)
        self.deliver()
        loyalty.expire_points(chain_id=self.shop.chain.id, on=self.now.date(), now=self.now)
        paid, given = (sum(each[place] for each in self.topped.values()) for place in (0, 1))
        has = (2 * PRINCIPAL_MINOR + paid, 2 * GIFT_MINOR + given, 2 * POINTS)
        assert self._has() == has

    # --- how it is done

    def _member(self, who: int) -> UUID:
        return self.members[0 if self.is_merged else who]

    def _active(self) -> list[Sold]:
        return [each for each in self.sold if not each.is_voided]

    def _has(self) -> tuple[int, int, int]:
        found = [loyalty.balances(member_id=id) for id in self.members]
        if self.is_merged:
            assert (found[1].points, found[1].principal_minor, found[1].gift_minor) == (0, 0, 0)
        assert [each.points_held + each.stored_held_minor for each in found] == [0, 0]
        return (
            sum(each.principal_minor for each in found), sum(each.gift_minor for each in found),
            sum(each.points for each in found),
        )  # fmt: skip

    def _pay(
        self, member_id: UUID | None, total: int, shares: tuple[int, ...], *, points_max: int
    ) -> tuple[Tender, ...]:
        """The total over tenders, within what accounts have; stored value by two tenders."""
        points = stored = 0
        if member_id is not None:
            found = loyalty.balances(member_id=member_id)
            points, stored = min(points_max, max(0, found.points_free)), found.stored_free_minor
        card = loyalty.gift_card_by_number(chain_id=self.shop.chain.id, number=self.card).free_minor
        tenders, left = [], total
        for kind, share in zip(("points", "stored_value", "stored_value", "gift_card", "mobile"), shares, strict=True):
            most = {"points": points, "stored_value": stored, "gift_card": card, "mobile": left}[kind]
            amount = min(left, most) * share // 100
            stored -= amount if kind == "stored_value" else 0
            if amount:
                reference, method = self.card if kind == "gift_card" else "", "wechat" if kind == "mobile" else ""
                tenders.append(Tender(type=kind, amount_minor=amount, reference=reference, method=method))
                left -= amount
        return (*tenders, Tender(type="cash", amount_minor=left)) if left or not tenders else tuple(tenders)

    def _some_back(self, data: st.DataObject) -> tuple[LineCommand, ...]:
        """Units of one sale or of two."""
        open_sales = [each for each in self.sold if each.left]
        places = st.lists(st.integers(0, len(open_sales) - 1), min_size=1, max_size=2, unique=True)
        found = []
        for place in data.draw(places):
            sale = open_sales[place]
            for line in data.draw(st.lists(st.sampled_from(sorted(sale.left)), min_size=1, unique=True)):
                found.append(_back(sale, line, data.draw(st.integers(1, sale.left[line]))))
        return tuple(found)

    def _command(
        self, member_id: UUID | None, lines: tuple[LineCommand, ...], tenders: tuple[Tender, ...], **more: object
    ) -> CompleteSale:
        terms = ReturnTerms(approved_by="Manager") if any(line.original for line in lines) else None
        return member_sale(
            f"M{next(_names)}", member_id=member_id, lines=lines, tenders=tenders, returns=terms,
            completed_at=self.now, **more,
        )  # fmt: skip

    def _complete(
        self, member_id: UUID | None, lines: tuple[LineCommand, ...], tenders: tuple[Tender, ...], **more: object
    ) -> SaleRecorded:
        return checkout.complete_sale(
            command=self._command(member_id, lines, tenders, **more), principal=ME, now=self.now
        )

    def _note(self, recorded: SaleRecorded) -> None:
        stores = {self.shop.store.id, self.shop.other_store.id}
        detail = orders.sale(sale_id=recorded.sale_id, store_ids=stores)
        assert sum(tender.amount_minor for tender in detail.tenders) == recorded.total_minor
        left = {line.line_number: line.units for line in detail.lines if not line.is_return}
        sale = Sold(id=recorded.sale_id, detail=detail, left=left)
        by_id = {each.id: each for each in self.sold}
        for line in detail.lines:
            if line.original is None:
                continue
            other, number = by_id[line.original.sale_id], line.original.line_number
            sale.took.append((other, number, -line.units, -line.amount_minor, -line.tax_minor))
            other.back_minor -= line.amount_minor
            other.back_tax_minor -= line.tax_minor
            other.left[number] += line.units
            if not other.left[number]:
                del other.left[number]
        self.sold.append(sale)


def _back(sale: Sold, line: int, units: int) -> LineCommand:
    return LineCommand(code="", units=-units, original=OriginalLine(sale_id=sale.id, line_number=line))


@pytest.fixture
def shop(db: None) -> Iterator[MemberShop]:
    promotions.forget()
    found = member_shop.open_member_shop()
    member_shop.publish_programme(chain_id=found.chain.id, document=DOCUMENT, now=NOON - timedelta(hours=1))
    yield found
    promotions.forget()


def test_whatever_happens_in_any_order_all_money_is_where_the_tenders_say(shop: MemberShop) -> None:
    Money.shop = shop
    Money.codes = iter(member_shop.publish_coupons(chain_id=shop.chain.id, count=CODES * max(1, STORIES // 20)))
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=STORIES, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if os.environ.get("EXPLORE") else (Phase.generate,),
        ),
    )  # fmt: skip

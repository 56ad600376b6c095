"""Promotions of the demo chain, made as people make them: the marketer drafts, finance approves, a version goes live.

Two weeks ago the first version came into force. A draft waits for its review, another is being written and has been
tried on past receipts. Coupons are handed out, and members have tiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from liushui.app.demo.accounts import Coupon
from liushui.orders import facade as orders
from liushui.promotions import facade
from liushui.promotions.contracts import NewBatch
from liushui.runtime.access import Principal
from liushui.runtime.grants import staff_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain
from liushui.trials import facade as trials
from liushui.trials.contracts import Book, NewBacktest

SINCE = timedelta(days=14)
BACKTEST_DAYS = 7
TIERS = (("silver", "银卡", "Silver"), ("gold", "金卡", "Gold"))
COUPON_BATCH = "WELCOME10"
COUPONS_SIZE, COUPONS_SHOWN = 5_000, 3


def live_promotions(now: datetime) -> list[dict[str, Any]]:
    """Eight promotions of different kinds; the last begins in three days."""
    soon = (now + timedelta(days=3)).replace(hour=0, minute=0, second=0, microsecond=0)
    spend = {"stage": "order", "group": "spend"}
    return [
        {
            "id": "spend-100-less-10", "name": {"zh": "满100减10", "en": "10 off 100"}, **spend,
            "when": [{"type": "subtotal_at_least", "amount": 10_000}],
            "effects": [{"type": "amount_off", "amount": 1_000, "level": "order"}],
        },
        {
            "id": "each-200-less-25", "name": {"zh": "每满200减25", "en": "25 off each 200"}, **spend,
            "effects": [
                {"type": "every_amount_off", "every": 20_000, "amount": 2_500, "max_times": 4}
            ],
        },
        {
            "id": "yogurt-second-half", "name": {"zh": "酸奶第二件半价", "en": "Second yogurt at half price"},
            "effects": [
                {
                    "type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest",
                    "scope": {"category_in": ["dairy/yogurt"]},
                }
            ],
        },
        {
            "id": "snacks-3-for-2", "name": {"zh": "零食买二送一", "en": "Snacks 3 for 2"},
            "effects": [
                {
                    "type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "unit_order": "cheapest",
                    "buy_scope": {"category_in": ["snacks"]}, "get_scope": {"category_in": ["snacks"]},
                }
            ],
        },
        {
            "id": "gold-weekend-5", "name": {"zh": "金卡周末九五折", "en": "Gold members 5% off at weekends"},
            "stage": "order", "group": "spend", "weekdays": [6, 7], "when": [{"type": "tier_in", "tiers": ["gold"]}],
            "effects": [{"type": "percent_off", "percent": 5, "level": "order", "max_discount": 5_000}],
        },
        {
            "id": "welcome-coupon", "name": {"zh": "新客券立减10元", "en": "Welcome coupon: 10 off 50"},
            "stage": "order", "priority": 5,
            "when": [
                {"type": "coupon", "batch": COUPON_BATCH},
                {"type": "subtotal_at_least", "amount": 5_000},
            ],
            "effects": [{"type": "amount_off", "amount": 1_000, "level": "order"}],
        },
        {
            "id": "fruit-happy-hour", "name": {"zh": "晚市水果八五折", "en": "Fruit 15% off in the evening"},
            "hours": [["19:00", "22:00"]], "limits": {"budget": 300_000, "budget_mode": "partial"},
            "effects": [
                {"type": "percent_off", "percent": 15, "level": "line", "scope": {"category_in": ["fresh/fruit"]}}
            ],
        },
        {
            "id": "beer-bundle", "name": {"zh": "啤酒任选6件组合价", "en": "Any 6 beers at a bundle price"},
            "starts_at": soon.isoformat(), "ends_at": (soon + timedelta(days=10)).isoformat(),
            "effects": [{"type": "bundle_price", "n": 6, "price": 3_600, "scope": {"category_in": ["alcohol/beer"]}}],
        },
    ]  # fmt: skip


_SNACK_WEEK = {
    "id": "snacks-10-off", "name": {"zh": "零食周九折", "en": "Snack week: 10% off"},
    "effects": [{"type": "percent_off", "percent": 10, "level": "line", "scope": {"category_in": ["snacks"]}}],
    "limits": {"budget": 200_000},
}  # fmt: skip
_SPEND_MORE = {
    "id": "spend-100-less-10", "name": {"zh": "满80减10", "en": "10 off 80"}, "stage": "order", "group": "spend",
    "when": [{"type": "subtotal_at_least", "amount": 8_000}],
    "effects": [{"type": "amount_off", "amount": 1_000, "level": "order"}],
}  # fmt: skip
_MEMBER_DAY = {
    "id": "silver-tuesday", "name": {"zh": "银卡周二满60减5", "en": "Silver Tuesday: 5 off 60"}, "stage": "order",
    "group": "spend", "weekdays": [2],
    "when": [{"type": "tier_in", "tiers": ["silver"]}, {"type": "subtotal_at_least", "amount": 6_000}],
    "effects": [{"type": "amount_off", "amount": 500, "level": "order"}], "limits": {"per_member": 4},
}  # fmt: skip


def load_promotions(*, chain: Chain, now: datetime) -> tuple[Coupon, ...]:
    """Make them unless the chain has a rulebook; the coupons that are printed with the log-ins."""
    marketer, approver = _person("marketer"), _person("finance")
    coupons = _coupons(chain, marketer, now)
    if facade.versions(chain_id=chain.id, at=now, limit=1):
        return coupons
    then = now - SINCE
    facade.save_member_tiers(chain_id=chain.id, tiers=TIERS, principal=marketer)
    _publish(chain, live_promotions(now), marketer, approver, then)
    waiting = facade.create_draft(chain_id=chain.id, name="银卡周二 Silver Tuesday", principal=marketer, now=now)
    waiting = facade.put_promotion(
        draft_id=waiting.id, revision=waiting.revision, promotion=_MEMBER_DAY, principal=marketer, now=now
    )
    facade.submit_for_review(
        draft_id=waiting.id, revision=waiting.revision, reason="周二客流偏低，拉动银卡会员到店", principal=marketer,
        now=now,
    )  # fmt: skip
    draft = facade.create_draft(chain_id=chain.id, name="零食周 Snack week", principal=marketer, now=now)
    for promotion in (_SNACK_WEEK, _SPEND_MORE):
        draft = facade.put_promotion(
            draft_id=draft.id, revision=draft.revision, promotion=promotion, principal=marketer, now=now
        )
    facade.remove_promotion(
        draft_id=draft.id, revision=draft.revision, promotion_id="snacks-3-for-2", principal=marketer, now=now
    )
    return coupons


def load_backtest(*, chain: Chain, now: datetime) -> None:
    """Try the draft that is being written on the receipts of the last week, unless that has been done."""
    marketer = _person("marketer")
    places = [store for store in stores.stores() if store.chain_id == chain.id]
    ids = frozenset(store.id for store in places)
    if trials.backtests(chain_ids=[chain.id], store_ids=ids, offset=0, limit=1).total:
        return
    live = facade.live_rulebook(chain_id=chain.id, at=now)
    draft = next((each for each in facade.drafts(chain_ids=[chain.id], states=["open"])), None)
    if live is None or draft is None:
        return
    today = places[0].business_date(now)
    first, last = today - timedelta(days=BACKTEST_DAYS), today - timedelta(days=1)
    if not orders.past_totals(store_ids=ids, first=first, last=last).sales:
        return
    asked = trials.create_backtest(
        new=NewBacktest(
            chain_id=chain.id,
            name=draft.name,
            live=Book(name=f"版本 {live.number}", document=live.document),
            draft=Book(name=draft.name, document=draft.document),
            first=first,
            last=last,
            store_ids=ids,
        ),
        principal=marketer,
        now=now,
    )
    trials.run_backtest(backtest_id=asked.id)


def _publish(
    chain: Chain, promotions: Sequence[dict[str, Any]], maker: Principal, checker: Principal, now: datetime
) -> None:
    draft = facade.create_draft(chain_id=chain.id, name="开业促销 Opening", principal=maker, now=now)
    document = {"version": "draft", "promotions": list(promotions)}
    draft = facade.save_draft(
        draft_id=draft.id, revision=draft.revision, document=document, principal=maker, now=now
    )  # fmt: skip
    facade.submit_for_review(draft_id=draft.id, revision=draft.revision, reason="首批促销", principal=maker, now=now)
    facade.decide_review(draft_id=draft.id, approve=True, principal=checker, now=now, reason="同意")


def _coupons(chain: Chain, maker: Principal, now: datetime) -> tuple[Coupon, ...]:
    """Codes of the welcome coupon: the same ones each time they are asked for."""
    batch = NewBatch(
        chain_id=chain.id, code=COUPON_BATCH, name_zh="新客券", name_en="Welcome coupon", kind="unique",
        size=COUPONS_SIZE,
    )  # fmt: skip
    facade.make_batch(batch=batch, principal=maker, now=now)
    issue = facade.issue_codes(
        chain_id=chain.id, batch=COUPON_BATCH, count=COUPONS_SHOWN, key="demo", principal=maker, now=now
    )
    return tuple(Coupon(code=code, about="新客券 10 off 50") for _serial, code in facade.issued_codes(issue=issue))


def _person(username: str) -> Principal:
    return staff_principal(StaffUser.objects.get(username=username))

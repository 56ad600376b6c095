"""Members of the demo chain, by the doors that every chain's take: a programme with its tiers, joining, and what each
had before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid5

from liushui.app.demo.people import LEVELS, MEMBERS, DemoMember, demo_member, mark
from liushui.kernel.errors import NotFound
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member, MemberHistory
from liushui.privacy import facade as privacy
from liushui.runtime.access import Principal
from liushui.runtime.grants import staff_principal, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

IMPORTED = "demo-history"
PROGRAMME_SINCE = timedelta(days=430)  # before any history, so that all of it earns


def programme_document() -> dict[str, Any]:
    """The rules in force: a yuan is a point, more for better tiers, on member days and for fresh goods."""
    return {
        "format": 1,
        "currency": "CNY",
        "earning": {
            "match": "best",
            "tenders_without_points": ["gift_card", "points"],
            "rows": [
                {"categories": ["alcohol/baijiu"], "points": 0, "per_minor": 100},
                {"points": 1, "per_minor": 100},
                {"tiers": ["gold"], "points": 1, "per_minor": 100, "multiplier_bp": 15_000},
                {"tiers": ["diamond"], "points": 2, "per_minor": 100},
                {"month_days": [8, 18, 28], "points": 2, "per_minor": 100},
                {"categories": ["fresh"], "hours": [["19:00", "22:00"]], "points": 2, "per_minor": 100},
            ],
        },
        "validity": {"kind": "months", "months": 18},
        "redemption": {"points": 100, "minor": 100, "max_share_bp": 5_000},
        "tiers": {
            "window_months": 12,
            "levels": [
                {"code": code, "name_zh": zh, "name_en": en, "spend_minor": spend, "grace_days": grace}
                for code, zh, en, spend, grace in LEVELS
            ],
        },
        "stored_value": {
            "spend_order": "pro_rata",
            "top_up_bonus": [
                {"paid_minor": 20_000, "gift_minor": 1_000},
                {"paid_minor": 50_000, "gift_minor": 4_000},
                {"paid_minor": 100_000, "gift_minor": 12_000},
            ],
        },
        "birthday": {"window": "month", "points": 100, "multiplier_bp": 20_000},
        "anniversary": {"window": "week", "points": 50, "multiplier_bp": 10_000},
    }


def load_programme(*, chain: Chain, now: datetime) -> None:
    """Rules drafted by the marketer and approved by finance, and a draft of others; unless there are any."""
    marketer, approver = _person("marketer"), _person("finance")
    if facade.programme_versions(chain_id=chain.id, principal=marketer, at=now, limit=1):
        return
    then = now - PROGRAMME_SINCE
    draft = facade.create_programme_draft(chain_id=chain.id, name="会员章程 Club rules", principal=marketer, now=then)
    draft = facade.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=programme_document(), principal=marketer, now=then
    )
    facade.submit_programme(
        draft_id=draft.id, revision=draft.revision, reason="新会员计划上线", principal=marketer, now=then
    )
    facade.decide_programme(draft_id=draft.id, approve=True, principal=approver, now=then, reason="同意")
    other = facade.create_programme_draft(
        chain_id=chain.id, name="提高金卡门槛 Higher gold threshold", principal=marketer, now=now
    )
    gold = {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "spend_minor": 400_000, "grace_days": 60}
    facade.put_programme_row(
        draft_id=other.id, revision=other.revision, table="tiers.levels", row=gold, index=1, principal=marketer,
        now=now,
    )  # fmt: skip


def load_members(
    *,
    chain: Chain,
    first: date,
    now: datetime,
    count: int = MEMBERS,
    progress: Callable[[int], None] = lambda done: None,
) -> Mapping[str, Member]:
    """The members with what they had before the history begins, by the mark that the generator's receipts carry."""
    made = [demo_member(index) for index in range(count)]
    known = dict(facade.members(ids=[each.id for each in made]))
    notices = privacy.current_notices(chain_id=chain.id)
    places = stores.stores_by_code()
    fresh = [each for each in made if each.id not in known]
    for done, each in enumerate(fresh, start=1):
        place = places.get((chain.code, each.store_code))
        joined = facade.join(
            chain_id=chain.id, phone=each.phone, name=each.name, birthday=each.birthday,
            store_id=place.id if place is not None else None, channel="import", member_id=each.id,
            consents={purpose: notices[purpose].version for purpose in each.agrees},
            now=now - timedelta(days=each.joined_before_days),
        )  # fmt: skip
        known[joined.member.id] = joined.member
        if done % 100 == 0:
            progress(done)
    if fresh:
        _import(chain, fresh, first=first, now=now)
    return {mark(each.index): known[each.id] for each in made if each.id in known}


def _import(chain: Chain, made: list[DemoMember], *, first: date, now: datetime) -> None:
    then = now - (now.date() - first) - timedelta(days=1)
    facade.import_history(
        chain_id=chain.id, name=IMPORTED, principal=system_principal(name="demo"), now=then,
        histories=[
            MemberHistory(
                member_id=each.id, points=each.points, tier=each.tier, tier_since=first - timedelta(days=120),
                days=_days(each, first),
            )
            for each in made
        ],
    )  # fmt: skip
    for each in made:
        if each.top_up_minor:
            facade.top_up(
                top_up_id=uuid5(each.id, "top-up"), member_id=each.id, paid_minor=each.top_up_minor, store_id=None,
                operator="demo", tender="mobile", now=then,
            )  # fmt: skip


def _days(each: DemoMember, first: date) -> tuple[tuple[date, int, int], ...]:
    """What a member spent before, month by month, the last of it a month before the history."""
    part, rest = divmod(each.spend_minor, 10)
    shift = each.index % 28
    return tuple(
        (first - timedelta(days=30 * month + shift), part + (rest if month == 1 else 0), 1 + each.index % 3)
        for month in range(1, 11)
    )


def _person(username: str) -> Principal:
    found = StaffUser.objects.filter(username=username).first()
    if found is None:
        raise NotFound(f"The demo has no {username}", remedy="`liushui demo load` makes the log-ins.")
    return staff_principal(found)

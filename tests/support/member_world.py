"""Members of a chain of the tests: a programme in force and a draft of it with a dry run, two members who are one
person, a correction that waits, somebody erased. Made through the door, as people would."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member
from liushui.loyalty.domain.programme_json import EMPTY
from liushui.orders import facade as orders
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal
from liushui.stores.contracts import Store

PHONE, SECOND_PHONE, ERASED_PHONE = "13812345678", "13912345678", "13712345678"
CARD = "6688990011"
LEVELS = [
    {"code": "silver", "name_zh": "银卡", "name_en": "Silver", "spend_minor": 10_000, "grace_days": 30},
    {"code": "gold", "name_zh": "金卡", "name_en": "Gold", "spend_minor": 500_000, "grace_days": 30},
]
PROGRAMME: dict[str, Any] = {
    **EMPTY,
    "earning": {
        "match": "first",
        "tenders_without_points": ["points"],
        "rows": [
            {"tiers": ["gold"], "weekdays": [6, 7], "points": 1, "per_minor": 100, "multiplier_bp": 20_000},
            {"points": 1, "per_minor": 100},
        ],
    },
    "validity": {"kind": "months", "months": 12},
    "redemption": {"points": 100, "minor": 100, "max_share_bp": 5000},
    "tiers": {"window_months": 12, "levels": LEVELS},
    "stored_value": {"spend_order": "principal_first", "top_up_bonus": [{"paid_minor": 50_000, "gift_minor": 5_000}]},
    "birthday": {"window": "month", "points": 50, "multiplier_bp": 20_000},
}
RAISED = {**PROGRAMME, "tiers": {"window_months": 12, "levels": [{**LEVELS[0], "spend_minor": 20_000}, LEVELS[1]]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWorld:
    """What was made."""

    member: Member
    twin: Member
    erased_subject_id: UUID
    adjustment_id: UUID
    programme_id: int
    draft_id: int
    dry_run_id: UUID
    card_batch_id: UUID
    gift_card_id: UUID  # one of the batch, not sold
    gift_card_number: str
    merge_id: UUID  # the other way round: the member with value is to go into the twin

    def facts(self) -> dict[str, str]:
        """Ids by the names that addresses give them."""
        return {
            "member_id": str(self.member.id),
            "twin_id": str(self.twin.id),
            "subject_id": str(self.member.subject_id),
            "erased_subject_id": str(self.erased_subject_id),
            "adjustment_id": str(self.adjustment_id),
            "programme_id": str(self.programme_id),
            "programme_draft_id": str(self.draft_id),
            "dry_run_id": str(self.dry_run_id),
            "card_batch_id": str(self.card_batch_id),
            "gift_card_id": str(self.gift_card_id),
            "gift_card_number": self.gift_card_number,
            "merge_id": str(self.merge_id),
        }


def join(store: Store, phone: str, name: str = "", *, now: datetime, **fields: str) -> Member:
    """A member of the store's chain who agrees to all that there is."""
    notices = privacy.current_notices(chain_id=store.chain_id)
    return facade.join(
        chain_id=store.chain_id, phone=phone, name=name, store_id=store.id, channel="till", now=now,
        consents={purpose: notice.version for purpose, notice in notices.items()}, **fields,
    ).member  # fmt: skip


def publish(*, chain_id: int, maker: Principal, checker: Principal, now: datetime, document: Mapping[str, Any]) -> int:
    """The programme in force; its id."""
    draft = facade.create_programme_draft(chain_id=chain_id, name="开业 Opening", principal=maker, now=now)
    draft = facade.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=document, principal=maker, now=now
    )
    facade.submit_programme(draft_id=draft.id, revision=draft.revision, reason="开业 Opening", principal=maker, now=now)
    done = facade.decide_programme(draft_id=draft.id, approve=True, principal=checker, now=now)
    assert done.programme_id is not None
    return done.programme_id


def give_points(member: Member, points: int, *, asker: Principal, checker: Principal, now: datetime) -> None:
    """Points by a correction that two people made."""
    asked_id = new_id()
    asked = facade.request_adjustment(
        adjustment_id=asked_id,
        member_id=member.id,
        points=points,
        reason="开业礼 Opening gift",
        principal=asker,
        now=now,
    )
    approvals.decide(approval_id=asked.id, approve=True, principal=checker, now=now)
    assert facade.settle_adjustment(adjustment_id=asked_id, now=now)


def earn(member: Member, sale_ids: Collection[UUID], *, now: datetime | None = None) -> None:
    """What these receipts earn, told as the member's."""
    facts, after = [], None
    while found := orders.sale_facts(after=after, limit=500):
        facts += [(replace(fact, customer=member.number), False) for fact, _status in found if fact.sale_id in sale_ids]
        after = found[-1][0].sale_id
    with transaction.atomic():  # as the worker does
        facade.earn_sales(sales=facts, now=now or datetime.now(UTC))


def member_world(
    *, store: Store, maker: Principal, checker: Principal, asker: Principal, now: datetime | None = None, tail: str = ""
) -> MemberWorld:
    """Make it all. `tail` takes the place of the last digits of phones and the card, where chains share a test."""
    now = now or datetime.now(UTC)
    chain_id = store.chain_id
    opened = now - timedelta(days=60)
    programme_id = publish(chain_id=chain_id, maker=maker, checker=checker, now=opened, document=PROGRAMME)

    def own(number: str) -> str:
        return number[: len(number) - len(tail)] + tail

    member = join(store, own(PHONE), "张三丰", now=now, birthday="1990-05-21")
    twin = join(store, own(SECOND_PHONE), "张三", now=now)
    gone = join(store, own(ERASED_PHONE), "王五", now=now)
    facade.add_card(member_id=member.id, number=own(CARD), principal=maker, now=now)
    facade.top_up(
        top_up_id=new_id(), member_id=member.id, paid_minor=50_000, store_id=store.id, operator="8001", tender="cash",
        now=now,
    )  # fmt: skip
    give_points(member, 1200, asker=asker, checker=checker, now=now)
    give_points(twin, 300, asker=asker, checker=checker, now=now)
    assert gone.subject_id is not None
    privacy.erase_subject(
        subject_id=gone.subject_id, reason="Asked by letter", principal=system_principal(name="tests"), now=now
    )
    adjustment_id = new_id()
    facade.request_adjustment(
        adjustment_id=adjustment_id, member_id=member.id, points=120, reason="漏积分 Points that were missed",
        principal=asker, now=now,
    )  # fmt: skip
    draft = facade.create_programme_draft(chain_id=chain_id, name="提高门槛 Higher bar", principal=maker, now=now)
    draft = facade.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=RAISED, principal=maker, now=now
    )
    run = facade.start_dry_run(draft_id=draft.id, principal=maker, now=now)
    facade.run_dry_run(run_id=run.id)
    batch = facade.start_gift_card_batch(
        batch_id=new_id(), chain_id=chain_id, count=3, note="春节 Spring Festival", face_minor=20_000,
        principal=checker, now=now,
    )  # fmt: skip
    [card, *_rest] = facade.gift_cards_of_batch(batch_id=batch.id).cards
    merge_id = new_id()
    facade.request_merge(
        merge_id=merge_id, keep_id=twin.id, drop_id=member.id, reason="同一人 One person", principal=asker, now=now
    )
    again = facade.member(member_id=member.id)
    assert again is not None
    return MemberWorld(
        member=again,
        twin=twin,
        erased_subject_id=gone.subject_id,
        adjustment_id=adjustment_id,
        programme_id=programme_id,
        draft_id=draft.id,
        dry_run_id=run.id,
        card_batch_id=batch.id,
        gift_card_id=card.id,
        gift_card_number=card.number,
        merge_id=merge_id,
    )

"""Promotions in force, by the way that people take: drafted by one, approved by another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from liushui.promotions import facade as promotions
from liushui.promotions.contracts import NewBatch
from liushui.runtime.access import Grant, Principal

TIERS = (("silver", "银卡", "Silver"), ("gold", "金卡", "Gold"))


def publish(*, chain_id: int, rules: Sequence[dict[str, Any]], now: datetime) -> None:
    """These promotions in force from now on, in the place of those with the same ids, beside all others."""
    maker, checker = person("ma", "marketer", chain_id), person("fei", "finance", chain_id)
    draft = promotions.create_draft(chain_id=chain_id, name="Rules", principal=maker, now=now)
    for rule in rules:
        draft = promotions.put_promotion(
            draft_id=draft.id, revision=draft.revision, promotion=rule, principal=maker, now=now
        )
    promotions.submit_for_review(draft_id=draft.id, revision=draft.revision, reason="test", principal=maker, now=now)
    promotions.decide_review(draft_id=draft.id, approve=True, principal=checker, now=now)
    promotions.forget()


def save_tiers(*, chain_id: int) -> None:
    """Silver and gold members."""
    promotions.save_member_tiers(chain_id=chain_id, tiers=TIERS, principal=person("ma", "marketer", chain_id))


def coupons(*, chain_id: int, batch: str, count: int, now: datetime) -> list[str]:
    """So many unique codes of a new batch."""
    maker = person("ma", "marketer", chain_id)
    wanted = NewBatch(chain_id=chain_id, code=batch, name_zh=batch, name_en=batch, kind="unique", size=count)
    promotions.make_batch(batch=wanted, principal=maker, now=now)
    issue = promotions.issue_codes(chain_id=chain_id, batch=batch, count=count, key="all", principal=maker, now=now)
    return [code for _serial, code in promotions.issued_codes(issue=issue)]


def person(name: str, role: str, chain_id: int) -> Principal:
    """Somebody of the chain's head office."""
    return Principal(subject=f"staff:{name}", name=name.title(), grants=(Grant(role=role, chain_id=chain_id),))

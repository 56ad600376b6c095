"""Take over what members had elsewhere before: points, a tier, and what they spent, by which tiers are measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from liushui.loyalty import ledger, member_queries
from liushui.loyalty.contracts import MemberHistory
from liushui.loyalty.domain.programme_tiers import Standing
from liushui.loyalty.errors import UnknownMember
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.programme_live import live_programme
from liushui.loyalty.tier_moves import TierMove, write_moves
from liushui.loyalty.tier_queries import local_day
from liushui.runtime import audit, bulk
from liushui.runtime.access import Principal


def import_history(
    *, chain_id: int, name: str, histories: Sequence[MemberHistory], principal: Principal, now: datetime
) -> int:
    """Write these histories down under the name of the system they come from; how many points were new.

    Safe to repeat: each member's points of one name are taken once, a day that is known keeps what it has, and a tier
    is given to those that have none. Raises UnknownMember for one who is no active member of the chain.
    """
    members = member_queries.members(ids=[history.member_id for history in histories])
    for history in histories:
        found = members.get(history.member_id)
        if found is None or (found.chain_id, found.status) != (chain_id, "active"):
            raise UnknownMember(f"There is no active member {history.member_id} in this chain")
    today = local_day(chain_id=chain_id, store_id=None, at=now)
    programme = live_programme(chain_id=chain_id, at=now)
    currency = ledger.currency_of(chain_id=chain_id)
    entries = [
        NewEntry(
            account_id=history.member_id, chain_id=chain_id, kind="earn", cause=f"import:{name}", currency=currency,
            at=now, on_date=today, points=history.points, reason=name,
            lot_until=programme.expires_on(earned_on=today) or ledger.NEVER,
        )
        for history in histories
        if history.points
    ]  # fmt: skip
    moves = [
        TierMove(
            chain_id=chain_id, member_id=history.member_id, before=Standing(), after=Standing(tier=history.tier),
            since=history.tier_since or today, spend_minor=sum(spend for _day, spend, _times in history.days),
            programme_number=programme.number, cause=f"import:{name}", at=now,
        )
        for history in histories
        if history.tier and not members[history.member_id].tier
    ]  # fmt: skip
    with transaction.atomic():
        added = ledger.book(entries)
        bulk.insert_rows(
            table="loyalty_member_day",
            columns=("chain_id", "member_id", "business_date", "spend_minor", "purchases"),
            rows=[
                (chain_id, history.member_id, day, spend_minor, purchases)
                for history in histories
                for day, spend_minor, purchases in history.days
            ],
            skip_existing=True,
        )
        moved = write_moves(moves)
        if added or moved:
            audit.record(
                principal=principal, action="member.import_history", target=f"chain:{chain_id}", chain_id=chain_id,
                after={"name": name, "members": len(histories), "points": len(added), "tiers": len(moved)},
            )  # fmt: skip
    return sum(entry.points for entry in entries if entry.key in added)

"""A purchase is a sign of life: what is kept of the person may be kept from then on as long as its retention says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liushui.loyalty.member_queries import members_by_number
from liushui.orders.contracts import SaleFact
from liushui.privacy import facade as privacy


def note_purchases(*, sales: Sequence[SaleFact]) -> int:
    """Tell privacy of the members who bought; three statements a chain. Returns for how many people that was news."""
    seen: dict[int, dict[str, datetime]] = {}
    for fact in sales:
        if fact.customer:
            known = seen.setdefault(fact.chain_id, {})
            known[fact.customer] = max(known.get(fact.customer, fact.completed_at), fact.completed_at)
    news = 0
    for chain_id, numbers in seen.items():
        found = members_by_number(chain_id=chain_id, numbers=list(numbers))
        people = {each.subject_id for each in found.values() if each.subject_id is not None}
        if people:
            news += privacy.touch_subjects(subject_ids=people, now=max(numbers.values()))
    return news

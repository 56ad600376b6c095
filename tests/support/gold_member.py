"""A member of the tier gold, for stories that need one before anybody has bought enough."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from tests.support.member_world import join

from liushui.loyalty.contracts import Member
from liushui.stores import facade as stores

PHONE = "13600136000"


def gold_member(*, now: datetime) -> Member:
    """Joined at E1 of GREEN, and lifted by hand."""
    chain = next(chain for chain in stores.chains() if chain.code == "GREEN")
    store = next(store for store in stores.stores() if store.chain_id == chain.id and store.code == "E1")
    member = join(store, PHONE, "金先生", now=now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_member SET tier = 'gold' WHERE number = %s", [member.number])
    return member

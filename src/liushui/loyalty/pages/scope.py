"""Whose members a page is about: the chain of the chosen place, its clock, its stores; members belong to a chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from liushui.kernel.errors import NotAllowed, NotFound
from liushui.loyalty import facade
from liushui.loyalty.contracts import Member
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace, StorePlace

READ, WRITE = "member.read", "member.write"


def chain_of(request: HttpRequest, principal: Principal, capability: str = READ) -> ChainPlace:
    """The chain of the chosen place, or the first one where the capability is held in any part; else NotAllowed."""
    allowed = principal.chains(capability)
    directory = places.directory()
    chosen = directory.place(query=request.GET.dict(), allowed=principal.stores(capability))
    asked = chosen.chain.id if chosen.chain else chosen.store.chain_id if chosen.store else None
    chains = [chain for chain in directory.chains() if chain.id in allowed and asked in (None, chain.id)]
    if not chains:
        raise NotAllowed(f"This needs the right '{capability}'")
    return chains[0]


def chain_by_id(chain_id: int) -> ChainPlace:
    """A chain of the directory."""
    return next(chain for chain in places.directory().chains() if chain.id == chain_id)


def stores_of(chain: ChainPlace) -> dict[int, StorePlace]:
    """The stores of a chain by id."""
    return {store.id: store for store in places.directory().stores() if store.chain_id == chain.id}


def zone_of(chain: ChainPlace) -> ZoneInfo:
    """The clock that most stores of the chain go by."""
    zones = Counter(store.time_zone for store in places.directory().stores() if store.chain_id == chain.id)
    return ZoneInfo(zones.most_common(1)[0][0] if zones else settings.TIME_ZONE)


def is_chinese() -> bool:
    """Whether the page is read in Chinese."""
    return (get_language() or "").startswith("zh")


def local(names: Mapping[str, str] | tuple[str, str]) -> str:
    """The name in the reader's language of ("金卡", "Gold")."""
    zh, en = names if isinstance(names, tuple) else (names.get("zh", ""), names.get("en", ""))
    return (zh or en) if is_chinese() else (en or zh)


def seen_member(*, member_id: UUID, principal: Principal, capability: str = READ) -> Member:
    """A member of a chain in which the capability is held; to others there is none."""
    found = facade.member(member_id=member_id)
    if found is None or found.chain_id not in principal.chains(READ):
        raise NotFound("There is no such member, or he is not yours to see")
    if found.chain_id not in principal.chains(capability):
        raise NotAllowed(f"This needs the right '{capability}'")
    return found


def asked_date(text: Any) -> date | None:
    """A date of a filter; None for nothing and for what is none."""
    try:
        return date.fromisoformat(str(text or ""))
    except ValueError:
        return None

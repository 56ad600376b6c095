"""Whose data a page is about: the chain of the chosen place, and people of the reader's chains."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import get_language

from liushui.kernel.errors import NotAllowed
from liushui.privacy import facade
from liushui.privacy.contracts import Subject
from liushui.privacy.errors import UnknownSubject
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace

HANDLE = "privacy.handle"


def chain_of(request: HttpRequest, principal: Principal) -> ChainPlace:
    """The chain of the chosen place, or the first one where requests may be handled; else NotAllowed."""
    allowed = principal.chains(HANDLE)
    directory = places.directory()
    chosen = directory.place(query=request.GET.dict(), allowed=principal.stores(HANDLE))
    asked = chosen.chain.id if chosen.chain else chosen.store.chain_id if chosen.store else None
    chains = [chain for chain in directory.chains() if chain.id in allowed and asked in (None, chain.id)]
    if not chains:
        raise NotAllowed(f"This needs the right '{HANDLE}'")
    return chains[0]


def seen_subject(*, subject_id: UUID, principal: Principal) -> Subject:
    """A person of the reader's chains; to others there is none."""
    found = facade.subject(subject_id=subject_id)
    if found.chain_id not in principal.chains(HANDLE):
        raise UnknownSubject("There is no such person in your chains")
    return found


def is_chinese() -> bool:
    """Whether the page is read in Chinese."""
    return (get_language() or "").startswith("zh")

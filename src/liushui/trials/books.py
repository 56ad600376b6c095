"""The rulebooks that one may choose for a backtest: drafts, published versions, and none at all."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liushui.promotions import facade as promotions
from liushui.runtime.access import Principal
from liushui.trials.contracts import Book
from liushui.trials.errors import BacktestRefused

NONE = "none"
_EMPTY = '{"promotions":[],"version":"none"}'
_VERSIONS_MAX = 30
_STATES = {
    "live": gettext_lazy("live"),
    "scheduled": gettext_lazy("scheduled"),
    "past": gettext_lazy("past"),
    "cancelled": gettext_lazy("cancelled"),
}


class Choice(NamedTuple):
    """A rulebook to choose. `key` is `draft:4`, `version:7` or `none`."""

    key: str
    name: str
    is_live: bool = False


def choices(*, chain_id: int, now: datetime) -> tuple[list[Choice], list[Choice]]:
    """(drafts, versions) of a chain, the latest first; the versions end with no promotions at all."""
    drafts = [Choice(f"draft:{each.id}", each.name) for each in promotions.drafts(chain_ids=[chain_id])]
    versions = [
        Choice(f"version:{each.id}", _version_name(each.number, each.state), each.state == "live")
        for each in promotions.versions(chain_id=chain_id, at=now, limit=_VERSIONS_MAX)
    ]
    return drafts, [*versions, Choice(NONE, _("No promotions"))]


def book(*, key: str, principal: Principal, now: datetime) -> Book:
    """The rulebook of a choice; raises BacktestRefused for what is none, UnknownRulebook for what is not theirs."""
    kind, _colon, number = key.partition(":")
    if key == NONE:
        return Book(name=_("No promotions"), document=_EMPTY)
    if kind == "draft" and number.isdecimal() and len(number) < 18:
        draft = promotions.draft(draft_id=int(number), principal=principal)
        return Book(name=draft.name, document=draft.document)
    if kind == "version" and number.isdecimal() and len(number) < 18:
        version = promotions.version(rulebook_id=int(number), principal=principal, at=now)
        document = promotions.version_document(rulebook_id=version.id, principal=principal)
        return Book(name=_version_name(version.number, version.state), document=document)
    raise BacktestRefused(f"{key!r} is no rulebook", remedy="Choose a draft or a version from the list.")


def _version_name(number: int, state: str) -> str:
    return _("Version %(number)s (%(state)s)") % {"number": number, "state": _STATES.get(state, state)}

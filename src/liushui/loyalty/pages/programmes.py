"""The loyalty programme: versions and drafts, what each says, going from a draft to a version in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.loyalty import facade
from liushui.loyalty.contracts import ProgrammeVersion
from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_json import write_programme
from liushui.loyalty.domain.programme_sentence import Said, Vocabulary
from liushui.loyalty.pages.programme_try import findings
from liushui.loyalty.pages.programme_view import sentences, tiers_of_programme, vocabulary
from liushui.loyalty.pages.rules import may_write
from liushui.loyalty.pages.scope import chain_by_id, chain_of, zone_of
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.step_up import ask, is_fresh
from liushui.runtime.web import page

VERSION_STATES: Mapping[str, tuple[Any, str]] = {
    "live": (pgettext_lazy("programme", "In force"), "status-good"),
    "scheduled": (pgettext_lazy("programme", "To come"), "status-info"),
    "ended": (pgettext_lazy("programme", "Over"), ""),
    "cancelled": (pgettext_lazy("programme", "Cancelled"), "status-bad"),
}
DRAFT_STATES: Mapping[str, tuple[Any, str]] = {
    "open": (gettext_lazy("Being written"), "status-info"),
    "in_review": (gettext_lazy("In review"), "status-warn"),
    "published": (gettext_lazy("Published"), "status-good"),
    "discarded": (gettext_lazy("Discarded"), ""),
}
SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (gettext_lazy("What earns points"), ("earn.",)),
    (gettext_lazy("What points are worth"), ("redemption", "validity")),
    (pgettext_lazy("programme", "Tiers"), ("levels.",)),
    (gettext_lazy("Stored value"), ("bonus.",)),
    (gettext_lazy("Birthday and anniversary"), ("birthday", "anniversary")),
)
_ROWS = 50


@require_http_methods(["GET", "POST"])
@page(capability="member.read")
def programme_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Drafts that are being written and versions, the newest first; a POST begins a draft."""
    chain = chain_of(request, principal)
    now = datetime.now(UTC)
    if request.method == "POST":
        text = request.POST.get("name", "").strip()
        name = text or _("Draft of %(day)s") % {"day": f"{now.astimezone(zone_of(chain)):%m-%d %H:%M}"}
        draft = facade.create_programme_draft(chain_id=chain.id, name=name, principal=principal, now=now)
        return redirect("loyalty:rules", programme_draft_id=draft.id)
    states = tuple(DRAFT_STATES) if request.GET.get("drafts") == "all" else ("open", "in_review")
    drafts = facade.programme_drafts(chain_ids=[chain.id], principal=principal, states=states)
    versions = facade.programme_versions(chain_id=chain.id, principal=principal, at=now, limit=_ROWS)
    live = next((version for version in versions if version.state == "live"), None)
    context = {
        "chain": chain,
        "zone": zone_of(chain),
        "drafts": [(draft, *DRAFT_STATES[draft.state]) for draft in drafts],
        "shows_all": len(states) > 2,
        "versions": [(version, *VERSION_STATES[version.state]) for version in versions],
        "live": live,
        "sections": sections_of(live.programme, chain) if live else [],
        "may_write": may_write(chain, principal),
    }
    return render(request, "loyalty/programmes.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="member.read")
def version_detail(request: HttpRequest, *, programme_id: int, principal: Principal) -> HttpResponse:
    """A version as it was published, in words; a POST begins a draft with its rules, or cancels it before it starts."""
    now = datetime.now(UTC)
    version = facade.programme_version(programme_id=programme_id, principal=principal, at=now)
    if request.method == "GET":
        return _show(request, version, principal)
    if request.POST.get("do") != "cancel":
        return _begin_from(version.programme, version.number, chain_by_id(version.chain_id), principal, now)
    if not is_fresh(request):
        return ask(request)
    reason = request.POST.get("reason", "")
    try:
        facade.cancel_programme(programme_id=programme_id, reason=reason, principal=principal, now=now)
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, version, principal, error=error)
    messages.success(request, _("Cancelled. What is in force stays so; the draft is open again."))
    return redirect("loyalty:programme", programme_id=programme_id)


def _show(
    request: HttpRequest, version: ProgrammeVersion, principal: Principal, *, error: LiushuiError | None = None
) -> HttpResponse:
    chain = chain_by_id(version.chain_id)
    title, kind = VERSION_STATES[version.state]
    context = {
        "version": version,
        "chain": chain,
        "zone": zone_of(chain),
        "state_name": title,
        "state_class": kind,
        "sections": sections_of(version.programme, chain),
        "findings": findings(version.programme, vocabulary(chain, tiers_of_programme(version.programme))),
        "may_write": may_write(chain, principal),
        "may_cancel": version.state == "scheduled" and chain.id in principal.whole_chains("loyalty.approve"),
        "error": error,
        "posted": request.POST,
    }
    return render(request, "loyalty/programme.html", context, status=422 if error else 200)


def _begin_from(
    programme: Programme, number: int, chain: ChainPlace, principal: Principal, now: datetime
) -> HttpResponse:
    """A draft made of the latest version, with the rules of this one put into it: the way back."""
    from_it = _("As version %(number)s") % {"number": number}
    draft = facade.create_programme_draft(chain_id=chain.id, name=from_it, principal=principal, now=now)
    facade.save_programme_draft(
        draft_id=draft.id, revision=draft.revision, document=write_programme(programme),
        principal=principal, now=now,
    )  # fmt: skip
    return redirect("loyalty:draft", programme_draft_id=draft.id)


def sections_of(programme: Programme, chain: ChainPlace) -> list[tuple[Any, list[Said]]]:
    """Everything that a programme says, part by part."""
    said = sentences(programme, words_of(programme, chain))
    return _by_section(said)


def words_of(programme: Programme, chain: ChainPlace) -> Vocabulary:
    """What the codes of a programme that is whole are called."""
    return vocabulary(chain, tiers_of_programme(programme))


def _by_section(said: Mapping[str, Said]) -> list[tuple[Any, list[Said]]]:
    found = []
    for title, begins in SECTIONS:
        lines = [each for name, each in said.items() if name.startswith(begins)]
        if lines:
            found.append((title, lines))
    return found


def changes_of(base: Programme, programme: Programme, chain: ChainPlace) -> list[tuple[Any, list[Said], list[Said]]]:
    """(part, sentences gone, sentences new) of what differs; a row that only moved is in neither list."""
    before, after = sentences(base, words_of(base, chain)), sentences(programme, words_of(programme, chain))
    found = []
    for title, begins in SECTIONS:
        old = [each for name, each in before.items() if name.startswith(begins)]
        new = [each for name, each in after.items() if name.startswith(begins)]
        if old != new:
            found.append((title, [each for each in old if each not in new], [each for each in new if each not in old]))
    return found

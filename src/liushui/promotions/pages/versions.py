"""Published versions: the list, one with what it changed against another, going back to one, cancelling one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import InvalidValue, LiushuiError, NotAllowed
from liushui.promotions import facade
from liushui.promotions.contracts import VersionView
from liushui.promotions.pages import sentences
from liushui.promotions.pages.chain_names import chain_by_id, chain_of, names_of, style_of, zone_of
from liushui.promotions.pages.drafts import may_write
from liushui.promotions.pages.form_values import Wrong, read_instant
from liushui.runtime.access import Principal
from liushui.runtime.web import page

STATES: Mapping[str, tuple[Any, str]] = {
    "live": (gettext_lazy("In force"), "status-good"),
    "scheduled": (pgettext_lazy("promotion", "To come"), "status-info"),
    "past": (pgettext_lazy("promotion", "Over"), ""),
    "cancelled": (gettext_lazy("Cancelled"), "status-bad"),
}
ORIGINS: Mapping[str, Any] = {
    "draft": gettext_lazy("From a draft"),
    "pause": gettext_lazy("A promotion was paused"),
    "resume": gettext_lazy("A promotion runs again"),
    "end": gettext_lazy("A promotion was ended"),
    "roll_back": gettext_lazy("Rolled back"),
}
_PAGE_ROWS = 50


@require_GET
@page(capability="promotion.read")
def version_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Versions, the newest first."""
    chain = chain_of(request, principal)
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
    found = facade.versions(chain_id=chain.id, at=datetime.now(UTC), before=before, limit=_PAGE_ROWS)
    context = {
        "chain": chain,
        "zone": zone_of(chain),
        "rows": [(each, *STATES[each.state], ORIGINS.get(each.origin, each.origin)) for each in found],
        "after": found[-1].number if len(found) == _PAGE_ROWS else None,
    }
    return render(request, "promotions/versions.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="promotion.read", step_up="POST")
def version_detail(request: HttpRequest, *, rulebook_id: int, principal: Principal) -> HttpResponse:
    """One version against the one that it was made from, or another; a POST goes back to it or cancels it."""
    version = facade.version(rulebook_id=rulebook_id, principal=principal, at=datetime.now(UTC))
    if request.method == "GET":
        return _show(request, version, principal)
    reason, now = request.POST.get("reason", "").strip(), datetime.now(UTC)
    try:
        if request.POST.get("do") == "cancel":
            facade.cancel_version(rulebook_id=rulebook_id, reason=reason, principal=principal, now=now)
            messages.success(request, _("Cancelled. What is in force stays so; the draft is open again."))
            return redirect("promotions:version", rulebook_id=rulebook_id)
        draft = facade.roll_back(
            rulebook_id=rulebook_id, reason=reason, starts_at=_start(request, version), principal=principal, now=now
        )
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, version, principal, error=error)
    messages.success(request, _("Handed in. Another person reviews it now."))
    return redirect("promotions:draft", draft_id=draft.id)


def _start(request: HttpRequest, version: VersionView) -> datetime | None:
    text = request.POST.get("starts_at", "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(read_instant(text, style_of(chain_by_id(version.chain_id))))
    except Wrong as wrong:
        raise InvalidValue(str(wrong), pointer="/starts_at") from None


def _show(
    request: HttpRequest, version: VersionView, principal: Principal, *, error: LiushuiError | None = None
) -> HttpResponse:
    chain = chain_by_id(version.chain_id)
    others = facade.versions(chain_id=chain.id, at=datetime.now(UTC), limit=_PAGE_ROWS)
    asked = request.GET.get("against", "")
    against = next((each for each in others if str(each.number) == asked and each.id != version.id), None)
    changes = facade.version_changes(
        rulebook_id=version.id, principal=principal, against_id=against.id if against else None
    )
    names = names_of(chain, sentences.documents_of(changes))
    state, state_class = STATES[version.state]
    context = {
        "version": version,
        "chain": chain,
        "zone": names.zone,
        "state_name": state,
        "state_class": state_class,
        "origin": ORIGINS.get(version.origin, version.origin),
        "changes": sentences.change_views(changes, names),
        "mode": changes.mode,
        "others": [each for each in others if each.id != version.id],
        "against": against.number if against else version.base_number,
        "may_write": may_write(chain, principal),
        "may_cancel": version.state == "scheduled" and chain.id in principal.whole_chains("promotion.approve"),
        "error": error,
        "posted": request.POST,
    }
    return render(request, "promotions/version.html", context, status=422 if error else 200)

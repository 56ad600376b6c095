"""What people are told before they agree, by purpose and version; publishing a new version."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.privacy import facade
from liushui.privacy.notice_queries import notice_versions
from liushui.privacy.pages.requests import PURPOSES
from liushui.privacy.pages.scope import HANDLE, chain_of
from liushui.runtime.access import Principal
from liushui.runtime.web import page


@require_http_methods(["GET", "POST"])
@page(capability="privacy.handle")
def notice_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """All versions of the notices; a POST publishes one, which never changes afterwards."""
    chain = chain_of(request, principal)
    problem, remedy = "", ""
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in ("purpose", "version", "text_zh", "text_en")}
        try:
            facade.publish_notice(chain_id=chain.id, principal=principal, now=datetime.now(UTC), **given)
        except NotAllowed:
            raise
        except LiushuiError as error:
            problem = {
                "/version": _("Give a version of 1 to 32 characters that is not used yet and is not 1."),
                "/text_zh": _("Write the Chinese text, of 8,000 characters at most."),
                "/text_en": _("Write the English text, of 8,000 characters at most."),
            }.get(error.pointer or "", _(error.title))
        else:
            messages.success(request, _("Published. Who agreed to an earlier version has agreed to that one only."))
            return redirect("privacy:notices")
    context = {
        "chain": chain,
        "groups": [
            (purpose, PURPOSES[purpose], versions) for purpose, versions in notice_versions(chain_id=chain.id).items()
        ],
        "purposes": PURPOSES.items(),
        "may_publish": chain.id in principal.whole_chains(HANDLE),
        "problem": problem,
        "remedy": remedy,
        "posted": request.POST,
    }
    return render(request, "privacy/notices.html", context, status=422 if problem else 200)

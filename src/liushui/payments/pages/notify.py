"""Where providers tell us of payments: no session, no cookie, nothing but their signature counts."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from liushui.payments import facade
from liushui.runtime.web import client_address

BODY_BYTES_MAX = 64_000


@csrf_exempt
@require_POST
def notify(request: HttpRequest, provider: str) -> HttpResponse:
    """200 once it is written down; 401 forged, 400 unreadable, 404 no such provider, 413 too large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        return HttpResponse(status=413)
    status, body = facade.take_notification(
        provider=provider,
        headers=dict(request.headers),
        body=request.read(BODY_BYTES_MAX),
        now=datetime.now(UTC),
        address=client_address(request),
    )
    return HttpResponse(body, status=status, content_type="application/json")


notify.capability = None  # type: ignore[attr-defined]  # the signature is what it asks for

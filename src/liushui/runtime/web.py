"""The two doors by which people and machines come in: console pages and API operations, each with its capability."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render, resolve_url

from liushui.kernel.errors import LiushuiError
from liushui.runtime.access import Principal
from liushui.runtime.grants import staff_principal
from liushui.runtime.models import StaffUser

Page = Callable[..., HttpResponseBase]


def page(*, capability: str | None) -> Callable[[Page], Page]:
    """Make a view a console page: signed in, with this capability somewhere, else the sign-in page or a 403.

    The view gets `principal` as keyword argument and must hand it, or the store ids it gives, to the query layer.
    None means that being signed in is enough. The access matrix test reads `capability` off the view.
    """

    def decorate(view: Page) -> Page:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            principal = principal_of(request)
            if principal is None:
                return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
            if capability is not None:
                principal.require(capability)
            return view(request, *args, principal=principal, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]  # read by the access matrix test
        return guarded

    return decorate


def principal_of(request: HttpRequest) -> Principal | None:
    """The member of staff who is signed in on this request, with present grants; looked up once a request."""
    if not hasattr(request, "liushui_principal"):
        user = getattr(request, "user", None)
        found = None
        if isinstance(user, StaffUser) and user.is_active:
            found = staff_principal(user, address=client_address(request))
        request.liushui_principal = found  # type: ignore[attr-defined]
    return request.liushui_principal  # type: ignore[attr-defined,no-any-return]


def client_address(request: HttpRequest) -> str:
    """Address of the peer, for the audit log."""
    return str(request.META.get("REMOTE_ADDR", ""))


def problem_response(error: LiushuiError) -> JsonResponse:
    """An error as RFC 9457 JSON; one that has a `challenge` asks for better credentials (RFC 6750, section 3)."""
    response = JsonResponse(error.problem(), status=error.status, content_type="application/problem+json")
    challenge = getattr(error, "challenge", None)
    if challenge is not None or error.status == 401:
        response["WWW-Authenticate"] = challenge or 'Bearer realm="liushui"'
    return response


class ProblemMiddleware:
    """Turns a named error of any view into problem JSON (API) or an error page (console)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, LiushuiError):
            return None
        if request.path.startswith("/api/"):
            return problem_response(error)
        return render(request, "console/error.html", {"error": error}, status=error.status)

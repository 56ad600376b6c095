"""Addresses of the authorization server that machines speak to; the page on which people consent is the console's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET
from oauth2_provider.models import Application, DeviceGrant
from oauth2_provider.views import RevokeTokenView, TokenView
from oauth2_provider.views.mixins import OAuthLibMixin

from liushui.runtime import enrolment
from liushui.runtime.access import CAPABILITIES
from liushui.runtime.believed import digest_of, forget_all
from liushui.runtime.oauth import TOKEN_URL
from liushui.runtime.oauth_server import DEVICE_GRANT_TYPE, DEVICE_POLL_SECONDS
from liushui.runtime.web import client_address

VERIFICATION_URL = "/device/"


class Token(TokenView):  # type: ignore[misc]  # untyped there
    """RFC 6749, 3.2; of the device flow, what RFC 8628, 3.5 says about polling."""

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _has_nul(request):
            return _error("invalid_request")
        if request.POST.get("grant_type") == DEVICE_GRANT_TYPE:
            return self._poll(request, now=datetime.now(UTC))
        return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """What the library says. Its own view reads the new token again, which another may have ended meanwhile."""
        try:
            _url, headers, body, status = self.create_token_response(request)
        except ObjectDoesNotExist:  # the app, its code or its token was taken away between two looks at it
            return _error("invalid_grant")
        answer = HttpResponse(body, status=status, headers=headers)
        answer["Content-Type"] = "application/json"  # an error while saving comes without its media type
        answer["Cache-Control"] = "no-store"
        return answer

    def _poll(self, request: HttpRequest, *, now: datetime) -> HttpResponse:
        digest = digest_of(request.POST.get("device_code", ""))
        grant = DeviceGrant.objects.filter(device_code=digest, client_id=request.POST.get("client_id", "")).first()
        if grant is None:
            return _error("invalid_grant")
        if grant.expires <= now or grant.status == DeviceGrant.EXPIRED:
            return _error("expired_token")
        if _is_too_fast(grant, now=now):
            return _error("slow_down")
        if grant.status == DeviceGrant.DENIED:
            return _error("access_denied")
        taken = DeviceGrant.objects.filter(pk=grant.pk, status=DeviceGrant.AUTHORIZED)
        if not taken.update(status=DeviceGrant.EXPIRED):  # good for one token, whoever asks at the same moment
            return _error("authorization_pending")
        return self._answer(request)


class Revoke(RevokeTokenView):  # type: ignore[misc]  # untyped there
    """RFC 7009; felt in this process at once, elsewhere within LIUSHUI_TOKEN_CACHE_SECONDS."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _has_nul(request):
            return _error("invalid_request")
        answer: HttpResponse = super().post(request, *args, **kwargs)
        forget_all()
        return answer


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class DeviceAuthorization(OAuthLibMixin, View):  # type: ignore[misc]  # untyped there
    """RFC 8628, 3.1: a device asks for a code that a person confirms elsewhere."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if _has_nul(request):
            return _error("invalid_request")
        client_id = request.POST.get("client_id", "")
        if client_id == enrolment.BROWSER_TILL:
            enrolment.ensure_browser_till()
        headers, answer, status = self.create_device_authorization_response(request)
        if status != 200:
            return HttpResponse(answer, status=status, headers=headers, content_type="application/json")
        if not Application.objects.filter(
            client_id=client_id, authorization_grant_type=Application.GRANT_DEVICE_CODE
        ).exists():
            return _error("unauthorized_client")
        scopes = request.POST.get("scope", "").split() or list(enrolment.TILL_SCOPES)
        if not set(scopes) <= set(enrolment.TILL_SCOPES):
            return _error("invalid_scope")
        enrolment_seconds = int(answer["expires_in"])
        try:
            enrolment.ask(
                client_id=client_id,
                scope=" ".join(scopes),
                device_code=answer["device_code"],
                user_code=answer["user_code"],
                seconds=enrolment_seconds,
                address=client_address(request),
                user_agent=request.headers.get("User-Agent", ""),
                now=datetime.now(UTC),
            )
        except enrolment.TooManyCodes:
            return _error("slow_down", status=429)
        verification = request.build_absolute_uri(VERIFICATION_URL)
        return JsonResponse(
            {
                **answer,
                "verification_uri": verification,
                "verification_uri_complete": f"{verification}?user_code={answer['user_code']}",
            }
        )


@require_GET
def metadata(request: HttpRequest) -> JsonResponse:
    """RFC 8414: what this authorization server can do and where."""
    address = request.build_absolute_uri
    return JsonResponse(
        {
            "issuer": issuer(request),
            "authorization_endpoint": address(reverse("oauth-authorize")),
            "token_endpoint": address(TOKEN_URL),
            "revocation_endpoint": address(reverse("oauth-revoke")),
            "device_authorization_endpoint": address(reverse("oauth-device-authorization")),
            "scopes_supported": list(CAPABILITIES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token", DEVICE_GRANT_TYPE],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


def issuer(request: HttpRequest) -> str:
    """The name of this authorization server, as apps compare it (RFC 9207)."""
    return request.build_absolute_uri("/").rstrip("/")


def _is_too_fast(grant: DeviceGrant, *, now: datetime) -> bool:
    """Count this question; one that comes before the interval is over makes the interval five seconds longer."""
    due = DeviceGrant.objects.filter(pk=grant.pk, last_checked__lte=now - timedelta(seconds=grant.interval))
    if due.update(last_checked=now):
        return False
    DeviceGrant.objects.filter(pk=grant.pk).update(last_checked=now, interval=F("interval") + DEVICE_POLL_SECONDS)
    return True


def _has_nul(request: HttpRequest) -> bool:
    """PostgreSQL takes no NUL in a text, and no id or token of ours has one."""
    return any("\x00" in value for values in (request.POST, request.GET) for _name, value in values.items())


def _error(error: str, *, status: int = 400) -> HttpResponse:
    return HttpResponse(
        json.dumps({"error": error}),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


urlpatterns = [
    path("oauth/token/", Token.as_view(), name="oauth-token"),
    path("oauth/revoke/", Revoke.as_view(), name="oauth-revoke"),
    path("oauth/device_authorization/", DeviceAuthorization.as_view(), name="oauth-device-authorization"),
    path(".well-known/oauth-authorization-server", metadata, name="oauth-metadata"),
]

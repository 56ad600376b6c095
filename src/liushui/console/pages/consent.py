"""Where a person lets an app act in his name (RFC 6749, 4.1.1): which app, which rights, yes or no."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.oauth2_backends import OAuthLibCore, get_oauthlib_core

from liushui.console.pages.words import CAPABILITY_NAMES
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.models import ApiClient
from liushui.runtime.oauth_endpoints import issuer
from liushui.runtime.web import page


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability=None)
def authorize(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The page of consent; a POST to the same address answers it. The request is checked anew each time, from the
    address alone: nothing that a form says can widen it."""
    if any("\x00" in value for value in request.GET.values()):
        return _refused(request, "invalid_request")
    core = get_oauthlib_core()
    try:
        scopes, asked = core.validate_authorization_request(request)
    except FatalClientError as error:  # a wrong client or address is told to the person, never to that address
        return _refused(request, error.oauthlib_error.error)
    except OAuthToolkitError as error:
        return _back(request, error)
    client = ApiClient.objects.filter(client_id=asked["client_id"], kind="app", revoked_at=None).first()
    if client is None:
        return _refused(request, "unauthorized_client")
    if request.method == "POST":
        return _answered(request, core, scopes=scopes, asked=asked, client=client, principal=principal)
    response = render(
        request,
        "console/consent.html",
        {
            "client": client,
            "scopes": [(CAPABILITY_NAMES.get(scope, scope), scope, principal.may(scope)) for scope in scopes],
            "host": urlsplit(asked["redirect_uri"]).netloc,
            "person": principal.name,
        },
    )
    # The answer to the form leads to the app: the policy holds forms to where they lead to in the end.
    response._csp_update = {"form-action": [_origin(asked["redirect_uri"])]}  # type: ignore[attr-defined]
    return response


def _answered(
    request: HttpRequest,
    core: OAuthLibCore,
    *,
    scopes: list[str],
    asked: dict[str, Any],
    client: ApiClient,
    principal: Principal,
) -> HttpResponse:
    allow = request.POST.get("answer") == "allow"
    credentials = {name: value for name, value in asked.items() if name != "request"}
    try:
        address, _headers, _body, _status = core.create_authorization_response(
            request=request, scopes=scopes, credentials=credentials, allow=allow
        )
    except FatalClientError as error:
        return _refused(request, error.oauthlib_error.error)
    except OAuthToolkitError as error:
        return _back(request, error, redirect_uri=asked["redirect_uri"])
    audit.record(
        principal=principal,
        action="app.consent",
        target=f"client:{client.client_id}",
        chain_id=client.chain_id,
        after={"scopes": sorted(scopes)},
    )
    return _leave(request, address)


def _back(request: HttpRequest, error: OAuthToolkitError, *, redirect_uri: str = "") -> HttpResponse:
    """To the app, with what was wrong (RFC 6749, 4.1.2.1)."""
    problem = error.oauthlib_error
    address = problem.redirect_uri or redirect_uri
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *parse_qsl(problem.urlencoded, keep_blank_values=True)]
    return _leave(request, urlunsplit(parts._replace(query=urlencode(query))))


def _leave(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect to the app, which names us, so that it can tell servers apart (RFC 9207)."""
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "iss"]
    query.append(("iss", issuer(request)))
    response = HttpResponseRedirect(urlunsplit(parts._replace(query=urlencode(query))))
    response._csp_update = {"form-action": [_origin(address)]}  # type: ignore[attr-defined]
    return response


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _refused(request: HttpRequest, problem: str) -> HttpResponse:
    return render(request, "console/consent_refused.html", {"problem": problem}, status=400)

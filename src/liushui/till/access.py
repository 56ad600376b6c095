"""Who stands at which till: the door of every page of the till, as `runtime.web.page` is of the console's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from liushui.runtime import row_security, tills
from liushui.runtime.models import StaffUser
from liushui.runtime.tills import Device, Operator
from liushui.runtime.web import client_address
from liushui.till.contracts import Till

DEVICE_COOKIE = "liushui_till"
OPERATOR_COOKIE = "liushui_operator"
COOKIE_PATH = "/till/"  # no other page ever sees them
_DEVICE_AGE = timedelta(days=400)  # as long as browsers keep one; renewed at every sign-in

Page = Callable[..., HttpResponseBase]


def device_of(request: HttpRequest) -> Device | None:
    """The enrolled till that sends this request; looked up once a request."""
    if not hasattr(request, "liushui_device"):
        found = tills.device_of(credential=request.COOKIES.get(DEVICE_COOKIE, ""), now=datetime.now(UTC))
        request.liushui_device = found  # type: ignore[attr-defined]
    return request.liushui_device  # type: ignore[attr-defined,no-any-return]


def operator_of(request: HttpRequest, *, touch: bool = True) -> Operator | None:
    """Who is signed in at the till that sends this request, locked or not; looked up once a request."""
    device = device_of(request)
    if device is None:
        return None
    if not hasattr(request, "liushui_operator"):
        token = request.COOKIES.get(OPERATOR_COOKIE, "")
        found = tills.operator_of(token=token, device=device, now=datetime.now(UTC), touch=touch)
        request.liushui_operator = found  # type: ignore[attr-defined]
    return request.liushui_operator  # type: ignore[attr-defined,no-any-return]


def till_of(request: HttpRequest, *, touch: bool = True) -> Till | None:
    """The enrolled till with the operator who may work at it now; None without device or operator, and while locked."""
    device, operator = device_of(request), operator_of(request, touch=touch)
    if device is None or operator is None or operator.is_locked:
        return None
    here = tills.with_address(operator, address=client_address(request))
    return Till(
        device_id=device.id,
        workstation_id=device.workstation_id,
        workstation_code=device.workstation_code,
        store_id=device.store_id,
        chain_id=device.chain_id,
        principal=here.principal,
        operator=here.username,
        operator_name=here.display_name,
    )


def till_for(request: HttpRequest, *, user: StaffUser) -> Till | None:
    """This till with another person at it, who has just shown badge or PIN (交接班); None without a device."""
    device = device_of(request)
    if device is None:
        return None
    address = client_address(request)
    return Till(
        device_id=device.id,
        workstation_id=device.workstation_id,
        workstation_code=device.workstation_code,
        store_id=device.store_id,
        chain_id=device.chain_id,
        principal=tills.at_store(user, store_id=device.store_id, chain_id=device.chain_id, address=address),
        operator=user.username,
        operator_name=user.display_name,
    )


def till_page(*, capability: str = "till.use", touch: bool = True) -> Callable[[Page], Page]:
    """Make a view a page of the till: at an enrolled till, with an operator who holds this capability in its store.

    The view gets `till` as keyword argument. Without a device the answer leads to the enrolment, without an operator
    or when the till is locked to the sign-in; HTMX is led there as well. `touch` False is for what a page asks by
    itself, such as a payment's state: it keeps no till unlocked. The access matrix reads `capability` off the view.
    """

    def decorate(view: Page) -> Page:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if device_of(request) is None:
                return _led_to(request, "till:enrol")
            till = till_of(request, touch=touch)
            if till is None:
                return _led_to(request, "till:sign-in")
            request.liushui_principal = till.principal  # type: ignore[attr-defined]  # who speaks, for log and shell
            row_security.enter(till.principal)
            till.principal.require_store(capability, store_id=till.store_id)
            return view(request, *args, till=till, **kwargs)

        guarded.capability = capability  # type: ignore[attr-defined]  # read by the access matrix test
        return guarded

    return decorate


def sign_in(request: HttpRequest, response: HttpResponse, *, user: StaffUser) -> None:
    """Sign somebody in at the till that sends this request, who has just shown badge or PIN; whoever was is out."""
    device = device_of(request)
    if device is None:
        return
    token = tills.sign_in(device=device, user=user, now=datetime.now(UTC))
    set_cookie(
        request, response, name=OPERATOR_COOKIE, value=token, age=timedelta(hours=settings.LIUSHUI.till_session_hours)
    )
    set_cookie(request, response, name=DEVICE_COOKIE, value=request.COOKIES[DEVICE_COOKIE], age=_DEVICE_AGE)


def hold_device(request: HttpRequest, response: HttpResponse, *, secret: str) -> None:
    """Make the browser that sends this request the till with this secret."""
    set_cookie(request, response, name=DEVICE_COOKIE, value=secret, age=_DEVICE_AGE)


def set_cookie(request: HttpRequest, response: HttpResponse, *, name: str, value: str, age: timedelta) -> None:
    """A cookie that no script reads, no other site sends, and no plain connection carries once there is TLS."""
    response.set_cookie(
        name,
        value,
        max_age=age,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE or request.is_secure(),
        httponly=True,
        samesite="Strict",
    )


def _led_to(request: HttpRequest, url_name: str) -> HttpResponse:
    wanted = request.get_full_path() if request.method == "GET" and "HX-Request" not in request.headers else ""
    query = f"?{urlencode({'next': wanted})}" if wanted and wanted != reverse("till:sign-in") else ""
    address = reverse(url_name) + query
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)

"""Enrolling tills: the device asks for a code, a manager confirms it with a workstation; the list of tills."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import InvalidValue, LiushuiError, NotFound
from liushui.runtime import enrolment, tills
from liushui.runtime.access import Principal
from liushui.runtime.menu import MenuEntry
from liushui.runtime.oauth import TOKEN_URL
from liushui.runtime.web import client_address, page
from liushui.stores import facade as stores
from liushui.stores.contracts import NewWorkstation, Store
from liushui.till.access import device_of, hold_device
from liushui.till.pages import operators
from liushui.till.pages.shift_words import problem_text

_USER_CODE = re.compile(r"\A[A-Z]{4}-[A-Z]{4}\Z", re.ASCII)
_MISSES, _MISSES_MAX, _MISSES_SECONDS = "liushui_code_misses", 10, 900
_NEW = "new"
_TEXT = {"class": "form-control", "autocomplete": "off"}
_CODE = _TEXT | {"autocapitalize": "characters", "spellcheck": "false", "autofocus": True, "placeholder": "ABCD-EFGH"}


class CodeForm(forms.Form):
    """The code that the till shows."""

    user_code = forms.CharField(
        label=gettext_lazy("Enrolment code"),
        max_length=20,
        widget=forms.TextInput(
            attrs=_TEXT
            | {"autocapitalize": "characters", "spellcheck": "false", "autofocus": True, "placeholder": "ABCD-EFGH"}
        ),
    )


class PlaceForm(forms.Form):
    """Which workstation the device becomes, of the stores in which the manager enrols tills."""

    workstation = forms.ChoiceField(
        label=gettext_lazy("Workstation"), choices=(), widget=forms.Select(attrs={"class": "form-select"})
    )
    new_code = forms.CharField(
        label=gettext_lazy("Code of a new workstation"),
        max_length=16,
        required=False,
        help_text=gettext_lazy("Only when a new one is chosen above, such as T5. Receipts carry it."),
        widget=forms.TextInput(attrs=_TEXT),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the device"),
        max_length=64,
        help_text=gettext_lazy("By which people recognise it, such as Tablet at the entrance."),
        widget=forms.TextInput(attrs=_TEXT),
    )

    def __init__(self, *args: Any, places: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workstation"].choices = places  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """A new workstation needs its code."""
        values = super().clean() or {}
        if values.get("workstation", "").startswith(_NEW) and not values.get("new_code"):
            self.add_error("new_code", _("Give the new workstation a code."))
        return values


@never_cache
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """At the till: get a code and wait; the POST exchanges the token that the wait ended with for the till's secret."""
    if request.method == "POST":
        return _exchange(request)
    context = {
        "device": device_of(request),
        "client_id": enrolment.BROWSER_TILL,
        "scope": " ".join(enrolment.TILL_SCOPES),
        "authorization_url": reverse("oauth-device-authorization"),
        "token_url": TOKEN_URL,
        "verification_address": request.build_absolute_uri(reverse("till:device")),
        "qr_url": reverse("till:enrol-qr"),
    }
    return render(request, "till/enrol.html", context)


def _exchange(request: HttpRequest) -> HttpResponse:
    try:
        _device, secret = enrolment.exchange(
            access_token=request.POST.get("access_token", ""), address=client_address(request), now=datetime.now(UTC)
        )
    except enrolment.EnrolmentRefused:
        messages.error(request, _("The code was used, has expired or was taken back. Ask for a new one."))
        return redirect("till:enrol")
    response = redirect("till:sign-in")
    hold_device(request, response, secret=secret)
    return response


@require_GET
def enrol_qr(request: HttpRequest) -> HttpResponse:
    """The code as a picture that leads a manager's phone to the page where it is confirmed."""
    code = request.GET.get("user_code", "")
    if not _USER_CODE.fullmatch(code):
        raise InvalidValue("A code is four letters, a hyphen and four letters", pointer="/user_code")
    address = request.build_absolute_uri(f"{reverse('till:device')}?user_code={code}")
    picture = segno.make_qr(address, error="m").svg_inline(scale=6, border=3, dark="#000", light="#fff", svgclass=None)
    return HttpResponse(
        picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), content_type="image/svg+xml"
    )


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="till.enrol", step_up=True)
def device(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """At the manager's: the code, then which till it shall be, then yes or no."""
    now = datetime.now(UTC)
    typed = request.POST.get("user_code", request.GET.get("user_code", ""))
    form = CodeForm({"user_code": typed} if typed else None)
    if not typed or not form.is_valid():
        return render(request, "till/device_code.html", {"form": form}, status=422 if form.errors else 200)
    if _has_missed_too_often(request, now=now):
        form.add_error("user_code", _("Too many wrong codes. Wait a quarter of an hour."))
        return render(request, "till/device_code.html", {"form": form}, status=422)
    try:
        waiting = enrolment.waiting(user_code=enrolment.normal_code(typed), now=now)
    except enrolment.CodeUnknown:
        _miss(request, now=now)
        form.add_error(
            "user_code", _("No device waits under this code. Read it again, or ask for a new one at the till.")
        )
        return render(request, "till/device_code.html", {"form": form}, status=422)
    answer = request.POST.get("answer", "")
    if request.method == "POST" and answer == "deny":
        enrolment.deny(user_code=waiting.user_code, principal=principal, now=now)
        messages.success(request, _("The device has been turned away."))
        return redirect("till:devices")
    places = _places(principal)
    asked = PlaceForm(request.POST if request.method == "POST" and answer == "confirm" else None, places=places)
    if answer == "confirm" and asked.is_valid() and _confirm(request, asked, waiting.user_code, principal, now):
        return redirect("till:devices")
    context = {"form": asked, "waiting": waiting, "places": places}
    return render(request, "till/device_confirm.html", context, status=422 if asked.errors else 200)


def _confirm(request: HttpRequest, form: PlaceForm, user_code: str, principal: Principal, now: datetime) -> bool:
    values = form.cleaned_data
    try:
        store, workstation_id, code = _workstation(values["workstation"], values["new_code"].strip(), principal)
        enrolment.confirm(
            user_code=user_code,
            workstation_id=workstation_id,
            workstation_code=code,
            store_id=store.id,
            chain_id=store.chain_id,
            name=values["name"].strip(),
            user_id=int(principal.subject.partition(":")[2]),
            principal=principal,
            now=now,
        )
    except LiushuiError as error:
        form.add_error(None, problem_text(error))
        return False
    messages.success(request, _("The till is being enrolled. It asks for an operator in a moment."))
    return True


def _workstation(chosen: str, new_code: str, principal: Principal) -> tuple[Store, int, str]:
    """Store, id and code of what was chosen; a new workstation is made."""
    kind, _colon, number = chosen.partition(":")
    managed = principal.stores("till.enrol")
    if kind == _NEW:
        if int(number) not in managed:
            raise NotFound("There is no such store")
        store = stores.store(store_id=int(number))
        chain = next(chain for chain in stores.chains() if chain.id == store.chain_id)
        new = NewWorkstation(chain_code=chain.code, store_code=store.code, code=new_code, name=new_code)
        [made] = stores.save_workstations(workstations=[new])
        return store, made.id, made.code
    for store_id in managed:
        for workstation in stores.workstations(store_id=store_id):
            if str(workstation.id) == number:
                return stores.store(store_id=store_id), workstation.id, workstation.code
    raise NotFound("There is no such workstation")


def _places(principal: Principal) -> list[tuple[str, Any]]:
    """Workstations by store, each with whether it has a till already, and a new one for each store."""
    managed = principal.stores("till.enrol")
    taken = {device.workstation_id: device.name for device in tills.devices(store_ids=managed)}
    offered: list[tuple[str, Any]] = []
    for store in stores.stores():
        if store.id not in managed:
            continue
        lines = []
        for workstation in stores.workstations(store_id=store.id):
            replaced = _("replaces %(name)s") % {"name": taken[workstation.id]} if workstation.id in taken else ""
            names = dict.fromkeys(filter(None, (workstation.code, workstation.name, replaced)))
            lines.append((f"old:{workstation.id}", " · ".join(names)))
        lines.append((f"{_NEW}:{store.id}", _("A new workstation")))
        offered.append((f"{store.code} · {_local_name(store)}", lines))
    return offered


def _local_name(store: Store) -> str:
    is_chinese = (get_language() or "").startswith("zh")
    return (store.name_zh if is_chinese else store.name_en) or store.name_zh or store.name_en


def _has_missed_too_often(request: HttpRequest, *, now: datetime) -> bool:
    return len(_misses(request, now=now)) >= _MISSES_MAX


def _miss(request: HttpRequest, *, now: datetime) -> None:
    request.session[_MISSES] = [*_misses(request, now=now), int(now.timestamp())]


def _misses(request: HttpRequest, *, now: datetime) -> list[int]:
    return [at for at in request.session.get(_MISSES, []) if at > now.timestamp() - _MISSES_SECONDS]


@require_GET
@page(capability="till.enrol")
def device_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Tills of the reader's stores, those that were taken out of use last."""
    found = tills.devices(store_ids=principal.stores("till.enrol"), revoked=True)
    by_id = {store.id: store for store in stores.stores()}
    rows = [(device, by_id.get(device.store_id)) for device in found]
    return render(request, "till/devices.html", {"rows": rows})


@require_http_methods(["POST"])
@page(capability="till.enrol")
def device_revoke(request: HttpRequest, *, device_id: Any, principal: Principal) -> HttpResponseBase:
    """Take a till out of use: it works nowhere within half a minute."""
    tills.revoke_device(device_id=device_id, principal=principal, now=datetime.now(UTC))
    messages.success(request, _("The till is out of use. It works nowhere within half a minute."))
    return redirect("till:devices")


urlpatterns: list[URLPattern] = [
    path("till/enrol/", enrol, name="enrol"),
    path("till/enrol/qr/", enrol_qr, name="enrol-qr"),
    path("device/", device, name="device"),
    path("settings/tills/", device_list, name="devices"),
    path("settings/tills/<uuid:device_id>/revoke/", device_revoke, name="device-revoke"),
    *operators.urlpatterns,
]
MENU: tuple[MenuEntry, ...] = (
    MenuEntry(
        section="settings", title=gettext_lazy("Tills"), url_name="till:devices", capability="till.enrol", position=40
    ),
    *operators.MENU,
)

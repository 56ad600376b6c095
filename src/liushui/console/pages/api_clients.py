"""Settings, API clients: machines with a secret shown once, apps in which people sign in, native till apps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from liushui.console.pages.staff import RoleForm, add_problem
from liushui.console.pages.words import CAPABILITY_NAMES, PlaceOffer, grant_key, held_roles, offered_places
from liushui.console.shell import local_name
from liushui.kernel.errors import LiushuiError
from liushui.runtime import api_clients, grants
from liushui.runtime.access import Principal
from liushui.runtime.api_clients import ClientView
from liushui.runtime.grants import MACHINE_ROLES
from liushui.runtime.oauth import AUTHORIZE_URL, TOKEN_URL
from liushui.runtime.web import page
from liushui.stores import facade as stores

KIND_NAMES: dict[str, Any] = {
    "machine": gettext_lazy("Machine"),
    "app": gettext_lazy("App"),
    "till": gettext_lazy("Till app"),
}


class _Named(forms.Form):
    """What every client has."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=128,
        help_text=gettext_lazy("What it is, such as Web shop or Till server of store S001."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Source name"),
        max_length=64,
        validators=[
            RegexValidator(
                api_clients.SOURCE_NAME, gettext_lazy("Use small letters, digits, dots and hyphens, such as webshop.")
            )
        ],
        help_text=gettext_lazy("Small letters, digits, dots and hyphens. Its sales carry it for ever."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )


class _Scoped(forms.Form):
    """What its tokens may do."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        help_text=gettext_lazy("What its tokens may do at most; a role must give it too."),
        widget=forms.CheckboxSelectMultiple,
        choices=(),
    )

    def __init__(self, *args: Any, scopes: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (scope, f"{CAPABILITY_NAMES[scope]} ({scope})") for scope in scopes
        ]


class MachineForm(_Named, _Scoped, RoleForm):
    """A machine: who, under which source name, with which role where, for which scopes."""

    field_order = ("name", "source", "role", "place", "scopes")


class _Returning(forms.Form):
    """Where people come back to after they consented."""

    redirect_uris = forms.CharField(
        label=gettext_lazy("Addresses to come back to"),
        help_text=gettext_lazy("One a line, exactly as the app sends them: https://…, or http://localhost:port/…"),
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3, "spellcheck": "false"}),
    )


class _OfChain(forms.Form):
    """Whose people use it."""

    chain = forms.ChoiceField(
        label=gettext_lazy("Chain"), widget=forms.Select(attrs={"class": "form-select"}), choices=()
    )

    def __init__(self, *args: Any, chains: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chain"].choices = chains  # type: ignore[attr-defined]  # a ChoiceField


class AppForm(_OfChain, _Named, _Returning, _Scoped):
    """An app in which people sign in: it has no secret and no role of its own."""

    field_order = ("name", "source", "chain", "redirect_uris", "scopes")


class TillAppForm(_OfChain, _Named):
    """A native till app: every device on which it runs is enrolled by a code."""

    field_order = ("name", "source", "chain")


class ChangeForm(_Scoped):
    """Other scopes."""


class AppChangeForm(_Returning, _Scoped):
    """Other scopes and addresses of an app."""


@require_GET
@page(capability="access.manage")
def client_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Clients that the reader manages, ended ones last."""
    rows = [
        (view, KIND_NAMES[view.kind], _places_of(view, principal)) for view in api_clients.clients(principal=principal)
    ]
    return render(request, "console/api_clients.html", {"rows": rows})


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="access.manage", step_up=True)
def client_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new client of the kind that the address names; a machine's secret is shown in the answer and never again."""
    kind = request.POST.get("kind", request.GET.get("kind", "machine"))
    kind = kind if kind in KIND_NAMES else "machine"
    places = offered_places(principal)
    form = _form_of(kind, request.POST if request.method == "POST" else None, places=places, principal=principal)
    if request.method == "POST" and form.is_valid():
        try:
            client_id, secret = _create(kind, form.cleaned_data, principal)
        except LiushuiError as error:
            add_problem(form, error)
        else:
            return _detail(request, client_id=client_id, principal=principal, secret=secret)
    context = {"form": form, "places": places, "kind": kind, "kinds": KIND_NAMES.items()}
    return render(request, "console/api_client_new.html", context, status=422 if form.errors else 200)


def _form_of(kind: str, data: Any, *, places: tuple[PlaceOffer, ...], principal: Principal) -> forms.Form:
    scopes = api_clients.scopes_for(kind)
    if kind == "machine":
        first = {"role": "integration", "scopes": ["sale.write"]}
        return MachineForm(data, initial=first, scopes=scopes, places=places, roles=MACHINE_ROLES)
    managed = principal.whole_chains("access.manage")
    chains = [
        (str(chain.id), f"{chain.code} · {local_name(chain)}") for chain in stores.chains() if chain.id in managed
    ]
    if kind == "app":
        return AppForm(data, initial={"scopes": ["report.read"]}, scopes=scopes, chains=chains)
    return TillAppForm(data, chains=chains)


def _create(kind: str, values: dict[str, Any], principal: Principal) -> tuple[str, str]:
    name, source = values["name"], values["source"]
    if kind == "machine":
        held = [values["place"].grant(values["role"])]
        return api_clients.create_client(
            name=name, source=source, grants=held, scopes=values["scopes"], principal=principal
        )
    chain_id = int(values["chain"])
    if kind == "till":
        return api_clients.create_till_app(name=name, source=source, chain_id=chain_id, principal=principal), ""
    made = api_clients.create_app(
        name=name,
        source=source,
        chain_id=chain_id,
        scopes=values["scopes"],
        redirect_uris=values["redirect_uris"].split(),
        principal=principal,
    )
    return made, ""


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="access.manage", step_up="POST")
def client_detail(request: HttpRequest, *, client_id: str, principal: Principal) -> HttpResponse:
    """One client; a POST says in `do` what to do with it."""
    view = api_clients.client(client_id=client_id, principal=principal)
    if request.method == "GET":
        return _detail(request, client_id=client_id, principal=principal)
    match request.POST.get("do"):
        case "rotate":
            secret = api_clients.rotate_secret(client_id=client_id, principal=principal)
            return _detail(request, client_id=client_id, principal=principal, secret=secret)
        case "revoke":
            api_clients.revoke_client(client_id=client_id, principal=principal)
            messages.success(request, _("The client has been ended. Its tokens work nowhere within half a minute."))
        case "change":
            return _change(request, view=view, principal=principal)
        case "grant":
            return _give_role(request, view=view, principal=principal)
        case "take":
            _take_role(request, view=view, principal=principal)
    return redirect("console:api-client-detail", client_id=client_id)


def _change(request: HttpRequest, *, view: ClientView, principal: Principal) -> HttpResponse:
    form = _change_form(view, request.POST)
    if form.is_valid():
        addresses = form.cleaned_data["redirect_uris"].split() if view.kind == "app" else None
        try:
            api_clients.change_client(
                client_id=view.client_id,
                scopes=form.cleaned_data["scopes"],
                redirect_uris=addresses,
                principal=principal,
            )
        except LiushuiError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("Saved. Tokens that are out have the new scopes within half a minute."))
            return redirect("console:api-client-detail", client_id=view.client_id)
    return _detail(request, client_id=view.client_id, principal=principal, change=form)


def _change_form(view: ClientView, data: Any = None) -> forms.Form:
    scopes = api_clients.scopes_for(view.kind)
    first: dict[str, Any] = {"scopes": list(view.scopes)}
    if view.kind == "app":
        first["redirect_uris"] = "\n".join(view.redirect_uris)
        return AppChangeForm(data, initial=first, scopes=scopes)
    return ChangeForm(data, initial=first, scopes=scopes)


def _give_role(request: HttpRequest, *, view: ClientView, principal: Principal) -> HttpResponse:
    form = RoleForm(request.POST, places=offered_places(principal), roles=MACHINE_ROLES)
    if view.kind == "machine" and form.is_valid():
        wanted = form.cleaned_data["place"].grant(form.cleaned_data["role"])
        try:
            grants.grant(subject=grants.client_subject(view.client_id), grant=wanted, granted_by=principal)
        except LiushuiError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("console:api-client-detail", client_id=view.client_id)
    return _detail(request, client_id=view.client_id, principal=principal, role=form)


def _take_role(request: HttpRequest, *, view: ClientView, principal: Principal) -> None:
    for held in view.grants:
        if grant_key(held) == request.POST.get("grant"):
            grants.revoke(subject=grants.client_subject(view.client_id), grant=held, revoked_by=principal)
            messages.success(request, _("Saved."))


def _detail(
    request: HttpRequest,
    *,
    client_id: str,
    principal: Principal,
    secret: str = "",
    change: forms.Form | None = None,
    role: forms.Form | None = None,
) -> HttpResponse:
    view = api_clients.client(client_id=client_id, principal=principal)
    places = offered_places(principal)
    failed = any(form is not None and form.errors for form in (change, role))
    context = {
        "client": view,
        "kind": KIND_NAMES[view.kind],
        "held": held_roles(view.grants, principal),
        "scopes": [(scope, CAPABILITY_NAMES.get(scope, scope)) for scope in view.scopes],
        "secret": secret,
        "change": change or _change_form(view),
        "role": role or RoleForm(places=places, roles=MACHINE_ROLES),
        "places": places,
        "chain": _chain_name(view),
        "token_address": request.build_absolute_uri(TOKEN_URL),
        "authorize_address": request.build_absolute_uri(AUTHORIZE_URL),
        "device_address": request.build_absolute_uri(reverse("oauth-device-authorization")),
        "api_address": request.build_absolute_uri("/api/v1/"),
    }
    return render(request, "console/api_client_detail.html", context, status=422 if failed else 200)


def _places_of(view: ClientView, principal: Principal) -> list[tuple[Any, str]]:
    """Roles and places of a machine; of an app its chain."""
    if view.kind == "machine":
        return [(held.role, held.place) for held in held_roles(view.grants, principal)]
    return [("", _chain_name(view))]


def _chain_name(view: ClientView) -> str:
    return next((f"{c.code} · {local_name(c)}" for c in stores.chains() if c.id == view.chain_id), "")

"""Settings, API clients: machines that speak to the API, their secrets shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from liushui.console.pages.staff import RoleForm, add_problem
from liushui.console.pages.words import CAPABILITY_NAMES, held_roles, offered_places
from liushui.kernel.errors import LiushuiError
from liushui.runtime import api_clients
from liushui.runtime.access import Principal
from liushui.runtime.grants import MACHINE_ROLES
from liushui.runtime.oauth import TOKEN_URL
from liushui.runtime.web import page


class ClientForm(RoleForm):
    """A new client: who, under which source name, with which role where, for which scopes."""

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
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        help_text=gettext_lazy("What its tokens may do at most; the role must give it too."),
        widget=forms.CheckboxSelectMultiple,
        choices=(),
    )
    field_order = ("name", "source", "role", "place", "scopes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (scope, f"{CAPABILITY_NAMES[scope]} ({scope})") for scope in api_clients.machine_scopes()
        ]


@require_GET
@page(capability="access.manage")
def client_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Clients in the places that the reader manages, ended ones last."""
    rows = [(view, held_roles(view.grants, principal)) for view in api_clients.clients(principal=principal)]
    return render(request, "console/api_clients.html", {"rows": rows})


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="access.manage", step_up=True)
def client_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """A new client; its secret is shown in the answer and never again."""
    places = offered_places(principal)
    first = {"role": "integration", "scopes": ["sale.write"]}
    form = ClientForm(request.POST or None, initial=first, places=places, roles=MACHINE_ROLES)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            client_id, secret = api_clients.create_client(
                name=values["name"],
                source=values["source"],
                grants=[values["place"].grant(values["role"])],
                scopes=values["scopes"],
                principal=principal,
            )
        except LiushuiError as error:
            add_problem(form, error)
        else:
            return _detail(request, client_id=client_id, principal=principal, secret=secret)
    status = 422 if form.errors else 200
    return render(request, "console/api_client_new.html", {"form": form, "places": places}, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@page(capability="access.manage", step_up="POST")
def client_detail(request: HttpRequest, *, client_id: str, principal: Principal) -> HttpResponse:
    """One client; a POST says in `do` whether it gets a new secret or ends."""
    if request.method == "GET":
        return _detail(request, client_id=client_id, principal=principal)
    match request.POST.get("do"):
        case "rotate":
            secret = api_clients.rotate_secret(client_id=client_id, principal=principal)
            return _detail(request, client_id=client_id, principal=principal, secret=secret)
        case "revoke":
            api_clients.revoke_client(client_id=client_id, principal=principal)
            messages.success(request, _("The client has been ended. Its tokens work nowhere within half a minute."))
        case _:
            api_clients.client(client_id=client_id, principal=principal)
    return redirect("console:api-client-detail", client_id=client_id)


def _detail(request: HttpRequest, *, client_id: str, principal: Principal, secret: str = "") -> HttpResponse:
    view = api_clients.client(client_id=client_id, principal=principal)
    context = {
        "client": view,
        "held": held_roles(view.grants, principal),
        "scopes": [(scope, CAPABILITY_NAMES.get(scope, scope)) for scope in view.scopes],
        "secret": secret,
        "token_address": request.build_absolute_uri(TOKEN_URL),
        "api_address": request.build_absolute_uri("/api/v1/"),
    }
    return render(request, "console/api_client_detail.html", context)

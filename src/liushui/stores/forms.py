"""Forms of the store pages. They hold texts and choices; what a value may be is said by domain/checks.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import LiushuiError
from liushui.kernel.money import EXPONENTS
from liushui.runtime import error_words
from liushui.stores.contracts import Chain, NewStore, Region, Store
from liushui.stores.domain.checks import time_zones

VALUES = ("code", "name_zh", "name_en", "time_zone", "currency", "day_starts_at", "gln", "uscc")
WORKSTATION_KIND_NAMES = {
    "till": _("Till"),
    "self_checkout": _("Self-checkout"),
    "web": _("Web shop"),
    "kiosk": _("Kiosk"),
}


def _text(label: Any, *, length: int, help_text: Any = "", required: bool = True, **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=length,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes}),
    )


def _both(region: Region) -> str:
    return f"{region.name_zh} {region.name_en}"


class StoreForm(forms.Form):
    """A store's values; with `store` the chain and code are fixed."""

    code = _text(_("Store code"), length=32, help_text=_("Letters, digits, dots and dashes. It never changes."))
    name_zh = _text(_("Chinese name"), length=128)
    name_en = _text(_("English name"), length=128)
    region = forms.ChoiceField(label=_("Region"), widget=forms.Select(attrs={"class": "form-select"}))
    time_zone = _text(_("Time zone"), length=64, help_text=_("An IANA name such as Asia/Shanghai."), list="time-zones")
    currency = _text(_("Currency"), length=3, help_text=_("An ISO 4217 code such as CNY."), list="currencies")
    day_starts_at = forms.TimeField(
        label=_("Business day starts at"),
        help_text=_("Sales before this time of the clock belong to the day before."),
        widget=forms.TimeInput(attrs={"class": "form-control", "type": "time"}, format="%H:%M"),
    )
    gln = _text(
        _("GLN"), length=13, required=False, help_text=_("13 digits, the last a check digit."), inputmode="numeric"
    )
    uscc = _text(
        _("Unified social credit code"), length=18, required=False, help_text=_("18 characters from the licence.")
    )
    is_open = forms.BooleanField(
        label=_("The store is open"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def __init__(
        self, *args: Any, chains: Sequence[Chain], regions: Sequence[Region], store: Store | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.chains = {chain.id: chain for chain in chains}
        self.regions = {str(region.id): region for region in regions if region.chain_id in self.chains}
        several = len(self.chains) > 1
        self.fields["region"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (key, f"{self.chains[region.chain_id].name_zh} / {region.name_zh}" if several else _both(region))
            for key, region in self.regions.items()
        ]
        if store is not None:
            self.fields["code"].disabled = True
        else:
            del self.fields["is_open"]

    def new_store(self) -> NewStore:
        """The values as a command; only after is_valid."""
        values = self.cleaned_data
        region = self.regions[values["region"]]
        return NewStore(
            chain_code=self.chains[region.chain_id].code,
            region_code=region.code,
            **{name: values[name] for name in VALUES},
        )


class WorkstationForm(forms.Form):
    """A workstation to be set up or renamed."""

    code = _text(_("Workstation code"), length=32)
    name = _text(_("Name"), length=128)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=tuple(WORKSTATION_KIND_NAMES.items()),
        widget=forms.Select(attrs={"class": "form-select"}),
    )


def initial_of(store: Store) -> dict[str, Any]:
    """What the form shows of a store before anybody types."""
    return {
        **{name: getattr(store, name) for name in VALUES},
        "is_open": store.is_open,
        "region": str(store.region_id),
    }


def add_problem(form: forms.Form, error: LiushuiError) -> None:
    """Show a named error beside the field that it is about, else above the form."""
    field = {"region_code": "region"}.get((error.pointer or "").strip("/"), (error.pointer or "").strip("/"))
    text = error_words.error_text(error, with_remedy=True)
    form.add_error(field if field in form.fields else None, text)


def offered() -> dict[str, Sequence[str]]:
    """What the type-ahead fields offer."""
    return {"time_zones": time_zones(), "currencies": sorted(EXPONENTS)}

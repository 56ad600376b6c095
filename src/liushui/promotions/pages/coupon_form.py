"""The form of a new coupon batch: which fields each kind has, and what they come to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liushui.kernel.errors import InvalidValue
from liushui.promotions.contracts import NewBatch
from liushui.promotions.domain.coupons import SIZE_MAX, TEXT_MAX
from liushui.runtime import error_words

IMPORTED = "imported"  # unique codes that others made
KINDS: dict[str, Any] = {
    "unique": pgettext_lazy("coupon", "Single codes"),
    "member": pgettext_lazy("coupon", "For members"),
    "shared": pgettext_lazy("coupon", "One shared code"),
    IMPORTED: pgettext_lazy("coupon", "Codes from a file"),
}
KIND_HELP: dict[str, Any] = {
    "unique": _("Each code is used once, by whoever has it: for leaflets, partners, parcels."),
    "member": _("Each code belongs to one member, and only that member can use it."),
    "shared": _("Everybody uses the same code: for posters and messages. Say how often it may be used."),
    IMPORTED: _("Codes that somebody else made. Each is used once. Only a digest of each is kept."),
}
IMPORT_ROWS_MAX = 50_000
_ONLY = {
    "size": ("unique", "member"),
    "shared_code": ("shared",),
    "uses_max": ("shared",),
    "uses_per_member_max": ("shared",),
    "file": (IMPORTED,),
}
WRONG: dict[str, Any] = {
    "/code": _("A batch is named by letters, digits and hyphens, without blanks, up to 64 characters."),
    "/name_zh": _("Give it a name of up to 200 characters."),
    "/size": _("From 1 to 100,000,000 codes."),
    "/shared_code": _("From 3 letters and digits on, and not of the form of a single code."),
    "/uses_max": _("A whole number from 1 on, or nothing."),
    "/uses_per_member_max": _("A whole number from 1 on, or nothing."),
    "/valid_until": _("The end comes after the beginning."),
}


def _text(label: Any, *, length: int, required: bool = True, help_text: Any = "", **attributes: str) -> Any:
    return forms.CharField(
        label=label,
        max_length=length,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes}),
    )


def _number(label: Any, *, required: bool, most: int, help_text: Any = "") -> Any:
    return forms.IntegerField(
        label=label,
        required=required,
        min_value=1,
        max_value=most,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )


def _instant(label: Any, help_text: Any) -> Any:
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=help_text,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"class": "form-control", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class BatchForm(forms.Form):
    """Values of a new batch of one kind; fields of other kinds are not there."""

    code = _text(
        pgettext_lazy("coupon", "Batch"),
        length=TEXT_MAX["batch"],
        help_text=_("As promotions name it, such as SPRING-2027. It never changes."),
    )
    name_zh = _text(_("Chinese name"), length=TEXT_MAX["name"])
    name_en = _text(_("English name"), length=TEXT_MAX["name"], required=False)
    size = _number(
        pgettext_lazy("coupon", "Codes at most"),
        required=True,
        most=SIZE_MAX,
        help_text=_("So many can be handed out. None is made before; a million takes seconds."),
    )
    shared_code = _text(
        pgettext_lazy("coupon", "Code"), length=TEXT_MAX["code"], help_text=_("What people type, such as OPEN-10.")
    )
    uses_max = _number(_("Uses in all"), required=False, most=2**31 - 1, help_text=_("Empty: without an end."))
    uses_per_member_max = _number(
        _("Uses by each member"),
        required=False,
        most=2**31 - 1,
        help_text=_("Empty: as often as one likes. With a number, only members can use it."),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or Excel with a column 券码 or code; up to 50,000 rows."),
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.xlsx,.xls"}),
    )
    valid_from = _instant(_("Valid from"), _("Empty: at once."))
    valid_until = _instant(_("Valid until"), _("Empty: without an end. At this minute it ends."))

    def __init__(self, *args: Any, kind: str, chain_id: int, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.chain_id, self.zone = kind, chain_id, zone
        for name, kinds in _ONLY.items():
            if kind not in kinds:
                del self.fields[name]

    def new_batch(self) -> NewBatch:
        """The values as a command; only after is_valid."""
        values = self.cleaned_data
        return NewBatch(
            chain_id=self.chain_id,
            code=values["code"].strip(),
            name_zh=values["name_zh"],
            name_en=values["name_en"],
            kind="unique" if self.kind == IMPORTED else self.kind,  # type: ignore[arg-type]  # a key of KINDS
            size=values.get("size") or 1,
            shared_code=values.get("shared_code", ""),
            uses_max=values.get("uses_max"),
            uses_per_member_max=values.get("uses_per_member_max"),
            valid_from=self._instant("valid_from"),
            valid_until=self._instant("valid_until"),
        )

    def add_wrong(self, error: InvalidValue) -> None:
        """Put what a batch refuses beside its field, in words."""
        name = (error.pointer or "")[1:]
        self.add_error(
            name if name in self.fields else None, WRONG.get(error.pointer or "", error_words.error_text(error))
        )

    def _instant(self, name: str) -> datetime | None:
        """The local time of the form, in the chain's zone."""
        value = self.cleaned_data[name]
        return value.replace(tzinfo=self.zone) if value is not None else None

"""Forms of the catalogue pages. They hold texts and choices; what a value may be is said by domain/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from liushui.catalog.contracts import Item, NewCategory, NewItem, NewPrice
from liushui.catalog.domain.import_values import instant, money, tax_rate_bp
from liushui.catalog.domain.tags import split_tags
from liushui.kernel.errors import LiushuiError
from liushui.kernel.money import format_minor
from liushui.runtime import error_words
from liushui.runtime.export import decimal_text
from liushui.runtime.places import ChainPlace, RegionPlace, StorePlace


def text_field(label: Any, *, length: int, help_text: Any = "", required: bool = False, **attributes: str) -> Any:
    """A line of text as the console shows it."""
    return forms.CharField(
        label=label,
        max_length=length,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes}),
    )


def check_field(label: Any, help_text: Any = "") -> Any:
    """A check box as the console shows it."""
    return forms.BooleanField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


def choice_field(label: Any, choices: Sequence[tuple[str, Any]] = (), *, required: bool = True) -> Any:
    """A choice of few as the console shows it."""
    return forms.ChoiceField(
        label=label, choices=choices, required=required, widget=forms.Select(attrs={"class": "form-select"})
    )


class ItemForm(forms.Form):
    """An item's values; the SKU of a known item is fixed."""

    sku = text_field(_("SKU"), length=64, required=True, help_text=_("The chain's own code. It never changes."))
    gtin = text_field(_("Barcode"), length=14, help_text=_("GTIN with 8, 12, 13 or 14 digits."), inputmode="numeric")
    name_zh = text_field(_("Chinese name"), length=200)
    name_en = text_field(_("English name"), length=200)
    category = text_field(
        _("Category"), length=200, help_text=_("Type a part of its name and pick it."), list="categories"
    )
    brand = text_field(_("Brand"), length=128)
    unit = text_field(_("Unit"), length=32, required=True, help_text=_("What one of it is called: piece, bag, kg."))
    weighed = check_field(_("Sold by weight"), _("Its price is for a kilogram; a scale prints the barcode."))
    tax_rate = text_field(_("Tax rate"), length=10, help_text=_("In percent, such as 13."), inputmode="decimal")
    tax_code = text_field(_("Tax classification code"), length=19, help_text=_("19 digits."), inputmode="numeric")
    discountable = check_field(_("May be discounted"))
    cost = text_field(_("Cost"), length=20, help_text=_("Of one unit, without tax."), inputmode="decimal")
    floor_price = text_field(
        _("Floor price"),
        length=20,
        help_text=_("No promotion takes it below this price. By the kilogram when sold by weight. Empty: none."),
        inputmode="decimal",
    )
    tags = text_field(
        _("Tags"),
        length=600,
        help_text=_("Codes that promotions and searches can name, such as clearance; up to 16, with blanks between."),
    )
    image_url = text_field(_("Image"), length=400, help_text=_("An address that begins with https:// or a slash."))
    is_active = check_field(_("Listed for sale"))

    def __init__(self, *args: Any, chain: ChainPlace, item: Item | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chain = chain
        self.fields["sku"].disabled = item is not None

    def new_item(self) -> NewItem:
        """The values as a command; only after is_valid. Raises InvalidItem for a rate or an amount."""
        values = self.cleaned_data
        return NewItem(
            chain_id=self.chain.id,
            tax_rate_bp=tax_rate_bp(values["tax_rate"] and values["tax_rate"].rstrip("%") + "%"),
            cost_minor=self._amount("cost"),
            floor_price_minor=self._amount("floor_price"),
            tags=split_tags(values["tags"]),
            **{
                name: values[name]
                for name in (
                    "sku", "gtin", "name_zh", "name_en", "category", "brand", "unit", "weighed", "tax_code",
                    "discountable", "image_url",
                )
            },
        )  # fmt: skip

    def _amount(self, field: str) -> int | None:
        text = self.cleaned_data[field].strip()
        return money(text, currency=self.chain.currency, field=field) if text else None


def initial_of(item: Item, currency: str) -> dict[str, Any]:
    """What the form shows of an item before anybody types."""
    names = (
        "sku", "gtin", "name_zh", "name_en", "category", "brand", "unit", "weighed", "tax_code", "discountable",
        "image_url", "is_active",
    )  # fmt: skip
    return {
        **{name: getattr(item, name) for name in names},
        "tax_rate": decimal_text(item.tax_rate_bp, 2).rstrip("0").rstrip("."),
        "cost": "" if item.cost_minor is None else format_minor(item.cost_minor, currency),
        "floor_price": "" if item.floor_price_minor is None else format_minor(item.floor_price_minor, currency),
        "tags": " ".join(item.tags),
    }


class PriceForm(forms.Form):
    """A price of one item in a place from a time on."""

    place = choice_field(_("Where"))
    price = text_field(_("Price"), length=20, required=True, help_text=_("Tax included."), inputmode="decimal")
    starts_at = forms.CharField(
        label=_("From"),
        help_text=_("On the store's clock; for the chain and regions on the clock of this page."),
        widget=forms.DateTimeInput(attrs={"class": "form-control", "type": "datetime-local"}),
    )
    ends_at = forms.CharField(
        label=_("Until, without"),
        required=False,
        help_text=_("Empty: until another price starts."),
        widget=forms.DateTimeInput(attrs={"class": "form-control", "type": "datetime-local"}),
    )

    def __init__(
        self,
        *args: Any,
        chain: ChainPlace,
        whole: bool,
        regions: Sequence[RegionPlace],
        stores: Sequence[StorePlace],
        zone: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.chain, self.zone = chain, zone
        self.regions = {f"region:{region.code}": region for region in regions}
        self.stores = {f"store:{store.code}": store for store in stores}
        chinese = gettext("Chinese name") != "Chinese name"
        self.fields["place"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            *([("chain", gettext("The whole chain"))] if whole else []),
            *((key, gettext("Region %(name)s") % {"name": _named(r, chinese)}) for key, r in self.regions.items()),
            *((key, f"{store.code} {_named(store, chinese)}") for key, store in self.stores.items()),
        ]

    def new_price(self, *, sku: str) -> NewPrice:
        """The values as a command; only after is_valid. Raises InvalidItem or InvalidPrice."""
        values = self.cleaned_data
        region, store = self.regions.get(values["place"]), self.stores.get(values["place"])
        zone = ZoneInfo(store.time_zone if store else self.zone)
        starts_at = instant(values["starts_at"], zone=zone, field="starts_at")
        assert starts_at is not None  # nosec B101  # the field is required
        return NewPrice(
            chain_id=self.chain.id,
            sku=sku,
            amount_minor=money(values["price"], currency=(store or self.chain).currency, field="price"),
            starts_at=starts_at,
            ends_at=instant(values["ends_at"], zone=zone, field="ends_at"),
            region_id=region.id if region else None,
            store_id=store.id if store else None,
        )


def _named(place: RegionPlace | StorePlace, chinese: bool) -> str:
    return place.name_zh if chinese else place.name_en


class CategoryForm(forms.Form):
    """A category to be added or renamed."""

    path = text_field(
        _("Path of codes"), length=200, required=True, help_text=_("Such as food/snacks. A known path is renamed.")
    )
    name_zh = text_field(_("Chinese name"), length=128, required=True)
    name_en = text_field(_("English name"), length=128)

    def new_category(self, *, chain_id: int) -> NewCategory:
        """The values as a command; only after is_valid."""
        return NewCategory(chain_id=chain_id, **self.cleaned_data)


class UploadForm(forms.Form):
    """A file of items or prices."""

    kind = choice_field(_("What is in it"), [("items", _("Items")), ("prices", _("Prices"))])
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV (UTF-8 or GBK) or Excel. You see what would happen before anything is changed."),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.tsv,.xlsx,.xls,.xlsm,.xlsb,.ods"}),
    )


_FIELD_OF = {
    "tax_rate_bp": "tax_rate", "cost_minor": "cost", "floor_price_minor": "floor_price",
    "amount_minor": "price", "region_id": "place", "store_id": "place",
    "category": "category",
}  # fmt: skip


def add_problem(form: forms.Form, error: LiushuiError) -> None:
    """Show a named error beside the field that it is about, else above the form."""
    pointer = (error.pointer or "").strip("/")
    field = _FIELD_OF.get(pointer, pointer)
    if field == "category" and "category" not in form.fields:
        field = "path"
    text = error_words.error_text(error, with_remedy=True)
    form.add_error(field if field in form.fields else None, text)

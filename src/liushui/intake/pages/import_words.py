"""Mappings and accounts of imports as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from liushui.intake import facade
from liushui.intake.contracts import Reconciliation
from liushui.intake.errors import MappingError
from liushui.kernel.money import exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMapping:
    """A mapping to choose from: its title, the first line of its own explanation, and its text."""

    name: str
    title: str
    explanation: str
    text: str
    is_wrong: bool = False


def shown_mappings() -> list[ShownMapping]:
    """All mappings by title; one that cannot be read is shown under its name, so that its text can be looked at."""
    made = []
    for name, text in facade.mapping_texts().items():
        comments = [line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")]
        try:
            title, is_wrong = facade.load_mapping(name).title or name, False
        except MappingError:
            title, is_wrong = name, True
        explanation = comments[0] if comments else ""
        made.append(ShownMapping(name=name, title=title, explanation=explanation, text=text, is_wrong=is_wrong))
    return sorted(made, key=lambda each: each.title)


def mapping_titles() -> dict[str, str]:
    """Titles of the mappings by name."""
    return {each.name: each.title for each in shown_mappings()}


def account_money(account: Reconciliation) -> dict[str, int | Decimal]:
    """The sums of an account: minor units, or the exact decimal where a file has fractions of them."""
    places = exponent(account.currency)
    return {
        name: _minor(amount, places)
        for name, amount in (
            ("in", account.money_in),
            ("booked", account.money_booked),
            ("quarantined", account.money_quarantined),
            ("rounded", account.money_rounded),
            ("accounted", account.money_booked + account.money_quarantined - account.money_rounded),
            ("difference", account.money_difference),
        )
    }


def _minor(amount: Decimal, places: int) -> int | Decimal:
    scaled = amount.scaleb(places)
    return int(scaled) if scaled == scaled.to_integral_value() else amount.normalize()


__all__ = ["ShownMapping", "account_money", "mapping_titles", "shown_mappings"]

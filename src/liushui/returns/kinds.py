"""What nobody may give back alone, and what whoever decides is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from liushui.kernel.money_text import money_text
from liushui.returns.contracts import APPROVAL_KIND
from liushui.returns.pages.words import code_names
from liushui.runtime.approvals import Approval, Fact, Kind, register_kind


def register() -> None:
    """Make the kind known; once, when the module is loaded."""
    title = gettext_lazy("Refund for goods that come back")
    register_kind(Kind(name=APPROVAL_KIND, title=title, capability="till.approve", facts=facts))


def facts(asked: Approval) -> Sequence[Fact]:
    """Why another person has to agree, the receipts, and each line that would come back; nothing of what a till asks,
    where the goods lie on the counter."""
    said = asked.payload
    if "whys" not in said:
        return ()
    why = [_why(each, asked.currency) for each in said["whys"]]
    found = [Fact(label=_("Why another person"), text=" ".join(why).replace("。 ", "。"))]
    for each in said["receipts"]:
        found.append(
            Fact(
                label=pgettext("returns", "Original receipt"), text=each["receipt_number"],
                sale_id=UUID(each["sale_id"]), store_id=each["store_id"],
            )
        )  # fmt: skip
    names = code_names(frozenset({asked.chain_id}))
    found += [
        Fact(label=pgettext("returns", "Comes back"), text=_line(each, asked.currency, names)) for each in said["lines"]
    ]
    if said["operator"]:
        found.append(Fact(label=pgettext("returns", "Cashier"), text=said["operator"]))
    return found


def _why(why: Mapping[str, Any], currency: str) -> str:
    found, limit = why["found"] or 0, why["limit"] or 0
    if why["code"] == "late":
        return ngettext(
            "Bought %(found)d day ago; goods come back within %(limit)d.",
            "Bought %(found)d days ago; goods come back within %(limit)d.",
            found,
        ) % {"found": found, "limit": limit}
    if why["code"] == "other_store":
        return _("Bought in another store.")
    if why["code"] == "over_limit":
        return _("%(found)s in all; nobody gives back more than %(limit)s alone.") % {
            "found": _money(found, currency), "limit": _money(limit, currency),
        }  # fmt: skip
    return _("There is no receipt.")


def _line(line: Mapping[str, Any], currency: str, names: tuple[Mapping[str, str], Mapping[str, str]]) -> str:
    """`3 × Milk, ¥30.00: No longer wanted, Sealed; 1 of them: Faulty, Damaged`."""
    price = _money(line["amount_minor"], currency)
    text = pgettext("between", ", ").join((f"{line['units']} × {line['name']}", price))
    said = _said(line["reason"], line["condition"], names)
    parts = [
        _("%(units)d of them: %(said)s") % {"units": units, "said": _said(reason, condition, names)}
        for units, reason, condition in line["parts"]
    ]
    told = pgettext("between", "; ").join(part for part in (said, *parts) if part)
    return pgettext("between", ": ").join(each for each in (text, told) if each)


def _said(reason: str, condition: str, names: tuple[Mapping[str, str], Mapping[str, str]]) -> str:
    reasons, conditions = names
    said = (reasons.get(reason, reason), conditions.get(condition, condition))
    return pgettext("between", ", ").join(each for each in said if each)


def _money(amount_minor: int, currency: str) -> str:
    return money_text(amount_minor=amount_minor, currency=currency, language=get_language() or "en")

"""An answer in plain words of the active language: for the till, the order page, the receipt and the try-it page.

The answer says where in a promotion something failed ("when[0]", have, need); the rulebook says what stands there.
Without the rulebook the words are fewer, never wrong. Names are keyed by a promotion's id, or by
`category:food/snacks`, `sku:…`, `brand:…`, `tier:gold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from liushui.promotions.domain.explanation import Explanation, LineDiscount, OfferWords, PromotionWords
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.reason_words import Told, near_miss_text, reason_text

Names = Mapping[str, Mapping[str, str]]  # key → {"zh": …, "en": …}


def explain(*, answer: Mapping[str, Any], names: Names, currency: str, rulebook: Rulebook | None = None) -> Explanation:
    """The answer (JSON) in words. `rulebook` is the version that priced it, for exact words."""
    told_of = {each["id"] for part in ("promotions", "near_misses") for each in answer.get(part, ())}
    told_of |= {each["promotion"] for part in ("offers", "issued") for each in answer.get(part, ())}
    told_of |= {other for each in answer.get("promotions", ()) for other in (each.get("reason") or {}).get("with", ())}
    known = {each.id: each for each in (rulebook.promotions if rulebook else ()) if each.id in told_of}
    told = Told(currency=currency, language=get_language() or "en", names=names, promotions=known)
    outcomes = answer.get("promotions", ())
    certificate = answer.get("certificate", {})
    return Explanation(
        lines=_discounts(answer.get("lines", ()), told),
        shipping=_discounts(answer.get("shipping_lines", ()), told),
        applied=tuple(_applied(each, told) for each in outcomes if each["status"] == "applied"),
        rejected=tuple(_rejected(each, told) for each in outcomes if each["status"] != "applied"),
        near_misses=_near_misses(answer.get("near_misses", ()), told),
        offers=tuple(_offer(each, told) for each in answer.get("offers", ())),
        gained=_gained(answer, told),
        certificate=_certificate(certificate, told),
        is_proven=bool(certificate.get("proven")),
        rulebook=str(answer.get("rulebook", {}).get("version", "")),
        saved_minor=int(answer.get("discount", 0))
        + sum(int(line.get("discount", 0)) for line in answer.get("shipping_lines", ())),
    )


def _discounts(lines: Sequence[Mapping[str, Any]], told: Told) -> dict[str, tuple[LineDiscount, ...]]:
    found = {
        str(line["id"]): tuple(
            LineDiscount(
                promotion=each["promotion"], name=told.promotion(each["promotion"]), amount_minor=each["amount"]
            )
            for each in line.get("allocations", ())
            if each["amount"]
        )
        for line in lines
    }
    return {line_id: parts for line_id, parts in found.items() if parts}


def _applied(outcome: Mapping[str, Any], told: Told) -> PromotionWords:
    amount, times = int(outcome.get("amount", 0)), int(outcome.get("applications", 1))
    parts = [gettext("%(amount)s off") % {"amount": told.money(amount)}] if amount else [gettext("applied")]
    if times > 1:
        parts.append(ngettext("%(times)d time", "%(times)d times", times) % {"times": times})
    if outcome.get("unused"):
        parts.append(gettext("%(amount)s could not be given") % {"amount": told.money(int(outcome["unused"]))})
    return PromotionWords(
        promotion=outcome["id"],
        name=told.promotion(outcome["id"]),
        text=told.joined(parts),
        amount_minor=amount,
    )


def _rejected(outcome: Mapping[str, Any], told: Told) -> PromotionWords:
    reason = outcome.get("reason") or {}
    return PromotionWords(
        promotion=outcome["id"],
        name=told.promotion(outcome["id"]),
        text=reason_text(promotion_id=outcome["id"], reason=reason, told=told),
        reason=str(reason.get("code", "")),
    )


def _near_misses(misses: Sequence[Mapping[str, Any]], told: Told) -> tuple[PromotionWords, ...]:
    nearest = sorted(misses, key=lambda miss: _distance(miss["reason"]))
    return tuple(
        PromotionWords(
            promotion=miss["id"],
            name=told.promotion(miss["id"]),
            text=near_miss_text(promotion_id=miss["id"], reason=miss["reason"], told=told),
            reason="near_miss",
        )
        for miss in nearest
    )


def _distance(reason: Mapping[str, Any]) -> Fraction:
    """How much is missing, as a part of what is needed."""
    return Fraction(int(reason["need"]) - int(reason["have"]), max(int(reason["need"]), 1))


def _offer(offer: Mapping[str, Any], told: Told) -> OfferWords:
    quantity, percent = int(offer["qty"]), str(offer.get("percent", 100))  # as rulebook files write it
    name = told.promotion(offer["promotion"])
    values = {"quantity": quantity, "article": told.article(offer["sku"]), "name": name}
    if percent == "100":
        text = gettext("%(name)s: %(quantity)d × %(article)s may be taken free") % values
    else:
        text = gettext("%(name)s: %(quantity)d × %(article)s may be taken at %(percent)s off") % (
            values | {"percent": f"{percent}%"}
        )
    return OfferWords(promotion=offer["promotion"], name=name, sku=offer["sku"], quantity=quantity, text=text)


def _gained(answer: Mapping[str, Any], told: Told) -> tuple[str, ...]:
    points = answer.get("points", {})
    found = []
    if points.get("multiply", 10_000) != 10_000:
        found.append(gettext("Points × %(factor)s") % {"factor": told.factor(int(points["multiply"]))})
    if points.get("add"):
        found.append(
            ngettext("%(count)d more point", "%(count)d more points", points["add"]) % {"count": points["add"]}
        )
    found += [
        gettext("%(name)s: a coupon for the next order") % {"name": told.promotion(each["promotion"])}
        for each in answer.get("issued", ())
    ]
    return tuple(found)


def _certificate(certificate: Mapping[str, Any], told: Told) -> str:
    if certificate.get("mode") == "sequential":
        return gettext("The promotions were applied one after the other, as their rulebook orders.")
    if certificate.get("proven"):
        return gettext("Proven: no allowed set of promotions makes this basket cheaper.")
    gap = told.money(int(certificate.get("gap", 0)))
    return gettext("The best price that was found; a better one could be lower by %(gap)s at most.") % {"gap": gap}

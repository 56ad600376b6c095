"""Rulebooks for the lint's tests, short, and the proof that a finding's basket shows what the finding says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from django.utils.translation import override

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.lint import Catalogue, Finding, Item, lint, written_exclusions
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook
from liushui.promotions.lint_words import finding_words
from liushui.promotions.reason_words import Told

SHANGHAI = timezone(timedelta(hours=8))
AT = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)  # a Monday
EVERYTHING: dict[str, Any] = {}
GOODS = Catalogue(
    items=(
        Item(sku="A1", unit_price=1_000, category="food/snacks", brand="acme", tags=("new",)),
        Item(sku="A2", unit_price=2_500, category="food/snacks", brand="other"),
        Item(sku="B1", unit_price=9_900, category="home/kitchen"),
    ),
    tiers=("silver", "gold", "black"),
)


def percent(value: object, **more: Any) -> dict[str, Any]:
    return {"type": "percent_off", "level": "unit", "percent": value, **more}


def amount(value: int, **more: Any) -> dict[str, Any]:
    return {"type": "amount_off", "level": "order", "amount": value, **more}


def spent(value: int, **scope: Any) -> dict[str, Any]:
    return {"type": "subtotal_at_least", "amount": value, "scope": scope}


def pieces(n: int, **scope: Any) -> dict[str, Any]:
    return {"type": "quantity_at_least", "n": n, "scope": scope}


def tier(*names: str) -> dict[str, Any]:
    return {"type": "tier_in", "tiers": list(names)}


def promo(promotion_id: str, *effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A promotion with both names and an end, so that nothing is missing."""
    return {
        "id": promotion_id,
        "name": {"zh": f"促销{promotion_id}", "en": f"Promotion {promotion_id}"},
        "ends_at": "2096-01-01T00:00:00+08:00",  # pages look at their promotions today
        "effects": list(effects),
        **more,
    }


def book(*promotions: dict[str, Any], mode: str = "best") -> dict[str, Any]:
    return {"version": "t", "mode": mode, "promotions": list(promotions)}


def look_over(document: dict[str, Any], **given: Any) -> tuple[Finding, ...]:
    """The findings; each one's baskets are priced again and must come to the answers that the finding brings."""
    rulebook = read_rulebook(closed(document))
    found = lint(rulebook, at=given.pop("at", AT), written=written_exclusions(document=document), **given)
    compiled = compile_rulebook(rulebook)
    for finding in found:
        assert_said(finding)
        for witness, answer in (
            (finding.witness, finding.answer),
            (finding.other_witness, finding.other_answer),
        ):
            if witness is not None and finding.code not in ("threshold_unreachable", "gives_nothing"):
                assert answer is not None
                again = price(compiled, read_basket(witness)).to_json()
                assert {**again, "certificate": None} == {**answer, "certificate": None}
    return found


def assert_said(finding: Finding) -> None:
    """Both languages have words for it, with every value filled in."""
    told_in = {}
    for language in ("en", "zh-hans"):
        with override(language):
            told_names = Told(currency="CNY", language=language, names={}, promotions={})
            words = finding_words(finding, told_names)
            told_in[language] = words.title, words.text
            assert "%(" not in words.text
    assert told_in["en"] != told_in["zh-hans"]


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """As a draft is read for publishing: without exclusions of promotions that are not there, or of oneself."""
    names = {each["id"] for each in document["promotions"]}
    return {
        **document,
        "promotions": [
            {**each, "not_with": sorted(names.intersection(each.get("not_with", ())) - {each["id"]})}
            for each in document["promotions"]
        ],
    }


def told(findings: tuple[Finding, ...]) -> list[tuple[str, tuple[str, ...], dict[str, Any]]]:
    return [(each.code, each.promotions, dict(each.message_values)) for each in findings]


def paid(finding: Finding) -> int:
    assert finding.answer is not None
    total = finding.answer["total"]
    assert isinstance(total, int)
    return total


def utc(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)

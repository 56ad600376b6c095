"""Any promotion that the format allows: conditions and effects of every type with every field, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from liushui.promotions.domain import effect_fields, rule_fields
from liushui.promotions.domain.rule_kinds import Field

PERCENT = st.integers(1, 10000).map(lambda points: points // 100 if points % 100 == 0 else f"{points / 100:.2f}")
WORD = st.text("abcxyz019-", min_size=1, max_size=6)
WORDS = st.lists(WORD, min_size=1, max_size=3, unique=True)
MINOR = st.integers(0, 10**9)
SCALAR = st.one_of(st.integers(-(10**9), 10**9), st.booleans(), WORD, st.sampled_from(["12", "true", '"', "", " x"]))
CLOCK = st.sampled_from(["00:00", "09:30", "13:05", "23:59"])


def scopes() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "sku_in": WORDS, "sku_not_in": WORDS, "category_in": WORDS, "category_not_in": WORDS, "brand_in": WORDS,
            "tag_in": WORDS, "unit_price_min": MINOR, "unit_price_max": MINOR, "not_already_discounted": st.booleans(),
        },
    )  # fmt: skip


def steps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    starts = st.lists(st.integers(1, 10**6), min_size=1, max_size=4, unique=True).map(sorted)
    return starts.flatmap(
        lambda found: st.lists(values, min_size=len(found), max_size=len(found)).map(
            lambda each: [list(pair) for pair in zip(found, each, strict=True)]
        )
    )


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Values for a field of the reference tables, by its name where the kind alone does not say."""
    known: dict[str, st.SearchStrategy[Any]] = {
        "op": st.just("eq"), "value": SCALAR, "days": st.integers(0, 366), "percent": PERCENT, "name": WORD,
        "for": st.just("next_order"), "multiply": st.integers(1, 10**7), "code": WORD, "batch": WORD, "sku": WORD,
        "base_value": st.just(0), "group": WORD,
    }  # fmt: skip
    if field.name in known:
        return known[field.name]
    if "scope" in field.name:
        return scopes()
    if field.kind is rule_fields.kinds.TIERS_PERCENT:
        return steps(PERCENT)
    if field.kind is rule_fields.kinds.TIERS_MONEY:
        return steps(MINOR)
    if field.kind is rule_fields.kinds.FLAG:
        return st.booleans()
    if field.kind is rule_fields.kinds.TEXTS:
        return WORDS
    if " | " in field.kind.en or "\\|" in field.kind.en:
        return st.sampled_from([each.strip("` ") for each in field.kind.en.split("\\|")])
    return st.integers(1, 10**6)


def typed(rows: Mapping[str, rule_fields.Row], kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any condition or effect of the type, with every field that the reference knows."""
    fields = rows[kind].fields
    always = {f.name: values_of(f) for f in fields if f.required or f.name in ("level", "unit_order")}
    optional = {f.name: values_of(f) for f in fields if f.name not in always}
    if kind == "coupon":
        return st.one_of(st.fixed_dictionaries({"type": st.just(kind), name: WORD}) for name in ("code", "batch"))
    if kind == "points":
        always = {"add": optional.pop("add")}
    if kind == "buy_n_get_m":
        for name in ("scope", "max_units", "max_units_per_line", "unit_multiple_of"):  # not with two scopes
            optional.pop(name)
    return st.fixed_dictionaries({"type": st.just(kind), **always}, optional=optional)


LEAF = st.sampled_from(sorted(rule_fields.LEAVES)).flatmap(lambda kind: typed(rule_fields.LEAVES, kind))
EFFECT = st.sampled_from(sorted(effect_fields.EFFECTS)).flatmap(lambda kind: typed(effect_fields.EFFECTS, kind))
CONDITION: st.SearchStrategy[dict[str, Any]] = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
PROMOTION = st.fixed_dictionaries(
    {"id": WORD, "effects": st.lists(EFFECT, min_size=1, max_size=3)},
    optional={
        "name": st.fixed_dictionaries({}, optional={"zh": WORD, "en": WORD, "zh-Hant": WORD}),
        "when": st.lists(CONDITION, max_size=3),
        "stage": st.sampled_from(["catalogue", "item", "order", "shipping", "points"]),
        "lane": st.integers(-5, 5),
        "priority": st.integers(-5, 5),
        "exclusive": st.booleans(),
        "unit_exclusive": st.booleans(),
        "group": WORD,
        "group_mode": st.sampled_from(["best", "first", "all"]),
        "group_max": st.integers(1, 9),
        "not_with": WORDS,
        "starts_at": st.sampled_from(["2026-11-22T10:00:00+08:00", "2026-11-22T10:00:07+00:00"]),
        "ends_at": st.sampled_from(["2027-01-01T00:00:00+08:00", "2027-01-01T00:00:00-05:00"]),
        "weekdays": st.lists(st.integers(1, 7), min_size=1, unique=True),
        "hours": st.lists(st.sampled_from([["10:00", "14:00"], ["22:00", "02:00"], ["00:00", "24:00"]]), min_size=1),
        "return_policy": st.sampled_from(["keep", "clawback"]),
        "limits": st.fixed_dictionaries(
            {},
            optional={
                "total": st.integers(0, 99), "per_member": st.integers(0, 9), "per_order": st.integers(1, 9),
                "budget": MINOR, "budget_mode": st.sampled_from(["reject", "partial"]),
            },
        ),
    },
)  # fmt: skip

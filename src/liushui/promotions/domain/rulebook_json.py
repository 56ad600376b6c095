"""The rulebook, and its JSON form: read strictly by the tables of rule_fields.py and
effect_fields.py, written back in normal form.

In normal form defaults are left out, promotions stand by id, and `not_with` is said by both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from liushui.kernel.strict_json import DEPTH_MAX, shown
from liushui.promotions.domain.canonical import digest
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.effect_fields import EFFECTS
from liushui.promotions.domain.rule_fields import EVERYTHING, LEAVES, LIMITS, PROMOTION, Row, read_fields, write_fields
from liushui.promotions.domain.rules import Combined, Condition, Effect, Leaf, Limits, Promotion
from liushui.promotions.errors import InvalidDocument

Document = str | bytes | Mapping[str, Any]
PROMOTIONS_MAX = 100_000

_RULEBOOK = frozenset({"version", "mode", "promotions"})
_PROMOTION = frozenset(field.name for field in PROMOTION) | {"when", "effects", "limits"}
_LIMITS = frozenset(field.name for field in LIMITS)
_COMBINING = ("all", "any", "not")
_CHOOSES = ("max_units", "unit_multiple_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All promotions that hold together, under one version. `digest` is sha256:… of its canonical JSON."""

    version: str
    promotions: tuple[Promotion, ...]
    mode: Literal["best", "sequential"] = "best"
    digest: str = ""

    @classmethod
    def from_json(cls, document: Document) -> Self:
        """Read the JSON form, a text or values already parsed. Raises InvalidDocument with the JSON path."""
        value = strict.loads(document) if isinstance(document, str | bytes) else document
        given = strict.members(value, at="", known=_RULEBOOK, what="A rulebook")
        rulebook = cls(
            version=strict.text(given.get("version", ""), at="version", empty=True),
            mode="sequential" if _mode(given) == "sequential" else "best",
            promotions=_promotions(given.get("promotions", [])),
        )
        return replace(rulebook, digest=digest(write_rulebook(rulebook)))


def read_rulebook(document: Document) -> Rulebook:
    """The rulebook of a JSON document, with its digest. Raises InvalidDocument with the JSON path."""
    return Rulebook.from_json(document)


def write_rulebook(rulebook: Rulebook) -> dict[str, Any]:
    """The normal form."""
    document: dict[str, Any] = {"version": rulebook.version}
    if rulebook.mode != "best":
        document["mode"] = rulebook.mode
    in_order = sorted(rulebook.promotions, key=lambda promotion: promotion.id)
    return document | {"promotions": [write_promotion(promotion) for promotion in in_order]}


def _mode(given: Mapping[str, Any]) -> str:
    return strict.choice(given.get("mode", "best"), at="mode", among=("best", "sequential"))


def _promotions(value: Any) -> tuple[Promotion, ...]:
    promotions: list[Promotion] = []
    places: dict[str, int] = {}
    for index, each in enumerate(strict.elements(value, at="promotions", most=PROMOTIONS_MAX)):
        promotion = _promotion(each, at=f"promotions[{index}]")
        if promotion.id in places:
            strict.invalid(f"The promotion id {promotion.id!r} stands twice", at=f"promotions[{index}].id")
        places[promotion.id] = index
        promotions.append(promotion)
    against: dict[str, set[str]] = {}
    for index, promotion in enumerate(promotions):
        for other in promotion.not_with:
            at = f"promotions[{index}].not_with"
            if other == promotion.id:
                strict.invalid(f"Promotion {promotion.id!r} is not_with itself", at=at)
            if other not in places:
                strict.invalid(f"There is no promotion {other!r} that {promotion.id!r} could be not_with", at=at)
            against.setdefault(other, set()).add(promotion.id)
    # By id: nothing may depend on the order in which a file lists them.
    return tuple(
        replace(promotion, not_with=promotion.not_with | against[promotion.id])
        if promotion.id in against
        else promotion
        for promotion in sorted(promotions, key=lambda promotion: promotion.id)
    )


def read_promotion(document: Document) -> Promotion:
    """One promotion alone; whom it is `not_with` is not looked up. Raises InvalidDocument with the JSON path."""
    return _promotion(strict.loads(document) if isinstance(document, str | bytes) else document, at="")


def _promotion(value: Any, *, at: str) -> Promotion:
    name = value.get("id") if isinstance(value, Mapping) else None
    try:
        return _read_promotion(value, at=at)
    except InvalidDocument as error:
        if type(name) is not str or not name:
            raise
        raise InvalidDocument(
            f"Promotion {name[:60]!r}, {_within(error.pointer, at)}: {error.detail}",
            pointer=error.pointer,
            remedy=error.remedy,
            context={**error.context, "promotion": name},
        ) from None


def _within(pointer: str | None, at: str) -> str:
    return (pointer or "").removeprefix(at).lstrip(".") or "the whole"


def _read_promotion(value: Any, *, at: str) -> Promotion:
    given = strict.members(value, at=at, known=_PROMOTION, required=("id", "effects"), what="A promotion")
    here = f"{at}." if at else ""
    read = read_fields(given, PROMOTION, at=at)
    stage = read.get("stage", "item")
    effects = strict.elements(given["effects"], at=f"{here}effects", least=1, most=100)
    when = strict.elements(given.get("when", []), at=f"{here}when", most=1000)
    limits = strict.members(given.get("limits", {}), at=f"{here}limits", known=_LIMITS, what="Limits")
    return Promotion(
        **read,
        when=tuple(_condition(each, at=f"{here}when[{index}]", depth=1) for index, each in enumerate(when)),
        effects=tuple(_effect(each, at=f"{here}effects[{index}]", stage=stage) for index, each in enumerate(effects)),
        limits=Limits(**read_fields(limits, LIMITS, at=f"{here}limits")),
    )


def _condition(value: Any, *, at: str, depth: int) -> Condition:
    if depth > DEPTH_MAX:
        strict.invalid(f"Conditions are nested more than {DEPTH_MAX} deep", at=at[:200])
    if not isinstance(value, Mapping):
        strict.invalid(f"A condition is an object; {shown(value)} was given", at=at)
    combining = [op for op in _COMBINING if op in value]
    if not combining:
        return _leaf(value, at=at)
    op = combining[0]
    strict.members(value, at=at, known=frozenset({op}), what=f"A condition with {op!r}")
    if op == "not":
        return Combined(op="not", parts=(_condition(value["not"], at=f"{at}.not", depth=depth + 1),))
    parts = strict.elements(value[op], at=f"{at}.{op}", least=1, most=1000)
    return Combined(
        op="all" if op == "all" else "any",
        parts=tuple(_condition(each, at=f"{at}.{op}[{index}]", depth=depth + 1) for index, each in enumerate(parts)),
    )


def _typed(value: Any, rows: Mapping[str, Row], *, at: str, what: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The type, the fields as given, and the fields as read."""
    if not isinstance(value, Mapping):
        strict.invalid(f"{what} is an object; {shown(value)} was given", at=at)
    if "type" not in value:
        strict.invalid(f"{what} lacks the field 'type'", at=f"{at}.type")
    kind = strict.choice(value["type"], at=f"{at}.type", among=rows)
    row = rows[kind]
    required = [field.name for field in row.fields if field.required]
    given = strict.members(value, at=at, known=row.names | {"type"}, required=required, what=kind)
    return kind, given, read_fields(given, row.fields, at=at)


def _leaf(value: Any, *, at: str) -> Leaf:
    kind, _given, read = _typed(value, LEAVES, at=at, what="A condition")
    leaf = Leaf(type=kind, **read)
    if kind == "coupon" and (leaf.code is None) == (leaf.batch is None):
        strict.invalid("A coupon condition names a code or a batch, one of the two", at=at)
    if kind == "attribute":
        is_list = isinstance(leaf.value, tuple)
        if is_list != (leaf.op == "in"):
            strict.invalid("`in` compares with a list, the others with one value", at=f"{at}.value")
        if leaf.op in ("gte", "lte") and type(leaf.value) is not int:
            strict.invalid(f"{leaf.op} compares whole numbers", at=f"{at}.value")
    return leaf


def _effect(value: Any, *, at: str, stage: str) -> Effect:
    kind, given, read = _typed(value, EFFECTS, at=at, what="An effect")
    names = EFFECTS[kind].names
    if "level" in names and "level" not in read and not read.get("marginal"):
        if stage != "catalogue":
            strict.invalid(
                f"{kind} lacks the field 'level'", at=f"{at}.level", remedy="Say whether it is by unit, line or order."
            )
        read["level"] = "unit"
    chooses = [name for name in _CHOOSES if name in read]
    if chooses and "unit_order" not in read:
        strict.invalid(
            f"{chooses[0]} chooses among units, and 'unit_order' does not say which",
            at=f"{at}.unit_order",
            remedy="Write cheapest, most_expensive or line_order.",
        )
    if kind == "points" and not read:
        strict.invalid("points lacks 'multiply' or 'add'", at=at)
    if kind == "buy_n_get_m":
        _scopes_of_both(given, read, at=at)
    return Effect(type=kind, **read)


def _scopes_of_both(given: Mapping[str, Any], read: dict[str, Any], *, at: str) -> None:
    """`scope` stands for whichever of the two scopes is not given; beside both it would mean nothing."""
    scope = read.pop("scope", None)
    if scope is not None and "buy_scope" in read and "get_scope" in read and given["scope"] != {}:
        strict.invalid(
            "buy_scope and get_scope leave nothing that 'scope' could mean", at=f"{at}.scope", remedy="Leave it out."
        )
    for name in ("buy_scope", "get_scope"):
        read.setdefault(name, scope or EVERYTHING)
    choosing = next((name for name in ("max_units", "max_units_per_line", "unit_multiple_of") if name in read), None)
    if choosing is not None and read["buy_scope"] != read["get_scope"]:
        strict.invalid(
            f"With two scopes it is not clear which units {choosing!r} means",
            at=f"{at}.{choosing}",
            remedy="Leave it out, or limit the applications by max_applications.",
        )


def write_promotion(promotion: Promotion) -> dict[str, Any]:
    """One promotion in normal form."""
    document = write_fields(promotion, PROMOTION)
    if promotion.when:
        document["when"] = [write_condition(each) for each in promotion.when]
    document["effects"] = [write_effect(effect) for effect in promotion.effects]
    limits = write_fields(promotion.limits, LIMITS)
    return document | ({"limits": limits} if limits else {})


def write_condition(condition: Condition) -> dict[str, Any]:
    """One condition in normal form."""
    if isinstance(condition, Leaf):
        return {"type": condition.type} | write_fields(condition, LEAVES[condition.type].fields)
    if condition.op == "not":
        return {"not": write_condition(condition.parts[0])}
    return {condition.op: [write_condition(part) for part in condition.parts]}


def write_effect(effect: Effect) -> dict[str, Any]:
    """One effect in normal form."""
    return {"type": effect.type} | write_fields(effect, EFFECTS[effect.type].fields)

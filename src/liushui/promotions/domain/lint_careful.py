"""What a careful marketer would look at before publishing: ends, budgets, names, limits, doubles, the mode's price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.canonical import digest
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.lint_bench import Bench, amount_of, share_bp
from liushui.promotions.domain.lint_conditions import MEMBER_LEAVES, ways
from liushui.promotions.domain.lint_joint import Crowd
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook import Promotion
from liushui.promotions.domain.rulebook_json import write_promotion

LANGUAGES = ("zh", "en")
SEQUENTIAL_TRIES_MAX = 200
PROOFS_MAX = 2  # witnesses that are searched once more with the engine's own limit


def check(bench: Bench, possible: Sequence[Promotion], found: Sequence[Crowd]) -> None:
    """Say what is missing or unwise."""
    for promotion in possible:
        _ends_and_budget(bench, promotion)
        _names(bench, promotion)
        _anonymous(bench, promotion)
        _gifts(bench, promotion)
    _sequential(bench, found)
    _proofs(bench, found)


def identical(bench: Bench, possible: Sequence[Promotion]) -> None:
    """Say which promotions differ in nothing but id, name, priority and whom they exclude."""
    alike: dict[str, list[Promotion]] = {}
    for promotion in possible:
        plain = replace(promotion, id="x", name={}, not_with=frozenset(), priority=0)
        alike.setdefault(digest(write_promotion(plain)), []).append(promotion)
    for members in alike.values():
        if len(members) > 1:
            witness = bench.witnesses[members[0].id]
            bench.say("identical", [each.id for each in members], shown=bench.shown(witness))


def _ends_and_budget(bench: Bench, promotion: Promotion) -> None:
    witness = bench.witnesses[promotion.id]
    shown = bench.shown(witness)
    if promotion.ends_at is None:
        bench.say("no_end", [promotion.id], shown=shown)
    share = share_bp(witness.amount, witness.alone.gross)
    unlimited = promotion.limits.budget is None and promotion.limits.total is None
    if (
        unlimited
        and share * 2 > bench.knowledge.max_discount_bp
        and (shown is None or amount_of(shown[1], promotion.id))
    ):
        values: dict[str, int | str] = {
            "share_bp": share,
            "amount": witness.amount,
            "currency": witness.alone.currency,
        }
        bench.say("no_budget", [promotion.id], values=values, shown=shown)


def _names(bench: Bench, promotion: Promotion) -> None:
    missing = [language for language in LANGUAGES if not promotion.name.get(language, "").strip()]
    if missing:
        witness = bench.witnesses[promotion.id]
        shown = bench.shown(witness)
        bench.say("name_missing", [promotion.id], values={"languages": ", ".join(missing)}, shown=shown)


def _anonymous(bench: Bench, promotion: Promotion) -> None:
    """A limit per member on a promotion whose conditions, in some way, need none: anonymous shoppers are refused."""
    if promotion.limits.per_member is None:
        return
    if all(
        any(each.positive and each.leaf.type in MEMBER_LEAVES for each in way.literals)
        for way in ways(promotion=promotion)[0]
    ):
        return
    basket = replace(bench.witnesses[promotion.id].basket, member=None)
    answer = bench.price(basket)
    if amount_of(answer, promotion.id) == 0:
        values: dict[str, int | str] = {"per_member": promotion.limits.per_member}
        bench.say("anonymous_refused", [promotion.id], values=values, shown=(basket, answer))


def _gifts(bench: Bench, promotion: Promotion) -> None:
    for effect in promotion.effects:
        if effect.type == "gift_unit" and effect.sku is not None and not bench.knowledge.goods.knows(sku=effect.sku):
            witness = bench.witnesses[promotion.id]
            shown = bench.shown(witness)
            bench.say("gift_not_in_catalogue", [promotion.id], values={"sku": effect.sku}, shown=shown)


def _sequential(bench: Bench, found: Sequence[Crowd]) -> None:
    """The crowded basket that loses most by the mode `sequential` against `best`."""
    if bench.rulebook.mode != "sequential":
        return
    best = compile_rulebook(replace(bench.rulebook, mode="best"))
    worst: tuple[int, Crowd, PricedBasket] | None = None
    for crowd in found[:SEQUENTIAL_TRIES_MAX]:
        if not bench.has_work_left():
            break
        other = price(best, crowd.basket)
        bench.count(other)
        lost = crowd.answer.total - other.total
        if lost > 0 and (worst is None or lost > worst[0]):
            worst = lost, crowd, other
    if worst is not None:
        lost, crowd, other = worst
        values: dict[str, int | str] = {"lost": lost, "best_total": other.total, "currency": other.currency}
        names = [each.id for each in other.promotions if each.status == "applied"]
        bench.say("sequential_loses", names, values=values, shown=(crowd.basket, crowd.answer))


def _proofs(bench: Bench, found: Sequence[Crowd]) -> None:
    """Witnesses whose price stays unproven with the engine's own limit of nodes; the widest gaps are tried."""
    if bench.rulebook.mode == "sequential":
        return
    open_ones = [each for each in found if not each.answer.certificate.proven]
    open_ones.sort(key=lambda each: -each.answer.certificate.gap)
    for crowd in open_ones[:PROOFS_MAX]:
        if not bench.has_work_left():
            return
        answer = price(bench.compiled, crowd.basket)
        bench.count(answer)
        certificate = answer.certificate
        if not certificate.proven:
            names = [each.id for each in answer.promotions if each.status == "applied"]
            values: dict[str, int | str] = {
                "nodes": certificate.nodes,
                "gap": certificate.gap,
                "currency": answer.currency,
            }
            bench.say("not_proven", names, values=values, shown=(crowd.basket, answer))

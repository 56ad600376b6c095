"""Whether a promotion may have a turn at all: times, limits, conditions that hold or fail in every state, scopes."""

from __future__ import annotations

from typing import Any

from liushui.promotions.domain.conditions import Failure
from liushui.promotions.domain.state import Counter, State
from liushui.promotions.domain.turn import NO_USAGE, CompiledPromotion

Reason = dict[str, Any]
TIMES = ("starts_at", "ends_at", "weekdays", "hours")


def time_reason(compiled: CompiledPromotion, counter: Counter) -> Reason | None:
    """Why it does not hold at the basket's instant; None when it does."""
    promotion, at = compiled.promotion, counter.basket.at
    if at is None:
        named = [name for name in TIMES if getattr(promotion, name) is not None]
        return {"code": "condition", "path": named[0], "have": None, "need": None} if named else None
    if promotion.starts_at is not None and at < promotion.starts_at:
        return {"code": "not_started", "at": promotion.starts_at.isoformat()}
    if promotion.ends_at is not None and at >= promotion.ends_at:
        return {"code": "expired", "at": promotion.ends_at.isoformat()}
    if promotion.weekdays is not None and at.isoweekday() not in promotion.weekdays:
        return {
            "code": "condition",
            "path": "weekdays",
            "have": at.isoweekday(),
            "need": sorted(promotion.weekdays),
        }
    if promotion.hours is not None:
        minute = at.hour * 60 + at.minute
        if not any(_within(minute, start, end) for start, end in promotion.hours):
            need = [[_clock(start), _clock(end)] for start, end in promotion.hours]
            return {"code": "condition", "path": "hours", "have": _clock(minute), "need": need}
    return None


def _within(minute: int, start: int, end: int) -> bool:
    return start <= minute < end if start < end else minute >= start or minute < end


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def limit_reason(compiled: CompiledPromotion, counter: Counter) -> Reason | None:
    """Which limit is used up before this basket; a budget is looked at again with the amount at its turn."""
    limits, basket = compiled.promotion.limits, counter.basket
    usage = basket.usage.get(compiled.id, NO_USAGE)
    if limits.total is not None and usage.total >= limits.total:
        return {"code": "limit", "path": "limits.total", "have": usage.total, "need": limits.total}
    if limits.per_member is not None:
        if basket.member is None:
            return {"code": "limit", "path": "limits.per_member", "have": None, "need": limits.per_member}
        if usage.member >= limits.per_member:
            return {"code": "limit", "path": "limits.per_member", "have": usage.member, "need": limits.per_member}
    if limits.budget is not None and usage.spent >= limits.budget:
        return {"code": "limit", "path": "limits.budget", "have": usage.spent, "need": limits.budget}
    return None


def holds_ever(compiled: CompiledPromotion, counter: Counter) -> bool:
    """Whether all conditions that do not depend on what was applied before hold."""
    start = counter.start
    return all(check.holds(counter, start) for check in compiled.fixed)


def first_failure(compiled: CompiledPromotion, counter: Counter, state: State) -> Failure | None:
    """The first leaf that fails at its turn."""
    for check in compiled.checks:
        failure = check.failure(counter, state)
        if failure is not None:
            return failure
    return None


def condition_reason(failure: Failure) -> Reason:
    """A failing leaf as a reason."""
    code = "code_missing" if failure.type == "coupon" else "condition"
    return {"code": code, "path": failure.path, "have": failure.have, "need": failure.need}


def has_scope(compiled: CompiledPromotion, counter: Counter) -> bool:
    """Whether there is anything in the basket that one of its effects could touch."""
    for effect in compiled.effects:
        if effect.kind in ("benefit", "gift"):
            return True
        if effect.kind == "shipping":
            methods = effect.effect.methods
            if any(methods is None or each.method in methods for each in counter.basket.shipping):
                return True
            continue
        if effect.effect.type == "buy_n_get_m":
            if counter.effect_lines(effect.get_scope) or counter.effect_lines(effect.buy_scope):
                return True
        elif counter.effect_lines(effect.scope):
            return True
    return False


def is_able(compiled: CompiledPromotion, counter: Counter) -> bool:
    """Whether it may have a turn in this basket."""
    return (
        time_reason(compiled, counter) is None
        and holds_ever(compiled, counter)
        and has_scope(compiled, counter)
        and limit_reason(compiled, counter) is None
    )

"""What a return comes to: lines, tax, discounts and tenders, by what is recorded of the sale and what has come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import VALUE_TENDERS, ForReturn, GivenBack, ReturnOf
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import order_key
from liushui.returns.contracts import QuotedReturnLine, RefundTender, ReturnPolicy, ReturnQuote, WantedReturn
from liushui.returns.domain.checks import approval_whys, check_codes, check_place, check_state, check_wanted
from liushui.returns.domain.lines import (
    LineState,
    amount_of_units,
    chosen_positions,
    line_states,
    returned_line,
)
from liushui.returns.domain.shares import share
from liushui.returns.domain.tenders import funds, is_late_card, refund_tenders, split
from liushui.returns.policies import policy
from liushui.runtime.access import Principal
from liushui.stores import facade as stores


class _Amounts(NamedTuple):
    """What each line gives back, also lines of which nothing comes back; and whether promotions took something back."""

    by_line: Mapping[int, int]
    notes: tuple[str, ...]


class _Refunded(NamedTuple):
    """The tenders that move, what they stand for, and whether the policy sends one elsewhere than it came from."""

    tenders: tuple[RefundTender, ...]
    given: tuple[GivenBack, ...]
    is_moved: bool


def quote_return(
    *,
    sale_id: UUID,
    wanted: Sequence[WantedReturn],
    at: datetime,
    store_id: int,
    principal: Principal,
    capability: str = "till.use",
) -> ReturnQuote:
    """What comes back when these units of a sale are returned to this store at this moment. Writes nothing.

    Everything returned, in whatever order and split, gives exactly what was paid, for each tender and each line's tax.
    One statement, one more for a sale that points or stored value paid, and one for the policy where it was not asked
    for within a second. Raises NotFound for a sale of another chain, NotReturnable, TooMuchReturned, OtherStoreRefused,
    ReasonRefused.
    """
    principal.require_store(capability, store_id=store_id)
    store = stores.store(store_id=store_id)
    rules = policy(chain_id=store.chain_id)
    found = orders.for_return(sale_id=sale_id, chain_id=store.chain_id)
    summary = found.sale.summary
    check_state(summary, found.so_far, currency=store.currency)
    is_elsewhere = check_place(summary, store_id=store_id, policy=rules)
    check_codes(wanted, rules)

    states = _states(found)
    check_wanted(wanted, states)
    positions = {
        each.line_number: chosen_positions(states[each.line_number], each.units, each.unit_positions) for each in wanted
    }
    amounts = _amounts(found, states, wanted, positions)
    lines = _lines(found, states, wanted, positions, amounts.by_line)
    refund = -sum(each.line.amount_minor for each in lines)

    age_days = (store.business_date(at) - summary.business_date).days
    tenders, given, is_moved = _tenders(found, rules, refund, age_days)
    whys = approval_whys(
        rules, age_days=age_days, is_elsewhere=is_elsewhere, refund_minor=refund,
        refunded_minor=sum(each.amount_minor for each in found.so_far.lines.values()),
    )  # fmt: skip
    notes = [
        *amounts.notes,
        *(("late",) if rules.days_max and age_days > rules.days_max else ()),
        *(("other_store",) if is_elsewhere else ()),
        *(("card_late",) if is_moved else ()),
    ]
    return ReturnQuote(
        sale_id=sale_id,
        order_key=order_key(source=summary.source, source_id=summary.source_id),
        receipt_number=summary.receipt_number,
        store_id=summary.store_id,
        customer=summary.customer,
        currency=summary.currency,
        expected_version=found.so_far.version,
        lines=lines,
        refund_minor=refund,
        tax_minor=-sum(each.line.tax_minor for each in lines),
        tenders=tenders,
        returns_of=ReturnOf(sale_id=sale_id, expected_version=found.so_far.version, given_back=given),
        is_full=_is_full(states, wanted),
        needs_approval=whys[0].code if whys else "",
        notes=tuple(notes),
        approval_whys=whys,
        sold_at=min(summary.completed_at, found.sale.recorded_at),  # its source's clock may be ahead of ours
    )


def _states(found: ForReturn) -> dict[int, LineState]:
    paid = promotions.paid_units(answer=found.explanation.answer) if found.explanation is not None else {}
    return line_states(found.sale.lines, found.so_far.lines, paid)


def _amounts(
    found: ForReturn,
    states: Mapping[int, LineState],
    wanted: Sequence[WantedReturn],
    positions: Mapping[int, tuple[int, ...]],
) -> _Amounts:
    """By promotions where they priced the sale, else by the recorded amounts alone."""
    units = {each.line_number: each.units for each in wanted}
    stored = found.explanation
    if stored is None or not any(state.paid for state in states.values()):
        return _Amounts({number: amount_of_units(states[number], count) for number, count in units.items()}, ())
    priced = {number: state for number, state in states.items() if state.paid}
    refund = promotions.refund_sale(
        chain_id=found.chain_id,
        digest=stored.rulebook_digest,
        answer=stored.answer,
        basket=stored.basket,
        returned={str(number): count for number, count in units.items() if number in priced},
        already={str(number): state.so_far.units for number, state in priced.items() if state.so_far.units},
        units={str(number): positions[number] for number in units if number in priced},
        already_units={
            str(number): state.so_far.unit_positions for number, state in priced.items() if not state.is_alike
        },
        already_refunded={str(number): state.so_far.amount_minor for number, state in priced.items()},
    )
    by_line = {int(key): amount for key, amount in refund.lines.items() if int(key) in priced}
    unpriced = {
        number: amount_of_units(states[number], count) for number, count in units.items() if number not in priced
    }
    is_clawed = any(number not in units for number in by_line) or any(
        by_line[number] != _kept_amount(priced[number], units[number], positions[number])
        for number in by_line
        if number in units
    )
    return _Amounts(by_line | unpriced, ("clawback",) if is_clawed else ())


def _kept_amount(state: LineState, units: int, positions: Sequence[int]) -> int:
    """What the units would give back if every promotion were kept."""
    if not state.is_alike:
        return sum(state.paid[place] for place in positions)
    return share(state.line.amount_minor, state.so_far.units + units, state.line.units) - state.so_far.amount_minor


def _lines(
    found: ForReturn,
    states: Mapping[int, LineState],
    wanted: Sequence[WantedReturn],
    positions: Mapping[int, tuple[int, ...]],
    amounts: Mapping[int, int],
) -> tuple[QuotedReturnLine, ...]:
    """The returned lines in the order asked for, then lines of which a part of the price alone comes back."""
    asked = {each.line_number: each for each in wanted}
    more = {
        number: WantedReturn(line_number=number, units=0)
        for number, amount in sorted(amounts.items())
        if number not in asked and amount
    }
    lines = []
    for place, (number, each) in enumerate((asked | more).items(), start=1):
        line = returned_line(
            states[number], number=place, sale_id=found.sale.summary.id, units=each.units,
            positions=positions.get(number, ()), amount_minor=amounts[number],
        )  # fmt: skip
        lines.append(
            QuotedReturnLine(
                line=line, original=line.original, reason=each.reason, condition=each.condition, parts=each.parts
            )
        )  # fmt: skip
    return tuple(lines)


def _tenders(found: ForReturn, rules: ReturnPolicy, refund: int, age_days: int) -> _Refunded:
    bought = sum(line.amount_minor for line in found.sale.lines if not line.is_return)
    paid = funds(found.sale.tenders, bought_minor=bought, policy=rules)
    given = split(
        paid,
        refund_minor=refund,
        so_far=found.so_far.tenders,
        refunded_minor=sum(line.amount_minor for line in found.so_far.lines.values()),
    )
    member_id = None
    if rules.card_late_tender == "stored_value" and is_late_card(paid, given, policy=rules, age_days=age_days):
        member_id = _buyer(found)
    tenders, is_moved = refund_tenders(paid, given, policy=rules, age_days=age_days, member_id=member_id)
    return _Refunded(_with_value(found, tenders), given, is_moved)


def _buyer(found: ForReturn) -> UUID | None:
    """The member who bought the goods, if his account takes the sale's currency; nobody else gets value for them."""
    number = found.sale.summary.customer
    chain = next(chain for chain in stores.chains() if chain.id == found.chain_id)
    if not number or chain.currency != found.sale.summary.currency:
        return None
    member = loyalty.members_by_number(chain_id=found.chain_id, numbers=[number]).get(number)
    return member.id if member is not None and member.status == "active" else None


def _with_value(found: ForReturn, tenders: Sequence[RefundTender]) -> tuple[RefundTender, ...]:
    """Points and the parts of stored value that stand behind the amounts, by what the sale spent of them."""
    if not any(each.type in VALUE_TENDERS for each in tenders):
        return tuple(tenders)
    summary = found.sale.summary
    key = order_key(source=summary.source, source_id=summary.source_id)
    spent = loyalty.hold_of(order_key=key) if any(each.is_value for each in tenders) else None
    # By kind, not by tender: two tenders of one account share what the sale spent of it, each rounded by itself comes
    # to more than that.
    so_far = Counter[str]()
    for position, amount in found.so_far.tenders.items():
        if position:
            so_far[found.sale.tenders[position - 1].type] += amount
    completed = []
    for each in tenders:
        if each.credit_to is not None:
            completed.append(replace(each, of_order_key=key, principal_minor=-each.amount_minor))
            continue
        before = so_far[each.type]
        after = so_far[each.type] = before - each.amount_minor
        if spent is not None and each.type == "points":
            points = share(spent.points, after, spent.points_minor) - share(spent.points, before, spent.points_minor)
            completed.append(replace(each, points=points))
        elif spent is not None and each.type == "stored_value":
            whole = spent.principal_minor + spent.gift_minor
            gift = share(spent.gift_minor, after, whole) - share(spent.gift_minor, before, whole)
            completed.append(replace(each, gift_minor=gift, principal_minor=-each.amount_minor - gift))
        else:
            completed.append(each)
    return tuple(completed)


def _is_full(states: Mapping[int, LineState], wanted: Sequence[WantedReturn]) -> bool:
    units = {each.line_number: each.units for each in wanted}
    return all(state.units_left == units.get(number, 0) for number, state in states.items())

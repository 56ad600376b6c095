"""A ticket at the prices of now: all its lines at once, with what promotions take off, by one rulebook version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from liushui.checkout import errors as checkout_errors
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import FrozenPrice, LineCommand, Quote, QuotedLine
from liushui.kernel.errors import LiushuiError
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import Member, PricedBasket, order_key
from liushui.stores.contracts import Store
from liushui.till import storage
from liushui.till.contracts import SOURCE, TicketCode, TicketLine, TicketMember
from liushui.till.domain import lines as rules
from liushui.till.errors import LineRefused, MeasureNeeded, PriceMissing, UnknownCode
from liushui.till.models import TicketRow

# A ticket that keeps no snapshot of its member doesn't know his orders: so many, that no promotion for the first or nth
# one is given by mistake.
_ORDERS_UNKNOWN = 1_000_000_000


class Priced(NamedTuple):
    """What pricing says of a ticket."""

    lines: list[TicketLine]
    codes: Sequence[TicketCode]
    answer: PricedBasket | None
    frozen: FrozenPrice | None

    def columns(self) -> dict[str, Any]:
        """The columns of a ticket that it fills."""
        return {
            **storage.line_columns(self.lines),
            **storage.code_column(self.codes),
            **storage.answer_columns(self.answer, self.frozen),
        }


def reprice(
    row: TicketRow | None, store: Store, now: datetime, *, lines: Sequence[TicketLine] | None = None,
    codes: Sequence[TicketCode] | None = None, member: TicketMember | None = None, keep_member: bool = True,
) -> Priced:  # fmt: skip
    """The ticket at the prices of now; what is given takes the place of what stands in the row, if there is one."""
    if lines is None:
        lines = storage.lines_of(row) if row is not None else ()
    if codes is None:
        codes = storage.codes_of(row) if row is not None else ()
    kept = rules.sold_lines(lines)
    if not kept:
        return Priced(list(lines), codes, None, None)
    commands = [rules.command_of(line) for line in kept]
    quote = _quoted(row, commands, store, now, codes, _member(row, member, keep_member))
    names = _names(quote, store, now)
    fresh = {line.number: rules.repriced(line, quoted, names) for line, quoted in zip(kept, quote.lines, strict=True)}
    return _priced([fresh.get(line.number, line) for line in lines], codes, quote)


def price_with(
    before: Sequence[TicketLine], asked: LineCommand, store: Store, now: datetime, *, row: TicketRow | None,
    number: int | None = None,
) -> Priced:  # fmt: skip
    """The lines before and the one asked for after them, at the prices of now. Raises what the line is refused for."""
    codes = storage.codes_of(row) if row is not None else ()
    member = _member(row, None, True)
    kept = rules.sold_lines(before)
    commands = [rules.command_of(line) for line in kept]
    quote = _quoted(row, [*commands, asked], store, now, codes, member)
    item = quote.lines[-1].item
    if item is not None and item.weighed and asked.measure_value is not None:
        unit = rules.measured_in(item.unit)
        if unit != asked.measure_unit:  # grams need no second look
            asked = replace(asked, measure_unit=unit)
            quote = _quoted(row, [*commands, asked], store, now, codes, member)
    *others, last = quote.lines
    if last.line is None:
        raise _refusal(asked, last)
    names = _names(quote, store, now)
    fresh = {line.number: rules.repriced(line, quoted, names) for line, quoted in zip(kept, others, strict=True)}
    added = rules.line_of(number or max((line.number for line in before), default=0) + 1, asked, last, names)
    return _priced([*(fresh.get(line.number, line) for line in before), added], codes, quote)


def _quoted(
    row: TicketRow | None, commands: Sequence[LineCommand], store: Store, now: datetime, codes: Sequence[TicketCode],
    member: Member | None,
) -> Quote:  # fmt: skip
    return checkout.quote(
        store=store, lines=commands, at=now, member=member, codes=[each.code for each in codes],
        order_key=order_key(source=SOURCE, source_id=storage.source_id(row)) if row is not None else "",
    )  # fmt: skip


def _priced(lines: list[TicketLine], codes: Sequence[TicketCode], quote: Quote) -> Priced:
    told = tuple(replace(each, problem=quote.code_problems.get(each.code, "")) for each in codes)
    return Priced(lines, told, quote.answer, quote.frozen)


def _names(quote: Quote, store: Store, now: datetime) -> rules.PromotionNames:
    """What the promotions that took something off are called, by the rulebook that has just priced."""
    if quote.answer is None or not quote.answer.discount:
        return {}
    wanted = {part.promotion for line in quote.answer.lines for part in line.allocations}
    book = promotions.live_rulebook(chain_id=store.chain_id, at=now)
    if book is None or book.digest != quote.answer.rulebook_digest:  # another was published in this very moment
        book = promotions.published_rulebook(chain_id=store.chain_id, digest=quote.answer.rulebook_digest)
    if book is None:
        return {}
    return {each: book.compiled.by_id[each].promotion.name for each in wanted}


def _member(row: TicketRow | None, stated: TicketMember | None, keep: bool) -> Member | None:
    return member_asked(storage.member_of(row) if row is not None and keep else stated)


def member_asked(member: TicketMember | None) -> Member | None:
    """The member as the promotion engine takes one."""
    if member is None:
        return None
    return member.asked or Member(id=member.id, tier=member.tier or None, completed_orders=_ORDERS_UNKNOWN)


def _refusal(asked: LineCommand, quoted: QuotedLine) -> LiushuiError:
    if quoted.item is None:
        return UnknownCode(f"The catalogue has no item under {asked.code!r}", context={"code": asked.code})
    if isinstance(quoted.refusal, checkout_errors.PriceMissing):
        if quoted.item.weighed and asked.measure_value is None:
            return MeasureNeeded(
                f"{asked.code!r} is sold by {quoted.item.unit}", context={"code": asked.code, "unit": quoted.item.unit}
            )
        return PriceMissing(f"{asked.code!r} has no price here now", context={"code": asked.code})
    detail = quoted.refusal.detail if quoted.refusal is not None else asked.code
    return LineRefused(detail, context={"code": asked.code})

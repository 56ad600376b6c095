"""Price sales through promotions, and hold for them what the price uses up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from liushui.catalog.contracts import PricedItem
from liushui.checkout.actions.quote import region_code
from liushui.checkout.contracts import CompleteSale, Tender
from liushui.checkout.domain.baskets import basket_of, check_frozen, check_priced_units, discounted, is_ours_to_price
from liushui.checkout.domain.lines import build_line
from liushui.checkout.domain.sale_checks import settled
from liushui.checkout.domain.take_backs import TakenBack, check_refunds, default_tenders
from liushui.checkout.errors import PriceOutOfDate
from liushui.kernel.errors import LiushuiError
from liushui.orders.contracts import PriceExplanation, RecordSale, SaleLine
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import BasketToPrice, Quotation, order_key, uses_of
from liushui.promotions.errors import CouponTaken, InvalidDocument, LimitReached, UnknownRulebook
from liushui.runtime.at_once import Message
from liushui.stores.contracts import Store

HELD_FOR = timedelta(minutes=15)
TRIES_MAX = 100  # each means that another order took what this one was to have
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A command whose head is in order, the store it is for, and the items it names as that store sells them.

    `command` has the member's account filled in; `body_sha256` is of the command as it was sent. `taken_back` is what
    returns say of its returned lines.
    """

    position: int  # in the batch
    command: CompleteSale
    body_sha256: str
    taken_back: TakenBack | None = None
    store: Store
    items: Mapping[str, PricedItem]
    costed: bool  # the catalogue states costs in the currency of the sale

    def key(self) -> str:
        """The key under which the order holds what it uses up."""
        return order_key(source=self.command.source, source_id=self.command.source_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A sale with every line at what it comes to; `quotation` is what promotions made of it."""

    placed: Placed
    lines: tuple[SaleLine, ...]
    variance_minor: int
    quotation: Quotation | None = None

    def is_limited(self) -> bool:
        """Whether the price uses up limits, budgets or codes, or promises a coupon."""
        found = self.quotation
        if found is None or not (found.rulebook.limited or found.basket.codes or found.answer.issued):
            return False
        uses, _codes = uses_of(answer=found.answer, rulebook=found.rulebook.rulebook, codes=found.basket.codes)
        return bool(uses)


def price_sales(placed: Sequence[Placed]) -> list[Priced | LiushuiError]:
    """Each sale with its lines at what they come to, or why it is refused.

    Those that promotions price are asked about together: one statement a chain, and one more each for a sale that
    brings codes and for one that may meet a promotion with limits.
    """
    answers = [_at_regular_prices(sale) for sale in placed]
    asked = [
        (index, answer)
        for index, answer in enumerate(answers)
        if isinstance(answer, Priced) and answer.placed.command.frozen is None
        if is_ours_to_price(answer.placed.command.lines)
    ]
    found = promotions.quotations(wanted=[_wanted(answer) for _, answer in asked])
    for (index, answer), quotation in zip(asked, found, strict=True):
        if quotation is not None:
            answers[index] = _at_promotion_prices(answer, quotation)
    return answers


def hold(sale: Priced, *, now: datetime) -> Priced | LiushuiError:
    """Reserve what the price uses up; when another order took it first, price anew by what is left.

    A price that a till has shown is not changed: when it can't be held the sale is refused, unless it is paid already;
    then what goes beyond the limit is recorded as an overrun.
    """
    for _ in range(TRIES_MAX):
        found = sale.quotation
        if found is None or not sale.is_limited():
            return sale
        try:
            promotions.reserve(**_terms(sale, found, now))
        except (LimitReached, CouponTaken) as refusal:
            if sale.placed.command.frozen is not None:
                return _as_shown(sale, found, refusal, now)
        except LiushuiError as refusal:
            return refusal
        else:
            return sale
        [again] = price_sales([sale.placed])
        if isinstance(again, LiushuiError):
            return again
        sale = again
    return PriceOutOfDate("Others took what promotions had left, again and again", remedy="Send the sale again.")


def hold_in(message: Message, sale: Priced, *, now: datetime) -> Callable[[], bool]:
    """Add to the message of a transaction what reserves for a sale that is new; asked after it is sent, whether all is
    reserved. Where it is not, the transaction is to be rolled back and `hold` asked. Raises LiushuiError."""
    assert sale.quotation is not None  # nosec B101  # of a sale that is_limited
    return promotions.reserve_in(message, **_terms(sale, sale.quotation, now))


def _terms(sale: Priced, found: Quotation, now: datetime) -> dict[str, Any]:
    return {
        "chain_id": sale.placed.store.chain_id,
        "order_key": sale.placed.key(),
        "answer": found.answer,
        "rulebook": found.rulebook.rulebook,
        "member_id": found.basket.member.id if found.basket.member else None,
        "codes": found.basket.codes,
        "found": found.found_codes,
        "expires_at": now + HELD_FOR,
        "now": now,
    }


def recording(sale: Priced) -> RecordSale:
    """The sale as orders record it, dated by its store's clock. Raises when the tenders don't come to the total."""
    command, store, found = sale.placed.command, sale.placed.store, sale.quotation
    taken = sale.placed.taken_back
    return RecordSale(
        source=command.source,
        source_id=command.source_id,
        body_sha256=sale.placed.body_sha256,
        chain_id=store.chain_id,
        store_id=store.id,
        store_code=store.code,
        workstation=command.workstation,
        operator=command.operator,
        receipt_number=command.receipt_number or command.source_id,
        channel=command.channel,
        currency=store.currency,
        completed_at=command.completed_at,
        business_date=command.business_date or store.business_date(command.completed_at),
        local_hour=store.local(command.completed_at).hour,
        customer=command.customer or (command.member.id if command.member else ""),
        lines=sale.lines,
        tenders=_tenders(sale),
        variance_minor=sale.variance_minor,
        explanation=PriceExplanation(
            rulebook_version=found.answer.rulebook_version,
            rulebook_digest=found.answer.rulebook_digest,
            answer=found.answer_text(),
            basket=found.basket_text(),
        )
        if found is not None
        else None,
        points_multiply_bp=found.answer.points_multiply if found is not None else 10_000,
        points_add=found.answer.points_add if found is not None else 0,
        give_backs=taken.give_backs(sold_minor=sum(line.amount_minor for line in sale.lines) + taken.refund_minor)
        if taken is not None
        else (),
        returns_of=tuple(quote.returns_of for quote in taken.quotes if quote.returns_of) if taken is not None else (),
    )


def _tenders(sale: Priced) -> tuple[Tender, ...]:
    command, taken, currency = sale.placed.command, sale.placed.taken_back, sale.placed.store.currency
    total = sum(line.amount_minor for line in sale.lines)
    if taken is None:
        tenders = settled(command.tenders, total_minor=total, currency=currency)
        check_refunds(tenders, None, sold_minor=total, currency=currency)
        return tenders
    sold = total + taken.refund_minor
    stated = command.tenders or default_tenders(taken, sold_minor=sold)
    tenders = settled(stated, total_minor=total, currency=currency)
    check_refunds(tenders, taken, sold_minor=sold, currency=currency)
    return tenders


def _at_regular_prices(sale: Placed) -> Priced | LiushuiError:
    """The lines as stated, filled up from the catalogue; a price that was shown is looked up and compared."""
    lines: list[SaleLine] = []
    variance = 0
    try:
        taken = sale.taken_back
        for number, stated in enumerate(sale.command.lines, start=1):
            if taken is not None and number in taken.lines:
                lines.append(taken.lines[number])
                continue
            line, ours_minor = build_line(
                number, stated, priced=sale.items.get(stated.code), accept_unknown=sale.command.accept_unknown_items,
                costed=sale.costed,
            )  # fmt: skip
            lines.append(line)
            if ours_minor is not None:
                variance += line.amount_minor - ours_minor
        if is_ours_to_price(sale.command.lines):
            check_priced_units(lines)
        lines += taken.added if taken is not None else ()
        quotation = _shown(sale, lines)
    except LiushuiError as refusal:
        return refusal
    return Priced(placed=sale, lines=tuple(lines), variance_minor=variance, quotation=quotation)


def _shown(sale: Placed, lines: Sequence[SaleLine]) -> Quotation | None:
    """What the engine says of the price that a till has shown: it is believed only where it says the same."""
    frozen = sale.command.frozen
    if frozen is None:
        return None
    try:
        found = promotions.replay(chain_id=sale.store.chain_id, digest=frozen.rulebook_digest, basket=frozen.basket)
    except (UnknownRulebook, InvalidDocument) as error:
        raise PriceOutOfDate(
            f"The price that was shown can't be had again: {error.detail}", remedy="Price the lines again."
        ) from error
    check_frozen(sale.command, lines, found.answer)
    return found


def _wanted(sale: Priced) -> BasketToPrice:
    command, store = sale.placed.command, sale.placed.store
    basket = basket_of(
        store=store,
        region_code=region_code(store),
        at=command.completed_at,
        channel=command.channel,
        lines=sale.lines,
        stated=command.lines,
        items=sale.placed.items,
        member=command.member,
        codes=command.codes,
    )
    return BasketToPrice(chain_id=store.chain_id, at=command.completed_at, basket=basket, order_key=sale.placed.key())


def _at_promotion_prices(sale: Priced, found: Quotation) -> Priced | LiushuiError:
    lines = list(sale.lines)
    changed = discounted(sale.placed.command.lines, answer=found.answer, rulebook=found.rulebook.rulebook)
    try:
        for number, stated in changed.items():
            lines[number - 1] = build_line(
                number, stated, priced=sale.placed.items.get(stated.code),
                accept_unknown=sale.placed.command.accept_unknown_items, costed=sale.placed.costed,
            ).line  # fmt: skip
    except LiushuiError as refusal:
        return refusal
    return Priced(placed=sale.placed, lines=tuple(lines), variance_minor=sale.variance_minor, quotation=found)


def _as_shown(sale: Priced, found: Quotation, refusal: LiushuiError, now: datetime) -> Priced | LiushuiError:
    if not sale.placed.command.is_paid:
        return refusal
    _logger.warning("paid_beyond_limit", order_key=sale.placed.key(), detail=refusal.detail)
    promotions.reserve_paid(
        chain_id=sale.placed.store.chain_id,
        order_key=sale.placed.key(),
        answer=found.answer,
        rulebook=found.rulebook.rulebook,
        member_id=found.basket.member.id if found.basket.member else None,
        codes=found.basket.codes,
        now=now,
    )
    return sale

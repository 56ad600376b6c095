"""Lines that take back a recorded sale's: what is asked of returns, what becomes of it, and who owes whom then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from liushui.checkout.contracts import CompleteSale, LineCommand, ReturnReason, ReturnTerms, Tender
from liushui.checkout.errors import RefundRefused, ReturnDiffers, ReturnRefused
from liushui.kernel.money import format_minor
from liushui.orders.contracts import VALUE_TENDERS, GiveBack, SaleLine
from liushui.returns.contracts import (
    LineDetails,
    QuotedReturnLine,
    RefundTender,
    ReturnQuote,
    UnreceiptedLine,
    WantedReturn,
)

RETURNED_SALES_MAX = 20  # of one ticket
_COMPARED = ("amount_minor", "regular_minor", "tax_minor", "cost_minor", "measure_value")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What a sale takes back, as returns have worked it out: its lines by their number in the command, lines that a
    promotion's terms add to them, and the plan of what goes back."""

    lines: Mapping[int, SaleLine]
    added: tuple[SaleLine, ...]
    quotes: tuple[ReturnQuote, ...]
    details: tuple[LineDetails, ...]
    approved_by: str = ""

    @property
    def refund_minor(self) -> int:
        """What all of it comes to, positive."""
        return sum(quote.refund_minor for quote in self.quotes)

    @property
    def tenders(self) -> tuple[RefundTender, ...]:
        """Everything that would go back if nothing new were bought, in the declared order: value before money."""
        found = [tender for quote in self.quotes for tender in quote.tenders]
        return tuple(sorted(found, key=lambda tender: not tender.is_value))

    def give_backs(self, *, sold_minor: int) -> tuple[GiveBack, ...]:
        """What loyalty gives back, by the order that paid it, in a ticket that sells goods for `sold_minor` besides."""
        back = [
            tender.give_back(order_key=quote.order_key)
            for quote in self.quotes
            for tender in quote.tenders
            if tender.is_value and quote.order_key
        ]
        due, _to_pay = refunds_due(self, sold_minor=sold_minor)
        credits = [tender.give_back(order_key=tender.of_order_key) for tender in due if tender.credit_to is not None]
        return (*back, *credits)


def wanted_by_sale(command: CompleteSale) -> dict[UUID, list[tuple[int, WantedReturn]]]:
    """What is asked of returns: by original sale, each with the number of its line in the command. Raises ReturnRefused
    with a JSON pointer for lines that can't take anything back."""
    reasons = _reasons(command)
    found: dict[UUID, list[tuple[int, WantedReturn]]] = {}
    seen: set[tuple[UUID, int]] = set()
    for number, line in enumerate(command.lines, start=1):
        original = line.original
        if original is None:
            continue
        where = f"/lines/{number - 1}"
        if command.returns is None:
            raise ReturnRefused(
                f"Line {number} takes back a sold line, and nothing says why", pointer="/returns", remedy="Say it."
            )
        if type(line.units) is not int or line.units >= 0:
            raise ReturnRefused(
                f"Line {number} takes back a sold line and has {line.units} units",
                pointer=f"{where}/units",
                remedy="Give as many as come back, negative.",
            )
        if (original.sale_id, original.line_number) in seen:
            raise ReturnRefused(
                f"Line {number} takes back what another line takes back already",
                pointer=f"{where}/original",
                remedy="Take all units of a line back by one line.",
            )
        seen.add((original.sale_id, original.line_number))
        said = reasons.get(number, ReturnReason(line_number=number, reason=""))
        wanted = WantedReturn(
            line_number=original.line_number,
            units=-line.units,
            unit_positions=original.unit_positions,
            reason=said.reason,
            condition=said.condition,
            parts=said.parts,
        )
        found.setdefault(original.sale_id, []).append((number, wanted))
    if len(found) > RETURNED_SALES_MAX:
        raise ReturnRefused(f"Goods of {len(found)} sales at once; {RETURNED_SALES_MAX} can be taken", pointer="/lines")
    return found


def unreceipted(command: CompleteSale) -> list[tuple[int, UnreceiptedLine]]:
    """Goods that come back without a receipt that we know, each with the number of its line. A sale without terms of
    return tells what happened elsewhere: its returned lines are taken as they are stated."""
    if command.returns is None:
        return []
    reasons = _reasons(command)
    found = []
    for number, line in enumerate(command.lines, start=1):
        if line.original is None and line.units < 0:
            said = reasons.get(number, ReturnReason(line_number=number, reason=""))
            if said.parts:
                raise ReturnRefused(
                    f"Line {number} has parts and no receipt",
                    pointer=f"/lines/{number - 1}/parts",
                    remedy="Give goods in another condition a line of their own.",
                )
            goods = UnreceiptedLine(
                code=line.code, units=-line.units, reason=said.reason, condition=said.condition
            )  # fmt: skip
            found.append((number, goods))
    return found


def taken_back(
    command: CompleteSale,
    asked: Mapping[UUID, Sequence[tuple[int, WantedReturn]]],
    quotes: Sequence[ReturnQuote],
    *,
    unreceipted: Sequence[int] = (),
) -> TakenBack:
    """The quotes as lines of the command; what the command states of a line is compared, and raises ReturnDiffers.
    `unreceipted` are the numbers of the lines in the quote without a sale."""
    lines: dict[int, SaleLine] = {}
    added: list[SaleLine] = []
    details: list[LineDetails] = []
    after = len(command.lines)
    for quote in quotes:
        if quote.sale_id is None:
            of_quote: list[int | None] = list(unreceipted)
        else:
            by_original = {wanted.line_number: number for number, wanted in asked[quote.sale_id]}
            of_quote = [by_original.get(each.original.line_number) for each in quote.lines if each.original is not None]
        for quoted, asked_as in zip(quote.lines, of_quote, strict=True):
            if asked_as is None:  # a part of a price that promotions take back of goods which stay
                number = after = after + 1
                added.append(_as_line(quoted, number))
            else:
                number = asked_as
                lines[number] = _as_line(quoted, number)
                _compare(number, command.lines[number - 1], lines[number])
            details.append(
                LineDetails(line_number=number, reason=quoted.reason, condition=quoted.condition, parts=quoted.parts)
            )
    return TakenBack(lines=lines, added=tuple(added), quotes=tuple(quotes), details=tuple(details))


def refunds_due(taken: TakenBack, *, sold_minor: int) -> tuple[list[RefundTender], int]:
    """What goes back in a ticket that sells goods for `sold_minor` besides, and what the shopper still pays.

    Points and stored value that were spent always go back to their account. Money, and what a member gets as stored
    value in place of it, pays for the new goods first; what is left goes back
    in the order of the plan, its beginning first.
    """
    tenders = taken.tenders
    value = [tender for tender in tenders if tender.is_value]
    money = [tender for tender in tenders if not tender.is_value]
    left = -sum(tender.amount_minor for tender in money) - sold_minor
    if left <= 0:
        return value, -left
    due = list(value)
    for tender in money:
        part = min(left, -tender.amount_minor)
        left -= part
        if part:
            due.append(replace(tender, amount_minor=-part))
    return due, 0


def default_tenders(taken: TakenBack, *, sold_minor: int) -> tuple[Tender, ...]:
    """The tenders of a sale that states none: what goes back as it is due, what is paid as paid elsewhere."""
    due, to_pay = refunds_due(taken, sold_minor=sold_minor)
    tenders = [
        Tender(type=each.type, method=each.method, reference=each.reference, amount_minor=each.amount_minor)
        for each in due
    ]
    if to_pay or not tenders:
        tenders.append(Tender(type="other", amount_minor=to_pay))
    return tuple(tenders)


def check_refunds(tenders: Sequence[Tender], taken: TakenBack | None, *, sold_minor: int, currency: str) -> None:
    """Raise RefundRefused unless what the tenders give back is what is due, by type and method.

    A sale that takes nothing back by us states what happened elsewhere; but value is ours, and goes back by us alone.
    """
    negative = [tender for tender in tenders if tender.amount_minor < 0]
    if taken is None:
        wrong = next((tender for tender in negative if tender.type in VALUE_TENDERS), None)
        if wrong is not None:
            raise RefundRefused(
                f"{wrong.type} goes back only for goods that name the sale they were bought in",
                pointer=f"/tenders/{tenders.index(wrong)}",
                remedy="Give the original of the returned lines.",
            )
        by_value = sum(tender.amount_minor for tender in tenders if tender.type in VALUE_TENDERS) if negative else 0
        if by_value > max(sold_minor, 0):
            raise RefundRefused(
                f"{format_minor(by_value, currency)} {currency} of value pays for {format_minor(sold_minor, currency)}",
                pointer="/tenders",
                remedy="Take from the account what the sale comes to: value is not given out as money.",
            )
        return
    due, _to_pay = refunds_due(taken, sold_minor=sold_minor)
    expected, given = _sums(due), _sums(negative)
    for key in sorted(expected.keys() | given.keys()):
        if expected.get(key, 0) != given.get(key, 0):
            kind, method, _reference = key
            raise RefundRefused(
                f"{format_minor(-given.get(key, 0), currency)} {currency} goes back by {method or kind}, "
                f"{format_minor(-expected.get(key, 0), currency)} is due",
                pointer="/tenders",
                remedy="Ask for a quote and give back what it says.",
            )


def _reasons(command: CompleteSale) -> dict[int, ReturnReason]:
    terms = command.returns or ReturnTerms()
    found: dict[int, ReturnReason] = {}
    for each in terms.reasons:
        is_there = 0 < each.line_number <= len(command.lines)
        line = command.lines[each.line_number - 1] if is_there else None
        if line is None or each.line_number in found or (line.original is None and line.units > 0):
            raise ReturnRefused(
                f"A reason is given for line {each.line_number}, which returns nothing or has one already",
                pointer=f"/lines/{each.line_number - 1}/reason",
                remedy="Give one for each returned line.",
            )
        found[each.line_number] = each
    return found


def _as_line(quoted: QuotedReturnLine, number: int) -> SaleLine:
    return replace(quoted.line, line_number=number, original=quoted.original)


def _compare(number: int, stated: LineCommand, line: SaleLine) -> None:
    where = f"/lines/{number - 1}"
    for name in _COMPARED:
        given = getattr(stated, name)
        if given is not None and given != getattr(line, name):
            raise ReturnDiffers(
                f"Line {number} states {name} {given}, by the receipt it is {getattr(line, name)}",
                pointer=f"{where}/{name}",
                remedy="Leave it out, or ask for a quote: the receipt decides.",
            )
    if line.original is None:
        return  # without a receipt the line was made of what is under this very code
    if stated.code and stated.code != line.sku and not _is_gtin(stated.code, line.gtin):
        raise ReturnDiffers(
            f"Line {number} names {stated.code!r}, the receipt's line is {line.sku!r}",
            pointer=f"{where}/code",
            remedy="Leave it out, or name the right line of the receipt.",
        )


def _is_gtin(code: str, gtin: str) -> bool:
    """Whether a barcode as it is scanned, with 8 to 14 digits, is this one of 14."""
    return bool(gtin) and code.isascii() and code.isdigit() and code.rjust(14, "0") == gtin


def _sums(tenders: Sequence[Tender | RefundTender]) -> dict[tuple[str, str, str], int]:
    """What tenders come to by type and method, of gift cards by card too."""
    found: dict[tuple[str, str, str], int] = {}
    for tender in tenders:
        key = (
            (tender.type, "", tender.reference if tender.type == "gift_card" else "")
            if tender.type in VALUE_TENDERS
            else (tender.type, tender.method, "")
        )
        found[key] = found.get(key, 0) + tender.amount_minor
    return {key: amount for key, amount in found.items() if amount}

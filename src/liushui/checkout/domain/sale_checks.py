"""What must be true of a sale's head and tenders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from liushui.checkout.contracts import CompleteSale, Tender
from liushui.checkout.errors import (
    AmountRefused,
    CurrencyMismatch,
    LinesRefused,
    TenderRefused,
    TendersUnbalanced,
    TextRefused,
    TimeRefused,
)
from liushui.kernel.money import format_minor
from liushui.orders.contracts import AMOUNT_MAX_MINOR, TENDER_TYPES, TEXT_MAX
from liushui.runtime.scrub import HIDDEN

LINES_MAX = 5_000
TENDERS_MAX = 100
CLOCK_SKEW_MAX = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)

_HEAD_TEXTS = ("source", "source_id", "channel", "workstation", "operator", "receipt_number", "customer")
_MOBILE_DIGITS = 11
_BETWEEN_DIGITS = str.maketrans("", "", " -+()\u00a0\t")
_NEEDED = frozenset({"source", "source_id", "channel"})


def check_text(text: str, *, field: str, pointer: str) -> None:
    """Raise TextRefused unless the text can be stored in this field (see orders' TEXT_MAX)."""
    if text.isascii() and "\0" not in text and len(text) <= TEXT_MAX[field]:
        return
    if len(text) > TEXT_MAX[field]:
        raise TextRefused(
            f"{pointer} has {len(text)} characters, it may have {TEXT_MAX[field]}",
            pointer=pointer,
            remedy="Shorten it where it is made.",
        )
    if "\0" in text or not _is_unicode(text):
        raise TextRefused(
            f"{pointer} holds a NUL character or half of a surrogate pair",
            pointer=pointer,
            remedy="Send valid Unicode without NUL.",
        )


def _is_somebodys(customer: str) -> bool:
    """Whether this is a phone number or an address, which can be written to, instead of an opaque number."""
    if HIDDEN in customer:  # it was one: hidden where it came in
        return True
    _name, _at, host = customer.rpartition("@")
    if _at and "." in host:
        return True
    digits = customer.translate(_BETWEEN_DIGITS)
    if not (digits.isascii() and digits.isdigit()):
        return False
    if customer.lstrip().startswith("+"):
        return True
    national = digits.removeprefix("00").removeprefix("86") if len(digits) in (13, 15) else digits
    return len(national) == _MOBILE_DIGITS and national[0] == "1" and national[1] in "3456789"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_head(command: CompleteSale, *, now: datetime) -> None:
    """Texts, time and number of lines."""
    for field in _HEAD_TEXTS:
        text = getattr(command, field)
        if text:
            check_text(text, field=field, pointer=f"/{field}")
        elif field in _NEEDED:
            raise TextRefused(f"/{field} is empty", pointer=f"/{field}", remedy="Every sale says it.")
    if "/" in command.source:  # it stands before a slash in the key of the order: a/b and c, a and b/c would be one
        raise TextRefused("A source has no slash in its name", pointer="/source", remedy="Give it another name.")
    for field, customer in (("customer", command.customer), ("member/id", command.member.id if command.member else "")):
        _refuse_somebodys(customer, pointer=f"/{field}")
    check_time(command.completed_at, now=now)
    if not 0 < len(command.lines) <= LINES_MAX:
        raise LinesRefused(
            f"The sale has {len(command.lines)} lines; 1 to {LINES_MAX} can be taken",
            pointer="/lines",
            remedy="Leave out empty sales; split a larger one where it is made.",
        )


def _refuse_somebodys(customer: str, *, pointer: str) -> None:
    if customer and _is_somebodys(customer):
        raise TextRefused(
            f"{pointer} is a phone number or an e-mail address; personal data is kept in one place only",
            pointer=pointer,
            remedy="Send the member's number, or a number that says nothing about the person.",
        )


def check_time(completed_at: datetime, *, now: datetime) -> None:
    """Raise TimeRefused for a time without zone, before 1970 or more than 24 hours ahead."""
    if completed_at.tzinfo is None:
        raise TimeRefused(
            f"{completed_at.isoformat()} has no zone",
            pointer="/completed_at",
            remedy="Give the offset, such as 2026-11-22T14:00:00+08:00.",
        )
    if completed_at < EARLIEST or completed_at > now + CLOCK_SKEW_MAX:
        raise TimeRefused(
            f"{completed_at.isoformat()} lies before 1970 or more than 24 hours ahead of {now.isoformat()}",
            pointer="/completed_at",
            remedy="Set the clock of the till, or mend the time.",
        )


def check_currency(command: CompleteSale, *, store_currency: str) -> None:
    """Raise CurrencyMismatch when the sale names another currency than the store's."""
    if command.currency and command.currency != store_currency:
        raise CurrencyMismatch(
            f"The sale is in {command.currency}, store {command.store} sells in {store_currency}",
            pointer="/currency",
            remedy="Leave it out, or send the sale for a store with that currency.",
        )


def settled(tenders: Sequence[Tender], *, total_minor: int, currency: str) -> tuple[Tender, ...]:
    """The tenders, checked to come to the total; without any, the whole as one paid elsewhere."""
    if abs(total_minor) > AMOUNT_MAX_MINOR:
        raise AmountRefused(f"The sale comes to {total_minor}, beyond {AMOUNT_MAX_MINOR} minor units", pointer="/lines")
    if not tenders:
        return (Tender(type="other", amount_minor=total_minor),)
    if len(tenders) > TENDERS_MAX:
        raise TenderRefused(f"{len(tenders)} tenders are more than {TENDERS_MAX}", pointer="/tenders")
    paid = 0
    for position, tender in enumerate(tenders):
        _check_tender(tender, pointer=f"/tenders/{position}")
        paid += tender.amount_minor
    if paid != total_minor:
        raise TendersUnbalanced(
            f"The tenders come to {format_minor(paid, currency)} {currency}, "
            f"the lines to {format_minor(total_minor, currency)}",
            pointer="/tenders",
            remedy="Give what was paid net of change, negative for what was paid back.",
        )
    return tuple(tenders)


def _check_tender(tender: Tender, *, pointer: str) -> None:
    if tender.type not in TENDER_TYPES:
        raise TenderRefused(
            f"{tender.type!r} is not a type of tender",
            pointer=f"{pointer}/type",
            remedy=f"Use one of {', '.join(TENDER_TYPES)}; the shop's own word goes into method.",
        )
    if type(tender.amount_minor) is not int or abs(tender.amount_minor) > AMOUNT_MAX_MINOR:
        raise AmountRefused(
            f"{tender.amount_minor!r} is not a whole number of minor units up to {AMOUNT_MAX_MINOR}",
            pointer=f"{pointer}/amount_minor",
        )
    if tender.method:
        check_text(tender.method, field="tender_method", pointer=f"{pointer}/method")
    if tender.reference:
        check_text(tender.reference, field="tender_reference", pointer=f"{pointer}/reference")

"""What the till says to a cashier: names of reasons, and what to do about an error, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import LiushuiError
from liushui.kernel.money_text import money_text
from liushui.orders import facade as orders
from liushui.till.contracts import TicketTender
from liushui.till.errors import CodeRefused, NothingUsable, TooManyGiftCodes

# By the type of a named error: what the cashier does next. The title, translated too, says what happened.
_ADVICE: Mapping[str, Any] = {
    "unknown-code": _("Scan it again, type the number below the barcode, or look it up by name."),
    "till-price-missing": _("Put it aside and call the manager: it cannot be sold without a price."),
    "measure-needed": _("Put it on the scale and type the weight in kilograms, such as 0.456."),
    "line-refused": _("Check the number of pieces or the weight."),
    "ticket-full": _("Take the money for these and begin another ticket."),
    "ticket-changed": _("It is shown again as it is now; repeat what you did."),
    "ticket-missing": _("It was finished or taken up elsewhere."),
    "ticket-in-the-way": _("Finish it, or park it first."),
    "wrong-state": _("It is shown again as it is now."),
    "nothing-to-pay": _("Scan something first."),
    "not-enough": _("Type what the customer gives, or choose a further way of paying for the rest."),
    "till-amount-refused": _("Type another amount."),
    "change-too-much": _("Check what was typed: a barcode, or zeros too many?"),
    "gift-card-sold": _("Take another card. The customer can pay with the one that was sold."),
    "till-tender-refused": _("Choose another way of paying."),
    "payment-code-needed": _("Ask for the code that the customer's phone shows for paying, and scan it."),
    "tender-kept": _("To give it back, cancel the whole ticket."),
    "price-changed": _("Tell the customer the new total."),
    "reason-missing": _("Choose a reason or type one."),
    "over-limit": _("Ask the manager's inbox instead."),
    "member-refused": _("Nobody joins without agreeing to membership: press F2 when the customer agrees."),
    "member-unknown": _("Type the phone number again, or let the customer join."),
    "member-needed": _("Say who buys: = and the phone number."),
    "nothing-usable": _("Type a smaller amount, or choose another way of paying."),
    "not-enough-points": _("Type a smaller amount, or choose another way of paying."),
    "not-enough-value": _("Type a smaller amount, or choose another way of paying."),
    "unknown-gift-card": _("Scan it again; a card that was never sold pays for nothing."),
    "gift-card-expired": _("It pays for nothing any more. Head office can extend it: take down its number."),
    "gift-card-state": _("It is not sold yet, is blocked, or something of it is spent."),
    "invalid-personal-data": _("Type the phone number again: eleven digits that begin with 1."),
    "points-not-taken": _("Choose another way of paying."),
    "member-closed": _("The membership has ended; the customer may join again."),
    "value-refused": _("Only what was sold today and is not spent is taken back, at the till's open shift."),
    "not-at-training": _("Close the training shift first."),
    "gift-refused": _("The basket has changed; the promotion gives no gift now."),
    "limit-reached": _("Tell the customer the new total."),
    "coupon-taken": _("Tell the customer the new total."),
    "shift-missing": _("Open the shift first."),
    "shift-closed": _("Open the next shift."),
    "not-voidable": _("A receipt of a closed day or another till is taken back instead of voided."),
    "operator-refused": _("Check name and PIN, or scan the badge again."),
    "operator-locked": _("Let another manager approve, or wait."),
    "not-returnable": _("Look at the receipt again: it may be voided, or of another currency."),
    "too-much-returned": _("Not more can come back than was bought and has not come back yet."),
    "returned-meanwhile": _("Something of this receipt came back elsewhere just now. Look again at what comes back."),
    "other-store-refused": _("Send the customer to the store where it was bought."),
    "unreceipted-refused": _("Call the manager; without a receipt the chain takes back no more than this."),
    "reason-refused": _("Choose a reason and a condition."),
    "return-in-the-way": _("Finish this ticket first; what has no receipt comes back on a ticket of its own."),
    "too-many-receipts": _("Finish this ticket first; the further receipts come back on the next one."),
    "not-on-receipt": _("Check the goods and the receipt. New goods are scanned after Esc."),
    "too-wide": _("Name the day and the amount or an article, or the member."),
    "nothing-to-give-back": _("Choose first what comes back."),
    "sale-has-returns": _("Take the rest back as a return."),
    "same-person": _("Somebody else has to approve."),
    "approval-missing": _("Ask a manager to approve it here, or ask the manager's inbox."),
    "invalid-value": _("Check what was typed."),
    "not-allowed": _("Ask a manager, or the head office."),
    "not-found": _("Look again at what stands on the screen."),
    "conflict": _("Look again at what stands on the screen."),
    "store-conflict": _("Choose another code."),
    "invalid-store": _("Check what was typed."),
    "code-unknown": _("Read the code again, or get a new one at the till."),
    "payment-provider-unavailable": _("Try again, or choose another way of paying."),
    "payment-provider-unknown": _("Choose another way of paying."),
    "payment-conflict": _("Begin the payment anew."),
    "payment-not-paid": _("Choose another way of paying."),
    "payment-taken": _("Choose another way of paying."),
    "refund-too-much": _("Call the manager: it has been given back before."),
    "too-much-back": _("Call the manager: it has been given back before."),
    "value-given-back": _("Take the rest back as a return."),
    "points-share-refused": _("Type a smaller amount, or choose another way of paying."),
    "value-hold-conflict": _("Take points and value off the ticket and use them again."),
    "unknown-value-hold": _("Take points and value off the ticket and use them again."),
    "join-refused": _("Check the phone number; the customer may be a member already."),
    "card-taken": _("Take another card."),
    "personal-data-taken": _("Look the member up by it."),
    "unknown-notice": _("The notice has changed: open the form again and read it out anew."),
    "unknown-member": _("Type the phone number again, or let the customer join."),
    "unknown-subject": _("Type the phone number again, or let the customer join."),
    "privacy-key-missing": _("Sell without the member and call the manager."),
    "personal-data-unreadable": _("Sell without the member and call the manager."),
    "blind-index-changing": _("Sell without the member, or use the member's code; it is over in some minutes."),
    "item-unknown": _("Take the line off and scan it again."),
    "price-missing": _("Put it aside and call the manager: it cannot be sold without a price."),
    "return-refused": _("Look again at what comes back."),
    "return-unclaimed": _("Look again at what comes back."),
    "refund-refused": _("Look again at what comes back."),
    "invalid-return": _("Look again at what comes back."),
    "tenders-unbalanced": _("Take the payments off and take them anew."),
    "sale-unbalanced": _("Take the payments off and take them anew."),
    "already-decided": _("It is shown again as it is now."),
    "too-many-tries": _("Let another manager approve, or wait."),
    "too-many-codes": _("Wait some minutes."),
}

_METHODS: Mapping[str, Any] = {
    "pos-terminal": _("Card"),
    "voucher": _("Voucher, other"),
    "training": _("Mobile payment"),
    "sandbox": _("Mobile payment"),
    "points": _("Points"),
    "stored_value": _("Stored value"),
    "gift_card": _("Gift card"),
}
_FAILURES: Mapping[str, Any] = {
    "declined": _("Declined: not enough money, or another reason of the wallet"),
    "expired": _("The code has expired; ask the customer for a new one"),
    "user_cancelled": _("The customer has cancelled it"),
    "cancelled": _("Cancelled"),
    "closed": _("Cancelled"),
    "reversed": _("Given back"),
    "refunded": _("Given back"),
    "refused": _("The provider did not take it"),
    "never_begun": _("It was never begun"),
    "never_arrived": _("It never reached the provider"),
    "unreachable": _("The provider cannot be reached"),
    "auth_code_invalid": _("The provider does not know this code; ask the customer for a new one"),
    "amount_differs": _("Another amount was paid; finance has been told"),
}

# Why a coupon code does not count, by the problem that promotions name.
_CODE_PROBLEMS: Mapping[str, Any] = {
    "unknown": _("This code is not known."),
    "mistyped": _("A character is wrong: type it again, or scan it."),
    "void": _("It was withdrawn."),
    "used": _("It has been used already."),
    "not_started": _("It is not valid yet."),
    "expired": _("It is not valid any more."),
    "not_yours": _("It belongs to another member."),
    "member_needed": _("It is for members: enter the member first."),
    "repeated": _("It is on the ticket already."),
    "too_many": _("A ticket takes no more codes."),
}

REASONS: Mapping[str, tuple[Any, ...]] = {
    "line": (_("Customer does not want it"), _("Scanned by mistake"), _("Wrong price on the shelf")),
    "sale": (_("Customer left"), _("Cannot pay"), _("Begun by mistake")),
    "value": (_("Wrong amount"), _("Wrong member"), _("Customer changed their mind")),
    "return": (_("Checked with the customer"), _("Faulty goods"), _("Goodwill")),
    "receipt": (_("Wrong article sold"), _("Wrong way of paying"), _("Customer changed their mind")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the till says to the last deed. level: bad | note; `about` is the code or name that it is about."""

    level: str
    title: str
    advice: str = ""
    about: str = ""


def answer_to(error: LiushuiError, *, about: str = "") -> Answer:
    """A named error as a cashier reads it."""
    advice = str(_ADVICE.get(error.type, ""))
    if isinstance(error, CodeRefused):
        advice = code_problem(error.reason)
    if isinstance(error, NothingUsable) and error.context.get("most_minor"):
        told = money_text(
            amount_minor=error.context["most_minor"],
            currency=error.context["currency"],
            language=get_language() or "en",
        )
        advice = gettext("At most %(amount)s can be used.") % {"amount": told}
    if isinstance(error, TooManyGiftCodes):
        advice = gettext("Codes are taken again at %(time)s. Take another way of paying until then.") % {
            "time": f"{error.until:%H:%M}"
        }
    return Answer(level="bad", title=gettext(error.title), advice=advice, about=about[:80])


def code_problem(problem: str) -> str:
    """Why a coupon code does not count; empty when nothing is wrong with it."""
    return str(_CODE_PROBLEMS.get(problem, _CODE_PROBLEMS["unknown"])) if problem else ""


def tender_name(tender: TicketTender) -> str:
    """What people call this way of paying."""
    return payment_words(tender.type, tender.method)


def payment_words(type: str, method: str) -> str:
    """The same by type and method."""
    own = _METHODS.get(method)
    return str(own) if own else orders.payment_name(type, method)


def tender_note(tender: TicketTender) -> str:
    """Why a payment failed, in words; of another tender its slip number."""
    if tender.state != "failed":
        if tender.points:
            return ngettext("%(count)s point", "%(count)s points", tender.points) % {"count": tender.points}
        return tender.note
    return failure_words(tender.note)


def failure_words(code: str) -> str:
    """Why a payment was not made."""
    return str(_FAILURES.get(code, _FAILURES["refused"]))


def note(title: str, *, advice: str = "", about: str = "") -> Answer:
    """Something that went well and is worth saying."""
    return Answer(level="note", title=title, advice=advice, about=about)

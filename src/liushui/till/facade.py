"""The door of the till: sell, be paid, hand over, close the day.

What changes a ticket names the version it was made on and answers the ticket as it stands after; a lost answer is
found by `current_ticket` or `ticket`. Every refusal is a named error of till.errors, or ApprovalMissing and SamePerson
of runtime.approvals. What a cashier may not do alone takes the id of an approval: from `approve_here` with a manager at
the till, or from the inbox after `ask_approval`.
"""

from __future__ import annotations

from liushui.till.actions.approve import approve_here, ask_approval
from liushui.till.actions.cancel_ticket import cancel_ticket
from liushui.till.actions.change_line import set_units, void_line
from liushui.till.actions.charge_value import cancel_value, refresh_value
from liushui.till.actions.close_day import close_day
from liushui.till.actions.count_shift import close_approved, count_shift, explain_difference, finish_count, hand_over
from liushui.till.actions.customer import add_code, add_gift, remove_code
from liushui.till.actions.drawer import no_sale, note_copy, paid_in, paid_out
from liushui.till.actions.give_back import approve_return, give_back
from liushui.till.actions.look_up import look_up
from liushui.till.actions.member import find_member, join_member, remove_member
from liushui.till.actions.open_shift import open_shift
from liushui.till.actions.park import park, resume
from liushui.till.actions.pay import pay_cash, pay_recorded
from liushui.till.actions.pay_mobile import pay_mobile, refresh, remove_tender
from liushui.till.actions.pay_value import pay_value
from liushui.till.actions.recover import recover
from liushui.till.actions.return_goods import (
    keep_everything,
    return_everything,
    return_scanned,
    return_units,
    say_why,
    split_return,
    step_return,
)
from liushui.till.actions.scan import scan
from liushui.till.actions.sell_value import Payment, sell_gift_card, top_up
from liushui.till.actions.verify_day import verify_day
from liushui.till.actions.void_sale import void_sale
from liushui.till.actions.void_value import void_value
from liushui.till.domain.denominations import counted_minor, denominations
from liushui.till.facts import decode_day, decode_shift
from liushui.till.member_queries import masked_member, member_box, usable_value
from liushui.till.queries import (
    current_shift,
    current_ticket,
    day_blockers,
    day_report,
    days,
    entries,
    finished,
    parked,
    receipt,
    shift,
    shift_blockers,
    shifts,
    ticket,
    x_report,
)
from liushui.till.return_queries import find_member_number, find_receipts, receipt_to_return, sku_of
from liushui.till.value_queries import value_sale, value_sales

__all__ = [
    "Payment",
    "add_code",
    "add_gift",
    "approve_here",
    "approve_return",
    "ask_approval",
    "cancel_ticket",
    "cancel_value",
    "close_approved",
    "close_day",
    "count_shift",
    "counted_minor",
    "current_shift",
    "current_ticket",
    "day_blockers",
    "day_report",
    "days",
    "decode_day",
    "decode_shift",
    "denominations",
    "entries",
    "explain_difference",
    "find_member",
    "find_member_number",
    "find_receipts",
    "finish_count",
    "finished",
    "give_back",
    "hand_over",
    "join_member",
    "keep_everything",
    "look_up",
    "masked_member",
    "member_box",
    "no_sale",
    "note_copy",
    "open_shift",
    "paid_in",
    "paid_out",
    "park",
    "parked",
    "pay_cash",
    "pay_mobile",
    "pay_recorded",
    "pay_value",
    "receipt",
    "receipt_to_return",
    "recover",
    "refresh",
    "refresh_value",
    "remove_code",
    "remove_member",
    "remove_tender",
    "resume",
    "return_everything",
    "return_scanned",
    "return_units",
    "say_why",
    "scan",
    "sell_gift_card",
    "set_units",
    "shift",
    "shift_blockers",
    "shifts",
    "sku_of",
    "split_return",
    "step_return",
    "ticket",
    "top_up",
    "usable_value",
    "value_sale",
    "value_sales",
    "verify_day",
    "void_line",
    "void_sale",
    "void_value",
    "x_report",
]

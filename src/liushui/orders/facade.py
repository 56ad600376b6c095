"""The door of orders: record, void, find, list and add up sales."""

from __future__ import annotations

from liushui.orders.actions.ask_void import ask_void, asked_void, at_stake, last_void_request, needs_two
from liushui.orders.actions.record_sales import Identity, record_sales, recorded_before
from liushui.orders.actions.void_sale import void_sale
from liushui.orders.explaining import set_explainer
from liushui.orders.facts import decode_fact
from liushui.orders.lists import daily_order_totals, list_totals, order_totals, sales
from liushui.orders.past_sales import past_sales, past_totals
from liushui.orders.queries import find_sale, price_explanation, sale, sale_facts
from liushui.orders.return_queries import for_return, receipts_of_chain, return_links, returned
from liushui.orders.words import CHANNELS, METHODS, channel_name, payment_name

__all__ = [
    "CHANNELS",
    "METHODS",
    "Identity",
    "ask_void",
    "asked_void",
    "at_stake",
    "channel_name",
    "daily_order_totals",
    "decode_fact",
    "find_sale",
    "for_return",
    "last_void_request",
    "list_totals",
    "needs_two",
    "order_totals",
    "past_sales",
    "past_totals",
    "payment_name",
    "price_explanation",
    "receipts_of_chain",
    "record_sales",
    "recorded_before",
    "return_links",
    "returned",
    "sale",
    "sale_facts",
    "sales",
    "set_explainer",
    "void_sale",
]

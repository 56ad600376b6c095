"""What row security does with each table that knows a store or a chain, and why it leaves some alone.

tests/security/test_row_security.py fails for a table with `store_id` or `chain_id` that stands in neither list.
"""

from __future__ import annotations

from liushui.runtime.row_policies import (
    BY_CHAIN,
    BY_STORE,
    CHAINS,
    OPEN,
    STORES,
    WHOLE_CHAINS,
    WITHIN_OR_NOWHERE,
    Policy,
    part_of,
    read_only,
    same,
)

_OF_A_SALE = same(part_of("orders_sale", key="sale_id"))
_TOTAL = read_only(BY_STORE.read or "")
_TOTAL_OF_CHAIN = read_only(f"chain_id IN {WHOLE_CHAINS}")  # sums over all of its stores
# Shared by a whole chain, and found by indexes that PostgreSQL does not use for LIKE below a condition on reading.
_OF_ALL_READERS = Policy(read=OPEN, insert=f"chain_id IN {CHAINS}", change=f"chain_id IN {CHAINS}")
_STORE_OF_CHAIN = f"store_id IN (SELECT id FROM stores_store WHERE chain_id IN {CHAINS})"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
_OWN_STORE_OR_CHAIN = same(f"store_id IN {STORES} OR store_id IS NULL AND chain_id IN {CHAINS}")

POLICIES: dict[str, Policy] = {
    "orders_sale": BY_STORE,
    "orders_line": _OF_A_SALE,
    "orders_discount": _OF_A_SALE,
    "orders_tender": _OF_A_SALE,
    "orders_price_explanation": Policy(read=_OF_A_SALE.read, insert=_OF_A_SALE.insert, change=None),
    # Goods come back in any store of the chain: what came back of a sale is the whole chain's to know.
    "orders_return_head": BY_CHAIN,
    "orders_return_counter": BY_CHAIN,
    "orders_returned_line": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "orders_returned_tender": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "returns_policy": BY_CHAIN,
    "returns_note": BY_STORE,
    "returns_entry": read_only(BY_STORE.read or ""),
    "intake_quarantineentryrow": WITHIN_OR_NOWHERE,
    "intake_importrunrow": same(f"chain_code IN (SELECT code FROM stores_chain WHERE id IN {CHAINS})"),  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
    "intake_rawmessage": Policy(read=None, insert=OPEN, change=None),  # what machines sent, kept unread
    "analytics_hourtotal": _TOTAL,
    "analytics_operatortotal": _TOTAL,
    "analytics_itemtotal": _TOTAL,
    "analytics_categorytotal": _TOTAL,
    "analytics_tendertotal": _TOTAL,
    "analytics_itemdaytotal": _TOTAL_OF_CHAIN,
    "analytics_itemmonthtotal": _TOTAL_OF_CHAIN,
    "analytics_itemlabel": read_only(BY_CHAIN.read or ""),
    "analytics_appliedsale": Policy(read=None, insert=None, change=None),
    "payments_paymentrow": BY_STORE,
    "payments_refundrow": same(part_of("payments_paymentrow", key="payment_id")),
    "payments_attemptrow": Policy(read=part_of("payments_paymentrow", key="payment_id"), insert=OPEN, change=None),
    "payments_caserow": WITHIN_OR_NOWHERE,
    "promotions_coupon_batch": BY_CHAIN,
    "promotions_coupon_code": BY_CHAIN,
    "promotions_coupon_issue": BY_CHAIN,
    "promotions_coupon_member_use": BY_CHAIN,
    "promotions_reservation": BY_CHAIN,
    "promotions_use": BY_CHAIN,
    "promotions_counter": BY_CHAIN,
    "promotions_member_counter": BY_CHAIN,
    "promotions_overrun": BY_CHAIN,
    "promotions_issued_coupon": BY_CHAIN,
    "promotions_cost": read_only(BY_CHAIN.read or ""),
    "till_day": BY_STORE,
    "till_shift": BY_STORE,
    "till_ticket": BY_STORE,
    "till_drawer": BY_STORE,
    "till_value": BY_STORE,
    "promotions_member_tier": BY_CHAIN,
    "promotions_chain_head": BY_CHAIN,
    "promotions_rulebook": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "promotions_cancelled_rulebook": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "promotions_draft": BY_CHAIN,
    "trials_backtest": BY_CHAIN,
    "privacy_subject": BY_CHAIN,
    "privacy_value": BY_CHAIN,
    "privacy_blind_index": BY_CHAIN,
    "privacy_notice": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "privacy_consent": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "privacy_erasure": BY_CHAIN,
    "privacy_code": BY_CHAIN,
    "privacy_message": BY_CHAIN,
    # A member buys, spends and brings back in any store of the chain.
    "loyalty_member": BY_CHAIN,
    "loyalty_card": BY_CHAIN,
    "loyalty_account": BY_CHAIN,
    "loyalty_entry": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "loyalty_balance_day": read_only(BY_CHAIN.read or ""),
    "loyalty_balance": read_only(BY_CHAIN.read or ""),
    "loyalty_hold": BY_CHAIN,
    "loyalty_top_up": BY_CHAIN,
    "loyalty_gift_card": BY_CHAIN,
    "loyalty_gift_card_batch": BY_CHAIN,
    "loyalty_card_block": BY_CHAIN,
    "loyalty_card_batch_block": BY_CHAIN,
    "loyalty_merge": BY_CHAIN,
    "loyalty_adjustment": BY_CHAIN,
    "loyalty_card_extension": BY_CHAIN,
    "loyalty_expiry_run": BY_CHAIN,
    "loyalty_programme": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "loyalty_cancelled_programme": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "loyalty_programme_head": BY_CHAIN,
    "loyalty_programme_draft": BY_CHAIN,
    "loyalty_earned_sale": BY_CHAIN,
    "loyalty_member_day": BY_CHAIN,
    "loyalty_tier_change": Policy(read=BY_CHAIN.read, insert=BY_CHAIN.insert, change=None),
    "loyalty_tier_day": BY_CHAIN,
    "loyalty_dry_run": BY_CHAIN,
    "loyalty_dry_run_member": same(part_of("loyalty_dry_run", key="run_id")),
    "runtime_auditentry": Policy(read=WITHIN_OR_NOWHERE.read, insert=OPEN, change=None),  # also who failed to sign in
    "runtime_approvalrow": _OWN_STORE_OR_CHAIN,
    "runtime_outboxevent": Policy(read=None, insert=OPEN, change=None),  # whole sales, for the worker to hand on
    "runtime_grantrow": _OF_ALL_READERS,  # read before it is known who speaks
    "catalog_category": _OF_ALL_READERS,
    "catalog_item": _OF_ALL_READERS,
    "catalog_import_run": BY_CHAIN,
    "catalog_import_fault": same(part_of("catalog_import_run", key="run_id")),
    "stores_region": _OF_ALL_READERS,
    "stores_store": _OF_ALL_READERS,
    "stores_workstation": Policy(read=OPEN, insert=_STORE_OF_CHAIN, change=_STORE_OF_CHAIN),
}

# Tables with a store or a chain that every request may read and write, and why.
EXEMPT: dict[str, str] = {
    "runtime_apiclient": "asked before it is known who speaks: which client a token belongs to",
    "runtime_tilldevice": "asked before it is known who speaks: which till a cookie belongs to",
    "runtime_tillsession": "asked before it is known who speaks: who is signed in at a till",
    "portal_session": "asked before it is known who speaks: which member a cookie belongs to",
    "runtime_tillenrolment": "a code that a till asks for before it belongs to any store",
}

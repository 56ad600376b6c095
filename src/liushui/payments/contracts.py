"""What others see of payments: money moved through a provider, apart from the sale that it is for.

A payment is held for its `reference` (a ticket of a till) from the moment it is paid, and belongs to a sale once it is
captured. A paid payment that is never captured is reversed or refunded: money is neither booked twice nor forgotten.

    created ─▶ pending ─▶ paid ─▶ refunded (wholly; in part it stays paid with refunded_minor)
                  │         └───▶ reversed (taken back by the provider before capture)
                  └─▶ failed | reversed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

PAYMENT_STATES = ("created", "pending", "paid", "failed", "reversed", "refunded")
OPEN_STATES = ("created", "pending")  # whose outcome is not known yet
PAYMENT_MODES = ("customer_scans", "we_scan")  # 主扫: the customer scans our QR code · 被扫: we scan the customer's

CASE_KINDS = (
    *("missing_here", "missing_there", "amount_differs", "state_differs"),
    *("refund_missing_here", "refund_missing_there"),
    "refund_failed",  # the provider refused to give back what we had promised
    "paid_late",  # paid after we had given it up: it is refunded by itself
)

PAYMENT_PAID = "liushui.payment.paid.v1"
PAYMENT_REVERSED = "liushui.payment.reversed.v1"
PAYMENT_REFUNDED = "liushui.payment.refunded.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPayment:
    """A payment to be begun. The caller makes the id; the same id sent again answers the same payment."""

    id: UUID
    chain_id: int
    store_id: int
    reference: str  # what it is for: ticket:<uuid>
    description: str  # what the customer reads in the wallet
    provider: str  # a name in facade.providers()
    mode: str  # one of PAYMENT_MODES
    amount_minor: int  # > 0
    currency: str
    auth_code: str = ""  # we_scan: what the customer's code said
    workstation: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment as we know it. Times are aware."""

    id: UUID
    chain_id: int
    store_id: int
    reference: str
    provider: str
    method: str  # the wallet, once known: alipay, wechat, card …
    mode: str
    amount_minor: int
    refunded_minor: int  # given back, or on its way back
    currency: str
    state: str  # one of PAYMENT_STATES
    provider_trade_id: str  # empty until the provider has given one
    qr_text: str  # customer_scans: what to show as a QR code
    failure: str  # a code when failed: declined, expired, user_cancelled, unreachable …
    user_is_paying: bool  # the customer was asked for a password on the phone
    sale_id: UUID | None  # set when captured
    created_at: datetime
    expires_at: datetime  # after it an unpaid payment is cancelled
    paid_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still unknown."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back through the provider, under an id of ours: created → done | failed."""

    id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    state: str  # created | done | failed
    reason: str
    provider_refund_id: str
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One thing said to the provider about a payment, or heard from it."""

    at: datetime
    operation: str  # begin, charge, query, close, reverse, refund, query_refund, notify
    request_id: str  # the same before and after a call
    refund_id: UUID | None
    outcome: str  # sent; then the state that was told, or not_delivered, unknown, refused
    detail: str
    milliseconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact:
    """Body of the events of a payment."""

    payment_id: UUID
    chain_id: int
    store_id: int
    reference: str
    provider: str
    provider_trade_id: str
    method: str
    amount_minor: int  # of the payment
    currency: str
    at: datetime
    sale_id: UUID | None = None
    refund_id: UUID | None = None  # refunded
    refund_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderView:
    """A provider that stores can use."""

    name: str  # sandbox
    title: str  # shown on the till's button; translated by the caller's language
    modes: tuple[str, ...]
    is_sandbox: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentQuery:
    """Which payments to list: the caller's stores, narrowed by what is not at its default."""

    store_ids: frozenset[int]
    first: date | None = None  # by created_at, in the server's time zone
    last: date | None = None
    state: str = ""
    provider: str = ""
    text: str = ""  # our id, the provider's trade id or a reference, whole
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """One page of payments, the newest first; `next_cursor` is empty on the last."""

    payments: tuple[Payment, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationCase:
    """A difference between a provider's daily bill and our records, until somebody has settled it."""

    id: UUID
    provider: str
    bill_date: date
    kind: str  # one of CASE_KINDS
    payment_id: UUID | None
    provider_trade_id: str
    store_id: int | None
    ours_minor: int | None
    theirs_minor: int | None
    currency: str
    state: str  # open | settled
    opened_at: datetime
    approval_id: UUID | None  # the request to settle it, when an amount differs
    note: str
    settled_by: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What comparing one day's bill came to."""

    provider: str
    bill_date: date
    lines: int  # in the bill
    matched: int
    ours_minor: int
    theirs_minor: int
    currency: str
    run_at: datetime
    cases: tuple[ReconciliationCase, ...]

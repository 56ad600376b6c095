"""What a payment provider must be able to do for us. Adapters speak the provider's own protocol behind it.

Amounts are whole minor units. A payment goes by our id (`out_trade_no`, 32 hexadecimal digits) and a refund by its own
(`out_refund_no`, likewise): begin, close, reverse and refund are safe to repeat under them. No method is called inside
a database transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

TRADE_STATES = (
    "not_found",  # the provider knows no payment under our id (yet: a request may still be on its way)
    "pending",  # waits for the customer
    "user_paying",  # the customer was asked for a password on the phone
    "paid",
    "refunded",  # was paid, and all of it was given back
    "closed",  # never paid and never will be
    "failed",  # refused: declined, code expired …
    "reversed",  # taken back wholly, whether it had been paid or not
)
REFUND_STATES = ("not_found", "processing", "done", "failed")


class NotDelivered(Exception):
    """The request certainly never reached the provider: nothing has happened there. `code` is for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutcomeUnknown(Exception):
    """The request may or may not have taken effect: timeout, dropped answer, an error of theirs, a bad signature."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ProviderRefused(Exception):
    """The provider understood and said no; nothing has happened. `code` is one of ours or else theirs."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class NotificationForged(Exception):
    """A notification that does not carry the provider's signature, or an old one sent again."""


class NotificationMalformed(Exception):
    """A signed notification that cannot be read."""


class BillNotReady(Exception):
    """The provider has no bill for that day yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be paid."""

    out_trade_no: str
    mode: str  # customer_scans | we_scan
    amount_minor: int
    currency: str
    description: str
    expires_at: datetime  # after it the provider takes no payment for this
    auth_code: str  # we_scan: what the customer's code said; never logged, never stored
    store: str
    terminal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A payment as the provider tells it."""

    state: str  # one of TRADE_STATES
    out_trade_no: str
    trade_id: str = ""  # the provider's own
    amount_minor: int | None = None  # what was asked of the customer, or paid
    currency: str = ""
    method: str = ""  # alipay, wechat, card …
    qr_text: str = ""
    failure: str = ""  # declined, auth_code_invalid, expired, user_cancelled …
    paid_at: datetime | None = None
    refunded_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Money to be given back."""

    out_refund_no: str
    out_trade_no: str
    trade_id: str
    amount_minor: int
    total_minor: int  # of the payment: WeChat Pay asks for it
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTrade:
    """A refund as the provider tells it."""

    state: str  # one of REFUND_STATES
    out_refund_no: str
    out_trade_no: str = ""
    refund_id: str = ""  # the provider's own
    amount_minor: int | None = None
    failure: str = ""
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """News from the provider, its signature checked: of a payment or of a refund."""

    event_id: str  # the same when it is sent again
    trade: Trade | None = None
    refund: RefundTrade | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of a provider's daily bill. Amounts are positive, also those of refunds."""

    kind: str  # trade | refund
    out_trade_no: str
    trade_id: str
    out_refund_no: str = ""
    refund_id: str = ""
    amount_minor: int
    currency: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A day of trades and refunds, as the provider settled them."""

    bill_date: date
    lines: tuple[BillLine, ...]
    sha256: str  # of the file as it came


class Provider(Protocol):
    """One way to be paid. Every method but the last may raise NotDelivered and OutcomeUnknown."""

    name: str
    time_zone: str  # in which its bills count days

    def begin(self, order: Order) -> Trade:
        """customer_scans: make the payment known and get the text of its QR code. Repeating it answers the same.

        Raises ProviderRefused.
        """

    def charge(self, order: Order) -> Trade:
        """we_scan: take the money by the customer's code. Called once a payment; afterwards it is asked by `query`.

        A refusal (declined, code expired) is a Trade with state failed.
        """

    def query(self, *, out_trade_no: str) -> Trade:
        """How a payment stands; state not_found when there is none."""

    def close(self, *, out_trade_no: str) -> Trade:
        """End a payment that nobody has paid. Answers state paid when somebody has, not_found when there is none."""

    def reverse(self, *, out_trade_no: str) -> Trade:
        """End a payment whatever it came to: an unpaid one is closed, a paid one wholly given back (撤销).

        Raises ProviderRefused when it is too late for that: then it is refunded.
        """

    def refund(self, order: RefundOrder) -> RefundTrade:
        """Give money back. Raises ProviderRefused."""

    def query_refund(self, *, out_refund_no: str, out_trade_no: str) -> RefundTrade:
        """How a refund stands; state not_found when there is none."""

    def fetch_bill(self, *, bill_date: date) -> Bill:
        """The bill of a day in the provider's time zone. Raises BillNotReady."""

    def read_notification(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notification:
        """Check the signature and read. Header names are in lower case.

        Raises NotificationForged, NotificationMalformed.
        """

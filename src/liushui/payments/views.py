"""Rows as what others see of them."""

from __future__ import annotations

from liushui.payments.contracts import Attempt, Payment, ReconciliationCase, Refund
from liushui.payments.models import AttemptRow, CaseRow, PaymentRow, RefundRow

_PAYMENT = tuple(Payment.__dataclass_fields__)
_REFUND = tuple(Refund.__dataclass_fields__)
_ATTEMPT = tuple(Attempt.__dataclass_fields__)
_CASE = tuple(ReconciliationCase.__dataclass_fields__)


def payment_of(row: PaymentRow) -> Payment:
    """A payment."""
    return Payment(**{name: getattr(row, name) for name in _PAYMENT})


def refund_of(row: RefundRow) -> Refund:
    """A refund."""
    return Refund(**{name: getattr(row, name) for name in _REFUND})


def attempt_of(row: AttemptRow) -> Attempt:
    """A line of the log of what was said."""
    return Attempt(**{name: getattr(row, name) for name in _ATTEMPT})


def case_of(row: CaseRow) -> ReconciliationCase:
    """A difference."""
    return ReconciliationCase(**{name: getattr(row, name) for name in _CASE})

"""What processes do that race for one approval, one code, one last try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from liushui.runtime import approvals, lockout, second_factor
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.stores import facade as stores

KIND = "race.void"
_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # base32 of the key of RFC 6238, appendix B
approvals.register_kind(approvals.Kind(name=KIND, title="Race", capability="till.approve"))


def _member(number: int, role: str) -> Principal:
    store = stores.stores()[0]
    held = Grant(role=role, chain_id=store.chain_id, store_id=store.id)
    return Principal(subject=f"staff:{number}", name=f"Member {number}", grants=(held,))


def ask_approval(*, target: str) -> str:
    """A cashier asks; the id of the request."""
    store = stores.stores()[0]
    asked = approvals.request(
        kind=KIND, target=target, chain_id=store.chain_id, store_id=store.id, reason="race",
        principal=_member(1000, "cashier"), now=timezone.now(),
    )  # fmt: skip
    return str(asked.id)


def decide_approval(*, approval_id: str, manager: int, approve: bool) -> dict[str, Any]:
    """A manager decides, or is told who has."""
    checker = _member(manager, "store_manager")
    try:
        decided = approvals.decide(
            approval_id=UUID(approval_id), approve=approve, principal=checker, now=timezone.now()
        )
    except approvals.AlreadyDecided as error:
        return {"decided": False, "told": error.detail}
    return {"decided": True, "state": decided.state, "name": checker.name}


def use_approval(*, approval_id: str, target: str) -> str:
    """Take the approval for the deed."""
    try:
        with transaction.atomic():
            approvals.use(approval_id=UUID(approval_id), kind=KIND, target=target, now=timezone.now())
    except approvals.ApprovalMissing:
        return "missing"
    return "used"


def inspect_approval(*, approval_id: str) -> dict[str, Any]:
    """What stands in the tables."""
    found = approvals.approval(approval_id=UUID(approval_id))
    decisions = AuditEntry.objects.filter(
        action__in=["approval.approved", "approval.rejected"], after__approval=approval_id
    )
    return {
        "state": found.state,
        "decided_by_name": found.decided_by_name,
        "decisions_in_audit_log": decisions.count(),
        "used": found.used_at is not None,
    }


def hire_with_app() -> int:
    """Somebody with an app whose first code was typed some minutes ago."""
    user = StaffUser.objects.create_user(username="race", password="correct horse")
    then = timezone.now() - timedelta(minutes=10)
    second_factor.add_totp(
        user=user, name="Phone", key=_KEY, code=second_factor.totp_code(key=_KEY, now=then),
        principal=_member(user.pk, "cashier"), now=then,
    )  # fmt: skip
    return user.pk


def give_code(*, user_id: int) -> bool:
    """Give the code that the app shows now; whether it was taken."""
    now = timezone.now()
    return second_factor.check_totp(user_id=user_id, code=second_factor.totp_code(key=_KEY, now=now), now=now)


def guess(*, username: str, address: str) -> str:
    """Guess a password; whether the guess was judged at all."""
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"lockout_failures": 5})
    try:
        lockout.count_try(
            request=RequestFactory(REMOTE_ADDR=address).post("/sign-in/"), username=username, now=timezone.now()
        )
    except lockout.TooManyTries:
        return "locked"
    return "judged"

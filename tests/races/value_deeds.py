"""What a till does that sells value by phone and dies; the money lies with a provider of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from tests.support.crash import crash_at_step
from tests.support.paper_wallet import PaperWallet, paid_on_paper

from liushui.loyalty import facade as loyalty
from liushui.loyalty.models import EntryRow
from liushui.payments import facade as payments
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.contracts import Till
from liushui.till.models import ValueRow
from liushui.till.tests.conftest import NOON, open_shop
from liushui.till.tests.membership import publish_programme

PAID, BONUS = 10_000, 1_000


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """Nothing but the tables, which are there."""


def open_counter() -> None:
    """The shop, its programme, and a shift."""
    shop = open_shop()
    publish_programme(chain_id=shop.till.chain_id)
    facade.open_shift(till=shop.till, float_minor=0, now=NOON)


def member(*, number: int, is_sold: bool) -> str:
    """Somebody, with a top-up of the same number if asked for."""
    store = stores.stores()[0]
    found = loyalty.join(
        chain_id=store.chain_id, phone=f"139{number:08}", store_id=store.id, channel="till",
        consents={"membership": "1", "marketing": "1"}, now=NOON,
    )  # fmt: skip
    if is_sold:
        top_up(who=str(found.member.id), value=number)
    return str(found.member.id)


def top_up(*, who: str, value: int, crash_at: int | None = None) -> dict[str, Any]:
    """Charge the customer's code for a top-up."""
    payment = facade.Payment(tender="mobile", provider="paper", auth_code="28" + "1" * 16)
    with _wallet(), crash_at_step(crash_at) as steps:
        sold = facade.top_up(
            till=_at(), value_id=UUID(int=value), member_id=UUID(who), paid_minor=PAID, payment=payment, now=NOON
        )
    return {"state": sold.state, "steps": steps.names}


def take_back(*, who: str, value: int, crash_at: int | None = None) -> dict[str, Any]:
    """Void it, as a manager approved."""
    asked = facade.ask_approval(
        till=_at(), kind="till.void_value", target=f"value:{UUID(int=value)}", reason="wrong", amount_minor=PAID,
        now=NOON,
    )  # fmt: skip
    if approvals.approval(approval_id=asked.id).state == "pending":
        approvals.decide(approval_id=asked.id, approve=True, principal=_person("mia", "store_manager"), now=NOON)
    with _wallet(), crash_at_step(crash_at) as steps:
        sold = facade.void_value(till=_at(), value_id=UUID(int=value), reason="wrong", approval_id=asked.id, now=NOON)
    return {"state": sold.state, "steps": steps.names}


def recovered(*, who: str, value: int) -> dict[str, Any]:
    """What tables and provider hold of one top-up, after the worker's clock has done all it can."""
    with _wallet():
        for turn in range(10):
            at = NOON + timedelta(minutes=5, seconds=61 * turn)
            if not payments.resolve_unknown(now=at) + facade.recover(now=at):
                break
    row = ValueRow.objects.filter(id=UUID(int=value)).first()
    known = payments.of_reference(reference=f"value:{UUID(int=value)}")
    balances = loyalty.balances(member_id=UUID(who))
    with _wallet() as wallet:
        kept = wallet.kept_minor([payment.id.hex for payment in known])
    return {
        "state": row.state if row is not None else "none",
        "with_provider": kept,
        "captured": sum(payment.sale_id is not None for payment in known),
        "balance": [balances.principal_minor, balances.gift_minor],
        "entries": EntryRow.objects.filter(account_id=UUID(who)).count(),
    }


def shift_sums() -> dict[str, int]:
    """What the shift's report says of payments by phone, and what the ledger holds in all."""
    here = _at()
    shift = facade.current_shift(till=here)
    assert shift is not None
    report = facade.x_report(shift_id=shift.id, store_ids={here.store_id}, now=NOON, blind=False)
    phones = [each for each in report.tenders if each.type == "mobile"]
    booked = EntryRow.objects.filter(kind__in=("top_up", "top_up_back"))
    return {
        "expected": sum(each.expected_minor for each in phones),
        "booked": sum(entry.principal_minor for entry in booked),
    }


def _at() -> Till:
    store = stores.stores()[0]
    station = next(each for each in stores.workstations(store_id=store.id) if each.code == "T1")
    return Till(
        device_id=UUID(int=station.id), workstation_id=station.id, workstation_code="T1", store_id=store.id,
        chain_id=store.chain_id, operator="ann", operator_name="Ann", principal=_person("ann", "cashier"),
    )  # fmt: skip


def _person(name: str, role: str) -> Principal:
    store = stores.stores()[0]
    grant = Grant(role=role, chain_id=store.chain_id, store_id=store.id)
    return Principal(subject=f"staff:{name}", name=name.title(), grants=(grant,))


def _wallet() -> AbstractContextManager[PaperWallet]:
    return paid_on_paper(settings.LIUSHUI.data_dir / "paper-wallet")

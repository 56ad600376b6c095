"""A chain with two stores, a cashier, and the sandbox provider as a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings

from liushui.kernel.ids import new_id
from liushui.payments import facade
from liushui.payments.contracts import Payment, StartPayment
from liushui.payments.tests.sandbox_process import SandboxProcess, start_sandbox
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store


@dataclass(frozen=True)
class Shop:
    chain_id: int
    here: Store
    there: Store
    cashier: Principal

    def command(self, **changes: Any) -> StartPayment:
        """A payment of 88.00 by QR code."""
        values: dict[str, Any] = {
            "id": new_id(),
            "chain_id": self.chain_id,
            "store_id": self.here.id,
            "reference": f"ticket:{new_id()}",
            "description": "Haolin First",
            "provider": "sandbox",
            "mode": "customer_scans",
            "amount_minor": 8800,
            "currency": "CNY",
            "workstation": "T1",
            "operator": "ann",
        }
        return StartPayment(**values | changes)

    def start(self, **changes: Any) -> Payment:
        return facade.start(command=self.command(**changes), principal=self.cashier, now=now())

    def refresh(self, payment: Payment) -> Payment:
        return facade.refresh(payment_id=payment.id, now=now())

    def cancel(self, payment: Payment) -> Payment:
        return facade.cancel(payment_id=payment.id, principal=self.cashier, now=now())

    def refund(self, payment: Payment, amount_minor: int, refund_id: UUID | None = None) -> Any:
        return facade.refund(
            refund_id=refund_id or new_id(),
            payment_id=payment.id,
            amount_minor=amount_minor,
            reason="wrong item",
            principal=self.cashier,
            now=now(),
        )


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    process = start_sandbox(django_settings.LIUSHUI.data_dir, "--bills-of-today")
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess, settings: Any) -> SandboxProcess:
    """The sandbox, offered to the stores; its notifications are handed over by the tests themselves."""
    settings.LIUSHUI = settings.LIUSHUI.model_copy(
        update={
            "sandbox_pay_url": sandbox_process.url,
            "payment_notify_url": "http://127.0.0.1:9",
            "payment_timeout_seconds": 3.0,
        }
    )
    return sandbox_process


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


def make_shop() -> Shop:
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    here, there = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First"),
            NewStore(chain_code="HM", region_code="EAST", code="SH02", name_zh="二店", name_en="Second"),
        ]
    )
    cashier = Principal(
        subject="staff:7", name="Ann", grants=(Grant(role="cashier", chain_id=chain.id, store_id=here.id),)
    )
    return Shop(chain_id=chain.id, here=here, there=there, cashier=cashier)


@pytest.fixture
def signed_in(shop: Shop, client: Any, settings: Any) -> Callable[..., Any]:
    """The test client, signed in as someone with this role in the first store or the whole chain; English."""
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"second_factor": "optional"})

    def sign_in(role: str = "store_manager", *, whole_chain: bool = False, name: str = "ann") -> Any:
        user = StaffUser.objects.create_user(username=name, password="quiet-river-runs", display_name=name.title())
        place = Grant(role=role, chain_id=shop.chain_id, store_id=None if whole_chain else shop.here.id)
        grant(subject=f"staff:{user.pk}", grant=place, granted_by=system_principal(name="tests"))
        client.force_login(user)
        client.cookies["liushui_language"] = "en"
        return client

    return sign_in

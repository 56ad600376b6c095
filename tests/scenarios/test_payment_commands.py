"""`liushui payments`: comparing a day's bill and finding out what is unknown, as somebody at a terminal does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.kernel.ids import new_id
from liushui.payments import facade
from liushui.payments.contracts import Payment, StartPayment
from liushui.payments.models import PaymentRow
from liushui.payments.tests.sandbox_process import SandboxProcess, start_sandbox
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(tmp_path, settings):
    process = start_sandbox(tmp_path, "--bills-of-today")
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": process.url, "data_dir": tmp_path})
    yield process
    process.stop()


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["payments", *arguments])


def charge(sandbox: SandboxProcess, **behaviours: Any) -> Payment:
    stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First")]
    )
    command = StartPayment(
        id=new_id(), chain_id=store.chain_id, store_id=store.id, reference="ticket:1", description="Haolin",
        provider="sandbox", mode="we_scan", amount_minor=8800, currency="CNY", auth_code=sandbox.code(**behaviours),
    )  # fmt: skip
    return facade.start(command=command, principal=system_principal(name="tests"), now=datetime.now(UTC))


def test_unknown_results_are_found_out_and_the_bill_is_compared(sandbox):
    today = datetime.now(ZoneInfo(django_settings.TIME_ZONE)).date().isoformat()
    payment = charge(sandbox, no_answer=["charge"])
    assert payment.state == "created"
    PaymentRow.objects.filter(id=payment.id).update(next_try_at=datetime.now(UTC) - timedelta(seconds=1))
    resolved = run("resolve")
    assert (resolved.exit_code, resolved.output) == (0, "Asked about 1.\n")
    assert facade.payment(payment_id=payment.id).state == "paid"

    agrees = run("reconcile", "--date", today, "--json")
    assert agrees.exit_code == 0, agrees.output
    [result] = json.loads(agrees.output)
    assert (result["lines"], result["matched"], result["ours_minor"], result["cases"]) == (1, 1, 8800, [])

    sandbox.control("extras", bill_date=today, amount_minor=700)
    differs = run("reconcile", "--date", today)
    assert differs.exit_code == 1
    assert "95.00 CNY" in differs.output

    assert run("reconcile", "--date", "soon").exit_code == 1
    assert run("reconcile", "--date", "2099-01-01").exit_code == 1


def test_without_a_provider_it_says_what_to_set(settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": ""})
    assert run("reconcile").exit_code == 1
    assert run("resolve").exit_code == 0

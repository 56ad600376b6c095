"""Payments and differences as people see them in the console."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.test import Client

from liushui.kernel.ids import new_id
from liushui.payments import facade
from liushui.payments.models import CaseRow, PaymentRow
from liushui.payments.tests.conftest import now
from liushui.runtime import approvals
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, staff_principal, system_principal
from liushui.runtime.models import StaffUser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_ledger(sandbox):
    sandbox.control("forget")


@pytest.fixture
def paid(shop, sandbox):
    return shop.start(mode="we_scan", auth_code=sandbox.code())


def today():
    return datetime.now(ZoneInfo(django_settings.TIME_ZONE)).date()


def text(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_the_readers_stores_with_filters(shop, paid, signed_in):
    waiting = shop.start(amount_minor=1234)
    browser = signed_in()
    page = text(browser.get("/payments/"))
    assert str(paid.id) in page
    assert str(waiting.id) in page
    assert "¥88.00" in page
    narrowed = text(browser.get("/payments/?state=paid"))
    assert (str(paid.id) in narrowed, str(waiting.id) in narrowed) == (True, False)
    for number in (str(paid.id), paid.provider_trade_id, paid.reference):
        found = text(browser.get("/payments/", {"q": number}))
        assert (str(paid.id) in found, str(waiting.id) in found) == (True, False)
    assert "No payment fits" in text(browser.get("/payments/?q=nothing"))
    assert "No payments on these days" in text(browser.get("/payments/?from=2020-01-01&to=2020-01-02"))
    assert str(paid.id) in text(browser.get("/payments/?after=rubbish"))


def test_another_stores_payments_are_not_shown(shop, paid, signed_in):
    PaymentRow.objects.filter(id=paid.id).update(store_id=shop.there.id)
    browser = signed_in()
    assert str(paid.id) not in text(browser.get("/payments/"))
    assert browser.get(f"/payments/{paid.id}/").status_code == 404
    assert browser.post(f"/payments/{paid.id}/ask/").status_code == 404


def test_the_list_pages_on(shop, sandbox, signed_in, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"page_rows": 2})
    ids = [str(shop.start().id) for _each in range(5)]
    browser, seen, address = signed_in(), [], "/payments/"
    for _page in range(3):
        page = text(browser.get(address))
        seen += [each for each in ids if each in page]
        cursor = page.split("after=")[-1].split('"')[0].split("&")[0] if "after=" in page else ""
        address = f"/payments/?after={cursor}"
    assert sorted(seen) == sorted(ids)


def test_one_payment_with_everything_that_was_said(shop, paid, signed_in):
    shop.refund(paid, 3000)
    page = text(signed_in().get(f"/payments/{paid.id}/"))
    for shown in (paid.provider_trade_id, paid.reference, "wrong item", "¥30.00", "Charge the customer"):
        assert shown in page, shown


def test_an_open_payment_is_asked_about_by_a_button(shop, sandbox, signed_in):
    payment = shop.start()
    browser = signed_in()
    assert "Ask the provider now" in text(browser.get(f"/payments/{payment.id}/"))
    sandbox.pay(payment.id)
    assert browser.post(f"/payments/{payment.id}/ask/").status_code == 302
    assert facade.payment(payment_id=payment.id).state == "paid"
    assert "Ask the provider now" not in text(browser.get(f"/payments/{payment.id}/"))


def test_the_export_is_safe_and_whole(shop, sandbox, signed_in):
    shop.start(mode="we_scan", auth_code=sandbox.code(), reference="=cmd")
    shop.start(amount_minor=5)
    answer = signed_in().get("/payments/export/?format=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "0.05" in lines[1]
    assert "'=cmd" in lines[2]
    assert "88.00" in lines[2]


def test_a_bill_is_compared_and_a_difference_settled_by_two(shop, sandbox, signed_in):
    shop.start(mode="we_scan", auth_code=sandbox.code(bill_minor=8900))
    fay = signed_in("finance", whole_chain=True, name="fay")
    assert "Nothing differs" in text(fay.get("/payments/cases/"))
    done = fay.post("/payments/reconcile/", {"provider": "sandbox", "date": today().isoformat()}, follow=True)
    assert "1 lines compared, 1 difference is open." in text(done)
    [row] = CaseRow.objects.all()
    address = f"/payments/cases/{row.id}/"
    assert "Ask for agreement" in text(fay.get(address))
    assert fay.post(address, {"note": " "}).status_code == 422
    assert "has been asked to agree" in text(fay.post(address, {"note": "their fee"}, follow=True))
    row.refresh_from_db()
    ben = StaffUser.objects.create_user(username="ben", password="quiet-river-runs", display_name="Ben")
    grant(
        subject=f"staff:{ben.pk}",
        grant=Grant(role="finance", chain_id=shop.chain_id),
        granted_by=system_principal(name="tests"),
    )
    assert "Fay has asked for agreement" in text(fay.get(address))
    approvals.decide(approval_id=row.approval_id, approve=True, principal=staff_principal(ben), now=now())
    assert "The difference is settled." in text(fay.post(address, {"note": "their fee"}, follow=True))
    row.refresh_from_db()
    assert (row.state, row.note, row.settled_by) == ("settled", "their fee", "Fay")
    assert str(row.id) in text(fay.get("/payments/cases/?state=settled"))
    assert str(row.id) not in text(fay.get("/payments/cases/"))


def test_what_nobody_here_knows_is_settled_by_the_whole_chain(shop, sandbox, signed_in):
    sandbox.control("extras", bill_date=today().isoformat(), amount_minor=700)
    facade.reconcile(provider="sandbox", bill_date=today(), now=now())
    [row] = CaseRow.objects.all()
    manager = signed_in("store_manager", name="max")
    assert manager.get(f"/payments/cases/{row.id}/").status_code == 404
    fay = signed_in("finance", whole_chain=True, name="fay")
    assert "asked to agree" in text(fay.post(f"/payments/cases/{row.id}/", {"note": "a test of theirs"}, follow=True))
    asked = approvals.approval(approval_id=CaseRow.objects.get(id=row.id).approval_id)
    assert (asked.chain_id, asked.store_id, asked.amount_minor) == (shop.chain_id, None, 700)


def test_who_may_only_read_neither_settles_nor_compares(shop, sandbox, signed_in):
    shop.start(mode="we_scan", auth_code=sandbox.code(bill_minor=8900))
    facade.reconcile(provider="sandbox", bill_date=today(), now=now())
    [row] = CaseRow.objects.all()
    manager = signed_in()
    page = text(manager.get(f"/payments/cases/{row.id}/"))
    assert "Ask for agreement" not in page
    assert manager.post(f"/payments/cases/{row.id}/", {"note": "x"}).status_code == 403
    assert manager.post("/payments/reconcile/", {"provider": "sandbox", "date": "2026-01-01"}).status_code == 403
    one_store = signed_in("finance", name="flo")
    assert one_store.post("/payments/reconcile/", {"provider": "sandbox", "date": "2026-01-01"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": "sandbox", "date": "soon"}, "This is not a date."),
        ({"provider": "sandbox", "date": "2099-01-01"}, "no bill for that day yet"),
        ({"provider": "nobody", "date": "2026-01-01"}, "could not be asked"),
    ],
)
def test_a_bill_that_cannot_be_compared_is_said_in_words(shop, sandbox, signed_in, given, said):
    fay = signed_in("finance", whole_chain=True)
    assert said in text(fay.post("/payments/reconcile/", given, follow=True))


def test_the_pages_are_chinese_for_who_reads_chinese(shop, paid, signed_in):
    browser = signed_in("finance", whole_chain=True)
    browser.cookies["liushui_language"] = "zh-hans"
    assert "渠道支付" in text(browser.get("/payments/"))
    assert "与渠道的往来" in text(browser.get(f"/payments/{paid.id}/"))
    assert "支付差异" in text(browser.get("/payments/cases/"))


def test_strangers_are_sent_to_sign_in(shop, paid):
    stranger = Client()
    for address in ("/payments/", f"/payments/{paid.id}/", "/payments/cases/", "/payments/export/"):
        assert stranger.get(address).status_code == 302
    assert stranger.post("/payments/reconcile/").status_code == 302
    assert facade.cases(store_ids={shop.here.id}, whole_chains=()) == ()
    assert stranger.get(f"/payments/cases/{new_id()}/").status_code == 302

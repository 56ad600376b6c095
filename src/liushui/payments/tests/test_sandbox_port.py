"""What every provider must do (providers/port.py), asked of the sandbox in its own process."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.conf import settings

from liushui.kernel.ids import new_id
from liushui.payments.providers import offered, signing
from liushui.payments.providers.port import (
    BillNotReady,
    NotDelivered,
    Order,
    OutcomeUnknown,
    ProviderRefused,
    RefundOrder,
)
from liushui.payments.providers.sandbox import MERCHANT, SandboxProvider
from liushui.payments.tests.sandbox_process import free_port

AMOUNT = 8800


@pytest.fixture
def provider(sandbox):
    return offered.provider("sandbox")


def order(**changes):
    values = {
        "out_trade_no": new_id().hex,
        "mode": "customer_scans",
        "amount_minor": AMOUNT,
        "currency": "CNY",
        "description": "Haolin",
        "expires_at": datetime.now(UTC) + timedelta(minutes=5),
        "auth_code": "",
        "store": "1",
        "terminal": "T1",
    }
    return Order(**values | changes)


def refund_of(asked, amount, number=None):
    return RefundOrder(
        out_refund_no=number or new_id().hex,
        out_trade_no=asked.out_trade_no,
        trade_id="",
        amount_minor=amount,
        total_minor=AMOUNT,
        currency="CNY",
        reason="wrong item",
    )


def pay(sandbox, asked):
    sandbox.control(f"payments/{asked.out_trade_no}/pay", method="alipay")


def test_a_qr_payment_waits_is_paid_and_is_told_so(provider, sandbox):
    asked = order()
    begun = provider.begin(asked)
    assert (begun.state, begun.amount_minor, begun.currency) == ("pending", AMOUNT, "CNY")
    assert begun.qr_text.startswith(f"{sandbox.url}/wallet/")
    assert provider.query(out_trade_no=asked.out_trade_no).state == "pending"
    pay(sandbox, asked)
    paid = provider.query(out_trade_no=asked.out_trade_no)
    assert (paid.state, paid.method, paid.trade_id) == ("paid", "alipay", begun.trade_id)
    assert paid.paid_at is not None
    assert abs((datetime.now(UTC) - paid.paid_at).total_seconds()) < 60


def test_begin_again_is_the_same_payment_and_another_amount_is_refused(provider):
    asked = order()
    assert provider.begin(asked) == provider.begin(asked)
    with pytest.raises(ProviderRefused, match="order_mismatch"):
        provider.begin(order(out_trade_no=asked.out_trade_no, amount_minor=AMOUNT + 1))


def test_a_customers_code_is_charged_once(provider, sandbox):
    code = sandbox.code()
    first = order(mode="we_scan", auth_code=code)
    assert provider.charge(first).state == "paid"
    assert provider.charge(first).state == "paid"
    again = provider.charge(order(mode="we_scan", auth_code=code))
    assert (again.state, again.failure) == ("failed", "auth_code_invalid")
    unknown = provider.charge(order(mode="we_scan", auth_code="281111111111111111"))
    assert (unknown.state, unknown.failure) == ("failed", "auth_code_invalid")


def test_a_customer_may_have_to_confirm_and_may_turn_away(provider, sandbox):
    asked = order(mode="we_scan", auth_code=sandbox.code(user_paying=True))
    assert provider.charge(asked).state == "user_paying"
    pay(sandbox, asked)
    assert provider.query(out_trade_no=asked.out_trade_no).state == "paid"
    other = order(mode="we_scan", auth_code=sandbox.code(user_paying=True))
    provider.charge(other)
    sandbox.control(f"payments/{other.out_trade_no}/cancel")
    gone = provider.query(out_trade_no=other.out_trade_no)
    assert (gone.state, gone.failure) == ("failed", "user_cancelled")


def test_close_ends_an_unpaid_payment_and_tells_of_a_paid_one(provider, sandbox):
    unpaid, paid = order(), order()
    provider.begin(unpaid)
    provider.begin(paid)
    pay(sandbox, paid)
    assert provider.close(out_trade_no=unpaid.out_trade_no).state == "closed"
    assert provider.close(out_trade_no=unpaid.out_trade_no).state == "closed"
    assert provider.close(out_trade_no=paid.out_trade_no).state == "paid"
    assert provider.close(out_trade_no=new_id().hex).state == "not_found"
    pay(sandbox, unpaid)
    assert provider.query(out_trade_no=unpaid.out_trade_no).state == "closed"


def test_reverse_takes_back_a_paid_payment_on_its_day_only(provider, sandbox):
    asked, old = order(), order()
    for each in (asked, old):
        provider.begin(each)
        pay(sandbox, each)
    assert [provider.reverse(out_trade_no=asked.out_trade_no).state for _twice in range(2)] == ["reversed"] * 2
    assert provider.query(out_trade_no=asked.out_trade_no).state == "reversed"
    sandbox.control(f"payments/{old.out_trade_no}/behave", paid_at=time.time() - 2 * 86400)
    with pytest.raises(ProviderRefused, match="reverse_too_late"):
        provider.reverse(out_trade_no=old.out_trade_no)
    assert provider.query(out_trade_no=old.out_trade_no).state == "paid"


def test_refunds_are_once_by_number_and_never_beyond_what_was_paid(provider, sandbox):
    asked = order()
    provider.begin(asked)
    pay(sandbox, asked)
    number = new_id().hex
    for _twice in range(2):
        told = provider.refund(refund_of(asked, 5000, number))
        assert (told.state, told.amount_minor, told.out_refund_no) in [
            ("processing", 5000, number),
            ("done", 5000, number),
        ]
    assert provider.query_refund(out_refund_no=number, out_trade_no=asked.out_trade_no).state == "done"
    with pytest.raises(ProviderRefused, match="refund_mismatch"):
        provider.refund(refund_of(asked, 5001, number))
    with pytest.raises(ProviderRefused, match="refund_too_much"):
        provider.refund(refund_of(asked, 3801))
    assert sandbox.control("payments/" + asked.out_trade_no + "/pay")["refunded_minor"] == 5000
    missing = provider.query_refund(out_refund_no=new_id().hex, out_trade_no=asked.out_trade_no)
    assert missing.state == "not_found"


def test_a_payment_that_nobody_makes_expires(provider):
    asked = order(expires_at=datetime.now(UTC) + timedelta(seconds=0.5))
    provider.begin(asked)
    time.sleep(0.7)
    gone = provider.query(out_trade_no=asked.out_trade_no)
    assert (gone.state, gone.failure) == ("closed", "expired")


@pytest.mark.parametrize(
    ("fault", "code"), [("no_answer", "no_answer"), ("error_after", "http_500"), ("bad_signature", "answer_not_signed")]
)
def test_a_lost_or_untrue_answer_is_an_unknown_outcome(provider, sandbox, fault, code):
    asked = order(mode="we_scan", auth_code=sandbox.code(**{fault: ["charge"]}))
    with pytest.raises(OutcomeUnknown) as raised:
        provider.charge(asked)
    assert raised.value.code == code
    assert provider.query(out_trade_no=asked.out_trade_no).state == "paid"


def test_an_error_before_leaves_nothing_behind(provider, sandbox):
    asked = order()
    sandbox.control("rules", when={"out_trade_no": asked.out_trade_no}, do={"error_before": ["begin"]})
    with pytest.raises(OutcomeUnknown):
        provider.begin(asked)
    assert provider.query(out_trade_no=asked.out_trade_no).state == "not_found"
    assert provider.begin(asked).state == "pending"


def test_a_slow_provider_is_an_unknown_outcome_and_a_dead_one_was_never_asked(sandbox, settings):
    folder = settings.LIUSHUI.data_dir / offered.SANDBOX_FOLDER
    values = {"folder": folder, "notify_url": "", "time_zone": "Asia/Shanghai"}
    hasty = SandboxProvider(url=sandbox.url, timeout_seconds=0.4, **values)
    asked = order(mode="we_scan", auth_code=sandbox.code(slow=1.0))
    with pytest.raises(OutcomeUnknown, match="timeout"):
        hasty.charge(asked)
    dead = SandboxProvider(url=f"http://127.0.0.1:{free_port()}", timeout_seconds=1, **values)
    with pytest.raises(NotDelivered):
        dead.query(out_trade_no=asked.out_trade_no)


def test_the_bill_of_a_day_that_is_not_over_is_not_there(provider):
    with pytest.raises(BillNotReady):
        provider.fetch_bill(bill_date=datetime.now(UTC).date() + timedelta(days=3))


def test_the_bill_holds_what_was_paid_and_refunded_that_day(provider, sandbox):
    asked = order()
    provider.begin(asked)
    pay(sandbox, asked)
    number = new_id().hex
    provider.refund(refund_of(asked, 300, number))
    at = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
    sandbox.control(f"payments/{asked.out_trade_no}/behave", paid_at=at)
    bill = provider.fetch_bill(bill_date=datetime(2026, 3, 2, tzinfo=UTC).date())
    [line] = [line for line in bill.lines if line.out_trade_no == asked.out_trade_no]
    assert (line.kind, line.amount_minor, line.currency) == ("trade", AMOUNT, "CNY")
    assert line.at is not None and line.at.timestamp() == at
    assert len(bill.sha256) == 64


def signed_headers(method, target, body=b"", timestamp=None, nonce=None):
    key = signing.Keys(settings.LIUSHUI.data_dir / offered.SANDBOX_FOLDER).private(MERCHANT)
    timestamp, nonce = timestamp or str(int(time.time())), nonce or signing.new_nonce()
    text = signing.request_text(method=method, target=target, timestamp=timestamp, nonce=nonce, body=body)
    return {
        signing.TIMESTAMP: timestamp,
        signing.NONCE: nonce,
        signing.SIGNATURE: signing.sign(key=key, text=text),
    }


def test_requests_unsigned_changed_old_or_replayed_are_refused(provider, sandbox):
    target = f"/v1/payments/{new_id().hex}"

    def ask(headers, path=target):
        answer = httpx.get(sandbox.url + path, headers=headers, trust_env=False)
        return answer.status_code, answer.json()["code"]

    headers = signed_headers("GET", target)
    assert ask({}) == (401, "signature")
    assert ask(headers, target + "?x=1") == (401, "signature")
    assert ask(signed_headers("GET", target, timestamp=str(int(time.time()) - 301))) == (401, "timestamp")
    assert ask(headers) == (404, "not_found")
    assert ask(headers) == (401, "replayed")


def test_levers_take_json_only(sandbox):
    answer = httpx.post(f"{sandbox.url}/control/auth-codes", data={"method": "alipay"}, trust_env=False)
    assert answer.status_code == 415
    wrong = httpx.post(
        f"{sandbox.url}/control/rules", json={"when": {"next": True}, "do": {"declin": True}}, trust_env=False
    )
    assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(("language", "button"), [("zh-CN,zh;q=0.9", "付款"), ("en-GB", "Pay now")])
def test_the_customers_phone_pays_and_cancels(provider, sandbox, language, button):
    headers = {"accept-language": language}
    asked, other = order(), order()
    url, other_url = provider.begin(asked).qr_text, provider.begin(other).qr_text
    page = httpx.get(url, headers=headers, trust_env=False)
    assert page.status_code == 200
    assert f'value="pay">{button}</button>' in page.text
    assert "¥88.00" in page.text
    pressed = httpx.post(url, data={"do": "pay", "method": "alipay"}, headers=headers, trust_env=False)
    assert pressed.status_code == 303
    assert provider.query(out_trade_no=asked.out_trade_no).state == "paid"
    httpx.post(other_url, data={"do": "cancel"}, headers=headers, trust_env=False)
    gone = provider.query(out_trade_no=other.out_trade_no)
    assert (gone.state, gone.failure) == ("closed", "user_cancelled")
    assert httpx.get(f"{sandbox.url}/wallet/nothing", trust_env=False).status_code == 404


def test_the_phone_shows_a_code_that_can_be_charged(provider, sandbox):
    page = httpx.post(f"{sandbox.url}/wallet/", data={"method": "alipay", "lang": "en"}, trust_env=False).text
    code = page.split("data-auth-code>")[1].split("<")[0]
    assert len(code) == 18
    assert httpx.get(f"{sandbox.url}/favicon.ico", trust_env=False).status_code == 204
    picture = httpx.get(f"{sandbox.url}/wallet/code/{code}.svg", trust_env=False)
    assert picture.headers["content-type"] == "image/svg+xml"
    trade = provider.charge(order(mode="we_scan", auth_code=code))
    assert (trade.state, trade.method) == ("paid", "alipay")

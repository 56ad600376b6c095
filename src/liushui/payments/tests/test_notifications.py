"""What providers send us: late, doubled, out of order, forged, or never; over the real address."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from liushui.kernel.ids import new_id
from liushui.payments import facade
from liushui.payments.models import AttemptRow, CaseRow, NotificationRow, PaymentRow
from liushui.payments.providers import signing
from liushui.payments.providers.offered import SANDBOX_FOLDER
from liushui.payments.sandbox.notices import signed_headers
from liushui.payments.tests.conftest import now
from liushui.payments.tests.test_payments import PAID, events
from liushui.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db
ADDRESS = "/payments/notify/sandbox/"


class Receiver(ThreadingHTTPServer):
    """Takes what the sandbox sends by itself; answers 503 to the first `refusals`."""

    def __init__(self, refusals):
        super().__init__(("127.0.0.1", 0), _Taker)
        self.taken, self.refusals = [], refusals
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def wait_for(self, count):
        for _attempt in range(300):
            if len(self.taken) >= count:
                break
            time.sleep(0.1)
        time.sleep(0.5)  # whatever comes beyond
        assert [path for path, *_rest in self.taken] == [ADDRESS] * count
        return self.taken


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.append((self.path, dict(self.headers.items()), body))
        refused = len(self.server.taken) <= self.server.refusals
        self.send_response(503 if refused else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format, *arguments):
        pass


@pytest.fixture
def receive(settings, sandbox):
    """A receiver in our server's place."""
    made = []

    def receiver(refusals=0):
        made.append(Receiver(refusals))
        settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"payment_notify_url": made[-1].url})
        return made[-1]

    yield receiver
    for each in made:
        each.shutdown()
        each.server_close()


def states_of(receiver_taken):
    """What each notification says, or that it was refused as forged."""
    told = []
    for _path, headers, body in receiver_taken:
        status, _answer = facade.take_notification(provider="sandbox", headers=headers, body=body, now=now())
        told.append(json.loads(body)["trade"]["state"] if status == 200 else status)
    return told


def test_the_sandbox_notifies_by_itself_until_it_is_answered(shop, sandbox, receive):
    receiver = receive(refusals=1)
    payment = shop.start()
    sandbox.pay(payment.id)
    taken = receiver.wait_for(2)
    assert taken[0][2] == taken[1][2]
    assert states_of(taken) == ["paid", "paid"]
    assert events(payment) == [PAID]


def test_forged_doubled_and_out_of_order_ones_book_once(shop, sandbox, receive):
    receiver = receive()
    sandbox.next(notify_forged=True, notify_twice=True, notify_out_of_order=True)
    payment = shop.start()
    sandbox.pay(payment.id)
    assert states_of(receiver.wait_for(4)) == [401, "paid", "paid", "pending"]
    assert facade.payment(payment_id=payment.id).state == "paid"
    assert events(payment) == [PAID]


def test_a_late_one_finds_what_was_asked_meanwhile(shop, sandbox, receive):
    receiver = receive()
    sandbox.next(notify_late=1.5)
    payment = shop.start()
    sandbox.pay(payment.id)
    assert receiver.taken == []
    assert shop.refresh(payment).state == "paid"
    assert states_of(receiver.wait_for(1)) == ["paid"]
    assert events(payment) == [PAID]


def test_a_lost_one_never_comes(shop, sandbox, receive):
    receiver = receive()
    sandbox.next(notify_lost=True)
    payment = shop.start()
    sandbox.pay(payment.id)
    assert receiver.wait_for(0) == []
    assert shop.refresh(payment).state == "paid"


@pytest.fixture
def send(client):
    """Post a notification as the provider does; the status it gets."""

    def post(headers, body, address=ADDRESS):
        return client.post(address, data=body, content_type="application/json", headers=headers).status_code

    return post


def test_a_notification_makes_it_paid_once_however_often_it_comes(shop, sandbox, send):
    payment = shop.start()
    sandbox.pay(payment.id)
    headers, body = sandbox.notification(payment.id)
    assert [send(headers, body) for _copy in range(3)] == [200, 200, 200]
    assert send(*sandbox.notification(payment.id)) == 200
    assert facade.payment(payment_id=payment.id).state == "paid"
    assert events(payment) == [PAID]
    assert NotificationRow.objects.count() == 1
    assert AttemptRow.objects.filter(payment_id=payment.id, operation="notify").count() == 1


def test_an_older_notification_that_comes_later_changes_nothing(shop, sandbox, send):
    payment = shop.start()
    older = sandbox.notification(payment.id, state="pending")
    closed = sandbox.notification(payment.id, state="closed")
    sandbox.pay(payment.id)
    assert send(*sandbox.notification(payment.id)) == 200
    assert (send(*older), send(*closed)) == (200, 200)
    assert facade.payment(payment_id=payment.id).state == "paid"
    assert events(payment) == [PAID]


def test_a_lost_notification_is_made_good_by_asking(shop, sandbox):
    payment = shop.start()
    sandbox.pay(payment.id)
    assert facade.payment(payment_id=payment.id).state == "pending"
    row = PaymentRow.objects.get(id=payment.id)
    assert facade.resolve_unknown(now=row.next_try_at) == 1
    assert facade.payment(payment_id=payment.id).state == "paid"


def test_a_forged_notification_is_refused_and_audited(shop, sandbox, send):
    payment = shop.start()
    sandbox.pay(payment.id)
    assert send(*sandbox.notification(payment.id, forged=True)) == 401
    assert facade.payment(payment_id=payment.id).state == "pending"
    [entry] = AuditEntry.objects.filter(action="payment.notify_refused")
    assert (entry.target, entry.subject, entry.after) == ("provider:sandbox", "anonymous", {"why": "signature"})
    assert NotificationRow.objects.count() == 0


def test_a_true_notification_that_was_changed_on_its_way_is_refused(shop, sandbox, send):
    payment = shop.start()
    headers, body = sandbox.notification(payment.id)
    changed = json.loads(body) | {"event_id": "another"}
    changed["trade"]["state"] = "paid"
    assert send(headers, json.dumps(changed).encode()) == 401
    assert facade.payment(payment_id=payment.id).state == "pending"


def test_an_old_notification_cannot_be_sent_again_later(shop, sandbox):
    payment = shop.start()
    sandbox.pay(payment.id)
    headers, body = sandbox.notification(payment.id)
    late = now() + timedelta(days=366)
    assert facade.take_notification(provider="sandbox", headers=headers, body=body, now=late)[0] == 401
    assert facade.payment(payment_id=payment.id).state == "pending"


def test_forgers_fill_no_audit_log(shop, sandbox):
    for _each in range(70):
        assert facade.take_notification(provider="sandbox", headers={}, body=b"{}", now=now())[0] == 401
    assert AuditEntry.objects.filter(action="payment.notify_refused").count() == 60


def test_a_notification_of_another_amount_books_nothing(shop, sandbox, send):
    payment = shop.start()
    sandbox.pay(payment.id)
    assert send(*sandbox.notification(payment.id, amount_minor=1)) == 200
    after = facade.payment(payment_id=payment.id)
    assert (after.state, after.failure) == ("failed", "amount_differs")
    [case] = CaseRow.objects.all()
    assert (case.kind, case.ours_minor, case.theirs_minor) == ("amount_differs", 8800, 1)
    assert events(payment) == []


def test_money_for_a_payment_that_we_never_made_is_a_case(shop, sandbox, send):
    payment = shop.start()
    sandbox.pay(payment.id)
    headers, body = sandbox.notification(payment.id)
    PaymentRow.objects.filter(id=payment.id).delete()
    assert send(headers, body) == 200
    [case] = CaseRow.objects.all()
    assert (case.kind, case.theirs_minor, case.payment_id, case.store_id) == ("missing_here", 8800, None, None)


def test_a_refund_is_notified_too(shop, sandbox, send):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code())
    refund = shop.refund(payment, 3000)
    made = sandbox.control("notifications", out_refund_no=refund.id.hex)
    assert send(made["headers"], made["body"].encode()) == 200
    [found] = facade.refunds_of(payment_id=payment.id)
    assert (found.state, found.provider_refund_id[:2]) == ("done", "SR")
    assert facade.payment(payment_id=payment.id).refunded_minor == 3000


def test_the_address_takes_small_posts_of_known_providers_only(shop, sandbox, client, send):
    assert send({}, b"{}", "/payments/notify/nobody/") == 404
    assert send({}, b"x" * 70_000) == 413
    assert client.get(ADDRESS).status_code == 405
    assert send({}, b"{}") == 401


def test_without_a_provider_the_address_knows_nobody(shop, send, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": ""})
    assert send({}, b"{}") == 404


def test_a_signed_notification_that_cannot_be_read_is_a_400(shop, sandbox, send, settings):
    keys = signing.Keys(settings.LIUSHUI.data_dir / SANDBOX_FOLDER)
    for body in (b"[]", b"no json", b'{"event_id": 1}', b'{"event_id": "a", "trade": {"state": "odd"}}'):
        assert send(signed_headers(keys, body), body) == 400
    unknown = json.dumps({"event_id": "b", "refund": {"state": "done", "out_refund_no": new_id().hex}}).encode()
    assert send(signed_headers(keys, unknown), unknown) == 200

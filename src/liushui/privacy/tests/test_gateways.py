"""Texts go to the chain's webhook, mails to its SMTP server: signed, tried again under one id, silent about whom."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import translation
from pydantic import SecretStr
from pytest_django import DjangoAssertNumQueries
from structlog.testing import capture_logs

from liushui.privacy import facade
from liushui.privacy.errors import MessageFailed, TooManyCodes
from liushui.privacy.models import MessageRow, RateRow
from liushui.privacy.tests.conftest import NOW, PERSON, PHONE
from liushui.privacy.tests.doubles import adapter, smtp_server

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-this-test"


@pytest.fixture
def gateway(setting: Callable[..., None]) -> Callable[..., None]:
    """Texts go to this address."""

    def put(url: str, **other: Any) -> None:
        setting(message_sender="gateway", sms_url=url, sms_secret=SecretStr(SECRET), **other)

    return put


def ask() -> Any:
    given = {"to": PHONE, "channel": "sms", "purpose": "sign-in", "address": "10.0.0.1"}
    return facade.request_code(chain_id=1, now=NOW, **given)


def test_a_code_is_posted_signed_and_nothing_else_shows_it(gateway: Callable[..., None]) -> None:
    with adapter() as there, translation.override("zh-hans"):
        gateway(there.url, demo_hints=True)
        asked = ask()
    [(headers, body)] = there.posts
    row = MessageRow.objects.get()
    assert asked.hint == ""  # a page never shows what goes to a phone
    assert (row.sender, row.outcome, row.to_masked) == ("GatewaySender", "sent", "138****5678")
    sent = json.loads(body)
    assert set(sent) == {"id", "to", "text", "purpose"}
    assert (sent["id"], sent["to"], sent["purpose"]) == (str(row.id), f"+86{PHONE}", "code")
    assert headers["idempotency-key"] == str(row.id)
    text = f"{headers['liushui-timestamp']}.".encode() + body
    assert headers["liushui-signature"] == "v1=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert abs(int(headers["liushui-timestamp"]) - time.time()) < 60
    code = next(word for word in sent["text"].replace("，", " ").split() if word[:6].isdigit())[:6]
    assert facade.check_code(
        chain_id=1, to=PHONE, channel="sms", purpose="sign-in", code=code, address="10.0.0.1", now=NOW
    ) == f"+86{PHONE}"  # fmt: skip


@pytest.mark.parametrize("statuses", [(503,), (0, 429), (500, 408)])
def test_what_may_go_through_later_is_sent_again_under_the_same_id(
    gateway: Callable[..., None], statuses: tuple[int, ...]
) -> None:
    with adapter(*statuses) as there:
        gateway(there.url)
        ask()
    assert len(there.posts) == len(statuses) + 1
    assert {headers["idempotency-key"] for headers, _body in there.posts} == {str(MessageRow.objects.get().id)}
    assert len({body for _headers, body in there.posts}) == 1
    assert MessageRow.objects.get().outcome == "sent"


@pytest.mark.parametrize(
    ("statuses", "tries", "problem"),
    [((400,), 1, "status 400"), ((401,), 1, "status 401"), ((302,), 1, "status 302"), ((500,) * 3, 3, "status 500")],
)
def test_what_is_refused_is_said_without_the_number(
    gateway: Callable[..., None], statuses: tuple[int, ...], tries: int, problem: str
) -> None:
    with adapter(*statuses) as there, capture_logs() as log, pytest.raises(MessageFailed) as raised:
        gateway(there.url)
        ask()
    assert len(there.posts) == tries
    assert (raised.value.status, raised.value.detail) == (503, problem)
    row = MessageRow.objects.get()
    assert row.outcome == "failed"
    assert log == [
        {"event": "message_failed", "log_level": "warning", "channel": "sms", "message_id": str(row.id),
         "problem": problem}
    ]  # fmt: skip


def test_nobody_waits_longer_than_the_setting_says(gateway: Callable[..., None]) -> None:
    with adapter(pause_seconds=30) as there:
        gateway(there.url, message_seconds=0.8)
        began = time.monotonic()
        with pytest.raises(MessageFailed) as raised:
            ask()
        took = time.monotonic() - began
        there.wakes.set()
    assert raised.value.detail == "timeout"
    assert took < 15  # a busy machine included; the adapter would have taken twice as long


def test_where_nobody_listens_it_is_said_at_once(gateway: Callable[..., None]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gateway(f"http://127.0.0.1:{port}/")
    with pytest.raises(MessageFailed) as raised:
        ask()
    assert raised.value.detail == "ConnectError"


def test_a_gateway_that_is_down_locks_nobody_out(gateway: Callable[..., None]) -> None:
    with adapter(*[400] * 7) as there:
        gateway(there.url)
        for _ in range(7):
            with pytest.raises(MessageFailed):
                ask()
        for _ in range(5):
            ask()
        with pytest.raises(TooManyCodes):
            ask()
    assert len(there.posts) == 12
    assert RateRow.objects.get(key__startswith="code-to:").count == 5


def test_without_an_address_or_a_secret_nothing_is_sent(setting: Callable[..., None]) -> None:
    setting(message_sender="gateway")
    with pytest.raises(MessageFailed) as raised:
        ask()
    assert raised.value.detail == "not-set-up"
    setting(message_sender="gateway", sms_url="http://127.0.0.1:9/")
    with pytest.raises(MessageFailed) as raised:
        ask()
    assert raised.value.detail == "not-set-up"


def test_the_secret_may_stand_in_a_file(setting: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "sms").write_text(f"{SECRET}\n")
    with adapter() as there:
        setting(message_sender="gateway", sms_url=there.url, sms_secret_file=tmp_path / "sms")
        ask()
    [(headers, body)] = there.posts
    text = f"{headers['liushui-timestamp']}.".encode() + body
    assert headers["liushui-signature"] == "v1=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def mailing(settings: Any, setting: Callable[..., None], port: int) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    settings.DEFAULT_FROM_EMAIL, settings.EMAIL_TIMEOUT = "Tea House <noreply@tea.example>", 2
    setting(message_sender="gateway")


def mail(person: UUID) -> None:
    facade.send_message(
        chain_id=1, subject_id=person, channel="email", text="两杯茶，一份价钱", purpose="service", now=NOW
    )


def test_a_mail_arrives_at_a_real_socket(person: UUID, settings: Any, setting: Callable[..., None]) -> None:
    with smtp_server() as box, translation.override("en"):
        mailing(settings, setting, box.port)
        mail(person)
    [(sender, receivers, text)] = box.mails
    arrived = email.message_from_bytes(text.encode(), policy=email.policy.default)
    row = MessageRow.objects.get()
    assert (sender.split(" ")[1], receivers) == (
        "FROM:<noreply@tea.example>", [f"TO:<{PERSON['email']}>"]
    )  # fmt: skip
    assert (arrived["Subject"], arrived["To"]) == ("A message from the shop", PERSON["email"])
    assert arrived["Message-ID"] == f"<{row.id}@tea.example>"
    assert arrived.get_content().strip() == "两杯茶，一份价钱"
    assert (row.outcome, row.to_masked) == ("sent", "r***@mail.example")


def test_what_an_smtp_server_answers_about_somebody_goes_nowhere(
    person: UUID, settings: Any, setting: Callable[..., None]
) -> None:
    with smtp_server(refuses=550) as box, capture_logs() as log, pytest.raises(MessageFailed) as raised:
        mailing(settings, setting, box.port)
        mail(person)
    assert box.mails == []
    assert raised.value.detail == "SMTPRecipientsRefused"
    assert raised.value.__context__ is None
    assert PERSON["email"] not in repr(log)
    assert MessageRow.objects.get().outcome == "failed"


def test_no_transaction_is_open_while_a_gateway_is_asked(
    gateway: Callable[..., None], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Two turns, the code, the message, then the gateway, its outcome: five statements, each by itself."""
    with adapter() as there:
        gateway(there.url)
        with django_assert_num_queries(5) as seen:
            ask()
    assert [query["sql"].split()[0] for query in seen.captured_queries] == ["INSERT"] * 4 + ["UPDATE"]

"""One-time codes: the newest counts, for five minutes and five tries, once; and nobody is flooded with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from liushui.privacy import facade
from liushui.privacy.actions.one_time_codes import forget_codes
from liushui.privacy.contracts import CodeRequest
from liushui.privacy.errors import InvalidPersonalData, TooManyCodes, WrongCode
from liushui.privacy.models import CodeRow, MessageRow, RateRow
from liushui.privacy.tests.conftest import MASKED, NOW, PHONE

pytestmark = pytest.mark.django_db


def request(now: datetime = NOW, **other: str) -> CodeRequest:
    given = {"to": PHONE, "channel": "sms", "purpose": "sign-in", "address": "10.0.0.1"} | other
    return facade.request_code(chain_id=1, now=now, **given)


def check(code: str, now: datetime = NOW, **other: str) -> str:
    given = {"to": PHONE, "channel": "sms", "purpose": "sign-in", "address": "10.0.0.1"} | other
    return facade.check_code(chain_id=1, code=code, now=now, **given)


def sent(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "outbox" / "messages.jsonl").read_text().splitlines()]


def code_in(text: str) -> str:
    return next(word for word in text.split() if word.isdigit() and len(word) == 6)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.fixture(autouse=True)
def english() -> None:
    from django.utils import translation

    with translation.override("en"):
        yield


def test_a_code_proves_the_phone_once(own_folder: Path) -> None:
    asked = request()
    assert (asked.to, asked.hint, asked.expires_at) == (MASKED, "", NOW + timedelta(minutes=5))
    [message] = sent(own_folder)
    assert (message["to"], message["channel"]) == (MASKED, "sms")
    code = code_in(message["text"])
    assert check(f" {code[:3]} {code[3:]} ", to="+86 138 1234 5678") == "+8613812345678"
    with pytest.raises(WrongCode):
        check(code)


def test_only_the_newest_code_counts(own_folder: Path) -> None:
    request()
    request(NOW + timedelta(seconds=30))
    first, second = (code_in(message["text"]) for message in sent(own_folder))
    if first != second:
        with pytest.raises(WrongCode):
            check(first, NOW + timedelta(seconds=40))
    assert check(second, NOW + timedelta(seconds=40))


@pytest.mark.parametrize(
    "other", [{"purpose": "erase"}, {"to": "13812345679"}, {"to": "someone@mail.example", "channel": "email"}]
)
def test_a_code_is_good_for_its_phone_and_purpose_only(own_folder: Path, other: dict[str, str]) -> None:
    request()
    with pytest.raises(WrongCode):
        check(code_in(sent(own_folder)[0]["text"]), **other)


def test_five_wrong_tries_end_a_code(own_folder: Path) -> None:
    request()
    code = code_in(sent(own_folder)[0]["text"])
    for _ in range(5):
        with pytest.raises(WrongCode):
            check(wrong(code))
    with pytest.raises(WrongCode, match="tried too often"):
        check(code)
    assert CodeRow.objects.get().tries == 5


def test_a_code_ends_after_five_minutes(own_folder: Path) -> None:
    request()
    code = code_in(sent(own_folder)[0]["text"])
    with pytest.raises(WrongCode):
        check(code, NOW + timedelta(minutes=5))
    assert forget_codes(now=NOW + timedelta(minutes=11)) == 1


def test_nobody_is_flooded(own_folder: Path) -> None:
    for _ in range(5):
        request()
    with pytest.raises(TooManyCodes):
        request()
    with pytest.raises(TooManyCodes):
        request(address="10.0.0.2")  # from elsewhere neither
    assert len(sent(own_folder)) == MessageRow.objects.count() == 5
    request(NOW + timedelta(hours=1))


def test_one_address_asks_and_tries_so_often_only(own_folder: Path) -> None:
    for number in range(30):
        request(to=f"1391234{number:04}")
    with pytest.raises(TooManyCodes):
        request(to="13912349999")
    for number in range(60):
        with pytest.raises(WrongCode):
            check("000000", to=f"1371234{number:04}")
    with pytest.raises(TooManyCodes):
        check("000000", to="13712349999")


def test_nothing_kept_of_it_names_phone_or_code(own_folder: Path) -> None:
    request()
    code = code_in(sent(own_folder)[0]["text"])
    kept = repr([list(model.objects.values_list()) for model in (CodeRow, MessageRow, RateRow)])
    assert PHONE not in kept
    assert f"'{code}'" not in kept
    assert "10.0.0.1" not in kept
    assert PHONE not in (own_folder / "outbox" / "messages.jsonl").read_text()


def test_a_demonstration_shows_the_code_where_it_was_asked_for(own_folder: Path, setting: Callable[..., None]) -> None:
    setting(data_dir=own_folder, demo_hints=True)
    asked = request()
    assert asked.hint == code_in(sent(own_folder)[0]["text"])
    setting(data_dir=own_folder, demo_hints=True, message_sender="null")
    assert request().hint == ""  # nobody shows what goes to a phone


def test_what_is_no_phone_gets_no_code(own_folder: Path) -> None:
    with pytest.raises(InvalidPersonalData):
        request(to="12345")
    assert not (own_folder / "outbox").exists()

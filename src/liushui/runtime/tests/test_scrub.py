"""What never reaches the logs: personal data and secrets, wherever they stand in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.runtime.scrub import scrub, scrubbed


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("call 13812345678 now", "call [hidden] now"),
        ("电话13812345678。", "电话[hidden]。"),
        ("tel13812345678", "tel[hidden]"),
        ("+86 138-1234-5678", "[hidden]"),
        ("8613812345678", "[hidden]"),
        ("0086 13812345678", "[hidden]"),
        ("138 1234 5678", "[hidden]"),
        ("mail li.lei+shop@example.com.cn please", "mail [hidden] please"),
        ("邮箱li@example.com，谢谢", "邮箱[hidden]，谢谢"),
        ("身份证11010519491231002X", "身份证[hidden]"),
        ("id 110105194912310021.", "id [hidden]."),
        ("card 6222021234567890128", "card [hidden]"),
        ("card 4111 1111 1111 1111 x", "card [hidden] x"),
        ("4111-1111-1111-1111", "[hidden]"),
        ("4111 1111 1111 1111 20 points", "[hidden] 20 points"),
        ("6222 0212 3456 7890 128", "[hidden]"),
        ("20260301 13812345678", "20260301 [hidden]"),
        ("13812345678 0", "[hidden] 0"),
        ("Authorization: Bearer abc.def-123", "Authorization: [hidden]"),
        ("sent Bearer abc.def~123== to", "sent Bearer [hidden] to"),
        ("client_secret=s3cr3t&scope=sale.write", "client_secret=[hidden]&scope=sale.write"),
        ('{"password": "p w", "x": 1}', '{"password": "[hidden] w", "x": 1}'),
        ("two: 13812345678, 13912345678", "two: [hidden], [hidden]"),
    ],
)
def test_a_text_loses_what_names_or_unlocks(text, kept):
    assert scrubbed(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "sale 01957a9c-8b2a-7000-8000-138123456789 recorded",  # a UUID whose end looks like a phone number
        "0199a8c113812345678abcdef0123456",
        "gtin 06901234567892",
        "6222021234567890129",  # does not pass Luhn: a typing error, or no card at all
        "amount 123456789 fen",
        "2026-03-01T09:30:00.123456Z",
        "2026-03-01 09:30:00 to 2026-03-02 10:00:00",
        "member M13812345674, gift card G15912345670",
        "12812345678",  # no mobile number starts with 12
        "store S001, till 3, receipt 20260301-000123",
        "流水 liushui",
        "",
    ],
)
def test_a_text_without_them_stays_as_it_is(text):
    assert scrubbed(text) == text


def test_keys_that_name_secrets_lose_their_values_however_deep():
    event = {
        "event": "token refused",
        "Authorization": "abc",
        "password": "p",
        "client_secret": "s",
        "csrf_token": "t",
        "Set-Cookie": "sessionid=1",
        "api_key": "k",
        "store": "S001",
        "body": {
            "access_token": "t",
            "lines": [{"phone": 13812345678, "amount_minor": 1250}],
            "note": ("13812345678",),
        },
    }
    assert scrub(None, "info", event) == {
        "event": "token refused",
        "Authorization": "[hidden]",
        "password": "[hidden]",
        "client_secret": "[hidden]",
        "csrf_token": "[hidden]",
        "Set-Cookie": "[hidden]",
        "api_key": "[hidden]",
        "store": "S001",
        "body": {
            "access_token": "[hidden]",
            "lines": [{"phone": "[hidden]", "amount_minor": 1250}],
            "note": ["[hidden]"],
        },
    }


def test_numbers_and_other_values_keep_their_type():
    event = {"status": 200, "duration_ms": 1.5, "ok": True, "none": None, "amount_minor": 99_999_999}
    assert scrub(None, "info", dict(event)) == event


@given(
    st.text("0123456789", min_size=8, max_size=8),
    st.sampled_from("3456789"),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_mobile_number_is_hidden_in_any_surroundings(digits, second, before, after):
    number = f"1{second}0{digits}"
    assert number not in scrubbed(f"{before} {number} {after}")

"""Signatures: what is signed, what is refused, and where keys lie."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from liushui.payments.providers import signing


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return signing.Keys(tmp_path_factory.mktemp("keys"))


def test_a_signature_is_of_this_text_by_this_owner_alone(keys):
    text = signing.notify_text(timestamp="1", nonce="n", body=b"{}")
    signature = signing.sign(key=keys.private("a"), text=text)
    keys.private("b")
    assert signing.is_signed(key=keys.public("a"), text=text, signature=signature)
    assert not signing.is_signed(key=keys.public("b"), text=text, signature=signature)
    assert not signing.is_signed(key=keys.public("a"), text=text + b" ", signature=signature)
    for wrong in ("", "!!", signature[:-4], signature.replace(signature[0], "Z", 1) + "A"):
        assert not signing.is_signed(key=keys.public("a"), text=text, signature=wrong)


def test_no_kind_of_text_can_be_taken_for_another():
    request = signing.request_text(method="POST", target="/v1/payments", timestamp="1", nonce="n", body=b"x")
    answer = signing.answer_text(status=200, request_nonce="n", timestamp="1", nonce="m", body=b"x")
    notify = signing.notify_text(timestamp="1", nonce="n", body=b"x")
    assert {text.split(b"\n")[0] for text in (request, answer, notify)} == {b"REQUEST", b"ANSWER", b"NOTIFY"}


def test_a_text_is_fresh_for_five_minutes_either_way():
    assert signing.is_fresh(timestamp="1000", now_seconds=1300)
    assert signing.is_fresh(timestamp="1000", now_seconds=700)
    assert not signing.is_fresh(timestamp="1000", now_seconds=1301)
    assert not signing.is_fresh(timestamp="1000", now_seconds=699)
    for wrong in ("", "-1", "1e3", "١٠٠٠", " 1000"):
        assert not signing.is_fresh(timestamp=wrong, now_seconds=1000)


def test_the_private_key_is_for_its_owner_alone(keys, tmp_path):
    made = signing.Keys(tmp_path)
    made.private("merchant")
    assert stat.S_IMODE((tmp_path / "merchant_private.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merchant_private.pem", "merchant_public.pem"]
    assert made.public("nobody") is None


def test_a_public_key_that_was_never_published_is_made_good(tmp_path):
    signing.Keys(tmp_path).private("x")
    (tmp_path / "x_public.pem").unlink()
    again = signing.Keys(tmp_path)
    key = again.private("x")
    public = again.public("x")
    assert public is not None
    assert public.public_numbers() == key.public_key().public_numbers()


def test_many_that_make_a_key_at_once_get_the_same_one(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: signing.Keys(tmp_path).private("x").private_numbers().d, range(4)))
    assert len(set(found)) == 1
    public = signing.Keys(tmp_path).public("x")
    assert (
        public is not None
        and public.public_numbers().n == signing.Keys(tmp_path).private("x").public_key().public_numbers().n
    )

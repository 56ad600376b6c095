"""Passkeys judged with a software authenticator: the right key, host and challenge, once, with a counter that grows."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from liushui.kernel.errors import Conflict
from liushui.runtime import passkeys, second_factor
from liushui.runtime.access import Grant
from liushui.runtime.models import AuditEntry, SecondFactor, StaffUser
from liushui.runtime.tests.access_world import principal

pytestmark = pytest.mark.django_db
HOST = "liushui.example"
ORIGIN = f"https://{HOST}"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PRESENT, NEW_KEY = 0x01, 0x40  # flags of authenticator data (section 6.1)


class Authenticator:
    """One passkey, which signs whatever it is asked, for any origin, with any counter."""

    def __init__(self, rp: str = HOST) -> None:
        self.rp, self.id, self._key = rp, os.urandom(16), ec.generate_private_key(ec.SECP256R1())

    def make(self, options: dict[str, Any], *, origin: str = ORIGIN, counter: int = 0) -> str:
        public = ES256.from_cryptography_key(self._key.public_key())
        credential = AttestedCredentialData.create(Aaguid(bytes(16)), self.id, public)
        data = AuthenticatorData.create(sha256(self.rp.encode()), PRESENT | NEW_KEY, counter, credential)
        client = self._client("webauthn.create", options, origin)
        attested = AttestationObject.create("none", data, {})
        return self._answer({"clientDataJSON": client, "attestationObject": attested})

    def sign(self, options: dict[str, Any], *, origin: str = ORIGIN, counter: int = 0, flags: int = PRESENT) -> str:
        data = AuthenticatorData.create(sha256(self.rp.encode()), flags, counter)
        client = self._client("webauthn.get", options, origin)
        signature = self._key.sign(bytes(data) + sha256(client), ec.ECDSA(SHA256()))
        return self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _client(self, kind: str, options: dict[str, Any], origin: str) -> bytes:
        return bytes(CollectedClientData.create(kind, options["publicKey"]["challenge"], origin))

    def _answer(self, response: dict[str, bytes]) -> str:
        name = websafe_encode(self.id)
        parts = {key: websafe_encode(bytes(value)) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})


@pytest.fixture
def user() -> StaffUser:
    return StaffUser.objects.create_user(username="li", password="correct horse", display_name="Li")


def add(user: StaffUser, key: Authenticator, *, origin: str = ORIGIN, counter: int = 0) -> None:
    asked = passkeys.begin_registration(host=HOST, user=user)
    passkeys.add_passkey(
        host=HOST, user=user, name="MacBook", state=asked.state, now=NOW,
        answer=key.make(asked.options, origin=origin, counter=counter),
        principal=principal(Grant(role="cashier", chain_id=1), subject=f"staff:{user.pk}"),
    )  # fmt: skip


def check(user: StaffUser, key: Authenticator, *, host: str = HOST, **how: Any) -> bool:
    asked = passkeys.begin_check(host=host, user_id=user.pk)
    assert asked is not None
    return passkeys.check_passkey(
        host=host, user_id=user.pk, state=asked.state, answer=key.sign(asked.options, **how), now=NOW
    )


def test_a_passkey_is_added_and_lets_its_owner_in(user: StaffUser) -> None:
    key = Authenticator()
    add(user, key)
    [factor] = second_factor.factors(user_id=user.pk)
    assert (factor.kind, factor.name, factor.last_used_at) == ("passkey", "MacBook", None)
    assert AuditEntry.objects.get(action="factor.add").after == {"kind": "passkey", "name": "MacBook"}
    assert check(user, key)
    assert second_factor.factors(user_id=user.pk)[0].last_used_at == NOW


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        f"https://sub.{HOST}",
        f"http://{HOST}",
        f"https://{HOST}:8443",
        f"https://{HOST}.evil.example",
    ],
)
def test_an_answer_for_another_origin_is_refused(user: StaffUser, origin: str) -> None:
    key = Authenticator()
    with pytest.raises(second_factor.WrongCode):
        add(user, key, origin=origin)
    assert not SecondFactor.objects.exists()
    add(user, key)
    assert not check(user, key, origin=origin)


def test_an_answer_to_another_challenge_is_refused(user: StaffUser) -> None:
    key = Authenticator()
    add(user, key)
    first = passkeys.begin_check(host=HOST, user_id=user.pk)
    second = passkeys.begin_check(host=HOST, user_id=user.pk)
    assert first is not None
    assert second is not None
    answer = key.sign(first.options)
    assert not passkeys.check_passkey(host=HOST, user_id=user.pk, state=second.state, answer=answer, now=NOW)
    assert not passkeys.check_passkey(host=HOST, user_id=user.pk, state=None, answer=answer, now=NOW)
    assert passkeys.check_passkey(host=HOST, user_id=user.pk, state=first.state, answer=answer, now=NOW)


def test_another_persons_passkey_and_one_that_is_not_registered_are_refused(user: StaffUser) -> None:
    other = StaffUser.objects.create_user(username="wang", password="correct horse")
    key, others = Authenticator(), Authenticator()
    add(user, key)
    add(other, others)
    assert not check(user, others)
    assert not check(user, Authenticator())
    assert check(other, others)


def test_without_a_touch_it_is_refused(user: StaffUser) -> None:
    key = Authenticator()
    add(user, key)
    assert not check(user, key, flags=0)


def test_a_counter_that_does_not_grow_tells_of_a_copy(user: StaffUser) -> None:
    key = Authenticator()
    add(user, key, counter=5)
    assert check(user, key, counter=6)
    assert not check(user, key, counter=6)
    assert not check(user, key, counter=3)
    assert not check(user, key, counter=0)
    assert check(user, key, counter=7)


def test_one_passkey_is_registered_once(user: StaffUser) -> None:
    key = Authenticator()
    add(user, key)
    with pytest.raises(Conflict):
        add(user, key)
    other = StaffUser.objects.create_user(username="wang", password="correct horse")
    with pytest.raises(Conflict):
        add(other, key)


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", "x" * 30_000, '{"id": 1}', '{"response": {}}'])
def test_what_is_no_answer_is_wrong(user: StaffUser, answer: str) -> None:
    add(user, Authenticator())
    asked = passkeys.begin_check(host=HOST, user_id=user.pk)
    assert asked is not None
    assert not passkeys.check_passkey(host=HOST, user_id=user.pk, state=asked.state, answer=answer, now=NOW)
    with pytest.raises(second_factor.WrongCode):
        passkeys.add_passkey(
            host=HOST, user=user, name="x", state=asked.state, answer=answer, now=NOW,
            principal=principal(subject=f"staff:{user.pk}"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "possible"),
    [("localhost:8000", True), ("shop.example", True), ("127.0.0.1:8000", False), ("[::1]:8000", False)],
)
def test_addresses_without_a_name_have_no_passkeys(host: str, possible: bool) -> None:
    assert passkeys.is_possible_on(host) is possible


def test_nobody_without_a_passkey_is_asked_for_one(user: StaffUser) -> None:
    assert passkeys.begin_check(host=HOST, user_id=user.pk) is None

"""Sealed values and the keys above them: both ciphers, their place, rotation, keys from elsewhere."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from liushui.privacy import ciphers, facade, keys
from liushui.privacy.errors import DataUnreadable, KeyMissing
from liushui.privacy.models import SubjectRow, ValueRow
from liushui.privacy.tests.conftest import MASKED, NOW, PERSON, PHONE

KEY = bytes(range(32))


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "sm4-gcm"])
def test_a_value_opens_in_its_place_only(cipher: str) -> None:
    sealed = ciphers.seal(key=KEY, plain=PHONE.encode(), associated=b"subject|phone|1", cipher=cipher)
    assert ciphers.unseal(key=KEY, sealed=sealed, associated=b"subject|phone|1") == PHONE.encode()
    for change in (
        {"associated": b"subject|phone|2"},
        {"associated": b"subject|name|1"},
        {"key": bytes(32)},
        {"sealed": sealed[:-1] + bytes([sealed[-1] ^ 1])},
        {"sealed": bytes([3 - sealed[0]]) + sealed[1:]},
        {"sealed": sealed[:20]},
        {"sealed": b""},
    ):
        with pytest.raises(DataUnreadable):
            ciphers.unseal(**{"key": KEY, "sealed": sealed, "associated": b"subject|phone|1", **change})


def test_aes_is_what_anybody_else_computes() -> None:
    sealed = ciphers.seal(key=KEY, plain=b"x", associated=b"place", cipher="aes-256-gcm")
    assert AESGCM(KEY).decrypt(sealed[1:13], sealed[13:], b"\x01place") == b"x"


def test_sm4_is_the_standards() -> None:
    """RFC 8998, appendix A.1: the same primitive that `ciphers` uses, with the test vector's own key."""
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    plain = bytes.fromhex("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
                          "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA")  # fmt: skip
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(bytes.fromhex("00001234567800000000ABCD"))).encryptor()
    encryptor.authenticate_additional_data(bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
    sealed = encryptor.update(plain) + encryptor.finalize()
    assert sealed[:16] == bytes.fromhex("17F399F08C67D5EE19D0DC9969C4BB7D")
    assert encryptor.tag == bytes.fromhex("83DE3541E4C2B58177E065A9BF7B62EC")


@pytest.mark.django_db
def test_a_changed_cipher_leaves_what_is_there_readable(setting: Callable[..., None]) -> None:
    aes = facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    setting(privacy_cipher="sm4-gcm")
    sm4 = facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    assert {bytes(row.sealed)[0] for row in ValueRow.objects.filter(subject_id=sm4)} == {2}
    assert facade.masked(subject_ids=[aes])[aes] == facade.masked(subject_ids=[sm4])[sm4]


@pytest.mark.django_db
def test_a_value_moved_to_another_person_does_not_open() -> None:
    one = facade.create_subject(chain_id=1, fields={"phone": PHONE}, now=NOW)
    two = facade.create_subject(chain_id=1, fields={"phone": "13900000000"}, now=NOW)
    ValueRow.objects.filter(subject_id=two).update(sealed=bytes(ValueRow.objects.get(subject_id=one).sealed))
    with pytest.raises(DataUnreadable):
        facade.masked(subject_ids=[two])


@pytest.mark.django_db
def test_the_keys_are_made_at_first_need_for_their_owner_alone(own_folder: Path) -> None:
    path = own_folder / "privacy_keys.json"
    assert not path.exists()
    facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(own_folder.glob("*.partial")) == []


@pytest.mark.django_db
def test_rotation_wraps_all_anew_and_destroys_the_old_key_an_hour_later(own_folder: Path) -> None:
    people = [facade.create_subject(chain_id=1, fields={"phone": f"1381234{n:04}"}, now=NOW) for n in range(7)]
    facade.erase_subject(subject_id=people[0], reason="request", principal=None, now=NOW)
    old = keys.ring().current_id
    before = {row.id: bytes(row.wrapped_key) for row in SubjectRow.objects.filter(state="active")}
    new = facade.add_key(now=NOW)
    assert facade.keys_in_use() == {old: 6}
    assert facade.rewrap_keys() == 6
    assert facade.rewrap_keys() == 0
    assert facade.keys_in_use() == {new: 6}
    after = {row.id: bytes(row.wrapped_key) for row in SubjectRow.objects.filter(state="active")}
    assert all(before[who] != after[who] for who in before)
    assert facade.masked(subject_ids=people)[people[3]] == {"phone": "138****0003"}
    assert facade.find_subjects(chain_id=1, field="phone", value="13812340003") == (people[3],)

    assert facade.drop_keys(in_use=facade.keys_in_use().keys(), now=NOW + timedelta(minutes=59)) == ()
    assert facade.drop_keys(in_use=facade.keys_in_use().keys(), now=NOW + timedelta(hours=1)) == (old,)
    assert set(json.loads((own_folder / "privacy_keys.json").read_text())["keys"]) == {new}
    assert facade.masked(subject_ids=people)[people[3]] == {"phone": "138****0003"}


@pytest.mark.django_db
def test_a_key_that_is_in_use_is_never_destroyed(own_folder: Path) -> None:
    facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    facade.add_key(now=NOW)
    assert facade.drop_keys(in_use=facade.keys_in_use().keys(), now=NOW + timedelta(days=9)) == ()


@pytest.mark.django_db
def test_without_its_key_data_is_a_named_error_and_no_guess(own_folder: Path) -> None:
    who = facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    (own_folder / "privacy_keys.json").write_text(facade.generated())
    with pytest.raises(KeyMissing) as raised:
        facade.masked(subject_ids=[who])
    assert raised.value.status == 503


@pytest.mark.django_db
def test_keys_may_come_from_the_environment(own_folder: Path, setting: Callable[..., None]) -> None:
    setting(data_dir=own_folder, privacy_keys=SecretStr(facade.generated()))
    who = facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    assert facade.masked(subject_ids=[who])[who]["phone"] == MASKED
    assert list(own_folder.iterdir()) == []
    with pytest.raises(KeyMissing):
        facade.add_key(now=NOW)


@pytest.mark.parametrize("text", ["nonsense", "{}", '{"current": "a", "keys": {}, "index_secret": "AAAA"}', "[]"])
def test_keys_of_another_form_are_refused_without_repeating_them(text: str, setting: Callable[..., None]) -> None:
    setting(privacy_keys=SecretStr(text))
    with pytest.raises(KeyMissing) as raised:
        keys.ring()
    assert text not in raised.value.detail


@dataclass(frozen=True)
class Hsm:
    """Stands for a device: the key-encryption key never leaves it."""

    current_id: str = "hsm:7"

    def wrap(self, *, data_key: bytes, associated: bytes) -> bytes:
        return AESGCM(KEY).encrypt(bytes(12), data_key, associated)

    def unwrap(self, *, wrapped: bytes, key_id: str, associated: bytes) -> bytes:
        assert key_id == "hsm:7"
        return AESGCM(KEY).decrypt(bytes(12), wrapped, associated)


@pytest.mark.django_db
def test_a_device_may_wrap_instead(own_folder: Path) -> None:
    facade.set_wrapper(Hsm())
    try:
        who = facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
        assert SubjectRow.objects.get(id=who).key_id == "hsm:7"
        assert facade.masked(subject_ids=[who])[who]["phone"] == MASKED
    finally:
        facade.set_wrapper(None)
    with pytest.raises(KeyMissing):
        facade.masked(subject_ids=[who])


@pytest.mark.django_db
def test_the_blind_index_of_each_chain_and_field_has_a_key_of_its_own() -> None:
    secret = keys.ring().index_secret
    made = {
        keys.index_key(secret=secret, chain_id=chain, field=field) for chain in (1, 2) for field in ("phone", "email")
    }
    assert len(made) == 4
    assert all(isinstance(key, bytes) and len(key) == 32 for key in made)

"""From values to what is stored and back: the data key of a person, sealed values, blind indexes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

from django.conf import settings

from liushui.privacy import ciphers, keys


def new_wrapped_key(*, subject_id: UUID) -> tuple[bytes, str, bytes]:
    """A fresh data key: itself, the id of the key that wraps it, and it wrapped."""
    data_key, wrapper = ciphers.new_key(), keys.wrapper()
    return data_key, wrapper.current_id, wrapper.wrap(data_key=data_key, associated=_key_place(subject_id))


def data_key(*, subject_id: UUID, key_id: str, wrapped: bytes) -> bytes:
    """The data key of a person; kept nowhere but in the caller."""
    return keys.wrapper().unwrap(wrapped=bytes(wrapped), key_id=key_id, associated=_key_place(subject_id))


def rewrapped(*, subject_id: UUID, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
    """The same data key under the current key-encryption key."""
    opened = data_key(subject_id=subject_id, key_id=key_id, wrapped=wrapped)
    wrapper = keys.wrapper()
    return wrapper.current_id, wrapper.wrap(data_key=opened, associated=_key_place(subject_id))


def sealed(*, data_key: bytes, table: str, field: str, subject_id: UUID, value: str) -> bytes:
    """A value as it is stored."""
    return ciphers.seal(
        key=data_key, plain=value.encode(), associated=_place(table, field, subject_id),
        cipher=settings.LIUSHUI.privacy_cipher,
    )  # fmt: skip


def opened(*, data_key: bytes, table: str, field: str, subject_id: UUID, sealed: bytes) -> str:
    """A stored value; raises DataUnreadable when it stands in another row or column than it was made for."""
    return ciphers.unseal(
        key=data_key, sealed=bytes(sealed), associated=_place(table, field, subject_id)
    ).decode()  # fmt: skip


def blind_indexes(*, chain_id: int, field: str, value: str) -> dict[str, bytes]:
    """Digests under which a normalised value is found, by the id of the secret, the oldest first: HMAC-SHA-256 under a
    key of this chain and field. There are two while the secret is being changed."""
    return {
        secret_id: hmac.digest(
            keys.index_key(secret=secret, chain_id=chain_id, field=field), value.encode(), "sha256"
        )
        for secret_id, secret in keys.ring().index_secrets.items()
    }  # fmt: skip


def blind_index(*, chain_id: int, field: str, value: str) -> bytes:
    """The digest under the secret that stays."""
    return list(blind_indexes(chain_id=chain_id, field=field, value=value).values())[-1]


def index_secret_id() -> str:
    """The id of the secret that stays."""
    return list(keys.ring().index_secrets)[-1]


def sha256(values: Mapping[str, object]) -> str:
    """Of what a proof says, its names in order."""
    text = "\n".join(f"{name}={values[name]}" for name in sorted(values))
    return hashlib.sha256(text.encode()).hexdigest()


def _place(table: str, field: str, subject_id: UUID) -> bytes:
    return f"{table}|{field}|{subject_id}".encode()


def _key_place(subject_id: UUID) -> bytes:
    return f"privacy_subject|wrapped_key|{subject_id}".encode()

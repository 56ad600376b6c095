"""The keys above all others: key-encryption keys by id, and the secret from which blind indexes are made.

While that secret is being changed there are two: both are written and asked, until the older one is dropped.

They come from `LIUSHUI_PRIVACY_KEYS`, else from the file `LIUSHUI_PRIVACY_KEY_FILE`, which is made at first need with
mode 0600. A `KeyWrapper` of a KMS or HSM takes the place of the local ring by `set_wrapper`: the key-encryption keys
then never are in this process.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from liushui.privacy import ciphers
from liushui.privacy.errors import IndexChanging, KeyMissing
from liushui.privacy.models import SubjectRow
from liushui.runtime import row_security

_SETTLED = timedelta(hours=1)
FILE_NAME = "privacy_keys.json"  # in the data folder; left out of backups unless asked for (decision 0150)


class KeyWrapper(Protocol):
    """Wraps data keys under key-encryption keys that have ids: the port for a KMS or HSM."""

    @property
    def current_id(self) -> str:
        """The key under which new data keys are wrapped."""
        ...

    def wrap(self, *, data_key: bytes, associated: bytes) -> bytes:
        """The data key wrapped under the current key."""
        ...

    def unwrap(self, *, wrapped: bytes, key_id: str, associated: bytes) -> bytes:
        """The data key again; raises KeyMissing, DataUnreadable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """Key-encryption keys of this machine, and the secret of blind indexes."""

    current_id: str
    keys: Mapping[str, bytes] = field(repr=False)
    index_secret: bytes = field(repr=False)
    retired: Mapping[str, datetime] = field(default_factory=dict)  # when a key ceased to be the current one
    index_secret_old: bytes | None = field(default=None, repr=False)  # until everything is found by the newer one
    index_changed_at: datetime | None = None

    @property
    def index_secrets(self) -> dict[str, bytes]:
        """Secrets of blind indexes by id, the oldest first: the last one is the one that stays."""
        both = (self.index_secret_old, self.index_secret) if self.index_secret_old else (self.index_secret,)
        return {secret_id(secret=secret): secret for secret in both}

    def wrap(self, *, data_key: bytes, associated: bytes) -> bytes:
        """The data key wrapped under the current key."""
        key, cipher = self.keys[self.current_id], settings.LIUSHUI.privacy_cipher
        return ciphers.seal(key=key, plain=data_key, associated=associated, cipher=cipher)

    def unwrap(self, *, wrapped: bytes, key_id: str, associated: bytes) -> bytes:
        """The data key again."""
        if key_id not in self.keys:
            raise KeyMissing(
                f"Personal data is wrapped under the key {key_id}, which is not here",
                remedy="Put that key back into the key file or LIUSHUI_PRIVACY_KEYS.",
            )
        return ciphers.unseal(key=self.keys[key_id], sealed=wrapped, associated=associated)


_wrapper: KeyWrapper | None = None


def set_wrapper(wrapper: KeyWrapper | None) -> None:
    """Wrap by a KMS or HSM from here on; None goes back to the local ring."""
    global _wrapper
    _wrapper = wrapper


def wrapper() -> KeyWrapper:
    """What wraps data keys in this process."""
    return _wrapper or ring()


def ring() -> KeyRing:
    """The local keys; read again when the file has changed. Raises KeyMissing."""
    given = settings.LIUSHUI.privacy_keys.get_secret_value()
    if given:
        return _parsed(given, "LIUSHUI_PRIVACY_KEYS")
    path = key_file()
    if not path.exists():
        _require_nobody(path)
        _make_file(path)
    return _read(path, path.stat().st_mtime_ns)


def key_file() -> Path:
    """Where the local keys are kept."""
    return settings.LIUSHUI.privacy_key_file or Path(settings.LIUSHUI.data_dir) / FILE_NAME


def is_from_environment() -> bool:
    """Whether the keys are given by the environment, so that no file is read or written."""
    return bool(settings.LIUSHUI.privacy_keys.get_secret_value())


def add_key(*, now: datetime) -> str:
    """Make another key-encryption key the current one; returns its id. Raises KeyMissing where there is no file."""
    _require_file()
    before, key_id = ring(), _new_id()
    after = replace(
        before, current_id=key_id, keys={**before.keys, key_id: ciphers.new_key()},
        retired={**before.retired, before.current_id: now},
    )  # fmt: skip
    _write(key_file(), after, is_new=False)
    return key_id


def drop_keys(*, in_use: Collection[str], now: datetime) -> tuple[str, ...]:
    """Destroy the keys under which nothing is wrapped any more; returns their ids.

    One that was current within the last hour stays: another process may just be writing under it.
    """
    _require_file()
    before = ring()
    gone = {
        key_id
        for key_id in before.keys
        if key_id != before.current_id and key_id not in in_use and now - before.retired.get(key_id, now) >= _SETTLED
    }
    if gone:
        keys = {key_id: key for key_id, key in before.keys.items() if key_id not in gone}
        retired = {key_id: at for key_id, at in before.retired.items() if key_id not in gone}
        _write(key_file(), replace(before, keys=keys, retired=retired), is_new=False)
    return tuple(sorted(gone))


def _require_file() -> None:
    if is_from_environment():
        raise KeyMissing(
            "The keys are given by LIUSHUI_PRIVACY_KEYS", remedy="Change them there: add a key, name it as current."
        )


def secret_id(*, secret: bytes) -> str:
    """By what an index row says which secret it was made with: 48 bits of a hash, from which nothing leads back."""
    return hashlib.sha256(b"liushui:index-secret|" + secret).hexdigest()[:12]


def change_index_secret(*, now: datetime) -> str:
    """Put a fresh secret beside the present one, and write under both from here on; returns its id.

    Raises KeyMissing where there is no file, IndexChanging while an earlier change is not at its end.
    """
    _require_index_file()
    before = ring()
    if before.index_secret_old is not None:
        raise IndexChanging(
            "The secret of blind indexes is being changed already",
            remedy="Go on with `liushui privacy rotate-index --resume`, end it with --drop-old.",
        )
    fresh = ciphers.new_key()
    after = replace(before, index_secret=fresh, index_secret_old=before.index_secret, index_changed_at=now)
    _write(key_file(), after, is_new=False)
    return secret_id(secret=fresh)


def is_index_changing() -> bool:
    """Whether there is an older secret beside the present one."""
    return ring().index_secret_old is not None


def drop_index_secret(*, now: datetime) -> bool:
    """Destroy the older secret; whether there is none any more.

    For an hour it stays: another process may just be writing under it alone, and one-time codes are on their way.
    """
    before = ring()
    if before.index_secret_old is None:
        return True
    _require_index_file()
    if now - (before.index_changed_at or now) < _SETTLED:
        return False
    _write(key_file(), replace(before, index_secret_old=None, index_changed_at=None), is_new=False)
    return True


def _require_index_file() -> None:
    if is_from_environment():
        raise KeyMissing(
            "The keys are given by LIUSHUI_PRIVACY_KEYS",
            remedy="Change them there: `index_secret` into `index_secret_old` and a new `index_secret`, start anew, "
            "`liushui privacy rotate-index --resume`; an hour later take `index_secret_old` out, and --resume again.",
        )


@lru_cache(maxsize=512)
def index_key(*, secret: bytes, chain_id: int, field: str) -> bytes:
    """The key of one chain's blind index of one field (HKDF, RFC 5869)."""
    info = f"liushui:blind-index|{chain_id}|{field}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def generated() -> str:
    """Fresh keys in the form of the file and of LIUSHUI_PRIVACY_KEYS."""
    key_id = _new_id()
    return _text(KeyRing(current_id=key_id, keys={key_id: ciphers.new_key()}, index_secret=ciphers.new_key()))


def _new_id() -> str:
    return f"k-{secrets.token_hex(4)}"


def _require_nobody(path: Path) -> None:
    """New keys beside data of people under old ones would find nobody and take everybody in twice."""
    with row_security.everything():
        is_used = SubjectRow.objects.filter(state="active").exists()
    if is_used:
        raise KeyMissing(
            f"There is personal data here, but {path.name} is gone",
            remedy="Put the copy of that file back; after a restore it comes from elsewhere than the backup.",
        )


def _make_file(path: Path) -> None:
    key_id = _new_id()
    fresh = KeyRing(current_id=key_id, keys={key_id: ciphers.new_key()}, index_secret=ciphers.new_key())
    with contextlib.suppress(FileExistsError):  # another process was first; its keys hold
        _write(path, fresh, is_new=True)


def _write(path: Path, ring: KeyRing, *, is_new: bool) -> None:
    """Whole or not at all: a link fails when the name is taken, a rename replaces."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_text(ring))
        file.flush()
        os.fsync(file.fileno())
    try:
        if is_new:
            os.link(partial, path)
        else:
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int) -> KeyRing:
    try:
        text = path.read_text()
    except OSError as error:
        raise KeyMissing(f"{path.name} cannot be read: {error.strerror}") from error
    return _parsed(text, path.name)


@lru_cache(maxsize=4)
def _parsed(text: str, where: str) -> KeyRing:
    try:
        found = json.loads(text)
        keys = {key_id: _bytes(key) for key_id, key in found["keys"].items()}
        retired = {key_id: datetime.fromisoformat(at) for key_id, at in found.get("retired", {}).items()}
        secret = _bytes(found["index_secret"])
        old, changed_at = found.get("index_secret_old"), found.get("index_changed_at")
        ring = KeyRing(
            current_id=found["current"], keys=keys, index_secret=secret, retired=retired,
            index_secret_old=_bytes(old) if old else None,
            index_changed_at=datetime.fromisoformat(changed_at) if changed_at else None,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise KeyMissing(
            f"{where} is not of the form of keys", remedy="`liushui privacy new-keys` shows the form."
        ) from None
    if ring.current_id not in keys:
        raise KeyMissing(f"{where} names the current key {ring.current_id}, which is not in it")
    return ring


def _bytes(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    if len(found) != ciphers.KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return found


def _text(ring: KeyRing) -> str:
    keys = {key_id: base64.b64encode(key).decode() for key_id, key in ring.keys.items()}
    secret = base64.b64encode(ring.index_secret).decode()
    retired = {key_id: at.isoformat() for key_id, at in ring.retired.items()}
    stated = {"current": ring.current_id, "keys": keys, "index_secret": secret, "retired": retired}
    if ring.index_secret_old is not None:
        stated["index_secret_old"] = base64.b64encode(ring.index_secret_old).decode()
    if ring.index_changed_at is not None:
        stated["index_changed_at"] = ring.index_changed_at.isoformat()
    return json.dumps(stated)

"""The secrets of coupons: a key for each batch, sealed as other secrets are, and keyed hashes of stored codes."""

from __future__ import annotations

import secrets
from functools import lru_cache

from liushui.kernel.errors import Conflict
from liushui.promotions.domain import coupon_codes
from liushui.runtime import sealed

_PURPOSE_KEY = "coupon-batch"
_PURPOSE_SHARED = "coupon-shared"
_PURPOSE_CODE = "coupon-code"


class KeyLost(Conflict):
    """The key of this coupon batch cannot be read: the server's secret key was changed."""

    type = "coupon-key-lost"


def new_sealed_key() -> str:
    """A fresh key of a batch, sealed."""
    return sealed.seal(secrets.token_bytes(coupon_codes.KEY_BYTES).hex(), purpose=_PURPOSE_KEY)


@lru_cache(maxsize=1024)
def opened_key(key_sealed: str) -> bytes:
    """A batch's key; unsealed once a process. Raises KeyLost."""
    found = sealed.unseal(key_sealed, purpose=_PURPOSE_KEY)
    if found is None:
        raise KeyLost(
            "The key was sealed under a secret key that is gone", remedy="Name the old one in SECRET_KEY_FALLBACKS."
        )
    return bytes.fromhex(found)


def sealed_shared(code: str) -> str:
    """A shared code, sealed so that it can be shown."""
    return sealed.seal(code, purpose=_PURPOSE_SHARED)


@lru_cache(maxsize=1024)
def opened_shared(shared_sealed: str) -> str:
    """A shared code as it was written; empty when its key is lost."""
    return (sealed.unseal(shared_sealed, purpose=_PURPOSE_SHARED) or "") if shared_sealed else ""


def code_sha256(code: str) -> str:
    """The keyed hash under which a normal code is stored."""
    return sealed.fingerprint(code, purpose=_PURPOSE_CODE)


def known_sha256(code: str) -> tuple[str, ...]:
    """The keyed hashes under which a normal code may have been stored, the present key's first."""
    return sealed.fingerprints(code, purpose=_PURPOSE_CODE)

"""Secrets that must be read again, such as the keys of one-time codes: encrypted before they are stored.

Keys are derived from the secret key (HKDF, RFC 5869), one for each purpose: who steals the database alone has nothing.
A changed secret key makes them unreadable, unless the old one stands in SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import base64
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(text: str, *, purpose: str) -> str:
    """The text encrypted and authenticated (Fernet: AES-128-CBC, HMAC-SHA-256)."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str | None:
    """What was sealed for this purpose; None when it was tampered with or sealed with a secret key now gone."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def fingerprint(text: str, *, purpose: str) -> str:
    """HMAC-SHA-256 in hexadecimal: compares what need not be read again, such as recovery codes."""
    return hmac.digest(_key(settings.SECRET_KEY, purpose), text.encode(), "sha256").hex()


def fingerprints(text: str, *, purpose: str) -> tuple[str, ...]:
    """The present fingerprint, then those under SECRET_KEY_FALLBACKS: for looking up what was stored."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return tuple(hmac.digest(_key(secret, purpose), text.encode(), "sha256").hex() for secret in secrets)


def _box(purpose: str) -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret, purpose))) for secret in secrets])


@lru_cache(maxsize=100)
def _key(secret: str | bytes, purpose: str) -> bytes:
    material = secret.encode() if isinstance(secret, str) else secret
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"liushui:{purpose}".encode()).derive(material)

"""Sealing one value: AES-256-GCM (NIST SP 800-38D), or SM4-GCM (GB/T 32907, RFC 8998) where a tender asks for it.

A sealed value is one byte for the cipher, 12 bytes of nonce, then ciphertext and tag. Nonces are random: a data key
seals a few values of one person, a key-encryption key far fewer than the 2^32 that random nonces allow.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from liushui.privacy.errors import DataUnreadable

KEY_BYTES = 32
CIPHERS = {"aes-256-gcm": 1, "sm4-gcm": 2}
_NONCE, _TAG = 12, 16


def new_key() -> bytes:
    """A fresh random key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(*, key: bytes, plain: bytes, associated: bytes, cipher: str) -> bytes:
    """The value sealed; `associated` must be the same to open it again."""
    mark, nonce = bytes([CIPHERS[cipher]]), secrets.token_bytes(_NONCE)
    if cipher == "aes-256-gcm":
        return mark + nonce + AESGCM(key).encrypt(nonce, plain, mark + associated)
    encryptor = Cipher(algorithms.SM4(_sm4_key(key)), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(mark + associated)
    return mark + nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def unseal(*, key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The value, by the cipher it was sealed with; raises DataUnreadable when anything was changed or moved."""
    mark, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        if mark == bytes([CIPHERS["aes-256-gcm"]]):
            return AESGCM(key).decrypt(nonce, body, mark + associated)
        if mark == bytes([CIPHERS["sm4-gcm"]]) and len(body) >= _TAG:
            cipher = Cipher(algorithms.SM4(_sm4_key(key)), modes.GCM(nonce, body[-_TAG:]))
            decryptor = cipher.decryptor()
            decryptor.authenticate_additional_data(mark + associated)
            return decryptor.update(body[:-_TAG]) + decryptor.finalize()
    except (InvalidTag, ValueError):
        pass
    raise DataUnreadable("A sealed value does not open with its key")


def _sm4_key(key: bytes) -> bytes:
    """SM4 takes 128 bits: derived, so that one data key never serves two ciphers."""
    return HKDF(algorithm=SHA256(), length=16, salt=None, info=b"liushui:sm4-gcm").derive(key)

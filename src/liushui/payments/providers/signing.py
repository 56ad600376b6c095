"""RSA-SHA256 over what is sent, in the way of WeChat Pay's API v3: method, address, time, nonce and body, a line each.

Three kinds of text are signed, each beginning with its kind, so that no signature serves for another:
    REQUEST \\n method \\n path?query \\n timestamp \\n nonce \\n sha256(body) \\n
    ANSWER  \\n status \\n nonce of the request \\n timestamp \\n nonce \\n sha256(body) \\n
    NOTIFY  \\n timestamp \\n nonce \\n sha256(body) \\n
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

FRESH_SECONDS = 300  # a signed text older or newer than this is taken for a replay
TIMESTAMP, NONCE, SIGNATURE = "sandbox-timestamp", "sandbox-nonce", "sandbox-signature"


def request_text(*, method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a request's signature is over; `target` is the path with its query."""
    return _lines("REQUEST", method, target, timestamp, nonce, body=body)


def answer_text(*, status: int, request_nonce: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What an answer's signature is over: with the request's nonce, so that no older answer can stand in for it."""
    return _lines("ANSWER", str(status), request_nonce, timestamp, nonce, body=body)


def notify_text(*, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a notification's signature is over."""
    return _lines("NOTIFY", timestamp, nonce, body=body)


def new_nonce() -> str:
    """A word used once."""
    return secrets.token_hex(16)


def sign(*, key: rsa.RSAPrivateKey, text: bytes) -> str:
    """The signature (RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017) in base64."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(*, key: rsa.RSAPublicKey, text: bytes, signature: str) -> bool:
    """Whether the signature is of this text by the owner of the key."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def is_fresh(*, timestamp: str, now_seconds: float) -> bool:
    """Whether the time that a text says is near enough to now."""
    return timestamp.isascii() and timestamp.isdigit() and abs(int(timestamp[:12]) - now_seconds) <= FRESH_SECONDS


class Keys:
    """Key pairs as files of one folder: `<owner>_private.pem`, which only we may read, and `<owner>_public.pem`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._private: dict[str, rsa.RSAPrivateKey] = {}  # reading one checks its primes, which takes 50 ms
        self._public: dict[str, tuple[int, rsa.RSAPublicKey]] = {}  # with the time of the file

    def private(self, owner: str) -> rsa.RSAPrivateKey:
        """The owner's key, made at first use; of several processes at once one makes it."""
        if owner not in self._private:
            path = self._folder / f"{owner}_private.pem"
            if not path.exists():
                self._make(owner, path)
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise TypeError(f"{path.name} is not an RSA key")
            self._publish_public(owner, key)
            self._private[owner] = key
        return self._private[owner]

    def public(self, owner: str) -> rsa.RSAPublicKey | None:
        """The owner's public key; None while the owner has not been started yet. A file that is replaced counts."""
        path = self._folder / f"{owner}_public.pem"
        try:
            changed_at = path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        known = self._public.get(owner)
        if known is None or known[0] != changed_at:
            key = serialization.load_pem_public_key(path.read_bytes())
            if not isinstance(key, rsa.RSAPublicKey):
                return None
            known = self._public[owner] = (changed_at, key)
        return known[1]

    def _make(self, owner: str, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with suppress(FileExistsError):  # another process was first: its key counts
            _publish(path, pem, mode=0o600)

    def _publish_public(self, owner: str, key: rsa.RSAPrivateKey) -> None:
        """Also when whoever made the key died before he came to this."""
        path = self._folder / f"{owner}_public.pem"
        if path.exists():
            return
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with suppress(FileExistsError):
            _publish(path, public, mode=0o644)


def _publish(path: Path, content: bytes, *, mode: int) -> None:
    """Make the file with its whole content at once; FileExistsError when there is one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.link(draft, path)
    finally:
        draft.unlink()


def _lines(*parts: str, body: bytes) -> bytes:
    return "".join(f"{part}\n" for part in (*parts, hashlib.sha256(body).hexdigest())).encode()

"""Passwords and PINs cost one round in tests: the same algorithms and the same form, only not slow.

A world of ten people costs three seconds of a core otherwise, and most tests build one. What the product costs an
attacker is what tests/security/test_password_cost.py is about.
"""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from liushui.runtime.client_secrets import ClientSecretHasher, PinHasher

HASHERS = (PBKDF2PasswordHasher, PinHasher, ClientSecretHasher)
ROUNDS = {hasher.algorithm: hasher.iterations for hasher in HASHERS}  # as the product has them


def hash_fast() -> None:
    """Of this process; the product's settings stay as they are."""
    for hasher in HASHERS:
        hasher.iterations = 1

"""What a stolen hash costs, by the product's own numbers: tests hash with one round (tests/support/fast_hashes.py)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password
from tests.support.fast_hashes import ROUNDS


def test_passwords_take_a_million_rounds_and_pins_a_hundred_thousand() -> None:
    assert ROUNDS == {"pbkdf2_sha256": 1_000_000, "pin": 100_000, "client_secret": 1}


def test_a_password_is_kept_by_the_slow_way() -> None:
    assert settings.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    assert identify_hasher(make_password("correct horse")).algorithm == "pbkdf2_sha256"

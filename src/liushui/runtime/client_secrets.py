"""How the secrets of API clients and the PINs of operators are kept: salted and hashed, each as slowly as it needs."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class ClientSecretHasher(PBKDF2PasswordHasher):
    """One round of PBKDF2 with SHA-256. A slow hash protects words that people choose; for a random secret it would
    only let anyone who knows a client id keep a core busy at the token address, half a second a try."""

    algorithm = "client_secret"
    iterations = 1


class PinHasher(PBKDF2PasswordHasher):
    """PINs of operators. Ten thousand of them are tried in a day whatever the hash costs, so what protects them is the
    installation's key that they are mixed with and the pause after five attempts; a cashier is not kept waiting."""

    algorithm = "pin"
    iterations = 100_000

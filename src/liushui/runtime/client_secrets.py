"""How the secrets of API clients are kept: salted and hashed once, since 256 random bits need no slowing down."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class ClientSecretHasher(PBKDF2PasswordHasher):
    """One round of PBKDF2 with SHA-256. A slow hash protects words that people choose; for a random secret it would
    only let anyone who knows a client id keep a core busy at the token address, half a second a try."""

    algorithm = "client_secret"
    iterations = 1

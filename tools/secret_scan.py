"""Passwords, keys and tokens in files, found by detect-secrets with no baseline of findings that nobody looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import transient_settings

# Hashes by nature, or not text.
NOT_READ = ("uv.lock", "package-lock.json", ".png", ".svg", ".ico", ".woff2", ".xlsx", ".parquet", ".mo")
# Values that look like secrets and are none, each with its reason. In tests, which make up passwords, words that merely
# stand beside the name of a secret are no finding either; keys, tokens and random texts are.
NOT_SECRETS = {
    "password": "stands for one in examples of addresses",
    "PASSWORD": "the name of a setting",
    "bench": "a data base of the benchmark, made and dropped by it",
    "client_secret": "the name of a way of hashing",
    "quiet-river-runs": "of the accounts that whole-product tests make",
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ": "an alphabet",
    "abcdefghjkmnpqrstuvwxyz23456789": "an alphabet",
    "23456789ABCDEFGHJKLMNPQRSTUVWXYZ": "an alphabet",
    "eb0a8e32290d060c": "a fingerprint that a test expects",
    "0199a8c113812345678abcdef0123456": "the id of an event in a test",
    "13b40b9dec10b0e86533703947919bb340f7c97e5ddab068d0f56e8a03b91a94": "a fingerprint that a test expects",
}
_PLUGINS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_FILTERS = (
    "is_sequential_string", "is_potential_uuid", "is_templated_secret", "is_indirect_reference",
    "is_not_alphanumeric_string", "is_prefixed_with_dollar_sign",
)  # fmt: skip
_SETTINGS = {
    "plugins_used": [
        *({"name": name} for name in _PLUGINS),
        {"name": "Base64HighEntropyString", "limit": 4.5},
        {"name": "HexHighEntropyString", "limit": 3.0},
    ],
    "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in _FILTERS],
}


def found_secrets(paths: Iterable[Path]) -> list[tuple[Path, int, str]]:
    """(file, line, kind) of everything in these files that looks like a secret and is not known to be none."""
    return sorted(_scan(paths))


def _scan(paths: Iterable[Path]) -> Iterator[tuple[Path, int, str]]:
    with transient_settings(_SETTINGS):
        for path in paths:
            if path.name.endswith(NOT_READ) or not path.is_file() or path.is_symlink():
                continue
            found = SecretsCollection()
            found.scan_file(str(path))
            for _name, secret in found:
                is_word_of_a_test = secret.type == "Secret Keyword" and (
                    "tests" in path.parts or path == Path(__file__).resolve()
                )
                if (secret.secret_value or "") not in NOT_SECRETS and not is_word_of_a_test:
                    yield path, secret.line_number, secret.type

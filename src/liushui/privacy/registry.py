"""Every field of personal data that may be stored, with purpose and retention; and who else holds something.

Modules declare when they are loaded. What is not declared here is refused by `actions`, and a test looks through the
models of all other modules for fields that sound like a person's.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy, pgettext_lazy

from liushui.privacy.contracts import MARKETING, MEMBERSHIP, PersonalField, Source
from liushui.privacy.domain.personal import known_mask
from liushui.privacy.errors import UndeclaredField

SUBJECT = "subject"  # the table of what every person has
_fields: dict[tuple[str, str], PersonalField] = {}
_sources: dict[str, Source] = {}

SUBJECT_FIELDS = (
    PersonalField(
        name="name", purpose=MEMBERSHIP, retention_days=3 * 365, is_indexed=False, mask="name",
        title=pgettext_lazy("personal data", "Name"),
    ),
    PersonalField(
        name="phone", purpose=MEMBERSHIP, retention_days=3 * 365, is_indexed=True, mask="phone",
        title=gettext_lazy("Mobile number"),
    ),
    PersonalField(
        name="email", purpose=MARKETING, retention_days=2 * 365, is_indexed=True, mask="email",
        title=gettext_lazy("E-mail address"),
    ),
    PersonalField(
        name="birthday", purpose=MEMBERSHIP, retention_days=2 * 365, is_indexed=False, mask="birthday",
        title=gettext_lazy("Birthday"),
    ),
    PersonalField(
        name="plate", purpose=MEMBERSHIP, retention_days=365, is_indexed=True, mask="plate",
        title=gettext_lazy("Number plate"),
    ),
)  # fmt: skip


def register_fields(*, table: str, fields: Sequence[PersonalField]) -> None:
    """Declare fields; the same again is nothing, another field of a known name raises ValueError."""
    for field in fields:
        known_mask(field.mask)
        if _fields.setdefault((table, field.name), field) != field:
            raise ValueError(f"{table}.{field.name} is declared otherwise already")


def register_source(source: Source) -> None:
    """Make known who else holds something about people."""
    _sources[source.name] = source


def field(*, table: str, name: str) -> PersonalField:
    """A declared field; raises UndeclaredField."""
    found = _fields.get((table, name))
    if found is None:
        raise UndeclaredField(
            f"{table}.{name} is not declared", remedy="Declare it with register_fields.", pointer=f"/{name}"
        )
    return found


def fields(*, table: str | None = None) -> dict[tuple[str, str], PersonalField]:
    """All declared fields by (table, name)."""
    return {key: found for key, found in _fields.items() if table in (None, key[0])}


def sources() -> tuple[Source, ...]:
    """All registered sources, in the order of their names."""
    return tuple(_sources[name] for name in sorted(_sources))

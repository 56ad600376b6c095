"""Wrap every data key anew under another key-encryption key. The values stay as they are; so do the data keys."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from liushui.privacy import keys, vault
from liushui.privacy.models import SubjectRow

_AT_ONCE = 500


def rewrap_keys(*, on_progress: Callable[[int], None] = lambda _done: None) -> int:
    """Bring every data key that another key wraps under the current one; returns how many. Safe to stop and repeat."""
    current, done, after = keys.wrapper().current_id, 0, UUID(int=0)
    while True:
        rows = list(
            SubjectRow.objects.filter(state="active", id__gt=after)
            .exclude(key_id=current)
            .order_by("id")
            .values_list("id", "key_id", "wrapped_key")[:_AT_ONCE]
        )
        if not rows:
            return done
        for subject_id, key_id, wrapped in rows:
            new_id, again = vault.rewrapped(subject_id=subject_id, key_id=key_id, wrapped=bytes(wrapped or b""))
            # an erasure in between has taken the key away: then nothing is put back
            done += SubjectRow.objects.filter(id=subject_id, state="active", key_id=key_id).update(
                key_id=new_id, wrapped_key=again
            )
        after = rows[-1][0]
        on_progress(done)


def keys_in_use() -> dict[str, int]:
    """How many people's data keys each key-encryption key wraps."""
    found: dict[str, int] = {}
    for key_id in SubjectRow.objects.filter(state="active").order_by().values_list("key_id", flat=True).distinct():
        found[key_id] = SubjectRow.objects.filter(state="active", key_id=key_id).count()
    return found

"""Values whose time is over are taken away: so many days after the person was last heard of, by the registry."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction

from liushui.privacy import rates, registry
from liushui.privacy.actions.one_time_codes import forget_codes
from liushui.privacy.models import BlindIndexRow, SubjectRow, ValueRow
from liushui.runtime import audit
from liushui.runtime.grants import system_principal

_AT_ONCE = 500


def apply_retention(*, now: datetime) -> int:
    """Delete what is older than its field may be, a bounded number at a time; returns how many values and codes."""
    gone = forget_codes(now=now) + rates.forget_old(now=now)
    for (table, name), field in sorted(registry.fields().items()):
        if field.retention_days is not None:
            gone += _drop(table, name, now - timedelta(days=field.retention_days))
    return gone


def _drop(table: str, name: str, before: datetime) -> int:
    over = ValueRow.objects.filter(table_name=table, field_name=name, subject__seen_at__lt=before)
    over = over.filter(subject__state="active")
    ids = list(over.order_by("subject__seen_at").values_list("subject_id", flat=True)[:_AT_ONCE])
    if not ids:
        return 0
    with transaction.atomic():
        # locked, so that a sign of life in between keeps what it should
        people = SubjectRow.objects.select_for_update().filter(id__in=ids, seen_at__lt=before).order_by("id")
        chains = dict(people.values_list("id", "chain_id"))
        values = ValueRow.objects.filter(subject_id__in=chains, table_name=table, field_name=name)
        deleted, _by_table = values.delete()
        if table == registry.SUBJECT:
            BlindIndexRow.objects.filter(subject_id__in=chains, field_name=name).delete()
        for chain_id, count in sorted(Counter(chains.values()).items()):
            audit.record(
                principal=system_principal(name="retention"), action="privacy.retention",
                target=f"field:{table}.{name}",
                chain_id=chain_id, after={"values": count},
            )  # fmt: skip
    return deleted

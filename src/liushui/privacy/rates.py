"""How often something may happen within a window: counted and judged by one conditional statement."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from liushui.privacy.models import RateRow

_TAKE = (
    'INSERT INTO privacy_rate ("key", bucket, "count", ends_at) VALUES (%s, %s, 1, %s)'
    ' ON CONFLICT ("key", bucket) DO UPDATE SET "count" = privacy_rate."count" + 1'
    ' WHERE privacy_rate."count" < %s RETURNING "count"'
)


def take(*, key: str, limit: int, seconds: int, now: datetime) -> bool:
    """Whether it may happen once more within this window; if so, it is counted. `key` never holds personal data."""
    if limit <= 0:
        return False
    bucket = int(now.timestamp()) // seconds
    ends_at = connection.ops.adapt_datetimefield_value(datetime.fromtimestamp((bucket + 1) * seconds, UTC))
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [key, bucket, ends_at, limit])
        return cursor.fetchone() is not None


def forget_old(*, now: datetime) -> int:
    """Delete windows that are over; returns how many."""
    deleted, _by_table = RateRow.objects.filter(ends_at__lt=now).delete()
    return deleted

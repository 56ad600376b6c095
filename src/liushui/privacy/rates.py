"""How often something may happen within a window: counted and judged by one conditional statement."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection
from django.db.models import F

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
    ends_at = connection.ops.adapt_datetimefield_value(window_end(seconds=seconds, now=now))
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [key, bucket, ends_at, limit])
        return cursor.fetchone() is not None


def give_back(*, key: str, seconds: int, now: datetime) -> None:
    """Uncount what was taken at this `now`, since it came to nothing."""
    RateRow.objects.filter(key=key, bucket=int(now.timestamp()) // seconds, count__gt=0).update(count=F("count") - 1)


def window_end(*, seconds: int, now: datetime) -> datetime:
    """When the window of this moment ends, and counting begins anew."""
    return datetime.fromtimestamp((int(now.timestamp()) // seconds + 1) * seconds, UTC)


def forget_old(*, now: datetime) -> int:
    """Delete windows that are over; returns how many."""
    deleted, _by_table = RateRow.objects.filter(ends_at__lt=now).delete()
    return deleted

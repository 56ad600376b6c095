"""What the tills have to say on the home page: shifts and days that were left open, differences that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from liushui.analytics.contracts import Alert
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till.models import DayRow, ShiftRow


def till_alerts(principal: Principal) -> Sequence[Alert]:
    """What was left open in the reader's places; two queries."""
    if not principal.may("shift.read"):
        return ()
    now = datetime.now(UTC)
    allowed = principal.stores("shift.read")
    today = {store.id: store.business_date(now) for store in stores.stores() if store.id in allowed}
    known = {store.id: store for store in stores.stores()}
    found = list(
        ShiftRow.objects.filter(store_id__in=today, state__in=("open", "counted"), is_training=False)
        .order_by("opened_at")
        .values_list("id", "state", "store_id", "business_date", "workstation_code", "number")
    )
    days = list(
        DayRow.objects.filter(
            store_id__in=today, state="open", business_date__lt=max(today.values(), default=now.date())
        )
        .order_by("business_date")
        .values_list("store_id", "business_date")
    )
    left = [row for row in found if row[1] == "open" and row[3] < today[row[2]]]
    waiting = [row for row in found if row[1] == "counted"]
    late = [(store_id, day) for store_id, day in days if day < today[store_id]]
    return (
        *_open_shifts(left, known),
        *_open_days(late, known),
        *_waiting(waiting, principal, known),
    )


_Shift = tuple[object, str, int, date, str, int]


def _open_shifts(left: Sequence[_Shift], known: Mapping[int, Store]) -> Iterable[Alert]:
    if not left:
        return
    oldest = left[0]
    title = ngettext(
        "%(count)s shift is open since an earlier day", "%(count)s shifts are open since an earlier day", len(left)
    ) % {"count": len(left)}
    detail = _("%(store)s, till %(till)s, since %(day)s. Count its drawer at its till.") % {
        "store": _name(known[oldest[2]]), "till": oldest[4], "day": oldest[3].isoformat(),
    }  # fmt: skip
    url = reverse("till:shift-report", args=[oldest[0]])
    if len(left) > 1:
        url = f"{reverse('till:shifts')}?{urlencode({'state': 'open', 'from': oldest[3].isoformat()})}"
    yield Alert(level="warning", title=title, detail=detail, url=url)


def _open_days(late: Sequence[tuple[int, date]], known: Mapping[int, Store]) -> Iterable[Alert]:
    if not late:
        return
    store_id, day = late[0]
    title = ngettext("%(count)s business day is not closed", "%(count)s business days are not closed", len(late)) % {
        "count": len(late)
    }
    detail = _("%(store)s, %(day)s.") % {"store": _name(known[store_id]), "day": day.isoformat()}
    url = reverse("till:day", args=[store_id, day.isoformat()])
    if len(late) > 1:
        url = f"{reverse('till:days')}?{urlencode({'state': 'open', 'from': day.isoformat()})}"
    yield Alert(level="warning", title=title, detail=detail, url=url)


def _waiting(waiting: Sequence[_Shift], principal: Principal, known: Mapping[int, Store]) -> Iterable[Alert]:
    if not waiting:
        return
    oldest = waiting[0]
    title = ngettext(
        "%(count)s cash difference waits for an approval", "%(count)s cash differences wait for an approval",
        len(waiting),
    ) % {"count": len(waiting)}  # fmt: skip
    detail = _("%(store)s, till %(till)s, shift %(number)s.") % {
        "store": _name(known[oldest[2]]), "till": oldest[4], "number": oldest[5],
    }  # fmt: skip
    url = reverse("till:shift-report", args=[oldest[0]])
    if len(waiting) > 1:
        url = f"{reverse('till:shifts')}?{urlencode({'state': 'counted', 'from': oldest[3].isoformat()})}"
    yield Alert(level="warning", title=title, detail=detail, url=url)


def _name(store: Store) -> str:
    first, second = store.name_zh, store.name_en
    if not (get_language() or "").startswith("zh"):
        first, second = second, first
    return f"{first or second} {store.code}"

"""What needs attention: what the figures show, how fresh they are, and what other modules have to say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from liushui.analytics import facade
from liushui.analytics.contracts import Alert
from liushui.analytics.domain.home import Unusual
from liushui.analytics.filters import Choice
from liushui.analytics.pages.links import receipts_url
from liushui.runtime import outbox
from liushui.runtime.access import Principal
from liushui.stores.contracts import Store

_LATE = timedelta(minutes=1)
_SHOWN = 8


def alerts_of(*, principal: Principal, choice: Choice, found: Iterable[Unusual]) -> list[Alert]:
    """Alerts for this reader, the gravest first; at most a handful of stores of each kind."""
    by_id = {store.id: store for store in choice.stores}
    alerts = [*_lag(choice), *facade.provided_alerts(principal=principal)]
    alerts += [_alert(each, by_id[each.store_id], choice) for each in found][:_SHOWN]
    order = {"danger": 0, "warning": 1, "info": 2}
    return sorted(alerts, key=lambda alert: order.get(alert.level, 3))


def _lag(choice: Choice) -> list[Alert]:
    lag = outbox.lag()
    if lag.oldest_at is None or choice.now - lag.oldest_at < _LATE:
        return []
    minutes = int((choice.now - lag.oldest_at).total_seconds()) // 60
    return [
        Alert(
            level="warning",
            title=_("These figures are behind"),
            detail=_("%(count)d events have waited for up to %(minutes)d minutes. Is the worker running?")
            % {"count": lag.unpublished, "minutes": minutes},
        )
    ]


def _alert(found: Unusual, store: Store, choice: Choice) -> Alert:
    days = {"from": choice.scope.last.isoformat(), "to": choice.scope.last.isoformat()}
    query = {**choice.kept, "store": store.code, **days}
    name = f"{_name(store)} {store.code}"
    if found.kind == "no_sales":
        title = _("%(store)s: no sales yet today") % {"store": name}
        detail = _("At this hour last week it had sold. Is the store open, is its till connected?")
        return Alert(level="danger", title=title, detail=detail, url=receipts_url(query))
    if found.kind == "silent":
        title = ngettext(
            "%(store)s: no sales for %(hours)d full hour", "%(store)s: no sales for %(hours)d full hours", found.now
        ) % {"store": name, "hours": found.now}
        detail = _("At this hour last week it was selling. Is its till connected?")
        return Alert(level="warning", title=title, detail=detail, url=receipts_url(query))
    shares = {"now": f"{found.now / 100:.1f}", "usual": f"{found.usual / 100:.1f}"}
    detail = _("%(now)s %% on this day, %(usual)s %% on the days compared with.") % shares
    if found.kind == "refunds":
        title = _("%(store)s: unusually many refunds") % {"store": name}
        return Alert(level="warning", title=title, detail=detail, url=receipts_url({**query, "returns": "1"}))
    title = _("%(store)s: unusually many voided sales") % {"store": name}
    return Alert(level="warning", title=title, detail=detail, url=receipts_url({**query, "status": "voided"}))


def _name(store: Store) -> str:
    zh = (get_language() or "").startswith("zh")
    return (store.name_zh or store.name_en) if zh else (store.name_en or store.name_zh)

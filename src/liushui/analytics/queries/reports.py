"""Every report as rows of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from liushui.analytics.contracts import Figures, Filter, Report, ReportQuery, Row
from liushui.analytics.domain.home import NOTHING, total
from liushui.analytics.domain.metrics import share_bp
from liushui.analytics.domain.periods import Period, before
from liushui.analytics.domain.reports import KINDS, child_of, grain_of, ordered, values_of
from liushui.analytics.queries import totals
from liushui.analytics.queries.items import SORTS, ItemQuery, items, labels
from liushui.catalog import facade as catalog
from liushui.kernel.errors import InvalidValue
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

_WEEK = timedelta(days=7)
_FOUND_MAX = 500  # items that a search takes from the catalogue


def report(*, query: ReportQuery) -> Report:
    """One page of a report; raises InvalidValue for a report or a column that is not there."""
    kind = KINDS.get(query.name)
    if kind is None:
        raise InvalidValue(f"There is no report {query.name!r}", remedy=f"Use one of {', '.join(KINDS)}.")
    if query.sort and query.sort not in ("key", *kind.columns):
        raise InvalidValue(
            f"{query.sort!r} is no column of this report", remedy=f"Use one of {', '.join(kind.columns)}."
        )
    if not query.sort:
        query = replace(query, sort=kind.sort, descending=kind.descending)
    if query.name == "items":
        return _items(query)
    rows, sums = _ROWS[query.name](query)
    page = ordered(rows, sort=query.sort, descending=query.descending)[query.offset : query.offset + query.limit]
    return Report(name=query.name, columns=kind.columns, rows=tuple(page), total=sums, row_count=len(rows))


Rows = tuple[list[Row], Mapping[str, int | None]]


def _days(scope: Filter) -> dict[str, str]:
    return {"from": scope.first.isoformat(), "to": scope.last.isoformat()}


def _sums(name: str, whole: Figures, earlier: Figures | None = None) -> dict[str, int | None]:
    return values_of(KINDS[name].columns, whole, whole=whole, before=earlier)


def _sales(query: ReportQuery) -> Rows:
    scope = query.scope
    columns = KINDS["sales"].columns
    by_day = {key[0]: figures for key, figures in totals.by_hour(scope, "business_date")}
    last_week: dict[date, Figures] = {}
    if query.grain == "day":
        shifted = replace(scope, first=scope.first - _WEEK, last=scope.last - _WEEK)
        last_week = {key[0] + _WEEK: figures for key, figures in totals.by_hour(shifted, "business_date")}
    spans: dict[str, tuple[date, date]] = {}
    figures_by: dict[str, Figures] = {}
    for day, figures in by_day.items():
        key, first, last = grain_of(day, query.grain)
        spans[key] = (max(first, scope.first), min(last, scope.last))
        figures_by[key] = figures_by.get(key, NOTHING) + figures
    whole = total(by_day.values())
    rows = []
    for key, figures in figures_by.items():
        first, last = spans[key]
        span = {"from": first.isoformat(), "to": last.isoformat()}
        compared = last_week.get(first) if query.grain == "day" else None
        values = values_of(columns, figures, whole=whole, before=compared)
        rows.append(
            Row(key=key, name_zh=key, name_en=key, values=values, drill=span, open=span if first != last else {})
        )
    earlier = total(last_week.values()) if last_week and by_day and min(last_week) <= min(by_day) else None
    return rows, _sums("sales", whole, earlier)  # days before the very first sale are no week to compare with


def _stores(query: ReportQuery) -> Rows:
    scope = query.scope
    earlier = before(Period(first=scope.first, last=scope.last))
    now = {key[0]: figures for key, figures in totals.by_hour(scope, "store_id")}
    past_scope = replace(scope, first=earlier.first, last=earlier.last)
    past: dict[int, Figures] = {}
    known = totals.days_with_sales(scope.store_ids)
    if known is not None and known[0] <= earlier.first:  # days before the very first sale are nothing to compare with
        past = {key[0]: figures for key, figures in totals.by_hour(past_scope, "store_id")}
    whole = total(now.values())
    rows = []
    for store in _stores_of(scope):
        if store.is_open or store.id in now:
            figures = now.get(store.id, NOTHING)
            values = values_of(KINDS["stores"].columns, figures, whole=whole, before=past.get(store.id))
            place = {"store": store.code, **_chain(store)}
            rows.append(
                Row(
                    key=store.code,
                    name_zh=store.name_zh,
                    name_en=store.name_en,
                    values=values,
                    drill={**place, **_days(scope)},
                    open=place,
                )
            )
    return rows, _sums("stores", whole, total(past.values()) if past else None)


def _hours(query: ReportQuery) -> Rows:
    found = totals.by_hour(query.scope, "local_hour")
    whole = total(figures for _, figures in found)
    rows = [
        Row(
            key=f"{hour:02}",
            name_zh=f"{hour:02}:00",
            name_en=f"{hour:02}:00",
            values=values_of(KINDS["hours"].columns, figures, whole=whole, before=None),
            drill={"hour": str(hour), **_days(query.scope)},
        )
        for (hour,), figures in found
    ]
    return rows, _sums("hours", whole)


def hour_by_weekday(*, scope: Filter) -> dict[tuple[int, int], int]:
    """Average net sales by (weekday, Monday 0; hour of the wall clock) of the days on which anything was sold."""
    cells: dict[tuple[int, int], int] = {}
    days: dict[int, set[date]] = {}
    for (day, hour), figures in totals.by_hour(scope, "business_date", "local_hour"):
        cells[day.weekday(), hour] = cells.get((day.weekday(), hour), 0) + figures.net_minor
        days.setdefault(day.weekday(), set()).add(day)
    return {(weekday, hour): net // len(days[weekday]) for (weekday, hour), net in cells.items()}


def _categories(query: ReportQuery) -> Rows:
    scope, parent = query.scope, query.category.strip("/")
    found: dict[str, Figures] = {}
    has_more: set[str] = set()
    for (_, path), figures in totals.by_category(scope):
        if parent and path != parent and not path.startswith(f"{parent}/"):
            continue
        child, more = child_of(path, parent)
        found[child] = found.get(child, NOTHING) + figures
        if more:
            has_more.add(child)
    whole = total(found.values())
    names = catalog.category_names(chain_ids=_chain_ids(scope))
    rows = []
    for path, figures in found.items():
        name_zh, name_en = names.get(path, ("", ""))
        code = path.rpartition("/")[2]
        rows.append(
            Row(
                key=path,
                name_zh=name_zh or code,
                name_en=name_en or code,
                values=values_of(KINDS["categories"].columns, figures, whole=whole, before=None),
                open={"category": path} if path in has_more and path != parent else {},
            )
        )
    return rows, _sums("categories", whole)


def _payments(query: ReportQuery) -> Rows:
    found = totals.by_tender(query.scope)
    whole = sum(amount for _, _, amount, _ in found)
    rows = [
        Row(
            key=f"{type_}/{method}" if method else type_,
            name_zh=method or type_,
            name_en=method or type_,
            values={"amount": amount, "share": share_bp(part=amount, whole=whole), "payments": count},
            drill={"tender": method or type_, **_days(query.scope)},
        )
        for type_, method, amount, count in found
    ]
    count = sum(count for *_, count in found)
    return rows, {"amount": whole, "share": share_bp(part=whole, whole=whole), "payments": count}


def _cashiers(query: ReportQuery) -> Rows:
    found = totals.by_operator(query.scope)
    whole = total(figures for _, figures in found)
    by_id = {store.id: store for store in _stores_of(query.scope)}
    rows = []
    for (store_id, workstation, operator), figures in found:
        store = by_id[store_id]
        where = f"{store.code} {workstation}".strip()
        rows.append(
            Row(
                key=f"{where}/{operator}",
                name_zh=f"{operator or '–'} · {store.name_zh or store.name_en} {workstation}".strip(),
                name_en=f"{operator or '–'} · {store.name_en or store.name_zh} {workstation}".strip(),
                values=values_of(KINDS["cashiers"].columns, figures, whole=whole, before=None),
                drill={"store": store.code, **_chain(store), **_days(query.scope)},
            )
        )
    return rows, _sums("cashiers", whole)


_ROWS: dict[str, Callable[[ReportQuery], Rows]] = {
    "sales": _sales,
    "stores": _stores,
    "hours": _hours,
    "categories": _categories,
    "payments": _payments,
    "cashiers": _cashiers,
}


def _items(query: ReportQuery) -> Report:
    """Items are sorted, searched and paged in the database."""
    scope, kind = query.scope, KINDS["items"]
    sort = query.sort if query.sort in SORTS else {"share": "net"}.get(query.sort, kind.sort)
    chains = _chain_ids(scope)
    skus: frozenset[str] = frozenset()
    if query.text:
        found = catalog.search_items(chain_ids=chains, text=query.text, limit=_FOUND_MAX, offset=0)
        skus = frozenset(item.sku for item in found.items)
    page = items(
        query=ItemQuery(
            scope=scope,
            sort=sort,
            descending=query.descending,
            text=query.text,
            skus=skus,
            category=query.category,
            whole_chains=whole_chains(scope=scope),
            limit=query.limit,
            offset=query.offset,
        )
    )
    names = item_names(keys=[(row.chain_id, row.sku) for row in page.rows])
    rows = []
    for row in page.rows:
        name_zh, name_en = names[row.chain_id, row.sku]
        values = values_of(kind.columns, row.figures, whole=page.total, before=None)
        drill = {"sku": row.sku, **_days(scope)}
        rows.append(Row(key=row.sku, name_zh=name_zh, name_en=name_en, values=values, drill=drill))
    sums = values_of(kind.columns, page.total, whole=page.total, before=None)
    additive = {name: value for name, value in sums.items() if name not in kind.not_additive}
    return Report(name="items", columns=kind.columns, rows=tuple(rows), total=additive, row_count=page.row_count)


def item_names(*, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, str]]:
    """(Chinese, English) names by (chain id, SKU): the catalogue's, else what receipts said, else the SKU."""
    receipts = labels(keys=keys)
    names = {key: (receipts.get(key, (key[1], ""))[0] or key[1],) * 2 for key in keys}
    for chain_id in {chain_id for chain_id, _ in keys}:
        skus = [sku for chain, sku in keys if chain == chain_id]
        for sku, item in catalog.find_items(chain_id=chain_id, codes=skus).items():
            names[chain_id, sku] = (item.name_zh or item.name_en, item.name_en or item.name_zh)
    return names


def whole_chains(*, scope: Filter) -> frozenset[int]:
    """The chains of these stores, when all stores of all of them are in the filter; else none."""
    chains = _chain_ids(scope)
    within = {store.id for store in stores.stores() if store.chain_id in chains}
    return chains if within <= scope.store_ids else frozenset()


def _stores_of(scope: Filter) -> list[Store]:
    return [store for store in stores.stores() if store.id in scope.store_ids]


def _chain_ids(scope: Filter) -> frozenset[int]:
    return frozenset(store.chain_id for store in _stores_of(scope))


def _chain(store: Store) -> dict[str, str]:
    """The chain's code as a query parameter, where there are several chains."""
    chains = {chain.id: chain.code for chain in stores.chains()}
    return {"chain": chains[store.chain_id]} if len(chains) > 1 else {}

"""What the processes of a race do; each runs in a fork of its own and answers in plain JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from tests.races.access_deeds import (  # noqa: F401  # done by name
    ask_approval,
    decide_approval,
    give_code,
    guess,
    hire_with_app,
    inspect_approval,
    use_approval,
)
from tests.races.till_deeds import (  # noqa: F401  the arena looks for all deeds here
    ask,
    be_paid,
    begin_day,
    day_differs,
    days_told,
    decide,
    end_day,
    give_back,
    give_up,
    look_at,
    open_or_end_day,
    open_tills,
    pay_or_count,
    recover_tills,
    ring_up,
    ring_up_again,
    scan_or_count,
    sell_many,
    shift_figures,
)
from tests.support.crash import crash_at_step

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, SaleRecorded, Tender
from liushui.intake import facade as intake
from liushui.intake.contracts import QuarantineQuery
from liushui.orders import facade as orders
from liushui.runtime.grants import system_principal
from liushui.runtime.models import OutboxEvent
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SYSTEM = system_principal(name="races")


def warm_up() -> None:
    """Open the connection, so that the race is about the sale and not about who connects first."""
    connection.ensure_connection()


def prepare() -> None:
    """One store, one item, and a first sale, after which the forks of a race begin warm."""
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First")]
    )
    catalog.save_items(items=[NewItem(chain_id=chain.id, sku="MILK", name_zh="牛奶", name_en="Milk", tax_rate_bp=900)])
    complete(ids=["the first"])


def complete(*, ids: list[str], operator: str = "", crash_at: int | None = None) -> dict[str, Any]:
    """Complete a batch of sales of three lines and two tenders; another operator is another body."""
    commands = [_sale(source_id, operator) for source_id in ids]
    with crash_at_step(crash_at) as steps:
        answers = checkout.complete_sales(commands=commands, principal=SYSTEM, now=NOON)
    return {"answers": [_plain(answer) for answer in answers], "steps": steps.names}


def send_unknown_item(*, source_id: str) -> dict[str, Any]:
    """Send a sale of an item that the catalogue lacks through the API's own action."""
    body = {
        "id": source_id,
        "store": "SH01",
        "completed_at": NOON.isoformat(),
        "lines": [{"code": "NOPE", "amount": "1.00"}],
    }
    taken = intake.take_sale(
        body=json.dumps(body).encode(), content_type="application/json", principal=SYSTEM, now=NOON
    )
    return {"status": taken.status, "entry": (taken.problem or {}).get("quarantine_id")}


def quarantined() -> list[list[Any]]:
    """What waits in quarantine: source id and number of tries."""
    query = QuarantineQuery(store_ids=SYSTEM.stores("intake.read"), chain_ids=SYSTEM.whole_chains("intake.read"))
    return [[entry.source_id, entry.tries] for entry in intake.quarantine(query=query).entries]


def _sale(source_id: str, operator: str) -> CompleteSale:
    off = (Discount(code="D", name="满减", amount_minor=50),)
    return CompleteSale(
        source="pos",
        source_id=source_id,
        store="SH01",
        completed_at=NOON,
        operator=operator,
        lines=(
            LineCommand(code="MILK", units=2, amount_minor=1300),
            LineCommand(code="MILK", units=1, amount_minor=600, regular_minor=650, discounts=off),
            LineCommand(code="MILK", units=-1, amount_minor=-650),
        ),
        tenders=(Tender(type="cash", amount_minor=250), Tender(type="mobile", method="wechat", amount_minor=1000)),
    )


def _plain(answer: Any) -> dict[str, Any]:
    if isinstance(answer, SaleRecorded):
        return {"sale_id": str(answer.sale_id), "total": answer.total_minor, "is_replay": answer.is_replay}
    return {"status": answer.problem["status"], "sale_id": answer.problem.get("sale_id")}


def void(*, sale_id: str, reason: str, crash_at: int | None = None) -> dict[str, Any]:
    """Void a sale."""
    with crash_at_step(crash_at):
        sale = orders.void_sale(sale_id=UUID(sale_id), reason=reason, principal=SYSTEM, now=NOON)
    return {"status": sale.summary.status, "reason": sale.void_reason}


def inspect(*, prefix: str) -> dict[str, int]:
    """What stands in the tables of the sales whose source id begins so, and what must never stand there."""
    mine = f"SELECT id FROM orders_sale WHERE source_id LIKE '{prefix}%%'"
    return {
        "sales": _count(f"SELECT COUNT(*) FROM orders_sale WHERE id IN ({mine})"),
        "lines": _count(f"SELECT COUNT(*) FROM orders_line WHERE sale_id IN ({mine})"),
        "discounts": _count(f"SELECT COUNT(*) FROM orders_discount WHERE sale_id IN ({mine})"),
        "tenders": _count(f"SELECT COUNT(*) FROM orders_tender WHERE sale_id IN ({mine})"),
        "completed_events": _events("liushui.sale.completed.v1", prefix),
        "voided_events": _events("liushui.sale.voided.v1", prefix),
        "lines_without_sale": _count(
            "SELECT COUNT(*) FROM orders_line WHERE sale_id NOT IN (SELECT id FROM orders_sale)"
        ),
        "sales_whose_lines_differ": _count(
            "SELECT COUNT(*) FROM orders_sale s WHERE total_minor <> "
            "(SELECT COALESCE(SUM(amount_minor), 0) FROM orders_line l WHERE l.sale_id = s.id)"
        ),
        "sales_whose_tenders_differ": _count(
            "SELECT COUNT(*) FROM orders_sale s WHERE total_minor <> "
            "(SELECT COALESCE(SUM(amount_minor), 0) FROM orders_tender t WHERE t.sale_id = s.id)"
        ),
    }


def _events(kind: str, prefix: str) -> int:
    bodies = OutboxEvent.objects.filter(type=kind).values_list("data", flat=True)
    return sum(orders.decode_fact(bytes(body)).source_id.startswith(prefix) for body in bodies)


def _count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("%%", "%"))
        return int(cursor.fetchone()[0])

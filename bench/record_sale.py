"""What one sale costs: SQL round trips and CPU, beside the same rows written by Django's create(), one by one.

Ours looks up items and prices, checks, and records; the other only writes rows that are ready made.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from tests.support.crash import crash_at_step

from bench import shop
from bench.tables import show
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import SaleRecorded
from liushui.kernel.ids import new_id
from liushui.orders.models import DiscountRow, Sale, SaleLineRow, TenderRow
from liushui.runtime.grants import system_principal
from liushui.runtime.models import OutboxEvent

TIMES = {1: 200, 20: 100, 200: 20}  # lines of a sale → how many sales are timed


def main() -> None:
    shop.open_shop()
    rows: list[list[object]] = []
    for lines, times in TIMES.items():
        ours_trips, ours_ms = ours(lines, times)
        plain_trips, plain_ms = plain(lines, times)
        rows.append([lines, ours_trips, plain_trips, f"{ours_ms:.2f}", f"{plain_ms:.2f}", f"{plain_ms / ours_ms:.1f}"])
    show(("lines", "round trips", "of create()", "CPU ms a sale", "of create()", "times less"), rows)
    if any(int(str(row[1])) > 10 for row in rows):
        raise SystemExit("more than the 10 round trips that we allow ourselves")


def ours(lines: int, times: int) -> tuple[int, float]:
    """Round trips of a sale, and its median CPU in milliseconds."""
    me = system_principal(name="bench")

    def complete(number: int) -> None:
        answer = checkout.complete_sale(command=shop.sale(number, lines), principal=me, now=shop.NOON)
        assert isinstance(answer, SaleRecorded)
        assert not answer.is_replay

    for number in range(5):
        complete(number)
    with crash_at_step(None) as steps:
        complete(5)
    trips = steps.round_trips()
    return trips, _cpu_ms(complete, range(10, 10 + times))


def plain(lines: int, times: int) -> tuple[int, float]:
    """The same for its rows written by create() in one transaction."""
    sale = Sale.objects.get(source="bench", source_id=f"{lines}-5")
    parts: list[models.Model] = [
        *SaleLineRow.objects.filter(sale_id=sale.id).order_by("line_number"),
        *DiscountRow.objects.filter(sale_id=sale.id),
        *TenderRow.objects.filter(sale_id=sale.id),
    ]
    event = OutboxEvent.objects.get(subject=f"sale:{sale.id}")
    kept = [(type(row), _values(row)) for row in (sale, *parts, event)]

    def write(number: int) -> None:
        sale_id = new_id()
        with transaction.atomic():
            for model, values in kept:
                own: dict[str, object] = {"id": new_id()} if model is OutboxEvent else {"sale_id": sale_id}
                if model is Sale:
                    own = {"id": sale_id, "source_id": f"plain-{lines}-{number}"}
                model._default_manager.create(**values | own)

    write(-1)
    with CaptureQueriesContext(connection) as queries:
        write(-2)
    named = {"BEGIN", "COMMIT"} & {query["sql"].upper() for query in queries.captured_queries}
    return len(queries) + 2 - len(named), _cpu_ms(write, range(times))


def _values(row: models.Model) -> dict[str, object]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not (field.primary_key and field.get_internal_type() in ("AutoField", "BigAutoField", "CompositePrimaryKey"))
    }


def _cpu_ms(do: Callable[[int], None], numbers: range) -> float:
    spent = []
    for number in numbers:
        begun = time.process_time()
        do(number)
        spent.append((time.process_time() - begun) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    main()

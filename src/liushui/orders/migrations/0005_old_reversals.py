"""Receipts that a till took back whole, before returned lines named what they take back, are returns like any other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_PREFIX = "reversal-"  # source id of the till's sale that took another back: this and the other's id as hex


def link_reversals(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Each line of such a sale is the opposite of the line with the same number, each tender of that in its place."""
    sales, lines = apps.get_model("orders", "Sale"), apps.get_model("orders", "SaleLineRow")
    tenders = apps.get_model("orders", "TenderRow")
    heads, counters = apps.get_model("orders", "ReturnHeadRow"), apps.get_model("orders", "ReturnCounterRow")
    links, backs = apps.get_model("orders", "ReturnedLineRow"), apps.get_model("orders", "ReturnedTenderRow")
    for sale in sales.objects.filter(source="till", source_id__startswith=_PREFIX, status="completed").iterator():
        original = sales.objects.filter(id=UUID(hex=sale.source_id[len(_PREFIX) :]), status="completed").first()
        if original is None or heads.objects.filter(sale_id=original.id).exists():
            continue
        place = {"chain_id": original.chain_id}
        bought = [line for line in lines.objects.filter(sale_id=original.id) if not line.is_return]
        heads.objects.create(
            sale_id=original.id, version=1, state="open", returned_units=sum(line.units for line in bought), **place
        )
        for line in bought:
            counters.objects.create(
                sale_id=original.id, line_number=line.line_number, bought_units=line.units, returned_units=line.units,
                **place,
            )  # fmt: skip
            links.objects.create(
                sale_id=sale.id, line_number=line.line_number, original_sale_id=original.id,
                original_line_number=line.line_number, unit_positions="", **place,
            )  # fmt: skip
        for tender in tenders.objects.filter(sale_id=original.id, amount_minor__gt=0):
            backs.objects.create(
                sale_id=sale.id, original_sale_id=original.id, position=tender.position,
                amount_minor=tender.amount_minor, **place,
            )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_customer")]

    operations = [migrations.RunPython(link_reversals, migrations.RunPython.noop)]

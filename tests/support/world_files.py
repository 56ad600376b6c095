"""What the small chain of world.py has taken in: an API client, a quarantine, a file of sales and one of items."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from liushui.catalog import facade as catalog
from liushui.intake import facade as intake
from liushui.runtime.access import Grant, Principal
from liushui.runtime.api_clients import create_client
from liushui.stores.contracts import Chain


def client_and_quarantine(*, chain: Chain, now: datetime, system: Principal) -> tuple[str, tuple[UUID, ...]]:
    """An API client that has sent two receipts with an unknown item; its id and what waits in quarantine."""
    grants = (Grant(role="integration", chain_id=chain.id),)
    client_id, _secret = create_client(
        name="Tills", source="tills", grants=grants, scopes=("sale.write", "sale.read"), principal=system
    )
    machine = Principal(
        subject=f"client:{client_id}", name="Tills", grants=grants, scopes=frozenset({"sale.write"}), source="tills"
    )
    sales = [
        {
            "id": name,
            "store": "E1",
            "completed_at": now.isoformat(),
            "lines": [{"code": "SKU-01", "amount_minor": 1280}, {"code": "NEW-99", "units": 2, "amount_minor": 4000}],
            "tenders": [{"type": "mobile", "method": "wechat", "amount_minor": 5280}],
        }
        for name in ("Q-1", "Q-2")
    ]
    answers = intake.take_batch(
        body=json.dumps(sales).encode(), content_type="application/json", principal=machine, now=now
    )
    return client_id, tuple(UUID(str((answer.problem or {})["quarantine_id"])) for answer in answers)


_MAPPING = """
name = "till-export"
title = "Till export"
source = "till-export"
[file]
format = "csv"
[chain]
code = "GREEN"
name_en = "Green Grain"
name_zh = "绿禾超市"
currency = "CNY"
time_zone = "Asia/Shanghai"
[sale]
id = "receipt"
store = "store"
completed_at = { column = "at", zone = "Asia/Shanghai" }
[line]
code = "sku"
units = "units"
amount = "amount"
"""


def import_sales(*, now: datetime, system: Principal) -> UUID:
    """A file of two receipts, one of them in quarantine."""
    day = f"{now - timedelta(days=2):%Y-%m-%d}"
    rows = (
        f"X-1,E2,{day} 11:02:00,SKU-02,2,13.80",
        f"X-1,E2,{day} 11:02:00,SKU-07,1,3.20",
        f"X-2,E2,{day} 11:09:00,OLD-05,1,8.00",
    )
    with tempfile.TemporaryDirectory() as folder:
        file, mapping = Path(folder, "tills.csv"), Path(folder, "till-export.toml")
        file.write_text("\n".join(("receipt,store,at,sku,units,amount", *rows)) + "\n")
        mapping.write_text(_MAPPING)
        run, _is_new = intake.start_import(
            path=file, mapping=intake.load_mapping(str(mapping)), chain="", items=None, principal=system, now=now
        )
        intake.run_import(import_id=run.id, principal=system)
    return run.id


def import_items(*, chain: Chain, now: datetime, system: Principal) -> UUID:
    """A file of two items, one of them wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "items.csv")
        file.write_text("sku,gtin,name_zh,price\nSKU-30,,蛋卷礼盒,19.50\nSKU-31,123,礼盒,8.00\n", encoding="utf-8")
        run = catalog.open_import(
            path=file, file_name="items.csv", kind="items", chain_id=chain.id, principal=system, now=now
        )
        catalog.start_import(run_id=run.id, principal=system)
        catalog.run_import(run_id=run.id)
    return run.id

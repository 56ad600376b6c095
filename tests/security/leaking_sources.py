"""What careless sources send of the member of `leaking.py`: by the API and as a file, good, wrong and mended."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.intake import facade as intake
from liushui.intake.contracts import QuarantineQuery
from liushui.intake.domain.mapping import parse_mapping
from liushui.intake.tests.examples import MAPPING
from liushui.runtime import believed, oauth
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal

_SENT_BY = "careless-shop"


def send(*, chain_id: int, number: str, phone: str, mail: str, name: str) -> list[int]:
    """Sales with the phone, the address and the name where nobody expects them; the answers' statuses."""
    catalog.save_items(items=[NewItem(chain_id=chain_id, sku="leaf", name_zh="茶叶", name_en="Leaf")])
    token = "token-of-careless"
    principal = Principal(
        subject=f"client:{_SENT_BY}", name=_SENT_BY, source=_SENT_BY, scopes=frozenset({"sale.write"}),
        grants=(Grant(role="integration", chain_id=chain_id),),
    )  # fmt: skip
    oauth.tokens.put(digest=believed.digest_of(token), thing=principal, until=time.monotonic() + 3600)
    client = Client(headers={"authorization": f"Bearer {token}"})
    sales = [
        _sale("web-1", operator=f"{mail}", member={"id": "K7", "attributes": {"姓名": name, "tel": int(phone)}}),
        _sale("web-2", customer=phone),
        _sale("web-3", member={"id": f"+86 {phone}"}),
        _sale("web-4", note=f"送到 {phone}"),
        _sale("web-5", customer=number, workstation=f"小程序 {phone}"),
    ]
    answers = [client.post("/api/v1/sales", each, content_type="application/json").status_code for each in sales]
    batch = [{**each, "id": f"{each['id']}-again"} for each in sales]
    answers.append(client.post("/api/v1/sales/batch", batch, content_type="application/json").status_code)
    mend(number=number, phone=phone)
    return answers


def mend(*, number: str, phone: str) -> None:
    """One of those in quarantine is sent again as it is, one mended by somebody who types the phone into it."""
    me, now = system_principal(name="mender"), datetime.now(UTC)
    query = QuarantineQuery(store_ids=me.stores("intake.mend"), chain_ids=me.whole_chains("intake.mend"))
    first, second, *_rest = intake.quarantine_ids(query=query)
    intake.replay_entries(entry_ids=[first], principal=me, now=now)
    entry = intake.quarantine_entry(
        entry_id=second, store_ids=me.stores("intake.mend"), chain_ids=me.whole_chains("intake.mend")
    )
    body = {**_sale(entry.summary.source_id), "customer": number, "operator": f"asked {phone}"}
    intake.mend_sale(
        entry_id=second, body=json.dumps(body).encode(), principal=me, now=now, reason=f"she called from {phone}"
    )


def take_file(*, folder: Path, phone: str, mail: str) -> str:
    """A file with a good row, a row to be mended and a column that no mapping reads; how the import ended."""
    path = folder / "sent-by-hand.csv"
    rows = (
        f"F1,S1,2026-11-20 09:00:00,tea,茶 {phone},1,12.50,{mail}\n",
        f"F2,S1,2026-11-20 09:00:00,tea,茶,many,12.50,打 {phone[:3]} {phone[3:7]} {phone[7:]}\n",
    )
    path.write_text("receipt,store,at,code,name,units,amount,note\n" + "".join(rows), "utf-8")
    mapping = MAPPING.replace('"HM"', '"tea"\naccept_unknown_items = true')
    me = system_principal(name="importer")
    run, _new = intake.start_import(
        path=path, mapping=parse_mapping(mapping, name="by-hand"), chain="tea", items=None, principal=me,
        now=datetime.now(UTC),
    )  # fmt: skip
    done = intake.run_import(import_id=run.id, principal=me)
    path.unlink()  # the sender's own, not ours
    return f"{done.status} {done.rows_done}"


def _sale(sale_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": sale_id, "store": "S1", "completed_at": "2026-11-20T10:00:00+08:00",
        "lines": [{"code": "leaf", "units": 1, "amount": "9.90"}], **fields,
    }  # fmt: skip

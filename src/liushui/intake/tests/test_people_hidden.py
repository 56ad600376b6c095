"""Numbers, addresses and names where no source should send them: nothing is kept, and sales still arrive."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from liushui.intake import facade
from liushui.intake.domain.mapping import parse_mapping
from liushui.intake.domain.people import hidden_body, hidden_text
from liushui.intake.models import QuarantineEntryRow, RawMessage
from liushui.intake.tests.conftest import Shop, Till, sale
from liushui.intake.tests.examples import HEADER, MAPPING, row
from liushui.orders import facade as orders
from liushui.runtime.grants import system_principal

PHONE, MAIL, NAME = "13812340987", "ruolan.oy@mail.example", "欧阳若兰"
WRITTEN = (PHONE, "138 1234 0987", "138-1234-0987", f"+86{PHONE}", f"0086{PHONE}", "１３８１２３４０９８７", MAIL)


def everything_kept() -> str:
    """All rows of all tables as one text."""
    texts = []
    for model in apps.get_models(include_auto_created=True):
        for values in model._default_manager.values_list():
            for value in values:
                plain = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else value
                texts.append(json.dumps(plain, ensure_ascii=False, default=str))
    return "\n".join(texts)


def assert_nobody(*more: str) -> None:
    kept = everything_kept()
    for text in (*WRITTEN, *more):
        assert text not in kept, text


@pytest.mark.parametrize("written", WRITTEN)
def test_a_text_loses_numbers_and_addresses_however_written(written: str) -> None:
    assert hidden_text(f"送到 {written} 处") == "送到 [hidden] 处"


def test_what_only_looks_like_it_stays_byte_for_byte() -> None:
    for body in (
        b'{"id": "13812340987",  "store": "S1", "receipt_number": "13812340987", "lines": [{"code": "13812340987"}]}',
        b'{ "lines": [{"code": "06901381234098", "amount_minor": 1250}], "member": "M13812340984" }',
        b'{"tenders": [{"reference": "4200001234202611231234567890"}]}',
        b"not json at all: 13812340987",
    ):
        assert hidden_body(body) is body


def test_escapes_do_not_help() -> None:
    body = b'[{"id": "1", "customer": "\\u0031\\u0033812340987"}, {"id": "2", "operator": "a\\u0040b.example"}]'
    assert json.loads(hidden_body(body)) == [{"id": "1", "customer": "[hidden]"}, {"id": "2", "operator": "[hidden]"}]


def test_a_sale_with_numbers_everywhere_is_recorded_without_them(till: Till) -> None:
    sent = sale(
        operator=f"收银 {PHONE}", workstation=f"till {MAIL}",
        lines=[
            {"code": "APPLE", "units": 2, "amount": "25.00", "name": f"送货 138-1234-0987 {MAIL}",
             "discounts": [], "category": PHONE}
        ],
        tenders=[{"type": "mobile", "method": f"wechat {PHONE}", "reference": PHONE, "amount": "25.00"}],
        member={
            "id": "K-1", "groups": [PHONE],
            "attributes": {"姓名": NAME, "Full Name": NAME, "phone": 13812340987, "note": f"+86{PHONE}", "cups": 7},
        },
    )  # fmt: skip
    answer = till.post("/sales", sent)
    assert answer.status_code == 201, answer.content
    assert till.post("/sales", sent).status_code == 200  # the same sale again
    assert_nobody(NAME)
    raw = json.loads(bytes(RawMessage.objects.order_by("id").first().body))
    assert raw["lines"][0]["name"] == "送货 [hidden] [hidden]"
    assert raw["member"]["attributes"] == {
        "姓名": "[hidden]", "Full Name": "[hidden]", "phone": "[hidden]", "note": "[hidden]", "cups": 7,
    }  # fmt: skip
    assert raw["tenders"] == [
        {"type": "mobile", "method": "wechat [hidden]", "reference": "[hidden]", "amount": "25.00"}
    ]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"customer": PHONE}, "/customer"), ({"customer": MAIL}, "/customer"), ({"member": {"id": PHONE}}, "/member/id")],
)
def test_a_number_in_place_of_a_member_waits_to_be_mended_without_it(
    shop: Shop, till: Till, fields: dict[str, Any], pointer: str
) -> None:
    answer = till.post("/sales", sale(**fields))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["pointer"] == pointer
    assert_nobody()
    entry = QuarantineEntryRow.objects.get()
    again = facade.replay_entries(entry_ids=[entry.id], principal=shop.staff(), now=datetime.now(UTC))
    assert [each.problem["pointer"] for each in again if each.problem] == [pointer]  # as it is it is refused again
    mended = json.dumps(sale(operator=PHONE)).encode()
    result = facade.mend_sale(entry_id=entry.id, body=mended, principal=shop.staff(), now=datetime.now(UTC))
    assert result.problem is None
    assert_nobody()


def test_a_phone_in_place_of_a_members_number_is_not_kept(till: Till) -> None:
    assert till.post("/sales", sale(member=PHONE)).status_code == 422
    assert QuarantineEntryRow.objects.get().command["member"] == "[hidden]"
    assert_nobody()


def test_a_batch_keeps_nothing_of_unknown_fields_either(till: Till) -> None:
    sales = [sale("T1-1"), sale("T1-2", note=f"call {PHONE}"), sale("T1-3", store=f"for {PHONE}")]
    sales[2]["lines"][0]["name"] = MAIL
    answers = till.post("/sales/batch", {"sales": sales}).json()["results"]
    assert [each["status"] for each in answers] == ["created", "refused", "quarantined"]
    kept = everything_kept()
    assert MAIL not in kept
    assert f"call {PHONE}" not in kept


def test_a_file_is_kept_without_them_its_quarantined_rows_too(shop: Shop, tmp_path: Path) -> None:
    mapping = MAPPING.replace('receipt"\nstore', 'receipt"\ncustomer = "who"\noperator = "by"\nstore')
    path = tmp_path / "sales.csv"
    lines = [
        row("A", name=f"苹果 {PHONE}").strip() + f",K1,收银 {PHONE},备注 {MAIL}\n",
        row("B").strip() + f",{PHONE},li,备注 {PHONE}\n",
        row("C", units="many", name=MAIL).strip() + f",K2,{MAIL},\n",
    ]
    path.write_text(HEADER.strip() + ",who,by,note\n" + "".join(lines), "utf-8")
    me = system_principal(name="tests")
    run, _new = facade.start_import(
        path=path, mapping=parse_mapping(mapping, name="t"), chain="", items=None, principal=me, now=datetime.now(UTC)
    )
    done = facade.run_import(import_id=run.id, principal=me)
    assert done.reconciliation is not None
    assert (done.reconciliation.rows_sold, done.reconciliation.rows_quarantined) == (1, 2)
    assert_nobody()
    [sale_id] = [orders.find_sale(source="till-export", source_id="A")]
    assert sale_id is not None
    entries = {each.source_id: each for each in QuarantineEntryRow.objects.all()}
    assert entries["B"].raw_rows[0]["cells"]["who"] == "[hidden]"
    assert entries["B"].command["customer"] == "[hidden]"
    assert entries["C"].raw_rows[0]["cells"]["name"] == "[hidden]"

"""Sales sent to the API, one by one and in batches."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.intake.models import QuarantineEntryRow, RawMessage
from liushui.intake.tests.conftest import machine, sale
from liushui.orders import facade as orders

# The raw message, 2 of the catalogue, the rest of orders: on PostgreSQL one message.
STATEMENTS = {"sqlite": 10, "postgresql": 3}


def test_a_sale_is_created_once_and_its_repeat_answers_the_same_with_status_200(till):
    first = till.post("/sales", sale())
    again = till.post("/sales", sale())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    body = first.json()
    assert (body["source"], body["id"], body["total_minor"], body["total"]) == ("till-1", "T1-1", 2500, "25.00")
    assert (body["tax_minor"], body["currency"], body["business_date"], body["line_count"]) == (
        288,
        "CNY",
        "2026-11-22",
        1,
    )


def test_minor_units_and_decimal_texts_are_the_same_sale(till):
    texts = sale()
    minor = sale(
        lines=[{"code": "APPLE", "units": 2, "amount_minor": 2500}],
        tenders=[{"type": "mobile", "method": "wechat", "amount_minor": 2500}],
    )
    assert till.post("/sales", texts).status_code == 201
    assert till.post("/sales", minor).status_code == 200


def test_the_same_id_with_other_contents_is_a_conflict_and_changes_nothing(till):
    till.post("/sales", sale())
    other = till.post("/sales", sale(operator="8"))
    assert other.status_code == 409
    assert other.json()["type"] == "urn:liushui:problem:sale-conflict"
    assert QuarantineEntryRow.objects.count() == 0


def test_the_raw_bytes_of_what_is_taken_are_kept(till):
    body = json.dumps(sale(), indent=1).encode()
    till.post("/sales", body)
    [kept] = RawMessage.objects.all()
    assert bytes(kept.body) == body
    assert kept.sha256 == hashlib.sha256(body).hexdigest()
    assert (kept.source, kept.content_type) == ("till-1", "application/json")


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b'{"id": "1", ', 400, None),
        (b"\x00", 400, None),
        (b"", 400, None),
        (b"[]", 422, ""),
        (sale(lines=[{"code": "APPLE", "amount": 12.5}]), 422, "/lines/0/amount"),
        (sale(tenders=[{"type": "cash", "amount": 25}]), 422, "/tenders/0/amount"),
        (sale(colour="red"), 422, ""),
        (sale(lines=[{"code": "APPLE", "price": "1"}]), 422, "/lines/0"),
        (sale(completed_at="2026-11-22T14:00:00"), 422, "/completed_at"),
        (sale(lines=[]), 422, "/lines"),
        (sale(lines=[{"code": "APPLE", "amount": "1.00", "amount_minor": 100}]), 422, "/lines/0/amount"),
        (sale(operator="a\x00b"), 422, None),
    ],
)
def test_what_is_not_of_the_right_form_is_refused_with_its_place_and_not_quarantined(till, body, status, pointer):
    answer = till.post("/sales", body)
    assert answer.status_code == status, answer.content
    assert answer.json().get("pointer") == pointer
    assert answer["Content-Type"] == "application/problem+json"
    assert "quarantine_id" not in answer.json()
    assert QuarantineEntryRow.objects.count() == 0
    assert orders.find_sale(source="till-1", source_id="T1-1") is None


def test_a_number_for_money_is_refused_in_words(till):
    answer = till.post("/sales", sale(lines=[{"code": "APPLE", "amount": 12.5}])).json()
    assert answer["detail"] == (
        "amount is money and was sent as a JSON number, a binary fraction for most programs, which loses cents"
    )
    assert answer["remedy"] == 'Send a decimal text, "amount": "12.50", or minor units, "amount_minor": 1250.'


@pytest.mark.parametrize(
    ("fields", "reason", "pointer"),
    [
        ({"lines": [{"code": "NO-SUCH", "amount": "25.00"}]}, "item-unknown", "/lines/0/code"),
        ({"lines": [{"code": "6901234567891", "amount": "25.00"}]}, "item-unknown", "/lines/0/code"),
        ({"store": "XX99"}, "store-unknown", "/store"),
        ({"tenders": [{"type": "cash", "amount": "24.99"}]}, "tenders-unbalanced", "/tenders"),
        ({"lines": [{"code": "APPLE", "amount": "24.999"}]}, "invalid-value", "/lines/0/amount"),
        ({"currency": "USD"}, "currency-mismatch", "/currency"),
    ],
)
def test_what_a_rule_refuses_waits_in_quarantine_with_the_command_and_the_problem(till, fields, reason, pointer):
    answer = till.post("/sales", sale(**fields))
    assert answer.status_code == 422
    assert answer.json()["type"] == f"urn:liushui:problem:{reason}"
    [entry] = QuarantineEntryRow.objects.all()
    assert answer.json()["quarantine_id"] == str(entry.id)
    assert (entry.source, entry.source_id, entry.reason, entry.status) == ("till-1", "T1-1", reason, "open")
    assert entry.problem["pointer"] == pointer
    assert entry.command == sale(**fields)
    assert RawMessage.objects.get().id == entry.raw_message_id


def test_the_corrected_sale_under_the_same_id_goes_through_and_closes_the_entry(till):
    till.post("/sales", sale(lines=[{"code": "NO-SUCH", "units": 2, "amount": "25.00"}]))
    till.post("/sales", sale(lines=[{"code": "NO-SUCH-2", "units": 2, "amount": "25.00"}]))
    [entry] = QuarantineEntryRow.objects.all()
    assert (entry.tries, entry.command["lines"][0]["code"]) == (2, "NO-SUCH-2")
    created = till.post("/sales", sale())
    assert created.status_code == 201
    entry.refresh_from_db()
    assert (entry.status, str(entry.sale_id)) == ("resolved", created.json()["sale_id"])


def test_a_store_of_somebody_else_is_a_403_and_nothing_is_quarantined(shop, client):
    narrow = machine(shop, client, source="till-2", store_id=shop.second.id)
    answer = narrow.post("/sales", sale())
    assert answer.status_code == 403
    assert QuarantineEntryRow.objects.count() == 0


def test_without_a_token_it_is_a_401(client, shop):
    answer = client.post("/api/v1/sales", b"{}", content_type="application/json")
    assert answer.status_code == 401


def test_ten_megabytes_are_a_413_that_says_what_to_do(till):
    answer = till.post("/sales", b'{"id": "' + b"x" * 10_000_000 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["remedy"] == "Send the sales in smaller batches."
    assert RawMessage.objects.count() == 0


def test_a_batch_answers_each_sale_in_its_order_and_keeps_the_good_ones(till):
    till.post("/sales", sale("KNOWN"))
    till.post("/sales", sale("CHANGED"))
    batch = [
        sale("NEW"),
        sale("KNOWN"),
        sale("CHANGED", operator="9"),
        sale("ODD", lines=[{"code": "NO-SUCH", "amount": "25.00"}]),
        {"id": "SHAPELESS", "store": 5},
        sale("FEN", lines=[{"code": "APPLE", "amount": "0.001"}]),
        sale("NEW-2"),
    ]
    answer = till.post("/sales/batch", {"sales": batch})
    assert answer.status_code == 200
    results = [(result["id"], result["status"]) for result in answer.json()["results"]]
    assert results == [
        ("NEW", "created"),
        ("KNOWN", "replayed"),
        ("CHANGED", "conflict"),
        ("ODD", "quarantined"),
        ("SHAPELESS", "refused"),
        ("FEN", "quarantined"),
        ("NEW-2", "created"),
    ]
    assert answer.json()["counts"] == {"created": 2, "replayed": 1, "conflict": 1, "quarantined": 2, "refused": 1}
    assert answer.json()["results"][4]["problem"]["pointer"] == "/store"
    assert set(QuarantineEntryRow.objects.values_list("source_id", flat=True)) == {"ODD", "FEN"}
    assert orders.find_sale(source="till-1", source_id="NEW-2") is not None


def test_a_batch_is_an_array_too_and_of_a_thousand_at_most(till):
    assert till.post("/sales/batch", [sale("A"), sale("B")]).json()["counts"]["created"] == 2
    answer = till.post("/sales/batch", [sale(str(i)) for i in range(1001)])
    assert answer.status_code == 422
    assert "1001" in answer.json()["detail"]
    assert orders.find_sale(source="till-1", source_id="0") is None


def test_a_batch_sent_again_after_an_unknown_item_was_added_closes_its_entry(till, shop):
    batch = [sale("A"), sale("B", lines=[{"code": "PEAR", "units": 2, "amount": "25.00"}])]
    till.post("/sales/batch", batch)
    catalog.save_items(items=[NewItem(chain_id=shop.chain.id, sku="PEAR", name_zh="梨", name_en="Pear")])
    answer = till.post("/sales/batch", batch).json()
    assert [result["status"] for result in answer["results"]] == ["replayed", "created"]
    assert QuarantineEntryRow.objects.get().status == "resolved"


@pytest.mark.parametrize("lines", [1, 20, 200])
def test_one_sale_takes_the_same_few_statements_whatever_its_length(till, lines):
    till.post("/sales", sale("WARM"))  # the token, the stores
    long = sale("LONG", lines=[{"code": "APPLE", "amount": "1.00"}] * lines, tenders=[])
    with CaptureQueriesContext(connection) as captured:
        assert till.post("/sales", long).status_code == 201
    # In a test the transaction of record_sales is a savepoint: SAVEPOINT and RELEASE stand for BEGIN and COMMIT.
    assert len(captured) == STATEMENTS[connection.vendor], [query["sql"][:80] for query in captured]


def test_the_api_text_describes_the_sale_with_every_field(client, db):
    document = client.get("/api/v1/openapi.json").json()
    operation = document["paths"]["/api/v1/sales"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["id", "store", "completed_at", "lines"]
    assert schema["additionalProperties"] is False
    assert set(operation["responses"]) >= {"200", "201", "400", "401", "403", "409", "413", "422"}

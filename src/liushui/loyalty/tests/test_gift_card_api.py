"""Gift cards through the API: issued once under the client's key, told once to one request, blocked and looked at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.models import CardBatchRow, GiftCardRow
from liushui.loyalty.tests.accounts import open_chain
from liushui.loyalty.tests.chains import NOON
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import ApiClient, StaffUser

pytestmark = pytest.mark.django_db
SYSTEM = system_principal(name="tests")


@pytest.fixture
def house(db):
    return open_chain()


@pytest.fixture
def speak(house):
    return speaker(house, "erp")


def speaker(house, source, *, role="finance", store_id=None):
    """Calls in the name of a client of its own."""
    client_id, _secret = create_client(
        name=source, source=source, scopes=["value.adjust"], principal=SYSTEM,
        grants=[Grant(role=role, chain_id=house.chain_id, store_id=store_id)],
    )  # fmt: skip
    return _calls(_token(client_id, user=None))


def _token(client_id, *, user):
    token = f"token-{client_id}-{user.pk if user else ''}"
    AccessToken.objects.create(
        application=Application.objects.get(client_id=client_id), token="", scope="value.adjust", user=user,
        token_checksum=sha256(token.encode()).hexdigest(), expires=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    return token


def _calls(token):
    client = Client(headers={"authorization": f"Bearer {token}"})

    def call(method, path, body=None):
        answer = client.generic(method, f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json")
        return SimpleNamespace(status=answer.status_code, body=json.loads(answer.content), headers=answer.headers)

    return call


def issue(speak, key="spring", **fields):
    return speak("POST", "gift-card-batches", {"key": key, "count": 3} | fields)


def tell(speak, batch, request_id, **fields):
    return speak("POST", f"gift-card-batches/{batch}/codes", {"request_id": str(request_id)} | fields)


def test_the_same_key_issues_once_and_another_client_has_keys_of_its_own(house, speak):
    first = issue(speak, amount_minor=10_000, note="Spring")
    assert first.status == 200
    assert first.body == first.body | {
        "state": "done", "note": "Spring", "count": 3, "made": 3, "amount_minor": 10_000, "currency": "CNY",
        "codes_told_at": None, "blocked": 0,
    }  # fmt: skip
    assert issue(speak, amount_minor=10_000, note="Spring").body == first.body
    other = issue(speak, amount_minor=10_001, note="Spring")
    assert (other.status, other.body["type"].rpartition(":")[2]) == (409, "ledger-entry-conflict")
    assert GiftCardRow.objects.count() == 3
    assert issue(speaker(house, "shop"), amount_minor=10_000, note="Spring").body["id"] != first.body["id"]
    assert speak("GET", f"gift-card-batches/{first.body['id']}").body == first.body


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"count": 0}, "/count"),
        ({"count": 100_001}, "/count"),
        ({"count": "3"}, "/count"),
        ({"key": ""}, "/key"),
        ({"key": "a\0"}, "/key"),
        ({"amount_minor": 0}, "/amount_minor"),
        ({"amount_minor": 1.5}, "/amount_minor"),
        ({"note": "x" * 81}, "/note"),
        ({"note": "a\0b"}, "/note"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_nothing_is_issued(speak, wrong, pointer):
    answer = issue(speak, **wrong)
    assert (answer.status, answer.body["pointer"]) == (422, pointer)
    assert CardBatchRow.objects.count() == 0


def test_codes_are_told_to_one_request_of_one_client_and_to_it_again_for_a_day(house, speak):
    batch, mine = issue(speak).body["id"], uuid4()
    first = tell(speak, batch, mine)
    assert (first.status, first.headers["Cache-Control"], first.body["next"]) == (200, "no-store", None)
    for card in first.body["cards"]:
        found = facade.gift_card(chain_id=house.chain_id, code=card["code"])
        assert found.number == card["number"]
    assert tell(speak, batch, mine).body == first.body
    for again in (tell(speak, batch, uuid4()), tell(speaker(house, "thief"), batch, mine)):
        assert (again.status, again.body["type"].rpartition(":")[2]) == (409, "gift-codes-told")
    row = CardBatchRow.objects.get()
    assert str(mine) not in row.told_request
    CardBatchRow.objects.update(told_at=datetime.now(UTC) - timedelta(hours=24, seconds=1))
    assert tell(speak, batch, mine).status == 409
    assert speak("GET", f"gift-card-batches/{batch}").body["codes_told_at"] is not None


def test_codes_are_told_page_by_page(speak):
    batch, mine = issue(speak, count=7).body["id"], uuid4()
    codes, after = [], -1
    while after is not None:
        page = tell(speak, batch, mine, after=after, limit=3).body
        codes.append([card["code"] for card in page["cards"]])
        after = page["next"]
    assert [len(each) for each in codes] == [3, 3, 1]
    assert [code for each in codes for code in each] == [
        card["code"] for card in tell(speak, batch, mine).body["cards"]
    ]


def test_codes_of_cards_that_are_still_made_are_not_told(speak):
    batch = issue(speak, count=501).body
    assert (batch["state"], batch["made"]) == ("making", 0)
    early = tell(speak, batch["id"], uuid4())
    assert (early.status, CardBatchRow.objects.get().told_at) == (409, None)
    facade.make_gift_cards(now=NOON, seconds_max=60)
    assert len(tell(speak, batch["id"], uuid4()).body["cards"]) == 501


def test_an_app_in_somebodys_name_takes_no_codes_out(house, speak):
    user = StaffUser.objects.create(username="fei", display_name="Fei", password="!")
    grant(subject=f"staff:{user.pk}", grant=Grant(role="finance", chain_id=house.chain_id), granted_by=SYSTEM)
    machine = ApiClient.objects.get(source="erp")
    ApiClient.objects.filter(pk=machine.pk).update(kind="app", chain_id=house.chain_id)
    app = _calls(_token(machine.client_id, user=user))
    batch = issue(app).body["id"]
    refused = tell(app, batch, uuid4())
    assert (refused.status, refused.body["detail"]) == (403, "Codes are told to people on the page of the batch")
    assert CardBatchRow.objects.get().told_at is None


def test_a_client_of_one_store_sees_and_blocks_cards_and_issues_none(house):
    speak = speaker(house, "till", store_id=house.store.id)
    assert issue(speak).status == 403
    batch = issue(speaker(house, "erp")).body["id"]
    number = GiftCardRow.objects.first().number
    body = {"id": str(new_id()), "reason": "lost"}
    assert speak("GET", f"gift-cards/{number}").body["state"] == "issued"
    assert speak("POST", f"gift-cards/{number}/block", body).body["state"] == "blocked"
    assert speak("POST", f"gift-card-batches/{batch}/block", body).status == 403
    assert tell(speak, batch, uuid4()).status == 403
    assert CardBatchRow.objects.get().told_at is None


def test_a_card_is_blocked_at_once_and_opened_by_another_person(house, speak):
    issue(speak)
    number = GiftCardRow.objects.first().number
    body = {"id": str(new_id()), "reason": "lost"}
    assert [speak("POST", f"gift-cards/{number}/block", body).body["state"] for _ in range(2)] == ["blocked"] * 2
    ask = {"id": str(new_id()), "reason": "found"}
    asked = [speak("POST", f"gift-cards/{number}/unblock", ask) for _ in range(2)]
    assert asked[0].body == asked[1].body
    assert (asked[0].status, asked[0].body["state"]) == (200, "pending")
    assert speak("GET", f"gift-cards/{number}").body == {
        "number": number, "state": "blocked", "currency": "CNY", "balance_minor": 0, "held_minor": 0,
        "activated_at": None, "ends_on": None,
    }  # fmt: skip
    assert speak("POST", f"gift-cards/{number}/block", {"id": str(new_id()), "reason": "  "}).status == 422
    assert speak("GET", "gift-cards/G00000000000").status == 404
    assert speak("GET", f"gift-cards/{number}?chain=nowhere").status == 403


def test_a_batch_is_blocked_and_asked_for(speak):
    batch = issue(speak).body["id"]
    body = {"id": str(new_id()), "reason": "parcel stolen"}
    done = speak("POST", f"gift-card-batches/{batch}/block", body)
    assert done.body == {"id": body["id"], "state": "done", "done": 3, "of": 3, "blocked": 3}
    assert speak("POST", f"gift-card-batches/{batch}/block", body).body == done.body
    assert speak("GET", f"gift-card-batches/{batch}").body["blocked"] == 3
    ask = {"id": str(new_id()), "reason": "came back"}
    assert speak("POST", f"gift-card-batches/{batch}/unblock", ask).body["state"] == "pending"
    same = speak("POST", f"gift-card-batches/{batch}/unblock", body)
    assert (same.status, same.body["type"].rpartition(":")[2]) == (409, "ledger-entry-conflict")
    assert speak("POST", f"gift-card-batches/{new_id()}/block", body).status == 404

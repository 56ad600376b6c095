"""Gift cards from a terminal: issued once under a key, told once into a file, blocked and asked for again."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.loyalty import facade as loyalty
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores

pytestmark = pytest.mark.django_db
runner = CliRunner()


@pytest.fixture(autouse=True)
def _chain():
    stores.save_chain(code="c1", name_zh="一", name_en="One", currency="CNY")


def fei() -> Principal:
    """Finance of the whole chain."""
    [chain] = stores.chains()
    return Principal(subject="staff:fei", name="Fei", grants=(Grant(role="finance", chain_id=chain.id),))


def states(batch: str) -> list[str]:
    return [card.state for card in loyalty.gift_cards_of_batch(batch_id=UUID(batch)).cards]


def run(*arguments: str, code: int = 0) -> str:
    result = runner.invoke(cli, ["gift-cards", *arguments])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_a_batch_is_issued_once_under_its_key_and_its_codes_go_into_a_private_file_once(tmp_path):
    path = tmp_path / "cards.csv"
    terms = ("issue", "--count", "600", "--amount", "88.80", "--note", "春节", "--key", "spring")
    assert "600 codes in" in run(*terms, str(path))
    [batch] = json.loads(run(*terms, "--json"))
    assert (batch["made_count"], batch["face_minor"], batch["state"]) == (600, 8_880, "done")
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (len(rows), rows[0]["amount"]) == (600, "88.80")
    [chain] = stores.chains()
    assert loyalty.gift_card(chain_id=chain.id, code=rows[599]["code"]).number == rows[599]["number"]
    assert "is there already" in run("codes", batch["id"], str(path), code=1)
    [other] = json.loads(run("issue", "--count", "1", "--json"))
    loyalty.tell_gift_codes(batch_id=UUID(other["id"]), principal=fei(), now=datetime.now(UTC))
    late = tmp_path / "late.csv"
    assert "taken out before" in run("codes", other["id"], str(late), code=1)
    assert not late.exists()
    assert "600 of 600" in run("status")


def test_what_cannot_be_is_said_and_nothing_is_issued(tmp_path):
    assert "neither .csv nor .xlsx" in run("issue", "--count", "2", str(tmp_path / "cards.txt"), code=1)
    assert "1 to 100000" in run("issue", "--count", "0", code=1)
    assert "no chain" in run("issue", "--count", "2", "--chain", "c9", code=1)
    run("issue", "--count", "2", "--amount", "ten", code=1)
    [chain] = stores.chains()
    assert loyalty.gift_card_batches(chain_id=chain.id) == ()
    assert "Name a card by its number, or a batch" in run("block", "--reason", "lost", code=1)
    assert "no such gift card" in run("block", "G00000000000", "--reason", "lost", code=1)
    no_batch = "0199c1f0-0000-7000-8000-000000000000"
    assert "no such batch" in run("block", "--batch", no_batch, "--reason", "lost", code=1)


def test_a_card_and_a_batch_are_blocked_and_asked_for(tmp_path):
    [batch] = json.loads(run("issue", "--count", "3", "--json"))
    number = loyalty.gift_cards_of_batch(batch_id=UUID(batch["id"])).cards[0].number
    assert f"{number} is blocked." in run("block", number, "--reason", "lost")
    assert f"{number}: blocked, 0.00 CNY" in run("status", number)
    assert "The batch is blocked: 2 cards" in run("block", "--batch", batch["id"], "--reason", "parcel stolen")
    assert states(batch["id"]) == ["blocked"] * 3
    assert "Somebody approves it" in run("unblock", "--batch", batch["id"], "--reason", "it came back")
    assert "Somebody approves it" in run("unblock", number, "--reason", "found")
    asked = approvals.waiting(principal=fei(), now=datetime.now(UTC))
    assert sorted(each.kind for each in asked) == ["loyalty.unblock_batch", "loyalty.unblock_card"]
    assert states(batch["id"]) == ["blocked"] * 3

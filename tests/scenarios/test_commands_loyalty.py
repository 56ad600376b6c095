"""`liushui loyalty`: letting points end, checking the ledger, what the chain owes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.loyalty import facade as loyalty
from liushui.loyalty.tests.accounts import earn, open_chain, rich
from liushui.loyalty.tests.chains import NOON, House

pytestmark = pytest.mark.django_db
runner = CliRunner()


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def test_expiry_says_what_is_gone_and_the_second_time_nothing(house):
    today = timezone.localdate()
    member = house.member()
    earn(member, 70, until=today)
    earn(member, 30, until=today + timedelta(days=1))
    done = runner.invoke(cli, ["loyalty", "expire"])
    assert done.exit_code == 0, done.output
    assert f"{today}: 70 points of 1 accounts are gone; 1 accounts were looked at." in done.output
    again = runner.invoke(cli, ["loyalty", "expire", "--on", today.isoformat(), "--json"])
    assert json.loads(again.stdout)["points_expired"] == 70
    assert json.loads(again.stdout)["is_finished"] is True


def test_points_end_no_day_before_their_day(house):
    tomorrow = timezone.localdate() + timedelta(days=1)
    refused = runner.invoke(cli, ["loyalty", "expire", "--on", tomorrow.isoformat()])
    assert refused.exit_code == 1
    assert "is not over yet" in refused.output
    assert runner.invoke(cli, ["loyalty", "expire", "--on", "soon"]).exit_code == 1
    assert runner.invoke(cli, ["loyalty", "expire", "--chain", "XX"]).exit_code == 1


def test_verify_fails_where_an_account_is_not_what_its_entries_say(house):
    member = rich(house, points=30)
    right = runner.invoke(cli, ["loyalty", "verify"])
    assert (right.exit_code, right.stdout.strip()) == (
        0, "Every account is the sum of its entries, and every sum of a month's beginning that of the ledger.",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_account SET points_free = 31")
    wrong = runner.invoke(cli, ["loyalty", "verify", "--chain", "HM"])
    assert wrong.exit_code == 1
    assert str(member.id) in wrong.output
    told = runner.invoke(cli, ["loyalty", "verify", "--json"])
    assert [(each["what"], each["stated"], each["explained"]) for each in json.loads(told.stdout)] == [
        ("points", 31, 30)
    ]


def test_verify_fails_where_a_sum_is_not_what_the_ledger_says_and_makes_the_sums_anew(house):
    rich(house, points=30)
    loyalty.snapshot_balances(now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_balance SET points = 31")
    wrong = runner.invoke(cli, ["loyalty", "verify", "--chain", "HM"])
    assert wrong.exit_code == 1
    assert "1 sums of a month's beginning are not what the ledger says" in wrong.output
    told = json.loads(runner.invoke(cli, ["loyalty", "verify", "--json"]).stdout)
    assert [(each["day"], each["what"], each["stated"], each["explained"]) for each in told] == [
        ("2026-12-01", "points", 31, 30)
    ]
    assert runner.invoke(cli, ["loyalty", "verify", "--anew"]).exit_code == 0
    assert runner.invoke(cli, ["loyalty", "verify", "--json"]).exit_code == 0


def test_liability_is_told_as_a_table_and_as_json(house):
    rich(house, points=250, principal=5_000)
    shown = runner.invoke(cli, ["loyalty", "liability", "--from", "2026-11-01", "--to", "2026-11-30"])
    assert shown.exit_code == 0, shown.output
    assert "The points are worth 250 (CNY, minor units) today." in shown.output
    found = json.loads(
        runner.invoke(cli, ["loyalty", "liability", "--from", "2026-11-01", "--to", "2026-11-30", "--json"]).stdout
    )
    assert {each["what"]: each["closing"] for each in found["movements"]} == {"points": 250, "principal": 5_000}

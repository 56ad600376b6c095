"""`liushui promotions backtest`, on baskets of a file and on receipts."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.trials.tests.conftest import SNACKS_OFF, SPEND, shop, three_days  # noqa: F401  # the chain of its tests

runner = CliRunner()


@pytest.fixture
def draft(tmp_path):
    path = tmp_path / "draft.json"
    path.write_text(json.dumps({"version": "draft", "promotions": [SNACKS_OFF, SPEND]}))
    return path


def test_baskets_of_a_file_need_no_database(tmp_path, draft) -> None:
    line = {"id": "1", "sku": "x", "unit_price": 6_000, "quantity": 1, "category": "food/snacks"}
    baskets = [{"currency": "CNY", "lines": [line | {"quantity": n}]} for n in (1, 2)]
    path = tmp_path / "baskets.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in baskets))
    asked = ["promotions", "backtest", "--draft", str(draft), "--baskets", str(path), "--workers", "1", "--json"]
    result = runner.invoke(cli, asked)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (figures["receipts"], figures["live"]["given"], figures["draft"]["given"]) == (2, 0, 600 + 1_200 + 1_000)
    path.write_text("{}\n")
    wrong = runner.invoke(cli, asked)
    assert wrong.exit_code == 1
    assert "Line 1" in wrong.output


@pytest.mark.django_db
def test_receipts_of_some_days_and_stores(draft, three_days) -> None:  # noqa: F811
    days = ["--from", "2026-11-20", "--to", "2026-11-22", "--workers", "1"]
    result = runner.invoke(cli, ["promotions", "backtest", "--draft", str(draft), *days, "--store", "SH01"])
    assert result.exit_code == 0, result.output
    for shown in ("3 receipts", "9.00 CNY", "cheaper: 3 receipts", "does not predict"):
        assert shown in result.output
    whole = runner.invoke(cli, ["promotions", "backtest", "--draft", str(draft), *days, "--json"])
    assert json.loads(whole.stdout)["draft"]["given"] == 1_900
    assert runner.invoke(cli, ["promotions", "backtest", "--draft", str(draft), *days, "--store", "X"]).exit_code == 1
    assert runner.invoke(cli, ["promotions", "backtest", "--draft", str(draft), "--from", "soon"]).exit_code == 1

"""The `liushui` command: help with examples, clear errors, JSON for scripts."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import typer
from django.test import Client
from typer.testing import CliRunner

from liushui.app import serve
from liushui.app.cli import cli
from liushui.runtime import staff
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore

runner = CliRunner()
COMMANDS = (
    "serve", "worker", "migrate", "report", "export", "rebuild", "verify", "create-staff", "create-client",
    "create-chain", "create-region", "stores", "grant", "unlock", "doctor", "dev-cert", "backup", "restore",
    "sandbox-pay", "intake file", "intake mappings", "intake quarantine", "intake retention", "catalog import",
    "payments reconcile", "payments resolve",
    "promotions price", "promotions refund", "promotions lint", "promotions backtest",
    "coupons create", "coupons import", "coupons export", "coupons status", "coupons check", "coupons void",
    "privacy find", "privacy export", "privacy erase", "privacy erasures", "privacy rotate-keys",
    "privacy rotate-index", "privacy new-keys",
    "privacy fields", "privacy scan", "loyalty expire", "loyalty verify", "loyalty liability",
    "gift-cards issue", "gift-cards codes", "gift-cards status", "gift-cards block", "gift-cards unblock",
    "demo", "demo load", "demo live", "demo logins", "demo clear",
)  # fmt: skip


@pytest.fixture
def chain() -> Chain:
    stores.save_chain(code="c1", name_zh="一", name_en="One", currency="CNY")
    stores.save_region(chain_code="c1", code="r1", name_zh="东", name_en="East")
    stores.save_stores(stores=[NewStore(chain_code="c1", region_code="r1", code="S1", name_zh="一店", name_en="First")])
    return stores.chains()[0]


def all_commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    found = {}
    for name, command in group.commands.items():
        path = f"{prefix}{name}"
        found[path] = command
        if hasattr(command, "commands"):
            found |= all_commands(command, f"{path} ")
    return found


def test_the_commands_are_those_that_this_test_knows() -> None:
    groups = {"coupons", "intake", "catalog", "payments", "promotions", "privacy", "loyalty", "gift-cards"}
    assert set(all_commands(typer.main.get_command(cli))) - groups == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help_and_examples(path: str) -> None:
    command = all_commands(typer.main.get_command(cli))[path]
    assert command.help
    assert f"liushui {path.split()[0]}" in (command.epilog or "")


@pytest.mark.django_db
def test_a_chain_begins_with_one_command_and_is_never_begun_twice() -> None:
    result = runner.invoke(cli, ["create-chain", "hm", "--name", "好邻", "--currency", "JPY", "--region", "east"])
    assert result.exit_code == 0, result.output
    [made] = stores.chains()
    assert (made.code, made.name_zh, made.name_en, made.currency) == ("hm", "好邻", "好邻", "JPY")
    assert [(region.code, region.chain_id) for region in stores.regions()] == [("east", made.id)]
    assert runner.invoke(cli, ["create-region", "west", "--name", "西南"]).exit_code == 0
    assert [(region.code, region.name_zh) for region in stores.regions()] == [("east", "east"), ("west", "西南")]
    again = runner.invoke(cli, ["create-chain", "hm", "--currency", "CNY"])
    assert again.exit_code == 1
    assert "'hm' is there" in again.output
    assert stores.chains() == (made,)
    assert runner.invoke(cli, ["create-region", "x", "--chain", "none"]).exit_code == 1


@pytest.mark.django_db
def test_stores_are_listed_as_json(chain: Chain) -> None:
    result = runner.invoke(cli, ["stores", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {
            "chain": "c1",
            "region": "r1",
            "store": "S1",
            "name_zh": "一店",
            "name_en": "First",
            "time_zone": "Asia/Shanghai",
        }
    ]


@pytest.mark.django_db
def test_a_store_manager_is_made_with_a_password_that_is_shown(chain: Chain) -> None:
    arguments = ["create-staff", "wang.wei", "--role", "store_manager", "--store", "S1", "--json"]
    result = runner.invoke(cli, arguments)
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made["username"] == "wang.wei"
    assert len(made["password"]) == 19


@pytest.mark.django_db
def test_a_further_role_is_given_to_a_log_in_that_exists(chain: Chain) -> None:
    runner.invoke(cli, ["create-staff", "li.na", "--role", "store_manager", "--store", "S1"])
    result = runner.invoke(cli, ["grant", "li.na", "--role", "finance"])
    assert (result.exit_code, result.stdout.strip()) == (0, "li.na now holds finance there.")
    [member] = staff.staff(principal=system_principal(name="test"))
    held = sorted((grant.role, grant.store_id is None) for grant in member.grants)
    assert held == [("finance", True), ("store_manager", False)]
    unknown = runner.invoke(cli, ["grant", "nobody", "--role", "finance"])
    assert unknown.exit_code == 1
    assert "There is no log-in 'nobody'" in unknown.stderr


@pytest.mark.django_db
def test_a_role_is_given_until_the_end_of_a_day(chain: Chain) -> None:
    runner.invoke(cli, ["create-staff", "li.na", "--role", "store_manager", "--store", "S1"])
    result = runner.invoke(cli, ["grant", "li.na", "--role", "marketer", "--until", "2099-01-31"])
    assert (result.exit_code, result.stdout.strip()) == (0, "li.na now holds marketer there until 2099-01-31.")
    [member] = staff.staff(principal=system_principal(name="test"))
    ends = {one.grant.role: one.expires_at for one in member.held}
    assert ends == {"store_manager": None, "marketer": datetime(2099, 1, 31, 16, tzinfo=UTC)}  # midnight in Shanghai
    assert member.must_change_password
    wrong = runner.invoke(cli, ["grant", "li.na", "--role", "finance", "--until", "tomorrow"])
    assert wrong.exit_code == 1
    assert "'tomorrow' is not a day" in wrong.stderr


@pytest.mark.django_db
def test_somebody_who_is_locked_out_is_let_try_again(chain: Chain) -> None:
    runner.invoke(cli, ["create-staff", "li.na", "--role", "store_manager", "--store", "S1"])
    assert runner.invoke(cli, ["unlock", "li.na"]).stdout.strip() == "li.na was not locked."
    for _time in range(5):
        Client().post("/sign-in/", {"username": "li.na", "password": "wrong"})
    assert Client().post("/sign-in/", {"username": "li.na", "password": "wrong"}).status_code == 429
    assert runner.invoke(cli, ["unlock", "li.na"]).stdout.strip() == "li.na may try again."
    assert Client().post("/sign-in/", {"username": "li.na", "password": "wrong"}).status_code == 422
    assert runner.invoke(cli, ["unlock", "nobody"]).exit_code == 1


@pytest.mark.django_db
def test_an_unknown_store_is_one_clear_line_and_exit_code_1(chain: Chain) -> None:
    result = runner.invoke(cli, ["create-staff", "x", "--role", "cashier", "--store", "S9"])
    assert result.exit_code == 1
    assert "There is no store 'S9' in c1" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.django_db
def test_a_name_that_is_taken_is_refused(chain: Chain) -> None:
    arguments = ["create-client", "Shop", "--source", "shop", "--scope", "sale.write"]
    assert runner.invoke(cli, arguments).exit_code == 0
    result = runner.invoke(cli, arguments)
    assert result.exit_code == 1
    assert "belongs to another client" in result.stderr


@pytest.mark.django_db
def test_a_report_of_a_day_that_is_none_says_how_to_write_one(chain: Chain) -> None:
    result = runner.invoke(cli, ["report", "stores", "--from", "yesterday"])
    assert result.exit_code == 1
    assert "Write 2026-11-22, or a number of days ago." in result.stderr


@pytest.mark.django_db
def test_a_report_without_sales_is_a_table_of_nothing(chain: Chain) -> None:
    result = runner.invoke(cli, ["report", "items", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["rows"] == []


@pytest.mark.django_db
def test_an_export_needs_an_ending_that_says_the_format(chain: Chain, tmp_path: Path) -> None:
    result = runner.invoke(cli, ["export", "stores", str(tmp_path / "out.pdf")])
    assert result.exit_code == 1
    assert "End the name with .csv or .xlsx." in result.stderr
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.django_db
def test_the_doctor_finds_the_database_in_order() -> None:
    result = runner.invoke(cli, ["doctor", "--json"])
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert findings["Database"]["status"] == findings["Tables"]["status"] == "ok"


def test_a_port_that_is_in_use_is_refused_and_the_next_one_found() -> None:
    with serve.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(serve.PortTaken):
            serve.check_port(host="127.0.0.1", port=port)
        assert serve.free_port(host="127.0.0.1", port=port) > port

"""`liushui promotions price`, `refund` and `lint`: JSON lines in and out, quick to start, no database asked."""

import io
import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from liushui.app import commands_promotions, start
from liushui.app.cli_light import cli
from liushui.promotions.contracts import answered

runner = CliRunner()
SNACKS = {
    "version": "1",
    "promotions": [
        {
            "id": "snacks",
            "effects": [{"type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "unit_order": "cheapest"}],
        },
        {
            "id": "gold",
            "when": [{"type": "tier_in", "tiers": ["gold"]}],
            "effects": [{"type": "percent_off", "percent": 5, "level": "order"}],
        },
    ],
}
BASKET = {"currency": "CNY", "lines": [{"id": "1", "sku": "A", "unit_price": 1250, "quantity": 3}]}


def run(*arguments: str, lines: list[Any]) -> tuple[int, list[dict[str, Any]]]:
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
    result = runner.invoke(cli, ["promotions", *arguments], input=text)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def rulebook(tmp_path: Path) -> str:
    path = tmp_path / "rulebook.json"
    path.write_text(json.dumps(SNACKS), "utf-8")
    return str(path)


def test_a_line_with_its_own_rulebook_gives_its_answer_and_tells_of_every_promotion() -> None:
    code, [answer] = run("price", lines=[{"rulebook": SNACKS, "basket": BASKET}])
    assert code == 0
    assert (answer["total"], answer["gross"], answer["discount"]) == (2500, 3750, 1250)
    assert answer["lines"][0]["units"] == [1250, 1250, 0]
    assert {each["id"]: each["status"] for each in answer["promotions"]} == {"snacks": "applied", "gold": "rejected"}


def test_with_a_rulebook_of_its_own_the_lines_are_baskets(rulebook: str) -> None:
    gold = BASKET | {"member": {"id": "m", "tier": "gold"}}
    code, answers = run("price", "--rulebook", rulebook, lines=[BASKET, gold])
    assert (code, [answer["total"] for answer in answers]) == (0, [2500, 2375])


def test_a_bad_line_gives_an_error_in_its_place_and_the_stream_goes_on(rulebook: str) -> None:
    deep = "[" * 10_000 + "]" * 10_000
    wrong = BASKET | {"lines": [{"id": "1", "sku": "A", "unit_price": 12.5, "quantity": 3}]}
    code, answers = run("price", "-r", rulebook, lines=[BASKET, "{", wrong, "", deep, BASKET])
    assert code == 1
    assert [answer.get("total") for answer in answers] == [2500, None, None, None, 2500]
    errors = [answer["error"] for answer in answers if "error" in answer]
    assert [(error["line"], error["pointer"]) for error in errors] == [(2, "$"), (3, "lines[0].unit_price"), (5, "$")]
    assert errors[1] == {
        "type": "urn:liushui:problem:invalid-promotion-document",
        "title": "The document is not of the form that promotions take",
        "status": 422,
        "detail": "A whole number is wanted; 12.5 was given",
        "pointer": "lines[0].unit_price",
        "remedy": "Write minor units or a count, without fraction and quotes.",
        "line": 3,
    }


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({"rulebook": SNACKS, "basket": BASKET, "member": None}, "member"),
        ({"basket": BASKET}, "rulebook"),
        ({"rulebook": SNACKS}, "basket"),
        ({"rulebook": SNACKS, "basket": BASKET | {"lines": [{}]}}, "basket.lines[0].id"),
        ({"rulebook": {"promotions": [{"id": "p"}]}, "basket": BASKET}, "rulebook.promotions[0].effects"),
        ('{"rulebook": {}, "basket": {}, "basket": {}}', "$"),
        ("[1]", "$"),
        ('"text"', "$"),
    ],
)  # fmt: skip
def test_an_error_names_the_path_from_the_line(line: Any, pointer: str) -> None:
    code, [answer] = run("price", lines=[line])
    assert (code, answer["error"]["pointer"]) == (1, pointer)


def test_explain_touching_leaves_out_what_cannot_touch_the_basket(rulebook: str) -> None:
    code, [answer] = run("price", "-r", rulebook, "--explain", "touching", lines=[BASKET])
    assert code == 0
    assert [each["id"] for each in answer["promotions"]] == ["snacks"]


def test_chinese_is_written_as_it_is(rulebook: str) -> None:
    result = runner.invoke(
        cli, ["promotions", "price", "-r", rulebook], input='{"currency": "CNY", "lines": [], "店": 1}\n'
    )
    assert "'店'" in result.stdout


def test_lines_may_come_from_a_file(rulebook: str, tmp_path: Path) -> None:
    path = tmp_path / "baskets.jsonl"
    path.write_text(json.dumps(BASKET), "utf-8")
    result = runner.invoke(cli, ["promotions", "price", "-r", rulebook, str(path)])
    assert (result.exit_code, json.loads(result.stdout)["total"]) == (0, 2500)
    missing = runner.invoke(cli, ["promotions", "price", "-r", rulebook, str(tmp_path / "none.jsonl")])
    assert missing.exit_code == 1
    assert "none.jsonl cannot be read" in missing.stderr


def test_a_rulebook_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "rulebook.json"
    path.write_text('{"promotions": 1}', "utf-8")
    result = runner.invoke(cli, ["promotions", "price", "-r", str(path)], input="{}\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "A list is wanted; 1 was given" in result.stderr


def test_a_refund_of_what_a_price_answered(rulebook: str) -> None:
    _code, [answer] = run("price", "-r", rulebook, lines=[BASKET])
    lines = [
        {"answer": answer, "returned": {"1": 1}},
        {"answer": answer, "returned": {"1": 1}, "already": {"1": 1}},
        {"answer": answer, "returned": {"1": 1}, "already": {}, "units": {"1": [0]}},
        {"answer": answer, "returned": {"1": 2}, "already": {"1": 2}},
    ]
    code, refunds = run("refund", "-r", rulebook, lines=lines)
    assert code == 1
    assert refunds[:3] == [
        {"refund": 0, "lines": {"1": 0}},
        {"refund": 1250, "lines": {"1": 1250}},
        {"refund": 1250, "lines": {"1": 1250}},
    ]
    assert refunds[3]["error"]["detail"] == "Line '1' has 3 units, 2 of them came back before; 2 more cannot"
    assert refunds[3]["error"]["line"] == 4


def test_a_refund_line_may_bring_its_rulebook() -> None:
    _code, [answer] = run("price", lines=[{"rulebook": SNACKS, "basket": BASKET}])
    code, [refund] = run("refund", lines=[{"answer": answer, "returned": {"1": 3}, "already": {}, "rulebook": SNACKS}])
    assert (code, refund) == (0, {"refund": 2500, "lines": {"1": 2500}})


def test_lint_prints_findings_one_a_line_and_ends_with_1_when_one_stops_publishing(tmp_path: Path) -> None:
    path = tmp_path / "rulebook.json"
    never = {"id": "never", "when": [{"type": "tier_in", "tiers": ["gold"]}, {"not": {"type": "member"}}]}
    effect = {"effects": [{"type": "percent_off", "percent": 5, "level": "order"}]}
    path.write_text(json.dumps({"promotions": [never | effect]}), "utf-8")
    code, findings = run("lint", str(path), "--at", "2026-12-01T00:00:00+08:00", lines=[])
    assert (code, findings[0]["code"], findings[0]["promotions"]) == (1, "never_eligible", ["never"])
    path.write_text("{", "utf-8")
    code, [broken] = run("lint", str(path), lines=[])
    assert (code, broken["error"]["pointer"]) == (1, "$")
    no_offset = runner.invoke(cli, ["promotions", "lint", str(path), "--at", "2026-12-01"])
    assert no_offset.exit_code == 1
    assert "is no date and time with an offset" in no_offset.stderr


def test_a_defect_of_ours_is_told_in_the_line_and_the_stream_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_line: bytes) -> dict[str, Any]:
        raise ZeroDivisionError("nothing to share")

    text, is_right = answered(fails, b"{}", number=7)
    error = json.loads(text)["error"]
    assert (is_right, error["status"], error["detail"], error["line"]) == (
        False,
        500,
        "ZeroDivisionError: nothing to share",
        7,
    )
    assert "Traceback" in capsys.readouterr().err


def test_each_answer_is_there_before_the_next_line_is_read(rulebook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    out = io.StringIO()

    class Lines:
        def __iter__(self) -> Any:
            for _line in range(3):
                seen.append(out.getvalue().count("\n"))
                yield json.dumps(BASKET).encode()

    monkeypatch.setattr(commands_promotions.sys, "stdout", out)
    monkeypatch.setattr(commands_promotions, "_opened", lambda _path: nullcontext(Lines()))
    commands_promotions.price(None, Path(rulebook), commands_promotions.Explain.all, 20_000)
    assert seen == [0, 1, 2]


def test_only_commands_that_ask_no_database_start_light() -> None:
    assert start.is_light(["promotions", "price", "--help"])
    assert not start.is_light(["promotions", "--help"])
    assert not start.is_light(["promotions", "backtest"])
    assert not start.is_light(["demo"])


def test_they_start_without_settings_and_models(rulebook: str) -> None:
    program = (
        "import sys; from liushui.app import start; sys.argv = ['liushui', 'promotions', 'price', '-r', sys.argv[1]]\n"
        "try: start.main()\n"
        "except SystemExit as end: code = end.code\n"
        "from django.apps import apps; print(code, apps.ready, 'liushui.app.settings' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, rulebook], input=json.dumps(BASKET), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["total"] == 2500
    assert done.stderr.strip() == "0 False False"

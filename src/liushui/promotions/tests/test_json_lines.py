"""Lines that bring their rulebook: each distinct one is read and compiled once."""

import json

import pytest

from liushui.promotions.domain import json_lines
from liushui.promotions.domain.json_lines import PriceLines


def line(version: str) -> bytes:
    effect = {"type": "percent_off", "percent": 20, "level": "line"}
    rulebook = {"version": version, "promotions": [{"id": "p", "effects": [effect]}]}
    basket = {"currency": "CNY", "lines": [{"id": "1", "sku": "A", "unit_price": 1000, "quantity": 1}]}
    return json.dumps({"rulebook": rulebook, "basket": basket}).encode()


def test_a_rulebook_that_lines_repeat_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    original = json_lines.compile_rulebook
    monkeypatch.setattr(
        json_lines, "compile_rulebook", lambda rulebook: compiled.append(rulebook.version) or original(rulebook)
    )
    pricing = PriceLines()
    answers = [pricing.answer(line(version)) for version in ("1", "2", "1", "2", "1")]
    assert [answer["rulebook"]["version"] for answer in answers] == ["1", "2", "1", "2", "1"]
    assert [answer["total"] for answer in answers] == [800] * 5
    assert compiled == ["1", "2"]


def test_only_so_many_rulebooks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    original = json_lines.compile_rulebook
    monkeypatch.setattr(json_lines, "RULEBOOKS_KEPT", 2)
    monkeypatch.setattr(
        json_lines, "compile_rulebook", lambda rulebook: compiled.append(rulebook.version) or original(rulebook)
    )
    pricing = PriceLines()
    for version in ("1", "2", "1", "3", "1", "2"):
        pricing.answer(line(version))
    assert compiled == ["1", "2", "3", "2"]

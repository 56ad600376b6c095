"""The direction of imports, checked by import-linter without exceptions."""

from __future__ import annotations

import tomllib
from pathlib import Path

from importlinter.cli import lint_imports

PROJECT = Path(__file__).parents[2]


def test_every_module_imports_only_what_stands_to_its_right(capsys) -> None:
    assert lint_imports(config_filename=str(PROJECT / "pyproject.toml"), no_cache=True) == 0, capsys.readouterr().out


def test_there_is_no_list_of_exceptions() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    assert [contract["name"] for contract in settings["contracts"] if contract.get("ignore_imports")] == []
    assert len(settings["contracts"]) >= 2

"""The direction of imports, checked by import-linter without exceptions."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_every_module_imports_only_what_stands_to_its_right() -> None:
    # In a process of its own: import-linter sets logging up anew and switches off every logger there is.
    lint_imports = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    found = subprocess.run(lint_imports, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_there_is_no_list_of_exceptions() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    assert [contract["name"] for contract in settings["contracts"] if contract.get("ignore_imports")] == []
    assert len(settings["contracts"]) >= 2

"""docs/concepts/access.md shows the roles and capabilities as the program has them."""

from __future__ import annotations

import re
from pathlib import Path

from liushui.runtime.access import CAPABILITIES, ROLES

TEXT = (Path(__file__).parents[2] / "docs" / "concepts" / "access.md").read_text("utf-8")


def test_the_table_of_roles_is_the_programs() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*`) \|$", TEXT, re.MULTILINE))
    documented = {role: frozenset(re.findall(r"`([\w.]+)`", cell)) for role, cell in rows.items()}
    assert documented == ROLES


def test_the_table_of_capabilities_is_the_programs() -> None:
    rows = re.findall(r"^\| `([\w]+\.[\w]+)` \| ([^`|]+) \|$", TEXT, re.MULTILINE)
    assert rows == [(name, text[0].lower() + text[1:]) for name, text in CAPABILITIES.items()]

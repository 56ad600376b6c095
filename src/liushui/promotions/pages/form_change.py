"""Changes of a form's shape: conditions and effects added, taken away, grouped. Works on trees, loses no text."""

from __future__ import annotations

import re
from typing import Any

from liushui.promotions.pages.form_document import Tree
from liushui.promotions.pages.form_tables import COMBINED

PARTS_MAX = 50  # of one list; a person who needs more imports JSON
DEPTH_MAX = 12
_DEED = re.compile(r"(add|group|remove|wrap|unwrap):([a-z_]+(?:\.(?:[a-z_]+|\d{1,4})){0,40})", re.ASCII)
_NEW: dict[str, Tree] = {
    "effects": {"type": "amount_off", "level": "order"},
    "when": {"type": "subtotal_at_least"},
    "parts": {"type": "subtotal_at_least"},
    "tiers": {"from": "", "value": ""},
}


def change_tree(tree: Tree, deed: str) -> str:
    """Do what a button asks for, in place; the name of the part to look at next, or nothing when it meant nothing.

    add:when, add:when.0.parts, add:effects.1.tiers put a new one at the end; group:when a new group of conditions;
    remove:effects.0 takes one away; wrap:when.0 makes a group of it; unwrap:when.0 puts a group's parts in its place.
    """
    found = _DEED.fullmatch(deed)
    if found is None:
        return ""
    verb, name = found.groups()
    if verb in ("add", "group"):
        return _add(tree, name, is_group=verb == "group")
    parent, _dot, last = name.rpartition(".")
    items = _place(tree, parent)
    if not isinstance(items, list) or not last.isdigit() or int(last) >= len(items):
        return ""
    index, node = int(last), items[int(last)]
    if verb == "remove":
        del items[index]
        return f"{parent}.{min(index, len(items) - 1)}" if items else parent
    if not isinstance(node, dict) or "effects" in parent or "tiers" in parent:
        return ""
    if verb == "wrap" and name.count(".parts") < DEPTH_MAX:
        items[index] = {"type": "any", "parts": [node, dict(_NEW["parts"])]}
        return f"{name}.parts.1"
    if verb == "unwrap" and node.get("type") in COMBINED:
        items[index : index + 1] = [each for each in node.get("parts") or () if isinstance(each, dict)]
        return f"{parent}.{index}"
    return ""


def _add(tree: Tree, name: str, *, is_group: bool) -> str:
    last = name.rpartition(".")[2]
    if last not in _NEW or name.count(".parts") > DEPTH_MAX:
        return ""
    items = _place(tree, name)
    if items is None:
        parent = _place(tree, name.rpartition(".")[0]) if "." in name else tree
        if not isinstance(parent, dict):
            return ""
        items = parent[last] = []
    if not isinstance(items, list) or len(items) >= PARTS_MAX:
        return ""
    node = dict(_NEW[last])
    items.append({"type": "any", "parts": [node]} if is_group else node)
    return f"{name}.{len(items) - 1}"


def _place(tree: Tree, name: str) -> Any:
    place: Any = tree
    for part in name.split("."):
        if isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict):
            place = place.get(part)
        else:
            return None
    return place

"""A promotion's JSON as the texts of a form, and back.

In between stands a *tree*: the shape of the JSON with texts for values, `{"effects": [{"type": "percent_off",
"percent": "9", "scope": {"category_in": "food/snacks"}}]}`. Its places have the names of the form's fields,
`effects.0.scope.category_in`; several values in one field stand one a line. Nothing that a tree says is lost while it
is wrong: errors are kept by the names of fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from liushui.promotions.pages.form_tables import (
    COMBINED,
    EFFECTS,
    LEAVES,
    LIMITS,
    PERIOD,
    RETURNS,
    SCOPE,
    STACKING,
    Asked,
)
from liushui.promotions.pages.form_values import (
    KINDS,
    Style,
    Wrong,
    read_scalar,
    write_instant,
    write_scalar,
)

Tree = dict[str, Any]
Errors = dict[str, str]
HEAD = (*PERIOD, *STACKING, *RETURNS)
LANGUAGES = ("zh", "en")
INSTANTS = ("starts_at", "ends_at")
WAS = "_was"  # beside an instant: as the document had it, with the offset that it had
_ROOTS = {
    "id",
    "name",
    "when",
    "effects",
    "limits",
    *(asked.key for asked in HEAD),
    *(f"{key}{WAS}" for key in INSTANTS),
}
_NAME = re.compile(r"name\.[A-Za-z0-9-]{2,20}|[a-z_]+(?:\.(?:[a-z_]+|\d{1,4}))*", re.ASCII)
_POINTER = re.compile(r"\.?([A-Za-z_]+)|\[(\d+)\]", re.ASCII)
NAME_MAX = 300


# ---- names of fields ↔ tree ----
def tree_of_posted(posted: Iterable[tuple[str, Sequence[str]]]) -> Tree:
    """The tree of what a form sent; names that are none of a promotion's are passed over."""
    root: dict[str, Any] = {}
    for name, values in posted:
        if len(name) > NAME_MAX or not _NAME.fullmatch(name) or name.split(".", 1)[0] not in _ROOTS:
            continue
        *parents, last = name.split(".")
        place = root
        for part in parents:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):  # a text and a part under one name: no form of ours sends that
                break
            place = inner
        else:
            place[last] = "\n".join(values)
    return {key: _listed(value) for key, value in root.items()}


def _listed(value: Any) -> Any:
    """Objects whose keys are numbers are lists, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(each) for key, each in value.items()}


def name_of_pointer(pointer: str) -> str:
    """The field that a JSON path leads to: `promotions[3].effects[0].percent` is effects.0.percent.

    Parts of combined conditions are one list in the form, whatever they are called in JSON.
    """
    path = re.sub(r"^\$?\.?(?:promotions\[\d+\]\.?)?", "", pointer)
    found: list[str] = []
    in_when = False
    for word, number in _POINTER.findall(path):
        if number:
            found.append(number)
            continue
        in_when = in_when or (not found and word == "when")
        if in_when and found and word in ("all", "any"):
            found.append("parts")
        elif in_when and found and word == "not":
            found += ["parts", "0"]
        else:
            found.append(word)
    return ".".join(found)


def field_of_pointer(pointer: str, names: Iterable[str]) -> str:
    """The field of the form that is nearest to the path: itself, else the part that it lies in; or nothing."""
    known, name = set(names), name_of_pointer(pointer)
    while name:
        if name in known:
            return name
        below = min((each for each in known if each.startswith(f"{name}.")), default="")
        if below:
            return below
        name = name.rpartition(".")[0]
    return ""


# ---- document → tree ----
def tree_of_document(document: Mapping[str, Any], style: Style) -> Tree:
    """The form's texts of a promotion."""
    name = document.get("name") or {}
    limits = document.get("limits") or {}
    return {
        "id": str(document.get("id", "")),
        "name": {**dict.fromkeys(LANGUAGES, ""), **name},
        **{f"{key}{WAS}": str(document.get(key) or "") for key in INSTANTS},
        **_texts(HEAD, document, style),
        "when": [_condition_tree(each, style) for each in document.get("when") or ()],
        "effects": [
            {"type": each["type"], **_texts(EFFECTS[each["type"]].fields, each, style)} for each in document["effects"]
        ],
        "limits": _texts(LIMITS, limits, style),
    }


def _texts(fields: Iterable[Asked], values: Mapping[str, Any], style: Style) -> Tree:
    return {asked.key: _text(asked, values.get(asked.key), values, style) for asked in fields}


def _text(asked: Asked, value: Any, beside: Mapping[str, Any], style: Style) -> Any:
    if asked.kind == "scope":
        tree = _texts(SCOPE, value or {}, style)
        if asked.key == "basis_scope":
            tree["everything"] = "on" if value == {} else ""
        return tree
    if asked.kind.startswith("tiers_"):
        start, step = _step_kinds(asked, beside)
        return [
            {"from": KINDS[start][1](each[0], style), "value": KINDS[step][1](each[1], style)} for each in value or ()
        ]
    if value is None:
        return str(asked.default) if asked.kind == "choice" and asked.default else ""
    if asked.kind == "flag":
        return "on" if value else ""
    if asked.kind == "weekdays":
        return "\n".join(str(day) for day in value)
    if asked.kind == "scalar":
        return "\n".join(write_scalar(each, style) for each in (value if isinstance(value, list) else [value]))
    return KINDS[asked.kind][1](value, style)


def _step_kinds(asked: Asked, beside: Mapping[str, Any]) -> tuple[str, str]:
    """How a step's beginning and its value are written."""
    return "count" if beside.get("basis") == "eligible_quantity" else "money", asked.kind.removeprefix("tiers_")


def _condition_tree(condition: Mapping[str, Any], style: Style) -> Tree:
    for op in COMBINED:
        if op in condition:
            parts = [condition[op]] if op == "not" else condition[op]
            return {"type": op, "parts": [_condition_tree(each, style) for each in parts]}
    kind = condition["type"]
    return {"type": kind, **_texts(LEAVES[kind].fields, condition, style)}


# ---- tree → document ----
def document_of_tree(tree: Tree, style: Style) -> tuple[dict[str, Any], Errors]:
    """The promotion that a form says, and what is wrong with it by the names of fields. Defaults are left out."""
    errors: Errors = {}
    document: dict[str, Any] = {"id": str(tree.get("id", "")).strip()}
    said = {language: str(text).strip() for language, text in _dict(tree, "name").items()}
    if any(said.values()):
        document["name"] = {language: text for language, text in said.items() if text}
    document |= _values(HEAD, tree, style, at="", errors=errors)
    for key in INSTANTS:
        was = str(tree.get(f"{key}{WAS}", ""))
        if was and key in document and _shown_instant(was, style) == str(tree.get(key, "")).strip():
            document[key] = was
    when = [_condition(each, style, at=f"when.{i}", errors=errors) for i, each in enumerate(_list(tree, "when"))]
    if when:
        document["when"] = when
    document["effects"] = [
        _kinded(EFFECTS, each, style, at=f"effects.{i}", errors=errors) for i, each in enumerate(_list(tree, "effects"))
    ]
    if not document["effects"]:
        errors["effects"] = _("Say what the promotion gives.")
    limits = _values(LIMITS, _dict(tree, "limits"), style, at="limits.", errors=errors)
    if limits:
        document["limits"] = limits
    return document, errors


def _shown_instant(written: str, style: Style) -> str:
    try:
        return write_instant(written, style)
    except ValueError:  # not of this form
        return ""


def _list(tree: Tree, key: str) -> list[Tree]:
    value = tree.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _dict(tree: Tree, key: str) -> Tree:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _condition(tree: Tree, style: Style, *, at: str, errors: Errors) -> dict[str, Any]:
    op = str(tree.get("type", ""))
    if op not in COMBINED:
        return _kinded(LEAVES, tree, style, at=at, errors=errors)
    parts = [
        _condition(each, style, at=f"{at}.parts.{i}", errors=errors) for i, each in enumerate(_list(tree, "parts"))
    ]
    if not parts:
        errors[f"{at}.type"] = _("Add a condition here, or take this away.")
        return {op: {} if op == "not" else []}
    return {op: parts[0] if op == "not" else parts}


def _kinded(kinds: Mapping[str, Any], tree: Tree, style: Style, *, at: str, errors: Errors) -> dict[str, Any]:
    kind = str(tree.get("type", ""))
    if kind not in kinds:
        errors[f"{at}.type"] = _("Choose what this is.")
        return {"type": kind}
    document = {"type": kind, **_values(kinds[kind].fields, tree, style, at=f"{at}.", errors=errors)}
    if kind == "issue_coupon":
        document["for"] = "next_order"
    if kind == "attribute" and document.get("op") != "in" and isinstance(document.get("value"), list):
        values = document["value"]
        document["value"] = values[0]
        if len(values) > 1:
            errors[f"{at}.value"] = _("Only “is one of” takes more than one value.")
    if kind == "coupon" and ("code" in document) == ("batch" in document):
        errors[f"{at}.batch"] = _("Choose a batch, or write one code.")
    if kind == "points" and "add" not in document and "multiply" not in document:
        errors[f"{at}.multiply"] = _("Say how many times as many points, or how many extra points.")
    return document


def _values(fields: Iterable[Asked], tree: Tree, style: Style, *, at: str, errors: Errors) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for asked in fields:
        name = f"{at}{asked.key}"
        try:
            value = _value(asked, tree, style, name=name, errors=errors)
        except Wrong as wrong:
            errors[name] = str(wrong)
            continue
        if value is None:
            if asked.is_required and not any(key == name or key.startswith(f"{name}.") for key in errors):
                errors[name] = _("This cannot be empty.")
        elif value != asked.default:
            found[asked.key] = value
    return found


def _value(asked: Asked, tree: Tree, style: Style, *, name: str, errors: Errors) -> Any:
    said = tree.get(asked.key, "")
    if asked.kind == "scope":
        return _scope(said, style, name=name, is_required=asked.is_required, errors=errors)
    if asked.kind.startswith("tiers_"):
        return _steps(said, _step_kinds(asked, tree), style, name=name, errors=errors)
    if not isinstance(said, str):
        raise Wrong(_("This cannot be read."))
    text = said.strip()
    if asked.kind == "flag":
        return text == "on"
    if not text:
        return None
    if asked.kind == "choice" and text not in {code for code, _title in asked.choices}:
        raise Wrong(_("Choose one of the list."))
    if asked.kind == "weekdays":
        return sorted({int(day) for day in text.split() if day in "1234567"}) or None
    if asked.kind == "scalar":
        return [read_scalar(line, style) for line in text.splitlines() if line.strip()]
    return KINDS[asked.kind][0](text, style)


def _scope(said: Any, style: Style, *, name: str, is_required: bool, errors: Errors) -> dict[str, Any] | None:
    tree = said if isinstance(said, dict) else {}
    scope = _values(SCOPE, tree, style, at=f"{name}.", errors=errors)
    return scope if scope or is_required or tree.get("everything") == "on" else None


def _steps(said: Any, kinds: tuple[str, str], style: Style, *, name: str, errors: Errors) -> list[list[Any]] | None:
    steps = []
    for index, row in enumerate(said if isinstance(said, list) else []):
        texts = [str(row.get(key, "")).strip() if isinstance(row, dict) else "" for key in ("from", "value")]
        if not any(texts):
            continue
        step: list[Any] = []
        for key, text, kind in zip(("from", "value"), texts, kinds, strict=True):
            try:
                if not text:
                    raise Wrong(_("This cannot be empty."))
                step.append(KINDS[kind][0](text, style))
            except Wrong as wrong:
                errors[f"{name}.{index}.{key}"] = str(wrong)
        steps.append(step)
    return steps or None

"""A module is entered by its door: others import `facade`, `contracts` and `errors` of it, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import liushui

SOURCE = Path(liushui.__file__).parent
DOOR = {"facade", "contracts", "errors"}
COMPOSED_BY_APP = DOOR | {"handlers", "pages", "router", "tasks", "shell", "routes"}  # what the app puts together
EVERYONES = {"kernel", "runtime"}


def modules() -> list[str]:
    return sorted(folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists())


def imported(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import; `from a.b import c` counts as a.b.c."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def wrong_imports(owner: str, path: Path) -> list[str]:
    wrong = []
    for line, name in imported(path):
        parts = name.split(".")
        if parts[0] != "liushui" or len(parts) < 2 or parts[1] in (owner, *EVERYONES):
            continue
        allowed = COMPOSED_BY_APP if owner == "app" else DOOR
        if owner == "console" and "tests" not in path.parts:
            allowed = DOOR
        if len(parts) < 3 or parts[2] not in allowed:
            wrong.append(f"{path.relative_to(SOURCE)}:{line} imports {name}")
    return wrong


def test_a_module_imports_only_the_doors_of_others() -> None:
    wrong = [
        found
        for owner in modules()
        for path in sorted((SOURCE / owner).rglob("*.py"))
        for found in wrong_imports(owner, path)
    ]
    assert wrong == [], "Import the facade, contracts or errors of the other module instead."


def test_the_scan_sees_a_wrong_import(tmp_path: Path) -> None:
    source = tmp_path / "record.py"
    source.write_text("from liushui.catalog.models import ItemRow\nfrom liushui.catalog import facade, queries\n")
    seen = [name for _line, name in imported(source)]
    assert seen == ["liushui.catalog.models.ItemRow", "liushui.catalog.facade", "liushui.catalog.queries"]


def test_a_module_has_no_file_that_is_a_home_for_anything() -> None:
    refused = {"utils.py", "services.py", "helpers.py", "common.py", "utils", "services", "helpers", "common"}
    assert [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.name in refused] == []


def test_no_layer_goes_deeper_than_module_part_file() -> None:
    deep = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if len(path.relative_to(SOURCE).parts) > 3 and "tests" not in path.parts and "management" not in path.parts
    ]
    assert deep == []

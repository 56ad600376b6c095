"""A file that outgrows its reader is split."""

from __future__ import annotations

import ast
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def sources() -> list[Path]:
    return [
        path
        for folder in ("src", "bench", "tools")
        for path in sorted((PROJECT / folder).rglob("*.py"))
        if not {"migrations", "tests", "node_modules"} & set(path.parts)
    ]


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(path.relative_to(PROJECT)): len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {name: length for name, length in lengths.items() if length > LINES_MAX} == {}


def test_no_function_is_longer_than_70_lines() -> None:
    long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    long[f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"] = length
    assert long == {}

"""Nothing in the repository knows the machine on which it was written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]
HOMES = re.compile(rb"(?<![\w.])/(?:home|Users)/[a-z][\w.-]*/|[A-Z]:\\\\Users\\\\")
HERE = re.compile(re.escape(str(PROJECT).encode()) + rb"(?![\w.-])") if len(PROJECT.parts) > 2 else HOMES


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=False).stdout
    paths = [PROJECT / name.decode() for name in listed.split(b"\0") if name]
    if not paths:  # not a git checkout, as in a source archive
        paths = [path for folder in ("src", "tests", "docs") for path in (PROJECT / folder).rglob("*.py")]
    found = [
        f"{path.relative_to(PROJECT)}: {match[0].decode(errors='replace')}"
        for path in paths
        if path.is_file() and path != Path(__file__)
        for pattern in (HOMES, HERE)
        for match in [pattern.search(path.read_bytes())]
        if match
    ]
    assert found == []

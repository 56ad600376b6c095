"""Run the races and the deaths on SQLite and PostgreSQL and write what came of them into docs/reliability.md.

    python tools/reliability.py                 all of tests/races, both engines
    python tools/reliability.py test_members    those whose files' names begin so

What failed stands there as failed: the table is made of the run's own report and of nothing else.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree  # nosec B405  # of a file that pytest has just written

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- table: written by tools/reliability.py -->\n", "<!-- end of the table -->\n"


class Story(NamedTuple):
    """A test by its file and name, as one engine ended it."""

    file: str
    name: str
    ways: int  # processes at once, at most
    result: str  # held | FAILED | left out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="beginnings of file names; all when none is given")
    given = parser.parse_args()
    files = sorted(path for path in (ROOT / "tests/races").glob("test_*.py") if _is_wanted(path.stem, given.names))
    engines = {"SQLite": [], "PostgreSQL": [sys.executable, "tools/services.py", "--fast", "run", "--"]}
    begun = datetime.now(UTC)
    runs = {engine: run(before, files) for engine, before in engines.items()}
    write(runs, begun)
    return any(story.result == "FAILED" for stories in runs.values() for story in stories)


def run(before: list[str], files: list[Path]) -> list[Story]:
    """The stories of these files on one engine."""
    environment = {name: value for name, value in os.environ.items() if name != "LIUSHUI_DATABASE_URL"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *map(str, files)]
        subprocess.run([*before, *command], cwd=ROOT, env=environment, check=False)
        if not report.exists():
            raise SystemExit("pytest left no report")
        return [_story(case) for case in ElementTree.parse(report).iter("testcase")]  # nosec B314  # as above


def write(runs: dict[str, list[Story]], begun: datetime) -> None:
    """The page with the table of this run in the place of the one before."""
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(head + BEGIN + "\n" + _table(runs, begun) + "\n" + END + tail)


def _table(runs: dict[str, list[Story]], begun: datetime) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()  # fmt: skip
    by_key = {engine: {(each.file, each.name): each for each in stories} for engine, stories in runs.items()}
    keys = list(dict.fromkeys(key for stories in by_key.values() for key in stories))
    held = sum(each.result == "held" for stories in runs.values() for each in stories)
    failed = sum(each.result == "FAILED" for stories in runs.values() for each in stories)
    lines = [
        f"{begun:%Y-%m-%d %H:%M} UTC, commit {commit}, {os.cpu_count()} cores: {held} held, {failed} failed. `ways` is"
        " how many processes ran at one instant; a death is one process at a time.",
        "",
        f"| what | ways | {' | '.join(runs)} |",
        f"|---|---|{'---|' * len(runs)}",
    ]
    for key in keys:
        found = [by_key[engine].get(key) for engine in runs]
        ways = max((each.ways for each in found if each is not None), default=0)
        results = [each.result if each is not None else "not run" for each in found]
        lines.append(f"| {_words(key[1])} | {ways or ''} | {' | '.join(results)} |")
    return "\n".join(lines) + "\n"


def _story(case: ElementTree.Element) -> Story:
    ways = next((int(each.get("value", "0")) for each in case.iter("property") if each.get("name") == "ways"), 0)
    result = "held"
    if case.find("failure") is not None or case.find("error") is not None:
        result = "FAILED"
    elif case.find("skipped") is not None:
        result = "left out"
    return Story(case.get("classname", "").rpartition(".")[2], case.get("name", ""), ways, result)


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ").replace("|", "/")


def _is_wanted(stem: str, names: list[str]) -> bool:
    return not names or any(stem.startswith(name) for name in names)


if __name__ == "__main__":
    sys.exit(main())

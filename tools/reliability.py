"""Run the races and the deaths on SQLite and PostgreSQL and write what came of them into docs/reliability.md.

    python tools/reliability.py                 all of tests/races, both engines side by side: 15 minutes at most
    python tools/reliability.py test_members    those whose files' names begin so
    python tools/reliability.py --quick         two short files, to see that it works; prints, writes nothing

Every file is a part with a time limit of its own. A part that exceeds it is ended and stands in the table as
"no answer"; what the whole had no time left for stands there as "not run". What failed stands there as failed. The
page is written once, at the end, and only when no names were given: a table of half the suite is only printed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree  # nosec B405  # of a file that pytest has just written

import services

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- table: written by tools/reliability.py -->\n", "<!-- end of the table -->\n"
ENGINES = ("SQLite", "PostgreSQL")
QUICK = ("test_balance_sums", "test_two_managers")
COUNTING = "_round_trips"  # counts statements; what is about money comes first
HELD, FAILED, LEFT_OUT, NO_ANSWER, NOT_RUN = "held", "FAILED", "left out", "no answer", "not run"


class Story(NamedTuple):
    """A test by its file and name, as one engine ended it; the name is empty when the whole file gave no answer."""

    file: str
    name: str
    ways: int  # processes at once, at most
    result: str


class Clock:
    """Seconds since the beginning, and how many are left of the whole."""

    def __init__(self, seconds: float) -> None:
        self._begun, self._seconds = time.monotonic(), seconds

    def passed(self) -> float:
        return time.monotonic() - self._begun

    def left(self) -> float:
        return self._seconds - self.passed()

    def stop(self) -> None:
        """Nothing is left: what runs is ended within a second."""
        self._seconds = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="beginnings of file names; all when none is given")
    parser.add_argument("--quick", action="store_true", help="two short files; nothing is written")
    parser.add_argument("--one-by-one", action="store_true", help="one engine after the other: twice as long")
    parser.add_argument("--minutes", type=float, default=15, help="of the whole, at most (15)")
    parser.add_argument("--part-seconds", type=float, default=360, help="of one file on one engine, at most (360)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    files = wanted_files(QUICK if given.quick else given.names)
    if not files:
        parser.error("no file in tests/races begins so")
    begun, clock = datetime.now(UTC), Clock(given.minutes * 60)
    print(f"{len(files)} files on {' and '.join(ENGINES)}, {given.minutes:g} minutes at most", flush=True)
    with ThreadPoolExecutor(1 if given.one_by_one else len(ENGINES)) as lanes:
        running = {
            engine: lanes.submit(run_engine, engine, files, clock=clock, part_seconds=given.part_seconds)
            for engine in ENGINES
        }
        try:
            runs = {engine: each.result() for engine, each in running.items()}
        except KeyboardInterrupt:
            clock.stop()
            raise
    table = table_of(runs, begun=begun, seconds=clock.passed())
    if given.quick or given.names:
        print(table)
    else:
        write(table)
        print(f"Written into {PAGE.relative_to(ROOT)}.")
    return int(any(story.result not in (HELD, LEFT_OUT) for stories in runs.values() for story in stories))


def wanted_files(names: Sequence[str]) -> list[Path]:
    """The files whose names begin so, all when no name is given; those that only count come last."""
    found = [
        path
        for path in (ROOT / "tests/races").glob("test_*.py")
        if not names or any(path.stem.startswith(name) for name in names)
    ]
    return sorted(found, key=lambda path: (path.stem.endswith(COUNTING), path.stem))


def run_engine(engine: str, files: Sequence[Path], *, clock: Clock, part_seconds: float) -> list[Story]:
    """All files on one engine, one after the other, each said as it ends. PostgreSQL is one server for all of them."""
    if engine == "SQLite":
        return _run_files(engine, "", files, clock, part_seconds)
    folder = services.place() / f"liushui-postgres-{os.getpid()}"
    try:
        return _run_files(engine, services.start(folder, fast=True), files, clock, part_seconds)
    finally:
        services.stop(folder)


def _run_files(engine: str, url: str, files: Sequence[Path], clock: Clock, part_seconds: float) -> list[Story]:
    stories: list[Story] = []
    for number, file in enumerate(files, start=1):
        before = clock.passed()
        found = run_part(url, file, clock=clock, seconds=min(part_seconds, clock.left()))
        results = [story.result for story in found]
        said = ", ".join(f"{results.count(result)} {result}" for result in dict.fromkeys(results))
        print(
            f"[{int(clock.passed()) // 60}:{int(clock.passed()) % 60:02}] {engine} {number}/{len(files)} {file.stem}:"
            f" {said}, {clock.passed() - before:.0f} s",
            flush=True,
        )
        stories += found
    return stories


def run_part(url: str, file: Path, *, clock: Clock, seconds: float) -> list[Story]:
    """The stories of one file on the engine behind the URL, SQLite when it is empty; ended after so many seconds."""
    if seconds < 1:
        return [Story(file.stem, "", 0, NOT_RUN)]
    with tempfile.TemporaryDirectory() as folder:
        report, log = Path(folder) / "report.xml", Path(folder) / "log.txt"
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1",
            f"--junitxml={report}", str(file),
        ]  # fmt: skip
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"LIUSHUI_DATABASE_URL": url}, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
            is_whole = _is_ended(process, clock, time.monotonic() + seconds)
        stories = _stories(report, file.stem) if is_whole and report.exists() else []
        if not stories:
            stories = [Story(file.stem, "", 0, NO_ANSWER)]
        if any(story.result in (FAILED, NO_ANSWER) for story in stories):
            print(log.read_text(errors="replace")[-3000:], file=sys.stderr, flush=True)
        return stories


def _is_ended(process: subprocess.Popen[bytes], clock: Clock, until: float) -> bool:
    """Whether it came to its end by itself; else it is ended, with all that it started."""
    while time.monotonic() < until and clock.left() > 0:
        try:
            process.wait(timeout=1)
            return True
        except subprocess.TimeoutExpired:
            continue
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return False


def write(table: str) -> None:
    """The page with this table in the place of the one before; whole or not at all."""
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    new = PAGE.with_suffix(".new")
    new.write_text(head + BEGIN + "\n" + table + "\n" + END + tail)
    new.replace(PAGE)


def table_of(runs: Mapping[str, Sequence[Story]], *, begun: datetime, seconds: float) -> str:
    """What every engine said of every story, with a line of sums above it."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()  # fmt: skip
    by_key = {engine: {(each.file, each.name): each for each in stories} for engine, stories in runs.items()}
    every_key = list(dict.fromkeys(key for stories in by_key.values() for key in stories))
    named = {file for file, name in every_key if name}
    keys = [(file, name) for file, name in every_key if name or file not in named]
    every = [each.result for stories in runs.values() for each in stories]
    sums = ", ".join(
        f"{every.count(result)} {result.lower()}"
        for result in (HELD, FAILED, LEFT_OUT, NO_ANSWER, NOT_RUN)
        if result in (HELD, FAILED) or result in every
    )
    lines = [
        f"{begun:%Y-%m-%d %H:%M} UTC, commit {commit}, {os.cpu_count()} cores, {seconds / 60:.1f} minutes: {sums}."
        " `ways` is how many processes ran at one instant; a death is one process at a time.",
        "",
        f"| what | ways | {' | '.join(runs)} |",
        f"|---|---|{'---|' * len(runs)}",
    ]
    for key in keys:
        found = [by_key[engine].get(key) for engine in runs]
        ways = max((each.ways for each in found if each is not None), default=0)
        results = [
            each.result if each is not None else _whole_file(by_key[engine], key[0])
            for each, engine in zip(found, runs, strict=True)
        ]
        lines.append(f"| {_words(key[1]) or f'all of `{key[0]}`'} | {ways or ''} | {' | '.join(results)} |")
    return "\n".join(lines) + "\n"


def _whole_file(stories: Mapping[tuple[str, str], Story], file: str) -> str:
    """What is known of a story that an engine did not name: how its whole file ended."""
    whole = stories.get((file, ""))
    return whole.result if whole is not None else NOT_RUN


def _stories(report: Path, file: str) -> list[Story]:
    return [_story(case, file) for case in ElementTree.parse(report).iter("testcase")]  # nosec B314  # as above


def _story(case: ElementTree.Element, file: str) -> Story:
    ways = next((int(each.get("value", "0")) for each in case.iter("property") if each.get("name") == "ways"), 0)
    result = HELD
    if case.find("failure") is not None or case.find("error") is not None:
        result = FAILED
    elif case.find("skipped") is not None:
        result = LEFT_OUT
    return Story(file, case.get("name", ""), ways, result)


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ").replace("|", "/")


if __name__ == "__main__":
    sys.exit(main())

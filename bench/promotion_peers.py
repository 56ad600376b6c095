"""The pricing engine beside engines that one could pick instead, on work that all of them can do.

20 lines, N promotions of which 10 are for their categories: percent off a category that has its total or its number.
Every engine gets its rules ready once, then prices the same baskets from values in memory; the totals must be equal.
Each peer has an environment of its own under build/peers, installed from its registry; one that cannot be
installed is left out and named. None of them is part of the product.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.promotion_corpus import plain_basket, plain_rulebook
from bench.tables import show
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook import Rulebook

ROOT = Path(__file__).resolve().parent.parent
SOURCES, CACHE = ROOT / "bench" / "peers", ROOT / "build" / "peers"
NUMBERS, BASKETS, SECONDS = (10, 100, 1000), 50, 4.0
UV = Path(sys.executable).parent / "uv"


@dataclass(frozen=True, slots=True)
class Peer:
    """An engine: how its environment is made, and how it is run on a file of cases."""

    name: str
    install: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return CACHE / self.name

    def is_ready(self) -> bool:
        """Install it, once for each version of its requirement files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = "".join(path.read_text("utf-8") for path in sorted((SOURCES / self.name).rglob("*")) if path.is_file())
        stamp = self.folder / "stamp"
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            return True
        for command in self.install:
            try:
                done = subprocess.run(
                    command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                print(f"  {self.name} is left out: {error}", flush=True)
                return False
            if done.returncode:
                why = (done.stdout + done.stderr).strip()[:300]
                print(f"  {self.name} is left out: {command[0]} failed: {why}", flush=True)
                return False
        stamp.write_text(wanted, "utf-8")
        return True

    def measured(self, cases: Path) -> dict[str, Any]:
        """Its times and totals."""
        done = subprocess.run(
            [*self.run, str(cases), str(SECONDS)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr.strip()[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def python_peer(name: str) -> Peer:
    """A peer from PyPI in a virtual environment."""
    python = str(CACHE / name / "venv" / "bin" / "python")
    requirements = str(SOURCES / name / "requirements.txt")
    return Peer(
        name,
        (
            (str(UV), "venv", "-q", "--clear", "--python", sys.executable, "venv"),
            (str(UV), "pip", "install", "-q", "--python", python, "-r", requirements),
        ),
        (python, str(SOURCES / name / "run.py")),
    )


def node_peer(name: str) -> Peer:
    """A peer from npm."""
    files = [str(SOURCES / name / file) for file in ("package.json", "package-lock.json")]
    npm = shutil.which("npm") or "npm"
    folder = str(CACHE / name)  # named: npm would otherwise look for a package in the folders above
    return Peer(
        name,
        (
            ("cp", *files, "."),
            (npm, "ci", "--prefix", folder, "--silent", "--no-audit", "--no-fund", "--ignore-scripts"),
        ),
        (shutil.which("node") or "node", str(SOURCES / name / "run.mjs")),
    )


def maven_peer(name: str) -> Peer:
    """A peer from Maven, compiled."""
    pom, repository = str(SOURCES / name / "pom.xml"), f"-Dmaven.repo.local={CACHE / 'm2'}"
    classes = CACHE / name / "classes"
    build = ("mvn", "-q", "-B", repository, "-f", pom, f"-DbuildDirectory={CACHE / name}")
    return Peer(
        name,
        (
            (*build, "dependency:build-classpath", f"-Dmdep.outputFile={CACHE / name / 'classpath.txt'}"),
            (*build, "compile"),
        ),
        ("sh", "-c", f'exec java -cp "{classes}:$(cat classpath.txt)" peer.Run "$@"', "run"),
    )


PEERS = (
    python_peer("zen_engine"),
    node_peer("json_rules_engine"),
    maven_peer("drools"),
    python_peer("django_oscar"),
)


def main() -> None:
    wanted = set(sys.argv[1:]) or {peer.name for peer in PEERS}
    ready = [peer for peer in PEERS if peer.name in wanted and peer.is_ready()]
    rows: list[list[object]] = []
    for number in NUMBERS:
        document = plain_rulebook(number)
        baskets = [plain_basket(number, seed) for seed in range(BASKETS)]
        totals, ours = liushui(document, baskets)
        rows.append([f"N = {number}", "liushui", f"{middle(ours):,.0f}", f"{high(ours):,.0f}", "", f"({len(totals)})"])
        with tempfile.TemporaryDirectory() as folder:
            cases = Path(folder) / "cases.json"
            cases.write_text(json.dumps({"rulebook": document, "baskets": baskets}), "utf-8")
            for peer in ready:
                found = peer.measured(cases)
                spent = found["microseconds"]
                ratio = f"{middle(spent) / middle(ours):.2f}"
                told = found["totals"]
                same = f"equal ({len(told)})" if told and told == totals[: len(told)] else "DIFFERENT"
                rows.append(["", peer.name, f"{middle(spent):,.0f}", f"{high(spent):,.0f}", ratio, same])
    print(
        f"  load {os.getloadavg()[0]:.1f}; wall clock; {BASKETS} baskets of 20 lines, over and over for {SECONDS:g} s"
    )
    show(("", "engine", "p50 µs", "p99 µs", "its p50 / ours", "totals"), rows)


def liushui(document: dict[str, Any], baskets: Sequence[dict[str, Any]]) -> tuple[list[int], list[float]]:
    """Our totals and times: from baskets in memory to answers with explanation and proof."""
    compiled = compile_rulebook(Rulebook.from_json(document))
    asked = [Basket.from_json(each) for each in baskets]
    totals = [price(compiled, each).total for each in asked]
    spent: list[float] = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for each in asked:
            begun = time.perf_counter()
            price(compiled, each)
            spent.append((time.perf_counter() - begun) * 1e6)
    return totals, spent


def middle(values: Sequence[float]) -> float:
    """The median."""
    return sorted(values)[len(values) // 2]


def high(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[len(values) * 99 // 100]


if __name__ == "__main__":
    main()

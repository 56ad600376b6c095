"""Gather the fragments of changelog.d into CHANGELOG.md as a release: python3 tools/changelog.py 0.2.0 [--check]

--check only says whether every fragment is well named and not empty.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAGMENTS = ROOT / "changelog.d"
KINDS = ("added", "changed", "fixed", "removed", "security")
NAME = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")
MARK = "<!-- releases -->"


def fragments() -> dict[str, list[Path]]:
    """Fragment files by kind; ends the program on one that is badly named or empty."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted(FRAGMENTS.glob("*.md")):
        if path.name == "README.md":
            continue
        match = NAME.fullmatch(path.name)
        if match is None or not path.read_text(encoding="utf-8").strip():
            sys.exit(f"{path.relative_to(ROOT)}: name it <short-name>.<{'|'.join(KINDS)}>.md and write a sentence")
        found[match[1]].append(path)
    return found


def release(version: str) -> str:
    """The text of a release made of all fragments."""
    parts = [f"## {version} ({datetime.now(UTC):%Y-%m-%d})"]
    for kind, paths in fragments().items():
        lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        if lines:
            parts.append(f"### {kind.capitalize()}\n" + "\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts)


def main() -> None:
    """Check, or write the release and remove its fragments."""
    if "--check" in sys.argv:
        fragments()
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    log = ROOT / "CHANGELOG.md"
    text = log.read_text(encoding="utf-8").replace("\nNothing has been released yet.\n", "")
    log.write_text(text.replace(MARK, f"{MARK}\n\n{release(sys.argv[1])}"), encoding="utf-8")
    for paths in fragments().values():
        for path in paths:
            path.unlink()


if __name__ == "__main__":
    main()

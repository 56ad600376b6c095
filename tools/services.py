#!/usr/bin/env python3
"""A throw-away PostgreSQL under build/ for tests and benchmarks. Needs nothing but Python's standard library.

    tools/services.py run -- pytest src        run a command with LIUSHUI_DATABASE_URL set, then stop and remove;
                                               "run --" may be left out
    tools/services.py start                    start one that stays, and print its URL
    tools/services.py stop                     stop and remove it

PostgreSQL is found on PATH or under /usr/lib/postgresql; as root it is installed from apt when absent.
Durability is as in production (fsync on), so that benchmarks are honest; --fast turns it off.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build"
IS_ROOT = os.geteuid() == 0
DATABASE = "liushui"
LOGIN, WEB_ROLE = "liushui", "liushui_web"  # an ordinary owner; what the web server speaks as


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="no fsync: for tests that are not about crashes")
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="run a command beside it")
    run.add_argument("command", nargs=argparse.REMAINDER)
    actions.add_parser("start", help="start it and print its URL")
    actions.add_parser("stop", help="stop and remove it")
    given = sys.argv[1:]
    if given and not given[0].startswith("-") and given[0] not in ("run", "start", "stop"):
        given = ["run", *given]
    arguments = parser.parse_args(given)
    kept = place() / "liushui-postgres"
    if arguments.action == "stop":
        stop(kept)
        return 0
    if arguments.action == "start":
        stop(kept)
        print(start(kept, fast=arguments.fast))
        return 0
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        parser.error("run needs a command")
    return run_beside(command, fast=arguments.fast)


def run_beside(command: list[str], *, fast: bool) -> int:
    """Run the command with a cluster of its own; returns its exit code."""
    folder = place() / f"liushui-postgres-{os.getpid()}"
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        url = start(folder, fast=fast)
        print(f"PostgreSQL: {url}", file=sys.stderr)
        return subprocess.run(command, env=os.environ | {"LIUSHUI_DATABASE_URL": url}, check=False).returncode
    finally:
        stop(folder)


def place() -> Path:
    """build/, or the temporary folder when root's server account could not reach it."""
    reachable = all(parent.stat().st_mode & 0o001 for parent in BUILD.parents)
    return BUILD if reachable or not IS_ROOT else Path(tempfile.gettempdir())


def start(folder: Path, *, fast: bool) -> str:
    """Make a cluster in the folder, start it on a free port, create the database; returns its URL."""
    binaries = find_or_install()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    user = owner()
    if IS_ROOT:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    as_owner(
        folder, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"
    )
    options = f"-p {port} -h 127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
    if fast:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    log = folder / "log"
    as_owner(folder, str(binaries / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(log), "-w", "start")
    server = ("-h", "127.0.0.1", "-p", str(port), "-U", "postgres")
    # Not a superuser, since row security says nothing to superusers; CREATEDB is for the databases of tests.
    roles = f"CREATE ROLE {LOGIN} LOGIN CREATEDB; CREATE ROLE {WEB_ROLE} NOLOGIN; GRANT {WEB_ROLE} TO {LOGIN}"
    as_owner(folder, str(binaries / "psql"), *server, "-q", "-d", "postgres", "-c", roles)
    as_owner(folder, str(binaries / "createdb"), *server, "-O", LOGIN, DATABASE)
    return f"postgresql://{LOGIN}@127.0.0.1:{port}/{DATABASE}"


def stop(folder: Path) -> None:
    """Stop the cluster in the folder, if there is one, and remove it."""
    if (folder / "data" / "postmaster.pid").exists():
        pg_ctl = find_or_install() / "pg_ctl"
        as_owner(folder, str(pg_ctl), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop", check=False)
    shutil.rmtree(folder, ignore_errors=True)


def find_or_install() -> Path:
    """The folder of PostgreSQL's server programs."""
    found = find()
    if found is None and IS_ROOT and shutil.which("apt-get"):
        print("Installing PostgreSQL from apt …", file=sys.stderr)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update", "-q"], ["install", "-yq", "--no-install-recommends", "postgresql"]):
            subprocess.run(["apt-get", *step], check=True, env=environment, stdout=sys.stderr)
        found = find()
    if found is None:
        raise SystemExit("PostgreSQL was not found. Install it (for Debian: sudo apt-get install postgresql).")
    return found


def find() -> Path | None:
    """The folder of initdb: on PATH, or where Debian, Homebrew and the PostgreSQL project put it; the newest."""
    on_path = shutil.which("initdb")
    if on_path and has_all(Path(on_path).resolve().parent):
        return Path(on_path).resolve().parent
    places = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
    candidates = [path for place in places for path in Path("/").glob(place[1:]) if has_all(path)]
    return max(candidates, key=version, default=None)


def has_all(binaries: Path) -> bool:
    """Whether every program that is used here is there."""
    return all((binaries / name).exists() for name in ("initdb", "pg_ctl", "postgres", "createdb", "psql"))


def version(binaries: Path) -> int:
    """The major version, as far as the path tells it."""
    digits = "".join(character if character.isdigit() else " " for character in str(binaries)).split()
    return int(digits[-1]) if digits else 0


def owner() -> str:
    """Who runs the server: initdb refuses root, so root hands over to the account that the package made."""
    if not IS_ROOT:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise SystemExit("As root, an account named postgres or nobody is needed to run PostgreSQL.")


def as_owner(folder: Path, *command: str, check: bool = True) -> None:
    """Run a program of PostgreSQL as the owner; its output is shown only when it fails."""
    log = folder.with_suffix(".out")
    user = {"user": owner(), "extra_groups": []} if IS_ROOT else {}
    # A file and not a pipe: the server would keep the pipe open and nobody would see its end.
    with log.open("wb") as output:
        done = subprocess.run(command, cwd="/", stdout=output, stderr=subprocess.STDOUT, check=False, **user)
    text = log.read_text(errors="replace")
    log.unlink()
    if done.returncode and check:
        raise SystemExit(f"{command[0]} failed:\n{text}")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())

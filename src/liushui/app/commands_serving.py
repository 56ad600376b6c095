"""Commands that run the system: serve, worker, migrate."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rich.markup import escape

from liushui.app.consumers import CONSUMERS, TICKS
from liushui.app.dev_cert import make_dev_cert
from liushui.app.protected_tables import POLICIES
from liushui.app.serve import Part, Supervisor, check_certificate, check_port
from liushui.app.serve import serve as serve_here
from liushui.app.terminal import command, err, out
from liushui.kernel.errors import Conflict
from liushui.runtime import row_policies
from liushui.runtime import worker as runtime_worker

app = typer.Typer()


class NotMigrated(Conflict):
    """The database is older than this program."""

    type = "not-migrated"


def pending_migrations() -> list[str]:
    """Names of migrations that the database lacks."""
    executor = MigrationExecutor(connection)
    return [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def require_migrated() -> None:
    """Raise NotMigrated when a migration is missing."""
    pending = pending_migrations()
    if pending:
        raise NotMigrated(f"{len(pending)} migrations are missing, first {pending[0]}", remedy="Run `liushui migrate`.")


def warn_without_row_security() -> None:
    """Say so when PostgreSQL does not keep requests to their stores, or somebody could pass that by."""
    if connection.vendor == "postgresql":
        state = row_policies.state(policies=POLICIES)
        for found in (*state.missing, *state.advice):
            err.print(f"[yellow]Row security: {escape(found)}; liushui doctor says what to do[/]", soft_wrap=True)


def migrate_database(*, quietly: bool = False) -> int:
    """Bring the database to this program's tables; returns how many migrations were run."""
    pending = pending_migrations()
    if pending:
        call_command("migrate", interactive=False, verbosity=0 if quietly else 1)
    row_policies.install(policies=POLICIES)  # also when a role was made since
    return len(pending)


@command(
    app,
    "serve",
    examples=(
        "liushui serve",
        "liushui serve --host 0.0.0.0 --port 80 --workers 4",
        "liushui serve --without-worker      # the worker runs elsewhere",
        "liushui serve --port 8443 --tls-cert data/tls/cert.pem --tls-key data/tls/key.pem",
    ),
)
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 means all of them.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes; about one a core with PostgreSQL.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="Requests that one process works on at a time.", min=1)] = 4,
    with_worker: Annotated[
        bool, typer.Option("--with-worker/--without-worker", help="Also run `liushui worker` and keep it running.")
    ] = True,
    tls_cert: Annotated[Path | None, typer.Option(help="Speak TLS with this certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
) -> None:
    """Serve the console and the API, and work on events beside it."""
    _take_over(LIUSHUI_TLS_CERT=tls_cert, LIUSHUI_TLS_KEY=tls_key)
    check_certificate(certificate=settings.LIUSHUI.tls_cert, key=settings.LIUSHUI.tls_key)
    require_migrated()
    check_port(host=host, port=port)
    if not with_worker:
        warn_without_row_security()
        serve_here(host=host, port=port, workers=workers, threads=threads)
        return
    scheme = "https" if settings.LIUSHUI.tls_cert else "http"
    out.print(f"Liushui is at [bold]{scheme}://{host}:{port}/[/]   (Ctrl+C stops it)")
    Supervisor(parts=[server_part(host=host, port=port, workers=workers, threads=threads), worker_part()]).run()


def _take_over(**given: Path | None) -> None:
    """Begin again with these in the environment: cookies and headers are settled when the settings are read."""
    wanted = {name: str(path.resolve()) for name, path in given.items() if path is not None}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(  # noqa: S606  # nosec B606  # our own program, the arguments it was called with
            sys.executable, [sys.executable, "-m", "liushui.app.cli", *sys.argv[1:]], {**os.environ, **wanted}
        )


@command(app, "dev-cert", examples=("liushui dev-cert", "liushui dev-cert --host tills.local --host 192.168.1.20"))
def dev_cert(
    host: Annotated[
        list[str] | None, typer.Option(help="A name or address of this machine; may be given several times.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where to; `tls` in the data folder when not given.")] = None,
) -> None:
    """Make a certificate for trying TLS: for localhost and the names given, trusted by nobody until you say so."""
    hosts = ["localhost", "127.0.0.1", "::1", *(host or [])]
    made = make_dev_cert(hosts=hosts, folder=folder or settings.LIUSHUI.data_dir / "tls")
    out.print(f"For {', '.join(hosts)}:")
    out.print(f"  liushui serve --tls-cert {made.certificate} --tls-key {made.key}", soft_wrap=True)
    out.print(f"Let browsers and tills trust {made.authority}; its key has been thrown away.", soft_wrap=True)


def server_part(*, host: str, port: int, workers: int = 1, threads: int = 4) -> Part:
    """The web server as a part of a machine."""
    arguments = ["serve", "--without-worker", "--host", host, "--port", str(port)]
    return Part(name="server", arguments=[*arguments, "--workers", str(workers), "--threads", str(threads)])


def worker_part() -> Part:
    """The worker as a part of a machine."""
    return Part(name="worker", arguments=["worker"])


@command(app, "worker", examples=("liushui worker", "liushui worker --once      # work off what is there, then end"))
def worker(
    once: Annotated[bool, typer.Option("--once", help="End when nothing is left to do.")] = False,
) -> None:
    """Publish events, keep the figures up to date, do background jobs."""
    require_migrated()
    runtime_worker.run(consumers=CONSUMERS, ticks=TICKS, once=once)


@command(app, "migrate", examples=("liushui migrate",))
def migrate() -> None:
    """Create the database's tables, or bring them to this version. Safe to repeat."""
    count = migrate_database()
    out.print(f"{count} migrations run." if count else "The database is up to date.")

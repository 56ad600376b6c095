"""Commands that keep everything safe: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from liushui.app.backup import Manifest, check_backup, make_backup, restore_backup
from liushui.app.commands_serving import migrate_database
from liushui.app.terminal import command, out

app = typer.Typer()


@command(app, "backup", examples=("liushui backup monday.tar.gz", "liushui backup --check monday.tar.gz"))
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write: a tar with gzip, readable by its owner alone.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; read that file and compare.")] = False,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Put the keys over personal data into the file too.")
    ] = False,
) -> None:
    """Put database and data folder into one file, while the system goes on working.

    The keys over personal data stay out, so that whoever finds the file reads nobody's name; copy `privacy_keys.json`
    elsewhere, once and after each `liushui privacy rotate-keys`. All else opens as the data folder does.
    """
    manifest = check_backup(path=path) if check else make_backup(path=path, with_keys=with_keys)
    _tell(manifest, path)


@command(app, "restore", examples=("LIUSHUI_DATA_DIR=/srv/liushui liushui restore /backup/monday.tar.gz",))
def restore(path: Annotated[Path, typer.Argument(help="A file that `liushui backup` wrote.")]) -> None:
    """Put a backup into an empty installation, and bring it to this version. Stop the server and the worker first."""
    manifest = restore_backup(path=path)
    count = migrate_database(quietly=True)
    _tell(manifest, path)
    out.print(f"Restored; {count} migrations run. Now `liushui doctor`, `liushui verify`, then `liushui serve`.")


def _tell(manifest: Manifest, path: Path) -> None:
    size = path.stat().st_size / 1_000_000
    keys = "with" if manifest.has_keys else "without"
    out.print(
        f"{path}: {manifest.database}, made at {manifest.made_at}, {len(manifest.migrations)} migrations, "
        f"{manifest.raw_files} files of the data folder, {keys} the keys over personal data, {size:,.1f} MB, "
        "every file as its manifest says.",
        soft_wrap=True,
    )

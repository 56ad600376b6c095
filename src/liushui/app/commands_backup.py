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
) -> None:
    """Put database, raw input and keys into one file, while the system goes on working.

    The file opens everything, as the data folder does: keep it where only those may read who may read that folder.
    """
    manifest = check_backup(path=path) if check else make_backup(path=path)
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
    out.print(
        f"{path}: {manifest.database}, made at {manifest.made_at}, {len(manifest.migrations)} migrations, "
        f"{manifest.raw_files} files of the data folder, {size:,.1f} MB, every file as its manifest says.",
        soft_wrap=True,
    )

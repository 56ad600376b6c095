"""Commands of personal data: export, erase, keys, and looking for what leaked."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from django.conf import settings

from liushui.app.commands_people import grant_for
from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, fail, out, print_json, table
from liushui.kernel.errors import InvalidValue
from liushui.privacy import facade as privacy
from liushui.runtime.grants import system_principal

app = typer.Typer(help="Personal data: requests of people, keys, leaks.", no_args_is_help=True)

SubjectArgument = Annotated[UUID, typer.Argument(help="The person's id, as member pages and `privacy find` show it.")]
ReasonOption = Annotated[str, typer.Option(help="Why; goes into the audit log. Never a name or a number.")]


@app.callback()
def personal_data() -> None:
    """Personal data: requests of people, keys, leaks."""


@command(app, "find", examples=("liushui privacy find", "liushui privacy find --field email"))
def find(
    field: Annotated[str, typer.Option(help="phone, email or plate.")] = "phone",
    chain: Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")] = "",
) -> None:
    """Find a person's id. The value is asked for and not shown, so that no shell keeps it."""
    require_migrated()
    value = typer.prompt(field, hide_input=True)
    chain_id = grant_for(role="it_admin", chain=chain, region="", store="").chain_id
    found = privacy.find_subjects(chain_id=chain_id, field=field, value=value)
    masked = privacy.masked(subject_ids=found)
    table(columns=("subject", "name", "phone"), rows=[
        (str(who), masked.get(who, {}).get("name", ""), masked.get(who, {}).get("phone", "")) for who in found
    ])  # fmt: skip


@command(app, "export", examples=("liushui privacy export 0199… --out request-17",))
def export(
    subject: SubjectArgument,
    out_path: Annotated[Path, typer.Option("--out", help="Writes this name with .json and .html.")],
    reason: ReasonOption = "request of the person",
) -> None:
    """Write everything about one person, for that person: JSON and a page to be read, for their owner's eyes only."""
    require_migrated()
    document = privacy.export_subject(
        subject_id=subject, principal=system_principal(name="command line"), reason=reason, proved_at=None,
        now=datetime.now(UTC),
    )  # fmt: skip
    for suffix, content in ((".json", document.json), (".html", document.html)):
        path = out_path.with_name(out_path.name + suffix)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
        out.print(f"{path}: {len(content):,} bytes")


@command(
    app,
    "erase",
    examples=("liushui privacy erase 0199… --reason 'request 17'", "liushui privacy erase --again erasures.json"),
)
def erase(
    subject: Annotated[UUID | None, typer.Argument(help="The person's id.")] = None,
    reason: ReasonOption = "",
    again: Annotated[
        Path | None, typer.Option(help="After a restore: repeat the erasures of this file of `privacy erasures`.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the key of somebody's data. Books and receipts stay, without anybody's name; nothing brings it back."""
    require_migrated()
    if (subject is None) == (again is None):
        raise InvalidValue("Name one person, or a file with --again")
    people = [subject] if subject is not None else _erased_before(again)
    if not yes:
        typer.confirm(f"Erase {len(people)} for good?", abort=True)
    me, now = system_principal(name="command line"), datetime.now(UTC)
    why = reason or ("erased before the backup was put back" if again else "")
    for who in people:
        proof = privacy.erase_subject(subject_id=who, reason=why, principal=me, now=now)
        out.print(f"{who}: erased at {proof.erased_at.isoformat()}, proof {proof.sha256}", soft_wrap=True)


@command(app, "erasures", examples=("liushui privacy erasures --json > erasures.json",))
def erasures(as_json: JsonOption = False) -> None:
    """The proofs of all erasures. Keep this list apart from backups: it repeats them after a restore."""
    require_migrated()
    me = system_principal(name="command line")
    found = privacy.proofs(chain_ids=me.whole_chains("privacy.handle"), limit=1_000_000)
    if as_json:
        print_json([asdict(proof) for proof in found])
        return
    rows = [(str(each.subject_id), each.erased_at.isoformat(timespec="seconds"), each.requested_by, each.sha256[:16])
            for each in found]  # fmt: skip
    table(columns=("subject", "erased at", "by", "proof"), rows=rows)


@command(
    app,
    "rotate-keys",
    examples=(
        "liushui privacy rotate-keys",
        "liushui privacy rotate-keys --resume",
        "liushui privacy rotate-keys --drop-old",
    ),
)
def rotate_keys(
    resume: Annotated[
        bool, typer.Option("--resume", help="Make no new key; go on wrapping under the present one.")
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Only destroy keys that wrap nothing and were replaced an hour ago.")
    ] = False,
) -> None:
    """Make a new key over all personal data and wrap every person's data key anew, while the system goes on working.

    Once the old key is destroyed, no backup made before shows anybody's data any more.
    """
    require_migrated()
    now = datetime.now(UTC)
    if drop_old:
        gone = privacy.drop_keys(in_use=privacy.keys_in_use().keys(), now=now)
        out.print(f"Destroyed: {', '.join(gone) or 'none'}.")
        return
    if not resume:
        out.print(f"New key {privacy.add_key(now=now)} in {privacy.key_file()}: copy this file to where it is kept.")
    done = privacy.rewrap_keys(on_progress=lambda count: out.print(f"{count:,} wrapped"))
    out.print(f"{done:,} data keys wrapped anew. In an hour: `liushui privacy rotate-keys --drop-old`.")


@command(
    app,
    "rotate-index",
    examples=(
        "liushui privacy rotate-index",
        "liushui privacy rotate-index --resume",
        "liushui privacy rotate-index --drop-old",
    ),
)
def rotate_index(
    resume: Annotated[
        bool, typer.Option("--resume", help="Make no new secret; go on with what is not found by the present one.")
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="End it: destroy the older secret, an hour after it was replaced.")
    ] = False,
) -> None:
    """Make a new secret for finding people by phone, e-mail or plate, and index everyone anew while all goes on.

    Until --drop-old both secrets find everybody. --resume also makes people of a restored older backup findable.
    """
    require_migrated()
    now = datetime.now(UTC)
    if drop_old:
        if not privacy.drop_old_index(now=now, on_progress=_indexed):
            fail("The secret was changed less than an hour ago. Try again later")
        out.print("Everybody is found by the present secret alone; the older one is destroyed.")
        return
    if not resume:
        secret_id = privacy.change_index_secret(now=now)
        out.print(
            f"New secret {secret_id} in {privacy.key_file()}: copy this file to where it is kept, and to every machine "
            "of this installation.",
            soft_wrap=True,
        )
    done = privacy.reindex(on_progress=_indexed)
    gone = privacy.forget_old_rows() if resume else 0
    out.print(f"{done:,} values indexed anew, {gone:,} rows of destroyed secrets deleted.")
    if privacy.is_index_changing():
        out.print("In an hour: `liushui privacy rotate-index --drop-old`.")


def _indexed(done: int, total: int) -> None:
    out.print(f"{done:,} of {total:,} indexed")


@command(app, "new-keys", examples=("liushui privacy new-keys",))
def new_keys() -> None:
    """Print fresh keys in the form that LIUSHUI_PRIVACY_KEYS takes; nothing is kept."""
    print(privacy.generated())


@command(app, "fields", examples=("liushui privacy fields",))
def fields(as_json: JsonOption = False) -> None:
    """Every field of personal data that may be stored: what for, how long, how it is shown."""
    rows = [
        (f"{place}.{name}", each.purpose, each.retention_days or "", each.mask, each.is_indexed)
        for (place, name), each in sorted(privacy.registered_fields().items())
    ]
    columns = ("field", "purpose", "days", "mask", "indexed")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table(columns=columns, rows=rows, right=(2,))


@command(app, "scan", examples=("liushui privacy scan", "liushui privacy scan /var/log/liushui"))
def scan(
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders beside the data folder, such as logs.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for phone numbers and e-mail addresses of members in clear: every table, the data folder, other folders."""
    require_migrated()
    report = privacy.scan(folders=[Path(settings.LIUSHUI.data_dir), *(folders or ())])
    if as_json:
        print_json(asdict(report))
    else:
        out.print(f"{report.columns} columns with {report.rows:,} values, {report.files:,} files.")
        table(
            columns=("where", "field", "people"), rows=[(leak.where, leak.field, leak.people) for leak in report.leaks]
        )
    if report.leaks:
        fail(f"Personal data stands in clear in {len(report.leaks)} places")


def _erased_before(path: Path | None) -> list[UUID]:
    """The people of the list that are here and not erased."""
    if path is None:
        return []
    try:
        ids = [UUID(each["subject_id"]) for each in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidValue(f"{path.name} is no list of `liushui privacy erasures --json`") from error
    return privacy.living(subject_ids=ids)

"""Write a programme's drafts: begin one, change it row by row, throw it away.

Every save says which revision it saw, and of two who saw the same one only the first is kept; the same save sent again
is answered as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from liushui.kernel.errors import InvalidValue
from liushui.loyalty.contracts import ProgrammeDraft
from liushui.loyalty.domain.programme_json import normal_text, read_programme
from liushui.loyalty.domain.programme_rows import differing, with_fields, with_row, with_row_moved, without_row
from liushui.loyalty.errors import ProgrammeDraftChanged, ProgrammeDraftClosed
from liushui.loyalty.models import ProgrammeDraftRow
from liushui.loyalty.programme_access import WRITE, require_whole_chain
from liushui.loyalty.programme_queries import draft_row, draft_view, empty_document, latest_row
from liushui.runtime import audit
from liushui.runtime.access import Principal

NAME_MAX = 200


def create_programme_draft(*, chain_id: int, name: str, principal: Principal, now: datetime) -> ProgrammeDraft:
    """A copy of the latest version, in force or scheduled, under a name; empty in a chain that has none."""
    require_whole_chain(principal, WRITE, chain_id=chain_id)
    latest = latest_row(chain_id=chain_id)
    with transaction.atomic():
        row = ProgrammeDraftRow.objects.create(
            chain_id=chain_id, name=_checked_name(name), base_id=latest.id if latest else None,
            document=latest.document if latest else empty_document(chain_id=chain_id),
            created_at=now, created_by=principal.subject, created_by_name=principal.name,
            changed_at=now, changed_by=principal.subject, changed_by_name=principal.name,
        )  # fmt: skip
        audit.record(
            principal=principal, action="programme.draft", target=f"programme-draft:{row.id}", chain_id=chain_id,
            after={"name": row.name, "base": row.base_id},
        )  # fmt: skip
    return draft_view(row)


def save_programme_draft(
    *, draft_id: int, revision: int, document: str | bytes | Mapping[str, Any], principal: Principal, now: datetime
) -> ProgrammeDraft:
    """Put a whole document in place of the draft's; raises InvalidProgramme with the path of what is wrong."""
    row = _open_row(draft_id, principal)
    return _write(row, revision, normal_text(read_programme(document)), principal=principal, now=now)


def set_programme_fields(
    *, draft_id: int, revision: int, fields: Mapping[str, Any], principal: Principal, now: datetime
) -> ProgrammeDraft:
    """Give some fields other values, such as {"redemption": {…}} or {"tiers": {"window_months": 6}}."""
    row = _open_row(draft_id, principal)
    return _write_document(row, revision, with_fields(row.document, fields), principal=principal, now=now)


def put_programme_row(
    *,
    draft_id: int,
    revision: int,
    table: str,
    row: Mapping[str, Any],
    index: int | None = None,
    principal: Principal,
    now: datetime,
) -> ProgrammeDraft:
    """Put a row at `index` of a table in place of the one there, or at its end.

    Tables are earning.rows, tiers.levels and stored_value.top_up_bonus; the last two keep themselves in order.
    """
    known = _open_row(draft_id, principal)
    changed = with_row(known.document, table, row, index=index)
    return _write_document(known, revision, changed, principal=principal, now=now)


def remove_programme_row(
    *, draft_id: int, revision: int, table: str, index: int, principal: Principal, now: datetime
) -> ProgrammeDraft:
    """Take a row out of a table."""
    row = _open_row(draft_id, principal)
    return _write_document(row, revision, without_row(row.document, table, index=index), principal=principal, now=now)


def move_programme_row(
    *, draft_id: int, revision: int, table: str, index: int, to: int, principal: Principal, now: datetime
) -> ProgrammeDraft:
    """Put a row at another place of its table; where the first row that fits counts, the place matters."""
    row = _open_row(draft_id, principal)
    changed = with_row_moved(row.document, table, index=index, to=to)
    return _write_document(row, revision, changed, principal=principal, now=now)


def rename_programme_draft(
    *, draft_id: int, revision: int, name: str, principal: Principal, now: datetime
) -> ProgrammeDraft:
    """Give the draft another name."""
    row = _open_row(draft_id, principal)
    return _write(row, revision, row.document, name=_checked_name(name), principal=principal, now=now)


def discard_programme_draft(*, draft_id: int, principal: Principal, now: datetime) -> ProgrammeDraft:
    """Throw an open draft away; it stays to be looked at. The second time changes nothing."""
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    with transaction.atomic():
        if ProgrammeDraftRow.objects.filter(id=row.id, state="open").update(state="discarded"):
            audit.record(
                principal=principal, action="programme.discard", target=f"programme-draft:{row.id}",
                chain_id=row.chain_id, before={"state": "open"}, after={"state": "discarded"},
            )  # fmt: skip
    there = ProgrammeDraftRow.objects.get(id=row.id)
    if there.state != "discarded":
        raise refusal(there)
    return draft_view(there)


def refusal(row: ProgrammeDraftRow) -> ProgrammeDraftChanged | ProgrammeDraftClosed:
    """Why a change of a draft was not kept."""
    if row.state != "open":
        return ProgrammeDraftClosed(
            f"Draft {row.name!r} is {row.state.replace('_', ' ')}", context={"state": row.state}
        )
    return ProgrammeDraftChanged(
        f"{row.changed_by_name} has saved revision {row.revision} meanwhile",
        remedy="Look at the draft as it is now and make your change again.",
        context={"revision": row.revision, "changed_by": row.changed_by_name},
    )


def _open_row(draft_id: int, principal: Principal) -> ProgrammeDraftRow:
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if row.state != "open":
        raise refusal(row)
    return row


def _write_document(
    row: ProgrammeDraftRow, revision: int, document: Mapping[str, Any], *, principal: Principal, now: datetime
) -> ProgrammeDraft:
    if row.revision != revision:
        raise refusal(row)  # a row's place in the table is that of the revision that was seen
    return _write(row, revision, normal_text(read_programme(document)), principal=principal, now=now)


def _write(
    row: ProgrammeDraftRow, revision: int, document: str, *, name: str = "", principal: Principal, now: datetime
) -> ProgrammeDraft:
    wanted = name or row.name
    with transaction.atomic():
        saved = ProgrammeDraftRow.objects.filter(id=row.id, state="open", revision=revision).update(
            document=document, name=wanted, revision=F("revision") + 1,
            changed_at=max(now, row.created_at), changed_by=principal.subject, changed_by_name=principal.name,
        )  # fmt: skip
        if saved:
            audit.record(
                principal=principal, action="programme.save", target=f"programme-draft:{row.id}",
                chain_id=row.chain_id, before={"name": row.name},
                after={
                    "name": wanted, "revision": revision + 1, "changed": list(differing(row.document, document)),
                },
            )  # fmt: skip
    there = ProgrammeDraftRow.objects.get(id=row.id)
    same = (there.state, there.revision, there.document, there.name, there.changed_by)
    if not saved and same != ("open", revision + 1, document, wanted, principal.subject):
        raise refusal(there)
    return draft_view(there)


def _checked_name(name: str) -> str:
    text = name.strip()
    if not text or len(text) > NAME_MAX or not text.isprintable():
        raise InvalidValue(f"Give the draft a name of 1 to {NAME_MAX} characters", pointer="/name")
    return text

"""Sales in quarantine are mended and replayed, or discarded with a reason; what was before and after is audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale
from liushui.intake import quarantine
from liushui.intake.contracts import ReplayResult
from liushui.intake.domain.people import hidden_body
from liushui.intake.domain.sale_json import decode_sale, to_command
from liushui.intake.errors import EntryClosed, EntryNotFound, InvalidSale
from liushui.intake.models import QuarantineEntryRow
from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.scrub import without_people
from liushui.stores import facade as stores

REPLAY_MAX = 500
_SAID = {"open": "open", "resolved": "booked", "discarded": "discarded"}


def mend_sale(*, entry_id: UUID, body: bytes, principal: Principal, now: datetime, reason: str = "") -> ReplayResult:
    """Send a quarantined sale again with this JSON. Its id and source stay; the store may change to one that the
    principal may mend in. A refusal stays in quarantine with what was wrong this time."""
    entry = _open_entry(entry_id, principal)
    body = hidden_body(body)
    sale = decode_sale(body)
    if sale.id != entry.source_id:
        raise InvalidSale(
            f"The id of the sale is {entry.source_id!r}, which stays as it is",
            pointer="/id",
            remedy="Put it back.",
        )
    command = _command(entry, body)
    _require_target(command, principal)
    try:
        recorded = checkout.complete_sale(command=command, principal=_machine(principal), now=now)
    except LiushuiError as error:
        if not isinstance(error, InvalidValue):
            raise
        quarantine.count_try(entry_id=entry.id, problem=error.problem(), command=msgspec.json.decode(body))
        return ReplayResult(entry_id=entry.id, sale_id=None, problem=error.problem())
    with transaction.atomic():
        _close(entry, "resolved", principal, now, reason=reason, sale_id=recorded.sale_id)
        audit.record(
            principal=principal,
            action="intake.mend",
            target=f"quarantine:{entry.id}",
            chain_id=entry.chain_id,
            store_id=entry.store_id,
            before={"command": entry.command, "problem": entry.problem},
            after={"command": msgspec.json.decode(body), "sale": str(recorded.sale_id)},
            reason=reason,
        )
    return ReplayResult(entry_id=entry.id, sale_id=recorded.sale_id, problem=None)


def replay_entries(*, entry_ids: Sequence[UUID], principal: Principal, now: datetime) -> list[ReplayResult]:
    """Send quarantined sales again as they are, for instance after the unknown item was added."""
    results: list[ReplayResult] = []
    for entry_id in entry_ids[:REPLAY_MAX]:
        entry = _open_entry(entry_id, principal)
        body = msgspec.json.encode(entry.command)
        try:
            results.append(mend_sale(entry_id=entry_id, body=body, principal=principal, now=now))
        except LiushuiError as error:
            results.append(ReplayResult(entry_id=entry_id, sale_id=None, problem=error.problem()))
    return results


def discard_entry(*, entry_id: UUID, reason: str, principal: Principal, now: datetime) -> None:
    """Close a quarantined sale that will never be booked. Raises InvalidValue without a reason."""
    if not reason.strip():
        raise InvalidValue(
            "A sale is discarded for a reason, and none was given", pointer="/reason", remedy="Write why."
        )
    entry = _open_entry(entry_id, principal)
    with transaction.atomic():
        _close(entry, "discarded", principal, now, reason=reason.strip()[:400])
        audit.record(
            principal=principal,
            action="intake.discard",
            target=f"quarantine:{entry.id}",
            chain_id=entry.chain_id,
            store_id=entry.store_id,
            before={"status": "open", "command": entry.command},
            after={"status": "discarded"},
            reason=reason.strip()[:400],
        )


def _open_entry(entry_id: UUID, principal: Principal) -> QuarantineEntryRow:
    entry = QuarantineEntryRow.objects.filter(id=entry_id).first()
    if entry is None or not _may(entry, principal):
        raise EntryNotFound(f"There is no quarantined sale {entry_id} that you may mend")
    if entry.status != "open":
        raise EntryClosed(f"It was {_SAID[entry.status]} by {entry.closed_by}", remedy="Nothing is left to do.")
    return entry


def _may(entry: QuarantineEntryRow, principal: Principal) -> bool:
    """In a known store whoever mends there; else whoever mends in the whole chain, or in any when that is unknown."""
    if entry.store_id is not None:
        return entry.store_id in principal.stores("intake.mend")
    chains = principal.whole_chains("intake.mend")
    return entry.chain_id in chains if entry.chain_id is not None else bool(chains)


def _command(entry: QuarantineEntryRow, body: bytes) -> CompleteSale:
    sale = decode_sale(body)
    chain = sale.chain or next((chain.code for chain in stores.chains() if chain.id == entry.chain_id), "")
    if not chain and len(stores.chains()) == 1:
        chain = stores.chains()[0].code
    store = stores.stores_by_code().get((chain, sale.store))
    currency = sale.currency or (store.currency if store else "CNY")
    return to_command(sale, source=entry.source, chain=chain, currency=currency)


def _require_target(command: CompleteSale, principal: Principal) -> None:
    store = stores.stores_by_code().get((command.chain, command.store))
    if store is not None:
        principal.require_store("intake.mend", store_id=store.id)


def _machine(principal: Principal) -> Principal:
    """Mending is a right of people, sending sales one of machines: once the place is checked, the system sends."""
    return system_principal(name=f"mended by {principal.name}")


def _close(
    entry: QuarantineEntryRow,
    status: str,
    principal: Principal,
    now: datetime,
    *,
    reason: str,
    sale_id: UUID | None = None,
) -> None:
    rows = QuarantineEntryRow.objects.filter(id=entry.id, status="open")
    changed = rows.update(
        status=status,
        closed_at=now,
        closed_by=principal.name[:128],
        sale_id=sale_id,
        close_reason=without_people(reason, longest=400),
    )
    if changed == 0 and status == "discarded":
        raise EntryClosed("Somebody else has just dealt with it", remedy="Open it again to see.")

"""From codes that people give to what is known of them: one statement, one more when a batch is new to this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from liushui.promotions import coupon_keys
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupon_codes import Reading
from liushui.promotions.domain.coupons import FoundCode
from liushui.runtime import at_once

_BATCH = (
    "b.id, b.code, b.kind, b.issued, b.status, b.valid_from, b.valid_until, b.uses_max, b.uses_per_member_max,"
    " b.key_sealed, b.shared_sealed"
)
_CODE = "c.serial, c.member_id, c.uses, c.uses_max, c.is_void, c.order_key, c.code_sha256, m.uses"
_MEMBER = "LEFT JOIN promotions_coupon_member_use m ON m.batch_id = b.id AND m.member_id = %s"
_sealed_keys: dict[int, str] = {}  # by batch, as last read: a guess that each answer proves or mends


class _Row(NamedTuple):
    batch_id: int
    batch: str
    kind: str
    issued: int
    status: str
    valid_from: Any
    valid_until: Any
    batch_uses_max: int | None
    uses_per_member_max: int | None
    key_sealed: str
    shared_sealed: str
    serial: int | None
    member_id: str | None
    uses: int | None
    uses_max: int | None
    is_void: bool | None
    order_key: str | None
    code_sha256: str | None
    member_uses: int | None


def look_up(*, chain_id: int, codes: Iterable[str], member_id: str) -> dict[str, FoundCode]:
    """What is known of normal codes, by code; those that nobody made are left out."""
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        return {}
    hashes = {digest: code for code in wanted for digest in coupon_keys.known_sha256(code)}
    readings = {code: reading for code in wanted if (reading := coupon_codes.read(code)) is not None}
    while True:
        guesses = {reading.batch_number: _sealed_keys.get(reading.batch_number, "") for reading in readings.values()}
        rows = _ask(chain_id, hashes, readings, guesses, member_id)
        keys = {row.batch_id: row.key_sealed for row in rows if row.code_sha256 is None and row.key_sealed}
        _sealed_keys.update(keys)
        if all(guesses.get(batch_id) == key for batch_id, key in keys.items()):
            return _found(rows, hashes, readings, keys)


def _ask(
    chain_id: int,
    hashes: Mapping[str, str],
    readings: Mapping[str, Reading],
    guesses: Mapping[int, str],
    member_id: str,
) -> list[_Row]:
    parts = [
        f"SELECT {_BATCH}, {_CODE} FROM promotions_coupon_code c JOIN promotions_coupon_batch b ON b.id = c.batch_id"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        f" {_MEMBER} WHERE c.chain_id = %s AND c.code_sha256 IN ({_marks(hashes)})"
    ]
    values: list[Any] = [member_id, chain_id, *hashes]
    if readings:
        serials = {
            coupon_codes.serial_of(key=coupon_keys.opened_key(key), reading=reading)
            for reading in readings.values()
            if (key := guesses[reading.batch_number])
        } or {0}
        parts.append(
            f"SELECT {_BATCH}, {_CODE} FROM promotions_coupon_batch b LEFT JOIN promotions_coupon_code c"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
            f" ON c.batch_id = b.id AND c.serial IN ({_marks(serials)}) {_MEMBER}"
            f" WHERE b.chain_id = %s AND b.key_sealed <> '' AND b.id IN ({_marks(guesses)})"
        )
        values += [*serials, member_id, chain_id, *guesses]
    return [_Row(*row) for row in at_once.ask(" UNION ALL ".join(parts), values)]


def _found(
    rows: Sequence[_Row], hashes: Mapping[str, str], readings: Mapping[str, Reading], keys: Mapping[int, str]
) -> dict[str, FoundCode]:
    found = {hashes[row.code_sha256]: _of_row(row, row.serial or 0) for row in rows if row.code_sha256 is not None}
    generated = [row for row in rows if row.code_sha256 is None]
    by_serial = {(row.batch_id, row.serial): row for row in generated}
    any_of = {row.batch_id: row for row in generated}
    for code, reading in readings.items():
        of_batch = any_of.get(reading.batch_number)
        if code in found or of_batch is None:
            continue
        serial = coupon_codes.serial_of(key=coupon_keys.opened_key(keys[of_batch.batch_id]), reading=reading)
        if not 1 <= serial <= of_batch.issued:
            continue
        row = by_serial.get((of_batch.batch_id, serial))
        if row is None:
            row = of_batch._replace(member_id="", uses=0, uses_max=1, is_void=False, order_key="")
        found[code] = _of_row(row, serial)
    return found


def _of_row(row: _Row, serial: int) -> FoundCode:
    return FoundCode(
        batch_id=row.batch_id,
        batch=row.batch,
        kind=row.kind,  # type: ignore[arg-type]  # the table's constraint says which
        serial=serial,
        shared_code=coupon_keys.opened_shared(row.shared_sealed),
        is_void=bool(row.is_void) or row.status != "active",
        valid_from=_instant(row.valid_from),
        valid_until=_instant(row.valid_until),
        member_id=row.member_id or "",
        uses=row.uses or 0,
        uses_max=row.batch_uses_max if row.kind == "shared" else row.uses_max,
        member_uses=row.member_uses or 0,
        uses_per_member_max=row.uses_per_member_max,
        order_key=row.order_key or "",
    )


def _instant(value: datetime | str | None) -> datetime | None:
    """An aware time from what the database gives to plain SQL: SQLite keeps none of the zone, which is UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _marks(values: Iterable[object]) -> str:
    return ", ".join("%s" for _ in values)

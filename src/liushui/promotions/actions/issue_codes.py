"""Hand codes out: so many of a batch, or one to each of some members. Asked again, the same codes are given again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import F, Q

from liushui.kernel.errors import InvalidValue
from liushui.promotions import coupon_keys
from liushui.promotions.actions.make_batch import require_issue
from liushui.promotions.coupon_queries import batch_row, shown_issue
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupons import TEXT_MAX, CodeIssue, MemberCode
from liushui.promotions.errors import BatchVoid, CodesIssued
from liushui.promotions.models import CouponBatchRow, CouponCodeRow, CouponIssueRow
from liushui.runtime import audit, bulk
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, csv_chunks

MEMBERS_AT_ONCE = 10_000
_ROWS_AT_ONCE = 4_096


def issue_codes(
    *, chain_id: int, batch: str, count: int | None, key: str, principal: Principal, now: datetime
) -> CodeIssue:
    """Hand out the next `count` serials of a batch of unique codes, or all that are left with None.

    `key` names this handing out: with the same key the same serials are answered and nothing more is handed out.
    Raises UnknownBatch, BatchVoid, CodesIssued when fewer are left.
    """
    require_issue(principal, chain_id=chain_id)
    if not 0 < len(key) <= TEXT_MAX["issue_key"] or (count is not None and count < 1):
        raise InvalidValue("Codes are handed out under a key of 1 to 200 characters, at least one", pointer="/count")
    row = batch_row(chain_id=chain_id, code=batch)
    if row.kind != "unique" or row.is_imported:
        raise InvalidValue(f"Batch {batch!r} has no codes to be handed out like this", pointer="/batch")
    with transaction.atomic():
        row = CouponBatchRow.objects.select_for_update().get(id=row.id)  # one hands out after the other
        known = CouponIssueRow.objects.filter(batch=row, key=key).first()
        if known is not None:
            if count is not None and known.count != count:
                raise InvalidValue(f"Under this key {known.count} codes were handed out", pointer="/count")
            return shown_issue(known, is_repeat=True)
        number = row.size - row.issued if count is None else count
        _count_issued(row, number)
        issue = CouponIssueRow.objects.create(
            batch=row, chain_id=chain_id, key=key, first_serial=row.issued + 1, count=number, issued_at=now,
            issued_by=principal.subject, issued_by_name=principal.name,
        )  # fmt: skip
        audit.record(
            principal=principal, action="coupon.issue", target=f"coupon-batch:{batch}", chain_id=chain_id,
            after={"first_serial": issue.first_serial, "count": number},
        )  # fmt: skip
    return shown_issue(issue, is_repeat=False)


def give_codes(
    *, chain_id: int, batch: str, member_ids: Sequence[str], principal: Principal, now: datetime
) -> tuple[MemberCode, ...]:
    """One code of a `member` batch to each member, who alone may use it; who has one gets the same again.

    Answers in the order of the members. Raises UnknownBatch, BatchVoid, CodesIssued (nobody got one then).
    """
    require_issue(principal, chain_id=chain_id)
    wanted = list(dict.fromkeys(member_ids))
    if len(wanted) > MEMBERS_AT_ONCE or any(not 0 < len(each) <= TEXT_MAX["member"] for each in wanted):
        raise InvalidValue(f"Give codes to at most {MEMBERS_AT_ONCE} members at once", pointer="/members")
    row = batch_row(chain_id=chain_id, code=batch)
    if row.kind != "member":
        raise InvalidValue(f"Batch {batch!r} is not for members one by one", pointer="/batch")
    with transaction.atomic():
        row = CouponBatchRow.objects.select_for_update().get(id=row.id)
        given = CouponCodeRow.objects.filter(batch=row, member_id__in=wanted, issued_by_order="")
        before = dict(given.values_list("member_id", "serial"))
        new = [each for each in wanted if each not in before]
        if new:
            _count_issued(row, len(new))
            serials = dict(zip(new, range(row.issued + 1, row.issued + 1 + len(new)), strict=True))
            bulk.insert_rows(
                table="promotions_coupon_code",
                columns=(
                    "batch_id", "serial", "chain_id", "member_id", "uses", "uses_max", "is_void", "order_key",
                    "changed_at",
                ),
                rows=[(row.id, serials[each], chain_id, each, 0, 1, False, "", now) for each in new],
            )  # fmt: skip
            audit.record(
                principal=principal, action="coupon.give", target=f"coupon-batch:{batch}", chain_id=chain_id,
                after={"first_serial": row.issued + 1, "count": len(new)},
            )  # fmt: skip
    key = coupon_keys.opened_key(row.key_sealed)
    serial_of = before | (serials if new else {})
    return tuple(
        MemberCode(
            member_id=each,
            code=coupon_codes.printed(coupon_codes.code_of(key=key, batch_number=row.id, serial=serial_of[each])),
            is_repeat=each in before,
        )
        for each in wanted
    )


def issued_codes(*, issue: CodeIssue) -> Iterator[tuple[int, str]]:
    """Serial and printed code of each code that was handed out; made as they are read, and kept nowhere."""
    row = CouponBatchRow.objects.get(id=issue.batch_id)
    made = coupon_codes.codes(
        key=coupon_keys.opened_key(row.key_sealed), batch_number=row.id, first_serial=issue.first_serial,
        count=issue.count,
    )  # fmt: skip
    return ((serial, coupon_codes.printed(code)) for serial, code in enumerate(made, start=issue.first_serial))


def issued_csv(*, issue: CodeIssue, titles: tuple[str, str]) -> Iterator[str]:
    """The same as CSV, in large pieces: a million codes in a few seconds. Serials are digits, and codes hold letters,
    digits and hyphens within, so there is nothing to quote and nothing that a spreadsheet takes for a formula."""
    yield "".join(csv_chunks(columns=[Column(title=title) for title in titles], rows=()))
    rows = issued_codes(issue=issue)
    while piece := [f"{serial},{code}\r\n" for serial, code in islice(rows, _ROWS_AT_ONCE)]:
        yield "".join(piece)


def _count_issued(row: CouponBatchRow, number: int) -> None:
    """One conditional statement hands the serials out."""
    changed = CouponBatchRow.objects.filter(
        Q(issued__lte=F("size") - number), id=row.id, issued=row.issued, status="active"
    ).update(issued=F("issued") + number)
    if changed and number:
        return
    if row.status != "active":
        raise BatchVoid(f"Batch {row.code!r} was voided")
    raise CodesIssued(
        f"{row.size - row.issued} codes of {row.code!r} are left, {number} were asked for",
        remedy="Make a further batch.",
        context={"left": row.size - row.issued},
    )

"""Batches: made, handed out, given to members, brought in from files, voided; and what people are told of a code."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.promotions import coupon_lookup, facade
from liushui.promotions.contracts import Code
from liushui.promotions.coupon_keys import opened_key
from liushui.promotions.errors import (
    BatchExists,
    BatchVoid,
    CodesIssued,
    CouponInUse,
    UnknownBatch,
    UnknownCode,
)
from liushui.promotions.models import CouponBatchRow, CouponCodeRow
from liushui.promotions.tests.using import (
    CHAIN,
    NOON,
    answer,
    member_batch,
    promotion,
    reserve,
    shared_batch,
    unique_batch,
)
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import AuditEntry
from liushui.runtime.tabular import UnreadableTable

pytestmark = pytest.mark.django_db
MA = Principal(subject="staff:1", name="马", grants=(Grant(role="marketer", chain_id=CHAIN),))
DAY = timedelta(days=1)


def make(batch):
    return facade.make_batch(batch=batch, principal=MA, now=NOON)


def issue(batch: str = "SPRING", count: int | None = 3, key: str = "k"):
    return facade.issue_codes(chain_id=CHAIN, batch=batch, count=count, key=key, principal=MA, now=NOON)


def codes_of(issued) -> list[str]:
    return [code for _serial, code in facade.issued_codes(issue=issued)]


def problems(*codes: str, member: str | None = None, now=NOON) -> dict[str, str]:
    found = facade.resolve_codes(chain_id=CHAIN, codes=codes, member_id=member, now=now)
    return {problem.code: problem.problem for problem in found.problems}


def test_a_batch_begins_without_codes_and_hands_them_out_by_serial():
    batch = make(unique_batch(size=5))
    assert (batch.size, batch.issued, batch.left, batch.state(now=NOON)) == (5, 0, 0, "not_issued")
    first, second = issue(count=3, key="print shop"), issue(count=None, key="the rest")
    assert (first.first_serial, first.count, second.first_serial, second.count) == (1, 3, 4, 2)
    codes = codes_of(first) + codes_of(second)
    assert len(set(codes)) == 5
    assert facade.coupon_batch(chain_id=CHAIN, code="SPRING").left == 5
    with pytest.raises(CodesIssued):
        issue(count=1, key="one more")
    assert [each.key for each in facade.coupon_issues(chain_id=CHAIN, batch="SPRING")] == ["the rest", "print shop"]


def test_asked_again_under_the_same_key_the_same_codes_are_given_again():
    make(unique_batch())
    once, again = issue(key="a"), issue(key="a")
    assert (once.is_repeat, again.is_repeat) == (False, True)
    assert codes_of(once) == codes_of(again)
    assert facade.coupon_batch(chain_id=CHAIN, code="SPRING").issued == 3
    with pytest.raises(InvalidValue):
        issue(key="a", count=4)


def test_no_code_is_stored_and_none_is_in_the_audit_log():
    make(unique_batch())
    make(shared_batch())
    codes = [code.replace("-", "") for code in codes_of(issue())]
    reserve(
        "till/1",
        answer(coupon=1),
        promotion("coupon", batch="SPRING"),
        codes=(Code(code=codes[0], batch="SPRING"),),
    )
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith(("promotions_", "runtime_audit")):
                cursor.execute(f"SELECT * FROM {table}")
                stored = str(cursor.fetchall()).upper()
                assert not [code for code in [*codes, "OPEN-10", "OPEN10"] if code in stored], table
    assert CouponCodeRow.objects.filter(batch__code="SPRING").count() == 1  # only what happened is a row
    assert AuditEntry.objects.filter(action__startswith="coupon.").count() == 3


def test_a_code_that_was_not_handed_out_does_not_exist():
    batch = make(unique_batch())
    issued = issue(count=10)
    codes = codes_of(issued)
    CouponBatchRow.objects.filter(id=batch.id).update(issued=4)
    assert problems(codes[3], codes[4]) == {codes[4]: "unknown"}


def test_codes_of_another_chain_are_unknown():
    make(unique_batch())
    [code, *_others] = codes_of(issue())
    found = facade.resolve_codes(chain_id=CHAIN + 1, codes=[code], member_id=None, now=NOON)
    assert [problem.problem for problem in found.problems] == ["unknown"]
    with pytest.raises(UnknownCode):
        facade.coupon_state(chain_id=CHAIN + 1, code=code)


def test_people_are_told_why_a_code_is_not_taken():
    make(unique_batch(valid_from=NOON, valid_until=NOON + DAY))
    first, second, third = codes_of(issue())
    mistyped = first[:-1] + ("2" if first[-1] != "2" else "3")
    assert problems(first, "NOBODYS", mistyped) == {"NOBODYS": "unknown", mistyped: "mistyped"}
    assert problems(first, now=NOON - DAY) == {first: "not_started"}
    assert problems(first, now=NOON + DAY) == {first: "expired"}
    coupon = promotion("coupon", batch="SPRING")
    reserve("till/1", answer(coupon=1), coupon, codes=(Code(code=second.replace("-", ""), batch="SPRING"),))
    facade.void_code(chain_id=CHAIN, code=third, reason="lost", principal=MA, now=NOON)
    assert problems(first, second, third) == {second: "used", third: "void"}
    again = facade.resolve_codes(chain_id=CHAIN, codes=[second], member_id=None, now=NOON, order_key="till/1")
    assert [code.batch for code in again] == ["SPRING"]


def test_an_unknown_code_still_reaches_rulebooks_that_name_it_and_a_mistyped_one_does_not():
    found = facade.resolve_codes(chain_id=CHAIN, codes=[" FRIENDS ", "FRIENDS", ""], member_id=None, now=NOON)
    assert found.codes == (Code(code="FRIENDS", batch=None),)


def test_looking_codes_up_is_one_statement_once_their_batch_is_known():
    make(unique_batch())
    make(shared_batch())
    codes = [*codes_of(issue()), "OPEN-10", "NOBODYS"]
    coupon_lookup._sealed_keys.clear()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            found = facade.resolve_codes(chain_id=CHAIN, codes=codes, member_id="m1", now=NOON)
        counts.append(len(asked))
    assert counts == [2, 1]
    assert [code.batch for code in found] == ["SPRING", "SPRING", "SPRING", "OPENING", None]


def test_members_get_a_code_each_that_nobody_else_may_use():
    make(member_batch(size=3))
    given = facade.give_codes(chain_id=CHAIN, batch="BIRTHDAY", member_ids=["m1", "m2"], principal=MA, now=NOON)
    again = facade.give_codes(chain_id=CHAIN, batch="BIRTHDAY", member_ids=["m2", "m3"], principal=MA, now=NOON)
    assert [each.is_repeat for each in given + again] == [False, False, True, False]
    assert given[1].code == again[0].code
    assert len({each.code for each in given + again}) == 3
    mine = given[0].code
    assert problems(mine, member="m1") == {}
    assert problems(mine, member="m2") == {mine: "not_yours"}
    assert problems(mine) == {mine: "member_needed"}
    with pytest.raises(CodesIssued):
        facade.give_codes(chain_id=CHAIN, batch="BIRTHDAY", member_ids=["m4"], principal=MA, now=NOON)
    [(batch, code, is_free)] = facade.member_codes(chain_id=CHAIN, member_id="m1", now=NOON)
    assert (batch.code, code, is_free) == ("BIRTHDAY", mine, True)


def test_a_voided_batch_takes_and_hands_out_nothing():
    make(unique_batch())
    [code, *_others] = codes_of(issue())
    for _ in range(2):
        batch = facade.void_batch(chain_id=CHAIN, batch="SPRING", reason=" misprint ", principal=MA, now=NOON)
    assert (batch.status, batch.void_reason, batch.state(now=NOON)) == ("void", "misprint", "void")
    assert problems(code) == {code: "void"}
    with pytest.raises(BatchVoid):
        issue(key="later")
    assert AuditEntry.objects.filter(action="coupon.void").count() == 1
    with pytest.raises(InvalidValue):
        facade.void_batch(chain_id=CHAIN, batch="SPRING", reason=" ", principal=MA, now=NOON)


def test_a_code_in_use_is_not_voided_and_a_voided_one_stays_so():
    make(unique_batch())
    first, second, _third = codes_of(issue())
    coupon = promotion("coupon", batch="SPRING")
    reserve("till/1", answer(coupon=1), coupon, codes=(Code(code=first.replace("-", ""), batch="SPRING"),))
    with pytest.raises(CouponInUse):
        facade.void_code(chain_id=CHAIN, code=first, reason="lost", principal=MA, now=NOON)
    for _ in range(2):
        assert facade.void_code(chain_id=CHAIN, code=second, reason="lost", principal=MA, now=NOON) == 2
    batch = facade.coupon_batch(chain_id=CHAIN, code="SPRING")
    assert (batch.issued, batch.reserved, batch.used, batch.voided, batch.left) == (3, 1, 0, 1, 1)
    with pytest.raises(UnknownCode):
        facade.void_code(chain_id=CHAIN, code="NOBODYS", reason="lost", principal=MA, now=NOON)


def test_how_one_code_stands():
    make(unique_batch())
    first, *_others = codes_of(issue())
    assert facade.coupon_state(chain_id=CHAIN, code=first).state == "free"
    coupon = promotion("coupon", batch="SPRING")
    reserve("till/1", answer(coupon=1), coupon, codes=(Code(code=first.replace("-", ""), batch="SPRING"),))
    held = facade.coupon_state(chain_id=CHAIN, code=first.lower())
    assert (held.batch, held.serial, held.state, held.order_key, held.sale_id) == (
        "SPRING",
        1,
        "reserved",
        "till/1",
        "",
    )
    facade.commit(order_key="till/1", sale_id=UUID(int=5), now=NOON)
    used = facade.coupon_state(chain_id=CHAIN, code=first)
    assert (used.state, used.uses, used.sale_id) == ("used", 1, str(UUID(int=5)))


def test_the_same_batch_made_twice_is_one_and_other_contents_are_refused():
    assert make(unique_batch()).id == make(unique_batch()).id
    with pytest.raises(BatchExists):
        make(unique_batch(size=11))
    make(shared_batch())
    assert make(shared_batch()).shared_code == "OPEN-10"
    with pytest.raises(BatchExists):
        make(shared_batch("OTHER", shared_code="open10"))


@pytest.mark.parametrize(
    ("batch", "pointer"),
    [
        (unique_batch(""), "/code"),
        (unique_batch("two words"), "/code"),
        (unique_batch(size=0), "/size"),
        (unique_batch(size=100_000_001), "/size"),
        (unique_batch(uses_max=3), "/uses_max"),
        (shared_batch(shared_code=" "), "/shared_code"),
        (shared_batch(shared_code="A2"), "/shared_code"),
        (shared_batch(shared_code="2224-FDN4-8E3Q-3UVC"), "/shared_code"),
        (shared_batch(uses_max=0), "/uses_max"),
        (shared_batch(uses_per_member_max=0), "/uses_per_member_max"),
        (unique_batch(valid_from=NOON, valid_until=NOON), "/valid_until"),
    ],
)
def test_what_cannot_be_a_batch_is_refused_at_its_place(batch, pointer):
    with pytest.raises(InvalidValue) as refused:
        make(batch)
    assert refused.value.pointer == pointer
    assert not CouponBatchRow.objects.exists()


def test_only_those_who_may_issue_in_the_whole_chain_do():
    in_store = Principal(subject="s:2", name="x", grants=(Grant(role="marketer", chain_id=CHAIN, store_id=1),))
    reader = Principal(subject="s:3", name="y", grants=(Grant(role="auditor", chain_id=CHAIN),))
    for principal in (in_store, reader):
        with pytest.raises(NotAllowed):
            facade.make_batch(batch=unique_batch(), principal=principal, now=NOON)
    make(unique_batch())
    with pytest.raises(NotAllowed):
        facade.issue_codes(chain_id=CHAIN, batch="SPRING", count=1, key="k", principal=reader, now=NOON)
    with pytest.raises(UnknownBatch):
        issue("NONE")


def written(path: Path, *rows: str, header: str = "券码") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[header, "note"], *([row, "x"] for row in rows)])
    return path


def test_codes_from_elsewhere_are_brought_in_row_by_row(tmp_path):
    make(shared_batch())
    path = written(tmp_path / "codes.csv", "OLD-0001", "old 0002", "OLD0001", "", "A1", "OPEN-10", "X" * 65)
    batch = unique_batch("OLD")
    done = facade.import_codes(batch=batch, path=path, principal=MA, now=NOON)
    assert (done.added, done.known, done.wrong) == (2, 0, 5)
    assert [(fault.line, fault.reason) for fault in done.faults] == [
        (4, "twice"), (5, "empty"), (6, "too_short"), (8, "too_long"), (7, "taken"),
    ]  # fmt: skip
    assert (done.batch.size, done.batch.issued, done.batch.left, done.batch.is_imported) == (2, 2, 2, True)
    assert problems("old-0001", "OLD-0002") == {}
    again = facade.import_codes(
        batch=batch, path=written(tmp_path / "more.csv", "OLD-0001", "OLD-0003"), principal=MA, now=NOON
    )
    assert (again.added, again.known, again.wrong, again.batch.issued) == (1, 1, 0, 3)
    codes = tuple(facade.resolve_codes(chain_id=CHAIN, codes=["OLD0003"], member_id=None, now=NOON))
    reserve("till/1", answer(coupon=1), promotion("coupon", batch="OLD"), codes=codes)
    assert problems("OLD0003") == {"OLD0003": "used"}
    with pytest.raises(InvalidValue):
        issue("OLD")


def test_a_file_without_such_a_column_or_with_too_many_rows_is_refused(tmp_path):
    with pytest.raises(UnreadableTable):
        facade.import_codes(
            batch=unique_batch(), path=written(tmp_path / "a.csv", "OLD-0001", header="Kode"), principal=MA, now=NOON
        )
    with pytest.raises(InvalidValue):
        facade.import_codes(
            batch=unique_batch(), path=written(tmp_path / "b.csv", "OLD-0001", "OLD-0002"), principal=MA, now=NOON,
            rows_max=1,
        )  # fmt: skip


def test_codes_outlive_a_change_of_the_secret_key_that_names_the_old_one(tmp_path):
    make(unique_batch())
    make(shared_batch())
    facade.import_codes(batch=unique_batch("OLD"), path=written(tmp_path / "a.csv", "OLD-0001"), principal=MA, now=NOON)
    codes = codes_of(issue())
    opened_key.cache_clear()
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert problems(*codes, "OPEN-10", "OLD0001") == {}
        assert codes_of(issue()) == codes
    opened_key.cache_clear()

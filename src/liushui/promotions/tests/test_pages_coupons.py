"""Coupon batches as people see them in the console."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.support.sign_in import sign_in

from liushui.promotions import facade
from liushui.promotions.contracts import Code, NewBatch, Rulebook
from liushui.promotions.models import CouponBatchRow, CouponIssueRow
from liushui.promotions.tests.conftest import Office
from liushui.promotions.tests.using import answer, promotion
from liushui.runtime.access import Grant
from liushui.runtime.grants import system_principal
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.runtime.staff import create_staff
from liushui.runtime.step_up import VERIFIED_AT

pytestmark = pytest.mark.django_db
COUPONS = "/promotions/coupons/"


def person(office: Office, role: str, store_id: int | None = None) -> Client:
    user_id, _password = create_staff(
        username=f"{role}-{store_id}",
        display_name=role.title(),
        grants=[Grant(role=role, chain_id=office.chain_id, store_id=store_id)],
        principal=system_principal(name="test"),
    )
    return sign_in(Client(headers={"accept-language": "en"}), StaffUser.objects.get(pk=user_id))


@pytest.fixture
def ma(office: Office) -> Client:
    return person(office, "marketer")


def batch(office: Office, code: str = "SPRING", **fields) -> int:
    new = {"name_zh": "春季券", "name_en": "Spring", "kind": "unique", "size": 5} | fields
    made = facade.make_batch(
        batch=NewBatch(chain_id=office.chain_id, code=code, **new), principal=office.ma, now=datetime.now(UTC)
    )
    return made.id


def text(reply, status: int = 200) -> str:
    assert reply.status_code == status, reply
    return reply.content.decode()


def table(reply) -> list[list[str]]:
    assert reply.status_code == 200
    assert reply["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(b"".join(reply.streaming_content).decode("utf-8-sig"))))


def test_an_empty_list_says_what_to_do(ma, office):
    page = text(ma.get(COUPONS))
    assert "There are no coupons yet" in page
    assert page.count("/promotions/coupons/new/") == 2
    reader = text(person(office, "auditor").get(COUPONS))
    assert "There are no coupons yet" in reader
    assert "/promotions/coupons/new/" not in reader


def test_a_marketer_makes_a_batch_and_hands_its_codes_out_once(ma, office):
    form = text(ma.get(COUPONS + "new/"))
    assert 'name="size"' in form
    assert 'name="shared_code"' not in form
    made = ma.post(
        COUPONS + "new/",
        {
            "code": "SPRING",
            "name_zh": "春季券",
            "name_en": "",
            "size": "1200",
            "valid_from": "2026-11-01T00:00",
            "valid_until": "2099-12-01T00:00",
        },
    )
    row = CouponBatchRow.objects.get()
    assert made.headers["Location"] == f"{COUPONS}{row.id}/"
    assert row.valid_from == datetime(2026, 10, 31, 16, tzinfo=UTC)  # midnight on the stores' clock
    page = text(ma.get(made.headers["Location"]))
    assert "1,200 codes are left to be handed out." in page
    rows = table(ma.post(f"{COUPONS}{row.id}/codes/", {"count": "1000", "key": "a"}))
    assert rows[0] == ["Number", "Code"]
    assert [number for number, _code in rows[1:]] == [str(n) for n in range(1, 1001)]
    assert len({code for _number, code in rows[1:]}) == 1000
    again = table(ma.post(f"{COUPONS}{row.id}/codes/", {"count": "1000", "key": "a"}))
    assert again == rows  # a download that broke off
    CouponIssueRow.objects.update(issued_at=datetime.now(UTC) - timedelta(minutes=11))
    late = ma.post(f"{COUPONS}{row.id}/codes/", {"count": "1000", "key": "a"}, follow=True)
    assert "These codes were handed out before. They are shown once." in text(late)
    assert "So many codes are not left." in text(
        ma.post(f"{COUPONS}{row.id}/codes/", {"count": "201", "key": "b"}), 422
    )
    rest = table(ma.post(f"{COUPONS}{row.id}/codes/", {"count": "", "key": "c"}))
    assert [number for number, _code in rest[1:]] == [str(n) for n in range(1001, 1201)]
    assert AuditEntry.objects.filter(action="coupon.issue").count() == 2
    page = text(ma.get(COUPONS))
    assert "1,200" in page
    assert rows[1][1] not in page


def test_codes_leave_only_with_a_fresh_password(ma, office):
    number = batch(office)
    session = ma.session
    session[VERIFIED_AT] = 0
    session.save()
    for part in ("codes", "members", "void"):
        asked = ma.post(f"{COUPONS}{number}/{part}/", {"count": "1", "key": "a", "reason": "x", "members": "m"})
        assert asked.status_code == 302
        assert "verify" in asked.headers["Location"]
    row = CouponBatchRow.objects.get()
    assert (row.issued, row.status) == (0, "active")


def test_codes_are_given_to_members_and_shown(ma, office):
    number = batch(office, kind="member", size=3)
    page = text(ma.post(f"{COUPONS}{number}/members/", {"members": "m1, m2\nm1"}))
    given = {each.member_id: each.code for each in give(office, ["m1", "m2"])}
    assert all(code in page for code in given.values())
    rows = table(ma.post(f"{COUPONS}{number}/members/", {"members": "m2;m1", "do": "file"}))
    assert rows == [["Member", "Code"], ["m2", given["m2"]], ["m1", given["m1"]]]
    refused = text(ma.post(f"{COUPONS}{number}/members/", {"members": "m3 m4"}), 422)
    assert "So many codes are not left." in refused
    assert "m3 m4" in refused
    assert "Name 1 to 10,000 members" in text(ma.post(f"{COUPONS}{number}/members/", {"members": " "}), 422)


def give(office: Office, members: list[str]):
    return facade.give_codes(
        chain_id=office.chain_id, batch="SPRING", member_ids=members, principal=office.ma, now=datetime.now(UTC)
    )


def test_a_file_for_members_is_safe_in_a_spreadsheet(ma, office):
    number = batch(office, kind="member", size=3)
    rows = table(ma.post(f"{COUPONS}{number}/members/", {"members": "=cmd()", "do": "file"}))
    assert rows[1][0] == "'=cmd()"


def test_one_code_is_looked_up_and_voided(ma, office):
    number = batch(office)
    first, second = codes(office, 2)
    page = text(ma.post(f"{COUPONS}{number}/", {"code": first.lower()}))
    assert "Not used" in page
    assert "Void this code" in page
    assert "Say why" in text(ma.post(f"{COUPONS}{number}/void/", {"code": first, "reason": " "}), 422)
    ma.post(f"{COUPONS}{number}/void/", {"code": first, "reason": "lost"})
    page = text(ma.post(f"{COUPONS}{number}/", {"code": first}))
    assert "Voided" in page
    assert "Void this code" not in page
    facade.reserve(
        chain_id=office.chain_id,
        order_key="till/1",
        answer=answer(coupon=1),
        rulebook=facade_rulebook(),
        member_id=None,
        codes=(Code(code=second.replace("-", ""), batch="SPRING"),),
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
        now=datetime.now(UTC),
    )
    page = text(ma.post(f"{COUPONS}{number}/", {"code": second}))
    assert "Held by an order" in page
    assert "till/1" in page
    facade.commit(order_key="till/1", sale_id=UUID(int=7), now=datetime.now(UTC))
    assert str(UUID(int=7)) in text(ma.post(f"{COUPONS}{number}/", {"code": second}))
    refused = ma.post(f"{COUPONS}{number}/void/", {"code": second, "reason": "lost"}, follow=True)
    assert "The code is used, or an order holds it at this moment." in text(refused)
    assert "This batch has no such code." in text(ma.post(f"{COUPONS}{number}/", {"code": "NOBODYS"}))


def facade_rulebook():
    return Rulebook(version="1", promotions=(promotion("coupon", batch="SPRING"),))


def codes(office: Office, count: int, code: str = "SPRING") -> list[str]:
    issue = facade.issue_codes(
        chain_id=office.chain_id, batch=code, count=count, key="k", principal=office.ma, now=datetime.now(UTC)
    )
    return [each for _serial, each in facade.issued_codes(issue=issue)]


def test_a_code_of_another_batch_is_not_found_in_this_one(ma, office):
    number, _other = batch(office), batch(office, "AUTUMN")
    [code] = codes(office, 1, "AUTUMN")
    assert "This batch has no such code." in text(ma.post(f"{COUPONS}{number}/", {"code": code}))
    ma.post(f"{COUPONS}{number}/void/", {"code": code, "reason": "lost"})
    assert facade.coupon_state(chain_id=office.chain_id, code=code).state == "free"


def test_a_batch_is_taken_out_of_use_with_a_reason(ma, office):
    number = batch(office)
    assert "Say why" in text(ma.post(f"{COUPONS}{number}/void/", {"reason": ""}), 422)
    done = ma.post(f"{COUPONS}{number}/void/", {"reason": "misprint"}, follow=True)
    page = text(done)
    assert "No code of this batch can be used any more." in page
    assert "misprint" in page
    assert "Hand codes out" not in page


def test_a_shared_code_is_made_shown_and_counted(ma, office):
    form = text(ma.get(COUPONS + "new/?kind=shared"))
    assert 'name="shared_code"' in form
    assert 'name="size"' not in form
    fields = {"code": "OPENING", "name_zh": "开业券", "shared_code": "OPEN-10", "uses_max": "50"}
    made = ma.post(COUPONS + "new/?kind=shared", fields)
    page = text(ma.get(made.headers["Location"]))
    assert "OPEN-10" in page
    assert "Hand codes out" not in page
    taken = ma.post(COUPONS + "new/?kind=shared", fields | {"code": "OTHER"})
    assert "Another batch has this code." in text(taken, 422)
    same = ma.post(COUPONS + "new/?kind=shared", fields | {"shared_code": "OPEN-11"})
    assert "There is a batch of this name." in text(same, 422)
    short = ma.post(COUPONS + "new/?kind=shared", fields | {"code": "X", "shared_code": "A1"})
    assert "From 3 letters and digits on" in text(short, 422)


def test_codes_from_a_file_are_brought_in_and_wrong_rows_are_told(ma, office):
    fields = {"code": "OLD", "name_zh": "旧券"}
    file = SimpleUploadedFile("codes.csv", "券码\nOLD-0001\nOLD-0001\nA1\n".encode("gb18030"))
    page = text(ma.post(COUPONS + "new/?kind=imported", fields | {"file": file}))
    assert "1 code was brought in." in page
    assert "The code stands in the file before." in page
    assert "could be guessed" in page
    good = SimpleUploadedFile("codes.csv", b"code\nOLD-0001\nOLD-0002\n")
    done = ma.post(COUPONS + "new/?kind=imported", fields | {"file": good})
    assert done.status_code == 302
    assert CouponBatchRow.objects.get().issued == 2
    wrong = SimpleUploadedFile("codes.csv", b"a,b\n1,2\n")
    refused = ma.post(COUPONS + "new/?kind=imported", fields | {"file": wrong})
    assert "The file cannot be read" in text(refused, 422)


def test_the_list_is_exported_without_codes_and_safe_in_a_spreadsheet(ma, office):
    batch(office, name_en="=Spring", size=7)
    [code] = codes(office, 1)
    rows = table(ma.get(COUPONS + "export/"))
    assert rows[1][:4] == ["SPRING", "'=Spring", "Single codes", "Valid"]
    assert rows[1][6:12] == ["7", "1", "0", "0", "0", "1"]
    assert code not in str(rows)
    assert ma.get(COUPONS + "export/?format=xlsx").status_code == 200


def test_lists_are_narrowed_and_go_on_page_by_page(ma, office, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"page_rows": 2})
    for code in ("SPRING-A1", "SPRING-A2", "SPRING-A3"):
        batch(office, code)
    batch(office, "SPRING-B1", kind="member")
    first = text(ma.get(COUPONS))
    assert [code in first for code in ("SPRING-B1", "SPRING-A3", "SPRING-A2", "SPRING-A1")] == [
        True,
        True,
        False,
        False,
    ]
    after = CouponBatchRow.objects.get(code="SPRING-A3").id
    second = text(ma.get(f"{COUPONS}?after={after}"))
    assert [code in second for code in ("SPRING-B1", "SPRING-A3", "SPRING-A2", "SPRING-A1")] == [
        False,
        False,
        True,
        True,
    ]
    assert "SPRING-A3" not in text(ma.get(f"{COUPONS}?kind=member"))
    assert "No batch fits these filters" in text(ma.get(f"{COUPONS}?q=nothing"))
    assert "SPRING-B1" in text(ma.get(f"{COUPONS}?after=abc"))


def test_somebody_of_one_store_sees_batches_and_changes_none(office):
    number = batch(office)
    ma = person(office, "marketer", office.store.id)
    assert "Hand codes out" not in text(ma.get(f"{COUPONS}{number}/"))
    assert ma.post(f"{COUPONS}{number}/codes/", {"count": "1", "key": "a"}).status_code == 403
    assert CouponBatchRow.objects.get().issued == 0


def test_what_late_sales_went_beyond_is_shown(ma, office):
    now = datetime.now(UTC)
    once = promotion("once", budget=100)
    for order in ("till/1", "till/2"):
        facade.reserve(
            chain_id=office.chain_id, order_key=order, answer=answer(once=80),
            rulebook=Rulebook(version="1", promotions=(once,)), member_id=None, codes=(),
            expires_at=now, now=now,
        )  # fmt: skip
        facade.expire(now=now)
    for number, order in enumerate(("till/1", "till/2")):
        facade.commit(order_key=order, sale_id=UUID(int=number), now=now)
    page = text(ma.get(COUPONS))
    assert "Limits gone beyond" in page
    assert "¥1.60" in page
    assert "till/2" in page


def test_the_pages_speak_chinese(office):
    number = batch(office)
    ma = person(office, "marketer")
    ma.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    assert "优惠券" in text(ma.get(COUPONS))
    page = text(ma.get(f"{COUPONS}{number}/"))
    assert "春季券" in page
    assert "发放券码" in page


def test_coupons_that_could_not_be_handed_out_are_told_with_the_reason(ma: Client, office: Office) -> None:
    now = datetime.now(UTC)
    assert "could not be handed out" not in text(ma.get(COUPONS))
    priced = replace(answer(back=0), issued=({"promotion": "back", "batch": "NONE", "for": "next_order"},))
    facade.reserve(
        chain_id=office.chain_id, order_key="till/1", answer=priced, member_id=None, codes=(), now=now,
        rulebook=Rulebook(version="1", promotions=(promotion("back"),)), expires_at=now + timedelta(minutes=15),
    )  # fmt: skip
    facade.commit(order_key="till/1", sale_id=UUID(int=1), now=now)
    page = text(ma.get(COUPONS))
    assert "<h2>Coupons that could not be handed out</h2>" in page
    assert [word for word in (">NONE<", ">back<", ">There is no such batch.<", ">till/1<") if word not in page] == []

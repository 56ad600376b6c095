"""The demo's members: made up, the same on every machine, taken in and paid for by the doors of every chain."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest

from liushui.app.demo.accounts import ensure_accounts
from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.baskets import Baskets
from liushui.app.demo.chain import demo_stores
from liushui.app.demo.load import load_catalogue, load_places, load_sales
from liushui.app.demo.members import load_members, load_programme, programme_document
from liushui.app.demo.people import MEMBERS, demo_member, homes, mark
from liushui.app.demo.spending import brought_back, of_member, paid_otherwise
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.privacy import facade as privacy
from liushui.runtime.grants import staff_principal, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)  # a Sunday evening in Shanghai


def test_members_are_invented_and_the_same_everywhere() -> None:
    people = [demo_member(index) for index in range(MEMBERS)]
    assert {person.phone for person in people} == {f"1990000{index:04}" for index in range(MEMBERS)}
    told = [(p.phone, p.name, p.birthday, p.store_code, p.tier, p.points, p.spend_minor, p.agrees) for p in people]
    assert hashlib.sha256(repr(told).encode()).hexdigest()[:16] == "eb0a8e32290d060c"


def test_every_store_has_members_and_large_stores_have_more() -> None:
    pools = homes()
    assert sum(len(pool) for pool in pools) == MEMBERS
    sizes = [store.size for store in demo_stores()]
    assert [len(pool) for pool in pools] == pytest.approx([MEMBERS * size / sum(sizes) for size in sizes], abs=3)


def test_a_third_of_the_receipts_are_members() -> None:
    baskets = Baskets(assortment=demo_assortment(packaged_items_a_category=8), tickets=40)
    sales = [sale for store in demo_stores() for sale in baskets.day(store=store, day=date(2026, 11, 2))]
    assert sum(sale.customer != "" for sale in sales) / len(sales) == pytest.approx(0.35, abs=0.03)


@pytest.mark.django_db
def test_members_come_with_history_and_the_loaded_days_are_paid_with_points_and_value(settings, tmp_path) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"data_dir": tmp_path})
    stores.forget()
    me, assortment, places = system_principal(name="demo"), demo_assortment(packaged_items_a_category=3), demo_stores()
    chain = load_places(demo_stores=places[:2])
    load_catalogue(chain=chain, assortment=assortment)
    ensure_accounts(chain=chain, folder=tmp_path, principal=me)
    for _ in range(2):  # a second run finds everything there
        load_programme(chain=chain, now=NOW)
        members = load_members(chain=chain, first=date(2026, 11, 18), now=NOW, count=60)
    assert len(members) == 60
    first = members[mark(0)]
    assert privacy.masked(subject_ids=[first.subject_id])[first.subject_id]["phone"] == "199****0000"
    assert loyalty.find_member(chain_id=chain.id, text="19900000000") == loyalty.member(member_id=first.id)
    before = {key: loyalty.balances(member_id=member.id) for key, member in members.items()}
    assert before[mark(0)].points == demo_member(0).points
    assert before[mark(0)].principal_minor == demo_member(0).top_up_minor > 0
    assert before[mark(1)].stored_minor == 0
    baskets = Baskets(assortment=assortment, tickets=25)
    for _ in range(2):
        load_sales(baskets=baskets, demo_stores=places[:2], days=5, now=NOW, principal=me, members=members)
    assert loyalty.verify(chain_id=chain.id) == ()
    marketer = staff_principal(StaffUser.objects.get(username="marketer"))
    drafts = loyalty.programme_drafts(chain_ids=[chain.id], principal=marketer)
    assert [draft.name for draft in drafts] == ["提高金卡门槛 Higher gold threshold"]
    [done] = loyalty.programme_drafts(chain_ids=[chain.id], principal=marketer, states=["published"])
    assert json.loads(done.document) == programme_document()  # written in normal form


def test_receipts_carry_the_members_number_and_go_back_to_money_when_there_is_not_enough() -> None:
    baskets = Baskets(assortment=demo_assortment(packaged_items_a_category=8), tickets=60)

    class Known(dict):
        def get(self, key, default=None):
            return _member(key) if key else None

        def __bool__(self) -> bool:
            return True

    sales = [
        of_member(sale, Known()) for store in demo_stores() for sale in baskets.day(store=store, day=date(2026, 11, 2))
    ]
    kinds = [tender.type for sale in sales for tender in sale.tenders]
    assert kinds.count("points") and kinds.count("stored_value")
    for sale in sales:
        total = sum(line.amount_minor or 0 for line in sale.lines)
        assert sum(tender.amount_minor for tender in sale.tenders) == total
        plain = paid_otherwise(sale)
        assert sum(tender.amount_minor for tender in plain.tenders) == total
        assert not {"points", "stored_value"} & {tender.type for tender in plain.tenders}


def _member(key: str) -> Member:
    return Member(
        id=uuid4(), chain_id=1, number=f"M{key[-4:]}", subject_id=None, status="active", merged_into=None, tier="",
        tier_since=None, tier_until=None, joined_at=NOW, home_store_id=None,
    )  # fmt: skip


def test_what_comes_back_names_its_receipt_and_a_reason() -> None:
    baskets = Baskets(assortment=demo_assortment(packaged_items_a_category=8), tickets=60)
    found = []
    for store in demo_stores():
        for sale in baskets.day(store=store, day=date(2026, 11, 2)):
            back = brought_back(sale, sale_id=receipt_id(sale.source_id), until=NOW)
            assert brought_back(sale, sale_id=receipt_id(sale.source_id), until=sale.completed_at) is None
            if back is not None:
                found.append((back, sale))
    assert found
    for back, sale in found:
        assert back.source_id == f"{sale.source_id}-R"
        assert back.completed_at - sale.completed_at == timedelta(days=1)
        assert back.returns is not None and back.returns.reasons[0].reason
        [line] = back.lines
        assert line.units == -1 and line.original is not None and line.original.line_number == 1


def receipt_id(source_id: str) -> UUID:
    return uuid5(NAMESPACE_URL, source_id)

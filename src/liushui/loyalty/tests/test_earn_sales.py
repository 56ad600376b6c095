"""Sales earn once, in whatever order and batch their events come; returns and voids take back what is left."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import UUID

import pytest

from liushui.kernel.ids import new_id
from liushui.loyalty import facade, programme_live
from liushui.loyalty.actions.erase_member import export_member
from liushui.loyalty.contracts import Spend
from liushui.loyalty.models import EarnedSaleRow, EntryRow, MemberDayRow, MemberRow, TierDayRow
from liushui.loyalty.tests.chains import NOON, TODAY, House, back, line, make_house, programme
from liushui.orders.contracts import Tender
from liushui.privacy import facade as privacy

DAY = timedelta(days=1)


@pytest.fixture
def house(db: None) -> House:
    programme_live.forget()
    made = make_house()
    made.publish()
    return made


def spent(member_id: UUID) -> list[tuple[date, int, int]]:
    rows = MemberDayRow.objects.filter(member_id=member_id).order_by("business_date")
    return list(rows.values_list("business_date", "spend_minor", "purchases"))


def test_a_members_sale_earns_once_however_often_it_is_told(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 5_099, 2_000)
    house.earn(sale)
    house.earn(sale)
    house.earn(sale, sale)
    assert (house.entries(member), house.points(member)) == ([("earn", 70)], 70)
    assert spent(member.id) == [(TODAY, 7_099, 1)]


def test_the_entry_says_the_sale_the_store_the_day_and_when_the_points_are_gone(house: House) -> None:
    house.publish(programme(validity={"kind": "months", "months": 12}), now=NOON - 300 * DAY)
    member = house.member()
    sale = house.sale(member, 1_000, on=date(2026, 2, 28), at=time(2, 0))  # before the day begins at 4 h
    house.earn(sale)
    row = EntryRow.objects.get(account_id=member.id)
    assert (row.cause, row.sale_id, row.store_id) == (f"sale:{sale.sale_id}", sale.sale_id, house.store.id)
    assert (row.on_date, row.lot_until) == (date(2026, 2, 27), date(2027, 2, 27))


def test_late_sales_earn_by_the_rules_of_their_time(house: House) -> None:
    double = {**programme()["earning"], "rows": [{"points": 2, "per_minor": 100}]}
    house.publish(programme(earning=double), now=NOON)
    member = house.member()
    house.earn(house.sale(member, 1_000, on=TODAY - 40 * DAY), house.sale(member, 1_000, at=time(13, 0)))
    assert house.entries(member) == [("earn", 10), ("earn", 20)]


def test_strangers_erased_members_and_other_currencies_earn_nothing(house: House) -> None:
    gone, member = house.member(), house.member()
    MemberRow.objects.filter(id=gone.id).update(status="erased", subject_id=None)
    house.earn(house.sale("", 1_000), house.sale("M999999", 1_000), house.sale(gone, 1_000))
    assert EarnedSaleRow.objects.count() == 0
    house.earn(house.sale(member, 1_000, currency="HKD"))
    assert (EntryRow.objects.count(), spent(member.id)) == (0, [(TODAY, 0, 1)])  # a purchase all the same


def test_before_there_was_a_programme_nothing_is_earned(house: House) -> None:
    member = house.member()
    house.earn(house.sale(member, 1_000, on=TODAY - 500 * DAY))
    assert house.entries(member) == []


def test_a_merged_members_number_earns_for_the_one_who_was_kept(house: House) -> None:
    keep, drop = house.member(), house.member()
    MemberRow.objects.filter(id=drop.id).update(status="merged", merged_into=keep.id)
    sale = house.sale(drop, 1_000)
    house.earn(sale)
    assert (house.points(keep), house.points(drop)) == (10, 0)


def test_what_points_paid_earns_nothing(house: House) -> None:
    member = house.member()
    tenders = (Tender(type="points", amount_minor=400), Tender(type="cash", amount_minor=600))
    house.earn(house.sale(member, 1_000, tenders=tenders))
    assert (house.points(member), spent(member.id)) == (6, [(TODAY, 600, 1)])


def test_promotions_multiply_and_add_points(house: House) -> None:
    member = house.member()
    house.earn(house.sale(member, 1_000, points_multiply_bp=25_000, points_add=3))
    assert house.entries(member) == [("earn", 28)]


def test_goods_that_come_back_take_their_points_in_any_parts_and_all_of_them_in_the_end(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 1_000, 333)
    house.earn(sale)
    for part in (333, 333, 334):
        house.earn(house.sale("", back(sale, 1, part)))
    assert house.entries(member) == [("earn", 13), ("take_back", -2), ("take_back", -3), ("take_back", -4)]
    house.earn(house.sale("", back(sale, 2, 333)))
    assert (house.points(member), spent(member.id)) == (0, [(TODAY, 0, 1)])


def test_a_return_told_twice_takes_once(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 1_000)
    returned = house.sale("", back(sale, 1, 500))
    house.earn(sale, returned, returned)
    house.earn(returned)
    assert sorted(house.entries(member)) == [("earn", 10), ("take_back", -5)]


def test_an_exchange_earns_what_is_new_and_takes_what_came_back(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 1_000, on=TODAY - DAY)
    house.earn(sale)
    house.earn(house.sale(member, line(1, 2_500), back(sale, 1, 1_000, line_number=2)))
    assert sorted(house.entries(member)[1:]) == [("earn", 25), ("take_back", -10)]
    assert spent(member.id) == [(TODAY - DAY, 0, 1), (TODAY, 2_500, 1)]


def test_points_that_were_spent_meanwhile_leave_a_balance_below_zero(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 10_000)
    house.earn(sale)
    spend = [Spend(kind="points", amount_minor=100)]
    facade.hold(
        order_key="pos/x", chain_id=house.chain_id, member_id=member.id, spends=spend, currency="CNY",
        expires_at=NOON + DAY, now=NOON,
    )  # fmt: skip
    facade.post(order_key="pos/x", sale_id=new_id(), now=NOON)
    house.earn(house.sale("", back(sale, 1, 10_000)))
    assert house.points(member) == -100


def test_goods_without_their_receipt_take_what_such_a_purchase_earns(house: House) -> None:
    member = house.member()
    house.earn(house.sale(member, line(1, -1_050)))
    assert (house.entries(member), spent(member.id)) == ([("take_back", -10)], [(TODAY, -1_050, 0)])


def test_a_void_takes_all_that_is_left_and_once(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 1_000, 600)
    house.earn(sale)
    house.earn(house.sale("", back(sale, 1, 400)))
    house.void(sale)
    house.void(sale, sale)
    assert house.entries(member) == [("earn", 16), ("take_back", -4), ("take_back", -12)]
    assert (house.points(member), spent(member.id)) == (0, [(TODAY, 0, 0)])


def test_the_void_of_a_return_gives_back_what_it_took(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 1_000)
    returned = house.sale("", back(sale, 1, 1_000))
    house.earn(sale, returned)
    house.void(returned)
    house.void(returned)
    assert (house.points(member), spent(member.id)) == (10, [(TODAY, 1_000, 1)])


def test_a_sale_its_return_and_its_void_come_to_the_same_in_one_batch_or_one_by_one(house: House) -> None:
    together, apart = house.member(), house.member()
    for member, in_one in ((together, True), (apart, False)):
        first = house.sale(member, 60_000, 40_000)
        second = house.sale(member, 450_000)
        returned = house.sale("", back(first, 1, 12_345))
        events = [(first, False), (second, False), (returned, False), (second, True)]
        for batch in [events] if in_one else [[event] for event in events]:
            facade.earn_sales(sales=batch, now=NOON)
    assert sorted(house.entries(together)) == sorted(house.entries(apart))
    assert [each.tier for each in (house.again(together.id), house.again(apart.id))] == ["gold", "gold"]
    histories = [facade.tier_history(member_id=member.id) for member in (together, apart)]
    assert [[(each.tier_before, each.tier_after, each.spend_minor) for each in found] for found in histories] == [
        [("silver", "gold", 550_000), ("", "silver", 100_000)]
    ] * 2


def test_the_tier_rises_at_once_and_the_next_sale_earns_by_it(house: House) -> None:
    rows = [{"tiers": ["silver"], "points": 2, "per_minor": 100}, {"points": 1, "per_minor": 100}]
    house.publish(programme(earning={**programme()["earning"], "rows": rows}), now=NOON - 300 * DAY)
    member = house.member()
    house.earn(house.sale(member, 100_000), house.sale(member, 1_000))
    assert house.entries(member) == [("earn", 1_000), ("earn", 20)]
    now = house.again(member.id)
    assert (now.tier, now.tier_since, now.tier_until) == ("silver", TODAY, None)


def test_spend_outside_the_window_lifts_nobody(house: House) -> None:
    member = house.member()
    first = date(2025, 11, 22)
    house.earn(house.sale(member, 60_000, on=first), house.sale(member, 60_000, on=date(2026, 11, 22)))
    assert house.again(member.id).tier == ""
    other = house.member()
    house.earn(house.sale(other, 60_000, on=first + DAY), house.sale(other, 60_000, on=date(2026, 11, 22)))
    assert house.again(other.id).tier == "silver"


def test_an_offline_sale_of_a_day_that_is_over_lifts_by_the_window_of_today(house: House) -> None:
    member = house.member()
    TierDayRow.objects.create(
        chain_id=house.chain_id, day=TODAY - DAY, programme_number=1, is_done=True, started_at=NOON
    )
    house.earn(house.sale(member, 60_000, on=TODAY - 2 * DAY), house.sale(member, 60_000, on=date(2025, 11, 22)))
    assert house.again(member.id).tier == ""  # the old one is out of the window that ends today
    house.earn(house.sale(member, 40_000, on=TODAY - 3 * DAY))
    assert house.again(member.id).tier == "silver"


def test_goods_that_come_back_never_lower_a_tier_at_once(house: House) -> None:
    member = house.member()
    sale = house.sale(member, 100_000)
    house.earn(sale, house.sale("", back(sale, 1, 100_000)))
    assert house.again(member.id).tier == "silver"


def test_a_birthday_brings_points_once_a_year_with_the_first_purchase(house: House, monkeypatch) -> None:
    birthday = {"window": "month", "points": 88, "multiplier_bp": 20_000}
    house.publish(programme(birthday=birthday), now=NOON - 300 * DAY)
    member = house.member()
    subject = new_id()
    MemberRow.objects.filter(id=member.id).update(subject_id=subject)
    monkeypatch.setattr(privacy, "birthday_of", lambda *, subject_ids: {subject: (11, 30)})
    for on in (TODAY - 30 * DAY, TODAY, TODAY + DAY):
        house.earn(house.sale(member, 1_000, on=on))
    assert sorted(house.entries(member)) == [("benefit", 88), ("earn", 10), ("earn", 20), ("earn", 20)]
    told = facade.benefits(member_id=member.id, at=NOON)
    assert (told.birthday, told.birthday_multiplier_bp, told.birthday_points) == (True, 20_000, 0)


def test_a_birthday_brings_its_points_once_though_two_purchases_come_in_one_batch(house: House, monkeypatch) -> None:
    birthday = {"window": "month", "points": 88, "multiplier_bp": 10_000}
    house.publish(programme(birthday=birthday), now=NOON - 300 * DAY)
    member, subject = house.member(), new_id()
    MemberRow.objects.filter(id=member.id).update(subject_id=subject)
    monkeypatch.setattr(privacy, "birthday_of", lambda *, subject_ids: {subject: (11, 30)})
    house.earn(house.sale(member, 1_000), house.sale(member, 1_000))
    assert sorted(house.entries(member)) == [("benefit", 88), ("earn", 10), ("earn", 10)]
    assert (house.points(member), facade.verify(chain_id=house.chain_id)) == (108, ())


def test_what_a_cashier_may_tell_is_how_near_the_next_tier_is(house: House) -> None:
    member = house.member()
    house.earn(house.sale(member, 99_900))
    told = facade.benefits(member_id=member.id, at=NOON)
    assert (told.points, told.points_worth_minor, told.progress.next_tier, told.progress.need_minor) == (
        999, 999, "silver", 100,
    )  # fmt: skip
    house.earn(house.sale(member, 100))
    progress = facade.tier_progress(member=house.again(member.id), at=NOON)
    assert (progress.tier, progress.next_tier, progress.need_minor, progress.keep_minor) == (
        "silver", "gold", 400_000, 0,
    )  # fmt: skip
    assert (progress.window_first, progress.window_last) == (date(2025, 11, 23), TODAY)


def test_the_snapshot_that_prices_knows_tier_and_purchases_in_two_statements(
    house: House, django_assert_max_num_queries
) -> None:
    member = house.member()
    house.earn(house.sale(member, 100_000), house.sale(member, 100))
    with django_assert_max_num_queries(2):
        found = facade.snapshot(chain_id=house.chain_id, number=member.number, at=NOON)
    assert found is not None
    assert (found.id, found.tier, found.completed_orders, found.birthday) == (member.number, "silver", 2, None)
    assert facade.snapshot(chain_id=house.chain_id, member_id=member.id, at=NOON) == found
    assert facade.snapshot(chain_id=house.chain_id, number="M404", at=NOON) is None


def test_a_hundred_sales_cost_few_statements(house: House, django_assert_max_num_queries) -> None:
    members = [house.member() for _ in range(5)]
    sales = [house.sale(members[number % 5], 1_000) for number in range(100)]
    with django_assert_max_num_queries(22):
        house.earn(*sales)
    assert [house.points(member) for member in members] == [200] * 5


def test_a_member_is_told_how_his_tier_moved_and_what_he_spent(house: House) -> None:
    member = house.member()
    subject = new_id()
    MemberRow.objects.filter(id=member.id).update(subject_id=subject)
    sale = house.sale(member, 100_000)
    house.earn(sale)
    told = export_member(subject)
    assert told["tier_changes"] == [
        {"at": NOON.isoformat(), "since": "2026-11-22", "from": "", "to": "silver", "cause": f"sale:{sale.sale_id}",
         "spend_minor": 100_000}
    ]  # fmt: skip
    assert told["spend_by_day"] == [{"on": "2026-11-22", "spend_minor": 100_000, "purchases": 1}]


def test_purchases_so_far_are_counted_whatever_they_cost_and_a_void_takes_them_away(house: House) -> None:
    member = house.member()

    def so_far() -> int:
        found = facade.snapshot(chain_id=house.chain_id, member_id=member.id, at=NOON)
        assert found is not None
        return found.completed_orders

    paid, gift = house.sale(member, 1_000), house.sale(member, 0)  # the second: all of it free by a promotion
    house.earn(paid)
    house.earn(paid, gift, gift)
    assert so_far() == 2
    all_back = house.sale(member, back(paid, 1, 1_000))
    house.earn(all_back, house.sale(member, -500))  # goods back alone, with and without their receipt, are no purchases
    assert so_far() == 2
    exchange = house.sale(member, line(1, 700), back(gift, 1, 0))
    house.earn(exchange)
    assert so_far() == 3  # an exchange buys something
    house.void(gift)
    house.void(gift)
    assert (so_far(), facade.verify(chain_id=house.chain_id)) == (2, ())


def test_purchases_count_before_there_is_a_programme(db: None) -> None:
    programme_live.forget()
    house = make_house()
    member = house.member()
    sale = house.sale(member, 1_000)
    house.earn(sale, sale)
    found = facade.snapshot(chain_id=house.chain_id, member_id=member.id, at=NOON)
    assert (found and found.completed_orders, EntryRow.objects.count()) == (1, 0)
    house.void(sale)
    found = facade.snapshot(chain_id=house.chain_id, member_id=member.id, at=NOON)
    assert found is not None
    assert found.completed_orders == 0


def test_no_rules_and_no_amount_come_to_more_than_an_account_takes(house):
    """What can't be booked would keep every sale behind it waiting."""
    row = {"points": 1_000_000, "per_minor": 1, "multiplier_bp": 1_000_000}
    earning = {"match": "first", "tenders_without_points": ["points"], "rows": [row]}
    house.publish(programme(earning=earning), now=NOON - timedelta(days=300))
    member = house.member()
    sale = house.sale(member, 10**15, points_multiply_bp=10_000_000)
    house.earn(sale)
    assert house.points(member) == 10**12
    house.earn(house.sale(member, back(sale, 1, 10**15)))
    assert house.points(member) == 0

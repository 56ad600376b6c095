"""Tiers at the end of each business day, and drafts tried on the members: what a trial says is what comes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.loyalty import facade, programme_live
from liushui.loyalty.actions import dry_run as trying
from liushui.loyalty.actions import evaluate_tiers as evaluating
from liushui.loyalty.contracts import Member
from liushui.loyalty.errors import UnknownProgramme
from liushui.loyalty.models import MemberDayRow, MemberRow, TierChangeRow, TierDayRow
from liushui.loyalty.tests.chains import GOLD, NOON, SILVER, TODAY, House, make_house, programme
from liushui.runtime.access import Grant, Principal

DAY = timedelta(days=1)
YESTERDAY = TODAY - DAY


@pytest.fixture
def house(db: None) -> House:
    programme_live.forget()
    return make_house()


def spend(house: House, member: Member, amount_minor: int, *, on: date = TODAY - 10 * DAY) -> None:
    MemberDayRow.objects.create(
        chain_id=house.chain_id, member_id=member.id, business_date=on, spend_minor=amount_minor, purchases=1
    )


def standing(house: House, member: Member) -> tuple[str, date | None]:
    now = house.again(member.id)
    return now.tier, now.tier_until


def evaluate(house: House, now: datetime = NOON) -> int:
    return facade.evaluate_tiers(chain_id=house.chain_id, now=now)


def test_each_day_that_is_over_is_looked_at_once(house: House) -> None:
    house.publish()
    members = [house.member() for _ in range(3)]
    assert [evaluate(house), evaluate(house), evaluate(house, NOON + DAY)] == [3, 0, 3]
    rows = TierDayRow.objects.order_by("day").values_list("day", "members", "is_done")
    assert list(rows) == [(YESTERDAY, 3, True), (TODAY, 3, True)]
    assert {standing(house, member) for member in members} == {("", None)}


def test_tiers_go_up_begin_a_grace_and_go_down_only_when_it_is_over(house: House) -> None:
    house.publish()
    up, keeps, held = house.member(), house.member(tier="silver"), house.member(tier="gold")
    gone = house.member(tier="gold", until=TODAY)
    spend(house, up, 100_000)
    spend(house, keeps, 100_000)
    spend(house, gone, 150_000)
    evaluate(house)
    assert [standing(house, each) for each in (up, keeps, held, gone)] == [
        ("silver", None), ("silver", None), ("gold", TODAY + 30 * DAY), ("silver", None),
    ]  # fmt: skip
    run = TierDayRow.objects.get()
    assert (run.members, run.ups, run.downs, run.graces) == (4, 1, 1, 1)
    [change] = facade.tier_history(member_id=gone.id)
    assert (change.tier_before, change.tier_after, change.since, change.cause) == (
        "gold", "silver", TODAY, f"day:{YESTERDAY}:1",
    )  # fmt: skip
    assert (facade.tier_history(member_id=held.id), house.again(gone.id).tier_since) == ((), TODAY)


def test_a_grace_runs_out_on_its_day_however_many_days_nobody_looked(house: House) -> None:
    house.publish()
    member = house.member(tier="gold")
    evaluate(house)
    until = TODAY + 30 * DAY
    assert standing(house, member) == ("gold", until)
    evaluate(house, NOON + 29 * DAY)  # the day before its last is over
    assert standing(house, member) == ("gold", until)
    evaluate(house, NOON + 45 * DAY)
    assert standing(house, member) == ("", None)
    [change] = facade.tier_history(member_id=member.id)
    assert (change.since, change.cause) == (until, f"day:{until - DAY}:1")
    assert TierDayRow.objects.filter(is_done=True).count() == 46


def lifted(house: House, member: Member, tier: str, *, spend_minor: int, on: date, cause: str = "sale:1") -> None:
    """That a purchase reached the tier on a day."""
    MemberRow.objects.filter(id=member.id).update(tier=tier)
    TierChangeRow.objects.create(
        chain_id=house.chain_id, member_id=member.id, cause=cause, tier_before="", tier_after=tier, since=on,
        spend_minor=spend_minor, programme_number=1, at=NOON - (TODAY - on),
    )  # fmt: skip


def test_a_tier_that_goods_reached_which_came_back_goes_with_them_without_a_grace(house: House) -> None:
    house.publish()
    bought, year = TODAY - 10 * DAY, TODAY - 400 * DAY
    thief, half, older, raised = (house.member() for _ in range(4))
    for member in (thief, half):
        lifted(house, member, "gold", spend_minor=500_000, on=bought)
    lifted(house, older, "gold", spend_minor=500_000, on=year)
    spend(house, thief, 0)
    spend(house, half, 150_000)  # half of it came back: silver is what is left
    spend(house, older, 500_000, on=year)  # nothing came back, it has only left the window
    lifted(house, raised, "gold", spend_minor=250_000, on=bought)  # by rules that asked for less
    spend(house, raised, 250_000)
    evaluate(house)
    grace = ("gold", TODAY + 30 * DAY)
    assert [standing(house, each) for each in (thief, half, older, raised)] == [
        ("", None), ("silver", None), grace, grace,
    ]  # fmt: skip
    assert [each.cause for each in facade.tier_history(member_id=thief.id)] == [f"day:{YESTERDAY}:1", "sale:1"]


def test_goods_that_come_back_during_a_grace_end_it(house: House) -> None:
    house.publish()
    member = house.member(until=TODAY + 20 * DAY)
    lifted(house, member, "gold", spend_minor=500_000, on=TODAY - 10 * DAY)
    spend(house, member, 99_999)
    evaluate(house)
    assert standing(house, member) == ("", None)


def test_spend_leaves_the_window_to_the_day(house: House) -> None:
    house.publish()
    member = house.member(tier="silver")
    spend(house, member, 100_000, on=date(2025, 11, 22))
    evaluate(house)  # of the 21st: the window begins on 22 November 2025
    assert standing(house, member) == ("silver", None)
    evaluate(house, NOON + DAY)
    assert standing(house, member) == ("", None)


def test_spend_of_the_29th_of_february_stays_a_year(house: House) -> None:
    house.publish(now=datetime(2026, 1, 1, tzinfo=UTC))
    member = house.member(tier="silver")
    spend(house, member, 100_000, on=date(2028, 2, 29))
    evaluate(house, datetime(2029, 3, 1, 4, tzinfo=UTC))  # 28 February is over
    assert standing(house, member) == ("silver", None)
    evaluate(house, datetime(2029, 3, 2, 4, tzinfo=UTC))
    assert standing(house, member) == ("", None)


def test_a_day_is_over_when_it_is_in_the_last_of_the_stores(db: None) -> None:
    programme_live.forget()
    house = make_house(zones=("Asia/Shanghai", "Asia/Urumqi", "Europe/London"), day_starts_at=time(4, 0))
    at = datetime(2026, 11, 23, 3, 59, tzinfo=UTC)  # 11:59 in Shanghai, 3:59 in London
    assert facade.last_day_over(chain_id=house.chain_id, now=at) == date(2026, 11, 21)
    assert facade.last_day_over(chain_id=house.chain_id, now=at + timedelta(minutes=1)) == date(2026, 11, 22)


def test_a_run_that_died_goes_on_where_it_was(house: House, monkeypatch) -> None:
    monkeypatch.setattr(evaluating, "MEMBERS_AT_ONCE", 2)
    house.publish()
    members = [house.member() for _ in range(5)]
    for member in members:
        spend(house, member, 100_000)
    write, calls = evaluating.write_moves, []

    def dies(moves: Any) -> Any:
        calls.append(len(moves))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(moves)

    monkeypatch.setattr(evaluating, "write_moves", dies)
    with pytest.raises(KeyboardInterrupt):
        evaluate(house)
    assert (TierDayRow.objects.get().members, TierChangeRow.objects.count()) == (2, 2)
    assert evaluate(house) == 3
    run = TierDayRow.objects.get()
    assert (run.members, run.ups, run.is_done, calls) == (5, 5, True, [2, 2, 2, 1])
    assert [standing(house, member) for member in members] == [("silver", None)] * 5


def test_somebody_who_was_moved_meanwhile_is_left_to_the_next_look(house: House, monkeypatch) -> None:
    house.publish()
    member = house.member(tier="gold", until=TODAY)
    write = evaluating.write_moves

    def after_a_sale(moves: Any) -> Any:
        MemberRow.objects.filter(id=member.id).update(tier_until=None)  # he has bought enough this moment
        return write(moves)

    monkeypatch.setattr(evaluating, "write_moves", after_a_sale)
    evaluate(house)
    assert (standing(house, member), TierDayRow.objects.get().downs) == (("gold", None), 0)


def test_the_clock_looks_at_a_bounded_part_at_a_time(house: House, monkeypatch) -> None:
    monkeypatch.setattr(evaluating, "MEMBERS_AT_ONCE", 1)
    monkeypatch.setattr(evaluating, "_PARTS_A_TICK", 2)
    house.publish()
    for _ in range(3):
        house.member()
    assert [facade.evaluate_some(now=NOON) for _ in range(3)] == [2, 1, 0]


def test_a_chain_without_a_programme_is_left_alone(house: House) -> None:
    house.member()
    assert (evaluate(house), TierDayRow.objects.count()) == (0, 0)


def other_rules(**fields: Any) -> dict[str, Any]:
    levels = [{**SILVER, "spend_minor": 50_000}, {**GOLD, "spend_minor": 400_000, "grace_days": 5}]
    return programme(
        tiers={"window_months": 6, "levels": [*levels, {**GOLD, "code": "black", "spend_minor": 900_000}]},
        redemption={"points": 100, "minor": 200, "max_share_bp": 5000}, **fields,
    )  # fmt: skip


def crowd(house: House) -> list[Member]:
    """Members of every tier, with every amount near every threshold, on days near either window's beginning."""
    members = []
    for tier, until in (("", None), ("silver", None), ("gold", None), ("gold", TODAY), ("gold", TODAY + 3 * DAY)):
        for amount in (0, 49_999, 50_000, 99_999, 100_000, 399_999, 400_000, 500_000, 900_000):
            for on in (date(2026, 5, 21), date(2026, 5, 22), date(2025, 11, 21), YESTERDAY, TODAY):
                member = house.member(tier=tier, until=until)
                spend(house, member, amount, on=on)
                members.append(member)
    return members


def test_what_a_trial_says_is_what_comes_when_the_draft_is_published(house: House) -> None:
    house.publish()
    members = crowd(house)
    evaluate(house)
    before = {member.id: standing(house, member) for member in members}
    draft = house.draft(other_rules())
    started = facade.start_dry_run(draft_id=draft.id, principal=house.ma, now=NOON)
    assert (started.status, started.members_total, started.ups) == ("waiting", 225, None)
    done = facade.run_dry_run(run_id=started.id)
    assert {member.id: standing(house, member) for member in members} == before  # nothing changed by it
    said = {
        each.member_id: (each.tier_after, each.until_after)
        for each in facade.dry_run_members(run_id=done.id, principal=house.ma, limit=500)
    }
    waiting = house.submit(draft)
    facade.decide_programme(draft_id=waiting.id, approve=True, principal=house.fei, now=NOON)
    assert evaluate(house) == 225
    run = TierDayRow.objects.get(programme_number=2)
    assert (run.ups, run.downs, run.graces) == (done.ups, done.downs, done.graces)
    assert done.ups and done.downs and done.graces
    after = {member.id: standing(house, member) for member in members}
    moved = {key: value for key, value in after.items() if value != before[key]}
    kept = {key for key, value in moved.items() if value[0] == before[key][0] and value[1] is None}
    assert {key: value for key, value in moved.items() if key not in kept} == said
    counts = {each.code: (each.before, each.after) for each in done.tiers}
    for code in ("", "silver", "gold", "black"):
        have = [[tier for tier, _until in found.values()].count(code) for found in (before, after)]
        assert counts[code] == tuple(have)


def test_a_trial_says_what_the_points_would_be_worth(house: House) -> None:
    house.publish()
    first, second = house.member(), house.member()
    house.earn(house.sale(first, 12_345), house.sale(second, 10_000))
    draft = house.draft(other_rules())
    run = facade.run_dry_run(run_id=facade.start_dry_run(draft_id=draft.id, principal=house.ma, now=NOON).id)
    assert (run.points, run.liability_before_minor, run.liability_after_minor) == (223, 223, 446)
    assert (run.status, run.members_done) == ("done", 2)
    assert facade.run_dry_run(run_id=run.id) == run  # once


def test_a_trial_is_of_the_draft_as_it_was_and_repeats_from_the_beginning(house: House, monkeypatch) -> None:
    house.publish()
    for _ in range(3):
        spend(house, house.member(), 60_000)
    draft = house.draft(other_rules())
    started = facade.start_dry_run(draft_id=draft.id, principal=house.ma, now=NOON)
    monkeypatch.setattr(trying, "MEMBERS_AT_ONCE", 2)
    read = trying.read_members

    def dies(**fields: Any) -> Any:
        if fields["after"] is not None:
            raise KeyboardInterrupt
        return read(**fields)

    monkeypatch.setattr(trying, "read_members", dies)
    with pytest.raises(KeyboardInterrupt):
        facade.run_dry_run(run_id=started.id)
    half = facade.dry_run(run_id=started.id, principal=house.ma)
    assert (half.status, half.members_done) == ("running", 2)
    monkeypatch.setattr(trying, "read_members", read)
    done = facade.run_dry_run(run_id=started.id)
    assert (done.ups, done.members_done) == (3, 3)
    assert len(facade.dry_run_members(run_id=done.id, direction="up", principal=house.ma)) == 3
    assert facade.dry_runs(draft_id=draft.id, principal=house.ma) == (done,)


def test_who_may_not_write_or_see_gets_no_trial(house: House) -> None:
    house.publish()
    draft = house.draft(other_rules())
    reader = Principal(subject="staff:r", name="R", grants=(Grant(role="store_manager", chain_id=house.chain_id),))
    with pytest.raises(NotAllowed):
        facade.start_dry_run(draft_id=draft.id, principal=reader, now=NOON)
    run = facade.start_dry_run(draft_id=draft.id, principal=house.ma, now=NOON)
    stranger = Principal(subject="staff:x", name="X", grants=(Grant(role="marketer", chain_id=house.chain_id + 1),))
    with pytest.raises(UnknownProgramme):
        facade.dry_run(run_id=run.id, principal=stranger)

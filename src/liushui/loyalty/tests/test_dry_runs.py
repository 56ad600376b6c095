"""A dry run is stopped while it waits, between two parts of the members, and in its last moment; nothing is kept."""

from __future__ import annotations

from datetime import date

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.loyalty import facade, programme_live
from liushui.loyalty.actions import dry_run
from liushui.loyalty.errors import UnknownProgramme
from liushui.loyalty.models import DryRunMemberRow, DryRunRow, MemberDayRow
from liushui.loyalty.tests.chains import NOON, House, make_house, programme
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import AuditEntry


@pytest.fixture
def house(db: None) -> House:
    """Four members who have spent enough for silver, and have it."""
    programme_live.forget()
    house = make_house()
    house.publish()
    for _ in range(4):
        member = house.member()
        MemberDayRow.objects.create(
            chain_id=house.chain_id, member_id=member.id, business_date=date(2026, 11, 1), spend_minor=100_000,
            purchases=1,
        )  # fmt: skip
    return house


def start(house: House):
    return facade.start_dry_run(draft_id=house.draft(programme(redemption=None)).id, principal=house.ma, now=NOON)


def stop(house: House, run_id, by: Principal | None = None):
    return facade.cancel_dry_run(run_id=run_id, principal=by or house.ma, now=NOON)


def test_a_waiting_one_never_begins(house: House) -> None:
    run = start(house)
    assert stop(house, run.id).status == "cancelled"
    assert facade.run_dry_run(run_id=run.id).status == "cancelled"
    assert (DryRunRow.objects.get().members_done, DryRunMemberRow.objects.count()) == (0, 0)
    assert stop(house, run.id).status == "cancelled"
    assert AuditEntry.objects.filter(action="programme.dry_run_cancel").count() == 1


def test_a_running_one_stops_after_the_members_in_hand(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(house)
    seen: list[int] = []
    read = dry_run.read_members

    def read_one(**fields):
        if len(seen) == 2:  # two members are done and counted
            seen.append(DryRunRow.objects.get().members_done)
            assert stop(house, run.id, house.fei).status == "running"
        else:
            seen.append(0)
        return read(**{**fields, "limit": 1})

    monkeypatch.setattr(dry_run, "read_members", read_one)
    done = facade.run_dry_run(run_id=run.id)
    assert (done.status, done.members_total, done.members_done, done.ups) == ("cancelled", 4, 2, None)
    assert seen == [0, 0, 2]  # the third one's part was the last
    assert DryRunMemberRow.objects.count() == 0


def test_one_that_is_stopped_in_its_last_moment_keeps_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(house)
    live = dry_run.live_programme

    def live_late(**fields):
        stop(house, run.id)
        return live(**fields)

    monkeypatch.setattr(dry_run, "live_programme", live_late)
    assert facade.run_dry_run(run_id=run.id).status == "cancelled"
    assert DryRunMemberRow.objects.count() == 0


def test_one_whose_worker_died_after_it_was_to_stop_is_stopped_when_it_is_taken_up(house: House) -> None:
    run = start(house)
    DryRunRow.objects.update(status="running", members_done=2)
    stop(house, run.id)
    assert facade.run_dry_run(run_id=run.id).status == "cancelled"


def test_one_that_is_done_stays_as_it_is(house: House) -> None:
    run = start(house)
    done = facade.run_dry_run(run_id=run.id)
    assert (done.status, done.ups) == ("done", 4)
    assert stop(house, run.id) == done
    assert DryRunMemberRow.objects.count() == 4


def test_only_those_who_may_start_one_may_stop_it(house: House) -> None:
    run = start(house)
    auditor = Grant(role="auditor", chain_id=house.chain_id)
    stranger = Grant(role="marketer", chain_id=house.chain_id + 1)
    with pytest.raises(NotAllowed):
        stop(house, run.id, Principal(subject="staff:s", name="S", grants=(auditor,)))
    with pytest.raises(UnknownProgramme):
        stop(house, run.id, Principal(subject="staff:x", name="X", grants=(stranger,)))
    assert DryRunRow.objects.get().status == "waiting"

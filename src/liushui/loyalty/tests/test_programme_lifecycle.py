"""From a draft to the rules in force: saved by revision, reviewed by another person, published once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.loyalty import facade, programme_live
from liushui.loyalty.errors import (
    ProgrammeDraftChanged,
    ProgrammeDraftClosed,
    ProgrammeImmutable,
    ProgrammeMoved,
    ProgrammeStarted,
    ProgrammeStartRefused,
    ProgrammeUnchanged,
    UnknownProgramme,
)
from liushui.loyalty.models import ProgrammeRow
from liushui.loyalty.tests.chains import GOLD, NOON, SILVER, House, make_house, programme
from liushui.promotions import facade as promotions
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.approvals import SamePerson
from liushui.runtime.models import AuditEntry

DAY = timedelta(days=1)


@pytest.fixture
def house(db: None) -> House:
    programme_live.forget()
    return make_house()


def number(house: House, at=NOON) -> int:
    return facade.live_programme(chain_id=house.chain_id, at=at).number


def test_a_chain_without_a_programme_has_one_in_which_nothing_earns(house: House) -> None:
    found = facade.live_programme(chain_id=house.chain_id, at=NOON)
    assert (found.number, found.earn_rows, found.redemption, found.levels) == (0, (), None, ())


def test_a_draft_is_in_force_only_when_a_second_person_approves_it(house: House) -> None:
    waiting = house.submit(house.draft())
    assert (waiting.state, waiting.revision, number(house)) == ("in_review", 2, 0)
    both = (*house.ma.grants, Grant(role="finance", chain_id=house.chain_id))
    with pytest.raises(SamePerson):
        me = Principal(subject=house.ma.subject, name="Ma", grants=both)
        facade.decide_programme(draft_id=waiting.id, approve=True, principal=me, now=NOON)
    done = facade.decide_programme(draft_id=waiting.id, approve=True, principal=house.fei, now=NOON)
    assert (done.state, number(house), number(house, NOON - DAY)) == ("published", 1, 0)
    [version] = facade.programme_versions(chain_id=house.chain_id, principal=house.fei, at=NOON)
    assert (version.number, version.state, version.published_by_name) == (1, "live", "Fei")
    assert [each.action for each in AuditEntry.objects.filter(chain_id=house.chain_id).order_by("id")] == [
        "programme.draft", "programme.save", "approval.request", "approval.approved", "programme.publish",
        "member_tier.save",
    ]  # fmt: skip


def test_publishing_tells_promotions_the_tiers(house: House) -> None:
    house.publish(now=NOON)
    tiers = promotions.member_tiers(chain_id=house.chain_id)
    assert [(tier.code, tier.name_zh, tier.position) for tier in tiers] == [("silver", "银卡", 1), ("gold", "金卡", 2)]
    assert facade.tell_tiers(now=NOON) == 0  # they know


def test_tiers_of_a_version_to_come_are_known_beside_those_in_force_until_it_starts(house: House) -> None:
    house.publish(now=NOON)
    levels = [{**SILVER, "code": "blue"}, GOLD]
    house.publish(
        programme(tiers={"window_months": 12, "levels": levels}, earning={**programme()["earning"], "rows": []}),
        starts_at=NOON + DAY, now=NOON,
    )  # fmt: skip
    codes = [tier.code for tier in promotions.member_tiers(chain_id=house.chain_id)]
    assert (codes, number(house), number(house, NOON + DAY)) == (["silver", "gold", "blue"], 1, 2)
    assert facade.tell_tiers(now=NOON + DAY) == 1
    assert [tier.code for tier in promotions.member_tiers(chain_id=house.chain_id)] == ["blue", "gold"]


def test_of_two_who_saw_the_same_revision_only_the_first_is_kept(house: House) -> None:
    draft = house.draft()
    row = {"points": 2, "per_minor": 100}

    def put(points: int):
        return facade.put_programme_row(
            draft_id=draft.id, revision=2, table="earning.rows", row={**row, "points": points}, principal=house.ma,
            now=NOON,
        )  # fmt: skip

    assert put(2).revision == 3
    with pytest.raises(ProgrammeDraftChanged) as refused:
        put(3)
    assert refused.value.context["revision"] == 3
    found = facade.programme_draft(draft_id=draft.id, principal=house.ma)
    assert [each.points for each in found.programme.earn_rows] == [1, 2]


def test_the_same_save_sent_again_is_answered_as_the_first_time(house: House) -> None:
    draft = house.draft()
    answers = [
        facade.save_programme_draft(
            draft_id=draft.id, revision=2, document=programme(redemption=None), principal=house.ma, now=NOON
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]


def test_a_draft_in_review_cannot_be_changed_until_it_is_taken_back(house: House) -> None:
    waiting = house.submit(house.draft())
    with pytest.raises(ProgrammeDraftClosed):
        facade.rename_programme_draft(
            draft_id=waiting.id, revision=waiting.revision, name="x", principal=house.ma, now=NOON
        )
    again = facade.take_back_programme(draft_id=waiting.id, principal=house.ma, now=NOON)
    assert (again.state, again.revision) == ("open", 3)
    assert approvals.waiting(principal=house.fei, now=NOON) == ()


def test_a_rejected_draft_is_open_again_and_nothing_is_published(house: House) -> None:
    waiting = house.submit(house.draft())
    back = facade.decide_programme(draft_id=waiting.id, approve=False, principal=house.fei, now=NOON, reason="no")
    assert (back.state, back.revision, number(house)) == ("open", 3, 0)


def test_what_the_inbox_decided_is_carried_out_by_the_clock_once(house: House) -> None:
    waiting = house.submit(house.draft())
    assert waiting.approval_id is not None
    approvals.decide(approval_id=waiting.approval_id, approve=True, principal=house.fei, now=NOON)
    assert [facade.settle_programme_reviews(now=NOON) for _ in range(2)] == [1, 0]
    assert number(house) == 1


def test_of_two_drafts_of_one_version_the_second_is_told_that_the_rules_moved(house: House) -> None:
    first = house.submit(house.draft())
    second = house.submit(house.draft(programme(redemption=None)))
    facade.decide_programme(draft_id=first.id, approve=True, principal=house.fei, now=NOON)
    with pytest.raises(ProgrammeMoved):
        facade.decide_programme(draft_id=second.id, approve=True, principal=house.fei, now=NOON)
    assert number(house) == 1


def test_a_version_starts_when_its_review_said_and_not_before_the_one_it_is_made_from(house: House) -> None:
    house.publish(starts_at=NOON + 2 * DAY, now=NOON)
    assert (number(house, NOON + DAY), number(house, NOON + 2 * DAY)) == (0, 1)
    with pytest.raises(ProgrammeStartRefused):
        house.submit(house.draft(programme(redemption=None)), starts_at=NOON + DAY)


def cancel(house: House, number: int, *, by: Principal | None = None, at=NOON):
    versions = facade.programme_versions(chain_id=house.chain_id, principal=house.fei, at=at)
    found = next(each for each in versions if each.number == number)
    return facade.cancel_programme(programme_id=found.id, reason="too soon", principal=by or house.fei, now=at)


def test_a_scheduled_version_is_cancelled_by_one_who_may_approve_and_its_draft_is_published_again(house: House) -> None:
    house.publish(now=NOON)
    house.publish(programme(redemption=None), starts_at=NOON + DAY, now=NOON)
    with pytest.raises(NotAllowed):
        cancel(house, 2, by=house.ma)
    taken = cancel(house, 2)
    assert (taken.state, taken.cancelled_by_name, taken.cancel_reason) == ("cancelled", "Fei", "too soon")
    assert [number(house, NOON + days * DAY) for days in (0, 1, 9)] == [1, 1, 1]
    assert cancel(house, 2) == taken  # pressed twice
    draft = facade.programme_draft(draft_id=taken.draft_id, principal=house.ma)
    assert (draft.state, draft.revision, draft.programme_id) == ("open", 3, None)
    facade.decide_programme(
        draft_id=house.submit(draft, starts_at=NOON + 2 * DAY).id, approve=True, principal=house.fei, now=NOON
    )
    assert [number(house, NOON + days * DAY) for days in (0, 1, 2)] == [1, 1, 3]
    versions = facade.programme_versions(chain_id=house.chain_id, principal=house.fei, at=NOON)
    assert [(each.number, each.state) for each in versions] == [(3, "scheduled"), (2, "cancelled"), (1, "live")]
    audited = AuditEntry.objects.filter(chain_id=house.chain_id, action="programme.cancel")
    assert [(each.after["number"], each.reason) for each in audited] == [(2, "too soon")]


def test_what_was_made_from_a_cancelled_version_goes_with_it_and_shows_all_it_changes(house: House) -> None:
    house.publish(now=NOON)
    house.publish(programme(redemption=None), starts_at=NOON + DAY, now=NOON)
    with_more = programme(redemption=None, tiers={"window_months": 6, "levels": [SILVER]})
    house.publish(with_more, starts_at=NOON + 2 * DAY, now=NOON)
    cancel(house, 2)
    drafts = facade.programme_drafts(chain_ids=[house.chain_id], principal=house.ma)
    assert [each.base_id for each in drafts] == [ProgrammeRow.objects.get(number=1).id] * 2
    latest = max(drafts, key=lambda each: each.id)
    assert facade.programme_changes(draft_id=latest.id, principal=house.ma) == (
        "redemption", "tiers.window_months", "tiers.levels",
    )  # fmt: skip
    facade.decide_programme(draft_id=house.submit(latest).id, approve=True, principal=house.fei, now=NOON)
    assert number(house) == 4


def test_a_version_that_runs_or_begins_this_moment_is_not_cancelled(house: House) -> None:
    house.publish(now=NOON)
    with pytest.raises(ProgrammeStarted):
        cancel(house, 1)
    house.publish(programme(redemption=None), starts_at=NOON + DAY, now=NOON)
    with pytest.raises(ProgrammeStarted):
        cancel(house, 2, at=NOON + DAY - timedelta(seconds=2))
    cancel(house, 2, at=NOON + DAY - timedelta(seconds=3))
    with pytest.raises(ProgrammeStarted):  # by somebody else, meanwhile
        cancel(house, 2, by=Principal(subject="staff:xu", name="Xu", grants=house.fei.grants))


def test_of_a_cancelling_and_a_publishing_at_once_only_the_first_is_kept(house: House, monkeypatch) -> None:
    house.publish(now=NOON)
    house.publish(programme(redemption=None), starts_at=NOON + DAY, now=NOON)
    waiting = house.submit(house.draft(programme()), starts_at=NOON + 2 * DAY)
    use = approvals.use

    def use_late(**fields):
        monkeypatch.setattr(approvals, "use", use)
        cancel(house, 2)  # between the look at the latest version and the writing of the next one
        return use(**fields)

    monkeypatch.setattr(approvals, "use", use_late)
    with pytest.raises(ProgrammeMoved):
        facade.decide_programme(draft_id=waiting.id, approve=True, principal=house.fei, now=NOON)
    assert ProgrammeRow.objects.count() == 2


def test_tiers_of_a_cancelled_version_are_forgotten(house: House) -> None:
    house.publish(now=NOON)
    blue = {**SILVER, "code": "blue"}
    house.publish(programme(tiers={"window_months": 12, "levels": [blue, GOLD]}), starts_at=NOON + DAY, now=NOON)
    cancel(house, 2)
    codes = [tier.code for tier in promotions.member_tiers(chain_id=house.chain_id)]
    assert (codes, facade.tell_tiers(now=NOON + DAY)) == (["silver", "gold"], 0)


def test_a_draft_that_changes_nothing_is_not_reviewed(house: House) -> None:
    house.publish(now=NOON)
    with pytest.raises(ProgrammeUnchanged):
        house.submit(house.draft())


def test_a_published_version_is_never_changed(house: House) -> None:
    house.publish(now=NOON)
    row = ProgrammeRow.objects.get()
    with pytest.raises(ProgrammeImmutable):
        row.save()
    with pytest.raises(ProgrammeImmutable):
        row.delete()


def test_who_may_not_write_or_see_is_refused(house: House) -> None:
    with pytest.raises(NotAllowed):
        facade.create_programme_draft(chain_id=house.chain_id, name="x", principal=house.fei, now=NOON)
    stranger = Principal(subject="staff:x", name="X", grants=(Grant(role="marketer", chain_id=house.chain_id + 1),))
    draft = house.draft()
    with pytest.raises(UnknownProgramme):
        facade.programme_draft(draft_id=draft.id, principal=stranger)


def test_what_a_draft_changes_is_named(house: House) -> None:
    house.publish(now=NOON)
    draft = house.draft(programme(redemption=None))
    assert facade.programme_changes(draft_id=draft.id, principal=house.ma) == ("redemption",)


def test_rules_in_force_cost_a_statement_a_second(house: House, django_assert_num_queries) -> None:
    house.publish(now=NOON)
    programme_live.forget()
    with django_assert_num_queries(1):
        for _ in range(5):
            assert number(house) == 1

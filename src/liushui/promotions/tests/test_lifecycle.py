"""From a draft to what prices baskets: saved, reviewed, published, paused, ended, rolled back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.promotions import facade
from liushui.promotions.errors import (
    AlreadyStarted,
    BaseMoved,
    DraftChanged,
    DraftClosed,
    InvalidDocument,
    NothingChanged,
    PromotionState,
    StartRefused,
    UnknownRulebook,
)
from liushui.promotions.tests.conftest import NOON, Office, ten_percent
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.approvals import ApprovalMissing, SamePerson
from liushui.runtime.models import AuditEntry

DAY = timedelta(days=1)


def live(office: Office, at=NOON):
    found = facade.live_rulebook(chain_id=office.chain_id, at=at)
    return None if found is None else (found.number, [each.id for each in found.rulebook.promotions])


def draft_of(office: Office, rulebook_id: int):
    version = facade.version(rulebook_id=rulebook_id, principal=office.ma, at=NOON)
    return facade.draft(draft_id=version.draft_id, principal=office.ma)


def test_a_draft_becomes_the_live_version_only_when_a_second_person_approves_it(office: Office) -> None:
    draft = office.submit(office.draft(ten_percent()))
    assert (draft.state, draft.revision, live(office)) == ("in_review", 2, None)
    with pytest.raises(SamePerson):
        both = Grant(role="finance", chain_id=office.chain_id)
        me = Principal(subject=office.ma.subject, name="Ma", grants=(*office.ma.grants, both))
        facade.decide_review(draft_id=draft.id, approve=True, principal=me, now=NOON)
    published = office.approve(draft)
    assert (published.state, live(office)) == ("published", (1, ["ten"]))
    [version] = facade.versions(chain_id=office.chain_id, at=NOON)
    assert (version.version, version.state, version.published_by_name, version.draft_id) == (
        "2026-11-22.1", "live", "Fei", draft.id,
    )  # fmt: skip
    assert [each.action for each in AuditEntry.objects.filter(chain_id=office.chain_id).order_by("id")] == [
        "promotion.draft", "promotion.save", "approval.request", "approval.approved", "promotion.publish",
    ]  # fmt: skip


def test_of_two_who_saw_the_same_revision_only_the_first_is_kept(office: Office) -> None:
    draft = office.draft(ten_percent())
    facade.put_promotion(draft_id=draft.id, revision=2, promotion=ten_percent("first"), principal=office.ma, now=NOON)
    with pytest.raises(DraftChanged) as refused:
        facade.put_promotion(
            draft_id=draft.id, revision=2, promotion=ten_percent("second"), principal=office.ma, now=NOON
        )
    assert refused.value.context["revision"] == 3
    assert facade.draft_changes(draft_id=draft.id, principal=office.ma).ids("added") == ("first", "ten")


def test_the_same_save_sent_again_is_answered_as_the_first_time(office: Office) -> None:
    draft = office.draft()
    answers = [
        facade.put_promotion(
            draft_id=draft.id, revision=1, promotion=ten_percent(), principal=office.ma, now=NOON + timedelta(seconds=n)
        )
        for n in (0, 1)
    ]
    assert answers[0] == answers[1]
    assert AuditEntry.objects.filter(action="promotion.save").count() == 1


def test_a_whole_rulebook_is_saved_and_what_is_wrong_in_it_is_refused_with_its_path(office: Office) -> None:
    draft = office.draft(ten_percent("gone"))
    saved = facade.save_draft(
        draft_id=draft.id, revision=2, document={"promotions": [ten_percent()]}, principal=office.ma, now=NOON
    )
    assert (saved.revision, saved.promotion_count) == (3, 1)
    with pytest.raises(InvalidDocument) as refused:
        facade.save_draft(
            draft_id=draft.id, revision=3, document={"promotions": [ten_percent(colour="red")]},
            principal=office.ma, now=NOON,
        )  # fmt: skip
    assert refused.value.pointer == "promotions[0].colour"
    with pytest.raises(InvalidDocument) as refused:
        facade.put_promotion(
            draft_id=draft.id, revision=3, promotion=ten_percent("x" * 65), principal=office.ma, now=NOON
        )
    assert refused.value.pointer == "id"
    assert facade.draft(draft_id=draft.id, principal=office.ma) == saved


def test_a_draft_knows_what_it_adds_changes_and_removes(office: Office) -> None:
    office.publish(ten_percent("a"), ten_percent("b", not_with=["a"]), ten_percent("c"))
    draft = office.draft(ten_percent("a", priority=5), ten_percent("d"))
    draft = facade.remove_promotion(
        draft_id=draft.id, revision=draft.revision, promotion_id="c", principal=office.ma, now=NOON
    )
    found = facade.draft_changes(draft_id=draft.id, principal=office.shen)
    assert [(each.id, each.kind) for each in found.changes] == [("a", "changed"), ("c", "removed"), ("d", "added")]
    facade.set_paused(
        draft_id=draft.id, revision=draft.revision, promotion_id="b", is_paused=True, principal=office.ma, now=NOON
    )
    assert facade.draft_changes(draft_id=draft.id, principal=office.ma).ids("paused") == ("b",)


def test_a_draft_that_changes_nothing_is_not_reviewed(office: Office) -> None:
    with pytest.raises(NothingChanged):
        office.submit(office.draft())


def test_a_draft_in_review_is_not_changed_until_it_is_taken_back_and_then_the_approval_is_gone(office: Office) -> None:
    draft = office.submit(office.draft(ten_percent()))
    assert draft.approval_id is not None
    with pytest.raises(DraftClosed):
        facade.rename_draft(draft_id=draft.id, revision=draft.revision, name="Winter", principal=office.ma, now=NOON)
    reopened = facade.take_back(draft_id=draft.id, principal=office.ma, now=NOON)
    assert (reopened.state, reopened.revision) == ("open", 3)
    assert approvals.approval(approval_id=draft.approval_id).state == "withdrawn"
    with pytest.raises(approvals.AlreadyDecided):
        office.approve(draft)


def test_a_published_draft_is_not_published_again(office: Office) -> None:
    draft = office.submit(office.draft(ten_percent()))
    assert draft.approval_id is not None
    office.approve(draft)
    with pytest.raises(DraftClosed):
        facade.publish(draft_id=draft.id, approval_id=draft.approval_id, principal=office.ma, now=NOON)
    assert len(facade.versions(chain_id=office.chain_id, at=NOON)) == 1


def test_nothing_is_published_without_an_approval_or_to_start_at_another_time(office: Office) -> None:
    draft = office.submit(office.draft(ten_percent()), starts_at=NOON + DAY)
    assert draft.approval_id is not None
    with pytest.raises(ApprovalMissing):
        facade.publish(draft_id=draft.id, approval_id=draft.approval_id, principal=office.fei, now=NOON)
    approvals.decide(approval_id=draft.approval_id, approve=True, principal=office.fei, now=NOON)
    with pytest.raises(StartRefused):
        facade.publish(draft_id=draft.id, approval_id=draft.approval_id, starts_at=NOON, principal=office.fei, now=NOON)
    published = facade.publish(draft_id=draft.id, approval_id=draft.approval_id, principal=office.ma, now=NOON)
    assert (published.number, published.starts_at) == (1, NOON + DAY)


def test_a_review_that_was_decided_in_the_inbox_is_carried_out_by_the_clock_once(office: Office) -> None:
    first, second = (office.submit(office.draft(ten_percent(name))) for name in ("a", "b"))
    for draft, approve in ((first, True), (second, False)):
        assert draft.approval_id is not None
        approvals.decide(approval_id=draft.approval_id, approve=approve, principal=office.fei, now=NOON)
    assert [facade.settle_reviews(now=NOON), facade.settle_reviews(now=NOON)] == [2, 0]
    assert live(office) == (1, ["a"])
    assert facade.draft(draft_id=second.id, principal=office.ma).state == "open"


def test_a_review_that_nobody_decides_in_a_week_gives_the_draft_back(office: Office) -> None:
    draft = office.submit(office.draft(ten_percent()))
    assert facade.settle_reviews(now=NOON + 7 * DAY - timedelta(seconds=1)) == 0
    assert facade.settle_reviews(now=NOON + 7 * DAY) == 1
    assert facade.draft(draft_id=draft.id, principal=office.ma).state == "open"


def test_an_approval_that_comes_after_another_version_gives_the_draft_back(office: Office) -> None:
    late, early = (office.submit(office.draft(ten_percent(name))) for name in ("late", "early"))
    assert late.approval_id is not None
    office.approve(early)
    approvals.decide(approval_id=late.approval_id, approve=True, principal=office.fei, now=NOON)
    assert facade.settle_reviews(now=NOON) == 1
    reopened = facade.draft(draft_id=late.id, principal=office.ma)
    assert (reopened.state, reopened.is_base_latest, live(office)) == ("open", False, (1, ["early"]))


def test_a_version_starts_by_the_time_of_business_and_not_before(office: Office) -> None:
    office.publish(ten_percent("old"))
    office.publish(ten_percent("new"), starts_at=NOON + DAY)
    assert live(office, NOON + DAY - timedelta(microseconds=1)) == (1, ["old"])
    assert live(office, NOON + DAY) == (2, ["new", "old"])
    assert live(office, NOON - DAY) is None
    assert office.statuses() == {"new": "scheduled", "old": "live"}


def test_a_version_does_not_start_before_the_one_that_it_was_made_from(office: Office) -> None:
    office.publish(ten_percent("old"))
    office.publish(ten_percent("later"), starts_at=NOON + DAY)
    with pytest.raises(StartRefused) as refused:
        office.submit(office.draft(ten_percent("now")))
    assert refused.value.context["number"] == 2


def test_a_scheduled_version_is_cancelled_before_its_start_and_not_after(office: Office) -> None:
    office.publish(ten_percent("old"))
    later = office.publish(ten_percent("later"), starts_at=NOON + DAY)
    with pytest.raises(NotAllowed):
        facade.cancel_version(rulebook_id=later.id, reason="too soon", principal=office.ma, now=NOON)
    cancelled = facade.cancel_version(rulebook_id=later.id, reason="too soon", principal=office.fei, now=NOON)
    assert (cancelled.state, live(office, NOON + DAY)) == ("cancelled", (1, ["old"]))
    [version] = [each for each in facade.versions(chain_id=office.chain_id, at=NOON) if each.number == 1]
    with pytest.raises(AlreadyStarted):
        facade.cancel_version(rulebook_id=version.id, reason="no", principal=office.fei, now=NOON)
    office.publish(ten_percent("instead"))
    assert live(office) == (3, ["instead", "old"])


def test_drafts_of_cancelled_versions_are_open_again_and_published_under_new_numbers(office: Office) -> None:
    office.publish(ten_percent("old"))
    first, second = (
        office.publish(ten_percent(name), starts_at=NOON + days * DAY) for name, days in (("a", 1), ("b", 2))
    )
    drafts = [draft_of(office, each.id) for each in (first, second)]
    assert [each.state for each in drafts] == ["published", "published"]
    facade.cancel_version(rulebook_id=first.id, reason="too soon", principal=office.fei, now=NOON)
    again = [facade.draft(draft_id=each.id, principal=office.ma) for each in drafts]
    assert [(each.state, each.rulebook_id, each.is_base_latest) for each in again] == [
        ("open", None, True), ("open", None, False),
    ]  # fmt: skip
    assert [each.revision for each in again] == [each.revision + 1 for each in drafts]
    audited = AuditEntry.objects.filter(action="promotion.cancel").order_by("id")
    assert [(each.after["draft"], each.reason) for each in audited] == [
        (drafts[0].id, "too soon"), (drafts[1].id, "too soon"),
    ]  # fmt: skip
    carried = facade.rebase_draft(draft_id=again[1].id, revision=again[1].revision, principal=office.ma, now=NOON)
    assert office.approve(office.submit(carried)).state == "published"
    assert live(office) == (4, ["b", "old"])
    with pytest.raises(BaseMoved):
        office.submit(again[0])


def test_an_approval_of_before_the_cancelling_publishes_nothing_more(office: Office) -> None:
    later = office.publish(ten_percent("later"), starts_at=NOON + DAY)
    approved = draft_of(office, later.id).approval_id
    facade.cancel_version(rulebook_id=later.id, reason="too soon", principal=office.fei, now=NOON)
    draft = draft_of(office, later.id)
    with pytest.raises(DraftClosed):
        facade.publish(draft_id=draft.id, approval_id=approved, principal=office.ma, now=NOON)
    office.submit(draft)
    with pytest.raises(ApprovalMissing):
        facade.publish(draft_id=draft.id, approval_id=approved, principal=office.ma, now=NOON)
    assert live(office, NOON + DAY) is None


def test_a_draft_whose_base_has_moved_is_carried_over_and_says_what_both_changed(office: Office) -> None:
    office.publish(ten_percent("a"), ten_percent("b"))
    mine = office.draft(ten_percent("a", priority=1), ten_percent("c"))
    office.publish(ten_percent("a", priority=2), ten_percent("d"))
    with pytest.raises(BaseMoved) as moved:
        office.submit(mine)
    assert moved.value.context["promotions"] == ["a"]
    with pytest.raises(BaseMoved):
        facade.rebase_draft(draft_id=mine.id, revision=mine.revision, principal=office.ma, now=NOON)
    carried = facade.rebase_draft(
        draft_id=mine.id, revision=mine.revision, keep_ours=["a"], principal=office.ma, now=NOON
    )
    assert carried.is_base_latest
    found = facade.draft_changes(draft_id=mine.id, principal=office.ma)
    assert [(each.id, each.kind) for each in found.changes] == [("a", "changed"), ("c", "added")]
    assert found.changes[0].after == ten_percent("a", priority=1)
    office.approve(office.submit(carried))
    assert live(office) == (3, ["a", "b", "c", "d"])


def test_theirs_can_be_kept_as_well(office: Office) -> None:
    office.publish(ten_percent("a"))
    mine = office.draft(ten_percent("a", priority=1), ten_percent("c"))
    office.publish(ten_percent("a", priority=2))
    facade.rebase_draft(draft_id=mine.id, revision=mine.revision, keep_theirs=["a"], principal=office.ma, now=NOON)
    assert [each.id for each in facade.draft_changes(draft_id=mine.id, principal=office.ma).changes] == ["c"]


def test_one_person_stops_a_promotion_at_once_also_in_what_is_scheduled(office: Office) -> None:
    office.publish(ten_percent("bad"), ten_percent("good"))
    office.publish(ten_percent("later"), starts_at=NOON + DAY)
    soon = NOON + timedelta(hours=1)
    stopped = facade.pause_promotion(
        chain_id=office.chain_id, promotion_id="bad", reason="sells below cost", principal=office.ma, now=soon
    )
    assert (stopped.number, stopped.starts_at) == (3, soon)
    assert live(office, soon) == (3, ["good"])
    assert live(office, NOON) == (1, ["bad", "good"])
    assert live(office, NOON + DAY) == (4, ["good", "later"])
    assert office.statuses(soon) == {"bad": "paused", "good": "live", "later": "scheduled"}
    with pytest.raises(PromotionState):
        facade.pause_promotion(
            chain_id=office.chain_id, promotion_id="bad", reason="again", principal=office.fei, now=soon
        )


def test_resuming_and_ending_wait_for_the_second_person(office: Office) -> None:
    office.publish(ten_percent("a", not_with=["b"]), ten_percent("b"))
    facade.pause_promotion(chain_id=office.chain_id, promotion_id="a", reason="wrong", principal=office.ma, now=NOON)
    draft = facade.resume_promotion(
        chain_id=office.chain_id, promotion_id="a", reason="mended", principal=office.ma, now=NOON
    )
    assert (draft.state, live(office)) == ("in_review", (2, ["b"]))
    office.approve(draft)
    found = facade.live_rulebook(chain_id=office.chain_id, at=NOON)
    assert found is not None
    assert [(each.id, set(each.not_with)) for each in found.rulebook.promotions] == [("a", {"b"}), ("b", {"a"})]
    ended = facade.end_promotion(
        chain_id=office.chain_id, promotion_id="a", reason="over", principal=office.ma, now=NOON
    )
    office.approve(ended)
    assert office.statuses() == {"a": "ended", "b": "live"}
    assert [each.origin for each in facade.versions(chain_id=office.chain_id, at=NOON)] == [
        "end", "resume", "pause", "draft",
    ]  # fmt: skip


def test_an_old_version_is_published_anew_under_a_new_number(office: Office) -> None:
    first = office.publish(ten_percent("a"))
    office.publish(ten_percent("a", priority=9), ten_percent("b"))
    draft = facade.roll_back(rulebook_id=first.id, reason="as it was", principal=office.ma, now=NOON)
    office.approve(draft)
    assert live(office) == (3, ["a"])
    now = facade.live_rulebook(chain_id=office.chain_id, at=NOON)
    assert now is not None
    assert now.document == first.document.replace("2026-11-22.1", "2026-11-22.3")
    assert office.statuses() == {"a": "live", "b": "ended"}


def test_those_of_another_chain_see_nothing_and_readers_change_nothing(office: Office) -> None:
    draft = office.draft(ten_percent())
    stranger = Principal(subject="staff:x", name="X", grants=(Grant(role="marketer", chain_id=office.chain_id + 1),))
    with pytest.raises(UnknownRulebook):
        facade.draft(draft_id=draft.id, principal=stranger)
    part = Grant(role="marketer", chain_id=office.chain_id, store_id=office.store.id)
    for reader in (office.shen, Principal(subject="staff:y", name="Y", grants=(part,))):
        with pytest.raises(NotAllowed):
            facade.discard_draft(draft_id=draft.id, principal=reader, now=NOON)
    assert facade.draft(draft_id=draft.id, principal=office.shen).state == "open"


def test_tiers_are_declared_in_order(office: Office) -> None:
    tiers = [("silver", "银卡", "Silver"), ("gold", "金卡", "Gold")]
    facade.save_member_tiers(chain_id=office.chain_id, tiers=tiers, principal=office.ma)
    facade.save_member_tiers(
        chain_id=office.chain_id, tiers=[*tiers[1:], ("black", "黑卡", "Black")], principal=office.ma
    )
    found = facade.member_tiers(chain_id=office.chain_id)
    assert [(each.code, each.position) for each in found] == [("gold", 1), ("black", 2)]

"""Drafts and versions: JSON out and in, review by a second person, going back, cancelling."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from liushui.promotions import facade
from liushui.promotions.tests.browsing import SPEND, builder, promotions_of, text
from liushui.promotions.tests.conftest import Office, person, ten_percent
from liushui.runtime.models import AuditEntry
from liushui.runtime.step_up import VERIFIED_AT

pytestmark = pytest.mark.django_db


def test_json_comes_out_and_goes_in_again(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    out = ma.get(f"/promotions/drafts/{draft.id}/export/")
    assert out.headers["Content-Disposition"] == f'attachment; filename="promotions-draft-{draft.id}.json"'
    other = office.draft(ten_percent(), name="Other")
    file = SimpleUploadedFile("promotions.json", out.content, content_type="application/json")
    assert ma.post(f"/promotions/drafts/{other.id}/import/", {"file": file, "how": "add"}).status_code == 302
    assert [each["id"] for each in promotions_of(other.id, office)] == ["spend", "ten"]
    one = ma.get(f"/promotions/drafts/{draft.id}/export/?promotion=spend").content.decode()
    assert ma.post(f"/promotions/drafts/{other.id}/import/", {"text": one, "how": "replace"}).status_code == 302
    assert promotions_of(other.id, office) == promotions_of(draft.id, office)


@pytest.mark.parametrize(
    ("text_in", "path"),
    [
        ('{"id": "a", "effects": [{"type": "percent_off", "percent": 0.001, "level": "unit"}]}', "effects[0].percent"),
        ('[{"id": "a", "effects": [{"type": "points", "add": 1}]}, {"id": "b"}]', "promotions[1].effects"),
        ('{"promotions": [{"id": "a", "efects": []}]}', "promotions[0].efects"),
        ("{", "$"),
    ],
)
def test_a_wrong_import_says_the_path_and_changes_nothing(ma: Client, office: Office, text_in: str, path: str) -> None:
    draft = office.draft(SPEND)
    page = text(ma.post(f"/promotions/drafts/{draft.id}/import/", {"text": text_in}), 422)
    assert f"{path}</code>" in page
    assert [each["id"] for each in promotions_of(draft.id, office)] == ["spend"]


def test_a_draft_is_handed_in_and_published_by_a_second_person(ma: Client, fei: Client, office: Office) -> None:
    address = ma.post("/promotions/drafts/", {"name": "Autumn"}).headers["Location"]
    draft_id = int(address.rstrip("/").rsplit("/", 1)[1])
    ma.post(f"/promotions/drafts/{draft_id}/import/", {"text": json.dumps(SPEND)})
    revision = facade.draft(draft_id=draft_id, principal=office.ma).revision
    handed_in = {"do": "submit", "revision": revision, "reason": "For autumn", "start": "now"}
    assert ma.post(address, handed_in).status_code == 302
    own = text(ma.get(address))
    assert "another person has to approve it" in own
    assert 'value="approve"' not in own
    assert "not yours to decide" in text(ma.post(address, {"do": "approve"}), 422)
    review = text(fei.get(address))
    assert "Approving publishes it at once, in all stores of the chain." in review
    assert "Say why" in text(fei.post(address, {"do": "reject", "reason": ""}), 422)
    published = fei.post(address, {"do": "approve", "reason": "Good"})
    page = text(fei.get(published.headers["Location"]))
    assert "In force" in page
    assert "Spending ¥200 or more: ¥30 off the order." in page
    actions = set(AuditEntry.objects.filter(chain_id=office.chain_id).values_list("action", flat=True))
    assert {
        "promotion.draft",
        "promotion.save",
        "approval.request",
        "approval.approved",
        "promotion.publish",
    } <= actions


def test_deciding_asks_for_the_password_again(fei: Client, office: Office) -> None:
    draft = office.submit(office.draft(SPEND))
    session = fei.session
    session[VERIFIED_AT] = 0
    session.save()
    asked = fei.post(f"/promotions/drafts/{draft.id}/", {"do": "approve"})
    assert asked.status_code == 302
    assert "verify" in asked.headers["Location"]
    assert facade.draft(draft_id=draft.id, principal=office.ma).state == "in_review"


def test_how_promotions_are_chosen_is_a_change_like_others(ma: Client, office: Office) -> None:
    draft = office.draft(SPEND)
    address = f"/promotions/drafts/{draft.id}/"
    ma.post(address, {"do": "mode", "mode": "sequential", "revision": draft.revision})
    assert "<ins>One after the other, by priority</ins>" in text(ma.get(address))


def test_a_draft_goes_back_to_what_was_before_it(ma: Client, office: Office) -> None:
    office.publish(SPEND, ten_percent())
    draft = office.draft({**SPEND, "priority": 7}, ten_percent("more"))
    address = f"/promotions/drafts/{draft.id}/"
    page = text(ma.get(address))
    assert "<del>Spending ¥200 or more: ¥30 off the order.</del>" in page
    assert "Spending ¥200 or more: ¥30 off the order. Priority 7." in page
    for promotion in ("spend", "more"):
        revision = facade.draft(draft_id=draft.id, principal=office.ma).revision
        ma.post(address, {"do": "restore", "promotion": promotion, "revision": revision})
    assert not facade.draft_changes(draft_id=draft.id, principal=office.ma)
    ma.post(address, {"do": "discard"})
    assert facade.draft(draft_id=draft.id, principal=office.ma).state == "discarded"


def test_a_scheduled_version_is_cancelled_and_an_old_one_asked_for_again(
    ma: Client, fei: Client, office: Office
) -> None:
    now = datetime.now(UTC)
    office.publish(ten_percent(), now=now - timedelta(hours=2))
    office.publish(SPEND, now=now - timedelta(hours=1))
    office.approve(
        office.submit(office.draft(ten_percent("later"), now=now), starts_at=now + timedelta(days=2), now=now)
    )
    scheduled, live, first = facade.versions(chain_id=office.chain_id, at=now)
    page = text(ma.get("/promotions/versions/"))
    assert all(state in page for state in ("To come", "In force", "Over"))
    early = {"do": "cancel", "reason": "Too early"}
    shown = ["Cancel the version" in text(each.get(f"/promotions/versions/{scheduled.id}/")) for each in (ma, fei)]
    assert shown == [False, True]
    assert ma.post(f"/promotions/versions/{scheduled.id}/", early).status_code == 403
    refused = text(fei.post(f"/promotions/versions/{scheduled.id}/", {"do": "cancel", "reason": ""}), 422)
    assert "Give a reason" in refused
    cancelled = fei.post(f"/promotions/versions/{scheduled.id}/", early)
    assert "Cancelled" in text(ma.get(cancelled.headers["Location"]))
    again = text(ma.get(f"/promotions/drafts/{scheduled.draft_id}/"))
    assert "Hand in for review" in again
    assert "was cancelled before it started. The draft can be handed in anew." in again
    asked = ma.post(f"/promotions/versions/{first.id}/", {"do": "roll-back", "reason": "Margin"})
    draft_id = int(asked.headers["Location"].rstrip("/").rsplit("/", 1)[1])
    assert facade.draft(draft_id=draft_id, principal=office.ma).state == "in_review"
    compared = text(ma.get(f"/promotions/versions/{live.id}/?against={first.number}"))
    assert "Added" in compared
    assert "¥30 off the order" in compared


def test_a_running_promotion_is_opened_in_a_draft(ma: Client, office: Office) -> None:
    office.publish(SPEND, now=datetime.now(UTC) - timedelta(hours=1))
    page = text(ma.get("/promotions/of/spend/"))
    assert "满 200 元：整单减 30 元。" in page
    first = ma.post("/promotions/of/spend/", {"do": "change"}).headers["Location"]
    [draft] = facade.drafts(chain_ids=[office.chain_id])
    assert first == builder(draft, "spend")
    assert 'value="200"' in text(ma.get(first))
    assert ma.get("/promotions/of/nothing/").status_code == 404
    assert 'value="save-and-close"' not in text(person(office, "auditor").get(first))

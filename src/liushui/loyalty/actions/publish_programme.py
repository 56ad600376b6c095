"""Have a draft reviewed by a second person and publish it: it becomes the chain's next version and never changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.loyalty import programme_live
from liushui.loyalty.actions.programme_drafts import refusal
from liushui.loyalty.contracts import ProgrammeDraft
from liushui.loyalty.domain.programme import Level
from liushui.loyalty.domain.programme_json import read_programme
from liushui.loyalty.domain.programme_rows import differing
from liushui.loyalty.errors import ProgrammeDraftClosed, ProgrammeMoved, ProgrammeStartRefused, ProgrammeUnchanged
from liushui.loyalty.models import ProgrammeDraftRow, ProgrammeHeadRow, ProgrammeRow
from liushui.loyalty.programme_access import PUBLISH, WRITE, require_whole_chain
from liushui.loyalty.programme_queries import base_document, draft_row, draft_view, latest_row
from liushui.promotions import facade as promotions
from liushui.runtime import approvals, audit
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval
from liushui.runtime.grants import system_principal

WAITS = timedelta(days=7)
AHEAD_MAX = timedelta(days=3 * 366)
_logger = structlog.get_logger(__name__)


def submit_programme(
    *, draft_id: int, revision: int, reason: str, principal: Principal, now: datetime, starts_at: datetime | None = None
) -> ProgrammeDraft:
    """Ask a second person to approve the draft as it is; `starts_at` None: in force as soon as that happens.

    From here on it can't be changed unless it is taken back. Raises ProgrammeUnchanged, ProgrammeMoved,
    ProgrammeStartRefused, ProgrammeDraftChanged.
    """
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if (row.state, row.revision, row.starts_at) == ("in_review", revision, starts_at):
        return draft_view(row)  # asked again
    changed = differing(base_document(row), row.document)
    if not changed:
        raise ProgrammeUnchanged("The draft changes nothing", remedy="Change something, or discard it.")
    latest = _checked_base(row)
    _start(starts_at, latest, now)
    with transaction.atomic():
        moved = ProgrammeDraftRow.objects.filter(id=row.id, state="open", revision=revision).update(
            state="in_review", starts_at=starts_at, note=reason.strip()[:400]
        )
        if not moved:
            raise refusal(ProgrammeDraftRow.objects.get(id=row.id))
        asked = approvals.request(
            kind=PUBLISH, target=_target(row), chain_id=row.chain_id, store_id=None, reason=reason,
            principal=principal, now=now, waits=WAITS,
            payload={
                "draft": row.id, "name": row.name, "revision": row.revision, "changed": list(changed),
                "digest": read_programme(row.document).digest,
                "starts_at": starts_at.astimezone(UTC).isoformat() if starts_at else None,
            },
        )  # fmt: skip
        ProgrammeDraftRow.objects.filter(id=row.id).update(approval_id=asked.id)
    return draft_view(ProgrammeDraftRow.objects.get(id=row.id))


def take_back_programme(*, draft_id: int, principal: Principal, now: datetime) -> ProgrammeDraft:
    """Take one's own draft back from review, so that it can be changed again."""
    row = draft_row(draft_id=draft_id, principal=principal)
    require_whole_chain(principal, WRITE, chain_id=row.chain_id)
    if row.approval_id is None or row.state != "in_review":
        raise ProgrammeDraftClosed(f"Draft {row.name!r} is not in review", context={"state": row.state})
    asked = approvals.approval(approval_id=row.approval_id)
    if asked.requested_by != principal.subject:
        raise NotAllowed(f"{asked.requested_by_name} asked for this review", remedy="Ask that person to take it back.")
    with transaction.atomic():
        approvals.withdraw(approval_id=asked.id, principal=principal, now=now)
        _reopen(row, principal=principal, reason="")
    return draft_view(ProgrammeDraftRow.objects.get(id=row.id))


def decide_programme(
    *, draft_id: int, approve: bool, principal: Principal, now: datetime, reason: str = ""
) -> ProgrammeDraft:
    """Approve, which publishes, or reject, which gives the draft back. Raises SamePerson, ProgrammeMoved."""
    row = draft_row(draft_id=draft_id, principal=principal)
    if row.approval_id is None:
        raise ProgrammeDraftClosed(f"Draft {row.name!r} is not in review", context={"state": row.state})
    decided = approvals.decide(
        approval_id=row.approval_id, approve=approve, principal=principal, now=now, reason=reason
    )
    if row.state == "in_review":
        _settle(row, decided, principal=principal, now=now)
    return draft_view(ProgrammeDraftRow.objects.get(id=row.id))


def settle_programme_reviews(*, now: datetime) -> int:
    """Carry out what was decided elsewhere, such as in the inbox; how many drafts were moved. Safe to run twice."""
    moved = 0
    for row in ProgrammeDraftRow.objects.filter(state="in_review").order_by("id")[:20]:
        if row.approval_id is None:
            continue
        found = approvals.approval(approval_id=row.approval_id)
        if found.state_at(now) == "pending":
            continue
        by = Principal(subject=found.decided_by or "system", name=found.decided_by_name or "system", grants=())
        try:
            _settle(row, found, principal=by, now=now)
        except LiushuiError as error:  # another version came first: whoever drafted it sees why
            _logger.info("programme_not_published", draft=row.id, problem=error.type)
            _reopen(row, principal=by, reason=error.detail[:400])
        moved += 1
    return moved


def tell_tiers(*, now: datetime) -> int:
    """Have promotions know each chain's tiers: those in force, and those of versions to come. Returns how many chains'
    were told; what they know already is left alone."""
    told = 0
    for chain_id in ProgrammeRow.objects.values_list("chain_id", flat=True).distinct():
        wanted = [(level.code, level.name_zh, level.name_en) for level in _levels(chain_id, now)]
        known = [(tier.code, tier.name_zh, tier.name_en) for tier in promotions.member_tiers(chain_id=chain_id)]
        if wanted != known:
            promotions.save_member_tiers(chain_id=chain_id, tiers=wanted, principal=system_principal(name="loyalty"))
            told += 1
    return told


def _levels(chain_id: int, now: datetime) -> list[Level]:
    live = programme_live.live_programme(chain_id=chain_id, at=now)
    levels = list(live.levels)
    for row in ProgrammeRow.objects.standing(chain_id).filter(number__gt=live.number).order_by("number"):
        known = {level.code for level in levels}
        levels += [level for level in read_programme(row.document).levels if level.code not in known]
    return levels


def _settle(row: ProgrammeDraftRow, decided: Approval, *, principal: Principal, now: datetime) -> None:
    if decided.state == "approved":
        _publish(row, decided, principal=principal, now=now)
        programme_live.forget()
        tell_tiers(now=now)  # a crash here is mended by the clock
    else:
        _reopen(row, principal=principal, reason=decided.decision_reason)


def _publish(row: ProgrammeDraftRow, decided: Approval, *, principal: Principal, now: datetime) -> None:
    seen = head_of(chain_id=row.chain_id)
    latest = _checked_base(row)
    new = ProgrammeRow(
        chain_id=row.chain_id, number=_last_number(row.chain_id) + 1, document=row.document,
        digest=read_programme(row.document).digest, starts_at=_start(row.starts_at, latest, now), draft_id=row.id,
        approval_id=decided.id, note=row.note, published_at=now, published_by=principal.subject,
        published_by_name=principal.name,
    )  # fmt: skip
    try:
        with transaction.atomic():
            approvals.use(approval_id=decided.id, kind=PUBLISH, target=_target(row), now=now)
            move_head(seen)
            new.save(force_insert=True)
            closed = ProgrammeDraftRow.objects.filter(id=row.id, state="in_review", revision=row.revision).update(
                state="published", programme_id=new.id
            )
            if not closed:
                raise ProgrammeDraftClosed(f"Somebody has taken draft {row.name!r} back or published it this moment")
            audit.record(
                principal=principal, action="programme.publish", target=f"programme:{new.id}", chain_id=row.chain_id,
                after={
                    "number": new.number, "digest": new.digest, "starts_at": new.starts_at.isoformat(),
                    "draft": row.id,
                },
                reason=row.note,
            )  # fmt: skip
    except IntegrityError as error:  # the next number is taken: somebody else has published since it was looked at
        raise _moved() from error


def head_of(*, chain_id: int) -> ProgrammeHeadRow:
    """Where the chain stands now; made when it is the first time."""
    found = ProgrammeHeadRow.objects.filter(chain_id=chain_id).first()
    if found is None:
        ProgrammeHeadRow.objects.bulk_create([ProgrammeHeadRow(chain_id=chain_id)], ignore_conflicts=True)
        found = ProgrammeHeadRow.objects.get(chain_id=chain_id)
    return found


def move_head(seen: ProgrammeHeadRow) -> None:
    """Move the chain on from what was seen, in the caller's transaction, or raise ProgrammeMoved."""
    rows = ProgrammeHeadRow.objects.filter(chain_id=seen.chain_id, serial=seen.serial)
    if not rows.update(serial=F("serial") + 1):
        raise ProgrammeMoved(
            "Somebody else has published or cancelled a version this moment", remedy="Look and try again."
        )


def _last_number(chain_id: int) -> int:
    numbers = ProgrammeRow.objects.filter(chain_id=chain_id).order_by("-number").values_list("number", flat=True)
    return numbers.first() or 0


def _reopen(row: ProgrammeDraftRow, *, principal: Principal, reason: str) -> None:
    """Give a draft back under the next revision, so that no approval of the last one fits it."""
    with transaction.atomic():
        moved = ProgrammeDraftRow.objects.filter(id=row.id, state="in_review", revision=row.revision).update(
            state="open", revision=F("revision") + 1
        )
        if moved:
            audit.record(
                principal=principal, action="programme.reopen", target=f"programme-draft:{row.id}",
                chain_id=row.chain_id, before={"state": "in_review"}, after={"state": "open"}, reason=reason,
            )  # fmt: skip


def _checked_base(row: ProgrammeDraftRow) -> ProgrammeRow | None:
    latest = latest_row(chain_id=row.chain_id)
    if (latest.id if latest else None) != row.base_id:
        raise _moved()
    return latest


def _moved() -> ProgrammeMoved:
    return ProgrammeMoved(
        "Another version was published or cancelled since this draft was begun",
        remedy="Begin a draft of the latest version and make the change there.",
    )


def _start(wished: datetime | None, latest: ProgrammeRow | None, now: datetime) -> datetime:
    """When a version starts: as wished, at once when that has passed; never before the one it is made from."""
    starts_at = now if wished is None else max(wished, now)
    if starts_at > now + AHEAD_MAX:
        raise ProgrammeStartRefused("A version starts within three years", pointer="/starts_at")
    if latest is not None and starts_at < latest.starts_at:
        raise ProgrammeStartRefused(
            f"Version {latest.number}, which this one is made from, starts at {latest.starts_at.isoformat()}",
            pointer="/starts_at", remedy="Start after it, or cancel it first.",
        )  # fmt: skip
    return starts_at


def _target(row: ProgrammeDraftRow) -> str:
    """What an approval is for: this draft as it is at this revision."""
    return f"programme-draft:{row.id}:{row.revision}"

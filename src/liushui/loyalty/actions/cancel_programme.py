"""Take a version of the programme back before it starts; its draft is open again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import programme_live
from liushui.loyalty.actions.publish_programme import head_of, move_head, tell_tiers
from liushui.loyalty.contracts import ProgrammeVersion
from liushui.loyalty.errors import ProgrammeStarted
from liushui.loyalty.models import CancelledProgrammeRow, ProgrammeDraftRow, ProgrammeRow
from liushui.loyalty.programme_access import APPROVE, require_whole_chain
from liushui.loyalty.programme_queries import programme_version
from liushui.runtime import audit
from liushui.runtime.access import Principal

REASON_MAX = 400
# Other processes look again after a second: what starts sooner may earn points there already.
SETTLED = timedelta(seconds=2 * programme_live.KEPT_SECONDS)


def cancel_programme(*, programme_id: int, reason: str, principal: Principal, now: datetime) -> ProgrammeVersion:
    """Cancel a scheduled version, and with it those that were made from it. One person who may approve is enough:
    what is in force stays so.

    Their drafts are open again, to be changed and handed in anew; each stands on the version that is the latest now.
    Raises ProgrammeStarted for one that has started, starts within two seconds or was cancelled by another.
    """
    found = programme_version(programme_id=programme_id, principal=principal, at=now)
    require_whole_chain(principal, APPROVE, chain_id=found.chain_id)
    note = _checked_reason(reason)
    seen = head_of(chain_id=found.chain_id)
    mine = CancelledProgrammeRow.objects.filter(programme_id=found.id).first()
    if mine is not None and mine.cancelled_by == principal.subject:
        return found
    if mine is not None or found.starts_at <= now + SETTLED:
        raise ProgrammeStarted(f"Version {found.number} has started, is about to, or was cancelled")
    standing = ProgrammeRow.objects.standing(found.chain_id)
    below = standing.filter(number__lt=found.number).order_by("-number").first()
    taken = list(standing.filter(number__gte=found.number).order_by("number"))
    with transaction.atomic():
        move_head(seen)
        CancelledProgrammeRow.objects.bulk_create(
            CancelledProgrammeRow(
                programme_id=each.id, chain_id=each.chain_id, cancelled_at=now, cancelled_by=principal.subject,
                cancelled_by_name=principal.name, reason=note,
            )
            for each in taken
        )  # fmt: skip
        _open_drafts(taken, base_id=below.id if below else None)
        for each in taken:
            audit.record(
                principal=principal, action="programme.cancel", target=f"programme:{each.id}", chain_id=each.chain_id,
                after={"number": each.number, "starts_at": each.starts_at.isoformat(), "draft": each.draft_id},
                reason=note,
            )  # fmt: skip
    programme_live.forget()
    tell_tiers(now=now)  # a crash here is mended by the clock
    return programme_version(programme_id=programme_id, principal=principal, at=now)


def _open_drafts(taken: Sequence[ProgrammeRow], *, base_id: int | None) -> None:
    """Give the drafts of cancelled versions back under their next revision, so that no approval of the last fits."""
    ProgrammeDraftRow.objects.filter(id__in=[row.draft_id for row in taken], state="published").update(
        state="open", revision=F("revision") + 1, programme_id=None, base_id=base_id
    )


def _checked_reason(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > REASON_MAX:
        raise InvalidValue(f"Give a reason of 1 to {REASON_MAX} characters", pointer="/reason")
    return text

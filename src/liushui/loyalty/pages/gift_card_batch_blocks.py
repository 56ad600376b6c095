"""The part of a batch's page that blocks its cards and opens them again: by one person, and by two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.loyalty import facade
from liushui.loyalty.contracts import TEXT_MAX, CardBatchBlock, GiftCardBatch
from liushui.loyalty.gift_card_queries import is_blockable
from liushui.loyalty.pages.adjustments import why_not
from liushui.loyalty.pages.gift_cards import request_id
from liushui.runtime import approvals
from liushui.runtime.access import Principal

_TITLES = {
    ("block", "running"): pgettext_lazy("card batch", "Being blocked"),
    ("block", "done"): pgettext_lazy("card batch", "Blocked"),
    ("unblock", "waiting"): pgettext_lazy("card batch", "Unblocking asked for"),
    ("unblock", "running"): pgettext_lazy("card batch", "Being unblocked"),
    ("unblock", "done"): pgettext_lazy("card batch", "Unblocked"),
    ("unblock", "refused"): pgettext_lazy("card batch", "Not unblocked"),
    ("unblock", "overtaken"): pgettext_lazy("card batch", "Not unblocked: blocked again meanwhile"),
}


def block_or_ask(request: HttpRequest, batch: GiftCardBatch, do: str, principal: Principal) -> str:
    """Do what the form says, the same form once; what is wrong, or nothing."""
    reason = request.POST.get("reason", "").strip()
    if not 0 < len(reason) <= TEXT_MAX["reason"]:
        return _("Say why, in 1 to 400 characters.")
    terms = {"batch_id": batch.id, "reason": reason, "principal": principal, "now": datetime.now(UTC)}
    try:
        if do == "block":
            block = facade.block_gift_card_batch(block_id=request_id(request), **terms)  # type: ignore[arg-type]  # as named
            said = _("The batch is blocked.") if block.state == "done" else _("The batch is being blocked.")
        else:
            facade.request_card_batch_unblock(unblock_id=request_id(request), **terms)  # type: ignore[arg-type]  # as named
            said = _("Asked for. Another person decides it under Approvals.")
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _(error.title)
    messages.success(request, said)
    return ""


def running_of(batch: GiftCardBatch) -> dict[str, Any] | None:
    """The block or unblocking that goes on now, with its title; None when none does."""
    found = next((each for each in facade.batch_blocks(batch_id=batch.id) if each.state == "running"), None)
    return {"each": found, "title": _TITLES[found.kind, "running"]} if found else None


def block_context(batch: GiftCardBatch, *, now: datetime, may_issue: bool) -> dict[str, Any]:
    """What the part of the page takes."""
    blocks = facade.batch_blocks(batch_id=batch.id)
    states = {(each.kind, each.state) for each in blocks}
    blocked = facade.blocked_with_batch(batch_id=batch.id)
    is_running = any(state == "running" for _kind, state in states)
    is_asked_for = ("unblock", "waiting") in states
    return {
        "running": running_of(batch),
        "blocked": blocked,
        "blocks": [_row(each, now) for each in blocks],
        "may_block_batch": may_issue and ("block", "running") not in states and _is_blockable(batch),
        "may_unblock_batch": may_issue and blocked > 0 and not is_running and not is_asked_for,
        "is_asked_for": is_asked_for,
    }


def _is_blockable(batch: GiftCardBatch) -> bool:
    return batch.state == "making" or is_blockable(batch_id=batch.id)


def _row(each: CardBatchBlock, now: datetime) -> dict[str, Any]:
    asked = approvals.approval(approval_id=each.approval_id) if each.approval_id and each.state == "refused" else None
    said = why_not(asked, now=now) if asked else ""
    return {
        "each": each,
        "title": _TITLES[each.kind, each.state],
        "problem": said or (_(each.problem) if each.problem else ""),
    }

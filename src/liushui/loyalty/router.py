"""HTTP: gift cards issued, blocked and looked at by other systems. Guide: docs/guides/gift-cards.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from django.http import HttpRequest
from ninja import Router

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.loyalty import facade
from liushui.loyalty.contracts import GiftCard, GiftCardBatch
from liushui.loyalty.schemas import (
    GiftCardAnswer,
    GiftCardApprovalAnswer,
    GiftCardBatchAnswer,
    GiftCardBatchBlockAnswer,
    GiftCardBlockBody,
    GiftCardCodesAnswer,
    GiftCardCodesBody,
    GiftCardIssueBody,
    Text,
)
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval
from liushui.runtime.oauth import Bearer

router = Router(tags=["gift cards"])
_CAPABILITY = "value.adjust"
_BATCHES = UUID("5f0c1c0e-7f0b-5c53-9c0e-2f6f0f5d7a11")  # the space of ids that clients' keys make


@router.post(
    "/gift-card-batches",
    auth=Bearer(_CAPABILITY),
    response=GiftCardBatchAnswer,
    summary="Issue gift cards",
    operation_id="issue_gift_cards",
)
def issue_gift_cards(request: HttpRequest, body: GiftCardIssueBody, chain: Text = "") -> dict[str, Any]:
    """Make cards without money on them; tills sell them. Up to 500 are made at once, more in the background: ask for
    the batch until its state is `done`. Safe to repeat under the same key; with other contents it is a conflict."""
    principal = _principal(request)
    chain_id = _chain_id(principal, chain)
    return _batch(
        facade.start_gift_card_batch(
            batch_id=uuid5(_BATCHES, f"{principal.subject}:{chain_id}:{body.key}"), chain_id=chain_id, count=body.count,
            note=body.note, face_minor=body.amount_minor, principal=principal, now=datetime.now(UTC),
        )
    )  # fmt: skip


@router.get(
    "/gift-card-batches/{batch_id}",
    auth=Bearer(_CAPABILITY),
    response=GiftCardBatchAnswer,
    summary="One batch of gift cards",
    operation_id="get_gift_card_batch",
)
def get_gift_card_batch(request: HttpRequest, batch_id: UUID) -> dict[str, Any]:
    """How far a batch is, and whether its codes were taken out."""
    return _batch(_seen(batch_id, _principal(request)))


@router.post(
    "/gift-card-batches/{batch_id}/codes",
    auth=Bearer(_CAPABILITY),
    response=GiftCardCodesAnswer,
    summary="Take the codes out, once",
    operation_id="take_gift_card_codes",
)
def take_gift_card_codes(request: HttpRequest, batch_id: UUID, body: GiftCardCodesBody) -> dict[str, Any]:
    """Numbers and secret codes of a batch that is made. Whoever asks first has them; the same `request_id` of the same
    client is answered again for a day, should an answer be lost, and nothing else is. Only for clients that speak for
    themselves: people take codes out in the console."""
    principal = _principal(request)
    batch = _seen(batch_id, principal)
    cards, last = facade.tell_codes_to_request(
        batch_id=batch.id, request_id=body.request_id, after=body.after, limit=body.limit, principal=principal,
        now=datetime.now(UTC),
    )  # fmt: skip
    return {"cards": [{"number": card.number, "code": card.printed_code} for card in cards], "next": last}


@router.post(
    "/gift-card-batches/{batch_id}/block",
    auth=Bearer(_CAPABILITY),
    response=GiftCardBatchBlockAnswer,
    summary="Block a batch of gift cards",
    operation_id="block_gift_card_batch",
)
def block_gift_card_batch(request: HttpRequest, batch_id: UUID, body: GiftCardBlockBody) -> dict[str, Any]:
    """Block every card of the batch, sold or not, and make no more of it. Large batches go on in the background: send
    the same again to see how far it is."""
    principal = _principal(request)
    batch = _seen(batch_id, principal)
    block = facade.block_gift_card_batch(
        block_id=body.id, batch_id=batch.id, reason=body.reason, principal=principal, now=datetime.now(UTC)
    )
    return {
        "id": block.id, "state": block.state, "done": block.places_done, "of": block.places,
        "blocked": block.changed_count,
    }  # fmt: skip


@router.post(
    "/gift-card-batches/{batch_id}/unblock",
    auth=Bearer(_CAPABILITY),
    response=GiftCardApprovalAnswer,
    summary="Ask for a batch to be unblocked",
    operation_id="unblock_gift_card_batch",
)
def unblock_gift_card_batch(request: HttpRequest, batch_id: UUID, body: GiftCardBlockBody) -> dict[str, Any]:
    """Another person approves it in the console; then the cards that were blocked with the batch are as before. Send
    the same again to see what became of it."""
    principal = _principal(request)
    batch = _seen(batch_id, principal)
    return _asked(
        facade.request_card_batch_unblock(
            unblock_id=body.id, batch_id=batch.id, reason=body.reason, principal=principal, now=datetime.now(UTC)
        )
    )


@router.get(
    "/gift-cards/{number}",
    auth=Bearer(_CAPABILITY),
    response=GiftCardAnswer,
    summary="One gift card",
    operation_id="get_gift_card",
)
def get_gift_card(request: HttpRequest, number: str, chain: Text = "") -> dict[str, Any]:
    """A card by its printed number; never by its code, which belongs in no address."""
    return _card(facade.gift_card_by_number(chain_id=_chain_id(_principal(request), chain), number=number))


@router.post(
    "/gift-cards/{number}/block",
    auth=Bearer(_CAPABILITY),
    response=GiftCardAnswer,
    summary="Block a gift card",
    operation_id="block_gift_card",
)
def block_gift_card(request: HttpRequest, number: str, body: GiftCardBlockBody, chain: Text = "") -> dict[str, Any]:
    """Nothing of it can be spent from this moment; its money stays on it. A card that is blocked stays as it is."""
    principal = _principal(request)
    return _card(
        facade.block_gift_card(
            block_id=body.id, chain_id=_chain_id(principal, chain), number=number, reason=body.reason,
            principal=principal, now=datetime.now(UTC),
        )
    )  # fmt: skip


@router.post(
    "/gift-cards/{number}/unblock",
    auth=Bearer(_CAPABILITY),
    response=GiftCardApprovalAnswer,
    summary="Ask for a gift card to be unblocked",
    operation_id="unblock_gift_card",
)
def unblock_gift_card(request: HttpRequest, number: str, body: GiftCardBlockBody, chain: Text = "") -> dict[str, Any]:
    """Another person approves it in the console; then the card is as it was before."""
    principal = _principal(request)
    return _asked(
        facade.request_gift_card_unblock(
            unblock_id=body.id, chain_id=_chain_id(principal, chain), number=number, reason=body.reason,
            principal=principal, now=datetime.now(UTC),
        )
    )  # fmt: skip


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.auth  # type: ignore[attr-defined]
    return principal


def _chain_id(principal: Principal, code: str) -> int:
    """The chain of this code, or the only one in which the capability is held; else NotAllowed."""
    allowed = principal.chains(_CAPABILITY)
    chains = [chain for chain in places.directory().chains() if chain.id in allowed and code in ("", chain.code)]
    if not chains:
        raise NotAllowed(f"This needs the right {_CAPABILITY!r} in that chain")
    if len(chains) > 1:
        raise InvalidValue("Several chains are within reach", pointer="/chain", remedy="Name one with `chain`.")
    return chains[0].id


def _seen(batch_id: UUID, principal: Principal) -> GiftCardBatch:
    return facade.gift_card_batch(batch_id=batch_id, chain_ids=principal.chains(_CAPABILITY))


def _batch(batch: GiftCardBatch) -> dict[str, Any]:
    return {
        "id": batch.id, "state": batch.state, "note": batch.note, "count": batch.card_count, "made": batch.made_count,
        "amount_minor": batch.face_minor, "currency": batch.currency, "issued_at": batch.issued_at,
        "ended_at": batch.ended_at, "codes_told_at": batch.told_at,
        "blocked": facade.blocked_with_batch(batch_id=batch.id),
    }  # fmt: skip


def _card(card: GiftCard) -> dict[str, Any]:
    return {
        "number": card.number, "state": card.state, "currency": card.currency, "balance_minor": card.balance_minor,
        "held_minor": card.held_minor, "activated_at": card.activated_at, "ends_on": card.ends_on,
    }  # fmt: skip


def _asked(asked: Approval) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"approval_id": asked.id, "state": asked.state_at(now), "expires_at": asked.expires_at}

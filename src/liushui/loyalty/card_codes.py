"""Numbers and codes of gift cards: made of the batch, the place in it and the server's secret; kept as keyed hashes."""

from __future__ import annotations

from uuid import UUID

from liushui.loyalty.contracts import IssuedGiftCard
from liushui.loyalty.domain import numbers
from liushui.runtime import sealed

_MADE_OF, _KEPT_AS = "gift-card-code", "gift-card-hash"


def made(*, batch_id: UUID, position: int) -> IssuedGiftCard:
    """The card of this place in its batch."""
    return _card(sealed.fingerprint(f"{batch_id}:{position}", purpose=_MADE_OF))


def told(*, batch_id: UUID, position: int, number: str) -> IssuedGiftCard | None:
    """The card again, also when the secret key was changed since; None when the old key is gone from the fallbacks."""
    cards = map(_card, sealed.fingerprints(f"{batch_id}:{position}", purpose=_MADE_OF))
    return next((card for card in cards if card.number == number), None)


def kept(code: str) -> str:
    """What is stored of a code."""
    return sealed.fingerprint(code, purpose=_KEPT_AS)


def kept_as(code: str) -> tuple[str, ...]:
    """What may be stored of a code, by the present and by former keys."""
    return sealed.fingerprints(code, purpose=_KEPT_AS)


def _card(fingerprint: str) -> IssuedGiftCard:
    digest = bytes.fromhex(fingerprint)
    number = numbers.gift_number(value=int.from_bytes(digest[16:24], "big") % 10**10)
    return IssuedGiftCard(number=number, code=numbers.code_of(digest))

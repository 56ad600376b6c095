"""The gift card that a code opens, with a limit to how many wrong ones a till or an operator may try."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import GiftCard
from liushui.loyalty.errors import GiftCardUnknown
from liushui.privacy import facade as privacy
from liushui.runtime import audit
from liushui.stores import facade as stores
from liushui.till.contracts import Till
from liushui.till.errors import TooManyGiftCodes


def card_of_code(*, till: Till, code: str, now: datetime) -> GiftCard:
    """The card; a try is counted for the till and for the operator before it is judged, and a right one is given back.

    Not to be called in a transaction that a refusal rolls back. Raises GiftCardUnknown, TooManyGiftCodes.
    """
    seconds = settings.LIUSHUI.gift_code_minutes * 60
    keys = (f"gift-code:till:{till.workstation_id}", f"gift-code:operator:{till.principal.subject}")
    taken: list[str] = []
    for key in keys:
        if not privacy.take_turn(key=key, limit=settings.LIUSHUI.gift_code_tries, seconds=seconds, now=now):
            _give_back(taken, seconds, now)
            _note_limit(till, key, seconds, now)
            until = privacy.window_end(seconds=seconds, now=now)
            raise TooManyGiftCodes(until=stores.store(store_id=till.store_id).local(until))
        taken.append(key)
    try:
        found = loyalty.gift_card(chain_id=till.chain_id, code=code)
    except GiftCardUnknown:
        _audit(till, "till.gift_code_wrong", f"workstation:{till.workstation_id}")
        raise
    _give_back(taken, seconds, now)
    return found


def _give_back(keys: list[str], seconds: int, now: datetime) -> None:
    for key in keys:
        privacy.give_back_turn(key=key, seconds=seconds, now=now)


def _note_limit(till: Till, key: str, seconds: int, now: datetime) -> None:
    """Told once a window, however long somebody goes on."""
    if privacy.take_turn(key=f"{key}:told", limit=1, seconds=seconds, now=now):
        _audit(till, "till.gift_code_limit", key.removeprefix("gift-code:"))


def _audit(till: Till, action: str, target: str) -> None:
    audit.record(
        principal=till.principal, action=action, target=target, chain_id=till.chain_id, store_id=till.store_id,
        after={"till": till.workstation_code},
    )  # fmt: skip

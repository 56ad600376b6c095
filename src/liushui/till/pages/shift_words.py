"""How pages name what happens at a drawer and in a shift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liushui.kernel.errors import LiushuiError
from liushui.stores.contracts import Store
from liushui.till.contracts import Blocker, DrawerEntry, Shift
from liushui.till.pages.words import answer_to

ENTRY_KINDS: Mapping[str, Any] = {
    "paid_in": _("Cash paid in"),
    "paid_out": _("Cash paid out"),
    "no_sale": _("Drawer opened without a sale"),
    "refund": _("Refund"),
    "copy": _("Copy of a receipt"),
}
TENDERS: Mapping[str, Any] = {
    "cash": _("Cash"),
    "card": _("Card"),
    "mobile": _("Mobile payment"),
    "other": _("Other tenders"),
    "points": _("Points"),
    "stored_value": _("Stored value"),
    "gift_card": _("Gift card"),
}
STATES: Mapping[str, tuple[Any, str]] = {  # state → name, kind of status
    "open": (pgettext_lazy("shift", "Open"), "info"),
    "counted": (_("Difference to approve"), "warn"),
    "closed": (pgettext_lazy("shift", "Closed"), "good"),
}
QUICK_REASONS: Mapping[str, tuple[Any, ...]] = {
    "paid_in": (_("Change from the safe"), _("Change from the bank"), _("Correction of a mistake")),
    "paid_out": (_("Cash to the safe"), _("Supplier paid in cash"), _("Petty expenses")),
    "no_sale": (_("Change given without a sale"), _("Drawer checked"), _("Coins rolled")),
    "difference": (_("Wrong change given"), _("Counterfeit note"), _("Counted twice, cause unknown")),
}
_BLOCKERS: Mapping[str, tuple[Any, Any]] = {  # kind → name, what to do
    "ticket": (_("Unfinished sale"), _("Finish it, or cancel it.")),
    "payment": (_("Payment without an answer"), _("Wait for its answer, or cancel it.")),
    "value": (_("Top-up or gift card on its way"), _("Wait a moment: it ends by itself.")),
    "shift": (_("Shift that is not closed"), _("Count its drawer at its till.")),
    "approval": (_("Difference that is not approved"), _("Decide it in the inbox.")),
}
APPROVAL_ADVICE: Mapping[str, Any] = {  # how far the approval of a difference has come → what to do
    "unasked": _("Nobody has said why: give the reason at its till."),
    "pending": _("Decide it in the inbox."),
    "approved": _("It is approved: close the shift at its till."),
    "refused": _("It was refused, or nobody decided in time: ask again at its till."),
}
_ADVICE: Mapping[str, Any] = {
    "same-operator": _("The next cashier has to be another person."),
    "count-refused": _("Check the pieces that were written."),
    "shift-open": _("Go on with the shift that is open."),
    "shift-blocked": _("Finish or cancel what is named."),
    "day-blocked": _("Finish or cancel what is named."),
}
_BETWEEN = "·"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """A drawer entry as it is shown: its name, its time on the store's clock, the amount with its sign."""

    entry: DrawerEntry
    name: str
    at: datetime  # without a zone, so that no page shifts it
    signed_minor: int | None  # None: no cash moved


def report_rows(entries: Iterable[DrawerEntry], *, store: Store) -> tuple[EntryRow, ...]:
    """The entries in order of time."""
    return tuple(_entry_row(entry, store) for entry in sorted(entries, key=lambda entry: (entry.at, entry.id)))


def _entry_row(entry: DrawerEntry, store: Store) -> EntryRow:
    sign = {"paid_in": 1, "paid_out": -1, "refund": -1}.get(entry.kind)
    return EntryRow(
        entry=entry,
        name=str(ENTRY_KINDS.get(entry.kind, entry.kind)),
        at=store.local(entry.at).replace(tzinfo=None),
        signed_minor=None if sign is None else sign * entry.amount_minor,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockerRow:
    """What keeps a shift or a day from being closed, in words, and where it is dealt with."""

    blocker: Blocker
    name: str
    advice: str
    url: str  # empty: nowhere that the reader could open


def blocker_rows(blockers: Iterable[Blocker], *, urls: Mapping[str, str] | None = None) -> tuple[BlockerRow, ...]:
    """The blockers with their names; `urls` gives the address by kind, with {id} where the id goes."""
    found = urls or {}
    return tuple(
        BlockerRow(
            blocker=blocker,
            name=str(_BLOCKERS.get(blocker.kind, (blocker.kind, ""))[0]),
            advice=str(_BLOCKERS.get(blocker.kind, ("", ""))[1]),
            url=found.get(blocker.kind, "").replace("{id}", blocker.id),
        )
        for blocker in blockers
    )


def shift_times(shift: Shift, *, store: Store) -> dict[str, datetime | None]:
    """When it was opened and closed on the store's clock, without a zone so that no page shifts it."""
    closed = store.local(shift.closed_at).replace(tzinfo=None) if shift.closed_at else None
    return {"opened_at": store.local(shift.opened_at).replace(tzinfo=None), "closed_at": closed}


def problem_text(error: LiushuiError) -> str:
    """What went wrong and what to do, in the reader's language."""
    answer = answer_to(error)
    advice = answer.advice or str(_ADVICE.get(error.type, ""))
    return f"{answer.title} {_BETWEEN} {advice}" if advice else answer.title

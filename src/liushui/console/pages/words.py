"""Roles, rights and places in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liushui.console.shell import local_name
from liushui.runtime import staff
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import HeldGrant, may_give, met_conflicts
from liushui.stores import facade as stores

ROLE_NAMES: dict[str, Any] = {
    "cashier": gettext_lazy("Cashier"),
    "store_manager": gettext_lazy("Store manager"),
    "marketer": gettext_lazy("Marketer"),
    "finance": gettext_lazy("Finance"),
    "auditor": gettext_lazy("Auditor"),
    "regulator": gettext_lazy("Regulator"),
    "it_admin": gettext_lazy("IT admin"),
    "integration": gettext_lazy("Integration"),
}
CAPABILITY_NAMES: dict[str, Any] = {
    "sale.read": gettext_lazy("See receipts"),
    "sale.write": gettext_lazy("Send sales in"),
    "sale.void": gettext_lazy("Void a sale"),
    "store.read": gettext_lazy("See stores"),
    "store.write": gettext_lazy("Change stores and workstations"),
    "catalog.read": gettext_lazy("See items and prices"),
    "catalog.write": gettext_lazy("Change and import items"),
    "price.write": gettext_lazy("Change prices"),
    "report.read": gettext_lazy("See reports"),
    "report.export": gettext_lazy("Take reports out as files"),
    "intake.read": gettext_lazy("See imports and quarantine"),
    "intake.mend": gettext_lazy("Mend and replay quarantined sales, run imports"),
    "till.use": gettext_lazy("Sell at a till"),
    "till.approve": gettext_lazy("Approve what a cashier may not do alone"),
    "till.enrol": gettext_lazy("Enrol tills, give badges and PINs, take them back"),
    "shift.read": gettext_lazy("See shifts and day reports"),
    "day.close": gettext_lazy("Close the business day"),
    "payment.read": gettext_lazy("See payments and differences with providers"),
    "payment.settle": gettext_lazy("Settle differences with providers"),
    "promotion.read": gettext_lazy("See promotions and what they cost"),
    "promotion.write": gettext_lazy("Draft promotions and ask for their review"),
    "promotion.approve": gettext_lazy("Review and publish promotions, pause them"),
    "coupon.issue": gettext_lazy("Make and issue coupons"),
    "member.read": gettext_lazy("See members, their personal data masked"),
    "member.write": gettext_lazy("Take members in, change and merge them"),
    "member.reveal": gettext_lazy("See a member's personal data unmasked, with a reason"),
    "privacy.handle": gettext_lazy("Handle requests of members about their data, export and erase it"),
    "loyalty.write": gettext_lazy("Draft rules of points, tiers and stored value"),
    "loyalty.approve": gettext_lazy("Publish rules of points, tiers and stored value"),
    "value.adjust": gettext_lazy("Ask for a correction of points or stored value, issue and block gift cards"),
    "value.approve": gettext_lazy("Approve corrections of points and value, merges, gift cards in use again"),
    "access.manage": gettext_lazy("Manage staff, grants and API keys"),
    "audit.read": gettext_lazy("Read the audit log"),
    "system.read": gettext_lazy("See the state of the system"),
}

CONFLICT_REASONS: dict[str, Any] = {
    "Who audits does not do the work that is audited": gettext_lazy("who audits does not do the work that is audited"),
    "Who supervises from outside has no part in the work": gettext_lazy(
        "who supervises from outside has no part in the work"
    ),
    "Who settles money does not hand out rights": gettext_lazy("who settles money does not hand out rights"),
    "Who takes money does not settle its differences": gettext_lazy("who takes money does not settle its differences"),
    "Who approves at the till does not settle its differences": gettext_lazy(
        "who approves at the till does not settle its differences"
    ),
    "Who approves at the till does not hand out rights": gettext_lazy(
        "who approves at the till does not hand out rights"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOffer:
    """A place in which the reader may give roles, as he picks it: by its text."""

    text: str
    chain_id: int
    region_id: int | None = None
    store_id: int | None = None

    def grant(self, role: str) -> Grant:
        """The role in this place."""
        return Grant(role=role, chain_id=self.chain_id, region_id=self.region_id, store_id=self.store_id)


def every_place() -> tuple[PlaceOffer, ...]:
    """All chains, regions and stores with unmistakable texts in the reader's language."""
    chains = {chain.id: chain for chain in stores.chains()}
    several = len(chains) > 1

    def text(chain_id: int, kind: str, code: str, name: str) -> str:
        return " · ".join([*([chains[chain_id].code] if several else []), kind, code, name])

    return (
        *(PlaceOffer(text=f"{_('Whole chain')} · {c.code} · {local_name(c)}", chain_id=c.id) for c in chains.values()),
        *(
            PlaceOffer(text=text(r.chain_id, _("Region"), r.code, local_name(r)), chain_id=r.chain_id, region_id=r.id)
            for r in stores.regions()
        ),
        *(
            PlaceOffer(text=text(s.chain_id, _("Store"), s.code, local_name(s)), chain_id=s.chain_id, store_id=s.id)
            for s in stores.stores()
        ),
    )


def offered_places(principal: Principal) -> tuple[PlaceOffer, ...]:
    """The places in which this principal may give an ordinary role."""
    return tuple(place for place in every_place() if may_give(principal=principal, grant=place.grant("cashier")))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRole:
    """A grant in words; `key` names it in forms. `last_day` is the last day on which it holds, if there is one."""

    role: Any
    place: str
    key: str
    removable: bool = False
    last_day: date | None = None
    is_expired: bool = False
    given_by: str = ""
    given_at: datetime | None = None


def held_roles(grants: tuple[Grant, ...], principal: Principal, *, own: bool = False) -> tuple[HeldRole, ...]:
    """Grants in words, each with whether the reader may take it away."""
    texts = _place_texts()
    return tuple(_in_words(held, texts, principal, own=own) for held in grants)


def kept_roles(held: tuple[HeldGrant, ...], principal: Principal, *, own: bool = False) -> tuple[HeldRole, ...]:
    """The same with until when they hold and who gave them; expired ones are among them and say so."""
    texts, now = _place_texts(), timezone.now()
    names = staff.names_of(subjects={one.granted_by for one in held})
    return tuple(
        replace(
            _in_words(one.grant, texts, principal, own=own),
            last_day=last_day(one.expires_at) if one.expires_at else None,
            is_expired=one.is_expired(now=now),
            given_by=names.get(one.granted_by) or _("Command line"),
            given_at=one.granted_at,
        )
        for one in held
    )


def end_of(day: date) -> datetime:
    """The moment after the last one of this day in the console's time zone."""
    return datetime.combine(day + timedelta(days=1), time(), timezone.get_default_timezone())


def last_day(end: datetime) -> date:
    """The day of which `end_of` is the end."""
    return (timezone.localtime(end, timezone.get_default_timezone()) - timedelta(microseconds=1)).date()


def _place_texts() -> dict[tuple[int, int | None, int | None], str]:
    return {(place.chain_id, place.region_id, place.store_id): place.text for place in every_place()}


def _in_words(
    held: Grant, texts: dict[tuple[int, int | None, int | None], str], principal: Principal, *, own: bool
) -> HeldRole:
    return HeldRole(
        role=ROLE_NAMES.get(held.role, held.role),
        place=texts.get((held.chain_id, held.region_id, held.store_id), _("A place that no longer exists")),
        key=grant_key(held),
        removable=not own and may_give(principal=principal, grant=held),
    )


def duty_warnings(held: tuple[HeldGrant, ...]) -> list[str]:
    """Roles of one person that should not meet, as sentences."""
    return [
        _("%(one)s and %(other)s: %(why)s.")
        % {
            "one": ROLE_NAMES[sorted(conflict.roles)[0]],
            "other": ROLE_NAMES[sorted(conflict.roles)[1]],
            "why": CONFLICT_REASONS[conflict.why],
        }
        for conflict in met_conflicts(held, now=timezone.now())
    ]


def grant_key(grant: Grant) -> str:
    """A grant as one form value: role:chain:region:store."""
    return f"{grant.role}:{grant.chain_id}:{grant.region_id or ''}:{grant.store_id or ''}"

"""Roles, rights and places in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liushui.console.shell import local_name
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import may_give
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
    "access.manage": gettext_lazy("Manage staff, grants and API keys"),
    "audit.read": gettext_lazy("Read the audit log"),
    "system.read": gettext_lazy("See the state of the system"),
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
    """A grant in words; `key` names it in forms."""

    role: Any
    place: str
    key: str
    removable: bool = False


def held_roles(grants: tuple[Grant, ...], principal: Principal, *, own: bool = False) -> tuple[HeldRole, ...]:
    """Grants in words, each with whether the reader may take it away."""
    texts = {(place.chain_id, place.region_id, place.store_id): place.text for place in every_place()}
    return tuple(
        HeldRole(
            role=ROLE_NAMES.get(held.role, held.role),
            place=texts.get((held.chain_id, held.region_id, held.store_id), _("A place that no longer exists")),
            key=grant_key(held),
            removable=not own and may_give(principal=principal, grant=held),
        )
        for held in grants
    )


def grant_key(grant: Grant) -> str:
    """A grant as one form value: role:chain:region:store."""
    return f"{grant.role}:{grant.chain_id}:{grant.region_id or ''}:{grant.store_id or ''}"

"""Who may do what, where: roles give capabilities, grants give places, and nothing is allowed that neither gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from liushui.kernel.errors import NotAllowed
from liushui.runtime import places

# One name per capability; the OAuth scopes of machines carry the same names.
CAPABILITIES: dict[str, str] = {
    "sale.read": "See receipts",
    "sale.write": "Send sales in",
    "sale.void": "Void a sale",
    "store.read": "See stores",
    "store.write": "Change stores and workstations",
    "catalog.read": "See items and prices",
    "catalog.write": "Change and import items",
    "price.write": "Change prices",
    "report.read": "See reports",
    "report.export": "Take reports out as files",
    "intake.read": "See imports and quarantine",
    "intake.mend": "Mend and replay quarantined sales, run imports",
    "till.use": "Sell at a till",
    "till.approve": "Approve what a cashier may not do alone",
    "till.enrol": "Enrol tills, give badges and PINs, take them back",
    "shift.read": "See shifts and day reports",
    "day.close": "Close the business day",
    "payment.read": "See payments and differences with providers",
    "payment.settle": "Settle differences with providers",
    "promotion.read": "See promotions and what they cost",
    "promotion.write": "Draft promotions and ask for their review",
    "promotion.approve": "Review and publish promotions, pause them",
    "coupon.issue": "Make and issue coupons",
    "member.read": "See members, their personal data masked",
    "member.write": "Take members in, change and merge them",
    "member.reveal": "See a member's personal data unmasked, with a reason",
    "privacy.handle": "Handle requests of members about their data, export and erase it",
    "loyalty.write": "Draft rules of points, tiers and stored value",
    "loyalty.approve": "Publish rules of points, tiers and stored value",
    "value.adjust": "Ask for a correction of points or stored value, issue and block gift cards",
    "value.approve": "Approve corrections of points and value, merges, gift cards in use again",
    "access.manage": "Manage staff, grants and API keys",
    "audit.read": "Read the audit log",
    "system.read": "See the state of the system",
}

_READ = {"sale.read", "store.read", "catalog.read", "report.read", "intake.read"}

ROLES: dict[str, frozenset[str]] = {
    "cashier": frozenset({"sale.read", "store.read", "catalog.read", "till.use"}),
    "store_manager": frozenset(
        _READ
        | {"sale.void", "report.export", "intake.mend", "till.use", "till.approve", "till.enrol"}
        | {"shift.read", "day.close", "payment.read", "promotion.read"}
        | {"member.read", "member.write", "member.reveal", "value.adjust"}
    ),
    "marketer": frozenset(
        {"store.read", "catalog.read", "catalog.write", "price.write", "report.read", "report.export"}
        | {"promotion.read", "promotion.write", "coupon.issue", "member.read", "loyalty.write"}
    ),
    "finance": frozenset(
        _READ
        | {"sale.void", "report.export", "shift.read", "payment.read", "payment.settle"}
        | {"promotion.read", "promotion.approve"}
        | {"member.read", "loyalty.approve", "value.adjust", "value.approve"},
    ),
    "auditor": frozenset(
        _READ
        | {"report.export", "audit.read", "system.read", "shift.read", "payment.read", "promotion.read", "member.read"}
    ),
    "regulator": frozenset({"sale.read", "store.read", "report.read", "report.export", "shift.read", "promotion.read"}),
    "it_admin": frozenset(
        {
            "store.read",
            "store.write",
            "catalog.read",
            "intake.read",
            "intake.mend",
            "access.manage",
            "till.enrol",
            "audit.read",
            "system.read",
            "member.read",
            "member.reveal",
            "privacy.handle",
        }
    ),
    "integration": frozenset({"sale.read", "sale.write", "store.read", "catalog.read", "catalog.write", "report.read"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConflict:
    """Two roles that one person should not hold over the same store (职责分离): refused, or given with a warning."""

    roles: frozenset[str]
    why: str
    is_refused: bool


_OPERATING = ("cashier", "store_manager", "marketer", "finance", "it_admin")
CONFLICTS: tuple[RoleConflict, ...] = (
    *(
        RoleConflict(
            roles=frozenset({"auditor", role}), why="Who audits does not do the work that is audited", is_refused=True
        )
        for role in _OPERATING
    ),
    *(
        RoleConflict(
            roles=frozenset({"regulator", role}), why="Who supervises from outside has no part in the work",
            is_refused=True,
        )
        for role in _OPERATING
    ),
    RoleConflict(
        roles=frozenset({"finance", "it_admin"}), why="Who settles money does not hand out rights", is_refused=True
    ),
    RoleConflict(
        roles=frozenset({"cashier", "finance"}), why="Who takes money does not settle its differences",
        is_refused=False,
    ),
    RoleConflict(
        roles=frozenset({"store_manager", "finance"}), why="Who approves at the till does not settle its differences",
        is_refused=False,
    ),
    RoleConflict(
        roles=frozenset({"store_manager", "it_admin"}), why="Who approves at the till does not hand out rights",
        is_refused=False,
    ),
)  # fmt: skip


def role_conflict(one: str, other: str) -> RoleConflict | None:
    """The declared conflict between two roles, if there is one."""
    return next((conflict for conflict in CONFLICTS if conflict.roles == {one, other}), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role within a chain; narrowed to a region or a store when one is named."""

    role: str
    chain_id: int
    region_id: int | None = None
    store_id: int | None = None

    def covers_chain(self) -> bool:
        """Whether the grant is for the whole chain."""
        return self.region_id is None and self.store_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever speaks: a member of staff or a machine, with all grants held at this moment.

    `scopes` narrows what the roles give: a machine's token names its scopes; None (staff) narrows nothing.
    `source` is the name that a machine's sales carry.
    """

    subject: str  # staff:12, client:abc, system
    name: str
    grants: tuple[Grant, ...]
    scopes: frozenset[str] | None = None
    source: str | None = None
    address: str = ""
    _places: dict[str, frozenset[int]] = field(default_factory=dict, compare=False, repr=False)

    def grants_with(self, capability: str) -> tuple[Grant, ...]:
        """The grants whose role gives this capability."""
        if capability not in CAPABILITIES:
            raise ValueError(f"no such capability: {capability}")
        if self.scopes is not None and capability not in self.scopes:
            return ()
        return tuple(grant for grant in self.grants if capability in ROLES[grant.role])

    def may(self, capability: str) -> bool:
        """Whether the capability is held anywhere at all."""
        return bool(self.grants_with(capability))

    def require(self, capability: str) -> None:
        """Raise NotAllowed unless the capability is held somewhere."""
        if not self.may(capability):
            raise NotAllowed(
                f"This needs the right {capability!r}", remedy="Ask the person who manages access for a role with it."
            )

    def stores(self, capability: str) -> frozenset[int]:
        """Ids of the stores in which the capability is held; the query layer filters by them."""
        if capability not in self._places:
            self._places[capability] = expand_grants(self.grants_with(capability))
        return self._places[capability]

    def chains(self, capability: str) -> frozenset[int]:
        """Ids of the chains in any part of which the capability is held: for what belongs to a chain, such as items."""
        return frozenset(grant.chain_id for grant in self.grants_with(capability))

    def whole_chains(self, capability: str) -> frozenset[int]:
        """Ids of the chains in all of which the capability is held: for changes that reach every store."""
        return frozenset(grant.chain_id for grant in self.grants_with(capability) if grant.covers_chain())

    def require_store(self, capability: str, *, store_id: int) -> None:
        """Raise NotAllowed unless the capability is held in this store."""
        if store_id not in self.stores(capability):
            raise NotAllowed(f"This needs the right {capability!r} in that store")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPrincipal(Principal):
    """The machine's own operator at the command line: every capability in every chain, also those made later."""

    def grants_with(self, capability: str) -> tuple[Grant, ...]:
        """One grant for the whole of each chain there is now."""
        if capability not in CAPABILITIES:
            raise ValueError(f"no such capability: {capability}")
        return tuple(Grant(role=SYSTEM_ROLE, chain_id=chain_id) for chain_id in sorted(_every_chain()))

    def may(self, capability: str) -> bool:
        """Always, also while there is no chain yet."""
        return capability in CAPABILITIES

    def stores(self, capability: str) -> frozenset[int]:
        """Every store there is now; asked anew each time, since the operator makes stores."""
        return expand_grants(self.grants_with(capability))


SYSTEM_ROLE = "system"  # not in ROLES: nobody can be granted it

_expander: Callable[[Iterable[Grant]], frozenset[int]] = lambda grants: frozenset()  # noqa: E731


def set_grant_expander(expander: Callable[[Iterable[Grant]], frozenset[int]]) -> None:
    """Tell who knows which stores a grant covers; the app says so once at start. Until then no grant covers any."""
    global _expander
    _expander = expander


def expand_grants(grants: Iterable[Grant]) -> frozenset[int]:
    """Ids of the stores that these grants cover together."""
    return _expander(grants)


def _every_chain() -> frozenset[int]:
    return frozenset(chain.id for chain in places.directory().chains())

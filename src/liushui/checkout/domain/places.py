"""For which stores somebody sends sales, and which of them a sale is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from liushui.checkout.contracts import CompleteSale
from liushui.checkout.errors import ChainNeeded, SourceNotYours, StoreNotAllowed, StoreUnknown
from liushui.orders.contracts import TILL_SOURCE
from liushui.runtime.access import Principal
from liushui.stores.contracts import Chain, Store

TILL_CAPABILITY = "till.use"


@dataclass(frozen=True, slots=True)
class Senders:
    """What a principal may send: looked up once for a whole batch."""

    source: str | None  # the only source it may speak for; None: any but our tills
    is_till: bool
    chain_codes: frozenset[str]
    store_ids: frozenset[int]
    stores_by_code: Mapping[tuple[str, str], Store]

    @classmethod
    def of(
        cls,
        principal: Principal,
        *,
        chains: Iterable[Chain],
        stores_by_code: Mapping[tuple[str, str], Store],
        capability: str,
    ) -> Senders:
        """What this principal may send by this capability; raises NotAllowed when it may send nothing at all."""
        principal.require(capability)
        chain_ids = principal.chains(capability)
        return cls(
            source=principal.source,
            is_till=capability == TILL_CAPABILITY,
            chain_codes=frozenset(chain.code for chain in chains if chain.id in chain_ids),
            store_ids=principal.stores(capability),
            stores_by_code=stores_by_code,
        )

    def store_for(self, command: CompleteSale) -> Store:
        """The store that a sale is for; raises a named error when there is none, or it is somebody else's."""
        if self.source is not None and command.source != self.source:
            raise SourceNotYours(
                f"You send as {self.source!r}, the sale says {command.source!r}",
                pointer="/source",
                remedy="Leave the source to the token.",
            )
        if command.source == TILL_SOURCE and not self.is_till:
            raise SourceNotYours(
                f"Sales of {TILL_SOURCE!r} are made at our own tills",
                pointer="/source",
                remedy="Give the client a source name of its own.",
            )
        return self.store(chain=command.chain, code=command.store)

    def store(self, *, chain: str, code: str) -> Store:
        """The store of this code, in the chain named or the only one; raises a named error."""
        chain = chain or self._only_chain()
        store = self.stores_by_code.get((chain, code)) if chain in self.chain_codes else None
        if store is None:
            raise StoreUnknown(
                f"There is no store {code!r} of chain {chain!r} among those you send sales for",
                pointer="/store" if chain in self.chain_codes else "/chain",
                remedy="Give the store's code as the list of stores shows it.",
            )
        if store.id not in self.store_ids:
            raise StoreNotAllowed(
                f"Store {code!r} is not one you send sales for",
                pointer="/store",
                remedy="Ask the person who manages access for the right 'sale.write' in that store.",
            )
        return store

    def _only_chain(self) -> str:
        if len(self.chain_codes) != 1:
            raise ChainNeeded(
                f"You send sales for {len(self.chain_codes)} chains, and the sale names none",
                pointer="/chain",
                remedy="Give the chain's code.",
            )
        return next(iter(self.chain_codes))

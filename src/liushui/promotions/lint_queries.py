"""The lint with all that the chain knows: its goods with prices and costs, its coupon batches, its tiers, its clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Item as CatalogItem
from liushui.promotions.actions.rebase_draft import base_of
from liushui.promotions.coupon_queries import coupon_batches
from liushui.promotions.domain.books import Book, changes, read_book
from liushui.promotions.domain.coupons import CouponBatch
from liushui.promotions.domain.lint import Batch, Catalogue, Finding, Item, blocking, key, lint, to_acknowledge
from liushui.promotions.domain.lint_conditions import leaves
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.rulebook_json import read_rulebook
from liushui.promotions.errors import LintRefused, NotAcknowledged
from liushui.promotions.models import DraftRow
from liushui.promotions.queries import book_of, draft_row, member_tiers
from liushui.runtime import places
from liushui.runtime.access import Principal

ITEMS_MAX = 30_000  # of a larger catalogue so many are used for baskets, and nothing is said to be missing
ITEMS_AT_ONCE = 5_000
NAMED_MAX = 5
ASKED = ("added", "changed", "resumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What was found, gravest first, by which rulebook, for which instant.

    `asked` are the promotions that the draft is responsible for: those that it adds, changes or resumes. What was found
    of others was there before, and neither stops the draft nor asks its reviewer for anything.
    """

    rulebook: Rulebook
    at: datetime
    findings: tuple[Finding, ...]
    asked: frozenset[str]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that stop publishing."""
        return tuple(each for each in blocking(self.findings) if self.is_of_draft(each))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Those that the reviewer acknowledges."""
        return tuple(each for each in to_acknowledge(self.findings) if self.is_of_draft(each))

    def is_of_draft(self, finding: Finding) -> bool:
        """Whether the draft is responsible for what was found."""
        return not self.asked.isdisjoint(finding.promotions)


def lint_draft(*, draft_id: int, principal: Principal, now: datetime) -> LintReport:
    """Look a draft over as it is, for the instant at which it is to start. Raises UnknownRulebook, InvalidDocument."""
    return lint_row(draft_row(draft_id=draft_id, principal=principal), at=now)


def lint_row(row: DraftRow, *, at: datetime) -> LintReport:
    """The same for whoever has found the draft; `at` or when it is to start, whichever is later.

    A draft that only ends, resumes or rolls back what was published before is responsible for nothing: going back must
    not wait for anything to be mended.
    """
    book, before = read_book(row.document, row.paused), book_of(base_of(row))
    asked: Collection[str] = ()
    if row.origin == "draft":
        asked = [each.id for each in changes(before, book) if each.kind in ASKED]
        if book.mode != before.mode:
            asked = book.promotions
    return lint_book(book=book, chain_id=row.chain_id, at=max(row.starts_at or at, at), asked=frozenset(asked))


def lint_book(*, book: Book, chain_id: int, at: datetime, asked: frozenset[str]) -> LintReport:
    """Look all running promotions of a book over, with what the chain knows. Raises InvalidDocument."""
    rulebook = read_rulebook(book.document(version="draft"))
    local = at.astimezone(_zone(chain_id))
    items, is_complete = _items(chain_id)
    prices = catalog.prices_in_force(items=items, store=None, at=at)
    found = lint(
        rulebook,
        catalogue=_catalogue(chain_id, items, prices, is_complete=is_complete),
        costs={item.sku: _with_tax(item) for item in items if item.cost_minor is not None},
        batches={each.code: _batch(each) for each in _batches(chain_id, rulebook)},
        written={name: tuple(each.get("not_with") or ()) for name, each in book.promotions.items()},
        at=local,
    )
    return LintReport(rulebook=rulebook, at=local, findings=found, asked=asked)


def refuse_errors(report: LintReport) -> None:
    """Raise LintRefused when something was found that stops publishing."""
    if report.errors:
        named = sorted({name for each in report.errors for name in each.promotions})[:NAMED_MAX]
        raise LintRefused(
            f"{len(report.errors)} of the promotions' faults stop publishing: {', '.join(named)}",
            remedy="Mend them; the draft's page shows each.",
            context={"findings": [key(each) for each in report.errors]},
        )


def refuse_unseen(report: LintReport, *, acknowledged: Collection[str]) -> None:
    """Raise NotAcknowledged when there is a warning that the reviewer has not acknowledged."""
    unseen = [key(each) for each in report.warnings if key(each) not in acknowledged]
    if unseen:
        raise NotAcknowledged(
            f"{len(unseen)} warnings are not acknowledged: {', '.join(unseen[:NAMED_MAX])}",
            remedy="Look at each on the draft's page and tick it, or send the draft back.",
            context={"findings": unseen},
        )


def _zone(chain_id: int) -> ZoneInfo:
    """The clock that most stores of the chain go by."""
    zones = Counter(store.time_zone for store in places.directory().stores() if store.chain_id == chain_id)
    return ZoneInfo(zones.most_common(1)[0][0] if zones else settings.TIME_ZONE)


def _items(chain_id: int) -> tuple[list[CatalogItem], bool]:
    found: list[CatalogItem] = []
    while len(found) < ITEMS_MAX:
        page = catalog.search_items(
            chain_ids=[chain_id], text="", is_active=True, limit=ITEMS_AT_ONCE, offset=len(found)
        )
        found += page.items
        if len(page.items) < ITEMS_AT_ONCE:
            return found, True
    return found, False


def _catalogue(
    chain_id: int, items: list[CatalogItem], prices: dict[int, int], *, is_complete: bool
) -> Catalogue | None:
    """The goods at the chain's own prices; None for a chain without goods, whose baskets are then made up.

    What is sold at stores' prices only counts as listed, but no basket is made of it.
    """
    if not items:
        return None
    chain = next(each for each in places.directory().chains() if each.id == chain_id)
    return Catalogue(
        items=tuple(
            Item(
                sku=item.sku,
                unit_price=prices.get(item.id, 0),
                category=item.category,
                brand=item.brand,
                tags=item.tags,
                floor_unit_price=item.floor_price_minor or 0,
                discountable=item.discountable,
            )
            for item in items
        ),
        currency=chain.currency,
        tiers=tuple(each.code for each in member_tiers(chain_id=chain_id)),
        is_complete=is_complete,
    )


def _with_tax(item: CatalogItem) -> int:
    """Cost with tax, half up, since prices are with tax."""
    return (2 * (item.cost_minor or 0) * (10_000 + item.tax_rate_bp) + 10_000) // 20_000


def _batches(chain_id: int, rulebook: Rulebook) -> tuple[CouponBatch, ...]:
    """The chain's batches, when the rulebook speaks of any."""
    of_effects = (effect.batch for promotion in rulebook.promotions for effect in promotion.effects)
    of_conditions = (leaf.batch for promotion in rulebook.promotions for leaf, _path in leaves(promotion=promotion))
    if not any(of_effects) and not any(of_conditions):
        return ()
    return coupon_batches(chain_ids=[chain_id])


def _batch(batch: CouponBatch) -> Batch:
    can_issue_more = batch.issued < batch.size
    return Batch(
        id=batch.code,
        void=batch.status == "void",
        expires_at=batch.valid_until,
        codes_left=None if batch.left is None or can_issue_more else batch.left,
        gives=batch.kind != "shared" and not batch.is_imported,
        can_issue=can_issue_more,
    )

"""Use case: a category is added or renamed by somebody; audited."""

from __future__ import annotations

from django.db import transaction

from liushui.catalog.actions.change_item import require_whole_chain
from liushui.catalog.actions.save_categories import save_categories
from liushui.catalog.contracts import NewCategory
from liushui.catalog.domain.checks import checked_category
from liushui.catalog.models import CategoryRow
from liushui.runtime import audit
from liushui.runtime.access import Principal


def change_category(*, category: NewCategory, principal: Principal) -> None:
    """Add a node to the tree, or give a known one new names. Needs `catalog.write` in the whole chain."""
    require_whole_chain(principal, "catalog.write", category.chain_id)
    wanted = checked_category(category)
    known = CategoryRow.objects.filter(chain_id=wanted.chain_id, path=wanted.path).first()
    with transaction.atomic():
        saved = save_categories(categories=[wanted])
        if saved.new or saved.changed:
            audit.record(
                principal=principal,
                action="category.add" if known is None else "category.rename",
                target=f"category:{wanted.path}"[:160],
                chain_id=wanted.chain_id,
                before={"name_zh": known.name_zh, "name_en": known.name_en} if known else None,
                after={"name_zh": wanted.name_zh, "name_en": wanted.name_en},
            )

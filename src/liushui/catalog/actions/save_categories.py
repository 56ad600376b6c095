"""Use case: categories are added to the tree, or given new names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from liushui.catalog.contracts import NewCategory, Saved
from liushui.catalog.domain.checks import checked_category
from liushui.catalog.models import CategoryRow


def save_categories(*, categories: Sequence[NewCategory]) -> Saved:
    """Bring these nodes to these names. Missing parents are made, named by their codes."""
    wanted = {(node.chain_id, node.path): node for node in map(checked_category, categories)}
    known = _known(chain_id for chain_id, _ in wanted)
    differing = [node for key, node in wanted.items() if key in known and known[key] != (node.name_zh, node.name_en)]
    new = [node for key, node in wanted.items() if key not in known]
    with transaction.atomic():
        CategoryRow.objects.bulk_create(
            [_row(node) for node in (*new, *differing)],
            update_conflicts=True,
            unique_fields=["chain_id", "path"],
            update_fields=["name_zh", "name_en"],
        )
        add_missing(paths=wanted.keys())
    return Saved(new=len(new), changed=len(differing), unchanged=len(wanted) - len(new) - len(differing))


def add_missing(*, paths: Iterable[tuple[int, str]]) -> None:
    """Make those of these (chain, path) and of their parents that do not exist, named by their codes."""
    nodes = {
        (chain_id, "/".join(path.split("/")[:depth]))
        for chain_id, path in set(paths)
        for depth in range(1, path.count("/") + 2)
        if path
    }
    missing = sorted(nodes - _known(chain_id for chain_id, _ in nodes).keys())
    rows = [
        CategoryRow(chain_id=chain_id, path=path, name_zh=path.rsplit("/", 1)[-1], name_en=path.rsplit("/", 1)[-1])
        for chain_id, path in missing
    ]
    CategoryRow.objects.bulk_create(rows, ignore_conflicts=True)


def _known(chain_ids: Iterable[int]) -> dict[tuple[int, str], tuple[str, str]]:
    rows = CategoryRow.objects.filter(chain_id__in=set(chain_ids)).values_list("chain_id", "path", "name_zh", "name_en")
    return {(chain_id, path): (name_zh, name_en) for chain_id, path, name_zh, name_en in rows}


def _row(node: NewCategory) -> CategoryRow:
    return CategoryRow(chain_id=node.chain_id, path=node.path, name_zh=node.name_zh, name_en=node.name_en)

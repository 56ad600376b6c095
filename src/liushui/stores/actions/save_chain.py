"""Use case: a chain is set up, or brought to these values."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.stores.actions.change_directory import directory_change
from liushui.stores.contracts import Chain
from liushui.stores.domain.checks import checked_code, checked_currency, checked_name, checked_patterns
from liushui.stores.models import ChainRow
from liushui.stores.queries import chain_of


def save_chain(*, code: str, name_zh: str, name_en: str, currency: str, weighed_patterns: Sequence[str] = ()) -> Chain:
    """The chain under this code with these values; made when it is new."""
    values = {
        "name_zh": checked_name(name_zh, field="name_zh"),
        "name_en": checked_name(name_en, field="name_en"),
        "currency": checked_currency(currency),
        "weighed_patterns": list(checked_patterns(weighed_patterns)),
    }
    with directory_change():
        row, _ = ChainRow.objects.update_or_create(code=checked_code(code, field="code"), defaults=values)
    return chain_of(row)

"""The door of intake: sales sent one by one or in batches, files of sales, and those that wait to be mended."""

from __future__ import annotations

from liushui.intake.accounts import report_lines
from liushui.intake.actions.apply_retention import apply_retention, retention_due
from liushui.intake.actions.ask_return import ask_return
from liushui.intake.actions.cancel_import import cancel_import, queue_again
from liushui.intake.actions.import_file import run_import, start_import
from liushui.intake.actions.mend_sales import discard_entry, mend_sale, replay_entries
from liushui.intake.actions.preview_file import preview_file
from liushui.intake.actions.take_sales import take_batch, take_sale
from liushui.intake.mappings import load as load_mapping
from liushui.intake.mappings import shipped as mapping_texts
from liushui.intake.queries import (
    import_run,
    imports,
    quarantine,
    quarantine_counts,
    quarantine_entry,
    quarantine_ids,
)

__all__ = [
    "apply_retention",
    "ask_return",
    "cancel_import",
    "discard_entry",
    "import_run",
    "imports",
    "load_mapping",
    "mapping_texts",
    "mend_sale",
    "preview_file",
    "quarantine",
    "quarantine_counts",
    "quarantine_entry",
    "quarantine_ids",
    "queue_again",
    "replay_entries",
    "report_lines",
    "retention_due",
    "run_import",
    "start_import",
    "take_batch",
    "take_sale",
]

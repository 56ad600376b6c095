"""The door of intake: sales sent one by one or in batches, files of sales, and those that wait to be mended."""

from __future__ import annotations

from liushui.intake.accounts import report_lines
from liushui.intake.actions.import_file import run_import, start_import
from liushui.intake.actions.preview_file import preview_file
from liushui.intake.actions.take_sales import take_batch, take_sale
from liushui.intake.mappings import load as load_mapping
from liushui.intake.mappings import shipped as mapping_texts

__all__ = [
    "load_mapping",
    "mapping_texts",
    "preview_file",
    "report_lines",
    "run_import",
    "start_import",
    "take_batch",
    "take_sale",
]

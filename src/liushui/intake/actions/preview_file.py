"""Look at the first documents of a file through a mapping, writing nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from liushui.catalog import facade as catalog
from liushui.intake import staging
from liushui.intake.actions.create_references import sold_codes, store_codes
from liushui.intake.contracts import ImportPreview, PreviewDocument
from liushui.intake.domain.documents import Document, DocumentReader
from liushui.intake.domain.mapping import Mapping
from liushui.intake.errors import UnreadableFile
from liushui.intake.readers import open_file, require_columns
from liushui.kernel.money import exponent
from liushui.stores import facade as stores

PREVIEW_ROWS = 500


def preview_file(
    *, path: Path, mapping: Mapping, chain: str, items: Path | None, file_name: str = "", items_name: str = ""
) -> ImportPreview:
    """How the mapping reads the first 500 rows. The last document may go on beyond them."""
    opened = open_file(path, mapping.file, name=file_name)
    require_columns(opened, mapping.sales_columns())
    if mapping.reads_items_file() and items is None:
        raise UnreadableFile(
            f"The mapping {mapping.name!r} reads the items from a second file", remedy="Give it with --items PATH."
        )
    chain = chain or mapping.chain.code
    reader = DocumentReader(mapping=mapping, chain=chain, places=exponent(mapping.chain.currency))
    documents: list[Document] = []
    rows = 0
    with tempfile.TemporaryDirectory(prefix="liushui-preview-") as temporary:
        folder = Path(temporary)
        opened_items = (
            staging.open_items(items, mapping, name=items_name) if items and mapping.reads_items_file() else None
        )
        ordered = staging.first_rows(opened, mapping, opened_items, folder, PREVIEW_ROWS)
        for staged in staging.read_ordered(ordered, after=0):
            rows += len(staged.rows)
            documents += reader.read(
                staged.batch, rows=staged.rows, firsts=staged.firsts, controls=staged.controls, row_faults=staged.faults
            )
        documents += reader.finish()
        store_list = [code for code, *_ in store_codes(mapping, ordered, folder)]
        code_list = list(sold_codes(mapping, ordered, folder))
    return ImportPreview(
        file_name=file_name or path.name,
        format=opened.format,
        encoding=opened.encoding,
        columns=opened.columns,
        unused_columns=tuple(name for name in opened.columns if name not in mapping.sales_columns()),
        documents=tuple(_shown(document) for document in documents),
        rows_read=rows,
        unknown_stores=_unknown_stores(chain, store_list),
        unknown_codes=_unknown_codes(chain, code_list),
        chain=chain,
        currency=mapping.chain.currency,
    )


def _shown(document: Document) -> PreviewDocument:
    return PreviewDocument(
        source_id=document.source_id,
        rows=tuple(document.rows),
        command=document.command,
        reasons=tuple(document.reasons),
    )


def _unknown_stores(chain: str, codes: list[str]) -> tuple[str, ...]:
    known = stores.stores_by_code()
    return tuple(code for code in dict.fromkeys(codes) if (chain, code) not in known)


def _unknown_codes(chain: str, codes: list[str]) -> tuple[str, ...]:
    chain_id = next((found.id for found in stores.chains() if found.code == chain), None)
    if chain_id is None:
        return tuple(codes)
    known = catalog.find_items(chain_id=chain_id, codes=codes)
    return tuple(code for code in codes if code not in known)

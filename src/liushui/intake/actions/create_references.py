"""What the sales of a file name and nobody has set up: stores and items, made where the mapping allows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem
from liushui.intake import staging
from liushui.intake.domain.evaluate import Batch, Compiler
from liushui.intake.domain.expressions import Expression, columns_of
from liushui.intake.domain.mapping import ITEM_TEXTS, Mapping
from liushui.orders.contracts import TEXT_MAX
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore

CHUNK = 5_000
_NOT_A_CODE = re.compile(r"[^a-z0-9]+")


def create_references(*, mapping: Mapping, chain_code: str, ordered: Path, items: Path | None, folder: Path) -> None:
    """Make missing stores and items of the file's sales, as far as `create_missing` says; known ones stay untouched."""
    if "stores" in mapping.chain.create_missing:
        _create_stores(mapping, chain_code, ordered, folder)
    chain = next((chain for chain in stores.chains() if chain.code == chain_code), None)
    if chain is None or "items" not in mapping.chain.create_missing:
        return
    if items is not None:
        _create_items(mapping, chain, items, folder)
    _create_sold_codes(mapping, chain, ordered, folder)


def store_codes(mapping: Mapping, ordered: Path, folder: Path) -> Iterator[tuple[str, str, str]]:
    """(code, Chinese name, English name) of every store that the sales name."""
    compiler = Compiler(mapping.file.numbers, mapping.file.missing)
    code = mapping.header["store"]
    names = [mapping.store_names.get(key, code) for key in ("name_zh", "name_en")]
    evaluators = [compiler.texts(expression) for expression in (code, *names)]
    for batch in _distinct(ordered, [code], names, folder):
        for found, name_zh, name_en in zip(*(evaluator(batch) for evaluator in evaluators), strict=True):
            if isinstance(found, str):
                yield found, str(name_zh or found), str(name_en or found)


def sold_codes(mapping: Mapping, ordered: Path, folder: Path) -> Iterator[str]:
    """Every item code that the sales name."""
    evaluator = Compiler(mapping.file.numbers, mapping.file.missing).texts(mapping.line["code"])
    for batch in _distinct(ordered, [mapping.line["code"]], [], folder):
        yield from (code for code in evaluator(batch) if isinstance(code, str))


def _distinct(path: Path, keys: list[Expression], others: list[Expression], folder: Path) -> Iterator[Batch]:
    columns = sorted({name for expression in keys for name in columns_of(expression)})
    beside = sorted({name for expression in others for name in columns_of(expression)})
    if not columns:  # a constant: one row will do
        yield Batch({name: [None] for name in beside}, 1)
        return
    yield from staging.distinct(path, columns, beside, folder)


def _create_stores(mapping: Mapping, chain_code: str, ordered: Path, folder: Path) -> None:
    form = mapping.chain
    if all(chain.code != chain_code for chain in stores.chains()):
        stores.save_chain(code=chain_code, name_zh=form.name_zh, name_en=form.name_en, currency=form.currency)
    chain = next(chain for chain in stores.chains() if chain.code == chain_code)
    if all((region.chain_id, region.code) != (chain.id, form.region) for region in stores.regions()):
        stores.save_region(chain_code=chain_code, code=form.region, name_zh=form.region, name_en=form.region)
    known = stores.stores_by_code()
    missing = {
        code: NewStore(
            chain_code=chain_code,
            region_code=form.region,
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            time_zone=form.time_zone,
            currency=form.currency,
        )
        for code, name_zh, name_en in store_codes(mapping, ordered, folder)
        if (chain_code, code) not in known and len(code) <= TEXT_MAX["store_code"]
    }
    if missing:
        stores.save_stores(stores=list(missing.values()))


def _create_items(mapping: Mapping, chain: Chain, items: Path, folder: Path) -> None:
    assert mapping.items is not None  # nosec B101  # for the type checker
    form = mapping.items
    expressions = [*form.texts.values(), *form.category]
    for batch in _distinct(items, [form.texts["sku"]], expressions, folder):
        _save(_described(mapping, chain, batch), chain)


def _create_sold_codes(mapping: Mapping, chain: Chain, ordered: Path, folder: Path) -> None:
    if mapping.items is not None and mapping.items.from_sales:
        _create_items(mapping, chain, ordered, folder)
    codes = (code for code in sold_codes(mapping, ordered, folder) if len(code) <= TEXT_MAX["sku"])
    for chunk in _chunks(codes):
        _save([NewItem(chain_id=chain.id, sku=code, name_zh=code, name_en=code) for code in chunk], chain)


def _save(items: list[NewItem], chain: Chain) -> None:
    wanted = {item.sku: item for item in items}
    known = catalog.find_items(chain_id=chain.id, codes=list(wanted))
    missing = [item for sku, item in wanted.items() if sku not in known]
    if missing:
        catalog.save_items(items=missing)


def _described(mapping: Mapping, chain: Chain, batch: Batch) -> list[NewItem]:
    assert mapping.items is not None  # nosec B101  # for the type checker
    compiler = Compiler(mapping.file.numbers, mapping.file.missing)
    texts = {name: compiler.texts(expression)(batch) for name, expression in mapping.items.texts.items()}
    levels = [compiler.texts(expression)(batch) for expression in mapping.items.category]
    found: list[NewItem] = []
    nodes: dict[str, str] = {}
    for i in range(batch.size):
        values = {name: _text(texts[name][i]) if name in texts else "" for name in ITEM_TEXTS}
        if not values["sku"] or len(values["sku"]) > TEXT_MAX["sku"]:
            continue
        path = _path([_text(level[i]) for level in levels], nodes)
        found.append(
            NewItem(
                chain_id=chain.id,
                sku=values["sku"],
                gtin=values["gtin"],
                name_zh=values["name_zh"] or values["name_en"] or values["sku"],
                name_en=values["name_en"] or values["name_zh"] or values["sku"],
                brand=values["brand"],
                unit=values["unit"] or "piece",
                category=path,
            )
        )
    if nodes:
        catalog.save_categories(
            categories=[
                NewCategory(chain_id=chain.id, path=path, name_zh=name, name_en=name) for path, name in nodes.items()
            ]
        )
    return found


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else ""


def _path(names: list[str], nodes: dict[str, str]) -> str:
    """The path of a category, codes made of names; a level without a name ends it."""
    path = ""
    for name in names:
        code = _NOT_A_CODE.sub("-", name.lower()).strip("-")
        if not code:
            break
        path = f"{path}/{code}" if path else code
        nodes.setdefault(path, name)
    return path


def _chunks(codes: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for code in codes:
        chunk.append(code)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


__all__ = ["create_references", "sold_codes", "store_codes"]

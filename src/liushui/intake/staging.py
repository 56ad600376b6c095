"""Staging: every row of a file, numbered and in the order of its documents, in one Parquet file, with flat memory."""

# ruff: noqa: S608  # SQL is put together from quoted names and literals of a parsed mapping, never from cells

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liushui.intake.domain.control import EXACT, amount_sql, literal, quoted
from liushui.intake.domain.evaluate import Batch
from liushui.intake.domain.mapping import ITEMS_PREFIX, Mapping
from liushui.intake.readers import Opened, open_file, read_rows, require_columns

# DuckDB, Arrow and with it NumPy cost a process half a second and 60 MB, and few processes import files: they are
# loaded where they are first used.
if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

MEMORY = "256MB"
READ_ROWS = 4096
ROW, FIRST, CONTROL, FAULT = "__row", "__first", "__control", "__fault"

_MAY_NAME = frozenset({"VARCHAR", "BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"})
_PEOPLE = (  # for DuckDB, whose expressions (RE2) look neither back nor ahead
    r"(^|[^0-9MG])((\+|00)?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}($|[^0-9])"
    r"|[0-9A-Za-z_+-]@[0-9A-Za-z-]+\.[A-Za-z]"
)

OnRows = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Staged:
    """An ordered file: how many rows it has and what its control column sums to."""

    path: Path
    rows: int
    money: Decimal


@dataclass(frozen=True, slots=True)
class StagedRows:
    """A batch of ordered rows."""

    batch: Batch
    rows: list[int]
    firsts: list[int]
    controls: list[Decimal | None]
    faults: list[str | None]


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB of our own, with a memory limit and a spill folder."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    database = duckdb.connect()
    database.execute(f"SET memory_limit={literal(MEMORY)}")
    database.execute("SET threads=2")
    database.execute(f"SET temp_directory={literal(str(folder / 'spill'))}")
    database.execute("SET preserve_insertion_order=false")
    database.execute("SET TimeZone='UTC'")
    return database


def stage(opened: Opened, mapping: Mapping, items: Opened | None, folder: Path, on_rows: OnRows) -> Staged:
    """Write `ordered.parquet` into the folder: complete, or not there. Calling it again after a crash begins anew."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = folder / "ordered.parquet"
    require_columns(opened, mapping.sales_columns())
    if not ordered.exists():
        texts_path = None if opened.format == "parquet" else folder / "rows.parquet"
        if texts_path is not None:
            _write_texts(opened, mapping, texts_path, on_rows)
        items_path = stage_items(items, mapping, folder) if items is not None else None
        partial = folder / "ordered.partial"
        with connect(folder) as database:
            database.execute(_order_sql(database, opened, mapping, texts_path, items_path, partial))
        partial.replace(ordered)
        if texts_path is not None:
            texts_path.unlink()
    with connect(folder) as database:
        found = database.execute(
            f"SELECT count(*), COALESCE(sum({CONTROL}), 0) FROM read_parquet({literal(str(ordered))})"  # nosec B608  # our own names and marks, values are parameters
        ).fetchone()
    assert found is not None  # nosec B101  # for the type checker
    return Staged(ordered, found[0], Decimal(found[1]))


def stage_items(items: Opened, mapping: Mapping, folder: Path) -> Path:
    """The items file as Parquet; one that is Parquet already is used where it lies."""
    require_columns(items, mapping.items_columns())
    if items.format == "parquet":
        return items.path
    path = folder / "items.parquet"
    if not path.exists():
        _write(read_rows(items, mapping.file, mapping.items_columns()), path, lambda rows: None)
    return path


def open_items(path: Path, mapping: Mapping, *, name: str = "") -> Opened:
    """The items file, checked for its columns; its format is seen from its name."""
    items = open_file(path, mapping.file, name=name)
    require_columns(items, mapping.items_columns())
    return items


def read_ordered(path: Path, *, after: int) -> Iterator[StagedRows]:
    """Batches of the ordered file from the row after `after` on."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    skipped, groups = 0, list(range(file.num_row_groups))
    while groups and skipped + file.metadata.row_group(groups[0]).num_rows <= after:
        skipped += file.metadata.row_group(groups.pop(0)).num_rows
    for record_batch in file.iter_batches(batch_size=READ_ROWS, row_groups=groups):
        rest = record_batch
        if skipped < after:
            cut = min(after - skipped, record_batch.num_rows)
            skipped += cut
            rest = record_batch.slice(cut)
        if rest.num_rows:
            yield _staged_rows(rest)


def first_rows(opened: Opened, mapping: Mapping, items: Opened | None, folder: Path, limit: int) -> Path:
    """The first rows of a file in the form of an ordered file, for a preview."""
    require_columns(opened, mapping.sales_columns())
    texts_path = None
    if opened.format != "parquet":
        texts_path = folder / "rows.parquet"
        rows = next(read_rows(opened, mapping.file, mapping.sales_columns()), None)
        _write(iter([rows] if rows else []), texts_path, lambda _: None, names=_text_names(opened, mapping))
    items_path = stage_items(items, mapping, folder) if items is not None else None
    ordered = folder / "preview.parquet"
    with connect(folder) as database:
        database.execute(_order_sql(database, opened, mapping, texts_path, items_path, ordered, limit))
    return ordered


def names_people(path: Path, folder: Path, *, but: Sequence[str]) -> bool:
    """Whether a mobile number or an e-mail address stands in any column of an ordered file but these."""
    with connect(folder) as database:
        file = f"read_parquet({literal(str(path))})"
        described = database.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()  # nosec B608  # our own names
        looked_at = [
            f"regexp_matches(CAST({quoted(name)} AS VARCHAR), {literal(_PEOPLE)})"
            for name, kind, *_ in described
            if kind in _MAY_NAME and not name.startswith("__") and name not in but
        ]
        if not looked_at:
            return False
        found = database.execute(f"SELECT bool_or({' OR '.join(looked_at)}) FROM {file}").fetchone()  # nosec B608  # our own names and marks
    return bool(found and found[0])


def _staged_rows(batch: pa.RecordBatch) -> StagedRows:
    columns = {name: batch.column(i).to_pylist() for i, name in enumerate(batch.schema.names)}
    rows, firsts, controls = columns.pop(ROW), columns.pop(FIRST), columns.pop(CONTROL)
    faults = columns.pop(FAULT)
    return StagedRows(Batch(columns, len(rows)), rows, firsts, controls, faults)


def _text_names(opened: Opened, mapping: Mapping) -> Sequence[str]:
    return (*sorted(mapping.sales_columns()), "__line") if opened.format == "jsonl" else opened.columns


def _write_texts(opened: Opened, mapping: Mapping, path: Path, on_rows: OnRows) -> None:
    _write(read_rows(opened, mapping.file, mapping.sales_columns()), path, on_rows, names=_text_names(opened, mapping))


def _write(batches: Iterator[Any], path: Path, on_rows: OnRows, names: Sequence[str] | None = None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    done = 0
    partial = path.with_suffix(".partial")
    for rows in batches:
        table = pa.table(
            {ROW: pa.array(rows.numbers, pa.int64()), FAULT: pa.array(rows.faults, pa.string())}
            | {name: pa.array(cells, pa.string()) for name, cells in rows.columns.items()}
        )
        writer = writer or pq.ParquetWriter(partial, table.schema, compression="zstd")
        writer.write_table(table)
        done += table.num_rows
        on_rows(done)
    if writer is None:
        fields = [(ROW, pa.int64()), (FAULT, pa.string()), *((name, pa.string()) for name in names or ())]
        writer = pq.ParquetWriter(partial, pa.schema(fields))
    writer.close()
    partial.replace(path)


def _order_sql(
    database: duckdb.DuckDBPyConnection,
    opened: Opened,
    mapping: Mapping,
    texts_path: Path | None,
    items_path: Path | None,
    out: Path,
    limit: int | None = None,
) -> str:
    if texts_path is not None:
        rows = f"SELECT * FROM read_parquet({literal(str(texts_path))})"  # nosec B608  # our own names
        texts = frozenset(opened.columns) | mapping.sales_columns()
    else:
        file = f"read_parquet({literal(str(opened.path))}, file_row_number=true)"
        described = database.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()  # nosec B608  # our own names
        texts = frozenset(name for name, kind, *_ in described if kind == "VARCHAR")
        plain = ", ".join(_plain_column(name, kind) for name, kind, *_ in described if name != "file_row_number")
        rows = f"SELECT file_row_number + 1 AS {ROW}, CAST(NULL AS VARCHAR) AS {FAULT}, {plain} FROM {file}"  # nosec B608  # our own names and marks, values are parameters
    if limit is not None:
        rows = f"SELECT * FROM ({rows}) ORDER BY {ROW} LIMIT {limit}"  # nosec B608  # our own names
    joined, item_names = "", ""
    if items_path is not None and mapping.items is not None:
        names = sorted(name.removeprefix(ITEMS_PREFIX) for name in mapping.columns() if name.startswith(ITEMS_PREFIX))
        item_names = "".join(f", i.{quoted(name)} AS {quoted(ITEMS_PREFIX + name)}" for name in names)
        key = quoted(mapping.items.key)
        joined = (
            f" LEFT JOIN (SELECT DISTINCT ON (CAST({key} AS VARCHAR)) *"
            f" FROM read_parquet({literal(str(items_path))})) i"  # nosec B608  # our own names
            f" ON CAST(r.{quoted(mapping.items.sales_key)} AS VARCHAR) = CAST(i.{key} AS VARCHAR)"
        )
        texts |= frozenset(ITEMS_PREFIX + name for name in names)
    ids = [f"NULLIF(trim(CAST({quoted(name)} AS VARCHAR)), '')" for name in mapping.id_columns]
    whole = " AND ".join(f"{part} IS NOT NULL" for part in ids)
    # A row without a number is a document of its own; \x1f keeps parts of a compound number apart.
    key = f"CASE WHEN {whole} THEN 'd' || {' || chr(31) || '.join(ids)} ELSE 'r' || {ROW} END"
    return (
        f"COPY (SELECT *, min({ROW}) OVER (PARTITION BY {key}) AS {FIRST}, {amount_sql(mapping, texts)} AS {CONTROL}"
        f" FROM (SELECT r.*{item_names} FROM ({rows}) r{joined}) ORDER BY {FIRST}, {ROW})"
        f" TO {literal(str(out))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"  # nosec B608  # our own names and marks, values are parameters
    )


def _plain_column(name: str, kind: str) -> str:
    """Nanosecond times as microseconds, which Python's own datetime can hold."""
    return f"CAST({quoted(name)} AS TIMESTAMP) AS {quoted(name)}" if kind == "TIMESTAMP_NS" else quoted(name)


def distinct(path: Path, columns: Sequence[str], others: Sequence[str], folder: Path) -> Iterator[Batch]:
    """Every combination of some columns that occurs, with the commonest value of the others beside it."""
    names = ", ".join(quoted(name) for name in columns)
    modes = "".join(f", mode({quoted(name)}) AS {quoted(name)}" for name in others if name not in columns)
    with connect(folder) as database:
        cursor = database.execute(
            f"SELECT {names}{modes} FROM read_parquet({literal(str(path))}) GROUP BY {names} ORDER BY {names}"  # nosec B608  # our own names and marks, values are parameters
        )
        heads = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(READ_ROWS):
            yield Batch(dict(zip(heads, map(list, zip(*rows, strict=True)), strict=True)), len(rows))


__all__ = [
    "CONTROL",
    "EXACT",
    "Staged",
    "StagedRows",
    "connect",
    "distinct",
    "first_rows",
    "open_items",
    "read_ordered",
    "stage",
]

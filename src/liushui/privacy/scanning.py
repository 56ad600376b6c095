"""Looks for personal data where it should not be: every text column of the database, every file of a folder.

What looks like a mobile number or an e-mail address is looked up by blind index, so that a finding is a number of
somebody kept here, and an order number that happens to look like one is none. Findings never repeat the number.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from liushui.privacy import vault
from liushui.privacy.domain.personal import normalised
from liushui.privacy.errors import InvalidPersonalData
from liushui.privacy.models import BlindIndexRow, SubjectRow

_MOBILE = re.compile(r"(?<![0-9])(?:\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
_PATTERNS = (("phone", _MOBILE), ("email", _EMAIL))
_TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.BigIntegerField)
_ROWS_AT_ONCE, _BYTES_AT_ONCE, _OVERLAP = 2_000, 1 << 22, 512
_SKIPPED_FOLDERS = {"static", "workers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Somebody's data in clear. `where` is table.column or a file; `people` how many people's, not who."""

    where: str
    field: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What was looked at, and what was found."""

    columns: int
    rows: int
    files: int
    leaks: tuple[Leak, ...]


def scan(*, folders: Collection[Path] = ()) -> ScanReport:
    """Look through every table of this database and every file of these folders."""
    chain_ids = tuple(SubjectRow.objects.order_by().values_list("chain_id", flat=True).distinct())
    leaks: list[Leak] = []
    columns = rows = files = 0
    for model in apps.get_models(include_auto_created=True):
        for column in model._meta.concrete_fields:
            if isinstance(column, _TEXTS):
                columns += 1
                found: set[tuple[str, str]] = set()
                for texts in _batches(model, str(column.attname)):
                    rows += len(texts)
                    found |= _looks_like("\n".join(texts))
                leaks += _known(f"{model._meta.db_table}.{column.column}", found, chain_ids)
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
            if not _SKIPPED_FOLDERS & set(file.relative_to(folder).parts):
                files += 1
                leaks += scan_file(path=file, where=str(file.relative_to(folder)), chain_ids=chain_ids)
    return ScanReport(columns=columns, rows=rows, files=files, leaks=tuple(leaks))


def scan_file(*, path: Path, where: str, chain_ids: Collection[int]) -> list[Leak]:
    """Look through one file; what is packed by zip (workbooks too) or gzip is unpacked on the way."""
    found: set[tuple[str, str]] = set()
    for text in _texts_of(path):
        found |= _looks_like(text)
    return _known(where, found, chain_ids)


def _texts_of(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(file) as unpacked:
                yield from _pieces(unpacked)
        elif start == b"PK\x03\x04" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as whole:
                for name in whole.namelist():
                    with whole.open(name) as part:
                        yield from _pieces(part)
        else:
            yield from _pieces(file)


def _pieces(stream: Any) -> Iterator[str]:
    """Pieces that overlap, so that nothing hides on a border."""
    tail = b""
    while block := stream.read(_BYTES_AT_ONCE):
        yield (tail + block).decode("latin-1")
        tail = block[-_OVERLAP:]


def _batches(model: type[models.Model], name: str) -> Iterator[list[str]]:
    batch: list[str] = []
    values = model._default_manager.exclude(**{name: None}).order_by().values_list(name, flat=True)
    for value in values.iterator(chunk_size=_ROWS_AT_ONCE):
        batch.append(_text(value))
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    yield batch


def _text(value: Any) -> str:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("latin-1")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _looks_like(text: str) -> set[tuple[str, str]]:
    return {(field, match) for field, pattern in _PATTERNS for match in pattern.findall(text)}


def _known(where: str, found: Iterable[tuple[str, str]], chain_ids: Collection[int]) -> list[Leak]:
    """The leaks among what was found: those that are somebody's."""
    by_field: dict[str, list[bytes]] = {}
    for field, text in sorted(found):
        try:
            value = normalised(field=field, value=text)
        except InvalidPersonalData:
            continue
        by_field.setdefault(field, []).extend(
            digest
            for chain_id in chain_ids
            for digest in vault.blind_indexes(chain_id=chain_id, field=field, value=value).values()
        )
    leaks = []
    for field, digests in by_field.items():
        people: set[UUID] = set()
        for at in range(0, len(digests), _ROWS_AT_ONCE):
            rows = BlindIndexRow.objects.filter(
                chain_id__in=chain_ids, field_name=field, digest__in=digests[at : at + _ROWS_AT_ONCE]
            )
            people |= set(rows.values_list("subject_id", flat=True))
        if people:
            leaks.append(Leak(where=where, field=field, people=len(people)))
    return leaks

"""Is a workbook what it seems? A few kilobytes of Excel can unpack to gigabytes, or name a cell so far out that the
table around it fills the memory. Looked at before it is unpacked, with memory that stays flat.

Formats: ECMA-376 (.xlsx, .xlsm), [MS-XLSB] (.xlsb), OASIS ODF 1.3 (.ods). The old .xls has 65,536 rows of 256 cells at
most and is not packed.
"""

from __future__ import annotations

import functools
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from liushui.kernel.errors import InvalidValue

UNPACKED_BYTES_MAX = 1_000_000_000
CELLS_MAX = 24_000_000  # of the rectangle that holds all cells in use, 32 bytes each; a million rows of 23 columns
_PARTS_MAX = 10_000
_CHUNK = 1 << 20
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,8})["']""")
_REPEATED = re.compile(rb"""number-(columns|rows)-repeated\s*=\s*["']([0-9]{1,12})["']([^>]{0,200})""")
_OVERLAP = 400  # a reference may stand across two chunks
_BINARY_BYTES_MAX = 64_000_000
_LAST_CELL_RECORD = 11  # 0 is a row, 1 to 11 are cells
_ODS_REPEATS_MAX = 2_000_000  # a sheet's empty rest is written as some 16,384 columns and a million rows


class WorkbookTooLarge(InvalidValue):
    """The workbook unpacks to more than this server takes."""

    type = "workbook-too-large"


def check_workbook(*, path: Path) -> None:
    """Raise WorkbookTooLarge for what would not fit. What is no packed workbook passes: who reads it says so."""
    found = path.stat()
    _check(str(path), found.st_size, found.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _check(path: str, size: int, changed: int) -> None:
    try:
        with zipfile.ZipFile(path) as book, Path(path).open("rb") as file:
            parts = book.infolist()
            if len(parts) > _PARTS_MAX:
                raise _refusal(f"it has {len(parts):,} parts")
            unpacked = 0
            for part in parts:
                look = _look(part.filename)
                unpacked = look.take(_unpacked(file, part), unpacked)
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError):
        return


def _refusal(reason: str) -> WorkbookTooLarge:
    return WorkbookTooLarge(
        f"The workbook is too large to be read: {reason}", remedy="Save the sheet as CSV, or send it in parts."
    )


def _unpacked(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part as they are, whatever its head says of their number."""
    file.seek(part.header_offset)
    head = file.read(30)
    name, extra = struct.unpack("<HH", head[26:30])
    file.seek(part.header_offset + 30 + name + extra)
    left = part.compress_size
    stream = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        packed = file.read(min(_CHUNK, left))
        if not packed:
            return
        left -= len(packed)
        if stream is None:
            yield packed
            continue
        while packed:
            yield stream.decompress(packed, _CHUNK)
            packed = stream.unconsumed_tail


class _Look:
    """Counts bytes; what a part of a sheet says beyond them is for the others."""

    def take(self, chunks: Iterator[bytes], unpacked: int) -> int:
        """The number of bytes so far, of all parts together."""
        before = b""
        for chunk in chunks:
            unpacked += len(chunk)
            if unpacked > UNPACKED_BYTES_MAX:
                raise _refusal(f"it unpacks to more than {UNPACKED_BYTES_MAX:,} bytes")
            self.see(before + chunk)
            before = chunk[-_OVERLAP:]
        return unpacked

    def see(self, text: bytes) -> None:
        """Look at some bytes."""


class _Sheet(_Look):
    """A sheet of .xlsx: the rectangle from the first to the last cell that is named."""

    def __init__(self) -> None:
        self.columns = self.rows = 1

    def see(self, text: bytes) -> None:
        for letters, digits in set(_REFERENCE.findall(text)):
            column = 0
            for letter in letters.upper():
                column = column * 26 + letter - 64
            self.columns, self.rows = max(self.columns, column), max(self.rows, int(digits))
        if self.columns * self.rows > CELLS_MAX:
            raise _refusal(f"its cells lie in a table of {self.rows:,} rows and {self.columns:,} columns")


class _Repeats(_Look):
    """The content of .ods: a cell with something in it that is said to stand there very often."""

    def see(self, text: bytes) -> None:
        for _kind, digits, rest in _REPEATED.findall(text):
            times = int(digits)
            holds_something = b"value" in rest or b"formula" in rest
            if times > _ODS_REPEATS_MAX or (holds_something and times > 20_000):
                raise _refusal(f"it repeats a cell {times:,} times")


class _BinarySheet(_Look):
    """A sheet of .xlsb: records of a type, a length and a body, of which rows and cells begin with their number."""

    def __init__(self) -> None:
        self.body = bytearray()

    def take(self, chunks: Iterator[bytes], unpacked: int) -> int:
        for chunk in chunks:
            self.body += chunk
            if len(self.body) > _BINARY_BYTES_MAX:
                raise _refusal(f"a sheet of .xlsb is read up to {_BINARY_BYTES_MAX:,} bytes")
        rows = columns = place = 0
        while place < len(self.body):
            kind, place = self._number(place, 2)
            length, place = self._number(place, 4)
            if kind <= _LAST_CELL_RECORD and length >= 4:
                [number] = struct.unpack_from("<I", self.body, place)
                rows, columns = (max(rows, number), columns) if kind == 0 else (rows, max(columns, number))
            place += length
        if (rows + 1) * (columns + 1) > CELLS_MAX:
            raise _refusal(f"its cells lie in a table of {rows + 1:,} rows and {columns + 1:,} columns")
        return unpacked + len(self.body)

    def _number(self, place: int, bytes_max: int) -> tuple[int, int]:
        """(a number of seven bits a byte, the place behind it)."""
        number = 0
        for index in range(bytes_max):
            byte = self.body[place + index] if place + index < len(self.body) else 0
            number |= (byte & 0x7F) << (7 * index)
            if not byte & 0x80:
                break
        return number, place + index + 1


def _look(name: str) -> _Look:
    if name.startswith("xl/worksheets/") and name.endswith(".xml"):
        return _Sheet()
    if name.startswith("xl/worksheets/") and name.endswith(".bin"):
        return _BinarySheet()
    if name == "content.xml":
        return _Repeats()
    return _Look()

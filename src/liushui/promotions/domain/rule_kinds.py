"""The kinds of values that fields of a rulebook take: how each is read, written, and named in the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from liushui.kernel.strict_json import INTEGER_MAX, shown
from liushui.promotions.domain.documents import basis_points, percent, strict

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of value. `zh` and `en` say in the reference what may stand there, with unit and range."""

    read: Callable[[Any, str], Any]
    write: Callable[[Any], Any]
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a document: its name there, the kind of its value, what it means when left out, and why it is there.

    `attribute` is its name in the dataclass where that differs.
    """

    name: str
    kind: Kind
    zh: str
    en: str
    required: bool = False
    default: Any = None
    attribute: str = ""

    @property
    def stored(self) -> str:
        """Its name in the dataclass."""
        return self.attribute or self.name


def _same(value: Any) -> Any:
    return value


def whole(*, low: int, high: int = INTEGER_MAX, zh: str, en: str) -> Kind:
    """A whole number from low to high."""
    return Kind(read=lambda value, at: strict.integer(value, at=at, low=low, high=high), write=_same, zh=zh, en=en)


def word(*among: str) -> Kind:
    """One of the given words."""
    listed = " \\| ".join(f"`{each}`" for each in among)
    return Kind(read=lambda value, at: strict.choice(value, at=at, among=among), write=_same, zh=listed, en=listed)


def _read_set(value: Any, at: str) -> frozenset[str]:
    return frozenset(strict.texts(value, at=at))


def _read_set_or_none(value: Any, at: str) -> frozenset[str] | None:
    return frozenset(strict.texts(value, at=at, least=0)) or None


def _read_node_set(value: Any, at: str) -> frozenset[str]:
    nodes = strict.texts(value, at=at)
    for index, node in enumerate(nodes):
        if not all(node.split("/")):
            strict.invalid(
                f"{node!r} is not a path of categories", at=f"{at}[{index}]", remedy="Write food/snacks/chips."
            )
    return frozenset(nodes)


def _read_node_set_or_none(value: Any, at: str) -> frozenset[str] | None:
    return _read_node_set(value, at) if value != [] else None


def read_tiers(value: Any, at: str, *, of: Callable[[Any, str], int]) -> tuple[tuple[int, int], ...]:
    """[[from, value], …], from ascending without repetition."""
    tiers: list[tuple[int, int]] = []
    for index, each in enumerate(strict.elements(value, at=at, least=1, most=1000)):
        here = f"{at}[{index}]"
        pair = strict.elements(each, at=here)
        if len(pair) != 2:
            strict.invalid("A tier is a pair [from, value]", at=here, remedy="Write [20000, 3000].")
        start = strict.integer(pair[0], at=f"{here}[0]")
        if tiers and start <= tiers[-1][0]:
            strict.invalid(
                f"Tiers ascend: {start} comes after {tiers[-1][0]}", at=f"{here}[0]", remedy="Put the lowest first."
            )
        tiers.append((start, of(pair[1], f"{here}[1]")))
    return tuple(tiers)


def _percent_value(value: Any, at: str) -> int:
    return basis_points(value, at=at)


def _money_value(value: Any, at: str) -> int:
    return strict.integer(value, at=at)


def _read_minute(value: Any, at: str) -> int:
    read = strict.text(value, at=at)
    match = _CLOCK.fullmatch(read)
    if match is None:
        strict.invalid(f"{shown(read)} is not a time of day", at=at, remedy="Write 09:30; a day ends at 24:00.")
    return 1440 if read == "24:00" else int(match[1]) * 60 + int(match[2])


def _read_hours(value: Any, at: str) -> tuple[tuple[int, int], ...]:
    given = strict.elements(value, at=at, least=1, most=100)
    bare = all(isinstance(each, str) for each in given)
    pairs = [given] if bare else given
    hours = []
    for index, each in enumerate(pairs):
        here = at if bare else f"{at}[{index}]"
        pair = strict.elements(each, at=here)
        if len(pair) != 2:
            strict.invalid("Hours are pairs of times", at=here, remedy='Write ["10:00", "14:00"].')
        start, end = (_read_minute(minute, f"{here}[{side}]") for side, minute in enumerate(pair))
        if start in (end, 1440):
            strict.invalid("These hours are empty", at=here, remedy='For the whole day write ["00:00", "24:00"].')
        hours.append((start, end))
    return tuple(hours)


def _write_hours(hours: Iterable[tuple[int, int]]) -> list[list[str]]:
    return [[f"{minute // 60:02}:{minute % 60:02}" for minute in pair] for pair in hours]


def _read_weekdays(value: Any, at: str) -> frozenset[int]:
    given = strict.elements(value, at=at, least=1)
    days = [strict.integer(day, at=f"{at}[{index}]", low=1, high=7) for index, day in enumerate(given)]
    if len(set(days)) != len(days):
        strict.invalid("A weekday stands twice in the list", at=at)
    return frozenset(days)


def _read_names(value: Any, at: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        strict.invalid(f"Names by language are wanted; {shown(value)} was given", at=at, remedy='Write {"zh": …}.')
    for language in value:
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            strict.invalid(f"{shown(language)} is not a language", at=at, remedy="Write zh or en.")
    return {language: strict.text(name, at=f"{at}.{language}") for language, name in value.items()}


def _write_instant(instant: datetime) -> str:
    return instant.isoformat()


def _write_tiers_percent(tiers: Iterable[tuple[int, int]]) -> list[list[int | str]]:
    return [[start, percent(value)] for start, value in tiers]


def _write_tiers_money(tiers: Iterable[tuple[int, int]]) -> list[list[int]]:
    return [list(tier) for tier in tiers]


def scalar(value: Any, at: str) -> int | str | bool:
    """A value of a member's attribute: a whole number, a text, true or false."""
    if type(value) is bool:
        return value
    if type(value) is int:
        return strict.integer(value, at=at, low=-INTEGER_MAX)
    return strict.text(value, at=at, longest=400, empty=True)


def _read_attribute(value: Any, at: str) -> int | str | bool | tuple[int | str | bool, ...]:
    if isinstance(value, list):
        given = strict.elements(value, at=at, least=1)
        return tuple(scalar(each, f"{at}[{index}]") for index, each in enumerate(given))
    return scalar(value, at)


def _write_attribute(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


MONEY = whole(low=0, zh="整数，最小货币单位，≥ 0", en="whole number of minor units, ≥ 0")
STEP = whole(low=1, zh="整数，最小货币单位，≥ 1", en="whole number of minor units, ≥ 1")
COUNT = whole(low=1, high=1_000_000, zh="整数，1 至 1,000,000", en="whole number, 1 to 1,000,000")
USES = whole(low=0, zh="整数，≥ 0", en="whole number, ≥ 0")
RANK = whole(low=-1_000_000, high=1_000_000, zh="整数，−1,000,000 至 1,000,000", en="whole number, ±1,000,000 at most")
DAYS = whole(low=0, high=366, zh="整数，天，0 至 366", en="whole number of days, 0 to 366")
POINTS = whole(low=1, high=10**9, zh="整数，积分，≥ 1", en="whole number of points, ≥ 1")
FACTOR = whole(
    low=1, high=10_000_000, zh="整数，基点，≥ 1（20000 为双倍）", en="whole number of basis points, ≥ 1 (20000 doubles)"
)
PERCENT = Kind(
    read=_percent_value,
    write=percent,
    zh="百分数，大于 0 至 100，最多两位小数，数字或文本",
    en="percent above 0 and up to 100 with at most two decimals, number or text",
)
PERCENT_OR_ZERO = Kind(
    read=lambda value, at: basis_points(value, at=at, zero=True),
    write=percent,
    zh="百分数，0 至 100，最多两位小数",
    en="percent from 0 to 100 with at most two decimals",
)
ATTRIBUTE = Kind(
    read=_read_attribute,
    write=_write_attribute,
    zh="整数、文本、true、false，或它们的列表",
    en="whole number, text, true, false, or a list of them",
)
TEXT = Kind(read=lambda value, at: strict.text(value, at=at), write=_same, zh="文本", en="text")
FLAG = Kind(read=lambda value, at: strict.flag(value, at=at), write=_same, zh="true 或 false", en="true or false")
TEXTS = Kind(read=_read_set, write=sorted, zh="文本列表，至少一项", en="list of texts, at least one")
TEXTS_OR_NONE = Kind(read=_read_set_or_none, write=sorted, zh="文本列表", en="list of texts")
NODES = Kind(
    read=_read_node_set,
    write=sorted,
    zh="品类路径列表，含其下所有品类",
    en="list of category paths, each with its subtree",
)
NODES_OR_NONE = Kind(
    read=_read_node_set_or_none,
    write=sorted,
    zh="品类路径列表，含其下所有品类",
    en="list of category paths, each with its subtree",
)
IDS = Kind(
    read=lambda value, at: frozenset(strict.texts(value, at=at, least=0)),
    write=sorted,
    zh="促销编号列表",
    en="list of promotion ids",
)
INSTANT = Kind(
    read=lambda value, at: strict.instant(value, at=at),
    write=_write_instant,
    zh="带时差的日期时间",
    en="date and time with offset",
)
WEEKDAYS = Kind(
    read=_read_weekdays, write=sorted, zh="1（周一）至 7（周日）的列表", en="list of 1 (Monday) to 7 (Sunday)"
)
HOURS = Kind(
    read=_read_hours,
    write=_write_hours,
    zh='时段列表 `[["10:00", "14:00"], …]`，含起不含止，可跨午夜；只有一段时可直接写 `["10:00", "14:00"]`',
    en='list of `["10:00", "14:00"]`, end exclusive, may pass midnight; a single pair may stand alone',
)
NAMES = Kind(
    read=_read_names,
    write=dict,
    zh='按语言的名称，如 `{"zh": …, "en": …}`',
    en='names by language, `{"zh": …, "en": …}`',
)
TIERS_PERCENT = Kind(
    read=lambda value, at: read_tiers(value, at, of=_percent_value),
    write=_write_tiers_percent,
    zh="`[[起点, 百分数], …]`，起点递增",
    en="`[[from, percent], …]`, ascending",
)
TIERS_MONEY = Kind(
    read=lambda value, at: read_tiers(value, at, of=_money_value),
    write=_write_tiers_money,
    zh="`[[起点, 金额], …]`，起点递增，金额为最小货币单位",
    en="`[[from, amount], …]`, ascending, amounts in minor units",
)

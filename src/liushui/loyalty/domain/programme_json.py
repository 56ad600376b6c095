"""The JSON form of a programme: read strictly, written in normal form, named by its digest.

Normal form: every field present but empty conditions and a multiplier of once, in the order below, tables as given,
lists of conditions sorted. Reading what was written gives the same programme, and writing it the same text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any, TypeVar, cast, get_args

from liushui.kernel.strict_json import StrictJson, shown
from liushui.loyalty.domain.programme import (
    ONCE_BP,
    Benefit,
    BonusRow,
    EarnRow,
    Level,
    Match,
    Programme,
    Redemption,
    SpendOrder,
    Validity,
)
from liushui.loyalty.errors import InvalidProgramme

_T = TypeVar("_T")
FORMAT = 1
ROWS_MAX, LEVELS_MAX, WORDS_MAX = 500, 50, 200
CARD_MONTHS_MAX, CARD_MONTHS_MIN_CNY = 240, 36
MULTIPLIER_MAX_BP = 1_000_000  # a hundred times
TENDERS = ("cash", "card", "mobile", "other", "points", "stored_value", "gift_card")
_CODE_MAX, _NAME_MAX = 64, 128  # as promotions take tiers
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_CONDITIONS = ("tiers", "categories", "channels", "weekdays", "month_days", "hours")

strict = StrictJson(
    error=InvalidProgramme,
    number_remedy="Write minor units, points and basis points.",
    takes_fractions=False,
    bytes_max=1024 * 1024,
    integer_max=10**13,
)
EMPTY: Mapping[str, Any] = {
    "format": FORMAT,
    "currency": "CNY",
    "earning": {"match": "first", "tenders_without_points": ["points"], "rows": []},
    "validity": {"kind": "never"},
    "redemption": None,
    "tiers": {"window_months": 12, "levels": []},
    "stored_value": {"spend_order": "principal_first", "top_up_bonus": []},
    "birthday": None,
    "anniversary": None,
}


def read_programme(document: str | bytes | Mapping[str, Any]) -> Programme:
    """The programme of a document, with its digest. Raises InvalidProgramme, whose pointer is the path."""
    value = document if isinstance(document, Mapping) else strict.loads(document)
    fields = _fields(value, at="", required=EMPTY)
    if fields["format"] != FORMAT:
        strict.invalid(f"This is not format {FORMAT}", at="format")
    earning = _fields(fields["earning"], at="earning", required=("match", "tenders_without_points", "rows"))
    tiers = _fields(fields["tiers"], at="tiers", required=("window_months", "levels"))
    value_rules = _fields(
        fields["stored_value"], at="stored_value", required=("spend_order", "top_up_bonus"),
        optional=("gift_card_months",),
    )  # fmt: skip
    levels = _levels(tiers["levels"])
    read = Programme(
        currency=_currency(fields["currency"]),
        match=cast(Match, strict.choice(earning["match"], at="earning.match", among=get_args(Match))),
        tenders_without_points=_tenders(earning["tenders_without_points"]),
        earn_rows=_earn_rows(earning["rows"], levels),
        validity=_validity(fields["validity"]),
        redemption=_redemption(fields["redemption"]),
        window_months=strict.integer(tiers["window_months"], at="tiers.window_months", low=1, high=120),
        levels=levels,
        spend_order=cast(
            SpendOrder,
            strict.choice(value_rules["spend_order"], at="stored_value.spend_order", among=get_args(SpendOrder)),
        ),
        bonus_rows=_bonus_rows(value_rules["top_up_bonus"]),
        gift_card_months=_card_months(value_rules.get("gift_card_months", 0), str(fields["currency"])),
        birthday=_benefit(fields["birthday"], at="birthday"),
        anniversary=_benefit(fields["anniversary"], at="anniversary"),
    )
    return replace(read, digest=digest_of(read))


def write_programme(programme: Programme) -> dict[str, Any]:
    """The programme in normal form."""
    return {
        "format": FORMAT,
        "currency": programme.currency,
        "earning": {
            "match": programme.match,
            "tenders_without_points": list(programme.tenders_without_points),
            "rows": [write_earn_row(row) for row in programme.earn_rows],
        },
        "validity": _written_validity(programme.validity),
        "redemption": None
        if programme.redemption is None
        else {
            "points": programme.redemption.points,
            "minor": programme.redemption.minor,
            "max_share_bp": programme.redemption.max_share_bp,
        },
        "tiers": {
            "window_months": programme.window_months,
            "levels": [
                {
                    "code": level.code,
                    "name_zh": level.name_zh,
                    "name_en": level.name_en,
                    "spend_minor": level.spend_minor,
                    "grace_days": level.grace_days,
                }
                for level in programme.levels
            ],
        },
        "stored_value": {
            "spend_order": programme.spend_order,
            "top_up_bonus": [
                {"paid_minor": row.paid_minor, "gift_minor": row.gift_minor} for row in programme.bonus_rows
            ],
            # only where it is set, so that the digest of what was published before is what it was
            **({"gift_card_months": programme.gift_card_months} if programme.gift_card_months else {}),
        },
        "birthday": _written_benefit(programme.birthday),
        "anniversary": _written_benefit(programme.anniversary),
    }


def write_earn_row(row: EarnRow) -> dict[str, Any]:
    """One row of the earn table; conditions that it lacks are left out."""
    written: dict[str, Any] = {name: list(getattr(row, name)) for name in _CONDITIONS if getattr(row, name)}
    if row.hours:
        written["hours"] = [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in row.hours]
    written |= {"points": row.points, "per_minor": row.per_minor}
    return written if row.multiplier_bp == ONCE_BP else written | {"multiplier_bp": row.multiplier_bp}


def normal_text(programme: Programme) -> str:
    """The document as it is stored."""
    return json.dumps(write_programme(programme), ensure_ascii=False, separators=(",", ":"))


def digest_of(programme: Programme) -> str:
    """What names the content: sha256 of the normal form."""
    return f"sha256:{hashlib.sha256(normal_text(programme).encode()).hexdigest()}"


def published(*, document: str, chain_id: int, number: int, starts_at: datetime) -> Programme:
    """A stored document as the version that it is."""
    return replace(read_programme(document), chain_id=chain_id, number=number, starts_at=starts_at)


def _fields(value: Any, *, at: str, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """An object in which every one of the required fields stands, and none that is unknown."""
    needed = tuple(required)
    return strict.members(value, at=at, known=frozenset((*needed, *optional)), required=needed)


def _several(value: Any, *, at: str, most: int, read: Callable[[Any, str], _T]) -> tuple[_T, ...]:
    return strict.several(value, at=at, most=most, read=read, remedy="Keep one of them.")


def _card_months(value: Any, currency: str) -> int:
    """Months, 0 for no end. In China cards without a name are good for three years at least: decision 0193."""
    at = "stored_value.gift_card_months"
    months = strict.integer(value, at=at, low=0, high=CARD_MONTHS_MAX)
    if currency == "CNY" and 0 < months < CARD_MONTHS_MIN_CNY:
        strict.invalid(
            f"A gift card without a name is good for {CARD_MONTHS_MIN_CNY} months at least", at=at,
            remedy="Write 36 or more, or 0 for no end.",
        )  # fmt: skip
    return months


def _currency(value: Any) -> str:
    read = strict.line(value, at="currency", longest=3)
    if len(read) != 3 or not (read.isascii() and read.isalpha() and read.isupper()):
        strict.invalid(f"{read!r} is not a currency", at="currency", remedy="Write CNY.")
    return read


def _tenders(value: Any) -> tuple[str, ...]:
    at = "earning.tenders_without_points"
    read = _several(
        value, at=at, most=len(TENDERS), read=lambda each, path: strict.choice(each, at=path, among=TENDERS)
    )
    if "points" not in read:
        strict.invalid("What is paid with points earns none", at=at, remedy="Add points to the list.")
    return tuple(sorted(read))


def _earn_rows(value: Any, levels: tuple[Level, ...]) -> tuple[EarnRow, ...]:
    at = "earning.rows"
    codes = [level.code for level in levels]
    return tuple(
        _earn_row(each, at=f"{at}[{index}]", codes=codes)
        for index, each in enumerate(strict.elements(value, at=at, most=ROWS_MAX))
    )


def _earn_row(value: Any, *, at: str, codes: list[str]) -> EarnRow:
    row = _fields(value, at=at, required=("points", "per_minor"), optional=(*_CONDITIONS, "multiplier_bp"))

    def words(name: str, longest: int) -> tuple[str, ...]:
        return tuple(sorted(
            _several(
                row.get(name, ()), at=f"{at}.{name}", most=WORDS_MAX,
                read=lambda each, path: strict.line(each, at=path, longest=longest),
            )
        ))  # fmt: skip

    def numbers(name: str, high: int) -> tuple[int, ...]:
        return tuple(sorted(
            _several(
                row.get(name, ()), at=f"{at}.{name}", most=high,
                read=lambda each, path: strict.integer(each, at=path, low=1, high=high),
            )
        ))  # fmt: skip

    tiers = words("tiers", _CODE_MAX)
    for code in tiers:
        if code not in codes:
            strict.invalid(
                f"There is no tier {code!r} in this programme", at=f"{at}.tiers", remedy="Add the tier, or take it out."
            )
    return EarnRow(
        tiers=tiers,
        categories=words("categories", 200),
        channels=words("channels", 32),
        weekdays=numbers("weekdays", 7),
        month_days=numbers("month_days", 31),
        hours=tuple(sorted(_several(row.get("hours", ()), at=f"{at}.hours", most=24, read=_span))),
        points=strict.integer(row["points"], at=f"{at}.points", high=1_000_000),
        per_minor=strict.integer(row["per_minor"], at=f"{at}.per_minor", low=1, high=10**9),
        multiplier_bp=strict.integer(
            row.get("multiplier_bp", ONCE_BP), at=f"{at}.multiplier_bp", low=1, high=MULTIPLIER_MAX_BP
        ),
    )


def _span(value: Any, at: str) -> tuple[time, time]:
    ends = strict.elements(value, at=at, most=2)
    if len(ends) != 2:
        strict.invalid("A span of hours has a start and an end", at=at, remedy='Write ["19:00", "22:00"].')
    start, end = _clock(ends[0], at=f"{at}[0]"), _clock(ends[1], at=f"{at}[1]")
    if start == end:
        strict.invalid("The span ends when it starts", at=at, remedy="Leave the hours out for the whole day.")
    return start, end


def _clock(value: Any, *, at: str) -> time:
    """A time of day, hours and minutes."""
    match = _CLOCK.fullmatch(value) if type(value) is str else None
    if match is None:
        strict.invalid(f"{shown(value)} is not a time of day", at=at, remedy="Write 08:30 or 22:00.")
    return time(int(match[1]), int(match[2]))


def _validity(value: Any) -> Validity:
    kind = strict.choice(
        value.get("kind") if isinstance(value, Mapping) else value,
        at="validity.kind",
        among=("never", "months", "year_end"),
    )
    if kind == "never":
        _fields(value, at="validity", required=("kind",))
        return Validity()
    if kind == "months":
        fields = _fields(value, at="validity", required=("kind", "months"))
        return Validity(kind="months", count=strict.integer(fields["months"], at="validity.months", low=1, high=120))
    fields = _fields(value, at="validity", required=("kind", "years"))
    return Validity(kind="year_end", count=strict.integer(fields["years"], at="validity.years", high=10))


def _written_validity(validity: Validity) -> dict[str, Any]:
    if validity.kind == "never":
        return {"kind": "never"}
    return {"kind": validity.kind, "months" if validity.kind == "months" else "years": validity.count}


def _redemption(value: Any) -> Redemption | None:
    if value is None:
        return None
    fields = _fields(value, at="redemption", required=("points", "minor", "max_share_bp"))
    return Redemption(
        points=strict.integer(fields["points"], at="redemption.points", low=1, high=10**6),
        minor=strict.integer(fields["minor"], at="redemption.minor", low=1, high=10**6),
        max_share_bp=strict.integer(fields["max_share_bp"], at="redemption.max_share_bp", low=1, high=ONCE_BP),
    )


def _levels(value: Any) -> tuple[Level, ...]:
    read: list[Level] = []
    for index, each in enumerate(strict.elements(value, at="tiers.levels", most=LEVELS_MAX)):
        at = f"tiers.levels[{index}]"
        fields = _fields(each, at=at, required=("code", "name_zh", "name_en", "spend_minor", "grace_days"))
        level = Level(
            code=strict.line(fields["code"], at=f"{at}.code", longest=_CODE_MAX),
            name_zh=strict.line(fields["name_zh"], at=f"{at}.name_zh", longest=_NAME_MAX),
            name_en=strict.line(fields["name_en"], at=f"{at}.name_en", longest=_NAME_MAX),
            spend_minor=strict.integer(fields["spend_minor"], at=f"{at}.spend_minor"),
            grace_days=strict.integer(fields["grace_days"], at=f"{at}.grace_days", high=3660),
        )
        if any(level.code == before.code for before in read):
            strict.invalid(f"The tier {level.code!r} stands there twice", at=f"{at}.code", remedy="Keep one of them.")
        if read and level.spend_minor <= read[-1].spend_minor:
            strict.invalid(
                "A tier takes more than the one before it", at=f"{at}.spend_minor",
                remedy="Put the lowest tier first, each with a higher threshold.",
            )  # fmt: skip
        read.append(level)
    return tuple(read)


def _bonus_rows(value: Any) -> tuple[BonusRow, ...]:
    at = "stored_value.top_up_bonus"
    read: list[BonusRow] = []
    for index, each in enumerate(strict.elements(value, at=at, most=ROWS_MAX)):
        path = f"{at}[{index}]"
        fields = _fields(each, at=path, required=("paid_minor", "gift_minor"))
        row = BonusRow(
            paid_minor=strict.integer(fields["paid_minor"], at=f"{path}.paid_minor", low=1),
            gift_minor=strict.integer(fields["gift_minor"], at=f"{path}.gift_minor", low=1),
        )
        if read and row.paid_minor <= read[-1].paid_minor:
            strict.invalid(
                "A row takes more than the one before it", at=f"{path}.paid_minor", remedy="Put the lowest first."
            )
        read.append(row)
    return tuple(read)


def _benefit(value: Any, *, at: str) -> Benefit | None:
    if value is None:
        return None
    fields = _fields(value, at=at, required=("window", "points", "multiplier_bp"))
    return Benefit(
        window=cast(Any, strict.choice(fields["window"], at=f"{at}.window", among=("day", "week", "month"))),
        points=strict.integer(fields["points"], at=f"{at}.points", high=1_000_000),
        multiplier_bp=strict.integer(fields["multiplier_bp"], at=f"{at}.multiplier_bp", low=1, high=MULTIPLIER_MAX_BP),
    )


def _written_benefit(benefit: Benefit | None) -> dict[str, Any] | None:
    if benefit is None:
        return None
    return {"window": benefit.window, "points": benefit.points, "multiplier_bp": benefit.multiplier_bp}

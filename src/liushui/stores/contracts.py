"""What others see of the chain's places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A retail chain: the owner of a catalogue and of stores."""

    id: int
    code: str
    name_zh: str
    name_en: str
    currency: str
    weighed_patterns: tuple[str, ...]  # such as "2pppppwwwwwwc"; see catalog.domain.weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a chain."""

    id: int
    chain_id: int
    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A place that sells (ARTS: business unit), with all that is needed to date and place a sale."""

    id: int
    chain_id: int
    region_id: int
    code: str
    name_zh: str
    name_en: str
    time_zone: str  # IANA name
    currency: str
    day_starts_at: time  # local time at which a business day begins; before it belongs to the day before
    gln: str
    uscc: str  # 统一社会信用代码
    is_open: bool

    def local(self, at: datetime) -> datetime:
        """An instant on this store's wall clock."""
        return at.astimezone(ZoneInfo(self.time_zone))

    def business_date(self, at: datetime) -> date:
        """The business day that an instant belongs to: by the wall clock, so that daylight saving moves nothing."""
        local = self.local(at)
        return local.date() - timedelta(days=1) if local.time() < self.day_starts_at else local.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """A till, kiosk or web shop of a store (ARTS: workstation)."""

    id: int
    store_id: int
    code: str
    name: str
    kind: str  # till | self_checkout | web | kiosk


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStore:
    """A store to be opened, or brought to these values when its code is known."""

    chain_code: str
    region_code: str
    code: str
    name_zh: str
    name_en: str
    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    day_starts_at: time = time(0, 0)
    gln: str = ""
    uscc: str = ""


WORKSTATION_KINDS = ("till", "self_checkout", "web", "kiosk")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkstation:
    """A workstation to be set up, or brought to these values when its code is known."""

    chain_code: str
    store_code: str
    code: str
    name: str
    kind: str = "till"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the chain, region and store of a URL query came to, within the stores that one may see."""

    chain: Chain | None
    region: Region | None
    store: Store | None
    store_ids: frozenset[int]  # allowed and chosen
    currency: str  # the one asked for, else the one most of these stores sell in
    currencies: tuple[str, ...]  # all that these stores sell in, in alphabetical order

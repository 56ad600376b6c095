"""Shapes of the reports API."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Field, Schema


class ReportFilters(Schema):
    """Which sales, in which order: the same parameters as the report's page."""

    period: str = Field("", description="today, yesterday, last7 or last30, on the stores' own calendar.")
    first: date | None = Field(None, alias="from", description="First business day.")
    last: date | None = Field(None, alias="to", description="Last business day, included.")
    chain: str = Field("", description="Code of a chain.")
    region: str = Field("", description="Code of a region.")
    store: str = Field("", description="Code of a store.")
    channel: str = ""
    currency: str = Field("", description="Currency, where the stores sell in several: unlike ones are never added.")
    sort: str = Field("", description="A column, or `key`; with a leading minus from the highest down.")
    grain: str = Field("", description="Report `sales`: day, week or month.")
    q: str = Field("", max_length=100, description="Report `items`: a code or part of a name.")
    category: str = Field("", max_length=200, description="Reports `items` and `categories`: a path of the tree.")
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10_000_000)

    def parameters(self) -> dict[str, str]:
        """As they stand in the address of the page."""
        names = ("period", "chain", "region", "store", "channel", "currency", "sort", "grain", "q", "category")
        chosen = {name: getattr(self, name) for name in names}
        chosen["from"] = self.first.isoformat() if self.first else ""
        chosen["to"] = self.last.isoformat() if self.last else ""
        return {name: value for name, value in chosen.items() if value}


class ColumnAnswer(Schema):
    """A column: what it is called and means, and the unit of its values."""

    key: str
    name_zh: str
    name_en: str
    definition_zh: str
    definition_en: str
    formula: str
    unit: str = Field(description="money: minor units · count · basis_points: 1/100 % · thousandths")


class RowAnswer(Schema):
    """A row; a value is null where it is not defined."""

    key: str
    name_zh: str
    name_en: str
    values: dict[str, int | None]


class ReportAnswer(Schema):
    """One page of a report, and the total over all pages; columns that do not add up are absent from the total."""

    report: str
    currency: str
    first: date
    last: date
    columns: list[ColumnAnswer]
    rows: list[RowAnswer]
    total: dict[str, int | None]
    row_count: int


class ReportList(Schema):
    """The reports that there are, and the dictionary of all their columns."""

    reports: dict[str, list[str]]
    columns: list[ColumnAnswer]


class Problem(Schema):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = None
    remedy: str | None = None


PROBLEMS: Any = dict.fromkeys((401, 403, 404, 422), Problem)

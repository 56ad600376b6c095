"""What the lint may know besides the rulebook: the goods, their costs, the coupon batches, the tiers in their order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from liushui.promotions.domain.basket import Line
from liushui.promotions.domain.lint_scopes import contradiction, holds, made_up_lines, price_range
from liushui.promotions.domain.rulebook import Scope

LOOKS_MAX = 400_000  # items compared with a scope in one lint; after that a scope is taken to have items
LOOKS_ONCE_MAX = 20_000  # items compared in one search
THIN_AMONG = 50
DEFAULT_PRICE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that is sold, as baskets name it. Prices are minor units."""

    sku: str
    unit_price: int
    category: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()
    floor_unit_price: int = 0
    discountable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The goods of a chain. `tiers` are its member tiers from the lowest to the highest, () when unknown.

    Not complete, it is only what baskets are made of: what it does not list may be sold all the same.
    """

    items: tuple[Item, ...]
    currency: str = "CNY"
    tiers: tuple[str, ...] = ()
    is_complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A coupon batch as it stands. `codes_left` is None for a shared code without end.

    `gives` says whether its codes are handed out one by one, `can_issue` whether any is left to be handed out.
    """

    id: str
    void: bool = False
    expires_at: datetime | None = None
    codes_left: int | None = None
    gives: bool = True
    can_issue: bool = True


@dataclass(slots=True, kw_only=True)
class Goods:
    """Finds goods for baskets: from a catalogue by its indexes, or made up from what scopes name."""

    catalogue: Catalogue | None
    costs: Mapping[str, int] | None = None
    looks: int = 0
    _by_sku: dict[str, Line] = field(default_factory=dict)
    _by_category: list[tuple[str, str]] = field(default_factory=list)  # (path + "/", sku), sorted
    _by_brand: dict[str, list[str]] = field(default_factory=dict)
    _by_tag: dict[str, list[str]] = field(default_factory=dict)
    _by_price: list[tuple[int, str]] = field(default_factory=list)
    _found: dict[tuple[tuple[Scope, ...], tuple[Scope, ...], int], tuple[Line, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in sorted(self.catalogue.items if self.catalogue else (), key=lambda each: each.sku):
            self._by_sku[item.sku] = Line(
                id=item.sku,
                sku=item.sku,
                category=item.category,
                brand=item.brand,
                tags=item.tags,
                unit_price=item.unit_price,
                quantity=1,
                floor_unit_price=item.floor_unit_price,
                discountable=item.discountable,
            )
            self._by_category.append((item.category + "/", item.sku))
            self._by_brand.setdefault(item.brand, []).append(item.sku)
            for tag in item.tags:
                self._by_tag.setdefault(tag, []).append(item.sku)
            self._by_price.append((item.unit_price, item.sku))
        self._by_category.sort()
        self._by_price.sort()

    @property
    def currency(self) -> str:
        """The currency that witness baskets are in."""
        return self.catalogue.currency if self.catalogue else "CNY"

    def price_marks(self) -> tuple[int, ...]:
        """Prices that part the catalogue into a cheap tenth, a middle and a dear tenth; () without a catalogue."""
        count = len(self._by_price)
        return tuple(dict.fromkeys(self._by_price[count * tenth // 10][0] for tenth in (1, 9))) if count else ()

    def knows(self, *, sku: str) -> bool:
        """Whether the catalogue lists a SKU; without a complete one every SKU may exist."""
        return self.catalogue is None or not self.catalogue.is_complete or sku in self._by_sku

    def find(
        self, *, scopes: Sequence[Scope], avoid: Sequence[Scope] = (), count: int = 1, price: int = DEFAULT_PRICE
    ) -> tuple[Line, ...]:
        """Up to `count` different goods in all `scopes` and none of `avoid`; `price` is what made-up ones cost.

        Of a catalogue the first by SKU that effects may touch and that cost something are taken, then others; where
        costs are known, those of the thinnest margin among the first THIN_AMONG.
        """
        if self.catalogue is None:
            return tuple(islice(made_up_lines(scopes, avoid, price=price), count))
        key = (tuple(scopes), tuple(avoid), count)
        if key not in self._found:
            if self.costs:
                some = list(islice(self._matching(scopes, avoid), max(count, THIN_AMONG)))
                self._found[key] = tuple(sorted(some, key=self._margin)[:count])
            else:
                self._found[key] = tuple(islice(self._matching(scopes, avoid), count))
        return self._found[key]

    def _margin(self, line: Line) -> tuple[int, int]:
        """What is left of the price above cost, basis points; goods that effects cannot touch come last."""
        cost = (self.costs or {}).get(line.sku, 0)
        usable = line.discountable and line.unit_price > 0
        return 0 if usable else 1, (line.unit_price - cost) * 10_000 // max(line.unit_price, 1)

    def has_any(self, *, scopes: Sequence[Scope]) -> bool:
        """Whether something may be in all of these. True too when the search had to stop before it could tell.

        While something in the catalogue has no price of its own, nothing is said to be too cheap.
        """
        if any(contradiction(scope) is not None for scope in scopes):
            return False
        if self.catalogue is None or not self.catalogue.is_complete:
            return True
        if self._by_price and self._by_price[0][0] == 0:
            scopes = [replace(scope, unit_price_min=None) for scope in scopes]
        return bool(self.find(scopes=scopes)) or self.looks >= LOOKS_MAX or self._stopped(scopes)

    def _stopped(self, scopes: Sequence[Scope]) -> bool:
        return sum(1 for _each in islice(self._candidates(scopes), LOOKS_ONCE_MAX)) >= LOOKS_ONCE_MAX

    def _matching(self, scopes: Sequence[Scope], avoid: Sequence[Scope]) -> Iterator[Line]:
        later = []
        for number, sku in enumerate(self._candidates(scopes)):
            if number >= LOOKS_ONCE_MAX or self.looks >= LOOKS_MAX:
                break
            self.looks += 1
            line = self._by_sku[sku]
            if all(holds(each, line) for each in scopes) and not any(holds(each, line) for each in avoid):
                if line.discountable and line.unit_price > 0:
                    yield line
                else:
                    later.append(line)
        yield from later

    def _candidates(self, scopes: Sequence[Scope]) -> Iterable[str]:
        """SKUs among which all goods of these scopes are: those of the shortest of the indexes that the scopes name."""
        lists: list[Sequence[str]] = []
        for scope in scopes:
            if scope.sku_in is not None:
                lists.append([sku for sku in sorted(scope.sku_in) if sku in self._by_sku])
            if scope.category_in is not None:
                lists.append([sku for node in sorted(scope.category_in) for sku in self._under(node)])
            if scope.brand_in is not None:
                lists.append([sku for brand in sorted(scope.brand_in) for sku in self._by_brand.get(brand, ())])
            if scope.tag_in is not None:
                lists.append([sku for tag in sorted(scope.tag_in) for sku in self._by_tag.get(tag, ())])
        lowest, highest = price_range(scopes)
        if not lists and (lowest or highest is not None):
            first = bisect_left(self._by_price, (lowest, ""))
            last = len(self._by_price) if highest is None else bisect_right(self._by_price, (highest, "\uffff"))
            lists.append([sku for _price, sku in self._by_price[first:last]])
        if not lists:
            return self._by_sku
        return min(lists, key=len)

    def _under(self, node: str) -> list[str]:
        first = bisect_left(self._by_category, (node + "/", ""))
        last = bisect_left(self._by_category, (node + "0", ""))  # "0" is the character after "/"
        return [sku for _path, sku in self._by_category[first:last]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All that is given to a lint besides the rulebook. `costs` are minor units by SKU, None when unknown."""

    goods: Goods
    at: datetime
    max_discount_bp: int
    costs: Mapping[str, int] | None = None
    batches: Mapping[str, Batch] | None = None

"""What a chain allows when goods come back, as people set it in the console: read strictly, written in one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from liushui.returns.errors import InvalidPolicy

OtherStore = Literal["allow", "approve", "refuse"]
CouponsBack = Literal["full_return", "never"]
MONEY_TENDERS = ("mobile", "card", "other", "cash")
LATE_TENDERS = ("cash", "other")  # other: outside the till, such as a bank transfer
CARD_LATE_TENDERS = (*LATE_TENDERS, "stored_value")  # of the member who bought the goods
CODES_MAX = 40
CODE_MAX = 32
NAME_MAX = 60
DAYS_MAX = 3650
AMOUNT_MAX_MINOR = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """Why goods come back. One that is no longer active stays readable on old returns."""

    code: str
    name_zh: str
    name_en: str
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionCode:
    """In what state they come back."""

    code: str
    name_zh: str
    name_en: str
    is_sellable: bool = True
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPolicy:
    """A chain's rules. Amounts are minor units of the chain's currency."""

    days_max: int = 30  # later only with approval; 0: no limit
    approval_over_minor: int = 50_000  # refunds above it need another person
    other_store: OtherStore = "allow"  # goods that were bought in another store of the chain
    unreceipted_max_minor: int = 20_000  # without a receipt, always with approval; 0: never
    unreceipted_tender: str = "cash"  # one of LATE_TENDERS
    tender_order: tuple[str, ...] = MONEY_TENDERS  # money goes back in this order, after points and stored value
    card_days: int = 0  # after so many days a card or a phone is no longer paid back to; 0: always
    card_late_tender: str = "cash"  # but this, one of CARD_LATE_TENDERS
    card_late_without_member: str = "cash"  # and this where stored value is said and nobody has an account
    exchanged_tender: str = "cash"  # what was paid by goods that came back then
    coupons_back: CouponsBack = "full_return"  # coupons and limits that a sale used, once all of it has come back
    reasons: tuple[ReasonCode, ...] = ()
    conditions: tuple[ConditionCode, ...] = ()


DEFAULT = ReturnPolicy(
    reasons=(
        ReasonCode(code="quality", name_zh="质量问题", name_en="Faulty"),
        ReasonCode(code="wrong_item", name_zh="买错商品", name_en="Bought the wrong item"),
        ReasonCode(code="size", name_zh="尺码/规格不合适", name_en="Wrong size"),
        ReasonCode(code="unwanted", name_zh="不想要了", name_en="No longer wanted"),
        ReasonCode(code="expired", name_zh="过期/临期", name_en="Out of date"),
        ReasonCode(code="price", name_zh="价格有误", name_en="Wrong price"),
        ReasonCode(code="other", name_zh="其他", name_en="Other"),
    ),
    conditions=(
        ConditionCode(code="sealed", name_zh="未拆封", name_en="Sealed"),
        ConditionCode(code="opened", name_zh="已拆封，可再售", name_en="Opened, can be sold again"),
        ConditionCode(code="damaged", name_zh="损坏，不可再售", name_en="Damaged", is_sellable=False),
    ),
)


def to_json(policy: ReturnPolicy) -> dict[str, Any]:
    """As it is stored."""
    return asdict(policy)


def from_json(document: Mapping[str, Any]) -> ReturnPolicy:
    """A stored or stated policy; raises InvalidPolicy with a pointer. What is left out is as by default."""
    known = set(ReturnPolicy.__dataclass_fields__)
    if unknown := sorted(set(document) - known):
        raise InvalidPolicy(f"There is no setting {unknown[0]!r}", pointer=f"/{unknown[0]}")
    values = {**asdict(DEFAULT), **document}
    for name, most in (("days_max", DAYS_MAX), ("card_days", DAYS_MAX)):
        _whole(values, name, most)
    for name in ("approval_over_minor", "unreceipted_max_minor"):
        _whole(values, name, AMOUNT_MAX_MINOR)
    _one_of(values, "other_store", get_args(OtherStore))
    _one_of(values, "coupons_back", get_args(CouponsBack))
    for name in ("unreceipted_tender", "card_late_without_member", "exchanged_tender"):
        _one_of(values, name, LATE_TENDERS)
    _one_of(values, "card_late_tender", CARD_LATE_TENDERS)
    order = tuple(values["tender_order"]) if isinstance(values["tender_order"], (list, tuple)) else ()
    if sorted(order, key=str) != sorted(MONEY_TENDERS):
        raise InvalidPolicy(
            f"The order names each of {', '.join(MONEY_TENDERS)} once, not {order!r}", pointer="/tender_order"
        )
    reasons = tuple(ReasonCode(**_code(each, at=at, more=("is_active",))) for at, each in _list(values, "reasons"))
    conditions = tuple(
        ConditionCode(**_code(each, at=at, more=("is_sellable", "is_active")))
        for at, each in _list(values, "conditions")
    )
    _distinct([each.code for each in reasons], "/reasons")
    _distinct([each.code for each in conditions], "/conditions")
    return ReturnPolicy(**{**values, "tender_order": order, "reasons": reasons, "conditions": conditions})


def _whole(values: Mapping[str, Any], name: str, most: int) -> None:
    value = values[name]
    if type(value) is not int or not 0 <= value <= most:
        raise InvalidPolicy(f"{name} is a whole number from 0 to {most}, not {value!r}", pointer=f"/{name}")


def _one_of(values: Mapping[str, Any], name: str, allowed: Sequence[str]) -> None:
    if values[name] not in allowed:
        raise InvalidPolicy(f"{name} is one of {', '.join(allowed)}, not {values[name]!r}", pointer=f"/{name}")


def _list(values: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    given = values[name]
    if not isinstance(given, (list, tuple)) or len(given) > CODES_MAX:
        raise InvalidPolicy(f"{name} is a list of at most {CODES_MAX}", pointer=f"/{name}")
    return [(f"/{name}/{index}", each) for index, each in enumerate(given)]


def _code(given: Any, *, at: str, more: Sequence[str]) -> dict[str, Any]:
    if not isinstance(given, Mapping) or set(given) - {"code", "name_zh", "name_en", *more}:
        raise InvalidPolicy("A code has code, name_zh and name_en", pointer=at)
    found = {name: given.get(name, "") for name in ("code", "name_zh", "name_en")}
    for name, text in found.items():
        most = CODE_MAX if name == "code" else NAME_MAX
        if not isinstance(text, str) or not text.strip() or len(text) > most or not text.isprintable():
            raise InvalidPolicy(f"{name} is a text of 1 to {most} characters", pointer=f"{at}/{name}")
    for name in more:
        flag = given.get(name, True)
        if type(flag) is not bool:
            raise InvalidPolicy(f"{name} is true or false", pointer=f"{at}/{name}")
        found[name] = flag
    return found


def _distinct(codes: Sequence[str], at: str) -> None:
    twice = [code for code in codes if codes.count(code) > 1]
    if twice:
        raise InvalidPolicy(f"The code {twice[0]!r} stands there twice", pointer=at)

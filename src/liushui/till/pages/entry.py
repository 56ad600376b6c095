"""What stands in the scan box when Enter is pressed: an article, an amount, a customer's payment code, a badge."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from liushui.kernel.errors import InvalidValue
from liushui.kernel.gtin import normal_gtin
from liushui.kernel.money import parse_minor
from liushui.till.errors import AmountRefused

_BEFORE = re.compile(r"\A(?P<count>[0-9]{0,5}\.[0-9]{1,3}|[0-9]{1,4})\s*[*xX×＊]\s*(?P<code>.*)\Z", re.ASCII)
_WEIGHT = re.compile(r"\A[0-9]{0,4}(\.[0-9]{1,3})?\Z", re.ASCII)
_AMOUNT = re.compile(r"\A[0-9]{1,8}(\.[0-9]{1,3})?\Z", re.ASCII)
_PIECES = re.compile(r"\A[0-9]{1,5}\Z", re.ASCII)
# WeChat Pay: 18 digits that begin with 10 to 15. Alipay: 16 to 24 that begin with 25 to 30. (Their API references.)
_WALLETS = (("wechat", re.compile(r"\A1[0-5][0-9]{16}\Z")), ("alipay", re.compile(r"\A(2[5-9]|30)[0-9]{14,22}\Z")))
_BADGE = re.compile(r"\ALSB[0-9A-Z]{20}\Z", re.ASCII)
_MEMBER_CODE = re.compile(r"\ALSM:[0-9A-Za-z_:.=-]{8,400}\Z", re.ASCII)  # on the member's own screen
_RECEIPT = re.compile(r"\A(T-)?[0-9A-Z]{1,32}-[0-9A-Z]{1,32}-[0-9]{6,}\Z", re.ASCII)  # till.domain.numbers
_ASKED_FOR = {"code": "coupon", "member": "member", "gift": "gift_card"}  # by the panel: whatever is typed there is one
CODE_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was meant. kind: article | amount | pieces | weight | wallet | badge | coupon | member | gift_card |
    receipt | returned | nothing."""

    kind: str
    code: str = ""
    units: int = 1
    grams: int | None = None
    amount_minor: int = 0
    wallet: str = ""

    def is_like_receipt(self) -> bool:
        """Whether it looks like the number of one of our receipts."""
        return bool(_RECEIPT.match(self.code.upper()))


def read_entry(*, text: str, panel: str, currency: str) -> Entry:
    """Read the box by what is going on: while paying a short number is money, while weighing it is kilograms, while
    the quantity is asked for it is pieces. A barcode of eight digits is an article all the same. Raises AmountRefused.

    `3*6901234567892` is three of an article, `0.35*2001` 350 grams of it.
    """
    text = text.strip()
    if _MEMBER_CODE.match(text):
        return Entry(kind="member", code=text)
    text = text[:CODE_MAX]
    if not text:
        return Entry(kind="nothing")
    if _BADGE.match(text.upper()):
        return Entry(kind="badge", code=text.upper())
    if panel in ("return", "return_more") or (panel.startswith("return-") and _RECEIPT.match(text.upper())):
        return Entry(kind="receipt", code=text)
    if panel.startswith("return-"):
        return replace(_article(text), kind="returned")
    if panel in _ASKED_FOR:
        return Entry(kind=_ASKED_FOR[panel], code=text)
    for wallet, form in _WALLETS:
        if form.match(text):
            return Entry(kind="wallet", code=text, wallet=wallet)
    if panel == "pay" and _AMOUNT.match(text) and not _is_short_barcode(text):
        return Entry(kind="amount", amount_minor=typed_amount(text=text, currency=currency) or 0)
    if panel == "units" and _PIECES.match(text):
        return Entry(kind="pieces", units=int(text))
    if panel == "weigh" and _WEIGHT.match(text):
        return Entry(kind="weight", grams=grams_of(text))
    return _article(text)


def typed_amount(*, text: str, currency: str) -> int | None:
    """An amount typed before a way of paying was chosen; None when nothing was. Raises AmountRefused."""
    text = text.strip()
    if not text:
        return None
    try:
        amount = parse_minor(text, currency)
    except InvalidValue as error:
        raise AmountRefused(error.detail, remedy=error.remedy) from error
    if amount <= 0:
        raise AmountRefused(f"{text[:40]!r} is nothing to pay with")
    return amount


def _is_short_barcode(text: str) -> bool:
    """A GTIN-8, which as cash would be a hundred thousand and more."""
    try:
        return len(text) == 8 and bool(normal_gtin(text))
    except InvalidValue:
        return False


def grams_of(text: str) -> int:
    """Grams of a weight typed in kilograms: 0.456, .5, 2."""
    whole, _point, part = text.partition(".")
    return int(whole or "0") * 1000 + int(part.ljust(3, "0") or "0")


def _article(text: str) -> Entry:
    before = _BEFORE.match(text)
    if before is None:
        return Entry(kind="article", code=text)
    code, count = before["code"].strip(), before["count"]
    if "." in count:
        return Entry(kind="article", code=code, grams=grams_of(count))
    return Entry(kind="article", code=code, units=int(count))

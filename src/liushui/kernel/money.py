"""Money: whole minor units and an ISO 4217 currency. There is no float here, and none may come in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from liushui.kernel.errors import InvalidValue

# Exponents by ISO 4217, list one (active codes whose exponent is not 2 are named; the rest of the table is 2).
_EXPONENT_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905
_EXPONENT_3 = "BHD IQD JOD KWD LYD OMR TND".split()  # noqa: SIM905
_EXPONENT_4 = "CLF UYW".split()  # noqa: SIM905
_EXPONENT_2 = """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY
COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG""".split()  # noqa: SIM905

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_EXPONENT_0, 0),
    **dict.fromkeys(_EXPONENT_2, 2),
    **dict.fromkeys(_EXPONENT_3, 3),
    **dict.fromkeys(_EXPONENT_4, 4),
}

AMOUNT_MAX = 2**63 - 1  # what the database's bigint holds, on either side of zero

_DECIMAL = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(?:\.(?P<fraction>\d*))?", re.ASCII)


def exponent(currency: str) -> int:
    """How many decimal places the currency's minor unit has; raises InvalidValue for a code ISO 4217 lacks."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise InvalidValue(
            f"{currency!r} is not an active ISO 4217 currency code",
            remedy="Give a three-letter code in capitals, such as CNY.",
        ) from None


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a plain decimal such as "12.5" (1250 in CNY, 13 is refused in JPY with "12.5").

    Zeros beyond the exponent are accepted ("12.500"); any other digit there is a fraction of the minor unit
    and raises InvalidValue, since rounding somebody's money silently is never right. So does an amount beyond
    AMOUNT_MAX.
    """
    places = exponent(currency)
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise InvalidValue(
            f"{text[:40]!r} is not an amount", remedy="Write digits with at most one decimal point, such as 12.50."
        )
    fraction = match["fraction"] or ""
    if fraction[places:].strip("0"):
        raise InvalidValue(
            f"{text[:40]!r} has a fraction of the smallest unit of {currency}, which has {places} decimal places",
            remedy="Round it where it is made, or give minor units.",
        )
    digits = (match["whole"] + fraction[:places].ljust(places, "0")).lstrip("0") or "0"
    minor = int(digits[:20])
    if len(digits) > 20 or minor > AMOUNT_MAX:
        raise InvalidValue(f"{text[:40]!r} is more than any amount that can be recorded")
    return -minor if match["sign"] == "-" else minor


def format_minor(amount_minor: int, currency: str) -> str:
    """The plain decimal of an amount, "1234.50": for files and APIs, not for people."""
    places = exponent(currency)
    sign, digits = ("-" if amount_minor < 0 else ""), str(abs(amount_minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def round_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, halves away from zero; the denominator is positive."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -quotient if numerator < 0 else quotient


def split_by_weight(total_minor: int, weights: list[int]) -> list[int]:
    """Shares of a total in proportion to non-negative weights, by largest remainder: they sum to the total exactly.

    Equal remainders go to the earlier share. All-zero weights put the whole on the first share.
    """
    whole = sum(weights)
    if not weights:
        raise ValueError("there is nothing to share among")
    if min(weights) < 0:
        raise ValueError("a weight is not negative")
    if whole == 0:
        return [total_minor, *[0] * (len(weights) - 1)]
    sign, total = (-1 if total_minor < 0 else 1), abs(total_minor)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in whole minor units of one currency. Only amounts of the same currency add and compare."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise InvalidValue(f"{self.amount_minor!r} is not a whole number of minor units")
        exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Money of a plain decimal; see parse_minor for what is refused."""
        return cls(parse_minor(text, currency), currency)

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise InvalidValue(f"{self.currency} and {other.currency} cannot be taken together")
        return other.amount_minor

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __mul__(self, factor: int) -> Money:
        if type(factor) is not int:
            raise InvalidValue("money is multiplied by whole numbers only")
        return Money(self.amount_minor * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._same(other)

    def __str__(self) -> str:
        return f"{format_minor(self.amount_minor, self.currency)} {self.currency}"

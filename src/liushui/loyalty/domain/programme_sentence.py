"""What a rule of a programme says, in Chinese and in English; both are shown beside the table while it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

from liushui.kernel.money_text import money_text
from liushui.loyalty.domain.programme import ONCE_BP, Benefit, BonusRow, EarnRow, Level, Redemption, Validity

Names = tuple[str, str]  # Chinese, English
_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKEND, _WORKDAYS = (6, 7), (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One rule in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What codes are called; a code without a name stands for itself."""

    currency: str
    tiers: Mapping[str, Names] = field(default_factory=dict)
    categories: Mapping[str, Names] = field(default_factory=dict)
    channels: Mapping[str, Names] = field(default_factory=dict)

    def chinese(self, known: Mapping[str, Names], codes: Sequence[str]) -> str:
        """「金卡、银卡」"""
        return "、".join(known.get(code, (code, code))[0] or code for code in codes)

    def english(self, known: Mapping[str, Names], codes: Sequence[str], *, last: str = "or") -> str:
        """Gold or Silver."""
        return _listed([known.get(code, (code, code))[1] or code for code in codes], last)

    def money(self, amount_minor: int, language: str) -> str:
        """¥1 without idle zeros."""
        text = money_text(amount_minor=amount_minor, currency=self.currency, language=language)
        return text[:-3] if text.endswith(".00") else text


def say_earn_row(row: EarnRow, words: Vocabulary) -> Said:
    """金卡会员在周末购买生鲜，每 ¥1 积 1 分，2 倍。 Gold members earn 1 point per ¥1 on Fresh at weekends, times 2."""
    return Said(zh=_earn_zh(row, words), en=_earn_en(row, words))


def _earn_zh(row: EarnRow, words: Vocabulary) -> str:
    who = f"{words.chinese(words.tiers, row.tiers)}会员" if row.tiers else "所有会员"
    where = f"在{words.chinese(words.channels, row.channels)}" if row.channels else ""
    what = f"购买{words.chinese(words.categories, row.categories)}" if row.categories else "购买任何商品"
    when = _when_zh(row)
    if row.points == 0:
        return f"{who}{when}{where}{what}，不积分。"
    times = f"，{times_text(row.multiplier_bp)} 倍" if row.multiplier_bp != ONCE_BP else ""
    return f"{who}{when}{where}{what}，每 {words.money(row.per_minor, 'zh')} 积 {row.points:,} 分{times}。"


def _earn_en(row: EarnRow, words: Vocabulary) -> str:
    who = f"{words.english(words.tiers, row.tiers)} members" if row.tiers else "All members"
    what = f" on {words.english(words.categories, row.categories)}" if row.categories else ""
    where = f" at {words.english(words.channels, row.channels)}" if row.channels else ""
    when = _when_en(row)
    if row.points == 0:
        return f"{who} earn nothing{what or ' on anything'}{where}{when}."
    points = "1 point" if row.points == 1 else f"{row.points:,} points"
    times = f", times {times_text(row.multiplier_bp)}" if row.multiplier_bp != ONCE_BP else ""
    return f"{who} earn {points} per {words.money(row.per_minor, 'en')}{what}{where}{when}{times}."


def _when_zh(row: EarnRow) -> str:
    parts = []
    if row.weekdays == _WEEKEND:
        parts.append("周末")
    elif row.weekdays:
        parts.append("工作日" if row.weekdays == _WORKDAYS else "、".join(_DAYS_ZH[day - 1] for day in row.weekdays))
    if row.month_days:
        parts.append("每月 " + "、".join(str(day) for day in row.month_days) + " 日")
    if row.hours:
        parts.append("、".join(f"{_clock(start)}–{_clock(end)}" for start, end in row.hours))
    said = "且".join(parts[:2]) + (" " + parts[2] if len(parts) > 2 else "")
    return f"在{' ' if said[:1].isdigit() else ''}{said}{' ' if row.hours else ''}" if parts else ""


def _when_en(row: EarnRow) -> str:
    parts = []
    if row.weekdays == _WEEKEND:
        parts.append(" at weekends")
    elif row.weekdays:
        days = "weekdays" if row.weekdays == _WORKDAYS else _listed([_DAYS_EN[day - 1] for day in row.weekdays], "or")
        parts.append(f" on {days}")
    if row.month_days:
        parts.append(f" on day {_listed([str(day) for day in row.month_days], 'or')} of the month")
    if row.hours:
        spans = [f"from {_clock(start)} to {_clock(end)}" for start, end in row.hours]
        parts.append(" " + _listed(spans, "or"))
    return "".join(parts)


def say_level(level: Level, window_months: int, words: Vocabulary) -> Said:
    """近 12 个月消费满 ¥2,000 为金卡；… Gold: ¥2,000 within 12 months; kept 30 days longer."""
    zh_name, en_name = level.name_zh or level.code, level.name_en or level.code
    if level.spend_minor == 0:
        return Said(zh=f"入会即为{zh_name}。", en=f"Everyone who joins is {en_name}.")
    zh = f"近 {window_months} 个月消费满 {words.money(level.spend_minor, 'zh')} 为{zh_name}"
    en = f"{en_name} takes {words.money(level.spend_minor, 'en')} within {_months(window_months)}"
    if level.grace_days:
        zh += f"；不再达到时保级 {level.grace_days} 天后降级"
        days = "1 day" if level.grace_days == 1 else f"{level.grace_days} days"
        en += f", and is kept for {days} once that is no longer so"
    return Said(zh=zh + "。", en=en + ".")


def say_bonus_row(row: BonusRow, words: Vocabulary) -> Said:
    """充值满 ¥500 送 ¥50。 Paying in ¥500 or more brings ¥50 on top."""
    return Said(
        zh=f"充值满 {words.money(row.paid_minor, 'zh')} 送 {words.money(row.gift_minor, 'zh')}。",
        en=f"Paying in {words.money(row.paid_minor, 'en')} or more brings {words.money(row.gift_minor, 'en')} on top.",
    )


def say_validity(validity: Validity) -> Said:
    """How long points are good."""
    if validity.kind == "months":
        return Said(
            zh=f"积分自获得之日起 {validity.count} 个月内有效。", en=f"Points are good for {_months(validity.count)}."
        )
    if validity.kind == "year_end":
        zh = {0: "当年", 1: "次年"}.get(validity.count, f"{validity.count} 年后")
        later = {0: "the year", 1: "the next year"}.get(validity.count, f"{validity.count} years later, of that year")
        return Said(zh=f"积分{zh}年底到期。", en=f"Points are good until the end of {later}.")
    return Said(zh="积分长期有效。", en="Points never expire.")


def say_redemption(redemption: Redemption | None, words: Vocabulary) -> Said:
    """What points pay."""
    if redemption is None:
        return Said(zh="积分不能抵现。", en="Points pay for nothing.")
    share = times_text(redemption.max_share_bp * 100)
    zh = f"{redemption.points:,} 积分抵 {words.money(redemption.minor, 'zh')}"
    en = f"{redemption.points:,} points pay {words.money(redemption.minor, 'en')}"
    if redemption.max_share_bp < ONCE_BP:
        return Said(zh=f"{zh}，最多抵每单的 {share}%。", en=f"{en}, at most {share}% of a sale.")
    return Said(zh=f"{zh}，可抵全单。", en=f"{en}, up to the whole sale.")


def say_benefit(benefit: Benefit | None, *, is_birthday: bool) -> Said:
    """What a birthday or an anniversary brings."""
    day_zh, day_en = ("生日", "birthday") if is_birthday else ("入会纪念日", "anniversary of joining")
    if benefit is None:
        return Said(zh=f"{day_zh}没有礼遇。", en=f"Nothing for the {day_en}.")
    when_zh = {"day": "当天", "week": "前后三天", "month": "当月"}[benefit.window]
    when_en = {"day": "On the", "week": "Three days around the", "month": "In the month of the"}[benefit.window]
    gains_zh, gains_en = [], []
    if benefit.points:
        gains_zh.append(f"首次消费送 {benefit.points:,} 积分")
        gains_en.append(f"the first purchase brings {benefit.points:,} points")
    if benefit.multiplier_bp != ONCE_BP:
        gains_zh.append(f"积分 {times_text(benefit.multiplier_bp)} 倍")
        gains_en.append(f"points count times {times_text(benefit.multiplier_bp)}")
    if not gains_zh:
        return Said(zh=f"{day_zh}{when_zh}：没有礼遇。", en=f"{when_en} {day_en}: nothing.")
    return Said(zh=f"{day_zh}{when_zh}：{'，'.join(gains_zh)}。", en=f"{when_en} {day_en}: {' and '.join(gains_en)}.")


def times_text(basis_points: int) -> str:
    """`1.5` of 15,000."""
    whole, rest = divmod(basis_points, ONCE_BP)
    return f"{whole:,}.{rest:04}".rstrip("0").rstrip(".") if rest else f"{whole:,}"


def _clock(value: time) -> str:
    return f"{value:%H:%M}"


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _listed(words: Sequence[str], last: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"

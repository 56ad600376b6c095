"""The metric dictionary: one name, one definition and one formula for every figure that any screen, file or API shows.

docs/reference/metrics.md is made from it (metrics_page.py), and so is the text that appears on hover.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from liushui.analytics.contracts import Figures
from liushui.kernel.money import round_half_up

UNITS = {
    "money": "minor units of the currency",
    "count": "whole number",
    "basis_points": "hundredths of a per cent",
    "thousandths": "thousandths",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A column of figures: what it is called, and what it means."""

    key: str
    name_zh: str
    name_en: str
    definition_zh: str
    definition_en: str
    formula: str  # over the names of Figures
    unit: str  # one of UNITS
    good: str = "up"  # which direction is good news: up, down, or neither

    def name(self, language: str) -> str:
        """Its name in a language: Chinese for zh…, else English."""
        return self.name_zh if language.startswith("zh") else self.name_en

    def definition(self, language: str) -> str:
        """Its definition in a language: Chinese for zh…, else English."""
        return self.definition_zh if language.startswith("zh") else self.definition_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Term):
    """One figure. `value` answers in `unit`, exactly or rounded half up once; None where it is not defined."""

    value: Callable[[Figures], int | None]
    drill: str = "all"  # the receipts behind it: all, sold, returned, voided


def _ratio(numerator: int, denominator: int, scale: int) -> int | None:
    return round_half_up(numerator * scale, denominator) if denominator > 0 else None


def _margin(figures: Figures) -> int | None:
    if not figures.costed_net_minor and not figures.cost_minor:
        return None
    return figures.costed_net_minor - figures.cost_minor


METRICS: tuple[Metric, ...] = (
    Metric(
        key="net",
        name_zh="净销售额",
        name_en="Net sales",
        definition_zh="顾客实付、门店留下的金额：原价销售额减去折扣，再减去退款；含税，不含已作废的小票。",
        definition_en="What the shop keeps of what shoppers paid: gross sales less discounts less refunds; "
        "tax included, "
        "voided sales left out.",
        formula="gross − discount − refund",
        unit="money",
        value=lambda f: f.net_minor,
    ),
    Metric(
        key="gross",
        name_zh="原价销售额",
        name_en="Gross sales",
        definition_zh="售出商品按折扣前价格计算的金额，含税；退回的商品不在此扣减。",
        definition_en="Goods sold at their price before discounts, tax included; returned goods are not "
        "taken off here.",
        formula="gross",
        unit="money",
        value=lambda f: f.gross_minor,
        drill="sold",
    ),
    Metric(
        key="discount",
        name_zh="折扣额",
        name_en="Discounts",
        definition_zh="售出商品上让利的金额。退货行的折扣不计入此处：退款按实付计算。",
        definition_en="What was taken off goods sold. Discounts of returned lines are not counted: a refund "
        "is what was paid.",
        formula="discount",
        unit="money",
        value=lambda f: f.discount_minor,
        good="neither",
        drill="sold",
    ),
    Metric(
        key="discount_rate",
        name_zh="折扣率",
        name_en="Discount rate",
        definition_zh="折扣额占原价销售额的比例。",
        definition_en="Discounts as a share of gross sales.",
        formula="discount ÷ gross",
        unit="basis_points",
        value=lambda f: _ratio(f.discount_minor, f.gross_minor, 10_000),
        good="neither",
        drill="sold",
    ),
    Metric(
        key="refund",
        name_zh="退款额",
        name_en="Refunds",
        definition_zh="退回商品时退给顾客的金额，记在退货发生的营业日，含税，以正数表示。",
        definition_en="What was paid back for returned goods, on the business day they came back; tax "
        "included, shown positive.",
        formula="refund",
        unit="money",
        value=lambda f: f.refund_minor,
        good="down",
        drill="returned",
    ),
    Metric(
        key="tax",
        name_zh="税额",
        name_en="Tax",
        definition_zh="净销售额中包含的税，退货的税已扣减。",
        definition_en="The tax within net sales; the tax of returned goods is taken off.",
        formula="tax",
        unit="money",
        value=lambda f: f.tax_minor,
        good="neither",
    ),
    Metric(
        key="net_without_tax",
        name_zh="不含税销售额",
        name_en="Net sales without tax",
        definition_zh="净销售额减去其中的税额。",
        definition_en="Net sales less the tax within them.",
        formula="gross − discount − refund − tax",
        unit="money",
        value=lambda f: f.net_minor - f.tax_minor,
    ),
    Metric(
        key="tickets",
        name_zh="客单数",
        name_en="Tickets",
        definition_zh="至少售出一件商品的小票张数；纯退货单不算，换货单算一张。",
        definition_en="Sales in which at least one thing was sold; a pure return is none, an exchange is one.",
        formula="tickets",
        unit="count",
        value=lambda f: f.tickets,
        drill="sold",
    ),
    Metric(
        key="average_ticket",
        name_zh="客单价",
        name_en="Average ticket",
        definition_zh="净销售额除以客单数，四舍五入到最小货币单位。",
        definition_en="Net sales divided by tickets, rounded half up to the minor unit.",
        formula="(gross − discount − refund) ÷ tickets",
        unit="money",
        value=lambda f: _ratio(f.net_minor, f.tickets, 1),
    ),
    Metric(
        key="items",
        name_zh="销售件数",
        name_en="Items sold",
        definition_zh="售出的件数；称重商品每称一次算一件；退回的不扣减。",
        definition_en="Units sold; a weighed piece is one unit; returned units are not taken off.",
        formula="items",
        unit="count",
        value=lambda f: f.items,
        drill="sold",
    ),
    Metric(
        key="items_per_ticket",
        name_zh="连带率",
        name_en="Items per ticket",
        definition_zh="销售件数除以客单数：平均每张小票买几件。",
        definition_en="Items sold divided by tickets: how many things one shopper takes.",
        formula="items ÷ tickets",
        unit="thousandths",
        value=lambda f: _ratio(f.items, f.tickets, 1000),
    ),
    Metric(
        key="returns",
        name_zh="退货单数",
        name_en="Returns",
        definition_zh="至少退回一件商品的单据张数，含换货单。",
        definition_en="Documents with which at least one thing came back, exchanges included.",
        formula="returns",
        unit="count",
        value=lambda f: f.returns,
        good="down",
        drill="returned",
    ),
    Metric(
        key="returned_items",
        name_zh="退货件数",
        name_en="Items returned",
        definition_zh="退回的件数，以正数表示。",
        definition_en="Units that came back, shown positive.",
        formula="returned_items",
        unit="count",
        value=lambda f: f.returned_items,
        good="down",
        drill="returned",
    ),
    Metric(
        key="return_rate",
        name_zh="退货率",
        name_en="Return rate",
        definition_zh="退款额占折后销售额(原价销售额减折扣额)的比例。",
        definition_en="Refunds as a share of what was sold after discounts.",
        formula="refund ÷ (gross − discount)",
        unit="basis_points",
        value=lambda f: _ratio(f.refund_minor, f.gross_minor - f.discount_minor, 10_000),
        good="down",
        drill="returned",
    ),
    Metric(
        key="margin",
        name_zh="毛利额",
        name_en="Gross margin",
        definition_zh="已知成本的商品：不含税净销售额减去成本。成本未知的商品不参与，见“成本覆盖率”。",
        definition_en="For goods whose cost is known: net sales without tax, less their cost. Goods of "
        "unknown cost take no part; "
        "see cost coverage.",
        formula="costed_net − cost",
        unit="money",
        value=_margin,
    ),
    Metric(
        key="margin_rate",
        name_zh="毛利率",
        name_en="Margin rate",
        definition_zh="毛利额占已知成本商品的不含税净销售额的比例。",
        definition_en="Gross margin as a share of the net sales without tax of the goods whose cost is known.",
        formula="(costed_net − cost) ÷ costed_net",
        unit="basis_points",
        value=lambda f: _ratio(f.costed_net_minor - f.cost_minor, f.costed_net_minor, 10_000),
    ),
    Metric(
        key="cost_coverage",
        name_zh="成本覆盖率",
        name_en="Cost coverage",
        definition_zh="已知成本的商品在不含税净销售额中的占比：毛利数字有多大代表性。",
        definition_en="The share of net sales without tax whose cost is known: how much the margin speaks for.",
        formula="costed_net ÷ (gross − discount − refund − tax)",
        unit="basis_points",
        value=lambda f: _ratio(f.costed_net_minor, f.net_minor - f.tax_minor, 10_000),
    ),
    Metric(
        key="voids",
        name_zh="作废单数",
        name_en="Voided sales",
        definition_zh="事后作废的小票张数，记在原营业日；作废的小票不计入任何其他指标。",
        definition_en="Sales that were voided afterwards, on the business day of the sale; they count in no "
        "other metric.",
        formula="voids",
        unit="count",
        value=lambda f: f.voids,
        good="down",
        drill="voided",
    ),
    Metric(
        key="voided",
        name_zh="作废金额",
        name_en="Voided amount",
        definition_zh="已作废小票原来的合计金额。",
        definition_en="What the voided sales had come to.",
        formula="voided",
        unit="money",
        value=lambda f: f.voided_minor,
        good="down",
        drill="voided",
    ),
)

BY_KEY: dict[str, Metric] = {metric.key: metric for metric in METRICS}

# Columns that need more than the figures of one row.
COLUMNS: tuple[Term, ...] = (
    Term(
        key="share",
        name_zh="占比",
        name_en="Share",
        definition_zh="本行净销售额(支付方式报表中为支付金额)占合计的比例。",
        definition_en="The row's net sales (with payments: its amount) as a share of the total.",
        formula="net ÷ net of the total",
        unit="basis_points",
        good="neither",
    ),
    Term(
        key="growth",
        name_zh="增长",
        name_en="Growth",
        definition_zh="净销售额与对比期相比的变化：按日为上周同一天，按门店为紧邻的同样天数；未结束的营业日按已有销售计。",
        definition_en="The change of net sales: of a day against the same weekday of last week, of a store "
        "against as many "
        "days just before. A day that is not over counts as it stands.",
        formula="(net − net before) ÷ net before",
        unit="basis_points",
    ),
    Term(
        key="amount",
        name_zh="支付金额",
        name_en="Amount paid",
        definition_zh="以该方式收到的金额减去以该方式退回的金额；各方式合计等于净销售额。",
        definition_en="What was paid by this means less what was paid back by it; all means together come "
        "to net sales.",
        formula="sum of tenders",
        unit="money",
    ),
    Term(
        key="payments",
        name_zh="支付笔数",
        name_en="Payments",
        definition_zh="以该方式支付或退款的次数；一张小票可有多笔。",
        definition_en="How often this means was used to pay or to pay back; one receipt may have several.",
        formula="number of tenders",
        unit="count",
    ),
)
TERMS: dict[str, Term] = {**BY_KEY, **{column.key: column for column in COLUMNS}}


def value(key: str, figures: Figures) -> int | None:
    """A metric of these figures, in its unit."""
    return BY_KEY[key].value(figures)


def share_bp(*, part: int, whole: int) -> int | None:
    """A share in basis points; None of a whole that is not positive."""
    return _ratio(part, whole, 10_000)


def change_bp(*, now: int | None, before: int | None) -> int | None:
    """Relative change in basis points; None when there is nothing positive to compare with."""
    if now is None or before is None:
        return None
    return _ratio(now - before, before, 10_000)

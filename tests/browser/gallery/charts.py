"""One chart of each type."""

from __future__ import annotations

from typing import Any

_MONEY = {"format": "money", "currency": {"symbol": "¥", "exponent": 2}}
_HOURS = [str(hour) for hour in range(8, 23)]
_TODAY = [120, 180, 260, 340, 420, 510, 480, 430, 520, 760, 690, None, None, None, None]
_YESTERDAY = [110, 170, 240, 360, 400, 480, 450, 440, 500, 690, 720, 560, 410, 260, 120]

CHARTS: dict[str, dict[str, Any]] = {
    "line": {
        "type": "line",
        "label": "Net sales by hour, today, yesterday and the same weekday last week",
        "categories": _HOURS,
        "series": [
            {"name": "Today", "values": [v and v * 12_345 for v in _TODAY], "style": "main"},
            {"name": "Yesterday", "values": [v * 12_345 for v in _YESTERDAY], "style": "ghost"},
            {"name": "Last week", "values": [v * 11_000 for v in reversed(_YESTERDAY)], "style": "ghost"},
        ],
        "urls": [f"/gallery/?hour={hour}" for hour in _HOURS],
        "table": "Show as table",
        "category": "Hour",
        **_MONEY,
    },
    "bar": {
        "type": "bar",
        "label": "Tickets by day",
        "categories": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        "series": [
            {"name": "This week", "values": [812, 790, 844, 901, 1020, 1302, 1244], "style": "main"},
            {"name": "Last week", "values": [800, 812, 820, 870, 990, 1260, 1190], "style": "ghost"},
        ],
        "format": "count",
        "table": "Show as table",
        "category": "Day",
    },
    "hbar": {
        "type": "hbar",
        "label": "Net sales by store",
        "categories": ["上海人民路店", "杭州湖滨店", "成都春熙店", "重庆解放碑店"],
        "series": [{"name": "Net sales", "values": [1_234_567, 987_650, 456_780, 120_050], "style": "main"}],
        "table": "Show as table",
        "category": "Store",
        **_MONEY,
    },
    "pie": {
        "type": "pie",
        "label": "Net sales by way of payment",
        "categories": ["微信支付", "支付宝", "银行卡", "现金"],
        "series": [{"name": "Net sales", "values": [540_000, 310_000, 120_000, 45_000], "style": "main"}],
        "table": "Show as table",
        "category": "Payment",
        **_MONEY,
    },
    "heatmap": {
        "type": "heatmap",
        "label": "Tickets by weekday and hour",
        "categories": _HOURS,
        "rows": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        "series": [
            {
                "name": "Tickets",
                "values": [
                    [(hour * 7 + day * 13) % 90 + (40 if hour == 9 else 0) for hour in range(15)] for day in range(7)
                ],
                "style": "main",
            }
        ],
        "format": "count",
        "table": "Show as table",
        "category": "Weekday",
    },
}

"""docs/reference/metrics.md, made from the dictionary: `python -m liushui.analytics.domain.metrics_page > …`."""

from __future__ import annotations

import sys

from liushui.analytics.domain.metrics import TERMS, UNITS

_HEAD = """# Metrics 指标词典

<!-- Made by `python -m liushui.analytics.domain.metrics_page`; a test keeps it equal to the code. -->

Every figure on every screen, in every file and in the API is one of these, and each means one thing everywhere.
They are computed from exact sums in whole minor units; a ratio is rounded half up once, at the end, and is empty (–)
where its denominator is zero. Amounts include tax unless the name says otherwise. A **sale** counts on the business day
of its store, by the store's own wall clock and cut-over hour. Unlike currencies are never added.

Names in the formulas: `gross`, `discount` and `items` are over sold lines; `refund` and `returned_items` over returned
lines, positive; `tax`, `costed_net` (without tax) and `cost` over both, returns subtracted.

| key | 名称 | name | unit | formula | better |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    rows = [
        f"| `{term.key}` | {term.name_zh} | {term.name_en} | {UNITS[term.unit]} | {term.formula} | {term.good} |"
        for term in TERMS.values()
    ]
    sections = [
        f"\n## {term.name_en} {term.name_zh}\n\n{term.definition_en}\n\n{term.definition_zh}\n"
        for term in TERMS.values()
    ]
    return _HEAD + "\n".join(rows) + "\n" + "".join(sections)


if __name__ == "__main__":
    sys.stdout.write(page())

"""The reference page says what the code computes."""

from pathlib import Path

from liushui.analytics.domain.metrics_page import page

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "metrics.md"


def test_the_page_is_the_dictionary() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it anew: python -m liushui.analytics.domain.metrics_page > docs/reference/metrics.md"
    )

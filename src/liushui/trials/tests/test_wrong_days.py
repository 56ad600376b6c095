"""Days that can't be tried are said beside their fields, in the reader's language."""

from __future__ import annotations

import pytest

from liushui.trials.models import BacktestRow
from liushui.trials.tests.conftest import shop, signed_in, three_days

__all__ = ["shop", "signed_in", "three_days"]


@pytest.mark.parametrize(
    ("first", "last", "english", "chinese"),
    [
        ("2026-11-22", "2026-11-20", "Choose the days in order, 1100 at most.", "首日不能晚于末日，最多 1100 天。"),
        ("2020-01-01", "2026-11-20", "Choose the days in order, 1100 at most.", "首日不能晚于末日，最多 1100 天。"),
        ("yesterday", "2026-11-20", "Write both days, as 2026-05-08.", "请填写首尾两天，如 2026-05-08。"),
        (
            "2025-01-01", "2025-01-02", "These stores sold nothing on these days, or in several currencies.",
            "这些门店在这些日子没有销售，或使用了多种货币。",
        ),
    ],
)  # fmt: skip
def test_the_form_says_what_is_wrong_with_its_days(signed_in, three_days, first, last, english, chinese) -> None:
    browser = signed_in()
    for language, said in (("en", english), ("zh-hans", chinese)):
        browser.cookies["liushui_language"] = language
        choices = browser.get("/promotions/backtests/new/").context
        answer = browser.post(
            "/promotions/backtests/new/",
            {"live": choices["live"], "draft": choices["draft"], "first": first, "last": last, "ignores_dates": "1"},
        )
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f'<p class="field-error" id="days-wrong">{said}</p>' in page
        assert 'role="alert"' not in page[page.index('id="content"') :]
    assert BacktestRow.objects.count() == 0

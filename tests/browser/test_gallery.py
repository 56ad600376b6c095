"""Every piece of the console, looked at by itself."""

from __future__ import annotations

import pytest
from tests.browser.conftest import LANGUAGES, THEMES, OpenPage, axe_violations, pictures, screenshots


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [360, 1366])
def test_every_piece_is_accessible(open_page: OpenPage, language: str, theme: str, width: int) -> None:
    page = open_page("/gallery/", language=language, theme=theme, width=width)
    assert axe_violations(page) == []


@pictures
def test_every_piece_is_pictured(open_page: OpenPage) -> None:
    screenshots(open_page, "gallery", "/gallery/")

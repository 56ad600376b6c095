"""Every text that users see exists in Chinese."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import messages


def test_every_text_is_translated_and_every_translation_used() -> None:
    assert messages.check() == []


def test_the_check_sees_what_is_said_in_templates_code_and_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "src" / "liushui" / "shop"
    (shop / "templates").mkdir(parents=True)
    (shop / "locale/zh_Hans/LC_MESSAGES").mkdir(parents=True)
    (shop / "templates" / "page.html").write_text(
        '{% load i18n %}{% translate "Open" %} {% blocktranslate count n=n %}{{ n }} till{% plural %}{{ n }} tills'
        '{% endblocktranslate %} {% empty_state title=_("Nothing") %}'
    )
    (shop / "errors.py").write_text('class Shut(LiushuiError):\n    """The shop is shut."""\n')
    (shop / "pages.py").write_text('title = _("Shop")\nnote = pgettext("till", "Drawer")\n')
    (shop / "locale/zh_Hans/LC_MESSAGES/django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Open"\nmsgstr "打开"\n\n#, fuzzy\nmsgid "Shop"\nmsgstr "商店"\n\nmsgid "Gone"\nmsgstr "没了"\n\n'
        '#, python-format\nmsgid "%(n)s till"\nmsgid_plural "%(n)s tills"\nmsgstr[0] "%(m)s 台收银机"\n'
    )
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "PACKAGE", tmp_path / "src" / "liushui")

    po = "src/liushui/shop/locale/zh_Hans/LC_MESSAGES/django.po"
    assert sorted(messages.check()) == sorted(
        [
            f"{po}:8: 'Shop' is marked fuzzy",
            f"{po}:11: 'Gone' is said nowhere any more",
            f"{po}:15: '%(m)s 台收银机' has a placeholder that '%(n)s till' lacks",
            "src/liushui/shop/errors.py:1: 'The shop is shut' is not translated",
            "src/liushui/shop/pages.py:2: 'Drawer' is not translated",
            "src/liushui/shop/templates/page.html:1: 'Nothing' is not translated",
        ]
    )

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


def test_what_errors_are_raised_with_is_read_from_the_sources_and_has_to_be_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "src" / "liushui" / "shop"
    (shop / "locale/zh_Hans/LC_MESSAGES").mkdir(parents=True)
    (shop / "errors.py").write_text('class Shut(LiushuiError):\n    """The shop is shut."""\n')
    (shop / "doors.py").write_text(
        '_STATES = {"open": "open", "shut": "shut"}\n'
        "def close(door, hour: int):\n"
        "    why = f'Door {door.name!r} is {_STATES[door.state]}'\n"
        "    if hour > 22:\n"
        "        raise Shut(why, remedy='Come back' if door else 'Go home')\n"
        "    raise refusal(door, 'a front door')\n"
        "def refusal(door, what: str):\n"
        "    return Shut(f'There is no {what} {door}', remedy=door.remedy)\n"
        "def knock(door):\n"
        "    raise Shut(door.sound())\n"
    )
    (shop / "locale/zh_Hans/LC_MESSAGES/django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "The shop is shut"\nmsgstr "已打烊"\n\n'
        'msgctxt "error"\nmsgid "Come back"\nmsgstr "请再来"\n\n'
        'msgctxt "error"\nmsgid "There is no {1} {2}"\nmsgstr "没有{1}"\n'
    )
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "PACKAGE", tmp_path / "src" / "liushui")
    monkeypatch.setattr(messages, "SAYING", ("shop",))

    doors = "src/liushui/shop/doors.py"
    assert sorted(messages.check()) == sorted(
        [
            "src/liushui/shop/locale/zh_Hans/LC_MESSAGES/django.po:12: '没有{1}' lacks a placeholder of "
            "'There is no {1} {2}'",
            f"{doors}:5: 'Door {{1}} is {{2}}' is not translated",
            f"{doors}:3: 'open' is not translated",
            f"{doors}:3: 'shut' is not translated",
            f"{doors}:5: 'Go home' is not translated",
            f"{doors}:6: 'a front door' is not translated",
            f"{doors}:10: 'door.sound()' cannot be read as a sentence",
        ]
    )

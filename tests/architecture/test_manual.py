"""The manual: both languages, no dead link, no missing picture, no command that does not exist, open to all."""

from __future__ import annotations

import re

import pytest
import typer
from django.test import Client

from liushui.app.cli import cli
from liushui.console import manual_pages
from liushui.console.manual_pages import FOLDER, LANGUAGES, NAMES

PAGES = [(language, name) for language in LANGUAGES for name in NAMES]


def source(language: str, name: str) -> str:
    return (FOLDER / language / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_parts_pictures_and_examples(name):
    chinese, english = source("zh-hans", name), source("en", name)
    for pattern in (r"^#+ ", r"!\[[^\]]*\]\(([^)]*)\)", r"^\|", r"^\d+\. ", r"^- "):
        assert len(re.findall(pattern, chinese, re.M)) == len(re.findall(pattern, english, re.M)), pattern
    assert re.findall(r"!\[[^\]]*\]\(([^)]*)\)", chinese) == re.findall(r"!\[[^\]]*\]\(([^)]*)\)", english)


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_links_and_pictures_lead_somewhere(language, name):
    for target in re.findall(r"\]\(([^)]*)\)", source(language, name)):
        if target.startswith("images/"):
            assert (FOLDER / "images" / language / target.removeprefix("images/")).is_file(), target
        else:
            assert target.partition("#")[0].removesuffix(".md") in NAMES, target


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_every_command_and_option_of_the_manual_exists(language, name):
    commands = typer.main.get_command(cli).commands
    for line in re.findall(r"liushui ((?:[a-z][a-z-]*)(?: --?[a-z][a-z-]*| [^`\s]+)*)", source(language, name)):
        words = line.split()
        if words[0] in ("is", "speaks", "itself"):
            continue
        command = commands.get(words[0])
        if command is None:
            assert words[0] not in re.findall(r"`(?:[^`]*/)?liushui ([a-z-]+)", source(language, name)), line
            continue
        subcommands = getattr(command, "commands", {})
        command = subcommands.get(words[1], command) if len(words) > 1 else command
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_manual_is_open_to_those_who_are_not_signed_in(language):
    browser = Client(headers={"accept-language": language})
    assert browser.get("/help/").status_code == 200
    answer = browser.get("/help/it/")
    assert answer.status_code == 200
    assert manual_pages.manual_page(name="it", language=language).title in answer.content.decode()
    assert browser.get("/help/nothing/").status_code == 404
    for name in ("../../settings.py", "..%2f..%2fmanual_pages.py", "none.png"):
        assert browser.get(f"/help/images/en/{name}").status_code == 404


def test_a_search_finds_the_part_that_holds_all_words():
    hits = manual_pages.search(words="backup empty", language="en")
    assert ("it", "Restore") in [(hit.page.name, hit.heading.text if hit.heading else "") for hit in hits]
    assert manual_pages.search(words="盲盘", language="zh-hans")[0].page.name == "store-manager"
    assert manual_pages.search(words="no such word anywhere", language="en") == ()
    assert manual_pages.search(words="  ", language="en") == ()


def test_what_looks_like_html_is_shown_as_text(monkeypatch, tmp_path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "faq.md").write_text("# A\n\n<script>x</script> and [b](javascript:alert(1))\n")
    monkeypatch.setattr(manual_pages, "FOLDER", tmp_path)
    manual_pages._read.cache_clear()
    html = manual_pages.manual_page(name="faq", language="en").html
    manual_pages._read.cache_clear()
    assert "<script" not in html
    assert "href" not in html

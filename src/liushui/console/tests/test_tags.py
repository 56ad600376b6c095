"""Template tags as pages use them."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation


def render(source: str, *, path: str = "/", **context: Any) -> str:
    request = RequestFactory().get(path)
    return Template("{% load console %}" + source).render(Context({"request": request, **context}))


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


def test_money_and_counts_of_nothing_are_a_dash() -> None:
    assert render('{% money amount "CNY" %} {{ amount|thousands }} {{ amount|percent }}', amount=None) == "– – –"


def test_a_delta_shows_sign_arrow_and_direction() -> None:
    assert render("{% delta 112 100 %}") == (
        '<span class="delta delta-up"><span aria-hidden="true">▲</span> +12.0%</span>'
    )
    assert "delta-down" in render("{% delta 88 100 %}")
    assert render("{% delta 5 0 %}") == '<span class="delta delta-none">–</span>'


def test_a_sort_header_turns_round_keeps_filters_and_leaves_later_pages() -> None:
    head = '{% sort_header "net" "Net" numeric=True default="-net" %}'
    assert 'aria-sort="descending"' in render(head, path="/?store=E1")
    assert 'href="?store=E1&amp;sort=net"' in render(head, path="/?store=E1&page=3")
    assert 'aria-sort="none"' in render(head, path="/?sort=name")
    assert 'href="?sort=-net"' in render(head, path="/?sort=name")


def test_an_address_carries_the_place_and_leaves_empty_parameters_out() -> None:
    source = '{% place_url "shell:search" q=text day="" %}'
    assert render(source, path="/?region=EAST&channel=web", text="a b") == "/search/?region=EAST&amp;q=a+b"


def test_names_follow_the_language_and_fall_back() -> None:
    class Place:
        name_zh = "上海店"
        name_en = "Shanghai"

    class Half:
        name_zh = "成都店"
        name_en = ""

    assert render("{{ a|named }} {{ b|named }}", a=Place(), b=Half()) == "Shanghai 成都店"
    with translation.override("zh-hans"):
        assert render("{{ a|named }}", a=Place()) == "上海店"


def test_a_title_is_escaped_in_both_places() -> None:
    source = "{% keep as t %}{{ name }}{% endkeep %}<title>{{ t|striptags }}</title><h1>{{ t }}</h1>"
    assert render(source, name="<b>&") == "<title>&lt;b&gt;&amp;</title><h1>&lt;b&gt;&amp;</h1>"


def test_a_filter_form_keeps_place_and_sort() -> None:
    form = render("{% filter_form %}<input>{% endfilter_form %}", path='/?store=E1&sort=-net&day=1&chain="x')
    assert form == (
        '<form class="filters" method="get" data-filters><input type="hidden" name="chain" value="&quot;x">'
        '<input type="hidden" name="store" value="E1"><input type="hidden" name="sort" value="-net"><input></form>'
    )


def test_the_last_page_of_a_keyset_has_no_next() -> None:
    assert "rel=" not in render("{% keyset_pager after=None %}", path="/?after=abc")
    assert 'href="?day=1&amp;after=xyz"' in render('{% keyset_pager after="xyz" %}', path="/?day=1")
    assert render("{% keyset_pager after=None %}").strip() == ""

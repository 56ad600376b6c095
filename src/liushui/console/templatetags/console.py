"""Template tags of the console; docs/internals/console.md shows each with an example."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from liushui.console import numbers
from liushui.console.shell import PLACE_PARAMETERS, local_name
from liushui.kernel.errors import LiushuiError
from liushui.runtime import error_words

register = template.Library()
_tooltip_numbers = count(1)
_PAGING = ("page", "after", "before", "cursor")


def _language() -> str:
    return get_language() or "en"


@register.simple_block_tag
def keep(content: str) -> SafeString:
    """The block's output, escaped as it was made, to be kept with `as`: a title is written once and shown twice."""
    return SafeString(content.strip())  # nosec B703  # escaped where it was made


@register.simple_tag
def icon(name: str) -> SafeString:
    """A Tabler icon from the sprite; decoration only, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}?v={}#{}"/></svg>',
        static("dist/icons.svg"),
        _sprite_version(),
        name,
    )


@lru_cache(maxsize=1)
def _sprite_version() -> str:
    path = finders.find("dist/icons.svg")
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12] if isinstance(path, str) else ""


@register.simple_tag
def money(amount_minor: int | None, currency: str, *, sign: bool = False, compact: bool = False) -> str:
    """`¥1,234.56` of minor units; a dash for None."""
    if amount_minor is None:
        return numbers.NOTHING
    if compact:
        return numbers.compact_money_text(amount_minor=amount_minor, currency=currency, language=_language())
    return numbers.money_text(amount_minor=amount_minor, currency=currency, language=_language(), sign=sign)


@register.filter
def thousands(value: int | None) -> str:
    """`1,234` of a whole number; a dash for None."""
    return numbers.NOTHING if value is None else f"{value:,}"


@register.filter
def negated(value: int | None) -> int | None:
    """The opposite: what came back, written as what it takes away."""
    return None if value is None else -value


@register.filter
def rate(basis_points: int) -> str:
    """A rate as people say it: `13%` of 1300, `6.5%` of 650."""
    whole, hundredths = divmod(basis_points, 100)
    return f"{whole}.{hundredths:02}".rstrip("0").rstrip(".") + "%"


@register.filter
def percent(basis_points: int | None) -> str:
    """`12.3%` of basis points; a dash for None."""
    return numbers.NOTHING if basis_points is None else numbers.percent_text(basis_points=basis_points)


@register.filter
def named(thing: Any) -> str:
    """The name of a chain, region, store, item or category in the reader's language."""
    return local_name(thing)


@register.simple_tag
def delta(now: int | None, before: int | None, label: str = "") -> SafeString:
    """The change from `before` to `now` in percent, with sign, arrow and colour; a dash when nothing is to compare."""
    change = None if now is None or before is None else numbers.change_basis_points(now=now, before=before)
    note = format_html(' <span class="delta-label">{}</span>', label) if label else SafeString("")
    if change is None:
        return format_html('<span class="delta delta-none">{}{}</span>', numbers.NOTHING, note)
    kind, arrow = ("up", "▲") if change > 0 else ("down", "▼") if change < 0 else ("same", "＝")
    text = numbers.percent_text(basis_points=change, sign=True)
    return format_html(
        '<span class="delta delta-{}"><span aria-hidden="true">{}</span> {}{}</span>', kind, arrow, text, note
    )


@register.simple_tag(takes_context=True)
def sort_header(context: Context, column: str, label: str, *, numeric: bool = False, default: str = "") -> SafeString:
    """A `<th>` that sorts by `?sort=column` or `?sort=-column`; keeps the filters, starts at the first page."""
    request: HttpRequest = context["request"]
    present = request.GET.get("sort") or default
    state = {column: "ascending", f"-{column}": "descending"}.get(present, "none")
    first = f"-{column}" if numeric else column  # numbers: the biggest first
    wanted = {"none": first, "ascending": f"-{column}", "descending": column}[state]
    query = request.GET.copy()
    for name in _PAGING:
        query.pop(name, None)
    query["sort"] = wanted
    return format_html(
        '<th scope="col"{} aria-sort="{}"><a class="sort" href="?{}">{}'
        '<span class="sort-sign" aria-hidden="true">{}</span></a></th>',
        SafeString(' class="num"') if numeric else "",
        state,
        query.urlencode(),
        label,
        {"none": "↕", "ascending": "↑", "descending": "↓"}[state],
    )


@register.simple_tag(takes_context=True)
def place_url(context: Context, url_name: str, *args: Any, **query: Any) -> str:
    """The address of a page with the chosen place carried on and `query` added."""
    request: HttpRequest = context["request"]
    carried = {name: request.GET[name] for name in PLACE_PARAMETERS if request.GET.get(name)}
    parameters = {name: value for name, value in {**carried, **query}.items() if value not in (None, "")}
    return reverse(url_name, args=args) + (f"?{urlencode(parameters)}" if parameters else "")


@register.simple_tag
def definition(term: str, text: str) -> SafeString:
    """A term whose meaning appears on hover, focus or touch, and is read out as its description."""
    name = f"definition-{next(_tooltip_numbers)}"
    return format_html(
        '<span class="definition"><button type="button" class="definition-term" aria-describedby="{}">{}</button>'
        '<span class="definition-text" role="tooltip" id="{}">{}</span></span>',
        name,
        term,
        name,
        text,
    )


@register.simple_tag(takes_context=True)
def hidden_columns(context: Context, table: str) -> str:
    """Numbers of the columns that the reader put away in the table of that name, as web/columns.js keeps them."""
    kept = context["request"].COOKIES.get(f"liushui_columns_{table}", "")
    return " ".join(number for number in kept.split(".")[:20] if number.isascii() and number.isdigit())


@register.inclusion_tag("console/parts/column_choice.html")
def column_choice(table: str) -> dict[str, str]:
    """A drop-down of the columns of `<table data-columns=table data-hidden="{% hidden_columns table %}">`."""
    return {"table": table}


@register.inclusion_tag("console/parts/empty.html")
def empty_state(*, title: str, text: str = "", icon: str = "inbox", url: str = "", action: str = "") -> dict[str, str]:
    """What stands where a list has nothing: why, and what to do next."""
    return {"title": title, "text": text, "icon": icon, "url": url, "action": action}


@register.inclusion_tag("console/parts/progress.html")
def progress_bar(*, url: str, done: int, total: int | None, label: str, finished: bool = False) -> dict[str, Any]:
    """Long work; asks `url` again every second until the answer is `finished`. `url` answers with this same tag."""
    return {"url": url, "done": done, "total": total, "label": label, "finished": finished}


@register.inclusion_tag("console/parts/pager.html", takes_context=True)
def pager(context: Context, *, page: int, pages: int, total: int | None = None) -> dict[str, Any]:
    """Numbered pages by `?page=`; shows nothing when there is one page only."""
    near = sorted({1, pages, *range(max(1, page - 2), min(pages, page + 2) + 1)})
    return {"request": context["request"], "page": page, "pages": pages, "near": near, "total": total}


@register.inclusion_tag("console/parts/keyset_pager.html", takes_context=True)
def keyset_pager(context: Context, *, after: str | None, parameter: str = "after") -> dict[str, Any]:
    """Older rows by `?after=`: `after` is the cursor of the next page, None on the last one."""
    query = context["request"].GET.copy()
    is_first = parameter not in query
    query.pop(parameter, None)
    first = query.urlencode()
    if after:
        query[parameter] = after
    return {"first": "" if is_first else f"?{first}", "next": f"?{query.urlencode()}" if after else ""}


@register.simple_block_tag(takes_context=True)
def filter_form(context: Context, content: str) -> SafeString:
    """A bar of filters that live in the address: a GET form that carries place and sort on, unless it asks for them."""
    request: HttpRequest = context["request"]
    carried = [
        format_html('<input type="hidden" name="{}" value="{}">', name, request.GET[name])
        for name in (*PLACE_PARAMETERS, "sort")
        if request.GET.get(name) and f'name="{name}"' not in content
    ]
    hidden = format_html_join("", "{}", ((field,) for field in carried))
    return format_html('<form class="filters" method="get" data-filters>{}{}</form>', hidden, content)


@register.simple_tag
def error_title(error: LiushuiError) -> str:
    """The title of a named error in the reader's language."""
    return gettext(error.title)


@register.filter
def readable(text: str) -> str:
    """The detail or remedy of an error in the reader's language; nothing where nobody has translated it."""
    return error_words.readable(str(text or ""))


@register.filter
def reworded(text: str) -> str:
    """The same, in English where nobody has translated it: for texts that are of use to whoever wrote a file."""
    return error_words.translated(str(text or ""))


@register.simple_tag
def error_text(error: LiushuiError) -> str:
    """What is wrong, in the reader's language only: the detail alone where the title says no more than "wrong"."""
    return error_words.error_text(error)

"""The manual: Markdown beside the code, one folder a language, made into HTML that needs no script and no style.

A page is `manual/<language>/<name>.md`; its first heading is its title. Links to `other.md` and pictures from
`images/` are turned into addresses of the console. Raw HTML in the Markdown is shown as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.urls import reverse
from markdown_it import MarkdownIt
from markdown_it.token import Token

from liushui.kernel.errors import NotFound

FOLDER = Path(__file__).resolve().parent / "manual"
LANGUAGES = ("zh-hans", "en")
# in the order of the index: who it is for says more than an alphabet
NAMES = ("cashier", "store-manager", "head-office", "marketing", "members", "it", "faq", "training")


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of a page, with its anchor."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ManualPage:
    """A page made ready: `summary` is its first paragraph, `html` all of it without the title."""

    name: str
    title: str
    summary: str
    headings: tuple[Heading, ...]
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a search found all its words: a page, and the heading they stand under."""

    page: ManualPage
    heading: Heading | None
    excerpt: str


def manual_page(*, name: str, language: str) -> ManualPage:
    """One page in this language, in English when there is none; raises NotFound."""
    chosen = language if language in LANGUAGES else "en"
    if name not in NAMES:
        raise NotFound(f"The manual has no page {name!r}")
    return _read(name, chosen)


def manual_pages(*, language: str) -> tuple[ManualPage, ...]:
    """Every page, in the order of NAMES."""
    return tuple(manual_page(name=name, language=language) for name in NAMES)


def search(*, words: str, language: str) -> tuple[Hit, ...]:
    """The parts that hold all of these words, at most thirty."""
    wanted = words.casefold().split()
    hits = [hit for page in manual_pages(language=language) if wanted for hit in _hits(page, wanted)]
    return tuple(hits[:30])


def picture(*, language: str, name: str) -> Path:
    """A picture of the manual; raises NotFound. The name is one of a folder's own, never a path."""
    folder = FOLDER / "images" / (language if language in LANGUAGES else "en")
    found = {path.name: path for path in folder.glob("*.png")}.get(name)
    if found is None:
        raise NotFound(f"The manual has no picture {name!r}")
    return found


@lru_cache(maxsize=32)
def _read(name: str, language: str) -> ManualPage:
    text = (FOLDER / language / f"{name}.md").read_text(encoding="utf-8")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    headings = []
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            words = tokens[position + 1].content
            heading = Heading(level=int(token.tag[1]), text=words, anchor=_anchor(words))
            token.attrSet("id", heading.anchor)
            headings.append(heading)
        elif token.type == "inline":
            _turn_links(token.children or [], language)
        elif token.type == "table_open":
            token.attrSet("class", "table")
    body = tokens[3:] if tokens and tokens[0].tag == "h1" else tokens
    paragraphs = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "paragraph_open"]
    return ManualPage(
        name=name,
        title=headings[0].text if headings else name,
        summary=paragraphs[0] if paragraphs else "",
        headings=tuple(headings[1:]),
        html=markdown.renderer.render(body, markdown.options, {}),
        text=text,
    )


def _turn_links(tokens: list[Token], language: str) -> None:
    for token in tokens:
        if token.type == "link_open":
            page, _, anchor = str(token.attrGet("href") or "").partition("#")
            if page.endswith(".md") and page[:-3] in NAMES:
                address = reverse("console:help-page", args=[page[:-3]])
                token.attrSet("href", address + (f"#{anchor}" if anchor else ""))
        elif token.type == "image":
            name = str(token.attrGet("src") or "").rpartition("/")[2]
            token.attrSet("src", reverse("console:help-picture", args=[language, name]))
            token.attrSet("loading", "lazy")


def _anchor(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.casefold()).strip("-") or "part"


def _hits(page: ManualPage, wanted: list[str]) -> list[Hit]:
    found = []
    heading: Heading | None = None
    known = {item.text: item for item in page.headings}
    for block in re.split(r"\n(?=#)", page.text):
        first, _, rest = block.partition("\n")
        heading = known.get(first.lstrip("# ").strip())
        folded = block.casefold()
        if all(word in folded for word in wanted):
            plain = " ".join(re.sub(r"!\[[^\]]*\]\([^)]*\)|[*_`|>#]", " ", rest).split())
            at = max(0, plain.casefold().find(wanted[0]) - 60)
            found.append(Hit(page=page, heading=heading, excerpt=plain[at : at + 180]))
    return found

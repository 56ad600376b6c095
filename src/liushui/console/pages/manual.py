"""Help: the manual. It holds nothing of any chain, so it is open to all, also at a till where nobody is signed in."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from liushui.console import manual_pages
from liushui.runtime.web import principal_of


@require_GET
def help_index(request: HttpRequest) -> HttpResponse:
    """Every page with what it is for, or where the words of `q` stand."""
    language, words = get_language() or "en", request.GET.get("q", "").strip()[:80]
    pages = manual_pages.manual_pages(language=language)
    hits = manual_pages.search(words=words, language=language) if words else ()
    return _render(request, "console/help.html", {"pages": pages, "words": words, "hits": hits})


@require_GET
def help_page(request: HttpRequest, name: str) -> HttpResponse:
    """One page of the manual, in the reader's language."""
    language = get_language() or "en"
    page = manual_pages.manual_page(name=name, language=language)
    return _render(
        request, "console/help_page.html", {"page": page, "pages": manual_pages.manual_pages(language=language)}
    )


@require_GET
def help_picture(request: HttpRequest, language: str, name: str) -> FileResponse:
    """A picture of the manual."""
    return FileResponse(manual_pages.picture(language=language, name=name).open("rb"), content_type="image/png")


def _render(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    frame = "console/page.html" if principal_of(request) is not None else "console/help_frame.html"
    return render(request, template, context | {"frame": frame})

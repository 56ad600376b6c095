"""What a request may be at all: its method, and how much it brings, refused before anything of it is read or kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

from liushui.kernel.errors import LiushuiError

_FORM_BYTES = 1_000_000  # what the fields beside a file, and the lines between them, may take
_PAGE_METHODS = ("GET", "HEAD", "OPTIONS", "POST")
_API_METHODS = (*_PAGE_METHODS, "PUT", "PATCH", "DELETE")
View = TypeVar("View", bound=Callable[..., Any])


class TooLarge(LiushuiError):
    """The body is larger than this server takes."""

    status = 413
    type = "too-large"


def takes_files(view: View) -> View:
    """Mark a view that takes files up to `LIUSHUI_UPLOAD_MAX_BYTES`; all others take `LIUSHUI_REQUEST_BODY_MAX_BYTES`.

    Goes directly above the function: decorators further out carry the mark on.
    """
    view.takes_files = True  # type: ignore[attr-defined]
    return view


class RequestLimitsMiddleware:
    """Stands before the CSRF check, which otherwise reads a whole upload to look for its token.

    A view without a list of methods of its own would answer TRACE and PUT as GET.

    A body without a length is one without content to Django, so nothing passes by leaving the length out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """A refusal, or nothing."""
        methods = _API_METHODS if request.path.startswith("/api/") else _PAGE_METHODS
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if getattr(view, "takes_files", False):
            limit = settings.LIUSHUI.upload_max_bytes + _FORM_BYTES
        if methods is _API_METHODS or _declared_length(request) <= limit:
            return None  # the API reads bodies whole, looks at their length before, and says so in its own words
        error = TooLarge(f"This address takes up to {limit:,} bytes", remedy="Send it in parts.")
        return render(request, "console/error.html", {"error": error}, status=error.status)


def _declared_length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else (0 if text == "0" else 2**63)

"""Answers where no view does: a problem for programs under /api/, a page for people elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from liushui.app.api import Unexpected, Unreadable
from liushui.console import shell
from liushui.kernel.errors import NotAllowed, NotFound
from liushui.portal.pages import lost
from liushui.runtime.web import problem_response


def _is_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    if _is_program(request):
        return problem_response(Unreadable("The request cannot be read"))
    return shell.bad_request(request, exception)


def no_access(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    if _is_program(request):
        return problem_response(NotAllowed("You may not do this"))
    return shell.no_access(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    if _is_program(request):
        return problem_response(NotFound(f"There is nothing at {request.path}"))
    if request.path.startswith(lost.PREFIX):
        return lost.no_such_page(request)
    return shell.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    if _is_program(request):
        return problem_response(Unexpected("Something failed here; it has been written to the log"))
    return shell.server_error(request)

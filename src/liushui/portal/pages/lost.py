"""What a shopper sees where there is no page: his own frame, and the way back; nothing of the console."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from liushui.kernel.errors import LiushuiError
from liushui.portal.access import portal_chain
from liushui.portal.errors import NoSuchPage, PortalClosed

PREFIX = "/my/"


def no_such_page(request: HttpRequest) -> HttpResponse:
    """For addresses under /my/ that lead nowhere."""
    error: LiushuiError = NoSuchPage("There is nothing at this address")
    try:
        context = {"error": error, "chain": portal_chain()}
    except PortalClosed as closed:
        context = {"error": closed}
    return render(request, "portal/error.html", context, status=error.status)

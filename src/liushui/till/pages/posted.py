"""What every deed of the sale screen posts along: the ticket on the screen, its version, the chosen line."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import TicketMissing


def line_of(text: str | None) -> int | None:
    """Number of the chosen line."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else None


def version_of(request: HttpRequest) -> int:
    """The version that stood on the screen; -1, which fits none, when there was none."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


def text_of(request: HttpRequest) -> str:
    """What stood in the scan box."""
    return request.POST.get("text", "").strip()


def ticket_id_of(request: HttpRequest) -> UUID:
    """The ticket on the screen; raises TicketMissing."""
    try:
        return UUID(request.POST.get("ticket", ""))
    except ValueError as error:
        raise TicketMissing("There is no ticket on the screen") from error


def ticket_at_hand(request: HttpRequest, *, till: Till) -> Ticket:
    """The ticket on the screen, if it is the one at hand still; raises TicketMissing."""
    present = facade.current_ticket(till=till)
    if present is None or present.id != ticket_id_of(request):
        raise TicketMissing("The ticket on the screen is not at hand at this till any more")
    return present


def currency_of(till: Till) -> str:
    """What this store sells in."""
    return stores.store(store_id=till.store_id).currency

"""A return that needs another person, as its sender asks for it: read like a sale, put into the inbox, nothing kept."""

from __future__ import annotations

from datetime import datetime

from liushui.checkout import facade as checkout
from liushui.intake.actions.take_sales import Reach, currency_of, source_of
from liushui.intake.domain.sale_json import decode_approval, to_command
from liushui.kernel.errors import LiushuiError
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval


def ask_return(*, body: bytes, principal: Principal, now: datetime) -> Approval:
    """Ask for the approval of the return in this body. Raises what sending it would, with pointers into the body, and
    ApprovalNotNeeded."""
    asked = decode_approval(body)
    sale, reach = asked.sale, Reach.of(principal)
    chain = sale.chain or reach.own_chain
    try:
        reach.check(chain, sale.store)
        command = to_command(sale, source=source_of(principal), chain=chain, currency=currency_of(sale, chain))
        return checkout.ask_approval(command=command, reason=asked.reason, principal=principal, now=now)
    except LiushuiError as error:
        if error.pointer is not None and error.pointer != "/reason":
            error.pointer = f"/sale{error.pointer}"
        raise

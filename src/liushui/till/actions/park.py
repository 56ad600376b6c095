"""Put a ticket aside and take it up again (挂单, 取单)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.runtime.scrub import without_people
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.member import as_now
from liushui.till.actions.price import reprice
from liushui.till.contracts import Ticket, Till
from liushui.till.domain import tenders as rules
from liushui.till.errors import LineRefused, NotAtTraining, TicketInTheWay

LABEL_MAX = 64


def park(*, till: Till, ticket_id: UUID, version: int, label: str, now: datetime) -> Ticket:
    """Put an open ticket aside under a name; its number when none is given."""
    row = storage.load(till=till, ticket_id=ticket_id, version=version, states=("open",))
    text = label.strip()
    if len(text) > LABEL_MAX or "\0" in text:
        raise LineRefused(f"A name has at most {LABEL_MAX} characters", pointer="/label")
    shown = without_people(text, longest=LABEL_MAX) or row.number
    storage.change(row, states=("open",), now=now, state="parked", label=shown)
    return storage.ticket_of(row)


def resume(*, till: Till, ticket_id: UUID, now: datetime) -> Ticket:
    """Take a parked ticket up at this till, on this till's shift, at the prices of now and for its member as he is
    now, unless a part is paid. Raises TicketInTheWay, ShiftMissing."""
    row = storage.load(till=till, ticket_id=ticket_id, states=("parked",))
    shift = storage.open_shift_row(till)
    if row.is_training != shift.is_training:
        raise NotAtTraining("A ticket of training is not one of a shift that sells, nor the other way round")
    if rules.taken(storage.tenders_of(row)):  # the price is agreed
        values: dict[str, Any] = {"state": "paying"}
    else:
        member = as_now(row, now=now)
        priced = reprice(row, stores.store(store_id=row.store_id), now, member=member, keep_member=False)
        values = {"state": "open", **priced.columns(), **storage.member_column(member)}
    values |= {
        "label": "",
        "shift_id": shift.id,
        "business_date": shift.business_date,
        "workstation_id": till.workstation_id,
        "workstation_code": till.workstation_code,
        "operator": till.operator,
        "operator_name": till.operator_name,
    }
    try:
        with transaction.atomic():
            storage.change(row, states=("parked",), now=now, while_open=shift.id, **values)
    except IntegrityError as error:
        raise TicketInTheWay("Another ticket is at hand", remedy="Finish or park it first.") from error
    return storage.ticket_of(row)

"""Begin a shift with the float that lies in the drawer."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from liushui.kernel.ids import new_id
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till import queries, storage
from liushui.till.contracts import Shift, Till
from liushui.till.domain.numbers import shift_series
from liushui.till.domain.tenders import AMOUNT_MAX_MINOR
from liushui.till.errors import AmountRefused, ShiftOpen
from liushui.till.models import DayRow, ShiftRow


def open_shift(*, till: Till, float_minor: int, is_training: bool = False, now: datetime) -> Shift:
    """Open a shift of the store's business day, or of the next when that one is closed. Raises ShiftOpen."""
    till.principal.require_store("till.use", store_id=till.store_id)
    if type(float_minor) is not int or not 0 <= float_minor <= AMOUNT_MAX_MINOR:
        raise AmountRefused(f"{float_minor!r} is not a float in minor units", pointer="/float_minor")
    store = stores.store(store_id=till.store_id)
    try:
        with transaction.atomic():
            row = begin(till=till, store=store, float_minor=float_minor, is_training=is_training, now=now)
    except IntegrityError as error:
        raise ShiftOpen("A shift is open at this till", remedy="Count and close it, or take it over.") from error
    return queries.shift_of(row)


def begin(*, till: Till, store: Store, float_minor: int, is_training: bool, now: datetime) -> ShiftRow:
    """Write the shift in the caller's transaction; the day stays open until that is committed."""
    business_date = _open_day(store, store.business_date(now))
    number = storage.next_in_series(shift_series(workstation_id=till.workstation_id, is_training=is_training))
    return ShiftRow.objects.create(
        id=new_id(),
        number=number,
        chain_id=store.chain_id,
        store_id=store.id,
        workstation_id=till.workstation_id,
        workstation_code=till.workstation_code,
        business_date=business_date,
        is_training=is_training,
        currency=store.currency,
        float_minor=float_minor,
        operator=till.operator,
        operator_name=till.operator_name,
        opened_at=now,
    )


def _open_day(store: Store, business_date: date) -> date:
    """This day, or the first after it that is not closed, locked against being closed."""
    while True:
        DayRow.objects.bulk_create(
            [DayRow(chain_id=store.chain_id, store_id=store.id, business_date=business_date)], ignore_conflicts=True
        )
        days = DayRow.objects.select_for_update().filter(store_id=store.id, business_date=business_date, state="open")
        if days.values_list("id", flat=True).first() is not None:
            return business_date
        business_date += timedelta(days=1)

"""What tills do in a race; the customers' money lies with a provider whose book no dying process can touch."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from tests.support.crash import crash_at_step
from tests.support.paper_wallet import PaperWallet, paid_on_paper

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewPrice
from liushui.kernel.errors import LiushuiError
from liushui.orders.models import Sale, TenderRow
from liushui.payments import facade as payments
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import OutboxEvent
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation
from liushui.till import facade as till
from liushui.till.contracts import DAY_CLOSED, Ticket, Till
from liushui.till.models import DrawerRow, TicketRow

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PRICE = 650


def open_tills(*, names: list[str]) -> None:
    """Tills of these names, each with an open shift and a float of 100.00."""
    store = stores.stores_by_code()["HM", "SH01"]
    catalog.save_prices(
        prices=[NewPrice(chain_id=store.chain_id, sku="MILK", amount_minor=PRICE, starts_at=NOON - timedelta(days=30))]
    )
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code="HM", store_code="SH01", code=name, name=name) for name in names]
    )
    for name in names:
        till.open_shift(till=_at(name), float_minor=10_000, now=NOON)


def ring_up(*, name: str, units: int) -> dict[str, Any]:
    """Scan milk."""
    return _told(till.scan(till=_at(name), code="MILK", units=units, now=NOON))


def ring_up_again(*, name: str, ticket: str) -> dict[str, Any]:
    """The ticket as it stands."""
    return _told(till.ticket(ticket_id=UUID(ticket), store_ids={_at(name).store_id}))


def be_paid(*, name: str, ticket: str, version: int, how: str, crash_at: int | None = None) -> dict[str, Any]:
    """Take cash, or scan the customer's code."""
    here = {"till": _at(name), "ticket_id": UUID(ticket), "version": version, "now": NOON}
    with _wallet(), crash_at_step(crash_at) as steps:
        if how == "cash":
            paid = till.pay_cash(given_minor=10_000, **here)
        else:
            paid = till.pay_mobile(provider="paper", mode="we_scan", auth_code="28" + "1" * 16, **here)
    return _told(paid) | {"steps": steps.names}


def give_back(*, name: str, ticket: str, crash_at: int | None = None) -> dict[str, Any]:
    """Void the sale, as a manager approved."""
    row = TicketRow.objects.get(id=UUID(ticket))
    asked = till.ask_approval(
        till=_at(name), kind="till.void_sale", target=f"sale:{row.sale_id}", reason="wrong", now=NOON
    )
    decided = approvals.approval(approval_id=asked.id)
    if decided.state == "pending":
        approvals.decide(approval_id=asked.id, approve=True, principal=_manager("mia"), now=NOON)
    with _wallet(), crash_at_step(crash_at) as steps:
        voided = till.void_sale(till=_at(name), ticket_id=row.id, reason="wrong", approval_id=asked.id, now=NOON)
    return _told(voided) | {"steps": steps.names}


def give_up(*, name: str, ticket: str, crash_at: int | None = None) -> dict[str, Any]:
    """Pay a part by phone, then cancel the ticket, as a manager approved."""
    here = {"till": _at(name), "ticket_id": UUID(ticket)}
    asked = till.ask_approval(
        till=_at(name), kind="till.cancel", target=f"ticket:{UUID(ticket)}", reason="left", now=NOON
    )
    approvals.decide(approval_id=asked.id, approve=True, principal=_manager("mia"), now=NOON)
    with _wallet():
        shown = till.ticket(ticket_id=UUID(ticket), store_ids={_at(name).store_id})
        part = till.pay_mobile(
            provider="paper", mode="we_scan", auth_code="28" + "1" * 16, amount_minor=100, version=shown.version,
            now=NOON, **here,
        )  # fmt: skip
        with crash_at_step(crash_at) as steps:
            ended = till.cancel_ticket(version=part.version, reason="left", approval_id=asked.id, now=NOON, **here)
    return _told(ended) | {"steps": steps.names}


def recover_tills(*, minutes: int) -> int:
    """What the worker's clock does, so many minutes later, until nothing moves any more."""
    now = NOON + timedelta(minutes=minutes)
    moved = 0
    with _wallet():
        for turn in range(10):
            at = now + timedelta(seconds=61 * turn)
            done = payments.resolve_unknown(now=at) + till.recover(now=at)
            moved += done
            if not done:
                break
    return moved


def look_at(*, ticket: str) -> dict[str, Any]:
    """What tables and provider hold of one ticket."""
    row = TicketRow.objects.get(id=UUID(ticket))
    known = payments.of_reference(reference=f"ticket:{row.id}")
    sales = Sale.objects.filter(source="till", source_id=row.id.hex)
    recorded = sales.filter(status="completed")
    tenders = TenderRow.objects.filter(sale_id__in=[sale.id for sale in recorded])
    with _wallet() as wallet:
        kept = wallet.kept_minor([payment.id.hex for payment in known])
    return {
        "state": row.state,
        "sales": sales.count(),
        "sold": sum(sale.total_minor for sale in recorded),
        "by_phone": sum(tender.amount_minor for tender in tenders if tender.type == "mobile"),
        "with_provider": kept,
        "captured": sum(payment.sale_id is not None for payment in known),
        "tenders": sorted(tender["state"] for tender in row.tenders),
        "refunds": sorted(DrawerRow.objects.filter(ticket_id=row.id).values_list("amount_minor", flat=True)),
    }


def decide(*, approval: str, who: str) -> str:
    """A manager decides: approves, or hears who did."""
    try:
        return approvals.decide(approval_id=UUID(approval), approve=True, principal=_manager(who), now=NOON).decided_by
    except approvals.AlreadyDecided as error:
        return error.detail


def ask(*, name: str, ticket: str) -> str:
    """A cashier asks for a ticket's cancellation."""
    return str(
        till.ask_approval(till=_at(name), kind="till.cancel", target=f"ticket:{ticket}", reason="x", now=NOON).id
    )


def pay_or_count(*, do: str, name: str, ticket: str, version: int) -> str:
    """Either hand of the race for the end of a shift."""
    try:
        if do == "count":
            return till.count_shift(till=_at(name), count={10_000: 1, 500: 1, 100: 1, 50: 1}, now=NOON).state
        return be_paid(name=name, ticket=ticket, version=version, how="cash")["state"]
    except LiushuiError as error:
        return error.type


def scan_or_count(*, do: str, name: str) -> str:
    """Either hand of the race for the first ticket of a shift that ends."""
    try:
        if do == "count":
            return till.count_shift(till=_at(name), count={10_000: 1}, now=NOON).state
        return ring_up(name=name, units=1)["state"]
    except LiushuiError as error:
        return error.type


def sell_many(*, name: str, sales: int) -> int:
    """A busy till; what it has sold."""
    total = 0
    for number in range(sales):
        shown = ring_up(name=name, units=1 + number % 3)
        total += be_paid(name=name, ticket=shown["id"], version=shown["version"], how="cash")["total"]
    return total


def shift_figures(*, name: str) -> dict[str, Any]:
    """What the shift's report and the recorded sales of its till say."""
    here = _at(name)
    row = TicketRow.objects.filter(workstation_id=here.workstation_id).order_by("-id").first()
    shift = till.current_shift(till=here)
    shift_id = shift.id if shift is not None else row.shift_id
    report = till.x_report(shift_id=shift_id, store_ids={here.store_id}, now=NOON, blind=False)
    sold = Sale.objects.filter(source="till", workstation=name, status="completed")
    return {
        "tickets": report.tickets,
        "total": report.total_minor,
        "expected": report.tenders[0].expected_minor,
        "recorded": sum(sale.total_minor for sale in sold),
        "sales": sold.count(),
    }


def day_differs() -> list[str]:
    """The figures in which the day's report and the recorded sales differ."""
    store = stores.stores_by_code()["HM", "SH01"]
    found = till.verify_day(store_id=store.id, business_date=store.business_date(NOON), now=NOON)
    return [f"{each.name}: {each.reported} {each.recorded}" for each in found]


def begin_day(*, store: str) -> None:
    """A store of its own, in which one shift was opened and closed without a sale."""
    stores.save_stores(stores=[NewStore(chain_code="HM", region_code="EAST", code=store, name_zh=store, name_en=store)])
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code="HM", store_code=store, code="Z1", name="Z1", kind="till")]
    )
    here = _at("Z1", store)
    till.open_shift(till=here, float_minor=0, now=NOON)
    till.count_shift(till=here, count={}, now=NOON)


def end_day(*, who: str, store: str) -> dict[str, Any]:
    """Close the day, or hear why not; and how often that was told."""
    place = stores.stores_by_code()["HM", store]
    day = place.business_date(NOON)
    try:
        report = till.close_day(store_id=place.id, business_date=day, principal=_manager(who, store), now=NOON)
    except LiushuiError as error:
        return {"error": error.type}
    return {"z": report.z_number, "by": report.closed_by}


def days_told(*, store: str) -> int:
    """How often a store's day was told to be closed."""
    place = stores.stores_by_code()["HM", store]
    return OutboxEvent.objects.filter(type=DAY_CLOSED, subject__startswith=f"day:{place.id}:").count()


def open_or_end_day(*, do: str, store: str) -> str:
    """Either hand of the race for the end of a day: the business date of the new shift, or the Z number."""
    if do == "end":
        return str(end_day(who="mia", store=store).get("z", "blocked"))
    return till.open_shift(till=_at("Z1", store), float_minor=0, now=NOON).business_date.isoformat()


def _at(name: str, code: str = "SH01") -> Till:
    store = stores.stores_by_code()["HM", code]
    station = next(each for each in stores.workstations(store_id=store.id) if each.code == name)
    grant = Grant(role="cashier", chain_id=store.chain_id, store_id=store.id)
    return Till(
        device_id=UUID(int=station.id), workstation_id=station.id, workstation_code=name, store_id=store.id,
        chain_id=store.chain_id, operator="ann", operator_name="Ann",
        principal=Principal(subject="staff:ann", name="Ann", grants=(grant,)),
    )  # fmt: skip


def _manager(name: str, code: str = "SH01") -> Principal:
    store = stores.stores_by_code()["HM", code]
    grant = Grant(role="store_manager", chain_id=store.chain_id, store_id=store.id)
    return Principal(subject=f"staff:{name}", name=name.title(), grants=(grant,))


def _wallet() -> AbstractContextManager[PaperWallet]:
    return paid_on_paper(settings.LIUSHUI.data_dir / "paper-wallet")


def _told(ticket: Ticket) -> dict[str, Any]:
    return {"id": str(ticket.id), "version": ticket.version, "state": ticket.state, "total": ticket.total_minor}

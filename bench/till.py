"""Closing a shift of 10,000 sales, and 64 tills that sell at once by the till's own pages on a served process.

Beside the close: the same figures by a loop over the tickets. Beside the tills: json + 1 INSERT by the same server.
"""

from __future__ import annotations

import http.client
import json
import re
import secrets
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection

from bench import load, shop
from bench.api import serving
from bench.tables import show
from liushui.app.serve import free_port
from liushui.kernel.ids import new_id
from liushui.orders.models import Sale
from liushui.runtime import tills
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.staff import create_staff
from liushui.stores import facade as stores
from liushui.stores.contracts import NewWorkstation
from liushui.till import facade
from liushui.till.contracts import Till
from liushui.till.models import ShiftRow, TicketRow

TICKETS, TIMES, CLOSE_SECONDS_MAX = 10_000, 3, 1.0
TILLS, SCANS, SALES = 64, 3, 10  # at once; scans a sale; sales a till
WORKERS, THREADS = 2, 4
PACE_SECONDS = 1.0  # of a quick cashier: from one scan to the next
_TICKET = re.compile(rb'data-ticket="([0-9a-f-]{36})" data-version="(\d+)"')
_SETTLED = b'data-state="settled"'


def main() -> None:
    shop.open_shop()
    close_shifts()
    if connection.vendor == "postgresql":
        sell()


def close_shifts() -> None:
    """Part one: counting a drawer after so many sales."""
    [till] = _tills(1)
    closed, looped = [], []
    for _ in range(TIMES):
        shift = facade.open_shift(till=till, float_minor=0, now=shop.NOON)
        _fill(till)
        begun = time.perf_counter()
        by_loop = _by_loop(shift.id)
        looped.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        counted = facade.count_shift(till=till, count=_pieces(by_loop), now=shop.NOON)
        closed.append(time.perf_counter() - begun)
        if (counted.state, counted.difference_minor) != ("closed", 0):
            raise SystemExit(f"the shift is {counted.state}, {counted.difference_minor} out")
    ours, loop = statistics.median(closed), statistics.median(looped)
    show(
        (f"shift of {TICKETS:,} sales", "ms", "slowest"),
        [
            ["count, report, close", f"{ours * 1000:.0f}", f"{max(closed) * 1000:.0f}"],
            ["only the sums, by a loop", f"{loop * 1000:.0f}", f"{max(looped) * 1000:.0f}"],
        ],
    )
    print(f"  {loop / ours:.1f} times faster")
    if max(closed) > CLOSE_SECONDS_MAX:
        raise SystemExit(f"more than the {CLOSE_SECONDS_MAX} s that we allow ourselves")


def _fill(till: Till) -> None:
    """One real sale of ten lines, and its like as often as is wanted."""
    for number in range(10):
        ticket = facade.scan(till=till, code=shop.sku(number), now=shop.NOON)
    facade.pay_cash(till=till, ticket_id=ticket.id, version=ticket.version, given_minor=10_000, now=shop.NOON)
    row = TicketRow.objects.get(id=ticket.id)
    values = {name.attname: getattr(row, name.attname) for name in TicketRow._meta.concrete_fields}
    batch = []
    for number in range(1, TICKETS):
        own = {"id": new_id(), "number": f"{row.number}-{number}", "sale_id": new_id()}
        batch.append(TicketRow(**values | own))
    TicketRow.objects.bulk_create(batch, batch_size=500)


def _by_loop(shift_id: UUID) -> int:
    """What an afternoon's programmer would write: the cash of a shift by going through its tickets."""
    expected = ShiftRow.objects.get(id=shift_id).float_minor
    for ticket in TicketRow.objects.filter(shift_id=shift_id, state="settled"):
        for tender in ticket.tenders:
            if tender["type"] == "cash":
                expected += tender["given_minor"] - tender["change_minor"]
    return expected


def _pieces(minor: int) -> dict[int, int]:
    found = {}
    for denomination in facade.denominations("CNY"):
        found[denomination], minor = divmod(minor, denomination)
    return found


@dataclass(slots=True)
class _Taken:
    """What the browsers of all tills saw."""

    scans: list[float] = field(default_factory=list)  # milliseconds
    payments: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def sell() -> None:
    """Part two: so many tills at once, as fast as they can and at a cashier's pace, then the bare INSERT."""
    cookies = _enrolled(_tills(TILLS))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id text PRIMARY KEY, body jsonb)")
    before = Sale.objects.filter(source="till").count()
    connection.close()
    port = free_port(host="127.0.0.1", port=18_000)
    place = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS)]
    ours = [sys.executable, "-m", "liushui.app.cli", "serve", "--without-worker", *place, "--threads", str(THREADS)]
    with serving(ours, port):
        _run(port, cookies, sales=2, pace=0)  # warm up
        fast, fast_seconds = _run(port, cookies, sales=SALES, pace=0)
        paced, _seconds = _run(port, cookies, sales=SALES // 2, pace=PACE_SECONDS)
    bare, bare_seconds = _bare(port, place)
    sold = Sale.objects.filter(source="till").count() - before
    wanted = TILLS * (2 + SALES + SALES // 2)
    rows = [
        ["scan, at once", *_spread(fast.scans)],
        ["pay by cash, at once", *_spread(fast.payments)],
        [f"scan, one in {PACE_SECONDS:g} s", *_spread(paced.scans)],
        [f"pay, one in {PACE_SECONDS:g} s", *_spread(paced.payments)],
        ["json + 1 INSERT, at once", *_spread(bare.milliseconds)],
    ]
    print(f"  {TILLS} tills, {SCANS} scans a sale, {WORKERS} processes of {THREADS} threads, all on one machine")
    show(("", "n", "p50 ms", "p99 ms"), rows)
    requests = TILLS * SALES * (SCANS + 1)
    print(f"  {requests / fast_seconds:,.0f} requests/s, bare {len(bare.milliseconds) / bare_seconds:,.0f}")
    wrong = _wrong_totals()
    print(f"  {sold:,} sales recorded, {len(fast.errors) + len(paced.errors)} errors, {len(wrong)} wrong totals")
    if fast.errors or paced.errors or wrong or sold != wanted:
        raise SystemExit(f"{sold} of {wanted} sales; {(fast.errors + paced.errors)[:3]} {wrong[:3]}")


def _wrong_totals() -> list[str]:
    """Shifts whose drawer differs from what each of their sales should have left in it, and days that differ."""
    wrong = []
    each = SCANS * shop.PRICE_MINOR
    for shift in ShiftRow.objects.filter(state="open"):
        here = {"shift_id": shift.id, "store_ids": {shift.store_id}, "now": shop.NOON}
        report = facade.x_report(blind=False, **here)
        if (report.total_minor, report.tenders[0].expected_minor) != (report.tickets * each, report.tickets * each):
            wrong.append(f"{shift.workstation_code}: {report.total_minor} of {report.tickets}")
    for store_id, day in set(ShiftRow.objects.filter(state="open").values_list("store_id", "business_date")):
        found = facade.verify_day(store_id=store_id, business_date=day, now=shop.NOON)
        wrong += [f"{difference.name}: {difference.reported} {difference.recorded}" for difference in found]
    return wrong


def _run(port: int, cookies: list[str], *, sales: int, pace: float) -> tuple[_Taken, float]:
    taken = _Taken()
    threads = [
        threading.Thread(target=_cashier, args=(port, cookie, sales, pace, number / TILLS * pace, taken))
        for number, cookie in enumerate(cookies)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, time.perf_counter() - begun


def _cashier(port: int, cookie: str, sales: int, pace: float, wait: float, taken: _Taken) -> None:
    browser = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    time.sleep(wait)
    scans, payments, errors = [], [], []
    for number in range(sales):
        answer = b""
        for item in range(SCANS):
            answer = _post(browser, cookie, "/till/ticket/enter/", {"text": shop.sku(number * 7 + item)}, scans, pace)
        found = _TICKET.search(answer)
        if found is None:
            errors.append("no ticket: " + answer[:200].decode(errors="replace"))
            continue
        form = {"ticket": found[1].decode(), "version": found[2].decode(), "given": "5000"}
        answer = _post(browser, cookie, "/till/ticket/pay/cash/", form, payments, pace)
        if _SETTLED not in answer:
            errors.append("not settled: " + answer[:400].decode(errors="replace"))
    with taken.lock:
        taken.scans += scans
        taken.payments += payments
        taken.errors += errors


def _post(
    browser: http.client.HTTPConnection, cookie: str, path: str, form: dict[str, str], spent: list[float], pace: float
) -> bytes:
    key = re.search(r"csrftoken=(\w+)", cookie)
    head = {
        "Cookie": cookie,
        "X-CSRFToken": key[1] if key else "",
        "HX-Request": "true",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    begun = time.perf_counter()
    browser.request("POST", path, body=urlencode(form), headers=head)
    answer = browser.getresponse()
    body = answer.read()
    taken = time.perf_counter() - begun
    spent.append(taken * 1000)
    if answer.status != 200:
        return f"{answer.status} ".encode() + body
    time.sleep(max(0.0, pace - taken))
    return body


def _bare(port: int, place: list[str]) -> tuple[load.Outcome, float]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log", *place]
    bodies = [json.dumps({"id": f"{number}", "sale": "x" * 400}).encode() for number in range(TILLS * SALES)]
    with serving([*command, "--blocking-threads", str(THREADS), "bench.bare_view:application"], port):
        outcome = load.post(port=port, path="/sales", bodies=bodies, token="", clients=TILLS)
    return outcome, outcome.seconds


def _spread(milliseconds: list[float]) -> list[str]:
    """How many, their median and the value that one in a hundred exceeds."""
    ordered = sorted(milliseconds)
    return [f"{len(ordered):,}", *(f"{ordered[int(len(ordered) * share)]:.0f}" for share in (0.5, 0.99))]


def _tills(number: int) -> list[Till]:
    """So many tills, in eight stores; each with its cashier at hand."""
    codes = [(f"S{index % 8:03}", f"B{index:02}") for index in range(number)]
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code=shop.CHAIN, store_code=s, code=code, name=code) for s, code in codes]
    )
    places = stores.stores_by_code()
    made = []
    for store_code, code in codes:
        store = places[shop.CHAIN, store_code]
        station = next(each for each in stores.workstations(store_id=store.id) if each.code == code)
        grant = Grant(role="cashier", chain_id=store.chain_id, store_id=store.id)
        made.append(
            Till(
                device_id=new_id(),
                workstation_id=station.id,
                workstation_code=code,
                store_id=store.id,
                chain_id=store.chain_id,
                operator="bench",
                operator_name="Bench",
                principal=Principal(subject="staff:0", name="Bench", grants=(grant,)),
            )
        )
    return made


def _enrolled(made: list[Till]) -> list[str]:
    """The cookies of each till's browser; a shift is open at each."""
    system, now, cookies = system_principal(name="bench"), datetime.now(UTC), []
    for till in made:
        grants = [Grant(role="cashier", chain_id=till.chain_id, store_id=till.store_id)]
        name = f"cashier-{till.workstation_code}"
        user_id, _password = create_staff(username=name, display_name=name, grants=grants, principal=system)
        device, secret = tills.enrol(
            workstation_id=till.workstation_id, workstation_code=till.workstation_code, store_id=till.store_id,
            chain_id=till.chain_id, name=till.workstation_code, principal=system, now=now,
        )  # fmt: skip
        token = tills.sign_in(device=device, user=StaffUser.objects.get(pk=user_id), now=now)
        facade.open_shift(till=till, float_minor=0, now=now)
        cookies.append(f"liushui_till={secret}; liushui_operator={token}; csrftoken={secrets.token_hex(16)}")
    return cookies


if __name__ == "__main__":
    main()

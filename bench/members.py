"""Sales of members a second at POST /api/v1/sales: member, points and a coupon each, 16 clients, on PostgreSQL.

Beside it a hot account: 64 clients that all spend the points of one member, who must end with exactly what is left.
"""

# ruff: noqa: E402  Django is set up before its models are imported

from __future__ import annotations

import json
import sys
from pathlib import Path
from uuid import UUID

import django

django.setup()  # before models are imported

from django.db import connection
from tests.support import member_shop

from bench import api, load, shop
from bench.tables import show
from liushui.app.serve import free_port
from liushui.loyalty import facade as loyalty
from liushui.orders.models import Sale

MEMBERS, SALES, WARM_UP, CLIENTS = 500, 2_000, 100, 16
HOT_SALES, HOT_CLIENTS, POINTS = 1_000, 64, 100


def main() -> None:
    shop.migrate()
    place = member_shop.open_member_shop()
    codes = member_shop.publish_coupons(chain_id=place.chain.id, count=SALES + WARM_UP)
    ids = member_shop.add_members(chain_id=place.chain.id, count=MEMBERS, points=100_000)
    # Enough for all but a tenth of the sales: who comes too late is refused, and nothing is taken from him.
    [hot] = member_shop.add_members(
        chain_id=place.chain.id, count=1, first=MEMBERS + 1, points=POINTS * HOT_SALES * 9 // 10
    )
    numbers = {member_id: found.number for member_id, found in loyalty.members(ids=[*ids, hot]).items()}
    client_id, secret = shop.register_client(place.chain.id)
    connection.close()
    port = free_port(host="127.0.0.1", port=18_000)
    ours = [sys.executable, "-m", "liushui.app.cli", "serve", "--without-worker", "--host", "127.0.0.1"]
    command = [*ours, "--workers", str(api.WORKERS), "--threads", str(api.THREADS), "--port", str(port)]
    with api.serving(command, port) as process:
        key = api.token(port, client_id, secret)
        bodies = [body(n, numbers[ids[n % MEMBERS]], code) for n, code in enumerate(codes)]
        load.post(port=port, path="/api/v1/sales", bodies=bodies[:WARM_UP], token=key, clients=CLIENTS)
        database = database_pid()
        before, of_database = api.cpu_seconds(process.pid), api.cpu_seconds(database)
        many = load.post(port=port, path="/api/v1/sales", bodies=bodies[WARM_UP:], token=key, clients=CLIENTS)
        spent = api.cpu_seconds(process.pid) - before, api.cpu_seconds(database) - of_database
        one_account = [body(n, numbers[hot], "") for n in range(10**6, 10**6 + HOT_SALES)]
        before, of_database = api.cpu_seconds(process.pid), api.cpu_seconds(database)
        one = load.post(port=port, path="/api/v1/sales", bodies=one_account, token=key, clients=HOT_CLIENTS)
        spent_hot = api.cpu_seconds(process.pid) - before, api.cpu_seconds(database) - of_database
    check(many, one, hot)
    show(
        ("", "clients", "sales/s", "p50 ms", "p99 ms", "CPU ms: server", "database", "client", "all"),
        [
            ["member, points and coupon", CLIENTS, *_figures(many, SALES, spent)],
            ["one member's points", HOT_CLIENTS, *_figures(one, HOT_SALES, spent_hot)],
        ],
    )
    print(
        f"  the one account: {one.statuses.get(201, 0)} sales taken, {one.statuses.get(409, 0)} refused, 0 points left"
    )


def check(many: load.Outcome, one: load.Outcome, hot: UUID) -> None:
    """Stop unless every sale is there once and every account holds what its entries say."""
    taken = HOT_SALES * 9 // 10
    if many.statuses != {201: SALES} or one.statuses != {201: taken, 409: HOT_SALES - taken}:
        raise SystemExit(f"answers: {many.statuses}, {one.statuses}")
    recorded = Sale.objects.count()
    if recorded != SALES + WARM_UP + taken:
        raise SystemExit(f"{recorded} sales were recorded, {SALES + WARM_UP + taken} were taken")
    left = loyalty.balances(member_id=hot)
    if (left.points, left.points_held) != (0, 0) or loyalty.verify():
        raise SystemExit(f"the one account holds {left}, the ledger says {loyalty.verify()[:3]}")


def body(number: int, member: str, code: str) -> bytes:
    """Two units, points for a part of them, the rest in cash."""
    due = 2 * member_shop.MILK_MINOR - (member_shop.OFF_MINOR if code else 0)
    document = {
        "id": f"m-{number}",
        "store": "SH01",
        "completed_at": member_shop.NOON.isoformat(),
        "lines": [{"code": "MILK", "units": 2}],
        "member": member,
        "codes": [code] if code else [],
        "tenders": [{"type": "points", "amount_minor": POINTS}, {"type": "cash", "amount_minor": due - POINTS}],
    }
    return json.dumps(document).encode()


def database_pid() -> int:
    """The first process of a PostgreSQL on this machine: the parent of the one that serves our connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [own] = cursor.fetchone()
    parent = int(Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split()[1])
    connection.close()
    return parent


def _figures(outcome: load.Outcome, sales: int, cpu_seconds: tuple[float, float]) -> list[str]:
    spent = (*cpu_seconds, outcome.own_cpu_seconds)
    return [
        f"{sales / outcome.seconds:,.0f}",
        f"{outcome.percentile(0.5):.0f}",
        f"{outcome.percentile(0.99):.0f}",
        *(f"{seconds * 1000 / sales:.1f}" for seconds in (*spent, sum(spent))),
    ]


if __name__ == "__main__":
    main()

"""The live day against a real server: token, REST, retries, and every sale counted once."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from liushui.app.demo.accounts import read_accounts
from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.baskets import Baskets
from liushui.app.demo.chain import demo_stores
from liushui.app.demo.live import LiveDay, Tills, run
from liushui.app.demo.people import MEMBERS, demo_member, mark
from liushui.kernel.ids import new_id

pytestmark = pytest.mark.slow


class Shop:
    """A demo chain with today's sales only, served on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.environment = {
            **os.environ,
            "LIUSHUI_DATA_DIR": str(folder),
            "LIUSHUI_DATABASE_URL": "",
            "LIUSHUI_LOG_LEVEL": "WARNING",
        }
        self.server: subprocess.Popen[bytes] | None = None

    def liushui(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "liushui.app.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "liushui.app.cli", "serve", "--port", str(self.port)], env=self.environment
        )

    def one(self, statement: str, *values: str) -> Any:
        """The value that a question to the shop's database has for an answer."""
        path = next(self.folder.glob("*.sqlite3"))
        with closing(sqlite3.connect(path)) as database:
            return database.execute(statement, values).fetchone()[0]

    def stop(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            assert self.server.wait(30) == 0
            self.server = None

    def tickets_today(self) -> int:
        """Tickets and returns as the stores' report has them."""
        report = json.loads(self.liushui("report", "stores", "--json"))
        return int(report["total"]["tickets"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.liushui("demo", "load", "--days", "1", "--tickets", "1", "--members", "40")
    shop.start()
    yield shop
    shop.stop()


def live_day(*, seed: int) -> LiveDay:
    assortment = demo_assortment()
    return LiveDay(
        baskets=Baskets(assortment=assortment, tickets=1),
        items=assortment.items,
        stores=demo_stores(),
        rng=np.random.default_rng(seed),
    )


def test_sales_of_the_live_day_are_counted_once_though_the_server_is_stopped_meanwhile(shop: Shop) -> None:
    before = shop.tickets_today()
    accounts = read_accounts(folder=shop.folder)
    assert accounts is not None
    day, stop = live_day(seed=3), threading.Event()
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", timeout=20) as http:
        tills = Tills(http=http, client_id=accounts.client_id, client_secret=accounts.client_secret, stop=stop)
        assert tills.wait_until_ready(seconds=60)
        run(tills=tills, day=day, rate=1000, count=20, stop=stop)
        assert tills.tally.recorded == 20 - tills.tally.refused

        shop.stop()
        later = threading.Timer(1.0, shop.start)
        later.start()
        sale = day.sale(at=datetime.now(UTC))
        assert tills.send(sale).status == 201
        assert tills.tally.retries > 0
        assert tills.send(sale).status == 200  # the same sale again: the first answer
        later.join()
    shop.liushui("worker", "--once")
    assert shop.tickets_today() == before + tills.tally.recorded - 1
    assert "= rebuilt = straight from the orders" in shop.liushui("verify")


def test_a_sale_with_an_unknown_barcode_waits_in_quarantine(shop: Shop) -> None:
    accounts = read_accounts(folder=shop.folder)
    assert accounts is not None
    stop = threading.Event()
    day = live_day(seed=1)
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", timeout=20) as http:
        tills = Tills(http=http, client_id=accounts.client_id, client_secret=accounts.client_secret, stop=stop)
        assert tills.wait_until_ready(seconds=60)
        bad = next(sale for sale in iter(lambda: day.sale(at=datetime.now(UTC)), None) if is_bad(sale.lines[0].code))
        assert tills.send(bad).status == 422
        assert (tills.tally.recorded, tills.tally.refused) == (0, 1)
    waiting = json.loads(shop.liushui("intake", "quarantine", "--json"))
    found = [entry for entry in waiting["entries"] if entry["source_id"] == bad.source_id]
    assert [(entry["source"], entry["store_code"], entry["status"]) for entry in found] == [
        ("demo-live", bad.store, "open")
    ]


def is_bad(code: str) -> bool:
    return code.startswith("9528")


def test_the_command_sends_as_many_sales_as_asked_for(shop: Shop) -> None:
    url = f"http://127.0.0.1:{shop.port}"
    said = shop.liushui("demo", "live", "--url", url, "--rate", "100", "--count", "5", "--seed", "3")
    assert said.startswith("5 sales recorded, 0 refused")


def test_members_pay_with_points_and_bring_things_back_through_the_api(shop: Shop) -> None:
    accounts = read_accounts(folder=shop.folder)
    assert accounts is not None
    number = shop.one("SELECT number FROM loyalty_member WHERE id = ?", demo_member(0).id.hex)
    assortment = demo_assortment()
    day = LiveDay(
        baskets=Baskets(assortment=assortment, tickets=1),
        items=assortment.items,
        stores=demo_stores(),
        rng=np.random.default_rng(4),
        numbers={mark(index): number for index in range(MEMBERS)},  # one who comes very often
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{shop.port}", timeout=20) as http:
        tills = Tills(
            http=http, client_id=accounts.client_id, client_secret=accounts.client_secret, stop=threading.Event()
        )
        assert tills.wait_until_ready(seconds=60)
        sales = [sale for sale in (day.sale(at=datetime.now(UTC)) for _ in range(150)) if sale.account][:2]
        answers = [tills.send(sale) for sale in sales]
        assert [answer.status for answer in answers] == [201, 201]
        for sale, answer in zip(sales, answers, strict=True):
            assert answer.sale_id is not None
            day.members.sold(sale, answer.sale_id)
        back = day.members.coming_back(source_id=new_id().hex, at=datetime.now(UTC))
        assert back is not None
        assert tills.send(back).status == 201
    shop.liushui("worker", "--once")
    account = demo_member(0).id.hex
    kinds = "SELECT SUM({}) FROM loyalty_entry WHERE account_id = ? AND kind = ?"
    assert shop.one(kinds.format("points"), account, "spend") == -400
    assert 0 < shop.one(kinds.format("points"), account, "give_back") <= 200
    assert shop.one("SELECT COUNT(*) FROM orders_returned_line") == 1

"""A payment provider that keeps its book in files: it knows what it was told whatever dies on our side."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from liushui.payments.providers import offered
from liushui.payments.providers.port import Order, RefundOrder, RefundTrade, Trade


class PaperWallet:
    """Customers always pay at once when their code is scanned; a QR code waits until `customer_pays`."""

    name = "paper"
    time_zone = UTC

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, order: Order) -> Trade:
        return self._trade(self._entry(order, state="pending"))

    def charge(self, order: Order) -> Trade:
        return self._trade(self._entry(order, state="paid"))

    def query(self, *, out_trade_no: str) -> Trade:
        entry = self._read(out_trade_no)
        return self._trade(entry) if entry else Trade(state="not_found", out_trade_no=out_trade_no)

    def close(self, *, out_trade_no: str) -> Trade:
        return self._ended(out_trade_no, {"pending": "closed"})

    def reverse(self, *, out_trade_no: str) -> Trade:
        return self._ended(out_trade_no, {"pending": "closed", "paid": "reversed"})

    def refund(self, order: RefundOrder) -> RefundTrade:
        entry = self._read(order.out_trade_no)
        assert entry is not None
        entry["refunds"][order.out_refund_no] = order.amount_minor
        self._write(order.out_trade_no, entry)
        return self.query_refund(out_refund_no=order.out_refund_no, out_trade_no=order.out_trade_no)

    def query_refund(self, *, out_refund_no: str, out_trade_no: str) -> RefundTrade:
        entry = self._read(out_trade_no)
        amount = entry["refunds"].get(out_refund_no) if entry else None
        if amount is None:
            return RefundTrade(state="not_found", out_refund_no=out_refund_no)
        return RefundTrade(
            state="done", out_refund_no=out_refund_no, out_trade_no=out_trade_no, refund_id=out_refund_no[:16],
            amount_minor=amount, done_at=datetime.now(UTC),
        )  # fmt: skip

    def customer_pays(self, out_trade_no: str) -> None:
        """The customer scans the QR code and pays, if it still can be paid."""
        self._ended(out_trade_no, {"pending": "paid"})

    def kept_minor(self, numbers: list[str]) -> int:
        """What this provider has taken for us and not given back."""
        entries = [entry for number in numbers if (entry := self._read(number))]
        return sum(entry["amount"] - sum(entry["refunds"].values()) for entry in entries if entry["state"] == "paid")

    def _entry(self, order: Order, *, state: str) -> dict[str, Any]:
        known = self._read(order.out_trade_no)
        if known is None:
            known = {"number": order.out_trade_no, "amount": order.amount_minor, "currency": order.currency}
            known |= {"state": state, "refunds": {}}
            self._write(order.out_trade_no, known)
        return known

    def _ended(self, number: str, moves: dict[str, str]) -> Trade:
        entry = self._read(number)
        if entry is None:
            return Trade(state="not_found", out_trade_no=number)
        entry["state"] = moves.get(entry["state"], entry["state"])
        self._write(number, entry)
        return self._trade(entry)

    def _trade(self, entry: dict[str, Any]) -> Trade:
        return Trade(
            state=entry["state"], out_trade_no=entry["number"], trade_id=entry["number"][:16],
            amount_minor=entry["amount"], currency=entry["currency"], method="paper",
            qr_text="paper:" + entry["number"],
            paid_at=datetime.now(UTC) if entry["state"] == "paid" else None,
            refunded_minor=sum(entry["refunds"].values()),
        )  # fmt: skip

    def _read(self, number: str) -> dict[str, Any] | None:
        path = self._folder / number
        return json.loads(path.read_text()) if path.exists() else None

    def _write(self, number: str, entry: dict[str, Any]) -> None:
        draft = self._folder / f"{number}.{os.getpid()}"
        draft.write_text(json.dumps(entry))
        draft.replace(self._folder / number)


@contextmanager
def paid_on_paper(folder: Path) -> Iterator[PaperWallet]:
    """Offer this provider instead of those that are set up."""
    wallet = PaperWallet(folder)
    with (
        mock.patch.object(offered, "provider", lambda name: wallet),
        mock.patch.object(offered, "names", lambda: (wallet.name,)),
    ):
        yield wallet

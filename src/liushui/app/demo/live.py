"""The live day: tills of the demo chain that keep selling through the public REST API, as any other till would."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import numpy as np
import structlog

from liushui.app.demo.accounts import LIVE_SOURCE
from liushui.app.demo.assortment import DemoItem
from liushui.app.demo.baskets import FIRST_HOUR, TIME_ZONE, Baskets, hour_shares
from liushui.app.demo.chain import GS1_PREFIX, DemoStore
from liushui.app.demo.live_members import LiveMembers
from liushui.app.demo.pricing import tenders_for, unpriced
from liushui.checkout.contracts import CompleteSale, LineCommand
from liushui.kernel.errors import LiushuiError
from liushui.kernel.gtin import check_digit
from liushui.kernel.ids import new_id

log = structlog.get_logger(__name__)

RETURN_SHARE = 0.02
BAD_SHARE = 0.02  # sales with a barcode that the catalogue lacks, so that the quarantine has something to show
NIGHT_EVERY = 5  # one store in five never closes
NIGHT_FACTOR = 0.25  # sales at night, as a share of those of an average open hour
_TOKEN_MARGIN_SECONDS = 60
_PAUSE_MAX_SECONDS = 20.0
_REPORT_SECONDS = 300


class LiveRefused(LiushuiError):
    """The server does not let the demo's tills in."""

    status = 401
    type = "live-refused"


@dataclass(slots=True)
class Tally:
    """What became of the sales sent so far."""

    recorded: int = 0
    refused: int = 0
    retries: int = 0


class Answer(NamedTuple):
    """What became of a sale: the HTTP status, 0 when stopped before, and its id when it was recorded."""

    status: int
    sale_id: UUID | None


class Tills:
    """Sends sales with OAuth client credentials; a sale whose answer was lost is sent again under the same id."""

    def __init__(self, *, http: httpx.Client, client_id: str, client_secret: str, stop: threading.Event) -> None:
        self._http = http
        self._credentials = (client_id, client_secret)
        self._stop = stop
        self._token = ""  # nosec B105  # a name, no password
        self._token_until = 0.0
        self.tally = Tally()

    def wait_until_ready(self, *, seconds: float) -> bool:
        """Whether the server answered in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stop.is_set():
            try:
                if self._http.get("/readyz").is_success:
                    return True
            except httpx.TransportError:
                pass
            self._stop.wait(0.3)
        return False

    def send(self, sale: CompleteSale) -> Answer:
        """Send one sale until it is answered."""
        body = sale_body(sale)
        pause = 0.5
        while not self._stop.is_set():
            try:
                answer = self._http.post(
                    "/api/v1/sales", json=body, headers={"Authorization": f"Bearer {self._bearer()}"}
                )
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 401:
                self._token_until = 0.0
            elif answer is not None and answer.status_code < 500:
                self._count(answer)
                return Answer(answer.status_code, UUID(answer.json()["sale_id"]) if answer.is_success else None)
            self.tally.retries += 1
            self._stop.wait(pause)
            pause = min(_PAUSE_MAX_SECONDS, pause * 2)
        return Answer(0, None)

    def priced(self, sale: CompleteSale) -> CompleteSale:
        """The sale at the price that the server quotes for it now; as it is when it has none, when goods come back, and
        when it is paid with points: then it states what it took."""
        if sale.account or any(line.units < 0 for line in sale.lines):
            return sale
        try:
            answer = self._http.post(
                "/api/v1/quotes", json=quote_body(sale), headers={"Authorization": f"Bearer {self._bearer()}"}
            )
        except httpx.TransportError:
            return sale
        if not answer.is_success:
            return sale
        tenders = tenders_for(sale.tenders, answer.json()["total_minor"])
        return replace(sale, lines=unpriced(sale.lines), tenders=tenders)

    def _count(self, answer: httpx.Response) -> None:
        if answer.is_success:
            self.tally.recorded += 1
        else:
            self.tally.refused += 1

    def _bearer(self) -> str:
        if time.monotonic() > self._token_until - _TOKEN_MARGIN_SECONDS:
            answer = self._http.post("/oauth/token/", data={"grant_type": "client_credentials"}, auth=self._credentials)
            if answer.status_code in (400, 401):
                raise LiveRefused(answer.text, remedy="`liushui demo` makes new credentials.")
            answer.raise_for_status()
            document = answer.json()
            self._token, self._token_until = document["access_token"], time.monotonic() + document["expires_in"]
        return self._token


class LiveDay:
    """Makes up sales of this instant: the busier the hour, the more of them."""

    def __init__(
        self,
        *,
        baskets: Baskets,
        items: Sequence[DemoItem],
        stores: Sequence[DemoStore],
        rng: np.random.Generator,
        numbers: Mapping[str, str] | None = None,
    ) -> None:
        self._baskets = baskets
        self._weighed = {item.sku for item in items if item.weighed}
        self._stores = stores
        sizes = np.array([store.size for store in stores])
        self._shares = sizes / sizes.sum()
        at_night = np.array([store.size if store.index % NIGHT_EVERY == 0 else 0.0 for store in stores])
        self._night_shares = at_night / at_night.sum() if at_night.any() else self._shares
        self._rng = rng
        self.members = LiveMembers(numbers=numbers or {}, rng=rng)
        self._numbers: dict[tuple[str, date], int] = {}

    def sale(self, *, at: datetime) -> CompleteSale:
        """The next sale: as the till scans it, so weighed goods come as the scale's barcode."""
        shares = self._shares if _is_open(at) else self._night_shares
        store = self._stores[int(self._rng.choice(len(self._stores), p=shares))]
        is_return, is_bad = self._rng.random() < RETURN_SHARE, self._rng.random() < BAD_SHARE
        back = self.members.coming_back(source_id=new_id().hex, at=at) if is_return else None
        if back is not None:
            there = next(each for each in self._stores if each.code == back.store)
            return replace(back, receipt_number=self._receipt_number(there, at))
        sale = self._baskets.one(
            rng=self._rng, store=store, at=at, source=LIVE_SOURCE, source_id=new_id().hex, is_return=bool(is_return)
        )
        lines = [self._at_till(line) for line in sale.lines]
        if is_bad:
            lines[0] = _scanned(lines[0], code=unknown_gtin(int(self._rng.integers(10_000))))
        sale = self.members.with_number(replace(sale, lines=tuple(lines)))
        return replace(sale, receipt_number=self._receipt_number(store, at))

    def _receipt_number(self, store: DemoStore, at: datetime) -> str:
        """The store's next number of the day, counted on from those that its history may give (the id stays a UUID)."""
        day = at.astimezone(TIME_ZONE).date()
        if (store.code, day) not in self._numbers:
            self._numbers[store.code, day] = len(self._baskets.day(store=store, day=day))
        self._numbers[store.code, day] += 1
        return f"{store.code}{day:%m%d}{self._numbers[store.code, day]:05d}"

    def pause_seconds(self, *, at: datetime, rate: float) -> float:
        """How long until the next sale, at `rate` sales a second on average over the opening hours."""
        local = at.astimezone(TIME_ZONE)
        shares = hour_shares(local.date())
        hour = local.hour - FIRST_HOUR
        factor = float(shares[hour] * len(shares)) if _is_open(at) else NIGHT_FACTOR
        return float(self._rng.exponential(1 / (rate * max(factor, NIGHT_FACTOR))))

    def _at_till(self, line: LineCommand) -> LineCommand:
        if line.code not in self._weighed:
            return line
        return _scanned(line, code=weighed_barcode(line.code, line.measure_value or 0))


def _is_open(at: datetime) -> bool:
    """Whether this is an hour in which the stores of the chain are open; the others belong to the night shops."""
    local = at.astimezone(TIME_ZONE)
    return FIRST_HOUR <= local.hour < FIRST_HOUR + len(hour_shares(local.date()))


def _scanned(line: LineCommand, *, code: str) -> LineCommand:
    """The line as a scan says it: the weight, if any, is in the barcode."""
    return replace(line, code=code, measure_value=None, measure_unit=None)


def weighed_barcode(number: str, grams: int) -> str:
    """What the scale prints: 2, five digits of item number, six of grams, check digit."""
    body = f"2{number}{grams:06d}"
    return f"{body}{check_digit(body)}"


def unknown_gtin(number: int) -> str:
    """A well-formed GTIN under which the demo sells nothing."""
    body = f"{GS1_PREFIX}8{number:08d}"
    return f"{body}{check_digit(body)}"


def sale_body(sale: CompleteSale) -> dict[str, Any]:
    """The JSON of `POST /api/v1/sales`; the source is the client's own and not said."""
    return {
        "id": sale.source_id,
        "chain": sale.chain,
        "store": sale.store,
        "completed_at": sale.completed_at.isoformat(),
        "channel": sale.channel,
        "workstation": sale.workstation,
        "operator": sale.operator,
        "receipt_number": sale.receipt_number,
        "customer": sale.customer,
        "lines": _line_bodies(sale),
        "tenders": [
            {"type": tender.type, "method": tender.method, "amount_minor": tender.amount_minor}
            for tender in sale.tenders
        ],
    } | ({"member": sale.account} if sale.account else {})


def quote_body(sale: CompleteSale) -> dict[str, Any]:
    """The JSON of `POST /api/v1/quotes`: the basket without prices."""
    lines = [_line_body(line) for line in unpriced(sale.lines)]
    body = {"chain": sale.chain, "store": sale.store, "channel": sale.channel, "lines": lines}
    return body | ({"member": sale.account} if sale.account else {})


def _line_bodies(sale: CompleteSale) -> list[dict[str, Any]]:
    """The lines; those that come back say of which receipt, and why."""
    bodies = [_line_body(line) for line in sale.lines]
    for line, body in zip(sale.lines, bodies, strict=True):
        if line.original is not None:
            body["original"] = {"sale_id": str(line.original.sale_id), "line": line.original.line_number}
    for each in sale.returns.reasons if sale.returns is not None else ():
        bodies[each.line_number - 1] |= {"reason": each.reason, "condition": each.condition}
    return bodies


def _line_body(line: LineCommand) -> dict[str, Any]:
    body: dict[str, Any] = {"code": line.code, "units": line.units}
    if line.amount_minor is not None:
        body["amount_minor"] = line.amount_minor
    if line.regular_minor != line.amount_minor:
        body["regular_minor"] = line.regular_minor
        body["discounts"] = [
            {"code": discount.code, "name": discount.name, "amount_minor": discount.amount_minor}
            for discount in line.discounts
        ]
    if line.measure_value is not None:
        body |= {"measure_value": line.measure_value, "measure_unit": line.measure_unit}
    return body


def run(*, tills: Tills, day: LiveDay, rate: float, count: int | None, stop: threading.Event) -> Tally:
    """Send sales until stopped, or until `count` were answered."""
    answered, reported_at, tally = 0, time.monotonic(), tills.tally
    while not stop.is_set() and (count is None or answered < count):
        sale = tills.priced(day.sale(at=datetime.now(UTC)))
        status, sale_id = tills.send(sale)
        answered += status != 0
        if sale_id is not None:
            day.members.sold(sale, sale_id)
        if time.monotonic() - reported_at > _REPORT_SECONDS:
            reported_at = time.monotonic()
            log.info(
                "live sales", recorded=tills.tally.recorded, refused=tills.tally.refused, retries=tills.tally.retries
            )
        if count is None or answered < count:
            stop.wait(day.pause_seconds(at=datetime.now(UTC), rate=rate))
    return tally

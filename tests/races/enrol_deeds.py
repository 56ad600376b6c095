"""What the processes of the races around tills, PINs and codes do."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, DeviceGrant

from liushui.runtime import enrolment, operators, tills
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_app
from liushui.runtime.grants import grant, staff_principal, staff_subject, system_principal
from liushui.runtime.models import OperatorCredential, StaffUser, TillDevice
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation

PIN = "4711"
SYSTEM = system_principal(name="races")
BACK = "https://app.example/back"
VERIFIER = "a-verifier-of-at-least-forty-three-letters-0123"


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """A store with a workstation, a cashier with a PIN, a manager, an app."""
    stores.save_chain(code="ACME", name_zh="顶好", name_en="Acme", currency="CNY")
    stores.save_region(chain_code="ACME", code="north", name_zh="北", name_en="North")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="ACME", region_code="north", code="N1", name_zh="N1", name_en="N1")]
    )
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code="ACME", store_code="N1", code=code, name=code) for code in ("T1", "T2")]
    )
    for name, role in (("mei", "cashier"), ("boss", "store_manager")):
        user = StaffUser.objects.create(username=name, display_name=name)
        held = Grant(role=role, chain_id=store.chain_id, store_id=store.id)
        grant(subject=staff_subject(user.pk), grant=held, granted_by=SYSTEM)
        operators.set_pin(user_id=user.pk, pin=PIN, principal=SYSTEM, now=datetime.now(UTC))


def open_till() -> dict[str, str]:
    """An enrolled till with the cashier at it: the two cookies."""
    store = stores.stores()[0]
    now = datetime.now(UTC)
    device, secret = tills.enrol(
        workstation_id=stores.workstations(store_id=store.id)[0].id,
        workstation_code="T1",
        store_id=store.id,
        chain_id=store.chain_id,
        name="Till",
        principal=SYSTEM,
        now=now,
    )
    token = tills.sign_in(device=device, user=StaffUser.objects.get(username="mei"), now=now)
    return {"device_id": str(device.id), "secret": secret, "token": token}


def work_until_refused(*, secret: str, token: str, until: list[str], at_most: float) -> dict[str, Any]:
    """Ask who is at the till every 50 ms until those of `until` were refused.

    Who was refused, and when the last question that let each in was begun: a slow machine answers late.
    """
    device = tills.device_of(credential=secret, now=datetime.now(UTC))
    assert device is not None
    ask = {
        "till": lambda now: tills.device_of(credential=secret, now=now),
        "operator": lambda now: tills.operator_of(token=token, device=device, now=now),
    }
    let_in: dict[str, float] = {}
    refused: set[str] = set()
    answers, end = 0, time.time() + at_most
    while time.time() < end and not refused >= set(until):
        answers += 1
        for who in ask.keys() - refused:
            begun = time.time()
            if ask[who](datetime.now(UTC)) is None:
                refused.add(who)
            else:
                let_in[who] = begun
        time.sleep(0.05)
    return {"refused": sorted(refused), "let_in": let_in, "answers": answers}


def revoke_later(*, device_id: str, after: float) -> float:
    """Take the till out of use after so many seconds; when that was."""
    time.sleep(after)
    tills.revoke_device(device_id=UUID(device_id), principal=SYSTEM, now=datetime.now(UTC))
    return time.time()


def clear_later(*, after: float) -> float:
    """Take the cashier's PIN away after so many seconds; when that was."""
    time.sleep(after)
    user = StaffUser.objects.get(username="mei")
    operators.clear(user_id=user.pk, principal=SYSTEM, now=datetime.now(UTC))
    operators.set_pin(user_id=user.pk, pin=PIN, principal=SYSTEM, now=datetime.now(UTC))
    return time.time()


def guess_pin(*, pin: str) -> str:
    """What somebody hears who tries this PIN."""
    try:
        operators.identify(store_id=stores.stores()[0].id, username="mei", pin=pin, now=datetime.now(UTC))
    except operators.OperatorLocked:
        return "locked"
    except operators.OperatorRefused:
        return "refused"
    return "in"


def failures() -> int:
    """How many attempts are charged to the cashier."""
    return OperatorCredential.objects.get(user__username="mei").failures


def confirmed_code() -> str:
    """A device code that the manager has confirmed; its first question is due."""
    now, store = datetime.now(UTC), stores.stores()[0]
    enrolment.ensure_browser_till()
    enrolment.ask(
        client_id=enrolment.BROWSER_TILL, scope="till.use", device_code="the-code", user_code="BCDF-GHJK", seconds=600,
        address="", user_agent="", now=now,
    )  # fmt: skip
    manager = StaffUser.objects.get(username="boss")
    workstation = stores.workstations(store_id=store.id)[1]
    enrolment.confirm(
        user_code="BCDF-GHJK", workstation_id=workstation.id, workstation_code=workstation.code, store_id=store.id,
        chain_id=store.chain_id, name="Second", user_id=manager.pk,
        principal=staff_principal(manager), now=now,
    )  # fmt: skip
    DeviceGrant.objects.update(interval=0, last_checked=now - timedelta(minutes=1))
    return "the-code"


def poll(*, device_code: str) -> dict[str, Any]:
    """What the device hears from the token endpoint."""
    kind = "urn:ietf:params:oauth:grant-type:device_code"
    fields = {"grant_type": kind, "client_id": enrolment.BROWSER_TILL, "device_code": device_code}
    return dict(Client().post("/oauth/token/", fields, headers={"host": "localhost"}).json())


def exchange(*, token: str) -> str:
    """Whether the till got its secret."""
    try:
        enrolment.exchange(access_token=token, address="", now=datetime.now(UTC))
    except enrolment.EnrolmentRefused:
        return "refused"
    return "enrolled"


def tills_at_second() -> int:
    """How many tills were ever made of the second workstation."""
    return TillDevice.objects.filter(workstation_code="T2").count()


def consented_code(source: str = "app") -> dict[str, str]:
    """An app and a code that the manager's consent gave it."""
    store = stores.stores()[0]
    app = create_app(
        name="App",
        source=source,
        chain_id=store.chain_id,
        scopes=["report.read"],
        redirect_uris=[BACK],
        principal=SYSTEM,
    )
    browser = Client(headers={"host": "localhost"})
    browser.force_login(StaffUser.objects.get(username="boss"))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    query = urlencode(
        {
            "response_type": "code", "client_id": app, "redirect_uri": BACK, "scope": "report.read", "state": "x",
            "code_challenge": challenge, "code_challenge_method": "S256",
        }
    )  # fmt: skip
    answer = browser.post(f"/oauth/authorize/?{query}", {"answer": "allow"})
    return {"app": app, "code": dict(parse_qsl(urlsplit(answer["Location"]).query))["code"]}


def exchange_code(*, app: str, code: str) -> dict[str, Any]:
    """What the app hears for the code."""
    fields = {
        "grant_type": "authorization_code", "client_id": app, "redirect_uri": BACK, "code": code,
        "code_verifier": VERIFIER,
    }  # fmt: skip
    return dict(Client().post("/oauth/token/", fields, headers={"host": "localhost"}).json())


def refresh(*, app: str, token: str) -> dict[str, Any]:
    """What the app hears for a refresh token."""
    fields = {"grant_type": "refresh_token", "client_id": app, "refresh_token": token}
    return dict(Client().post("/oauth/token/", fields, headers={"host": "localhost"}).json())


def tokens_of_people() -> int:
    """Access tokens in people's names."""
    return AccessToken.objects.exclude(user=None).count()


def consented_code_again() -> dict[str, str]:
    """The same for another app."""
    return consented_code(source="another")


def one_of(*, deed: str, kwargs: dict[str, Any]) -> Any:
    """Another deed by name: so that different ones run at once."""
    return globals()[deed](**kwargs)

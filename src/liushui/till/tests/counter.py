"""The counter as a browser has it: an enrolled till of the shop with a cashier signed in, and a manager with a PIN."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from liushui.runtime import operators, tills
from liushui.runtime.access import Grant
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.staff import create_staff
from liushui.till import facade
from liushui.till.access import DEVICE_COOKIE, OPERATOR_COOKIE
from liushui.till.contracts import Ticket, Till

MANAGER_PIN = "9035"
CASHIER_PIN = "4711"


@dataclass(slots=True)
class Counter:
    """A browser at a till. `shown` is the last answer's text."""

    client: Client
    till: Till
    shown: str = ""
    posted: dict[str, Any] = field(default_factory=dict)

    @property
    def ticket(self) -> Ticket | None:
        """The ticket at hand."""
        return facade.current_ticket(till=self.till)

    def do(self, path: str, *, status: int = 200, **values: Any) -> str:
        """Post as the screen does: with the ticket, its version and the panel that stand on it."""
        known = {name: self._on_screen(name) for name in ("ticket", "version", "line", "panel")}
        answer = self.client.post(f"/till/{path}", known | values, headers={"HX-Request": "true"})
        assert answer.status_code == status, answer.content.decode()[:2000]
        if status == 200:
            self.shown = answer.content.decode()
        return answer.content.decode()

    def look(self, path: str = "", *, status: int = 200) -> str:
        """Open a page or a panel."""
        answer = self.client.get(f"/till/{path}")
        assert answer.status_code == status, answer.content.decode()[:2000]
        self.shown = answer.content.decode()
        return self.shown

    def enter(self, text: str) -> str:
        """Type or scan into the box, then Enter."""
        return self.do("ticket/enter/", text=text)

    def sound(self) -> str:
        """What is heard."""
        found = re.search(r'data-sound="(\w*)"', self.shown)
        return found[1] if found else ""

    def _on_screen(self, name: str) -> str:
        found = re.search(rf'id="ticket"[^>]*data-{name}="([^"]*)"', self.shown)
        return found[1] if found else ""


def open_counter(*, till: Till, language: str = "en") -> Counter:
    """Enrol a browser as this till and sign its cashier in, for real."""
    system, now = system_principal(name="tests"), datetime.now(UTC)
    people = {}
    for name, role, pin in (("carl", "cashier", CASHIER_PIN), ("mona", "store_manager", MANAGER_PIN)):
        user = StaffUser.objects.filter(username=f"{name}{till.store_id}").first()
        if user is None:
            grant = Grant(role=role, chain_id=till.chain_id, store_id=till.store_id)
            user_id, _password = create_staff(
                username=f"{name}{till.store_id}", display_name=name.title(), grants=[grant], principal=system
            )
            operators.set_pin(user_id=user_id, pin=pin, principal=system, now=now)
            user = StaffUser.objects.get(pk=user_id)
        people[name] = user
    device, secret = tills.enrol(
        workstation_id=till.workstation_id, workstation_code=till.workstation_code, store_id=till.store_id,
        chain_id=till.chain_id, name="Counter", principal=system, now=now,
    )  # fmt: skip
    client = Client(headers={"accept-language": language})
    client.cookies[DEVICE_COOKIE] = secret
    client.cookies[OPERATOR_COOKIE] = tills.sign_in(device=device, user=people["carl"], now=now)
    client.cookies["liushui_language"] = language
    principal = tills.at_store(people["carl"], store_id=till.store_id, chain_id=till.chain_id)
    here = replace(till, device_id=device.id, principal=principal, operator=people["carl"].username)
    return Counter(client=client, till=here)


def manager_of(till: Till) -> str:
    """User name of the manager who may approve at this till."""
    return f"mona{till.store_id}"

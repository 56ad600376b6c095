"""The real sandbox in a process of its own, and a hand on its levers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_client = httpx.Client(timeout=10, trust_env=False)


@dataclass
class SandboxProcess:
    """`url` is its address; `control` pulls a lever and answers its JSON."""

    url: str
    process: subprocess.Popen[bytes]

    def control(self, path: str, **given: Any) -> Any:
        answer = _client.post(f"{self.url}/control/{path}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, payment_id: Any) -> dict[str, Any]:
        """The sandbox's own record of a payment."""
        answer = _client.get(f"{self.url}/control/payments/{payment_id.hex}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def knows(self, payment_id: Any) -> bool:
        return _client.get(f"{self.url}/control/payments/{payment_id.hex}").status_code == 200

    def next(self, **behaviours: Any) -> None:
        """How the next payment behaves."""
        self.control("rules", when={"next": True}, do=behaviours)

    def code(self, **behaviours: Any) -> str:
        """A customer's code to scan."""
        return self.control("auth-codes", method="alipay", do=behaviours)["auth_code"]

    def pay(self, payment_id: Any) -> None:
        """The customer presses pay."""
        self.control(f"payments/{payment_id.hex}/pay")

    def notification(self, payment_id: Any, **given: Any) -> tuple[dict[str, str], bytes]:
        """A notification as the provider would send it now: headers and body."""
        made = self.control("notifications", out_trade_no=payment_id.hex, **given)
        return made["headers"], made["body"].encode()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_sandbox(folder: Path, *options: str, port: int = 0) -> SandboxProcess:
    """Start `liushui sandbox-pay` with its data in the folder and wait until it answers."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "liushui.app.cli", "sandbox-pay", "--port", str(port), *options],
        env={**os.environ, "LIUSHUI_DATA_DIR": str(folder), "LIUSHUI_LOG_LEVEL": "ERROR", "LIUSHUI_DATABASE_URL": ""},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 200  # a busy machine included
    while time.monotonic() < until:
        assert process.poll() is None, "the sandbox did not start"
        try:
            _client.get(f"{url}/control/", timeout=1)
            return SandboxProcess(url, process)
        except httpx.HTTPError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError("the sandbox does not answer")

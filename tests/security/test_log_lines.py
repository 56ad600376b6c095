"""No request writes a line of its own into the log, and nothing secret reaches it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import structlog

from liushui.runtime import scrub, telemetry


@pytest.mark.parametrize("json_lines", [True, False])
def test_no_request_writes_a_line_of_its_own_into_the_log(
    world: Any, speak: Callable[..., Any], capsys: pytest.CaptureFixture[str], json_lines: bool
) -> None:
    forged = "2026-01-01T00:00:00Z [info     ] sign-in of admin"
    disabled, before = logging.root.manager.disable, structlog.get_config()
    handlers, level = list(logging.root.handlers), logging.root.level
    try:
        logging.disable(logging.NOTSET)
        telemetry.configure_logging(json=json_lines)
        for path in (
            f"/x%0a{quote(forged)}/",
            f"/x%0d%0a{quote(forged)}",
            "/x%1b[2J%1b[31mred/",
            f"/x%e2%80%a8{quote(forged)}",
        ):
            speak()("GET", path)
        speak()("POST", "/sign-in/", urlencode({"username": f"x\n{forged}", "password": "x"}))
        speak()("GET", "/sign-in/", **{"x-request-id": "a b", "user-agent": "x"})
    finally:
        logging.disable(disabled)
        logging.root.handlers, logging.root.level = handlers, level
        structlog.configure(**before)
    said = capsys.readouterr().err
    assert forged in said or forged.replace(" ", "%20") in said, "it is logged"
    lines = said.splitlines()
    assert not [line for line in lines if line.startswith(forged)]
    assert "\x1b" not in said
    if json_lines:
        assert all(json.loads(line)["timestamp"] for line in lines)


def test_what_is_secret_does_not_reach_the_log(world: Any, speak: Callable[..., Any], caplog: Any) -> None:
    event = {"password": "zz1", "note": "token=zz2", "headers": {"Authorization": "Bearer zz3"}, "path": "/a"}
    assert "zz" not in json.dumps(scrub.scrub(None, "info", dict(event)))

"""The API keeps what its OpenAPI document says: whatever one sends, no 500 and no answer that is not documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# Not liushui.app.wsgi, which binds this whole process by row security as it does a server.
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def token(world: Any) -> Iterator[str]:
    """A machine's token with every scope, in the world of the access matrix.

    A request's end must not close the connection, in whose open transaction the world stands: Django's own test client
    sees to that, a bare WSGI call does not.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield str(world.tokens["machine", "chain"])
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_no_request_gets_an_answer_that_is_not_documented(case: Any, token: str) -> None:
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    answer = case.call()
    assert answer.status_code != 401, "the token opens every operation, or nothing was tested"
    assert "insufficient_scope" not in "".join(answer.headers.get("www-authenticate", []))
    case.validate_response(answer, checks=CHECKS)

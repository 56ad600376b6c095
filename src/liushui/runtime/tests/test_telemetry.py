"""Requests in the log and in the metrics."""

import io
import json
import logging

import pytest
import structlog
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from prometheus_client import REGISTRY

from liushui.runtime.access import Principal
from liushui.runtime.telemetry import RequestMiddleware, configure_logging


def hello(request, number):
    request.auth = Principal(subject="client:abc", name="till", grants=())
    structlog.get_logger("shop").info("greeted", phone="13812345678")
    logging.getLogger("library").warning("called %s", "li@example.com")
    return HttpResponse("hello")


def broken(request):
    raise ZeroDivisionError("13812345678")


def health(request):
    return HttpResponse("ok")


urlpatterns = [path("hello/<int:number>/", hello), path("broken/", broken), path("healthz", health)]
ONLY_TELEMETRY = override_settings(
    ROOT_URLCONF=__name__, MIDDLEWARE=["liushui.runtime.telemetry.RequestMiddleware"], DEBUG=False
)


@pytest.fixture
def lines():
    """What is logged as JSON while the test runs."""
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    configure_logging(level="INFO", json=True)
    (handler,) = [each for each in root.handlers if each.get_name() == "liushui"]
    stream = io.StringIO()
    handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = kept
    root.setLevel(level)


def count(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@ONLY_TELEMETRY
def test_a_request_is_one_line_with_its_route_time_and_subject_but_without_its_query(lines):
    Client().get("/hello/7/?phone=13812345678", headers={"X-Request-ID": "till-3.000017"})
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert line.pop("duration_ms") < 5000
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "liushui.runtime.telemetry",
        "request_id": "till-3.000017",
        "method": "GET",
        "route": "hello/<int:number>/",
        "path": "/hello/7/",
        "status": 200,
        "subject": "client:abc",
    }


@ONLY_TELEMETRY
def test_every_line_of_a_request_carries_its_id_and_none_carries_personal_data(lines):
    Client().get("/hello/7/", headers={"X-Request-ID": "r1"})
    said = {line["event"]: line for line in lines()}
    assert said["greeted"]["request_id"] == said["called [hidden]"]["request_id"] == "r1"
    assert said["greeted"]["phone"] == "[hidden]"
    assert said["called [hidden]"]["logger"] == "library"
    structlog.get_logger("shop").info("after")
    assert "request_id" not in lines()[-1]


@ONLY_TELEMETRY
@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb", "流水"])
def test_an_id_that_is_missing_or_malformed_is_replaced(given, lines):
    answer = Client().get("/hello/7/", headers={"X-Request-ID": given})
    assert len(answer.headers["X-Request-ID"]) == 32
    assert int(answer.headers["X-Request-ID"], 16)
    assert Client().get("/hello/7/", headers={"X-Request-ID": "ok-1"}).headers["X-Request-ID"] == "ok-1"


@ONLY_TELEMETRY
def test_an_error_is_counted_and_its_traceback_is_scrubbed(lines):
    labels = {"method": "GET", "route": "broken/"}
    before = count("liushui_http_errors_total", **labels)
    assert Client(raise_request_exception=False).get("/broken/").status_code == 500
    assert count("liushui_http_errors_total", **labels) == before + 1
    assert count("liushui_http_responses_total", **labels, status="500") == before + 1
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["level"], line["status"]) == ("error", 500)
    text = json.dumps(lines())
    assert "ZeroDivisionError: [hidden]" in text
    assert "13812345678" not in text


@ONLY_TELEMETRY
def test_requests_are_counted_by_route_and_not_by_path():
    labels = {"method": "GET", "route": "hello/<int:number>/"}
    before = count("liushui_http_request_seconds_count", **labels)
    for number in (1, 2, 3):
        Client().get(f"/hello/{number}/")
    assert count("liushui_http_request_seconds_count", **labels) == before + 3
    assert count("liushui_http_responses_total", **labels, status="200") == before + 3


@ONLY_TELEMETRY
def test_addresses_that_nobody_serves_share_one_name(lines):
    labels = {"method": "GET", "route": "unmatched", "status": "404"}
    before = count("liushui_http_responses_total", **labels)
    for number in (1, 2):
        Client().get(f"/nothing/{number}/")
    assert count("liushui_http_responses_total", **labels) == before + 2


def test_a_made_up_method_makes_no_metric_of_its_own():
    answer = RequestMiddleware(lambda request: HttpResponse(status=405))(RequestFactory().generic("BREW", "/x"))
    assert answer.status_code == 405
    assert count("liushui_http_responses_total", method="other", route="unmatched", status="405") >= 1
    assert count("liushui_http_responses_total", method="BREW", route="unmatched", status="405") == 0


@ONLY_TELEMETRY
def test_probes_are_not_logged(lines):
    Client().get("/healthz")
    assert [line for line in lines() if line["event"] == "request"] == []


def test_setting_the_logs_up_twice_does_not_double_the_lines(lines):
    configure_logging(level="INFO", json=True)
    assert [each.get_name() for each in logging.getLogger().handlers].count("liushui") == 1

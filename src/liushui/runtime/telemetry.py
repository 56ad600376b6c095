"""What operations see: structured logs and the numbers of requests."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Histogram

from liushui.kernel.ids import new_id
from liushui.runtime.scrub import scrub

_logger = structlog.get_logger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = frozenset({"healthz", "readyz", "metrics"})  # asked every few seconds by machines

_seconds = Histogram(
    "liushui_http_request_seconds",
    "Time until the response was made, in seconds.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10),
)
_responses = Counter("liushui_http_responses", "Responses by status.", ["method", "route", "status"])
_errors = Counter("liushui_http_errors", "Responses with a status of 500 or more.", ["method", "route"])


class RequestMiddleware:
    """Gives every request an id, and writes its time and outcome to the log and to the metrics.

    The id comes from the header `X-Request-ID` when that is well-formed, goes back in the same header, and stands
    on every line logged meanwhile. Query strings and bodies are not logged: they may name people.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else new_id().hex
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            _observe(request, response.status_code, time.perf_counter() - started)
        response.headers["X-Request-ID"] = request_id
        return response


def _observe(request: HttpRequest, status: int, seconds: float) -> None:
    # The route, not the path: few values, and no ids in the metrics.
    route = request.resolver_match.route if request.resolver_match else "unmatched"
    method = request.method if request.method in _METHODS else "other"
    _seconds.labels(method=method, route=route).observe(seconds)
    _responses.labels(method=method, route=route, status=status).inc()
    if status >= 500:
        _errors.labels(method=method, route=route).inc()
    level = logging.ERROR if status >= 500 else logging.DEBUG if route in _PROBES else logging.INFO
    _logger.log(
        level,
        "request",
        method=method,
        route=route,
        path=request.path,
        status=status,
        duration_ms=round(seconds * 1000, 1),
        subject=_subject(request),
    )


def _subject(request: HttpRequest) -> str | None:
    """Who asked, as far as somebody has looked: staff by session, machines by token."""
    for name in ("liushui_principal", "auth"):
        subject = getattr(getattr(request, name, None), "subject", None)
        if isinstance(subject, str):
            return subject
    return None


def one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor for text logs: a value that holds line ends or escape codes cannot make a line of its own.

    Tracebacks keep their lines; what is quoted in them is Python's own repr.
    """
    for key, value in event.items():
        if isinstance(value, str) and key not in ("exception", "stack") and not value.isprintable():
            event[key] = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in value)
    return event


def configure_logging(*, level: str = "INFO", json: bool = False) -> None:
    """Send every log line, ours and the libraries', through one chain to stderr: coloured text, or JSON a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler()
    handler.set_name("liushui")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # before scrub: tracebacks quote values
                scrub,
                one_line,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if other.get_name() != "liushui"] + [handler]
    root.setLevel(level.upper())
    # At DEBUG it writes down whatever a page was given, names of members with it, for every variable that is absent.
    logging.getLogger("django.template").setLevel(logging.INFO)

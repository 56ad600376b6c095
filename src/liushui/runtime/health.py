"""What operations ask the server: is it alive, can it take requests, how is it doing."""

from __future__ import annotations

import ipaddress
import tempfile
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from liushui.runtime.metrics import exposition
from liushui.runtime.oauth import Bearer
from liushui.runtime.web import client_address, principal_of

_logger = structlog.get_logger(__name__)
_migrations_applied = False  # once true it stays so for the life of the process


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is looked at, so that a slow database does not get the server restarted."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether requests should be sent here: 200, or 503 with the check that fails."""
    results = {name: _result(check) for name, check in CHECKS.items()}
    ready = all(result == "ok" for result in results.values())
    document = {"status": "ready" if ready else "not ready", "checks": results}
    return JsonResponse(document, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for this machine itself or for who holds system.read."""
    if not _is_local(request):
        principal = principal_of(request) or Bearer("system.read")(request)
        principal.require("system.read")
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def check_database() -> None:
    """The database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    """Every migration of this version is applied."""
    global _migrations_applied
    if _migrations_applied:
        return
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise RuntimeError(f"{len(waiting)} migrations are not applied; run `liushui migrate`")
    _migrations_applied = True


def check_data_dir() -> None:
    """The data folder takes a file."""
    with tempfile.TemporaryFile(dir=settings.LIUSHUI.data_dir) as file:
        file.write(b"0")
        file.flush()


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "data_dir": check_data_dir,
}


def _result(check: Callable[[], None]) -> str:
    try:
        check()
    except (DatabaseError, OSError, RuntimeError) as error:
        _logger.warning("not_ready", check=check.__name__, error=str(error))
        return type(error).__name__ if isinstance(error, DatabaseError) else str(error)
    return "ok"


def _is_local(request: HttpRequest) -> bool:
    """Whether the peer is this machine itself, and not a proxy on it that speaks for somebody else."""
    if {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"} & request.META.keys():
        return False
    try:
        return ipaddress.ip_address(client_address(request)).is_loopback
    except ValueError:
        return False


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

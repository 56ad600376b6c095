"""What the server tells those who watch it."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client, override_settings

from liushui.runtime import health, inbox, relay
from liushui.runtime.access import Grant, Principal
from liushui.runtime.events import Consumer
from liushui.runtime.tests.test_events import append, event

pytestmark = pytest.mark.django_db
HERE = override_settings(
    ROOT_URLCONF="liushui.runtime.health",
    MIDDLEWARE=["liushui.runtime.telemetry.RequestMiddleware", "liushui.runtime.tests.test_health.ProblemAsJson"],
)


class ProblemAsJson:
    """ProblemMiddleware without the console's templates."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        return health.JsonResponse(error.problem(), status=error.status)


@HERE
def test_alive_asks_nothing_of_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@HERE
def test_ready_when_the_database_answers_migrations_are_applied_and_the_folder_is_writable():
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "migrations": "ok", "data_dir": "ok"}}


@HERE
def test_not_ready_without_the_database_and_the_answer_says_so_but_not_where_it_is(monkeypatch):
    def down():
        raise OperationalError("could not connect to server at 10.0.0.5 as liushui")

    monkeypatch.setitem(health.CHECKS, "database", down)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["checks"]["database"] == "OperationalError"
    assert "10.0.0.5" not in answer.content.decode()


@HERE
def test_not_ready_while_a_migration_waits(monkeypatch):
    class Waiting:
        def __init__(self, connection):
            self.loader = self
            self.graph = self

        def leaf_nodes(self):
            return []

        def migration_plan(self, targets):
            return [("orders", "0002")]

    monkeypatch.setattr(health, "MigrationExecutor", Waiting)
    monkeypatch.setattr(health, "_migrations_applied", False)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "1 migrations are not applied; run `liushui migrate`"


@HERE
def test_not_ready_when_the_data_folder_is_gone(tmp_path):
    # and no `settings` fixture: it would be undone after HERE, and would then put back what HERE had set
    with override_settings(LIUSHUI=settings.LIUSHUI.model_copy(update={"data_dir": tmp_path / "gone"})):
        answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert "No such file" in answer.json()["checks"]["data_dir"]


@HERE
def test_metrics_are_for_this_machine_itself():
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="::1").get("/metrics").status_code == 200
    for elsewhere in ({"REMOTE_ADDR": "10.0.0.9"}, {"REMOTE_ADDR": ""}, {"HTTP_X_FORWARDED_FOR": "10.0.0.9"}):
        answer = Client(**elsewhere).get("/metrics")
        assert answer.status_code == 401
        assert b"liushui_" not in answer.content


@HERE
@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("it_admin", 200), ("store_manager", 403)])
def test_metrics_are_for_who_holds_the_right_to_see_the_system(role, status, monkeypatch):
    someone = Principal(subject="staff:1", name="x", grants=(Grant(role=role, chain_id=1),))
    monkeypatch.setattr(health, "principal_of", lambda request: someone)
    assert Client(REMOTE_ADDR="10.0.0.9").get("/metrics").status_code == status


@HERE
def test_metrics_tell_the_lag_of_the_relay_and_of_each_consumer():
    def values():
        lines = Client().get("/metrics").content.decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))

    def stumble(events):
        raise ZeroDivisionError

    append(event(1), event(2), event(3))
    waiting = values()
    assert waiting["liushui_outbox_unpublished"] == "3.0"
    assert float(waiting["liushui_outbox_oldest_seconds"]) > 0
    assert waiting["liushui_log_last_seq"] == "0.0"
    relay.publish_pending(limit=2)
    inbox.deliver(consumer=Consumer(name="good", types=frozenset({"sale.v1"}), apply=len), limit=1)
    with pytest.raises(inbox.ConsumerBlocked):
        inbox.deliver(consumer=Consumer(name="bad", types=frozenset({"sale.v1"}), apply=stumble), limit=1)
    found = values()
    assert found["liushui_outbox_unpublished"] == "1.0"
    assert found["liushui_log_last_seq"] == "2.0"
    assert found['liushui_consumer_behind{consumer="good"}'] == "1.0"
    assert found['liushui_consumer_behind{consumer="bad"}'] == "2.0"
    assert found['liushui_consumer_failures{consumer="good"}'] == "0.0"
    assert found['liushui_consumer_failures{consumer="bad"}'] == "1.0"


def test_metrics_of_forked_servers_are_summed_and_folders_of_dead_ones_removed(tmp_path):
    dead = tmp_path / "metrics" / "999999999"
    dead.mkdir(parents=True)
    code = """
import os, pathlib, sys
import django; django.setup()
from django.http import HttpResponse
from django.test import RequestFactory
from liushui.runtime import metrics
from liushui.runtime.telemetry import RequestMiddleware
from prometheus_client import CollectorRegistry, generate_latest
metrics.share_between_processes(folder=pathlib.Path(sys.argv[1]))
for _ in range(3):
    if os.fork() == 0:
        serve = RequestMiddleware(lambda request: HttpResponse())
        for _ in range(5): serve(RequestFactory().get("/x"))
        os._exit(0)
    os.wait()
registry = CollectorRegistry()
metrics.MultiProcessCollector(registry)
labels = {"method": "GET", "route": "unmatched", "status": "200"}
print(registry.get_sample_value("liushui_http_responses_total", labels))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "metrics")],
        env=os.environ | {"LIUSHUI_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "liushui.app.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 15
    assert not dead.exists()

"""kill -9 of writers, relay and consumers: afterwards every event has one place and every effect is there once."""

import json
import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def environment(request, tmp_path):
    """The environment of a victim with a database of its own."""
    base = os.environ | {"LIUSHUI_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "liushui.app.settings"}
    if request.param == "sqlite":
        yield base | {"LIUSHUI_DATABASE_URL": ""}
        return
    url, name = os.environ["LIUSHUI_DATABASE_URL"], f"liushui_kill_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield base | {"LIUSHUI_DATABASE_URL": urlunsplit(urlsplit(url)._replace(path=f"/{name}"))}
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def survivors(environment, how):
    command = [sys.executable, "-m", "liushui.runtime.tests.kill_victim", how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_killed_at_every_statement_and_commit_nothing_is_lost_or_done_twice(environment):
    found = survivors(environment, "points")
    assert found["wrong"] == {}
    assert found["kills"] >= 35  # some 40 points in one life
    assert found["events"] >= 35


@pytest.mark.slow
def test_killed_at_random_among_others_nothing_is_lost_or_done_twice(environment):
    found = survivors(environment, "random")
    assert found["wrong"] == {}
    assert found["kills"] == 40
    assert found["events"] >= 100

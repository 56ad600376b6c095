"""Every test runs on a data folder of its own, on SQLite unless LIUSHUI_DATABASE_URL names a PostgreSQL."""

import os
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.utils import translation
from tests.support.fast_hashes import hash_fast
from xdist.scheduler import LoadFileScheduling

# The same examples in every run, on a busy machine too: what breaks the gate is a change. EXPLORE=1 looks for new ones.
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("gate", derandomize=True, print_blob=True, **PATIENT)
hypothesis.settings.register_profile("explore", print_blob=True, **PATIENT)
hypothesis.settings.load_profile("explore" if os.environ.get("EXPLORE") else "gate")

if "PYTEST_XDIST_WORKER" in os.environ:  # it inherits the folder of the process that started it
    os.environ["LIUSHUI_DATA_DIR"] = tempfile.mkdtemp(prefix="liushui-test-")
os.environ.setdefault("LIUSHUI_SECOND_FACTOR", "optional")  # for processes that tests start
os.environ.setdefault("LIUSHUI_DATA_DIR", tempfile.mkdtemp(prefix="liushui-test-"))
ROOT = Path(__file__).parent
DATABASES = {"db", "transactional_db", "django_db_setup", "live_server"}
# Their tests share nothing dear, and each takes long: they go to whichever process is free, not all to one.
ONE_BY_ONE = (
    "tests/browser/test_pages.py",
    "tests/browser/test_gallery.py",
    "tests/security/test_objects_of_others.py",
)
ON_POSTGRESQL = os.environ.get("LIUSHUI_DATABASE_URL", "").startswith("postgres")


def pytest_configure() -> None:
    """A data folder for each process, fast hashes; nobody needs a second factor, but in the tests about that.

    pytest-django has read the settings before this file, so what stands above only reaches processes that tests start.
    """
    from django.conf import settings

    hash_fast()
    own = {"second_factor": "optional", "data_dir": Path(os.environ["LIUSHUI_DATA_DIR"])}
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update=own)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `services` are about PostgreSQL; `make test-services` runs them, and none that asks no database.

    Files with slow tests come first and tests that go one by one last, so that at the end of a run no process waits
    for another's long file.
    """
    if ON_POSTGRESQL:
        without = [item for item in items if not _asks_a_database(item)]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if _asks_a_database(item)]
    else:
        for item in items:
            if item.get_closest_marker("services"):
                item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: make test-services"))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    alone = {ROOT / name for name in ONE_BY_ONE}
    items.sort(key=lambda item: 0 if item.path in slow else 2 if item.path in alone else 1)


class ByFile(LoadFileScheduling):
    """How `-n` shares the tests out: file by file, but for those that go one by one."""

    def _split_scope(self, nodeid: str) -> str:
        scope = str(super()._split_scope(nodeid))
        return nodeid if scope in ONE_BY_ONE else scope


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Asked by pytest-xdist, whatever `--dist` says."""
    return ByFile(config, log)


def _asks_a_database(item: pytest.Item) -> bool:
    """Tests of one module do by their fixtures; those of the whole product may have other ways."""
    if "src" not in item.path.relative_to(ROOT).parts[:1]:
        return True
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or not fixtures.isdisjoint(DATABASES)


@pytest.fixture(scope="session", autouse=True)
def emptying_lifts_append_only():
    """Transactional tests empty every table after themselves; the append-only triggers are away just meanwhile."""
    from django.db import connection

    from liushui.runtime.append_only import TABLES, allow_changes_sql, refuse_changes_sql

    flush = connection.ops.sql_flush

    def sql_flush(style, tables, **options):
        guarded = sorted(TABLES & set(tables))
        lifted = [sql for table in guarded for sql in allow_changes_sql(table=table, vendor=connection.vendor)]
        put_back = [sql for table in guarded for sql in refuse_changes_sql(table=table, vendor=connection.vendor)]
        return [*lifted, *flush(style, tables, **options), *put_back]

    connection.ops.sql_flush = sql_flush
    yield
    connection.ops.sql_flush = flush


@pytest.fixture(autouse=True)
def language_of_the_settings():
    """A request leaves its language to whatever its thread does next: no test begins with that of another."""
    translation.deactivate()


@pytest.fixture
def nothing_is_read_again(monkeypatch):
    """What servers keep in memory for a second is kept for good: slow machines send the same statements."""
    for name in (
        "stores.queries.TRUSTED",
        "promotions.live.KEPT",
        "loyalty.programme_live.KEPT",
        "returns.policies.KEPT",
    ):
        monkeypatch.setattr(f"liushui.{name}_SECONDS", 3600.0)

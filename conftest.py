"""Every test runs on a data folder of its own, on SQLite unless LIUSHUI_DATABASE_URL names a PostgreSQL."""

import os
import tempfile
from pathlib import Path

import hypothesis
import pytest
from tests.support.fast_hashes import hash_fast

# The same examples in every run: what breaks the gate is a change. EXPLORE=1 looks for new ones.
hypothesis.settings.register_profile("gate", derandomize=True, print_blob=True)
if not os.environ.get("EXPLORE"):
    hypothesis.settings.load_profile("gate")

if "PYTEST_XDIST_WORKER" in os.environ:  # it inherits the folder of the process that started it
    os.environ["LIUSHUI_DATA_DIR"] = tempfile.mkdtemp(prefix="liushui-test-")
os.environ.setdefault("LIUSHUI_SECOND_FACTOR", "optional")  # for processes that tests start
os.environ.setdefault("LIUSHUI_DATA_DIR", tempfile.mkdtemp(prefix="liushui-test-"))
ROOT = Path(__file__).parent
DATABASES = {"db", "transactional_db", "django_db_setup", "live_server"}
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
    """Tests marked `services` are about PostgreSQL; `make test-services` runs them, and none that asks no database."""
    if ON_POSTGRESQL:
        without = [item for item in items if not _asks_a_database(item)]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if _asks_a_database(item)]
    else:
        for item in items:
            if item.get_closest_marker("services"):
                item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: make test-services"))


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

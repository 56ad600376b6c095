"""Every test runs on a data folder of its own, on SQLite unless LIUSHUI_DATABASE_URL names a PostgreSQL."""

import os
import tempfile
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # it inherits the folder of the process that started it
    os.environ["LIUSHUI_DATA_DIR"] = tempfile.mkdtemp(prefix="liushui-test-")
os.environ.setdefault("LIUSHUI_SECOND_FACTOR", "optional")  # for processes that tests start
os.environ.setdefault("LIUSHUI_DATA_DIR", tempfile.mkdtemp(prefix="liushui-test-"))
ON_POSTGRESQL = os.environ.get("LIUSHUI_DATABASE_URL", "").startswith("postgres")


def pytest_configure() -> None:
    """A data folder for each process; nobody needs a second factor, but in the tests about that.

    pytest-django has read the settings before this file, so what stands above only reaches processes that tests start.
    """
    from django.conf import settings

    own = {"second_factor": "optional", "data_dir": Path(os.environ["LIUSHUI_DATA_DIR"])}
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update=own)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `services` are about PostgreSQL; `make test-services` runs them."""
    if not ON_POSTGRESQL:
        for item in items:
            if item.get_closest_marker("services"):
                item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: make test-services"))


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

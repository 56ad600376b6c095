"""Every test runs on a data folder of its own, on SQLite unless LIUSHUI_DATABASE_URL names a PostgreSQL."""

import os
import tempfile

os.environ.setdefault("LIUSHUI_DATA_DIR", tempfile.mkdtemp(prefix="liushui-test-"))

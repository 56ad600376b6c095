"""The index of grams (domain/search_text.py) behind the search, which each database has its own way for.

SQLite: an FTS5 table over catalog_item's own column, kept by triggers. A later migration that makes SQLite rebuild
catalog_item drops the triggers with the old table: it must call create again. PostgreSQL: GIN over the array; what is
new waits in its pending list, which tidy_search_index() enters at the end of each saving, all at once.
"""

from __future__ import annotations

from typing import Any

_SQLITE = (
    "CREATE VIRTUAL TABLE catalog_item_grams USING fts5(grams, content='catalog_item', content_rowid='id', "
    'detail=none, tokenize="unicode61 remove_diacritics 0")',
    "CREATE TRIGGER catalog_item_grams_insert AFTER INSERT ON catalog_item BEGIN "
    "INSERT INTO catalog_item_grams(rowid, grams) VALUES (new.id, new.grams); END",
    "CREATE TRIGGER catalog_item_grams_delete AFTER DELETE ON catalog_item BEGIN "
    "INSERT INTO catalog_item_grams(catalog_item_grams, rowid, grams) VALUES ('delete', old.id, old.grams); END",
    "CREATE TRIGGER catalog_item_grams_update AFTER UPDATE OF grams ON catalog_item WHEN old.grams <> new.grams BEGIN "
    "INSERT INTO catalog_item_grams(catalog_item_grams, rowid, grams) VALUES ('delete', old.id, old.grams); "
    "INSERT INTO catalog_item_grams(rowid, grams) VALUES (new.id, new.grams); END",
)
_POSTGRESQL = (
    "CREATE INDEX item_by_grams ON catalog_item USING gin (string_to_array(grams, ' ')) "
    "WITH (fastupdate = on, gin_pending_list_limit = 65536)",
)


def create(apps: Any, schema_editor: Any) -> None:
    """Make the index of this database."""
    for statement in _POSTGRESQL if schema_editor.connection.vendor == "postgresql" else _SQLITE:
        schema_editor.execute(statement, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    """Take it away again."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX item_by_grams", params=None)
        return
    for trigger in ("insert", "delete", "update"):
        schema_editor.execute(f"DROP TRIGGER catalog_item_grams_{trigger}", params=None)
    schema_editor.execute("DROP TABLE catalog_item_grams", params=None)


def drop_before_rebuild(apps: Any, schema_editor: Any) -> None:
    """Take the index away where the table is about to be made anew, which is on SQLite alone."""
    if schema_editor.connection.vendor == "sqlite":
        drop(apps, schema_editor)


def fill_after_rebuild(apps: Any, schema_editor: Any) -> None:
    """Make it again, with what the new table holds."""
    if schema_editor.connection.vendor == "sqlite":
        create(apps, schema_editor)
        schema_editor.execute("INSERT INTO catalog_item_grams(catalog_item_grams) VALUES ('rebuild')", params=None)

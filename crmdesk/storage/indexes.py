"""Secondary indexes taken away while many rows are written, and built in one go afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from crmdesk.storage.tables import table, whole_metadata

_LISTS = (
    ("list_contact_name", "contact (name COLLATE NOCASE, id)"),
    ("list_visit_date", "visit (date, id)"),
    ("list_invoice_date", "invoice (date, id)"),
    ("list_contact_birthday", "contact (birthday) WHERE birthday IS NOT NULL"),
)
"""What the longest lists are sorted by at first, so that their first page costs a page."""


def create_list_indexes(connection: Connection) -> None:
    """Make the indexes of the lists; they are of the laptop only and of no entity."""
    for name, columns in _LISTS:
        connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")


def secondary_indexes(table_name: str | None = None) -> list[tuple[str, str]]:
    """(name, CREATE INDEX statement) of a table's indexes, or of all, sorted by name."""
    tables = whole_metadata().sorted_tables if table_name is None else [table(table_name)]
    return sorted(
        (
            str(index.name),
            _create(str(index.name), each.name, [column.name for column in index.columns]),
        )
        for each in tables
        for index in each.indexes
    )


def _create(name: str, table: str, columns: list[str]) -> str:
    return f"CREATE INDEX {name} ON {table} ({', '.join(columns)})"


@contextmanager
def indexes_built_afterwards(
    connection: Connection, table_name: str | None = None
) -> Iterator[None]:
    """Drop the indexes of a table, or of all tables, and make them again at the end.

    Within the caller's transaction, so that an error brings them back with everything else.
    """
    indexes = secondary_indexes(table_name)
    for name, _ddl in indexes:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    yield
    for _name, ddl in indexes:
        connection.exec_driver_sql(ddl)

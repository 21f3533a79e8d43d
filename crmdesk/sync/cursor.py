"""Where this profile stands in HQ's feed: one position per scope it holds."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from crmdesk.storage.tables import sync_cursor


def read_cursor(connection: Connection) -> dict[str, int]:
    """Position by scope."""
    rows = connection.execute(select(sync_cursor.c.scope, sync_cursor.c.position))
    return {str(scope): int(position) for scope, position in rows}


def keep_cursor(connection: Connection, cursor: Mapping[str, int]) -> None:
    """Write the cursor; scopes it does not name are held no longer."""
    connection.execute(delete(sync_cursor))
    if cursor:
        connection.execute(
            insert(sync_cursor),
            [{"scope": scope, "position": position} for scope, position in cursor.items()],
        )

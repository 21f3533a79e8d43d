"""The visit a person is on at a customer's just now, if there is one."""

from __future__ import annotations

from sqlalchemy import Connection


def running_visit(connection: Connection, account_id: int, user_id: int) -> int | None:
    """The local id of the running visit, or None."""
    found = connection.exec_driver_sql(
        "SELECT id FROM visit WHERE account_id = ? AND user_id = ? AND ended_at IS NULL"
        " ORDER BY started_at DESC LIMIT 1",
        (account_id, user_id),
    ).scalar()
    return None if found is None else int(found)

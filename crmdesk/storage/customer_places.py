"""Where customers lie, put right without a step of anybody's: what HQ has refused.

The caller's transaction decides whether the change is journalled.
"""

from __future__ import annotations

from sqlalchemy import Connection


def put_in_territory(connection: Connection, account_uid: str, territory_uid: str | None) -> None:
    """Let a customer lie in a territory, or in none; uids as hex. An unknown one counts as none."""
    territory = None if territory_uid is None else bytes.fromhex(territory_uid)
    connection.exec_driver_sql(
        "UPDATE account SET territory_id = (SELECT id FROM territory WHERE uid = ?) WHERE uid = ?",
        (territory, bytes.fromhex(account_uid)),
    )

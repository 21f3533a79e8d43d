"""Numbers of documents made on this device: two laptops never make the same one.

Owns the counters. What a number looks like is :func:`crmdesk.domain.ids.document_number`'s.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.domain.ids import document_number
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile


def next_number(
    connection: Connection, ws: Workspace, kind: str, table: str = "sales_order"
) -> str:
    """The next number of a document made on this device: counters never go back.

    ``kind`` is the letters its numbers start with (none for orders), ``table`` where they are.
    Documents are looked at too: after a restore HQ may have brought back later ones than counted.
    """
    key = f"counter.{kind or 'order'}"
    prefix = document_number(kind, ws.device_prefix, 0)[:-5]
    found = connection.exec_driver_sql(
        f"SELECT max(CAST(substr(number, ?) AS INTEGER)) FROM {table}"
        " WHERE substr(number, 1, ?) = ?",
        (len(prefix) + 1, len(prefix), prefix),
    ).scalar()
    last = max(int(profile.get_fact(connection, key) or 0), int(found or 0))
    profile.set_fact(connection, key, str(last + 1))
    return document_number(kind, ws.device_prefix, last + 1)

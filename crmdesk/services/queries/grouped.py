"""What lists with chips have in common: keys in an order, and how many rows each chip shows.

Owns the shape of the statements. Conditions and columns come from the lists' own tables of them,
never from a person; what a person typed is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection

G = TypeVar("G")


def keys_in_order(
    connection: Connection,
    key: str,
    source: str,
    columns: Sequence[str],
    values: Mapping[str, Any],
    *,
    descending: bool,
) -> list[int]:
    """All keys of ``source`` (FROM and WHERE), by these columns and then by the key."""
    way = "DESC" if descending else "ASC"
    order = ", ".join(f"{column} {way}" for column in (*columns, key))
    rows = connection.exec_driver_sql(
        f"SELECT {key}{source} ORDER BY {order}",
        dict(values),
    )
    return [int(found) for (found,) in rows]


def group_counts(
    connection: Connection, groups: Mapping[G, str], source: str, values: Mapping[str, Any]
) -> dict[G, int]:
    """How many rows of ``source`` (FROM and WHERE) meet each condition."""
    columns = ", ".join(f"count(*) FILTER (WHERE {where})" for where in groups.values())
    row = connection.exec_driver_sql(f"SELECT {columns}{source}", dict(values)).one()
    return dict(zip(groups, map(int, row), strict=True))

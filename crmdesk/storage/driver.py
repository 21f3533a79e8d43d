"""Statements by the driver's own cursor, for the few rows of a recalculation after an order.

SQLAlchemy's way to a statement takes longer than most of these take themselves, and a statement
whose text is always the same is prepared once: what varies is bound, not written into it. Errors
come as the driver's; :class:`~crmdesk.storage.engine.Database` puts them into words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

Parameters = Sequence[Any] | Mapping[str, Any]


def rows(connection: Connection, query: str, parameters: Parameters = ()) -> list[Any]:
    """Everything that a query finds."""
    cursor = connection.connection.cursor()
    cursor.execute(query, parameters)
    found = list(cursor.fetchall())
    cursor.close()
    return found


def run(connection: Connection, statement: str, parameters: Parameters = ()) -> None:
    """A statement that gives nothing back."""
    cursor = connection.connection.cursor()
    cursor.execute(statement, parameters)
    cursor.close()


def many(ids: Iterable[int]) -> str:
    """Ids as the one parameter of ``IN (SELECT value FROM json_each(?))``."""
    return json.dumps([int(key) for key in ids])


def chosen(column: str, ids: Sequence[int] | None) -> tuple[str, dict[str, Any]]:
    """SQL that narrows a column to some ids (to none where there is no choice), and its values.

    Of a single one, as after an order, it is the plainest and always the same. What is bound is
    called ``:chosen``, so that a statement may say it several times.
    """
    if ids is None:
        return "true", {}
    if len(ids) == 1:
        return f"{column} = :chosen", {"chosen": int(ids[0])}
    return f"{column} IN (SELECT value FROM json_each(:chosen))", {"chosen": many(ids)}

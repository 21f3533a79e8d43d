"""Whole numbers read from the store straight into arrays, for what reads very many rows."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import Connection

from crmdesk.storage.driver import Parameters

_CHUNK = 100_000


def whole_columns(
    connection: Connection, query: str, width: int, values: Parameters = ()
) -> list[Any]:
    """The whole numbers that a query gives in ``width`` columns, as one array per column."""
    cursor = connection.connection.cursor()
    cursor.execute(query, values)
    chunks = []
    while rows := cursor.fetchmany(_CHUNK):
        chunks.append(np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width))
    cursor.close()
    table = np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.int64)
    return [np.ascontiguousarray(column) for column in table.reshape(-1, width).T]

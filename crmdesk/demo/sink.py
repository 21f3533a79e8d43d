"""Rows on their way out: collected per entity, given away parents first in small batches.

Owns order and size of the batches, the uids and the text of instants. Knows no entity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from crmdesk.demo.spec import DEMO_ZONE
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.rows import Batch, Row

MAX_ROWS = 5_000
FULL = 60_000


class Sink:
    """Collects rows; :meth:`drain` gives them as batches of at most ``MAX_ROWS`` rows."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._weight = 0

    def add(self, entity: str, row: Row) -> Row:
        """Keep a row for the next drain."""
        self._rows.setdefault(entity, []).append(row)
        self._weight += 1 + len(row.lines)
        return row

    @property
    def full(self) -> bool:
        """True when enough rows and lines wait that they should be given away."""
        return self._weight >= FULL

    def drain(self) -> Iterator[Batch]:
        """All waiting rows, parents first."""
        waiting, self._rows, self._weight = self._rows, {}, 0
        for entity in ENTITIES:
            rows = waiting.get(entity, ())
            for start in range(0, len(rows), MAX_ROWS):
                yield Batch(entity, list(rows[start : start + MAX_ROWS]))


@lru_cache(maxsize=4096)
def _offset_minutes(day: date) -> int:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(DEMO_ZONE))
    offset = noon.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


def instant_text(day: date, minute: int) -> str:
    """The UTC text of a local minute of a day (0 … 1439, later than the night's clock change)."""
    utc = minute - _offset_minutes(day)
    shifted = date.fromordinal(day.toordinal() + utc // 1440)
    utc %= 1440
    return f"{shifted.isoformat()}T{utc // 60:02d}:{utc % 60:02d}:00.000Z"


def start_ms(day: date) -> int:
    """Unix milliseconds of a day's first instant (UTC): where the demo's uids start."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000

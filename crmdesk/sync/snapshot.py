"""Downloading a snapshot: batches for the bulk load, taken up again after a cut stream."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import msgspec

from crmdesk.domain.errors import Cancelled, Unreachable
from crmdesk.i18n import _
from crmdesk.storage.entities import ENTITIES
from crmdesk.storage.rows import Batch
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    Section,
    SnapshotEnd,
    SnapshotHead,
    SnapshotRequest,
)
from crmdesk.sync.reading import RowReader, decode_row, line_blocks, parted
from crmdesk.sync.session import Session
from crmdesk.sync.versions import OtherColumns

_BATCH_ROWS = 2_000
_ATTEMPTS = 5
# Rows of these refer to rows of the same entity, so they go in as one batch.
_SELF_REFERRING = frozenset(
    e.name for e in ENTITIES.values() if any(f.ref == e.name for f in e.fields)
)


class SnapshotDownload:
    """One snapshot of the device's scopes (or of some of them).

    ``heads`` and ``epoch`` are those of the first stream, whatever had to be fetched again: the
    feed then brings everything that changed meanwhile.
    """

    def __init__(
        self,
        session: Session,
        *,
        scopes: list[str] | None = None,
        entities: list[str] | None = None,
        other: OtherColumns | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.heads: dict[str, int] = {}
        self.epoch = ""
        self.rows = 0
        self._session = session
        self._scopes, self._entities = scopes or [], entities or []
        self.other = other or OtherColumns()
        self._cancelled = cancelled or (lambda: False)
        self._reader: RowReader | None = None
        # Lines of the entity at hand, not yet read as rows.
        self._waiting: list[bytes] = []
        self._last: bytes | None = None

    def batches(self) -> Iterator[Batch]:
        """The rows, parents first. Raises Unreachable after five cuts in a row, and Cancelled."""
        cuts = 0
        while True:
            before = self.rows
            try:
                ended = yield from self._one_stream()
            except Unreachable:
                ended = False
                if cuts + 1 >= _ATTEMPTS:
                    raise
            if ended:
                return
            cuts = cuts + 1 if self.rows == before else 0
            if cuts >= _ATTEMPTS:
                raise Unreachable(
                    _("The download from HQ breaks off again and again."), _("Try again later.")
                )

    def _one_stream(self) -> Generator[Batch, None, bool]:
        request = SnapshotRequest(PROTOCOL_VERSION, self._scopes, self._after())
        with self._session.stream("/v1/snapshot", request) as chunks:
            for block in line_blocks(chunks):
                for rows, other in parted(block):
                    yield from self._take(rows)
                    if other is None:
                        continue
                    found = msgspec.json.decode(other)
                    if "entity" in found:
                        yield from self._open(msgspec.convert(found, Section))
                    elif "heads" in found:
                        self._begin(msgspec.convert(found, SnapshotHead))
                    elif "rows" in found:
                        msgspec.convert(found, SnapshotEnd)
                        yield from self._flush()
                        return True
        return False

    def _begin(self, head: SnapshotHead) -> None:
        if not self.epoch:
            self.epoch, self.heads = head.epoch, head.heads

    def _open(self, section: Section) -> Iterator[Batch]:
        if self._reader is None or self._reader.entity.name != section.entity:
            yield from self._flush()
        self._reader = RowReader(section) if section.entity in ENTITIES else None

    def _after(self) -> tuple[str, str] | None:
        """Where a new stream goes on: behind the last row received."""
        if self._reader is None or self._last is None:
            return None
        return self._reader.entity.name, decode_row(self._last)[0]

    def _take(self, rows: list[bytes]) -> Iterator[Batch]:
        """Keep rows of the entity at hand, and give them out when there are enough."""
        if not rows or self._reader is None:
            return
        self._waiting += rows
        self._last = rows[-1]
        self.rows += len(rows)
        if len(self._waiting) >= _BATCH_ROWS and self._reader.entity.name not in _SELF_REFERRING:
            yield from self._flush()

    def _flush(self) -> Iterator[Batch]:
        if self._cancelled():
            raise Cancelled
        if self._waiting and self._reader is not None:
            found, self._waiting = self._waiting, []
            if self._reader.differs:
                for line in found:
                    self.other.note(self._reader, decode_row(line))
            yield Batch(self._reader.entity.name, self._reader.rows(found))

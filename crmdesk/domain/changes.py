"""What a command or a sync touched, so that open views re-read only what they show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Kinds (entity names) and the local ids of the rows touched.

    ``everything`` is set after a bulk load or restore, where single rows are not listed.
    ``undo`` is the journal transaction that an undo command would compensate, if any.
    """

    touched: dict[str, frozenset[int]] = field(default_factory=dict)
    everything: bool = False
    undo: int | None = None

    @classmethod
    def of(cls, kind: str, ids: Iterable[int], *, undo: int | None = None) -> ChangeSet:
        """A change set of one kind."""
        return cls({kind: frozenset(ids)}, undo=undo)

    def kinds(self) -> frozenset[str]:
        """The entity names that were touched."""
        return frozenset(self.touched)

    def touches(self, *kinds: str) -> bool:
        """True when any of the kinds was touched, or everything was."""
        return self.everything or any(kind in self.touched for kind in kinds)

    def __or__(self, other: ChangeSet) -> ChangeSet:
        merged = dict(self.touched)
        for kind, ids in other.touched.items():
            merged[kind] = merged.get(kind, frozenset()) | ids
        return ChangeSet(
            merged,
            self.everything or other.everything,
            self.undo if self.undo is not None else other.undo,
        )

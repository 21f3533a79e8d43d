"""The ledger of an import: every row in is counted once, and every rejected row has its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

KEPT_REJECTS = 10_000
"""Rejected rows whose content is kept; further ones are counted and their reason is kept."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: its line in the file, why, and what it said."""

    line: int
    reason: str
    content: str


@dataclass(slots=True)
class Ledger:
    """Rows in = created + updated + merged + skipped + rejected, at every moment."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    merged: int = 0
    skipped: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, line: int, reason: str, cells: list[str]) -> None:
        """Count a row as rejected."""
        self.rejected += 1
        content = "\t".join(cells)[:500] if len(self.rejects) < KEPT_REJECTS else ""
        self.rejects.append(Reject(line, reason, content))

    @property
    def balanced(self) -> bool:
        """True when every row is accounted for."""
        return self.rows == (
            self.created + self.updated + self.merged + self.skipped + self.rejected
        )

"""Which price list holds for a customer on a day: lists, their versions, and the company's own.

Owns the steps of a list (draft, active, retired) and the chain of its versions. A customer names
one list for good; a newer version that replaces it takes its place from its first day on, so that
nobody has to touch thousands of customers, and an order dated before that day is still priced by
the older one. Laptop and HQ ask the same code.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class ListStatus(StrEnum):
    """What a list is: being worked on, good for orders, or closed (kept for its days)."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class ListRow(NamedTuple):
    """A price list as it is stored; ``replaces`` is the uid of the version before it."""

    uid: str
    name: str
    status: str
    replaces: str | None
    valid_from: date | None
    valid_to: date | None
    is_default: bool


class PriceLists:
    """All price lists of the company."""

    def __init__(self, rows: Iterable[ListRow]) -> None:
        self._rows = {row.uid: row for row in rows}
        self._followers: dict[str, list[ListRow]] = {}
        for row in self._rows.values():
            if row.replaces is not None and row.replaces in self._rows:
                self._followers.setdefault(row.replaces, []).append(row)

    def in_force(self, named: str | None, day: date) -> ListRow | None:
        """The version that holds on a day of the list a customer names.

        Without a list, or with one that is only a draft, the company's default holds;
        of several defaults, and without any, the first by uid. None when there is no list at all.
        """
        start, seen = self._rows.get(named or ""), set[str]()
        while start is not None and start.status == ListStatus.DRAFT:
            seen.add(start.uid)
            start = None if start.replaces in seen else self._rows.get(start.replaces or "")
        start = start or self.default()
        return None if start is None else self._version(start, day)

    def default(self) -> ListRow | None:
        """The company's own list, before its versions are looked at."""
        lists = [row for row in self._rows.values() if row.status != ListStatus.DRAFT]
        return min(lists, key=lambda row: (not row.is_default, row.uid), default=None)

    def versions(self, uid: str) -> list[ListRow]:
        """The version asked for and everything it follows from, oldest first."""
        found: list[ListRow] = []
        row = self._rows.get(uid)
        while row is not None and row not in found:
            found.append(row)
            row = self._rows.get(row.replaces or "")
        return found[::-1]

    def _version(self, row: ListRow, day: date) -> ListRow:
        seen = {row.uid}
        while not _has_begun(row, day):
            before = self._rows.get(row.replaces or "")
            if before is None or before.uid in seen or before.status == ListStatus.DRAFT:
                break
            seen.add(before.uid)
            row = before
        while True:
            following = [
                one
                for one in self._followers.get(row.uid, ())
                if one.uid not in seen and one.status != ListStatus.DRAFT
                and one.valid_from is not None and _has_begun(one, day)
            ]  # fmt: skip
            if not following:
                return row
            row = max(following, key=lambda one: (one.valid_from or date.min, one.uid))
            seen.add(row.uid)


def _has_begun(row: ListRow, day: date) -> bool:
    return row.valid_from is None or row.valid_from <= day

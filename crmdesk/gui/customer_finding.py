"""Looking for the customer of something new: the best matches of what is typed. No Qt here.

Owns the question; the field and the matches are
:mod:`crmdesk.gui.widgets.customer_picker`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from crmdesk.gui.presenting import PlaceContext
from crmdesk.services.queries.customers import (
    CustomerFilter,
    CustomerRow,
    customer_keys,
    customer_rows,
)

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Owner

OFFERED = 8


class CustomerFinder:
    """Gives matches to ``offer``; those of what is no longer typed are dropped."""

    def __init__(
        self,
        context: PlaceContext,
        owner: Owner,
        offer: Callable[[Sequence[CustomerRow]], None],
    ) -> None:
        self._ws, self._runner = context.workspace, context.runner
        self._owner, self._offer = owner, offer
        self._wanted = ""

    def find(self, text: str) -> None:
        """Look for customers by name, town or person; an empty text offers the first ones."""
        self._wanted = text
        ws = self._ws

        def work() -> list[CustomerRow]:
            keys = customer_keys(ws, CustomerFilter(text))[:OFFERED]
            rows = customer_rows(ws, keys)
            return [rows[key] for key in keys if key in rows]

        def found(rows: list[CustomerRow]) -> None:
            if text == self._wanted:
                self._offer(rows)

        self._runner.read(work, found, owner=self._owner)

"""Human numbers of documents that are made customer by customer but read in order of time.

Owns ticket and quote numbers: they grow with the day and never repeat.
"""

from __future__ import annotations

from crmdesk.demo.people import Rep
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import document_number


class Numbers:
    """Gives each document of a day the next free number from the day's place on."""

    def __init__(self, spec: DemoSpec) -> None:
        self._first = spec.first_day.toordinal()
        self._tickets = max(1, spec.customers // 150)
        self._quotes = max(0.25, spec.customers / spec.reps / 150)
        self._taken: set[tuple[str, int]] = set()

    def ticket(self, day: int) -> str:
        """``T-02291``."""
        return f"T-{self._free('', (day - self._first) * self._tickets + 1):05d}"

    def quote(self, rep: Rep, day: int) -> str:
        """``QM07-00088``."""
        number = self._free(rep.prefix, int((day - self._first) * self._quotes) + 1)
        return document_number("Q", rep.prefix, number)

    def _free(self, series: str, number: int) -> int:
        while (series, number) in self._taken:
            number += 1
        self._taken.add((series, number))
        return number

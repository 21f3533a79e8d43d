"""What a demo company is asked to be: its size, its seed and its day.

Owns the numbers a caller chooses. What is made of them lives in the sibling modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DEMO_TODAY = date(2026, 11, 24)
"""The Tuesday on which the demo company stands; its clock is anchored at 09:52 of that day."""

DEMO_MINUTE = 9 * 60 + 52
DEMO_ZONE = "Europe/Andorra"
DEMO_SEED = 20261124
DOCUMENT_DAYS = 548
"""How far back orders, invoices and visits are kept in full: about 18 months."""


@dataclass(frozen=True, slots=True)
class DemoSpec:
    """Size and seed of a demo company; the same values give the same rows, byte for byte.

    ``lines`` asks for about so many sale lines (within 15 %) by making customers buy more or
    less often and more or fewer products; without it a customer buys about 160 lines a year.
    ValueError when a number makes no company.
    """

    customers: int = 300
    years: int = 5
    reps: int = 3
    seed: int = DEMO_SEED
    today: date = DEMO_TODAY
    lines: int | None = None

    def __post_init__(self) -> None:
        if self.customers < 1 or self.years < 1 or self.reps < 1:
            raise ValueError("a demo company has at least one customer, one year and one rep")
        if self.reps > self.customers:
            raise ValueError("every rep of a demo company has at least one customer")
        if self.lines is not None and self.lines < 1:
            raise ValueError("a demo company sells at least one line")

    @property
    def first_day(self) -> date:
        """The first day of the history."""
        return self.today - timedelta(days=self.years * 365 + self.years // 4)

    def instant(self) -> datetime:
        """The moment the demo's clock starts at, with its zone: 09:52 local on ``today``."""
        midnight = datetime(
            self.today.year, self.today.month, self.today.day, tzinfo=ZoneInfo(DEMO_ZONE)
        )
        return midnight.replace(hour=DEMO_MINUTE // 60, minute=DEMO_MINUTE % 60)

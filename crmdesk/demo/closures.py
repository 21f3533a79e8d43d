"""When customers of the demo company are closed, as they have told their reps.

Owns the rows; the closed days themselves are :mod:`crmdesk.demo.rhythm`'s. Two in three customers
with holidays of their own have said so.
"""

from __future__ import annotations

from datetime import date, timedelta

from crmdesk.demo.customer import Customer
from crmdesk.demo.rhythm import CLOSED_DAYS
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.storage.rows import row_maker

_YEAR = 366


def write_closures(spec: DemoSpec, uids: UidMaker, sink: Sink, customer: Customer) -> None:
    """Yearly holidays and the months out of season, each from its first day to its last."""
    if customer.status == "prospect" or customer.index % 3 == 0:
        return
    make, year = row_maker("closure"), spec.today.year
    if customer.closed_from < _YEAR:
        first = date(year, 1, 1) + timedelta(days=customer.closed_from - 1)
        last = first + timedelta(days=CLOSED_DAYS - 1)
        row = make(
            uids(), account=customer.uid, user=customer.rep.uid, from_date=first, to_date=last,
            reason="Holidays", yearly=True,
        )  # fmt: skip
        sink.add("closure", row)
    for first_month, last_month in _seasons(customer.closed_months):
        first = date(year - (first_month > last_month), first_month, 1)
        last = date(year + last_month // 12, last_month % 12 + 1, 1) - timedelta(days=1)
        row = make(
            uids(), account=customer.uid, user=customer.rep.uid, from_date=first, to_date=last,
            reason="Out of season", yearly=True,
        )  # fmt: skip
        sink.add("closure", row)


def _seasons(months: frozenset[int]) -> list[tuple[int, int]]:
    """First and last month of each run of closed months, across the end of the year."""
    starts = [month for month in sorted(months) if (month - 2) % 12 + 1 not in months]
    found = []
    for start in starts:
        end = start
        while end % 12 + 1 in months:
            end = end % 12 + 1
        found.append((start, end))
    return found

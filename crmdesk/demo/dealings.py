"""What reps, office and former owners ask and tell each other: proposals and handovers.

Owns one settled and one open proposal of each rep, and the note that came with a customer.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crmdesk.demo.customer import Customer
from crmdesk.demo.people import Rep, Staff
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DEMO_ZONE, DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.storage.rows import row_maker

_NOTE = "Call before ten; the owner decides, not the shop assistant. Invoices go to the bookkeeper."


def write_dealings(
    spec: DemoSpec, staff: Staff, customers: list[Customer], uids: UidMaker, sink: Sink
) -> None:
    """Proposals of the last month and a handover for every rep who has customers."""
    for rep in staff.reps:
        theirs = [c for c in customers if c.rep is rep and c.status == "active"]
        if theirs:
            _proposals(spec, staff, rep, theirs, uids, sink)
            _handover(spec, staff, theirs[-1], uids, sink)


def _instant(spec: DemoSpec, days_ago: int, hour: int) -> datetime:
    day = spec.today - timedelta(days=days_ago)
    return datetime.combine(day, time(hour), ZoneInfo(DEMO_ZONE))


def _proposals(
    spec: DemoSpec, staff: Staff, rep: Rep, theirs: list[Customer], uids: UidMaker, sink: Sink
) -> None:
    make = row_maker("proposal")
    first, last = theirs[0], theirs[-1]
    settled = make(
        uids(), user=rep.uid, entity="account", row=first.uid, account=first.uid,
        field="payment_terms_days", current=first.terms, proposed=first.terms + 30,
        at=_instant(spec, 24, 17), status="dismissed", answer="Pays late already.",
        decided_by=staff.office, decided_at=_instant(spec, 23, 9),
    )  # fmt: skip
    waiting = make(
        uids(), user=rep.uid, entity="account", row=last.uid, account=last.uid,
        field="credit_limit_minor", current=last.credit_limit,
        proposed=last.credit_limit + 150_000, at=_instant(spec, 1, 18),
    )  # fmt: skip
    sink.add("proposal", settled)
    sink.add("proposal", waiting)


def _handover(spec: DemoSpec, staff: Staff, customer: Customer, uids: UidMaker, sink: Sink) -> None:
    row = row_maker("handover")(
        uids(), account=customer.uid, user=staff.manager, kind="note", text=_NOTE,
        at=_instant(spec, 40, 12), seen_at=_instant(spec, 39, 9), seen_by=customer.rep.uid,
    )  # fmt: skip
    sink.add("handover", row)

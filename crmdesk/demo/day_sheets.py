"""Day sheets of the demo company: what reps have collected, counted and handed over.

Owns the sheets of the last months. Nearly all of them are right; one in twenty is off by a coin.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from crmdesk.demo.people import Staff
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.storage.rows import row_maker

_EVENING = 18 * 60 + 35
_MORNING = 8 * 60 + 20
_OFF_EVERY = 20


def write_day_sheets(
    spec: DemoSpec,
    staff: Staff,
    collected: Mapping[tuple[str, int], list[tuple[str, int]]],
    uids: UidMaker,
    sink: Sink,
) -> None:
    """One sheet for each day before today on which a rep has collected; receipts by (rep, day)."""
    make, today = row_maker("day_sheet"), spec.today.toordinal()
    reps = {rep.code: rep for rep in staff.reps}
    for place, ((code, day), receipts) in enumerate(sorted(collected.items())):
        if day >= today:
            continue
        cash, local = sum(amount for _number, amount in receipts), date.fromordinal(day)
        off = 50 if place % _OFF_EVERY == 7 else 0
        received = staff.office if day < today - 1 else None
        row = make(
            uids(), user=reps[code].uid, date=local, closed_at=instant_text(local, _EVENING),
            counted_minor=cash - off,
            totals={
                "methods": {"cash": {"count": len(receipts), "amount_minor": cash}},
                "receipts": sorted(number for number, _amount in receipts),
            },
            note="Coin lost while giving change" if off else None,
            received_by=received,
            received_at=(
                instant_text(date.fromordinal(day + 1), _MORNING) if received is not None else None
            ),
        )  # fmt: skip
        sink.add("day_sheet", row)

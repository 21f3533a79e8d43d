"""A rep's own rows: trips with the odometer, expenses, saved views.

Owns kilometres as driven on the days of :mod:`crmdesk.demo.schedule`, a little more than planned.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.people import Rep
from crmdesk.demo.schedule import Schedule
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.storage.rows import row_maker


def write_fieldwork(
    spec: DemoSpec, rep: Rep, schedule: Schedule, uids: UidMaker, sink: Sink, rng: Random
) -> None:
    """Trips and expenses of the last 18 months, and saved views."""
    trip, expense = row_maker("trip"), row_maker("expense")
    today = spec.today.toordinal()
    odometer = rng.randrange(18_000, 60_000)
    first = max(today - DOCUMENT_DAYS, spec.first_day.toordinal())
    for day in range(first, today):
        metres = schedule.distance(rep, day)
        if not metres:
            continue
        driven = round(metres * rng.uniform(1.02, 1.2)) + 1_500
        end = odometer + max(1, round(driven / 1000))
        local = date.fromordinal(day)
        row = trip(
            uids(), user=rep.uid, date=local, odometer_start_km=odometer, odometer_end_km=end,
            distance_m=driven,
        )  # fmt: skip
        sink.add("trip", row)
        odometer = end + rng.randrange(0, 12)
        if rng.random() < 0.55:
            row = expense(
                uids(), user=rep.uid, date=local, kind="meal", note="Lunch",
                amount_minor=rng.randrange(22, 36) * 50,
            )  # fmt: skip
            sink.add("expense", row)
        if day % 8 == 0:
            row = expense(
                uids(),
                user=rep.uid,
                date=local,
                kind="fuel",
                amount_minor=rng.randrange(38, 72) * 100,
            )
            sink.add("expense", row)
    _write_views(rep, uids, sink)


_VIEWS: tuple[tuple[str, str, dict[str, object], bool], ...] = (
    (
        "customers", "Not seen for 6 weeks",
        {"filter": [["status", "is", "active"], ["last_visit", "not_past", 42]],
         "sort": ["last_visit", False]},
        True,
    ),
    (
        "customers", "A customers who pay late",
        {"filter": [["class", "is", "A"], ["late", "least", 1]], "sort": ["late", True]}, False,
    ),
    (
        "tasks", "Open tasks of this week",
        {"filter": [["done", "is", "no"], ["due", "ahead", 7]], "sort": ["due", False]}, False,
    ),
)  # fmt: skip


def _write_views(rep: Rep, uids: UidMaker, sink: Sink) -> None:
    """Views of the lists; the first is shown to all colleagues."""
    for place, name, asked, shared in _VIEWS:
        definition = {"text": "", "columns": [], **asked}
        uid = uids()
        sink.add(
            "saved_view",
            row_maker("saved_view")(
                uid, user=rep.uid, place=place, name=name, definition=definition,
                shared=int(shared),
            ),
        )  # fmt: skip
        if shared:
            sink.add(
                "shared_view",
                row_maker("shared_view")(
                    uids(), user=rep.uid, view=uid, place=place, name=name, definition=definition
                ),
            )  # fmt: skip

"""What reps of the demo company said against suggestions, and what they counted on shelves.

Owns rows of ``reorder_override`` and counts of single products, of the last weeks. The cast of the
first pages is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from crmdesk.demo.customer import Customer
from crmdesk.demo.rhythm import Pair
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

_SAID = (
    ("not_now", "Enough in stock", 40), ("not_now", "Closed for the season", 10),
    ("not_now", "Buys it elsewhere", 12), ("quantity", "Another quantity", 16),
    ("delisted", "No longer listed", 12), ("wrong_forecast", "The forecast is wrong", 10),
)  # fmt: skip
_SHARE, _COUNTED = 0.04, 0.10
_WEEKS_BACK = 24


def write_said(
    spec: DemoSpec, uids: UidMaker, sink: Sink, customer: Customer, habits: Sequence[Pair],
    seen: Mapping[int, Uid],
) -> None:  # fmt: skip
    """Overrides of a few of the customer's products, and counts of some in its last visit."""
    if customer.cast is not None or not seen:
        return
    rng = Random(f"{spec.seed}/said/{customer.index}")
    today = spec.today.toordinal()
    recent = [day for day in sorted(seen) if day >= today - _WEEKS_BACK]
    for pair in habits:
        if pair.last < today - 90 or pair.first > today - 120 or pair.product.delisted:
            continue
        if rng.random() < _SHARE:
            _say(spec, uids, sink, customer, pair, rng)
        elif recent and rng.random() < _COUNTED:
            _count(uids, sink, customer, pair, seen[recent[-1]], rng)


def _say(
    spec: DemoSpec, uids: UidMaker, sink: Sink, customer: Customer, pair: Pair, rng: Random
) -> None:
    kind, reason, _weight = rng.choices(_SAID, [weight for _k, _r, weight in _SAID])[0]
    made = spec.today - timedelta(days=rng.randrange(2, _WEEKS_BACK))
    until: date | None = None
    if kind in ("not_now", "wrong_forecast"):
        until = made + timedelta(days=max(30, round(pair.gap)))
    quantity = pair.usual * pair.pack.factor
    row = row_maker("reorder_override")(
        uids(), account=customer.uid, product=pair.product.uid, user=customer.rep.uid, kind=kind,
        reason=reason, made_on=made, until=until,
        base_quantity=quantity * rng.choice((2, 3)) if kind == "quantity" else None,
    )  # fmt: skip
    sink.add("reorder_override", row)


def _count(
    uids: UidMaker, sink: Sink, customer: Customer, pair: Pair, visit: Uid, rng: Random
) -> None:
    most = max(1, pair.usual * pair.pack.factor)
    row = row_maker("visit_task")(
        uids(), account=customer.uid, visit=visit, kind="shelf", name=pair.product.name,
        product=pair.product.uid, counted=rng.randrange(0, most + 1), position=1,
    )  # fmt: skip
    sink.add("visit_task", row)

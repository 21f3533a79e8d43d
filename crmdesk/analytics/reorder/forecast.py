"""The reorder forecast of any set of pairs, from a fitted model.

Owns ``score`` and the ``Forecasts`` it gives. It sees purchase-days only; lines become
purchase-days in ``purchases``, and models are made in ``training``. The same rows give the same
bits on every machine, in any order, whether a pair is scored with its account alone or among all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.adjusting import (
    refusals,
    refused,
    wished_quantities,
    within_open_days,
)
from crmdesk.analytics.reorder.chances import open_forecast
from crmdesk.analytics.reorder.circumstances import (
    NOTHING_KNOWN,
    Circumstances,
    among,
)
from crmdesk.analytics.reorder.exact import Floats, Ints
from crmdesk.analytics.reorder.model import ReorderModel
from crmdesk.analytics.reorder.opening import OpenTime
from crmdesk.analytics.reorder.purchases import PurchaseDays
from crmdesk.analytics.reorder.quantity import usual_quantities
from crmdesk.analytics.reorder.renewal import HORIZON_LIMIT
from crmdesk.analytics.reorder.snapshot import HORIZONS, Snapshot, take_snapshot
from crmdesk.analytics.reorder.states import STATES, ReorderState, state_codes
from crmdesk.analytics.reorder.stock import Shelf, shelf_of
from crmdesk.analytics.reorder.weekdays import on_usual_weekday


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One element per pair, sorted by account and SKU; the arrays all have the same length.

    ``first`` and ``last`` are days since 1970-01-01, as is ``expected_next_day``, which is always
    after the as-of day. ``interval_days`` (mean) and ``median_gap`` are NaN for a pair bought
    once. ``p7 ≤ p14 ≤ p30`` are probabilities of at least one purchase-day in so many days;
    ``expected_quantity`` is in base units; ``state`` holds positions in ``states.STATES``;
    ``weekday_snapped`` says that the date was moved to the account's usual weekday. ``days_open``
    is R as it was used: without closed days, or as the shelf tells it; ``stock`` the units
    estimated on the shelf (−1 where nobody counted); ``refusals`` how often the suggestion was put
    off since the last purchase. ``closed_days`` are the closed days left out of R, ``silent_days``
    others on which the whole company was silent, ``closed_ahead`` closed ones among the next 14;
    ``wished`` says that a person's quantity stands in place of the usual.
    ``excess`` is the last quantity over the mean of those before it (from 1 to
    ``snapshot.MOST_EXCESS``), ``bulk_part`` and ``season_part`` are what that and the season add to
    the chance within 14 open days.
    """

    as_of: int
    account: Ints
    sku: Ints
    n: Ints
    first: Ints
    last: Ints
    interval_days: Floats
    median_gap: Floats
    p7: Floats
    p14: Floats
    p30: Floats
    expected_next_day: Ints
    expected_quantity: Ints
    state: npt.NDArray[np.int8]
    weekday_snapped: npt.NDArray[np.bool_]
    days_open: Ints
    stock: Ints
    refusals: Ints
    closed_days: Ints
    silent_days: Ints
    closed_ahead: Ints
    wished: npt.NDArray[np.bool_]
    excess: Floats
    bulk_part: Floats
    season_part: Floats

    def __len__(self) -> int:
        return len(self.n)

    def state_of(self, row: int) -> ReorderState:
        """State of one pair."""
        return STATES[int(self.state[row])]


def score(
    purchases: PurchaseDays,
    model: ReorderModel,
    as_of: int,
    circumstances: Circumstances = NOTHING_KNOWN,
) -> Forecasts:
    """Forecast of every pair with a purchase-day up to and including ``as_of``.

    ``purchases`` may be everything, or all the purchase-days of one or a few accounts: what is
    known of the SKUs comes from the model.
    """
    known, told = purchases.until(as_of), circumstances.known_by(as_of)
    usual = usual_quantities(known)
    time = OpenTime(told.with_holidays(model.silent), told.closed, known, as_of)
    snapshot, shelf = _as_it_stands(known, usual, time, told, as_of)
    account, starts = snapshot.account, snapshot.starts
    first, last = known.day[starts], known.day[starts + snapshot.count - 1]
    unsold = told.unsold(account, snapshot.sku, last, as_of)
    times, put_off = refusals(account, snapshot.sku, last, as_of, told)
    said = open_forecast(snapshot, model)
    chances = np.where(unsold, 0.0, refused(said.chances, times))
    open_p30, closed = chances[2], time.ahead(account, HORIZONS)
    if not time.always_open:
        chances = within_open_days(chances, np.array(HORIZONS)[:, None] - closed)
    expected, snapped = _expected_days(known, snapshot, time, said.days, put_off)
    wished, quantity = wished_quantities(known, snapshot, usual, last, told.wanted)
    if shelf is not None:
        quantity = shelf.filled(quantity, expected - as_of, but=wished)
    left_out = time.between(account, last, as_of)
    silent = np.minimum(told.silent_since(model.silent, last, as_of), left_out)
    repeated = snapshot.count > 1
    return Forecasts(
        as_of=as_of,
        account=account,
        sku=snapshot.sku,
        n=snapshot.count,
        first=first,
        last=last,
        interval_days=np.where(repeated, snapshot.mean_gap, np.nan),
        median_gap=np.where(repeated, snapshot.median_gap, np.nan),
        p7=chances[0],
        p14=chances[1],
        p30=chances[2],
        expected_next_day=expected,
        expected_quantity=quantity,
        state=_states(snapshot, chances, open_p30, unsold, told),
        weekday_snapped=snapped,
        days_open=snapshot.days_since,
        stock=np.full(len(snapshot), -1) if shelf is None else shelf.stock(len(snapshot)),
        refusals=times,
        closed_days=left_out - silent,
        silent_days=silent,
        closed_ahead=closed[1],
        wished=wished,
        excess=snapshot.excess,
        bulk_part=said.bulk_part,
        season_part=said.season_part,
    )


def _as_it_stands(
    known: PurchaseDays, usual: Ints, time: OpenTime, told: Circumstances, as_of: int
) -> tuple[Snapshot, Shelf | None]:
    """The pairs in open days, R as the shelf tells it where somebody counted."""
    moved = time.moved(known)
    snapshot = take_snapshot(moved, as_of)
    shelf = shelf_of(known, snapshot, usual, told)
    if shelf is None:
        return snapshot, None
    since = shelf.days_since(snapshot, usual)
    return shelf.seen(snapshot.with_days_since(moved, since)), shelf


def _expected_days(
    known: PurchaseDays, snapshot: Snapshot, time: OpenTime, open_days: Ints, put_off: Ints
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The day of the next purchase, and whether it was moved to the account's usual weekday.

    An open day, later than the as-of day and than what the suggestion was put off until.
    """
    as_of = snapshot.as_of
    before = np.minimum(np.maximum(put_off, as_of), as_of + HORIZON_LIMIT)
    days = open_days if time.always_open else time.later(snapshot.account, open_days)
    expected = np.maximum(as_of + days, before + 1)
    expected, snapped = on_usual_weekday(known, snapshot, expected, before)
    if not time.always_open:
        expected = time.opened(snapshot.account, expected)
    return expected, snapped


def _states(
    snapshot: Snapshot,
    chances: Floats,
    open_p30: Floats,
    unsold: npt.NDArray[np.bool_],
    told: Circumstances,
) -> npt.NDArray[np.int8]:
    return state_codes(
        snapshot.count,
        snapshot.days_since,
        snapshot.median_gap,
        chances[1],
        chances[2],
        open_p30,
        unsold,
        among(snapshot.sku, told.substituted),
    )

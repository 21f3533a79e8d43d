"""Time without the days on which a customer is closed.

Owns the number of closed days between two days, and a history moved into open days: each
purchase-day comes nearer to the as-of day by the closed days in between, so that gaps, R and
horizons count open days only. Leaves calendars to their callers.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from crmdesk.analytics.reorder.circumstances import AccountDays
from crmdesk.analytics.reorder.exact import Ints, distinct
from crmdesk.analytics.reorder.purchases import PurchaseDays

_DAY_BITS = 21
_MOST_DAYS = 2 ** (_DAY_BITS - 1) - 1
_SEARCHES = 12
_LONGEST = 366


class OpenTime:
    """Closed days of accounts, and days counted without them.

    ``common`` are closed for all accounts, ``own`` for single ones; a day on which an account
    bought anything was open for it, whatever a calendar says.
    """

    def __init__(self, common: Ints, own: AccountDays, bought: PurchaseDays, as_of: int) -> None:
        """Prepare the counts; without closed days nothing is computed later on."""
        self._as_of = as_of
        self._common = distinct(common)
        self._first = int(self._common[0]) - 1 if len(self._common) else 0
        self._by_day = self._counted()
        closed = AccountDays(own.account, own.day)
        if len(self._common) and len(closed.day):
            closed = _without(closed, np.isin(closed.day, self._common))
        taken = self._common_until(bought.day) != self._common_until(bought.day - 1)
        against = bought.where(taken)
        self._ids = distinct(np.concatenate((closed.account, against.account)))
        self._sorted = self._count = self._begin = np.zeros(0, dtype=np.int64)
        if len(self._ids):
            self._count_own(closed, bought, against)

    def _count_own(self, closed: AccountDays, bought: PurchaseDays, taken: PurchaseDays) -> None:
        """Prepare what single accounts have for themselves: days closed, common ones taken back."""
        keys = distinct(self._keys(closed.account, closed.day))
        if len(keys):
            owners = distinct(closed.account)
            place = np.minimum(np.searchsorted(owners, bought.account), len(owners) - 1)
            near = owners[place] == bought.account
            visited = distinct(self._keys(bought.account[near], bought.day[near]))
            if len(visited):
                place = np.minimum(np.searchsorted(visited, keys), len(visited) - 1)
                keys = keys[visited[place] != keys]
        against = distinct(self._keys(taken.account, taken.day))
        both = np.concatenate((keys, against))
        order = np.argsort(both, kind="stable")
        sign = np.concatenate((np.ones(len(keys)), -np.ones(len(against)))).astype(np.int64)
        self._sorted = both[order]
        self._count = np.concatenate(([0], np.cumsum(sign[order])))
        borders = np.arange(len(self._ids)) << _DAY_BITS
        self._begin = self._count[np.searchsorted(self._sorted, borders)]

    @property
    def always_open(self) -> bool:
        """Whether there is no closed day at all."""
        return len(self._common) == 0 and len(self._sorted) == 0

    def moved(self, purchases: PurchaseDays) -> PurchaseDays:
        """The history with each day nearer to the as-of day by the closed days in between."""
        if self.always_open or not len(purchases):
            return purchases
        lost = self.between(purchases.account, purchases.day, self._as_of)
        return replace(purchases, day=purchases.day + lost)

    def between(self, account: Ints, after: Ints | int, until: Ints | int) -> Ints:
        """Closed days of each account later than ``after``, up to and including ``until``."""
        found = np.zeros(len(account), dtype=np.int64)
        if self.always_open or not len(found):
            return found
        found += self._common_until(until)
        found -= self._common_until(after)
        if len(self._sorted):
            place = np.minimum(self._ids.searchsorted(account), len(self._ids) - 1)
            rows = (self._ids[place] == account).nonzero()[0]
            if len(rows):
                place = place[rows]
                found[rows] += self._until(place, _of_rows(until, rows))
                found[rows] -= self._until(place, _of_rows(after, rows))
        return found

    def ahead(self, account: Ints, days: Sequence[int]) -> Ints:
        """Closed days of each account among so many from the as-of day on: a row per number."""
        size = len(account)
        if self.always_open or not size:
            return np.zeros((len(days), size), dtype=np.int64)
        until = (self._as_of + np.array(days)).repeat(size)
        found = self.between(np.concatenate((account,) * len(days)), self._as_of, until)
        return found.reshape(len(days), size)

    def is_closed(self, account: Ints, day: Ints) -> np.typing.NDArray[np.bool_]:
        """Whether each account is closed on its day."""
        return np.asarray(self.between(account, day - 1, day) > 0)

    def later(self, account: Ints, open_days: Ints) -> Ints:
        """Days from the as-of day until so many open days have passed."""
        days = open_days + self.between(account, self._as_of, self._as_of + open_days)
        row = (days != open_days).nonzero()[0]
        for _ in range(_SEARCHES - 1):
            if not len(row):
                break
            closed = self.between(account[row], self._as_of, self._as_of + days[row])
            longer = open_days[row] + closed
            moved = longer != days[row]
            row = row[moved]
            days[row] = longer[moved]
        return days

    def opened(self, account: Ints, day: Ints) -> Ints:
        """Each day, or the next one on which its account is open (at most 366 days later)."""
        days, row = day.copy(), self.is_closed(account, day).nonzero()[0]
        for _ in range(_LONGEST):
            if not len(row):
                break
            days[row] += 1
            row = row[self.is_closed(account[row], days[row])]
        return days

    def _counted(self) -> Ints:
        """Common closed days up to each day from the one before the first of them."""
        if not len(self._common):
            return np.zeros(1, dtype=np.int64)
        there = np.zeros(int(self._common[-1]) - self._first + 1, dtype=np.int64)
        there[self._common - self._first] = 1
        return np.cumsum(there)

    def _common_until(self, day: Ints | int) -> Ints:
        place = np.minimum(np.maximum(day - self._first, 0), len(self._by_day) - 1)
        return np.asarray(self._by_day[place])

    def _keys(self, account: Ints, day: Ints) -> Ints:
        return self._packed(np.searchsorted(self._ids, account), day)

    def _packed(self, place: Ints, day: Ints | int) -> Ints:
        ahead = np.minimum(np.maximum(day - self._as_of, -_MOST_DAYS), _MOST_DAYS) + _MOST_DAYS
        return np.asarray((place << _DAY_BITS) | ahead)

    def _until(self, place: Ints, day: Ints | int) -> Ints:
        """Closed days of its own up to a day, of the account at each place of the known ids."""
        end = self._sorted.searchsorted(self._packed(place, day), side="right")
        return np.asarray(self._count[end] - self._begin[place])


def _of_rows(day: Ints | int, rows: Ints) -> Ints | int:
    return day if isinstance(day, int) else day[rows]


def _without(closed: AccountDays, gone: np.typing.NDArray[np.bool_]) -> AccountDays:
    return AccountDays(closed.account[~gone], closed.day[~gone])

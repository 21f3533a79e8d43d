"""What a company knows of its customers and SKUs besides their sales.

Owns the record of closed days, delisted and unlisted SKUs, stock counts, par levels and what people
said of single suggestions, as arrays that ``fit`` and ``score`` take. Leaves their effects to
``opening``, ``stock`` and ``adjusting``, and reading them from tables to its callers. Days are days
since 1970-01-01, quantities integers in base units.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from crmdesk.analytics.reorder.exact import Ints, distinct
from crmdesk.analytics.reorder.snapshot import NEVER

Mask = npt.NDArray[np.bool_]


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class AccountDays:
    """Days on which an account is closed: one element per account and day, in any order."""

    account: Ints = field(default_factory=_none)
    day: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Delisted:
    """SKUs that have left the range, and since when; one element per SKU."""

    sku: Ints = field(default_factory=_none)
    day: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class PairValues:
    """One number per account and SKU, known since a day."""

    account: Ints = field(default_factory=_none)
    sku: Ints = field(default_factory=_none)
    day: Ints = field(default_factory=_none)
    value: Ints = field(default_factory=_none)

    def __len__(self) -> int:
        return len(self.account)

    def until(self, day: int) -> "PairValues":
        """What was known by a day."""
        if not len(self) or int(self.day.max()) <= day:
            return self
        keep = self.day <= day
        return PairValues(self.account[keep], self.sku[keep], self.day[keep], self.value[keep])


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything known; the default knows nothing and changes no forecast.

    ``holidays`` are sorted days closed for all accounts. ``substituted`` are delisted SKUs
    that another took the place of. ``unlisted`` holds pairs that a customer
    no longer stocks (``value`` is the last day of it, ``NEVER`` for good). ``counts`` are units
    found on a customer's shelf, ``par`` the units it wants to have. ``put_off`` are suggestions
    that a person refused ("not now", "wrong") until the day in ``value``, ``wanted`` the quantities
    a person put in place of a suggested one.
    """

    holidays: Ints = field(default_factory=_none)
    closed: AccountDays = field(default_factory=AccountDays)
    delisted: Delisted = field(default_factory=Delisted)
    substituted: Ints = field(default_factory=_none)
    unlisted: PairValues = field(default_factory=PairValues)
    counts: PairValues = field(default_factory=PairValues)
    par: PairValues = field(default_factory=PairValues)
    put_off: PairValues = field(default_factory=PairValues)
    wanted: PairValues = field(default_factory=PairValues)

    def known_by(self, day: int) -> "Circumstances":
        """What was known by a day; closed days are calendar and stay, also those to come."""
        gone = self.delisted.day <= day
        return replace(
            self,
            delisted=Delisted(self.delisted.sku[gone], self.delisted.day[gone]),
            unlisted=self.unlisted.until(day),
            counts=self.counts.until(day),
            par=self.par.until(day),
            put_off=self.put_off.until(day),
            wanted=self.wanted.until(day),
        )

    def with_holidays(self, more: Ints) -> Ints:
        """The holidays and other days closed for all, sorted."""
        return distinct(np.concatenate((self.holidays, more))) if len(more) else self.holidays

    def silent_since(self, silent: Ints, last: Ints, as_of: int) -> Ints:
        """Days among the sorted ``silent`` that are no holidays, after each last day."""
        if not len(silent):
            return np.zeros(len(last), dtype=np.int64)
        told = silent[~among(silent, self.holidays)]
        return np.asarray(told.searchsorted(as_of, side="right") - told.searchsorted(last, "right"))

    def unsold(self, account: Ints, sku: Ints, last: Ints, as_of: int) -> Mask:
        """Pairs that cannot be bought any more, given the day of their last purchase.

        What a person called unlisted before the last purchase was shown to be wrong by it.
        """
        gone = among(sku, self.delisted.sku[self.delisted.day <= as_of])
        told = self.unlisted.until(as_of)
        if len(told):
            row = rows_of(account, sku, told.account, told.sku)
            hit = (row >= 0).nonzero()[0]
            said = row[hit]
            gone[hit] |= (told.day[said] >= last[hit]) & (told.value[said] >= as_of)
        return gone


NOTHING_KNOWN = Circumstances()


def among(ids: Ints, chosen: Ints) -> Mask:
    """Whether each id is one of the chosen."""
    if not len(chosen):
        return np.zeros(len(ids), dtype=np.bool_)
    ranked = np.sort(chosen)
    place = np.minimum(ranked.searchsorted(ids), len(ranked) - 1)
    return np.asarray(ranked[place] == ids)


def rows_of(account: Ints, sku: Ints, in_account: Ints, in_sku: Ints) -> Ints:
    """Row of each pair within other pairs, the last of several; −1 where it is not among them."""
    if not len(in_account) or not len(account):
        return np.full(len(account), -1, dtype=np.int64)
    accounts, skus = np.sort(in_account), np.sort(in_sku)
    told = _code(accounts, in_account) * len(skus) + _code(skus, in_sku)
    order = told.argsort(kind="stable")
    ranked = told[order]
    account_code, sku_code = _code(accounts, account), _code(skus, sku)
    asked = account_code * len(skus) + sku_code
    place = ranked.searchsorted(asked, side="right") - 1
    there = (accounts[account_code] == account) & (skus[sku_code] == sku)
    there &= (place >= 0) & (ranked[place] == asked)
    return np.where(there, order[place], -1)


def _code(ids: Ints, wanted: Ints) -> Ints:
    return np.asarray(np.minimum(ids.searchsorted(wanted), len(ids) - 1))


def lasting(until: int | None) -> int:
    """A last day, or ``NEVER`` for good."""
    return NEVER if until is None else until

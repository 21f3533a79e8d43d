"""Money taken at the customer's: which invoices it pays, and what a day's takings come to.

Pure. Amounts are in minor units. What is open, and what HQ has booked of it, is the caller's to
read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MOST_COLLECTED_MINOR = 10**10
"""More than anybody hands over in one go: a slip of the key, or nothing that HQ believes."""


class CollectionMethod(StrEnum):
    """How a customer pays into a rep's hands."""

    CASH = "cash"
    CHEQUE = "cheque"
    CARD = "card"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice with something left to pay on it: ``open_minor`` less what was collected."""

    id: int
    number: str
    day: date
    due_on: date
    open_minor: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one invoice gets of an amount; ``invoice_id`` None is paid ahead, on account."""

    invoice_id: int | None
    amount_minor: int


def allocate(amount_minor: int, invoices: Iterable[OpenInvoice]) -> tuple[Share, ...]:
    """Pay the oldest debt first: by due day, then day, then number; what is left is on account.

    The shares add up to the amount, none is zero, and no invoice gets more than is open on it.
    """
    left, shares = amount_minor, []
    for invoice in sorted(invoices, key=lambda i: (i.due_on, i.day, i.number, i.id)):
        if left <= 0:
            break
        part = min(left, invoice.open_minor)
        if part > 0:
            shares.append(Share(invoice.id, part))
            left -= part
    if left > 0:
        shares.append(Share(None, left))
    return tuple(shares)


@dataclass(frozen=True, slots=True)
class Takings:
    """What was taken by one method: how many receipts, and their sum less counter-entries."""

    count: int
    amount_minor: int


def takings_of(taken: Sequence[tuple[str, str, int]]) -> Mapping[str, Takings]:
    """By method, in the order of :class:`CollectionMethod`; from (method, receipt, amount) rows.

    Rows of one receipt (its invoices) count once. Methods that nobody used are left out.
    """
    known = [method.value for method in CollectionMethod]
    others = sorted({method for method, _receipt, _amount in taken} - set(known))
    found = {}
    for method in (*known, *others):
        mine = [(receipt, amount) for name, receipt, amount in taken if name == method]
        if mine:
            found[method] = Takings(
                len({receipt for receipt, _amount in mine}), sum(amount for _r, amount in mine)
            )
    return found


def cash_difference(taken: Mapping[str, Takings], counted_minor: int) -> int:
    """What the counted cash is over (or, negative, short of) what the receipts say."""
    cash = taken.get(CollectionMethod.CASH)
    return counted_minor - (cash.amount_minor if cash is not None else 0)

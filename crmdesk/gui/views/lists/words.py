"""Values of any list in words, totals and empty states.

Owns how a stored value stands in a cell. What columns there are is the declaration's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from crmdesk.i18n import (
    CURRENCY_SIGNS,
    _,
    format_amount,
    format_date_near,
    format_number,
    ngettext,
)
from crmdesk.services.queries.lists.conditions import ListQuery
from crmdesk.services.queries.lists.reading import Totals
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec

NONE = "–"


def value_words(column: ListColumn, value: object, currency: str, today: date) -> str:
    """A stored value as it is read; empty ones are a dash."""
    if value is None or value == "":
        return NONE
    if column.kind is Kind.DAY:
        return format_date_near(date.fromisoformat(str(value)), today)
    if column.kind is Kind.MONEY and isinstance(value, int):
        return format_amount(value, currency, decimals=0) if value else NONE
    if column.kind is Kind.NUMBER and isinstance(value, int | float):
        return format_number(value)
    if column.choices is not None:
        return column.choices().get(str(value), str(value))
    return str(value)


def heading(column: ListColumn, currency: str) -> str:
    """A column's heading; money says its currency once, here."""
    if column.kind is not Kind.MONEY:
        return column.title()
    return f"{column.title()} {CURRENCY_SIGNS.get(currency, currency)}"


def totals_words(spec: ListSpec, totals: Totals, shown: frozenset[str], currency: str) -> str:
    """The line at the foot: what all rows that match come to, of the columns shown."""
    parts = [rows_words(totals.count)]
    for column in spec.columns:
        if column.total and column.key in shown:
            amount = totals.sums[column.key]
            words = format_amount(amount, currency, decimals=0)
            if column.kind is Kind.NUMBER:
                words = format_number(amount)
            parts.append(f"{heading(column, currency)} {words}")
    return " · ".join(parts)


def rows_words(count: int) -> str:
    """How many rows."""
    return ngettext("{count} row", "{count} rows", count).format(count=format_number(count))


def empty_words(spec: ListSpec, query: ListQuery) -> tuple[str, str]:
    """Why there is no row, and what to do."""
    if query.text:
        return (
            _("Nothing in {list} matches “{text}”.").format(list=spec.title(), text=query.text),
            _("Try fewer letters. Esc empties the field."),
        )
    if query.conditions:
        return (
            _("No row meets this filter."),
            _("Take a condition away: F, then delete words and press Enter."),
        )
    hints = first_steps()
    return _("Nothing here yet."), hints.get(spec.key, _("Rows come with the work, or with sync."))


def looking_words() -> tuple[str, str]:
    """What stands there while rows that match are still looked for."""
    return _("Nothing found yet."), _("The rest of the list is still being looked through.")


def first_steps() -> Mapping[str, str]:
    """How the first row of a list comes to be."""
    return {
        "customers": _("Add the first customer in Customers with N, or import a file."),
        "contacts": _("People are added on the card of their customer."),
        "orders": _("Take the first order on a customer's card with O."),
        "quotes": _("Write the first quote on a customer's card with Q."),
        "visits": _("Start the first visit on Today or on a card with Space."),
        "tasks": _("Promise something on a visit, or in Reorder with M."),
    }

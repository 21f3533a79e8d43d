"""What lies behind every figure of the customer card: its value, its rows, and what they add up to.

Owns which figures the card has and the shape in which one is opened. The value comes from the same
reading as the card's; the rows are read by :mod:`crmdesk.services.queries.figure_rows`. Names,
formulas in words and number formats are left to the places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.analytics.figures import Missing
from crmdesk.analytics.value import Step
from crmdesk.services.queries.customer_header import CustomerHeader, read_header
from crmdesk.services.queries.customer_value import (
    CustomerValue,
    period_start,
    read_rates,
    read_value,
    visit_cost_minor,
)
from crmdesk.services.queries.field_history import read_changes

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


class FigureKey(StrEnum):
    """The figures of the card. Those of the waterfall have the names of its steps."""

    NEXT_VISIT = "next_visit"
    DUE = "due"
    CONTRIBUTION = "contribution"
    LIFETIME = "lifetime"
    SATISFACTION = "satisfaction"
    CREDIT = "credit"
    TERMS = "terms"
    OPENING = "opening"
    OWNER = "owner"
    LATE = "late"
    TICKETS = "tickets"
    DEALS = "deals"
    REVENUE = "revenue"
    DISCOUNTS = "discounts"
    COST_OF_GOODS = "cost_of_goods"
    VISITS = "visits"
    DELIVERY = "delivery"
    ORDERS = "orders"
    DEBT = "debt"
    BREAK_EVEN = "break_even"
    EVENTS = "events"
    SKUS = "skus"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One row behind a figure, or a sum below them.

    ``kind`` says what it is (a word of the house), ``name`` is data as stored, ``detail`` a code or
    data beside it. ``quantity`` is counted in ``unit`` (s seconds, m metres, lines, days, minute
    of the day, score, bp, times); ``amount_minor`` is money. ``id`` opens it, 0: nothing to open.
    """

    kind: str
    name: str = ""
    day: date | None = None
    detail: str = ""
    quantity: int | None = None
    unit: str = ""
    amount_minor: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class FigureRows:
    """A figure opened. ``value`` is minor units where ``is_money``, else a count; None: missing.

    ``sums`` stand below the rows; ``facts`` are what the formula's words need.
    """

    key: FigureKey
    value: int | None
    is_money: bool
    lines: tuple[FigureLine, ...]
    sums: tuple[FigureLine, ...] = ()
    missing: Missing | None = None
    facts: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ground:
    """What every reader of rows is given: an open read, whose figures, and what the card says.

    ``changes`` counts the changes of the customer's data.
    """

    connection: Connection
    account_id: int
    today: date
    currency: str
    header: CustomerHeader
    value: CustomerValue
    changes: int = 0

    @property
    def span(self) -> dict[str, object]:
        """Parameters of statements over the twelve months of the waterfall."""
        return {
            "account": self.account_id,
            "since": period_start(self.today).isoformat(),
            "today": self.today.isoformat(),
        }


Reader = Callable[[Ground], FigureRows]


def card_figure(ws: Workspace, account_id: int, key: FigureKey) -> FigureRows:
    """A figure of the card with its rows, in one consistent read. Raises NotFound."""
    from crmdesk.services.queries import figure_rows

    with ws.database.read() as connection:
        return figure_rows.READERS[key](_ground(ws, connection, account_id))


def card_figures(ws: Workspace, account_id: int) -> tuple[FigureRows, ...]:
    """All figures of the card in one consistent read, in the order of the card. Raises NotFound."""
    from crmdesk.services.queries import figure_rows

    with ws.database.read() as connection:
        ground = _ground(ws, connection, account_id)
        return tuple(figure_rows.READERS[key](ground) for key in FigureKey)


def _ground(ws: Workspace, connection: Connection, account_id: int) -> Ground:
    today = ws.today()
    return Ground(
        connection,
        account_id,
        today,
        ws.currency,
        read_header(connection, account_id, today),
        read_value(connection, account_id, today, ws.currency),
        len(read_changes(connection, account_id)),
    )


def step_value(ground: Ground, step: Step) -> int:
    """A bar's amount; of costs and discounts what they are, below zero where more came back."""
    amount = ground.value.waterfall.amount(step)
    return amount if step is Step.REVENUE else -amount


def rate_lines(ground: Ground, *drivers: str) -> tuple[FigureLine, ...]:
    """The rates in force of some drivers, as rows below a figure; 1e−4 of the major unit."""
    rates = read_rates(ground.connection, ground.today)
    return tuple(
        FigureLine(f"rate:{driver}", quantity=getattr(rates, f"{driver}_e4"), unit="e4")
        for driver in drivers
    )


def visit_cost(ground: Ground) -> int:
    """What a usual visit costs, in minor units."""
    return visit_cost_minor(read_rates(ground.connection, ground.today), ground.currency)

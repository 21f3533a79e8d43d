"""A figure opened, in words: its name, its value, the formula as a sentence, its rows and sums.

Owns the wording for :mod:`crmdesk.services.queries.customer_figures`; other places with figures of
the same shape may use the same items. No Qt here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.money import currency_exponent, divide_half_even
from crmdesk.domain.packaging import is_weighed
from crmdesk.gui.customer_words import missing_words
from crmdesk.gui.line_words import credit_mode_word, kind_word, stage_word
from crmdesk.gui.packs import pack_name, pack_text
from crmdesk.gui.sku_words import state_word
from crmdesk.i18n import (
    _,
    format_amount,
    format_bytes,
    format_clock,
    format_date,
    format_money,
    format_number,
    format_percent,
    format_price,
    ngettext,
    weekday_short,
)
from crmdesk.services.queries.customer_figures import FigureKey, FigureLine, FigureRows

NONE = "–"


@dataclass(frozen=True, slots=True)
class FigureRowItem:
    """A row behind a figure as the panel shows it; `target` opens it ("sale:12"), may be empty."""

    day: date | None
    date_text: str
    what: str
    detail: str
    quantity: str
    amount: str
    target: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class FigureItem:
    """A figure opened: name, value, what it is made of in one sentence, rows, sums below them."""

    key: str
    name: str
    value: str
    formula: str
    rows: tuple[FigureRowItem, ...]
    sums: tuple[FigureRowItem, ...]
    empty: str = ""


def figure_item(figure: FigureRows, currency: str) -> FigureItem:
    """The figure as the panel shows it."""
    return FigureItem(
        key=figure.key,
        name=figure_name(figure.key),
        value=_value(figure, currency),
        formula=formula_words(figure),
        rows=tuple(row_item(line, currency) for line in figure.lines),
        sums=tuple(row_item(line, currency, strong=True) for line in figure.sums),
        empty=missing_words(figure.missing) or _("There is nothing behind it yet."),
    )


def figures_item(figures: Sequence[FigureRows], currency: str) -> FigureItem:
    """All figures of a card as rows of which each opens one."""
    rows = tuple(
        FigureRowItem(
            None, "", figure_name(one.key), "", "", _value(one, currency), f"figure:{one.key}"
        )
        for one in figures
    )
    formula = _("Every figure of this card. Enter opens its formula and its rows.")
    return FigureItem("figures", _("Figures"), "", formula, rows, ())


def figure_name(key: FigureKey) -> str:
    """The figure's name."""
    return {
        FigureKey.NEXT_VISIT: _("Next visits"),
        FigureKey.DUE: _("Due and overdue"),
        FigureKey.CONTRIBUTION: _("Contribution, last 12 months"),
        FigureKey.LIFETIME: _("Lifetime value"),
        FigureKey.SATISFACTION: _("Satisfaction"),
        FigureKey.CREDIT: _("Owed"),
        FigureKey.TERMS: _("Terms"),
        FigureKey.OPENING: _("Opening hours"),
        FigureKey.OWNER: _("Whose customer this is"),
        FigureKey.LATE: _("Late"),
        FigureKey.TICKETS: _("Open tickets"),
        FigureKey.DEALS: _("Open opportunities"),
        FigureKey.REVENUE: _("Revenue at list price"),
        FigureKey.DISCOUNTS: _("Discounts"),
        FigureKey.COST_OF_GOODS: _("Cost of goods"),
        FigureKey.VISITS: _("Cost of visits"),
        FigureKey.DELIVERY: _("Cost of delivery"),
        FigureKey.ORDERS: _("Cost of orders, tickets and returns"),
        FigureKey.DEBT: _("Cost of debt"),
        FigureKey.BREAK_EVEN: _("Break-even order"),
        FigureKey.EVENTS: _("Events in the timeline"),
        FigureKey.SKUS: _("SKUs bought"),
        FigureKey.DOCUMENTS: _("Documents"),
    }[key]


def formula_words(figure: FigureRows) -> str:
    """What the figure is made of, in a sentence or two."""
    if figure.key is FigureKey.NEXT_VISIT:
        return _rhythm(figure)
    return {
        FigureKey.DUE: _(
            "SKUs whose usual time between two purchases is over (overdue) or ends these days"
            " (due). The chance is that of a purchase within 14 days."
        ),
        FigureKey.CONTRIBUTION: _(
            "Revenue at list price, less discounts, cost of goods and cost to serve, over the"
            " twelve calendar months that end with this one."
        ),
        FigureKey.LIFETIME: _(
            "Gross margin of a year × retention ÷ (1 + discount rate − retention): what the"
            " margins of all years to come are worth today."
        ),
        FigureKey.SATISFACTION: _("The newest answer; all answers below, the newest first."),
        FigureKey.CREDIT: _(
            "Open invoices, less what was collected and is not booked yet, against the credit"
            " limit."
        ),
        FigureKey.TERMS: _("What was agreed with this customer; the office keeps it."),
        FigureKey.OPENING: _("When the customer can be visited, day by day."),
        FigureKey.OWNER: _(
            "Who has the customer's territory today; who stands in says until when."
        ),
        FigureKey.LATE: _("Open invoices that were due before today, less what was collected."),
        FigureKey.TICKETS: _("Tickets that are open or wait for the customer."),
        FigureKey.DEALS: _(
            "Amounts of the opportunities that can still be won, by the day of the next step."
            " Enter opens one in the pipeline."
        ),
        FigureKey.REVENUE: _("Net of every sale and return, plus the discounts given on them."),
        FigureKey.DISCOUNTS: _("What was given off the list price, sale by sale."),
        FigureKey.COST_OF_GOODS: _(
            "Cost of every line as it was on the day of the sale; returns count against it."
        ),
        FigureKey.VISITS: _(
            "Minutes of visits, calls and driving × the cost of a minute, plus kilometres × the"
            " cost of a kilometre."
        ),
        FigureKey.DELIVERY: _("Deliveries × the cost of one delivery."),
        FigureKey.ORDERS: _(
            "Orders, order lines, tickets and returns, each × the cost of handling one."
        ),
        FigureKey.DEBT: _(
            "Each payment × the days since its invoice, and what is still open × the days until"
            " today, × the yearly cost of capital ÷ 365."
        ),
        FigureKey.BREAK_EVEN: _(
            "Cost of a usual visit ÷ the gross margin's share of net sales: an order of less"
            " does not pay for the visit."
        ),
        FigureKey.EVENTS: _(
            "Everything the timeline shows, by kind; an order stands for its sale."
        ),
        FigureKey.SKUS: _(
            "Every SKU bought at least once, and those that took the place of one, with their net"
            " sales of twelve months."
        ),
        FigureKey.DOCUMENTS: _("Files kept with this customer, the newest first."),
    }[figure.key]


def _rhythm(figure: FigureRows) -> str:
    days = int(figure.facts.get("days", 0))
    model = str(figure.facts.get("model", ""))
    if not days:
        return _("Visits that are planned from today on.")
    every = ngettext("every {count} day", "every {count} days", days).format(count=days)
    if model:
        return _("Visits planned from today on; “{model}” wants one {every}.").format(
            model=model, every=every
        )
    return _("Visits planned from today on; one is wanted {every}.").format(every=every)


def _value(figure: FigureRows, currency: str) -> str:
    if figure.value is None:
        return NONE
    if figure.is_money:
        return format_money(figure.value, currency)
    if figure.key is FigureKey.TERMS:
        return ngettext("{count} day", "{count} days", figure.value).format(count=figure.value)
    if figure.key is FigureKey.OPENING:
        return _hours(figure.value)
    if figure.key is FigureKey.DUE:
        return _("{overdue} overdue, {due} due").format(
            overdue=figure.facts["overdue"], due=figure.facts["due"]
        )
    return format_number(figure.value)


def _hours(minutes: int) -> str:
    return _("{hours} h a week").format(hours=format_number(minutes / 60, 1 if minutes % 60 else 0))


def row_item(line: FigureLine, currency: str, *, strong: bool = False) -> FigureRowItem:
    """A row behind a figure in words."""
    kind, _colon, code = line.kind.partition(":")
    amount = "" if line.amount_minor is None else format_amount(line.amount_minor, currency)
    day = "" if line.day is None else format_date(line.day, year=True)
    what, detail = kind_word(kind, code), line.name
    if kind == "state":
        what, detail = line.name, state_word(code)
    elif kind == "weekday":
        start, _dash, end = line.detail.partition("-")
        what = weekday_short(int(code))
        detail = f"{format_clock(int(start))}–{format_clock(int(end))}"
    elif kind == "goods":
        return _goods(line, currency)
    elif kind in ("said", "answer", "objective", "stage") or kind == "score":
        detail = ", ".join(part for part in (line.name, line.detail) if part)
    elif kind == "deal":
        what, detail = line.name, stage_word(line.detail)
    elif kind == "file":
        what, detail = line.name, kind_word(kind, code)
    elif line.kind == "terms:mode":
        detail = credit_mode_word(line.detail)
    elif line.detail:
        detail = ", ".join(part for part in (line.name, kind_word("outcome", line.detail)) if part)
    target = f"{_TARGETS.get(kind, kind)}:{line.id}" if line.id and kind != "leg" else ""
    return FigureRowItem(
        line.day, day, what, detail, _quantity(line, currency), amount, target, strong
    )


def _goods(line: FigureLine, currency: str) -> FigureRowItem:
    """A sold line: the goods, the price paid for a base unit or a kilogram, packs and net."""
    unit, base, base_unit = (*line.detail.split(":"), "", "")[:3]
    price = ""
    if int(base or 0) and line.amount_minor is not None:
        weighed = is_weighed(base_unit)
        scale = int(10 ** (4 - currency_exponent(currency))) * (1000 if weighed else 1)
        e4 = divide_half_even(abs(line.amount_minor) * scale, abs(int(base)))
        large = pack_name("KG" if base_unit.upper() == "G" else "L")
        words = _("{price} per {unit}") if weighed else _("{price} each")
        price = words.format(price=format_price(e4, currency), unit=large)
    amount = "" if line.amount_minor is None else format_amount(line.amount_minor, currency)
    packs = pack_text(unit, line.quantity or 0)
    return FigureRowItem(None, "", line.name, price, packs, amount, f"sku:{line.id}")


_TARGETS = {"mode": "visit", "state": "sku", "return": "sale"}


def _quantity(line: FigureLine, currency: str) -> str:
    if line.quantity is None:
        return ""
    count = line.quantity
    words = {
        "s": lambda: _("{minutes} min").format(
            minutes=format_number(count / 60, 0 if count % 60 == 0 else 1)
        ),
        "m": lambda: _("{distance} km").format(distance=format_number(count / 1000, 1)),
        "e4": lambda: format_price(count, currency),
        "bp": lambda: format_percent(count / 10_000, 1 if count % 100 else 0),
        "factor": lambda: "× " + format_number(count / 10_000, 2),
        "minute": lambda: format_clock(count),
        "minutes": lambda: _("{hours} h").format(
            hours=format_number(count / 60, 1 if count % 60 else 0)
        ),
        "bytes": lambda: format_bytes(count),
        "late": lambda: late_words(count),
        "days": lambda: ngettext("{count} day", "{count} days", count).format(count=count),
        "lines": lambda: ngettext("{count} line", "{count} lines", count).format(count=count),
    }
    make = words.get(line.unit)
    return format_number(count) if make is None else make()


def late_words(days: int) -> str:
    """How late an invoice is, or how long it has still time."""
    if days > 0:
        return ngettext("{count} day late", "{count} days late", days).format(count=days)
    if days == 0:
        return _("due today")
    return ngettext("{count} day left", "{count} days left", -days).format(count=-days)

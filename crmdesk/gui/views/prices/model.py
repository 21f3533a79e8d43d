"""The tables of the place of prices: which columns, and how a row fills them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from crmdesk.analytics.price_position import MonthPrices
from crmdesk.gui.views.prices.margins import figure_text, step_words
from crmdesk.gui.views.prices.promotions import kind_words
from crmdesk.gui.views.prices.trial import EffectRow
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.rows import Cell, Column
from crmdesk.i18n import (
    _,
    format_amount,
    format_date,
    format_number,
    format_percent,
    format_price,
    month_short,
    pgettext,
)
from crmdesk.services.queries.price_margins import LineRow, PartMargin
from crmdesk.services.queries.price_policy import (
    AgreedLine,
    PriceListRow,
    PromotionLine,
    RuleLine,
)

NONE = Cell("–", tone=Tone.MUTED)


def _day_column(key: str, title: str, field: str, *, yields: bool = False) -> Column:
    """A column of dates with the year."""
    return Column(
        key, title, lambda row: _day(getattr(row, field)), column_width(96, "30 Nov 2026"),
        sortable=False, yields=yields,
    )  # fmt: skip


def _state_width() -> int:
    """Wide enough for the longest state as a badge with its icon."""
    words = (_("Draft"), _("To come"), _("In force"), _("Ended"), _("Running"))
    return column_width(100, *(f"{' ' * 12}{one}" for one in words))


def list_columns() -> tuple[Column, ...]:
    """Price lists; an empty text stands for the agreed prices."""
    return (
        Column("name", _("List"), _list_name, 110, stretch=True, sortable=False),
        Column("state", _("State"), _list_state, _state_width(), sortable=False),
        Column("customers", _("Customers"), _list_customers, column_width(80, _("Customers")),
               right=True, sortable=False),
    )  # fmt: skip


def rule_columns(currency: str) -> tuple[Column, ...]:
    """Prices and discounts of a list."""
    return (
        Column("sku", _("SKU"), lambda row: Cell(row.sku), 76, sortable=False),
        Column("product", _("Product"), lambda row: Cell(row.product), 180, stretch=True,
               sortable=False),
        Column("from", _("From units"), _rule_from, column_width(80, _("From units")),
               right=True, sortable=False),
        Column("price", _("Price {currency}").format(currency=currency), lambda row: _price(
            row, currency), 96, right=True, sortable=False),
        Column("change", pgettext("column", "Change"), _rule_change, 76, right=True,
               sortable=False, yields=True),
        Column("margin", _("Margin"), _rule_margin, 76, right=True, sortable=False),
        _day_column("start", _("From"), "valid_from"),
        _day_column("end", _("To"), "valid_to", yields=True),
    )  # fmt: skip


def agreed_columns(currency: str) -> tuple[Column, ...]:
    """Prices agreed with customers."""
    return (
        Column("customer", _("Customer"), lambda row: Cell(row.customer), 170, stretch=True,
               sortable=False),
        Column("sku", _("SKU"), lambda row: Cell(row.sku, unit=row.product), 200, sortable=False),
        Column("from", _("From units"), lambda row: Cell(format_number(row.minimum_quantity)), 86,
               right=True, sortable=False),
        Column("price", _("Price {currency}").format(currency=currency), lambda row: Cell(
            format_price(row.price_e4, currency), strong=True), 96, right=True, sortable=False),
        Column("gap", _("To list"), _agreed_gap, 76, right=True, sortable=False),
        _day_column("end", _("To"), "valid_to"),
    )  # fmt: skip


def promotion_columns() -> tuple[Column, ...]:
    """Promotions in words."""
    kinds = kind_words()
    return (
        Column("state", _("State"), _promotion_state, _state_width(), sortable=False),
        Column("name", _("Promotion"), lambda row: Cell(row.name, unit=row.code), 190,
               sortable=False),
        Column("words", _("What it gives"), lambda row: Cell(row.words), 240, stretch=True,
               sortable=False),
        Column("kind", _("Kind"), lambda row: Cell(kinds.get(row.kind, row.kind),
               tone=Tone.MUTED), column_width(
               150, *kinds.values()), sortable=False, yields=True),
        _day_column("start", _("From"), "valid_from"),
        _day_column("end", _("To"), "valid_to"),
    )  # fmt: skip


def cost_columns(currency: str) -> tuple[Column, ...]:
    """Costs now and to come, with the margin at the company's own list price."""

    def price(value: int | None) -> Cell:
        return NONE if value is None else Cell(format_price(value, currency))

    return (
        Column("sku", _("SKU"), lambda row: Cell(row.sku), 90, sortable=False),
        Column("product", _("Product"), lambda row: Cell(row.product), 200, stretch=True,
               sortable=False),
        Column("cost", _("Cost {currency}").format(currency=currency), lambda row: price(
            row.cost_e4), 90, right=True, sortable=False),
        _day_column("since", _("Since"), "since", yields=True),
        Column("gap", pgettext("column", "Change"), lambda row: _gap(
            row.before_e4, row.cost_e4, good_is_up=False), 80, right=True, sortable=False),
        Column("price", _("List price"), lambda row: price(row.price_e4), 90, right=True,
               sortable=False),
        Column("margin", _("Margin"), lambda row: _margin(row.price_e4, row.cost_e4), 80,
               right=True, sortable=False),
        Column("next", _("Then"), lambda row: price(row.next_e4), 90, right=True, sortable=False),
        _day_column("next_from", _("From"), "next_from"),
        Column("next_margin", _("Margin then"), lambda row: NONE if row.next_e4 is None
               else _margin(row.price_e4, row.next_e4), column_width(90, _("Margin then")),
               right=True, sortable=False),
    )  # fmt: skip


def line_columns(currency: str) -> tuple[Column, ...]:
    """Sale lines behind a figure."""
    words = step_words()

    def money(value: int | None) -> Cell:
        return NONE if value is None else Cell(format_amount(value, currency))

    return (
        _day_column("day", _("Date"), "day"),
        Column("customer", _("Customer"), lambda row: Cell(row.customer), 130, stretch=True,
               sortable=False),
        Column("sku", _("SKU"), lambda row: Cell(row.sku, unit=row.product), 150, sortable=False),
        Column("quantity", _("Units"), lambda row: Cell(format_number(row.quantity)), 60,
               right=True, sortable=False),
        Column("discount", _("Discount"), lambda row: money(row.discount_minor), 84, right=True,
               sortable=False, yields=True),
        Column("net", _("Net"), lambda row: Cell(format_amount(row.net_minor, currency),
               strong=True), 80, right=True, sortable=False),
        Column("margin", _("Margin"), _line_margin, 84, right=True, sortable=False),
        Column("why", _("Why this price"), lambda row: Cell(words[row.step], tone=Tone.MUTED), 120,
               sortable=False, yields=True),
    )  # fmt: skip


def part_columns(currency: str) -> tuple[Column, ...]:
    """Customers or SKUs of a slice."""

    def margin(row: PartMargin) -> Cell:
        if not row.costed_net_minor:
            return NONE
        share = 1 - row.cost_minor / row.costed_net_minor
        return Cell(format_percent(share, 1), tone=Tone.DANGER if share < 0 else Tone.PLAIN)

    def amount(field: str) -> Callable[[PartMargin], Cell]:
        return lambda row: Cell(format_amount(getattr(row, field), currency, decimals=0))

    return (
        Column("name", _("Name"), lambda row: Cell(row.name, unit=row.code), 200, stretch=True,
               sortable=False),
        Column("lines", _("Lines"), lambda row: Cell(format_number(row.lines)), 70, right=True,
               sortable=False),
        Column("discount", _("Discount"), amount("discount_minor"), 84, right=True,
               sortable=False),
        Column("net", _("Net"), amount("net_minor"), 90, right=True, sortable=False),
        Column("margin", _("Margin"), margin, 84, right=True, sortable=False),
    )  # fmt: skip


def outlier_columns(currency: str) -> tuple[Column, ...]:
    """Customers who pay a very different price."""

    def each(value: float) -> Cell:
        digits = 100 if currency not in ("JPY", "CLP", "KRW") else 1
        return Cell(format_number(value / digits, 4))

    return (
        Column("customer", _("Customer"), lambda row: Cell(row.customer, unit=row.segment), 120,
               stretch=True, sortable=False),
        Column("sku", _("SKU"), lambda row: Cell(row.sku, unit=row.product), 112, sortable=False),
        Column("quantity", _("Units"), lambda row: Cell(format_number(row.outlier.quantity)), 64,
               right=True, sortable=False),
        Column("price", _("Pays"), lambda row: each(row.outlier.price), 70, right=True,
               sortable=False),
        Column("median", _("Others pay"), lambda row: each(row.outlier.median), 96, right=True,
               sortable=False),
        Column("peers", _("Of"), lambda row: Cell(format_number(row.outlier.peers)), 60, right=True,
               sortable=False, yields=True),
        Column("gap", _("Gap"), lambda row: _share(row.outlier.gap), 84, right=True,
               sortable=False),
        Column("worth", _("Worth"), lambda row: Cell(
            format_amount(row.outlier.worth_minor, currency, decimals=0), strong=True), 84,
            right=True, sortable=False),
    )  # fmt: skip


def month_columns(currency: str) -> tuple[Column, ...]:
    """Prices and costs month by month."""

    def month(row: MonthPrices) -> Cell:
        return Cell(f"{month_short(row.month % 100)} {row.month // 100}")

    def index(pick: Callable[[MonthPrices], float | None]) -> Callable[[MonthPrices], Cell]:
        def cell(row: MonthPrices) -> Cell:
            value = pick(row)
            return NONE if value is None else Cell(format_number(100 * value, 1))

        return cell

    return (
        Column("month", _("Month"), month, 110, stretch=True, sortable=False),
        Column("net", _("Net"), lambda row: Cell(format_amount(row.net_minor, currency,
               decimals=0)), 110, right=True, sortable=False),
        Column("discount", _("Discounts"), lambda row: Cell(figure_text(row.discount)), 110,
               right=True, sortable=False),
        Column("price", _("Price index"), index(lambda row: row.price.value), 110, right=True,
               sortable=False),
        Column("cost", _("Cost index"), index(lambda row: row.cost.value), 110, right=True,
               sortable=False),
        Column("margin", _("Margin"), lambda row: Cell(figure_text(row.margin), strong=True), 100,
               right=True, sortable=False),
    )  # fmt: skip


def effect_columns(currency: str) -> tuple[Column, ...]:
    """Who wins and who loses."""

    def money(pick: Callable[[Any], int]) -> Callable[[EffectRow], Cell]:
        return lambda row: Cell(format_amount(pick(row.part.effect), currency, decimals=0))

    return (
        Column("name", _("Name"), lambda row: Cell(row.part.name, unit=row.part.code), 220,
               stretch=True, sortable=False),
        Column("net", _("Sales"), money(lambda e: e.net), 100, right=True, sortable=False),
        Column("change", _("Difference"), _effect_change, 110, right=True, sortable=False),
        Column("share", _("in %"), lambda row: _share(
            row.part.effect.change / row.part.effect.net) if row.part.effect.net else NONE, 76,
            right=True, sortable=False),
        Column("margin", _("Margin"), money(lambda e: e.margin), 100, right=True, sortable=False),
        Column("after", _("Margin then"), money(lambda e: e.margin_after),
               column_width(110, _("Margin then")), right=True, sortable=False),
        Column("volume", _("Volume to lose"), lambda row: Cell(
            figure_text(row.part.effect.volume_to_lose())), 120, right=True, sortable=False,
            yields=True),
        Column("lines", _("Lines"), lambda row: Cell(format_number(row.part.effect.lines)), 76,
               right=True, sortable=False, yields=True),
    )  # fmt: skip


# ---------------------------------------------------------------------------------- cells


def _list_name(row: PriceListRow | str) -> Cell:
    if isinstance(row, str):
        return Cell(_("Agreed with customers"), icon="people")
    return Cell(row.name, unit=row.code)


def _list_customers(row: PriceListRow | str) -> Cell:
    return Cell("" if isinstance(row, str) else format_number(row.customers))


def _list_state(row: PriceListRow | str) -> Cell:
    if isinstance(row, str):
        return Cell("")
    words = {
        "draft": (_("Draft"), Tone.WARNING, "edit"),
        "planned": (_("To come"), Tone.ACCENT, "clock"),
        "in force": (_("In force"), Tone.GOOD, "check"),
        "ended": (_("Ended"), Tone.MUTED, "minus"),
    }[row.state]
    return Cell("", badge=BadgeItem(*words))


def _promotion_state(row: PromotionLine) -> Cell:
    words = {
        "running": (_("Running"), Tone.GOOD, "check"),
        "planned": (_("To come"), Tone.ACCENT, "clock"),
        "ended": (_("Ended"), Tone.MUTED, "minus"),
    }[row.state]
    return Cell("", badge=BadgeItem(*words))


def _price(row: RuleLine, currency: str) -> Cell:
    if row.price_e4 is None:
        share = format_percent((row.discount_bp or 0) / 10_000, 1)
        return Cell("\u2212" + share, strong=True)
    return Cell(format_price(row.price_e4, currency), strong=True)


def _rule_from(row: RuleLine) -> Cell:
    unit = "" if row.base_unit == "EA" else row.base_unit
    return Cell(format_number(row.minimum_quantity), unit=unit)


def _rule_change(row: RuleLine) -> Cell:
    return NONE if row.price_e4 is None else _gap(row.before_e4, row.price_e4, good_is_up=True)


def _rule_margin(row: RuleLine) -> Cell:
    return _margin(row.price_e4, row.cost_e4)


def _agreed_gap(row: AgreedLine) -> Cell:
    return _gap(row.list_e4, row.price_e4, good_is_up=True)


def _line_margin(row: LineRow) -> Cell:
    if row.cost_minor is None or not row.net_minor:
        return NONE
    share = (row.net_minor - row.cost_minor) / abs(row.net_minor)
    low = share < 0 < row.net_minor
    return Cell(format_percent(share, 1), tone=Tone.DANGER if low else Tone.PLAIN)


def _effect_change(row: EffectRow) -> Cell:
    return Cell(format_amount(row.part.effect.change, row.currency, decimals=0), strong=True)


def _margin(price_e4: int | None, cost_e4: int | None) -> Cell:
    if not price_e4 or cost_e4 is None:
        return NONE
    share = 1 - cost_e4 / price_e4
    return Cell(format_percent(share, 1), tone=Tone.DANGER if share < 0 else Tone.PLAIN)


def _gap(before: int | None, after: int | None, *, good_is_up: bool) -> Cell:
    if not before or after is None:
        return NONE
    share = after / before - 1
    cell = _share(share)
    if abs(share) < 0.0005:
        return Cell(cell.text, tone=Tone.MUTED)
    return Cell(cell.text, tone=Tone.PLAIN if (share > 0) == good_is_up else Tone.WARNING)


def _share(share: float) -> Cell:
    return Cell(("+" if share > 0 else "") + format_percent(share, 1))


def _day(day: date | None) -> Cell:
    return NONE if day is None else Cell(format_date(day, year=True))

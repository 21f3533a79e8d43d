"""The tables of coverage: reps and classes, reasons, rows behind, territories, customers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.gui.effort_words import hours_text, km_text, money_text
from crmdesk.gui.views.coverage import words
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel, major
from crmdesk.i18n import _, format_money, format_number, ngettext
from crmdesk.services.queries.coverage import CoverageRow
from crmdesk.services.queries.serving_facts import ServingFacts


def rows_model(title: str, currency: str, parent: QWidget) -> RowsModel:
    """Coverage and compliance by rep or class; the empty key is the whole."""
    return RowsModel(
        (
            Column("name", title, lambda row: Cell(
                row.name or _("All together"), detail=_calls(row)), 140, stretch=True,
                sortable=False),
            Column("coverage", _("Coverage"), lambda row: Cell(
                words.share_text(row.field.coverage),
                detail=_("{part} of {whole}").format(
                    part=format_number(row.reached), whole=format_number(row.assigned)),
                tone=words.share_tone(row.field.coverage, 0.9, 0.7)), 100, right=True,
                sortable=False, value=lambda row: row.field.coverage.value),
            Column("plan", _("On the day"), lambda row: Cell(
                words.share_text(row.plan.share), detail=words.plan_text(row),
                tone=words.share_tone(row.plan.share, 0.9, 0.75)), 100, right=True,
                sortable=False, value=lambda row: row.plan.share.value),
            _count("late", _("Late"), Tone.PLAIN),
            _count("missed", _("Missed"), Tone.WARNING),
            _count("closed", _("Closed"), Tone.PLAIN),
            Column("strike", _("Strike rate"), lambda row: Cell(
                words.share_text(row.field.strike_rate),
                detail=_("{part} of {whole}").format(
                    part=format_number(row.field.visits_with_order),
                    whole=format_number(row.field.visits))), 112, right=True, sortable=False,
                yields=True, value=lambda row: row.field.strike_rate.value),
            Column("drop", _("Drop size"), lambda row: Cell(_drop(row, currency)), 96, right=True,
                   sortable=False, yields=True, value=lambda row: None
                   if row.field.drop_size_minor.value is None
                   else major(row.field.drop_size_minor.value, currency)),
        ),
        parent=parent,
    )  # fmt: skip


def _count(name: str, title: str, tone: Tone) -> Column:
    field = {"late": "early_or_late"}.get(name, name)

    def cell(row: CoverageRow) -> Cell:
        value = getattr(row.plan, field)
        return Cell(format_number(value) if value else "–", tone=tone if value else Tone.MUTED)

    return Column(name, title, cell, 76, right=True, sortable=False, yields=name == "closed",
                  value=lambda row: getattr(row.plan, field))  # fmt: skip


def _calls(row: CoverageRow) -> str:
    if not row.calls:
        return ""
    text = ngettext("{count} call beside", "{count} calls beside", row.calls)
    return text.format(count=format_number(row.calls))


def _drop(row: CoverageRow, currency: str) -> str:
    value = row.field.drop_size_minor.value
    return "–" if value is None else format_money(value, currency, decimals=0)


def reasons_model(parent: QWidget) -> RowsModel:
    """Why visits were missed, by the reason's name."""
    return RowsModel(
        (
            Column("reason", _("Why"), lambda row: Cell(
                words.reason_text(row.name), tone=Tone.PLAIN if row.name else Tone.MUTED), 260,
                stretch=True, sortable=False),
            Column("missed", _("Missed"), lambda row: Cell(format_number(row.missed)), 90,
                   right=True, sortable=False, value=lambda row: row.missed),
            Column("late", _("Visited later"), lambda row: Cell(format_number(row.late)), 120,
                   right=True, sortable=False, value=lambda row: row.late),
        ),
        parent=parent,
    )  # fmt: skip


def lines_model(today: Callable[[], date], parent: QWidget) -> RowsModel:
    """The rows behind a figure, by their place."""
    return RowsModel(
        (
            Column("customer", _("Customer"), lambda row: Cell(
                row.name, unit=row.city, detail=words.line_detail(row, today())), 240,
                stretch=True, sortable=False),
            Column("day", _("Day"), lambda row: Cell(words.line_day(row, today())), 84, right=True,
                   sortable=False),
        ),
        parent=parent,
    )  # fmt: skip


def territories_model(currency: str, parent: QWidget) -> RowsModel:
    """Territories with their work and value; 0 is no territory."""
    return RowsModel(
        (
            Column("territory", _("Territory"), lambda row: Cell(
                words.territory_name(row), unit=row.code, detail=words.others_text(row)), 170,
                stretch=True, sortable=False),
            Column("load", _("Work"), lambda row: Cell(
                words.load_text(row.load),
                detail=words.hours_of(row.effort.hours - row.hours_by_others, row.hours_there),
                tone=words.load_tone(row.load), strong=True), 130, right=True, sortable=False,
                value=lambda row: row.load),
            Column("customers", _("Customers"), lambda row: Cell(format_number(row.customers)),
                   92, right=True, sortable=False, value=lambda row: row.customers),
            Column("km", _("Kilometres"), lambda row: Cell(km_text(row.effort.km)), 96,
                   right=True, sortable=False, yields=True,
                   value=lambda row: round(row.effort.km)),
            Column("value", _("Margin a year"), lambda row: Cell(
                format_money(row.margin_12m_minor, currency, decimals=0)), 110, right=True,
                sortable=False, yields=True,
                value=lambda row: major(row.margin_12m_minor, currency)),
        ),
        parent=parent,
    )  # fmt: skip


def work_model(parent: QWidget) -> RowsModel:
    """Reps with the hours their territories ask for."""
    return RowsModel(
        (
            Column("rep", _("Rep"), lambda row: Cell(row.name, detail=words.served_by(row)),
                   150, stretch=True, sortable=False),
            Column("load", _("Work"), lambda row: Cell(
                words.load_text(row.load),
                detail=words.hours_of(row.hours_needed, row.hours_there),
                tone=words.load_tone(row.load), strong=True), 130, right=True, sortable=False,
                value=lambda row: row.load),
            Column("customers", _("Customers"), lambda row: Cell(format_number(row.customers)),
                   92, right=True, sortable=False, value=lambda row: row.customers),
        ),
        parent=parent,
    )  # fmt: skip


def customers_model(currency: str, names: dict[int, str], parent: QWidget) -> RowsModel:
    """Customers that can move, by local id; ``names`` are those of the territories."""

    def where(row: ServingFacts) -> str:
        return names.get(row.territory_id or 0, "") or _("No territory")

    return RowsModel(
        (
            Column("customer", _("Customer"), lambda row: Cell(
                row.facts.name, unit=row.facts.city, detail=where(row.facts)), 220,
                stretch=True, sortable=False),
            Column("class", _("Class"), lambda row: Cell(row.facts.account_class), 60,
                   sortable=False),
            Column("hours", _("Hours"), lambda row: Cell(hours_text(row.after.hours)), 76,
                   right=True, sortable=False, value=lambda row: round(row.after.hours, 1)),
            Column("net", _("Less cost"), lambda row: Cell(
                money_text(row.after.net, currency)), 92, right=True, sortable=False,
                yields=True, value=lambda row: round(row.after.net)),
        ),
        pickable=True, parent=parent,
    )  # fmt: skip

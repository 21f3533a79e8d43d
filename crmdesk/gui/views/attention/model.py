"""The tables of attention: models, proposals, exceptions, customers."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.gui.effort_words import every_text, hours_text, km_text, money_text, signed
from crmdesk.gui.views.attention import words
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import _, format_number, ngettext, pgettext
from crmdesk.services.queries.attention import ExceptionRow, ModelRow, ProposalRow
from crmdesk.services.queries.what_if import RepMonth, WhatIfRow


def models_model(currency: str, parent: QWidget) -> RowsModel:
    """Models by local id; 0 is the usual figures."""
    return RowsModel(
        (
            Column("model", _("Model"), _model_cell, 200, stretch=True, sortable=False),
            Column("customers", _("Customers"), lambda row: Cell(
                format_number(row.customers), detail=_exceptions(row)), 110, right=True,
                sortable=False, value=lambda row: row.customers),
            Column("hours", _("Hours a month"), lambda row: Cell(hours_text(row.effort.hours)),
                   120, right=True, sortable=False, value=lambda row: round(row.effort.hours, 1)),
            Column("km", _("Kilometres"), lambda row: Cell(km_text(row.effort.km)), 110,
                   right=True, sortable=False, yields=True,
                   value=lambda row: round(row.effort.km)),
            Column("margin", _("Margin"), lambda row: Cell(
                money_text(row.effort.margin, currency)), 100, right=True, sortable=False,
                yields=True, value=lambda row: round(row.effort.margin)),
            Column("net", _("Less cost"), lambda row: Cell(
                money_text(row.effort.net, currency), tone=_tone(row.effort.net)), 100,
                right=True, sortable=False, value=lambda row: round(row.effort.net)),
        ),
        parent=parent,
    )  # fmt: skip


def _model_cell(row: ModelRow) -> Cell:
    if row.model is None:
        return Cell(_("No model"), detail=_("served by the usual figures"))
    who = ", ".join((*sorted(row.model.classes), *sorted(row.model.segments)))
    detail = every_text(row.model.model, row.model.virtual_mode)
    return Cell(row.model.name, unit=f"{row.model.code} · {who}" if who else row.model.code,
                detail=detail)  # fmt: skip


def _exceptions(row: ModelRow) -> str:
    if not row.exceptions:
        return ""
    count = row.exceptions
    return ngettext("{count} exception", "{count} exceptions", count).format(count=count)


def _tone(value: float) -> Tone:
    return Tone.DANGER if value < 0 else Tone.PLAIN


def proposals_model(currency: str, parent: QWidget) -> RowsModel:
    """Proposals by customer; what is picked is accepted together."""
    return RowsModel(
        (
            Column("customer", _("Customer"), lambda row: Cell(
                row.facts.name, unit=row.facts.city, detail=words.proposal_text(row)),
                300, stretch=True, sortable=False),
            Column("why", _("Why"), lambda row: Cell(
                words.misfit_text(row.misfit), detail=words.rhythm_text(row.facts)), 250,
                sortable=False, yields=True),
            Column("hours", _("Hours"), lambda row: _change(row, "hours", currency), 76,
                   right=True, sortable=False, value=lambda row: round(row.change.hours, 1)),
            Column("km", _("Kilometres"), lambda row: _change(row, "km", currency), 92,
                   right=True, sortable=False, yields=True,
                   value=lambda row: round(row.change.km)),
            Column("net", _("A month"), lambda row: _change(row, "net", currency), 92,
                   right=True, sortable=False, value=lambda row: round(row.change.net)),
        ),
        pickable=True, parent=parent,
    )  # fmt: skip


def _change(row: ProposalRow, what: str, currency: str) -> Cell:
    value = getattr(row.change, what)
    if what == "hours":
        return Cell(signed(hours_text(value), value))
    if what == "km":
        return Cell(signed(km_text(value), value))
    tone = Tone.GOOD if value > 0 else Tone.WARNING
    return Cell(signed(money_text(value, currency), value), tone=tone, strong=True)


def exceptions_model(currency: str, parent: QWidget) -> RowsModel:
    """Customers with figures of their own."""
    return RowsModel(
        (
            Column("customer", _("Customer"), lambda row: Cell(
                row.facts.name, unit=row.facts.city, detail=words.own_text(row.facts)), 300,
                stretch=True, sortable=False),
            Column("usual", _("Would be"), lambda row: Cell(_usual(row), tone=Tone.MUTED), 230,
                   sortable=False, yields=True),
            Column("hours", _("Hours a month"), lambda row: Cell(hours_text(row.effort.hours)),
                   110, right=True, sortable=False,
                   value=lambda row: round(row.effort.hours, 1)),
            Column("net", _("Less cost"), lambda row: Cell(
                money_text(row.effort.net, currency), tone=_tone(row.effort.net)), 100,
                right=True, sortable=False, value=lambda row: round(row.effort.net)),
        ),
        pickable=True, parent=parent,
    )  # fmt: skip


def _usual(row: ExceptionRow) -> str:
    return every_text(row.usual.model, row.usual.virtual_mode)


def customers_model(currency: str, parent: QWidget) -> RowsModel:
    """The customers behind a figure, now and as they would be."""
    return RowsModel(
        (
            Column("customer", _("Customer"), lambda row: Cell(
                row.facts.name, unit=row.facts.city, detail=words.served_text(row.facts)), 280,
                stretch=True, sortable=False),
            Column("rhythm", _("Rhythm"), lambda row: Cell(
                every_text(row.facts.serving.model, row.facts.serving.virtual_mode),
                detail=words.rhythm_text(row.facts)), 250, sortable=False, yields=True),
            Column("hours", _("Hours a month"), lambda row: Cell(
                hours_text(row.after.hours), detail=_then(row, "hours")), 110, right=True,
                sortable=False, value=lambda row: round(row.after.hours, 1)),
            Column("margin", _("Margin"), lambda row: Cell(
                money_text(row.after.margin, currency)), 92, right=True, sortable=False,
                value=lambda row: round(row.after.margin)),
            Column("net", _("Less cost"), lambda row: Cell(
                money_text(row.after.net, currency), tone=_tone(row.after.net)), 92, right=True,
                sortable=False, value=lambda row: round(row.after.net)),
        ),
        parent=parent,
    )  # fmt: skip


def reps_model(parent: QWidget) -> RowsModel:
    """A change rep by rep: how full each is now and then, and the visits that plans make of it."""

    def load(value: float | None, hours: float) -> Cell:
        full = hours > 0 if value is None else value > 1
        text = "–" if value is None else f"{format_number(value * 100)} %"
        return Cell(text, strong=full, tone=Tone.DANGER if full else Tone.PLAIN)

    def visits(row: RepMonth) -> str:
        count = round(row.plans_after.visits)
        text = ngettext("{count} visit", "{count} visits", count)
        return text.format(count=format_number(count))

    def before(row: RepMonth) -> str:
        now, then = round(row.plans_before.visits), round(row.plans_after.visits)
        return _("was {before}").format(before=format_number(now)) if now != then else ""

    return RowsModel(
        (
            Column("rep", _("Rep by rep"), lambda row: Cell(
                row.name, detail=_("{needed} of {there}").format(
                    needed=hours_text(row.after.hours), there=hours_text(row.hours_there))),
                150, stretch=True, sortable=False),
            Column("now", _("Now"), lambda row: load(row.load_before, row.before.hours), 92,
                   right=True, sortable=False, value=lambda row: row.load_before),
            Column("then", _("Then"), lambda row: load(row.load_after, row.after.hours), 92,
                   right=True, sortable=False, value=lambda row: row.load_after),
            Column("visits", pgettext("column", "In plans"), lambda row: Cell(
                visits(row), detail=before(row)), 100, right=True, sortable=False,
                value=lambda row: round(row.plans_after.visits)),
        ),
        parent=parent,
    )  # fmt: skip


def _then(row: WhatIfRow, what: str) -> str:
    before, after = getattr(row.before, what), getattr(row.after, what)
    return _("was {before}").format(before=hours_text(before)) if before != after else ""

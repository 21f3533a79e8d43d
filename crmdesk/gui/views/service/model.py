"""Columns of the list of tickets and of the history of one."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.domain.tickets import ticket_kind_word
from crmdesk.gui.views.service.words import due_words, priority_badge, state_badge
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.delegates import muted
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import _, format_date_near
from crmdesk.services.queries.tickets import TicketRow, TicketSort
from crmdesk.services.workspace import Workspace

DUE_COLUMN = 5


def tickets_model(ws: Workspace, parent: QWidget | None = None) -> RowsModel:
    """Tickets as rows; keys are local ids."""

    def due(row: TicketRow) -> Cell:
        words = due_words(row, ws.now(), ws.clock)
        is_late = row.due_at is not None and row.due_at < ws.now()
        return Cell(words, tone=Tone.DANGER if is_late else Tone.PLAIN)

    states = (_("not answered"), _("waits for the customer"))
    columns = (
        Column(TicketSort.STATUS, _("State"),
               lambda row: Cell("", badge=state_badge(row, ws.now())),
               column_width(120, *(f"{' ' * 10}{one}" for one in states))),
        Column(TicketSort.DUE, _("Due"), due, column_width(84, _("tomorrow")),
               value=lambda row: row.due_at),
        Column(TicketSort.CUSTOMER, _("Customer"), lambda row: Cell(row.customer), 140),
        Column("subject", _("Subject"), lambda row: Cell(row.subject), 130, stretch=True,
               sortable=False),
        Column("kind", _("Kind"), lambda row: muted(ticket_kind_word(row.kind)), 90,
               sortable=False, yields=True),
        Column(TicketSort.PRIORITY, _("Priority"),
               lambda row: Cell("", badge=priority_badge(row)),
               column_width(84, f"{' ' * 10}{_('escalated {level}').format(level=2)}")),
        Column("with", _("With"), lambda row: muted(row.assignee or "–"), 110, sortable=False,
               yields=True),
        Column(TicketSort.OPENED, _("Opened"),
               lambda row: muted(format_date_near(row.day, ws.today())), 90, yields=True,
               value=lambda row: row.day),
        Column(TicketSort.NUMBER, _("Number"), lambda row: muted(row.number), 100, yields=True),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def events_model(parent: QWidget | None = None) -> RowsModel:
    """The history of a ticket, the latest first."""
    columns = (
        Column("when", _("When"), lambda r: Cell(r.when, tone=Tone.MUTED), 104, sortable=False),
        Column("text", _("What"), lambda r: Cell(r.text, detail=r.who, tone=r.tone, icon=r.icon),
               200, stretch=True, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)

"""The tables of cover: people, planned visits, what runs."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.gui.views.cover.presenter import days_text
from crmdesk.gui.views.cover.words import visit_note
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import _, format_clock, format_date
from crmdesk.services.cover import CoveredVisit


def people_model(parent: QWidget) -> RowsModel:
    """People by local id, with their territories."""
    return RowsModel(
        (
            Column(
                "name", _("Name"), lambda row: Cell(row.name, detail=row.territories or "–"), 200,
                stretch=True, sortable=False,
            ),
        ),
        parent=parent,
    )  # fmt: skip


def visits_model(parent: QWidget) -> RowsModel:
    """Planned visits by local id; what is picked moves along."""
    return RowsModel(
        (
            Column(
                "customer", _("Customer"),
                lambda row: Cell(row.customer, unit=row.city, detail=visit_note(row),
                                 detail_tone=_tone(row)),
                260, stretch=True, sortable=False,
            ),
            Column(
                "day", _("Day"), lambda row: Cell(format_date(row.day, weekday=True)), 120,
                sortable=False,
            ),
            Column(
                "time", _("Time"),
                lambda row: Cell("–" if row.start_minute is None else format_clock(
                    row.start_minute)),
                72, right=True, sortable=False,
            ),
        ),
        pickable=True, parent=parent,
    )  # fmt: skip


def covers_model(parent: QWidget) -> RowsModel:
    """Covers by their place in the list."""
    return RowsModel(
        (
            Column(
                "colleague", _("Stands in"),
                lambda row: Cell(row.colleague, detail=f"{row.territories} · "
                                 f"{days_text(row.first, row.last)}"),
                200, stretch=True, sortable=False,
            ),
        ),
        parent=parent,
    )  # fmt: skip


def _tone(row: CoveredVisit) -> Tone:
    return Tone.WARNING if row.colleague_away or row.locked else Tone.MUTED

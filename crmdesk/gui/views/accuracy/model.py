"""The table of measures: one row a measure, one column a method."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from crmdesk.gui.views.accuracy.words import MeasureItem, method_names
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import _


def _columns() -> list[Column]:
    first = Column("measure", _("Measure"), _measure, width=240, stretch=True, sortable=False)
    return [
        first,
        *(
            Column(f"method{place}", name, partial(_figure, place), width=118, right=True,
                   sortable=False)
            for place, name in enumerate(method_names())
        ),
    ]  # fmt: skip


def _measure(item: MeasureItem) -> Cell:
    return Cell(item.name, detail=item.meaning)


def _figure(place: int, item: MeasureItem) -> Cell:
    best = item.best == place
    return Cell(
        item.figures[place],
        strong=best,
        icon="check" if best else "",
        tone=Tone.GOOD if best else Tone.PLAIN,
    )


class MeasuresModel(RowsModel):
    """Measures by their keys."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_columns(), parent=parent)

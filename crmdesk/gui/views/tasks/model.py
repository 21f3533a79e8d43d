"""The columns of the notices, and what each says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.gui.views.tasks.words import (
    ICONS,
    action_words,
    amount_words,
    person_words,
    sentence,
    when,
)
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel, major
from crmdesk.i18n import _
from crmdesk.services.queries.notices import Notice, NoticeKind


class TasksModel(RowsModel):
    """Notices as rows; keys are theirs."""

    def __init__(
        self, today: Callable[[], date], currency: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(make_columns(today, currency), parent=parent)


def make_columns(today: Callable[[], date], currency: str) -> tuple[Column, ...]:
    """The columns; days are shown relative to ``today``."""

    def due(notice: Notice) -> Cell:
        words, tone = when(notice, today())
        return Cell(words, tone=tone)

    widest = max((action_words(kind) for kind in NoticeKind), key=len)
    return (
        Column("what", _("What waits"), _what, 320, sortable=False, stretch=True),
        Column("customer", _("Customer"), lambda row: Cell(row.customer), 220, sortable=False),
        Column("when", _("When"), due, column_width(110, _("{count} days late").format(count=99)),
               sortable=False, value=lambda row: row.day),
        Column("amount", _("Amount"), lambda row: Cell(amount_words(row, currency)), 110,
               right=True, sortable=False, yields=True,
               value=lambda row: major(row.amount_minor, currency) if row.amount_minor else None),
        Column("action", _("Key A"), lambda row: Cell(action_words(row.kind), tone=Tone.ACCENT),
               column_width(150, widest), sortable=False),
    )  # fmt: skip


def _what(notice: Notice) -> Cell:
    return Cell(sentence(notice), unit=person_words(notice), icon=ICONS[notice.kind], strong=True)

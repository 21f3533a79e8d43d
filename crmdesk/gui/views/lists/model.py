"""The columns of any list, made from its declaration.

Owns turning a row into cells. Words are :mod:`.words`'; reading and sorting are the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from PySide6.QtWidgets import QWidget

from crmdesk.gui.views.lists.words import NONE, heading, value_words
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel, major
from crmdesk.i18n import format_date
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListRow, ListSpec


class ListModel(RowsModel):
    """Rows of one list; keys are local ids."""

    def __init__(
        self,
        spec: ListSpec,
        today: Callable[[], date],
        currency: str,
        parent: QWidget | None = None,
    ) -> None:
        columns = make_columns(spec, today, currency)
        super().__init__(columns, pickable=True, parent=parent)


def make_columns(spec: ListSpec, today: Callable[[], date], currency: str) -> tuple[Column, ...]:
    """The columns; days are shown relative to ``today``."""
    first = spec.columns[0].key
    return tuple(
        Column(
            column.key, heading(column, currency),
            _cell(column, currency, today, strong=column.key == first),
            _width(column, heading(column, currency)), right=column.right,
            hidden=not column.shown, stretch=column.key == first,
            value=_exported(column, currency), sortable=column.sortable,
        )
        for column in spec.columns
    )  # fmt: skip


def _width(column: ListColumn, title: str) -> int:
    """Room for the heading, for any day with its year, and for each of few values."""
    longest: tuple[str, ...] = ()
    if column.kind is Kind.DAY:
        longest = (format_date(date(2022, 9, 22), year=True),)
    elif column.choices is not None:
        longest = tuple(column.choices().values())
    return column_width(column.width, title, *longest)


def _cell(
    column: ListColumn, currency: str, today: Callable[[], date], *, strong: bool
) -> Callable[[ListRow], Cell]:
    def cell(row: ListRow) -> Cell:
        words = value_words(column, row.values[column.key], currency, today())
        return Cell(words, tone=Tone.MUTED if words == NONE else Tone.PLAIN, strong=strong)

    return cell


def _exported(column: ListColumn, currency: str) -> Callable[[Any], object]:
    """The row's own value for files: a date, a Decimal in the major unit, a number."""

    def value(row: ListRow) -> object:
        stored = row.values[column.key]
        if stored is None or stored == "":
            return None
        if column.kind is Kind.DAY:
            return date.fromisoformat(str(stored))
        if column.kind is Kind.MONEY:
            return major(int(stored), currency)
        if column.choices is not None:
            return column.choices().get(str(stored), str(stored))
        return stored

    return value

"""The board's table: its columns, its headings, and the two cells that are pictures.

Owns how a row item fills the cells. What the items say is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QPainter

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.reorder.items import GroupItem, RowItem
from crmdesk.gui.views.reorder.words import state_word
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.delegates import CellDelegate
from crmdesk.gui.widgets.items import Purchases
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.probability import paint_probability
from crmdesk.gui.widgets.rows import ROW_ROLE, Cell, Column, Heading, Index, RowsModel, major
from crmdesk.gui.widgets.sparkline import describe_purchases, paint_sparkline
from crmdesk.i18n import CURRENCY_SIGNS, _, format_percent

PRODUCT, CUSTOMER, PURCHASES, LIKELY, SUGGESTED, MARGIN = range(6)
_SPARKLINE_HEIGHT = 22


def columns(currency: str) -> list[Column]:
    """The columns in the person's language; the margin's heading names the currency."""
    margin = _("Margin {currency}").format(currency=CURRENCY_SIGNS.get(currency, currency))
    return [
        Column(
            "product",
            _("SKU and why"),
            lambda item: Cell(item.product, detail=item.why),
            width=230,
            stretch=True,
            extra=(
                (_("SKU"), lambda item: item.row.sku),
                (_("Why"), lambda item: item.why),
                (_("State"), lambda item: state_word(item.row.state)),
            ),
        ),
        Column(
            "customer",
            _("Customer, next visit"),
            lambda item: Cell(item.account, detail=item.visit, detail_tone=item.visit_tone),
            width=180,
            extra=((_("Next visit"), lambda item: item.row.visit_on),),
        ),
        Column(
            "purchases",
            _("Purchases, 12 months"),
            lambda item: Cell(describe_purchases(item.purchases), payload=item.purchases),
            width=150,
            sortable=False,
        ),
        Column(
            "likely",
            _("Within 14 days"),
            lambda item: Cell(
                format_percent(item.probability), payload=(item.probability, item.tone)
            ),
            width=136,
            value=lambda item: round(item.probability, 4),
        ),
        Column(
            "suggested",
            _("Suggested"),
            lambda item: Cell(str(item.packs), item.unit, field=True),
            width=178,
            editable=True,
            value=lambda item: item.packs,
            extra=((_("Pack"), lambda item: item.unit),),
        ),
        Column(
            "margin",
            margin,
            lambda item: Cell(item.margin),
            width=80,
            right=True,
            value=lambda item: major(item.row.margin_minor, currency),
        ),
    ]


def heading(group: GroupItem) -> Heading:
    """A group's heading as the table draws it."""
    ink = text_token(group.tone)
    strong = "text" if ink == "muted" else ink
    runs = (
        Run("", ink, icon=group.icon),
        Run(group.title, strong, t.SEMIBOLD, gap=t.SPACE_2),
        Run(group.note, "muted", gap=t.SPACE_2),
    )
    return Heading(group.key, runs, (Run(group.right, "muted"),) if group.right else ())


class BoardModel(RowsModel):
    """Rows whose first cell says the full sentence to a screen reader and in its tip."""

    def __init__(
        self, sentence: Callable[[RowItem], str], currency: str, parent: QObject | None = None
    ) -> None:
        super().__init__(columns(currency), pickable=True, parent=parent)
        self._sentence = sentence

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        spoken = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if role in spoken and index.column() == PRODUCT:
            item = super().data(index, ROW_ROLE)
            if isinstance(item, RowItem):
                words = self._sentence(item)
                tip = role == Qt.ItemDataRole.ToolTipRole
                return words if tip else f"{item.product}. {words}"
        return super().data(index, role)


class BoardDelegate(CellDelegate):
    """Paints the sparkline and the probability bar."""

    def paint_content(self, painter: QPainter, rect: QRectF, cell: Cell, *, right: bool) -> None:
        if isinstance(cell.payload, Purchases):
            height = theme.scaled(_SPARKLINE_HEIGHT)
            area = QRectF(rect.left(), rect.center().y() - height / 2, rect.width(), height)
            paint_sparkline(painter, area, cell.payload)
        elif isinstance(cell.payload, tuple):
            probability, tone = cell.payload
            paint_probability(painter, rect, probability, tone)
        else:
            super().paint_content(painter, rect, cell, right=right)

"""The sparkline of purchases: one thin bar a purchase-day, oldest left, and a line for now.

Owns the picture inside a cell and as a widget. The gap between the last bar and the "now" line is
the point of it: it is drawn to scale.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui.widgets.charts import saved
from crmdesk.gui.widgets.items import Purchases
from crmdesk.i18n import _, ngettext

_BAR_WIDTH = 2.5
_NOW_WIDTH = 1.5


def sparkline_bars(purchases: Purchases, rect: QRectF) -> list[QRectF]:
    """Where the bars stand: x to scale in days, height by quantity (a fifth at least)."""
    marks = [(day, qty) for day, qty in purchases.marks if 0 <= day <= purchases.span_days]
    if not marks or purchases.span_days <= 0:
        return []
    most = max(qty for _day, qty in marks)
    usable = rect.width() - _BAR_WIDTH - _NOW_WIDTH - 1
    bars = []
    for day, qty in marks:
        x = rect.left() + usable * (1 - day / purchases.span_days)
        height = max(rect.height() * 0.2, rect.height() * qty / most) if most > 0 else 1
        bars.append(QRectF(x, rect.bottom() - height, _BAR_WIDTH, height))
    return bars


def paint_sparkline(painter: QPainter, rect: QRectF, purchases: Purchases) -> None:
    """Draw bars, base line and the "now" line into ``rect``."""
    plot = rect.adjusted(0, 3, 0, -1)
    with saved(painter):
        bar = theme.color("bar")
        for piece in sparkline_bars(purchases, plot):
            painter.fillRect(piece, bar)
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border_strong")
        )
        painter.fillRect(
            QRectF(rect.right() - _NOW_WIDTH, rect.top(), _NOW_WIDTH, rect.height()),
            theme.color("muted"),
        )


def describe_purchases(purchases: Purchases) -> str:
    """The sparkline in words."""
    days = [day for day, _qty in purchases.marks if 0 <= day <= purchases.span_days]
    if not days:
        return _("No purchases in the last {days} days").format(days=purchases.span_days)
    return ngettext(
        "{count} purchase in {days} days, the last {ago} days ago",
        "{count} purchases in {days} days, the last {ago} days ago",
        len(days),
    ).format(count=len(days), days=purchases.span_days, ago=min(days))


class Sparkline(QWidget):
    """Purchases of one SKU on its own, with its words for a screen reader."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._purchases = Purchases(365)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Purchases"))

    def set_purchases(self, purchases: Purchases) -> None:
        """Show other purchases."""
        self._purchases = purchases
        self.setAccessibleDescription(describe_purchases(purchases))
        self.setToolTip(describe_purchases(purchases))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(144, theme.scaled(24))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_sparkline(painter, QRectF(self.rect()), self._purchases)
        painter.end()

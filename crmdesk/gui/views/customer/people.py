"""The people of a customer in two lines each: who, how to reach, and when.

Owns painting and walking the list. The words come from the presenter.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.customer.words import ContactItem
from crmdesk.gui.widgets.charts import RIGHT, ChartWidget, draw_text, text_width
from crmdesk.i18n import _

_ROW = 49


class PeopleList(ChartWidget):
    """Contacts below one another; as many as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people: tuple[ContactItem, ...] = ()
        self.setAccessibleName(_("Contacts"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)

    def set_people(self, people: Sequence[ContactItem]) -> None:
        """Show other people."""
        self._people = tuple(people)
        self.parts_changed()

    def part_count(self) -> int:
        return len(self._people)

    def part_rect(self, part: int) -> QRectF:
        height = theme.scaled(_ROW)
        return QRectF(0, part * height, self.width(), height)

    def part_text(self, part: int) -> str:
        one = self._people[part]
        return ", ".join(x for x in (one.name, one.job, one.reach, one.detail, one.note) if x)

    def sizeHint(self) -> QSize:
        return QSize(240, max(len(self._people), 1) * theme.scaled(_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, theme.scaled(_ROW))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self._people:
            self.set_part(max(self.part() + step, 0))
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._people:
            area = QRectF(t.SPACE_3, 0, self.width() - 2 * t.SPACE_3, theme.scaled(_ROW))
            draw_text(painter, area, _("Nobody yet."), theme.font(), "muted")
        for part, one in enumerate(self._people):
            rect = self.part_rect(part)
            if rect.bottom() > self.height() + 1:
                break
            self._paint_person(painter, rect, one)
        self.draw_part_focus(painter)
        painter.end()

    def _paint_person(self, painter: QPainter, rect: QRectF, one: ContactItem) -> None:
        painter.fillRect(
            QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border")
        )
        area = rect.adjusted(t.SPACE_3, 5, -t.SPACE_3, -5)
        half = area.height() / 2
        upper = QRectF(area.left(), area.top(), area.width(), half)
        lower = upper.translated(0, half)
        figure, small = theme.font(tabular=True), theme.font(t.SIZE_SMALL)
        reach = text_width(figure, one.reach) + 1 if one.reach else 0
        draw_text(painter, upper, one.reach, figure, "text", RIGHT)
        room = upper.adjusted(0, 0, -reach - t.SPACE_2, 0)
        used = draw_text(painter, room, one.name, theme.font(t.SIZE_BODY, t.SEMIBOLD))
        job = room.adjusted(used + t.SPACE_1, 0, 0, 0)
        draw_text(painter, job, one.job, theme.font(), "muted")
        note = text_width(small, one.note) + 1 if one.note else 0
        draw_text(painter, lower, one.note, small, "muted", RIGHT)
        draw_text(painter, lower.adjusted(0, 0, -note - t.SPACE_2, 0), one.detail, small, "muted")

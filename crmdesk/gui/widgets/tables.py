"""The table of the places: sorting, hiding, moving and resizing columns, copying, picking.

Owns keyboard and mouse behaviour and the remembered layout (Qt's own settings). Rows come from
:class:`~crmdesk.gui.widgets.rows.RowsModel`; cells are painted by the delegates.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelectionModel,
    QPoint,
    QRect,
    QRectF,
    QSettings,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLineEdit, QMenu, QTableView, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import LEFT, RIGHT, draw_text, text_width
from crmdesk.gui.widgets.delegates import PAD, TICK_ROOM, CellDelegate, set_clipboard
from crmdesk.gui.widgets.rows import Index, Key, RowsModel
from crmdesk.i18n import _

HEADING_ROW = 36


class RowsHeader(QHeaderView):
    """Column headings: muted, medium, an arrow where sorted; movable and resizable."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsMovable(True)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorClearable(False)
        self.setMinimumSectionSize(40)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        area = QRectF(rect)
        painter.fillRect(area, theme.color("surface"))
        line = QRectF(area.left(), area.bottom() - 1, area.width(), 1)
        painter.fillRect(line, theme.color("border"))
        model = self.model()
        align = Qt.AlignmentFlag(
            model.headerData(logicalIndex, self.orientation(), Qt.ItemDataRole.TextAlignmentRole)
            or LEFT
        )
        words = str(model.headerData(logicalIndex, self.orientation()) or "")
        room = area.adjusted(PAD, 0, -PAD, -1)
        if isinstance(model, RowsModel) and model.pickable and logicalIndex == 0:
            room.setLeft(area.left() + TICK_ROOM + t.SPACE_2)
        font = theme.font(t.SIZE_SMALL, t.MEDIUM)
        right = bool(align & Qt.AlignmentFlag.AlignRight)
        arrow = self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex
        if arrow:
            side = 12
            down = self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
            width = min(text_width(font, words), room.width() - side - 2)
            if right:
                x = room.right() - side
                room.setRight(x - 2)
            else:
                x = room.left() + width + 3
                room.setRight(x - 2)
            mark = QRectF(x, area.center().y() - side / 2, side, side)
            icons.paint(painter, "sort-down" if down else "sort-up", mark, "text")
        ink = "text" if arrow else "muted"
        draw_text(painter, room, words, font, ink, RIGHT if right else LEFT)


class RowsTable(QTableView):
    """A table over a :class:`RowsModel`.

    ``opened(key)`` comes with Enter or a double click, ``current_key_changed(key)`` when the
    selection bar moves. ``name`` is under which the layout is remembered; without one it is not.
    """

    opened = Signal(object)
    current_key_changed = Signal(object)

    def __init__(
        self,
        model: RowsModel,
        *,
        name: str = "",
        row_height: int = t.ROW,
        settings: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rows = model
        self._name = name
        self._row_height = row_height
        self._settings = settings
        self._restored = False
        self._user_sized = False
        self._given_way: set[int] = set()
        self._headings: set[int] = set()
        self._ground = ""
        header = RowsHeader(self)
        self.setHorizontalHeader(header)
        self.setModel(model)
        self.setItemDelegate(CellDelegate(self))
        self._set_behaviour()
        self._dress()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header_menu_wanted)
        header.sectionResized.connect(self._on_section_resized)
        header.sectionMoved.connect(self.remember_layout)
        header.sortIndicatorChanged.connect(self.remember_layout)
        model.modelReset.connect(self._on_model_reset)
        self.doubleClicked.connect(self._on_double_clicked)
        self._hide_initially()
        self._on_model_reset()

    def _set_behaviour(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.SelectedClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.setSortingEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSortIndicatorShown(True)
        header.sortIndicatorChanged.connect(self._rows.sort)

    def _dress(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.scaled(self._row_height))
        theme.fix_height(self.horizontalHeader(), t.ROW)

    def set_ground(self, ground: str) -> None:
        """Paint the ground with a token itself: scrolling then moves what is painted already."""
        self._ground = ground
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def rows_model(self) -> RowsModel:
        """The model, as its own type."""
        return self._rows

    def set_row_height(self, row_height: int) -> None:
        """Change the height of ordinary rows (px before text scale)."""
        self._row_height = row_height
        self._dress()
        self._on_model_reset()

    # ------------------------------------------------------------------------------- current

    def current_key(self) -> Key | None:
        """The key of the row with the selection bar."""
        return self._rows.key_at(self.currentIndex().row())

    def select_key(self, key: Key) -> bool:
        """Move the selection bar to a key; False when it is not shown."""
        place = self._rows.place_of(key)
        if place < 0:
            return False
        self._select_place(place)
        return True

    def select_first(self) -> None:
        """Move the selection bar to the first ordinary row."""
        for place in range(self._rows.rowCount()):
            if self._rows.key_at(place) is not None:
                self._select_place(place)
                return

    def _select_place(self, place: int) -> None:
        index = self._rows.index(place, self._first_column())
        flags = (
            QItemSelectionModel.SelectionFlag.ClearAndSelect
            | QItemSelectionModel.SelectionFlag.Rows
        )
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)

    def selected_keys(self) -> list[Key]:
        """The keys of all selected rows, in the order shown."""
        places = sorted({index.row() for index in self.selectionModel().selectedRows()})
        keys = (self._rows.key_at(place) for place in places)
        return [key for key in keys if key is not None]

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        key = self.current_key()
        if key is not None:
            self.current_key_changed.emit(key)

    # ------------------------------------------------------------------------------- columns

    def shown_columns(self) -> list[int]:
        """The visible columns (their places in the model), from left to right."""
        header = self.horizontalHeader()
        ordered = [header.logicalIndex(visual) for visual in range(header.count())]
        return [column for column in ordered if not self.isColumnHidden(column)]

    def layout_shown(self) -> tuple[tuple[str, int], ...]:
        """The visible columns (keys) with their widths before text scale, from left to right."""
        columns = self._rows.columns
        return tuple(
            (columns[place].key, round(self.columnWidth(place) / theme.scaled(100) * 100))
            for place in self.shown_columns()
        )

    def set_layout_shown(self, wanted: Sequence[tuple[str, int]]) -> None:
        """Show these columns in this order; a width of 0 is the usual one."""
        places = {column.key: place for place, column in enumerate(self._rows.columns)}
        header = self.horizontalHeader()
        shown = [(places[key], width) for key, width in wanted if key in places]
        for place in places.values():
            self.setColumnHidden(place, place not in {one for one, _width in shown} and bool(shown))
        for visual, (place, _width) in enumerate(shown):
            header.moveSection(header.visualIndex(place), visual)
        self._given_way.clear()
        self._user_sized = any(width for _place, width in shown)
        for place, width in shown:
            if width:
                self.setColumnWidth(place, theme.scaled(width))
        self._fit_columns()
        self.remember_layout()

    def columns_menu(self) -> QMenu:
        """A menu that shows and hides columns and brings back the first layout."""
        menu = QMenu(self)
        for place, column in enumerate(self._rows.columns):
            if not column.title:
                continue
            action = QAction(column.title, menu, checkable=True)
            action.setChecked(not self.isColumnHidden(place))
            action.setEnabled(place != 0)
            action.toggled.connect(lambda on, place=place: self.show_column(place, on=on))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction(_("Standard columns"), self.reset_layout)
        return menu

    def show_column(self, place: int, *, on: bool) -> None:
        """Show or hide a column, and remember it."""
        self._given_way.discard(place)
        self.setColumnHidden(place, not on)
        self._fit_columns()
        self.remember_layout()

    def give_way(self, place: int, *, on: bool) -> None:
        """Hide a column while there is no room for it; nothing of that is remembered."""
        if on and not self.isColumnHidden(place):
            self._given_way.add(place)
            self.setColumnHidden(place, True)
        elif not on and place in self._given_way:
            self._given_way.discard(place)
            self.setColumnHidden(place, False)
        self._fit_columns()

    def _make_room(self) -> None:
        """Leave out yielding columns while the table is too narrow for all of them."""
        if self._user_sized:
            return
        columns = self._rows.columns
        wanted = [
            place
            for place in range(len(columns))
            if not self.isColumnHidden(place) or place in self._given_way
        ]
        excess = sum(theme.scaled(columns[place].width) for place in wanted)
        excess -= self.viewport().width()
        for place in reversed(wanted):
            if columns[place].yields:
                self.give_way(place, on=excess > 0)
                excess -= theme.scaled(columns[place].width)

    def reset_layout(self) -> None:
        """Bring back the widths, order and visibility the table was made with."""
        header = self.horizontalHeader()
        for place in range(len(self._rows.columns)):
            header.moveSection(header.visualIndex(place), place)
            hidden = self._rows.columns[place].hidden or place in self._given_way
            self.setColumnHidden(place, hidden)
        self._user_sized = False
        self._fit_columns()
        if self._settings is not None and self._name:
            self._settings.remove(f"tables/{self._name}")

    def remember_layout(self, *_what: object) -> None:
        """Keep widths, order, visibility and sorting for the next time."""
        if self._settings is None or not self._name or not self._restored:
            return
        header = self.horizontalHeader()
        blocked = header.blockSignals(True)
        for place in self._given_way:
            header.setSectionHidden(place, False)
        state = header.saveState()
        for place in self._given_way:
            header.setSectionHidden(place, True)
        header.blockSignals(blocked)
        self._settings.setValue(f"tables/{self._name}/columns", self._column_keys())
        self._settings.setValue(f"tables/{self._name}/state", state)
        self._settings.setValue(f"tables/{self._name}/sized", int(self._user_sized))

    def _restore_layout(self) -> None:
        if self._restored:
            return
        if self._settings is not None and self._name:
            # A layout of other columns, from another version, would hide and widen the wrong ones.
            known = self._settings.value(f"tables/{self._name}/columns") == self._column_keys()
            state = self._settings.value(f"tables/{self._name}/state")
            if known and isinstance(state, QByteArray):
                self.horizontalHeader().restoreState(state)
                self._user_sized = bool(
                    int(str(self._settings.value(f"tables/{self._name}/sized")))
                )
                for place in self._given_way:
                    self.setColumnHidden(place, True)
        self._restored = True

    def _column_keys(self) -> str:
        return " ".join(column.key for column in self._rows.columns)

    def _hide_initially(self) -> None:
        for place, column in enumerate(self._rows.columns):
            self.setColumnHidden(place, column.hidden)

    def _fit_columns(self) -> None:
        """Give each column its width and the stretching one what is left, two thirds at least."""
        if self._user_sized:
            return
        header = self.horizontalHeader()
        blocked = header.blockSignals(True)
        spare = self.viewport().width()
        stretch = -1
        for place, column in enumerate(self._rows.columns):
            if self.isColumnHidden(place):
                continue
            width = theme.scaled(column.width)
            if column.stretch:
                stretch = place
            else:
                spare -= width
                self.setColumnWidth(place, width)
        if stretch >= 0:
            least = theme.scaled(self._rows.columns[stretch].width * 2 // 3)
            self.setColumnWidth(stretch, max(least, spare))
        header.blockSignals(blocked)
        self.updateGeometries()
        self.viewport().update()

    def _first_column(self) -> int:
        shown = self.shown_columns()
        return shown[0] if shown else 0

    # ------------------------------------------------------------------------------- copying

    def tsv(self, places: Sequence[int] | None = None) -> str:
        """Rows as tab-separated text with a heading line; the selected rows without ``places``."""
        columns = self.shown_columns()
        if places is None:
            places = sorted({index.row() for index in self.selectionModel().selectedRows()})
        lines = ["\t".join(self._rows.columns[column].title for column in columns)]
        for place in places:
            if self._rows.heading_at(place) is None:
                texts = (str(self._rows.index(place, c).data() or "") for c in columns)
                lines.append("\t".join(_pasted(text) for text in texts))
        return "\n".join(lines) + "\n"

    # -------------------------------------------------------------------------------- events

    def event(self, event: QEvent) -> bool:
        # Space picks a row here, whatever the place does with it elsewhere.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (
                (event.key() == Qt.Key.Key_Space and self._rows.pickable)
                or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            )
            and not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == QAbstractItemView.State.EditingState:
            # The key that ended typing comes here too; it must not open the row as well.
            super().keyPressEvent(event)
            return
        key = self.current_key()
        if event.key() == Qt.Key.Key_C and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            set_clipboard(self.tsv())
            return
        if key is not None and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.opened.emit(key)
                return
            if event.key() == Qt.Key.Key_Space and self._rows.pickable:
                self._rows.set_picked([key], picked=not self._rows.is_picked(key))
                return
            if event.text().isdecimal() and self._edit_with(event.text()):
                return
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not event.modifiers():
            self._step(-1 if event.key() == Qt.Key.Key_Up else 1)
            return
        super().keyPressEvent(event)

    def _step(self, step: int) -> None:
        place = self.currentIndex().row() + step
        while 0 <= place < self._rows.rowCount():
            if self._rows.key_at(place) is not None:
                self._select_place(place)
                return
            place += step

    def _edit_with(self, digit: str) -> bool:
        for place, column in enumerate(self._rows.columns):
            if column.editable and not self.isColumnHidden(place):
                index = self._rows.index(self.currentIndex().row(), place)
                self.edit(index)
                for editor in self.viewport().findChildren(QLineEdit):
                    editor.insert(digit)
                return True
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._restore_layout()
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()
        self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._dress()
            self._fit_columns()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ground:
            ground = QPainter(self.viewport())
            ground.fillRect(event.rect(), theme.color(self._ground))
            ground.end()
        super().paintEvent(event)
        if self.hasFocus() and self._rows.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(theme.color("accent"))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
            painter.end()

    def _on_model_reset(self) -> None:
        self.clearSpans()
        self._dress()
        headings = self._rows.heading_places()
        for place in self._headings.difference(headings):
            # Qt keeps a row's own height over a reset.
            if place < self._rows.rowCount():
                self.setRowHeight(place, theme.scaled(self._row_height))
        self._headings = set(headings)
        for place in headings:
            self.setSpan(place, 0, 1, max(2, self._rows.columnCount()))
            self.setRowHeight(place, theme.scaled(HEADING_ROW))

    def _on_section_resized(self, _section: int, old: int, new: int) -> None:
        # Hiding and showing come as resizing from and to nothing.
        if self._restored and old and new:
            self._user_sized = True
            self.remember_layout()

    def _on_double_clicked(self, index: Index) -> None:
        key = self._rows.key_at(index.row())
        if key is not None:
            self.opened.emit(key)

    def _on_header_menu_wanted(self, point: QPoint) -> None:
        self.columns_menu().popup(self.horizontalHeader().mapToGlobal(point))


def _pasted(text: str) -> str:
    """A cell on the clipboard: one cell of one row, and no formula where it is pasted."""
    text = " ".join(text.split()) if "\n" in text or "\t" in text else text
    return f"'{text}" if text.startswith(("=", "@")) else text

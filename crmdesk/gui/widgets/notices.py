"""What speaks to the person beside the content: banner, toast, empty state, progress.

Owns their look and life. Which error becomes a banner is decided in :mod:`crmdesk.gui.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import icons, keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import IconButton, KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run, TextLabel
from crmdesk.gui.widgets.panels import Surface
from crmdesk.i18n import _

TOAST_MS = 6000
_ICONS = {"accent": "reorder", "good": "check", "warning": "warning", "danger": "warning"}


class IconLabel(QWidget):
    """An icon of a given size and ink."""

    def __init__(
        self,
        icon: str,
        ink: str = "muted",
        side: int = icons.SMALL,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._ink = ink
        self._side = side
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, icon: str, ink: str) -> None:
        """Show another icon."""
        self._icon, self._ink = icon, ink
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(self._side), theme.scaled(self._side))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.paint(painter, self._icon, QRectF(self.rect()), self._ink)
        painter.end()


class Banner(Surface):
    """One line across a place: icon, runs, actions, and a way to close it.

    ``tone`` is accent, good, warning or danger; the icon says it too.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        super().__init__(parent, ground="accent_soft", edge="")
        self._icon = IconLabel("reorder", "accent", parent=self)
        self._words = LineLabel(parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(t.SPACE_3, 0, t.SPACE_2, 0)
        row.setSpacing(t.SPACE_2)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(t.SPACE_2)
        row.addLayout(self._actions)
        if closable:
            close = IconButton("close", _("Close"), side=24, parent=self)
            close.clicked.connect(self._on_close_clicked)
            row.addWidget(close)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(400, theme.scaled(36))

    def say(
        self,
        runs: Sequence[Run],
        *,
        tone: str = "accent",
        icon: str = "",
        actions: Sequence[QWidget] = (),
    ) -> None:
        """Show a line; earlier actions go."""
        self.set_ground(f"{tone}_soft", "")
        self._icon.set_icon(icon or _ICONS[tone], tone)
        self._words.set_runs(runs)
        while (item := self._actions.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for action in actions:
            self._actions.addWidget(action)
        self.setAccessibleName(self._words.text())
        self.show()

    def text(self) -> str:
        """The words shown."""
        return self._words.text()

    def _on_close_clicked(self) -> None:
        self.hide()
        self.closed.emit()


class Toast(QWidget):
    """A short word over the foot of the window, with Undo; goes by itself after six seconds."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._undo: Callable[[], None] | None = None
        self._words = LineLabel(parent=self)
        self._button = KeyHintButton(_("Undo"), keys.hint("global.undo"), kind="quiet", parent=self)
        self._button.clicked.connect(self.take_back)
        row = QHBoxLayout(self)
        row.setContentsMargins(t.SPACE_4, 0, t.SPACE_2, 0)
        row.setSpacing(t.SPACE_4)
        row.addWidget(self._words)
        row.addWidget(self._button)
        self._timer = QTimer(self, interval=TOAST_MS, singleShot=True)
        self._timer.timeout.connect(self.hide)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(24)
        shadow.setOffset(0, 4)
        shadow.setColor(QColor(0, 0, 0, 60))
        self.setGraphicsEffect(shadow)
        parent.installEventFilter(self)
        self.hide()

    def say(self, text: str, undo: Callable[[], None] | None = None) -> None:
        """Show what was done; ``undo`` is called once by the button or Ctrl+Z."""
        self._undo = undo
        self._words.set_runs([Run(text, weight=t.MEDIUM)])
        self._button.setVisible(undo is not None)
        self.setAccessibleName(text)
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    def can_undo(self) -> bool:
        """True while the last word can be taken back."""
        return self._undo is not None

    def take_back(self) -> None:
        """Undo what was said last, if it can be undone."""
        undo, self._undo = self._undo, None
        self.hide()
        if undo is not None:
            undo()

    def text(self) -> str:
        """The words shown."""
        return self._words.text()

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        room = parent.width() - 2 * t.SPACE_5
        self.resize(min(self.sizeHint().width(), room), theme.scaled(44))
        self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - t.SPACE_5)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("border_strong"), 1))
        painter.setBrush(theme.color("raised"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, t.RADIUS, t.RADIUS)
        painter.end()


class EmptyState(QWidget):
    """Nothing here yet: what this is for, and the first step as a button."""

    def __init__(
        self,
        icon: str,
        title: str,
        words: str,
        action: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_5, t.SPACE_5, t.SPACE_5, t.SPACE_5)
        column.setSpacing(t.SPACE_2)
        column.addStretch(1)
        column.addWidget(IconLabel(icon, "muted", 24, self), 0, Qt.AlignmentFlag.AlignHCenter)
        self._title = TextLabel(title, weight=t.SEMIBOLD, size=t.SIZE_STRONG, parent=self)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        self._words = TextLabel(words, ink="muted", wrap=True, parent=self)
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        theme.most_width(self._words, 560)
        centred = QHBoxLayout()
        centred.addStretch(1)
        centred.addWidget(self._words, 10)
        centred.addStretch(1)
        column.addLayout(centred)
        if action is not None:
            column.addSpacing(t.SPACE_2)
            column.addWidget(action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self.setAccessibleName(f"{title} {words}".strip())

    def set_words(self, title: str, words: str) -> None:
        """Change what is said."""
        self.setAccessibleName(f"{title} {words}".strip())
        self._title.setText(title)
        self._words.setText(words)


class ProgressLine(QWidget):
    """A job that takes longer than a second: what, how far, and Cancel."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None, *, key: str = "") -> None:
        super().__init__(parent)
        self._words = LineLabel(parent=self)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        theme.least_width(self._bar, 80)
        self._cancel = KeyHintButton(_("Cancel"), key, parent=self)
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._words)
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)

    def set_stopping(self, *, stopping: bool) -> None:
        """Once cancelled it cannot be cancelled again."""
        self._cancel.setEnabled(not stopping)

    def text(self) -> str:
        """The words shown."""
        return self._words.text()

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far; ``total`` 0 means unknown."""
        self._words.set_runs([Run(text, "muted")])
        self._bar.setRange(0, total)
        self._bar.setValue(done)

"""How a visit ended, asked with one letter, and why by a digit.

Owns the strip and its keys. What an answer does is the presenters'.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.gui import theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import FlowBox
from crmdesk.i18n import _
from crmdesk.services.queries.today import ReasonRow

_MOST_REASONS = 9


_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Space)


class OutcomeBar(QWidget):
    """How the visit ended, by one letter; then the reason by its digit. Enter ends, Esc goes back.

    ``chosen(outcome, reason id or None)``; the empty outcome leaves it to what was done. Reasons
    are asked for after an outcome of their kind.
    """

    chosen = Signal(str, object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._letters: dict[str, str] = {}
        self._reasons: tuple[ReasonRow, ...] = ()
        self._asking = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._words = LineLabel(parent=self)
        self._flow = FlowBox(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        column.setSpacing(t.SPACE_2)
        column.addWidget(self._words)
        column.addWidget(self._flow)

    def ask(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        """Ask for the outcome of the visit to a customer."""
        self._reasons = tuple(reasons)
        self._asking = ""
        words = _("How did the visit to {name} end?").format(name=name)
        self._words.set_runs([Run(words, weight=t.SEMIBOLD)])
        self.setAccessibleName(words)
        choices = (
            ("O", "order", _("Order")),
            ("N", "no_order", _("No order")),
            ("A", "absent", _("Nobody there")),
            ("C", "closed", _("Closed")),
            ("I", "information", _("Information")),
        )
        self._letters = {letter: outcome for letter, outcome, _text in choices}
        self._fill([(text, letter) for letter, _outcome, text in choices], _("End visit"))
        self.setFocus()

    def _ask_reason(self, outcome: str) -> None:
        self._asking = outcome
        words = _("Why no order?") if outcome == "no_order" else _("Why closed?")
        self._words.set_runs([Run(words, weight=t.SEMIBOLD)])
        self._fill(
            [(reason.name, str(place)) for place, reason in enumerate(self._offered(), start=1)],
            _("No reason"),
        )
        self.setFocus()

    def _offered(self, outcome: str = "") -> tuple[ReasonRow, ...]:
        kind = outcome or self._asking
        return tuple(reason for reason in self._reasons if reason.kind == kind)[:_MOST_REASONS]

    def _fill(self, choices: Sequence[tuple[str, str]], last: str) -> None:
        buttons = []
        for text, key in choices:
            button = KeyHintButton(text, key)
            button.clicked.connect(lambda _on=False, key=key: self._take(key))
            buttons.append(button)
        end = KeyHintButton(last, "Enter", kind="filled")
        end.clicked.connect(lambda _on=False: self._take("Enter"))
        self._flow.set_parts([*buttons, end])

    def _take(self, key: str) -> None:
        if self._asking:
            offered = self._offered()
            if key == "Enter":
                self.chosen.emit(self._asking, None)
            elif key.isdecimal() and 1 <= int(key) <= len(offered):
                self.chosen.emit(self._asking, offered[int(key) - 1].id)
        elif key == "Enter":
            self.chosen.emit("", None)
        elif key in self._letters and self._offered(self._letters[key]):
            self._ask_reason(self._letters[key])
        elif key in self._letters:
            self.chosen.emit(self._letters[key], None)

    def event(self, event: QEvent) -> bool:
        # While an outcome is asked for, its letters come before the keys of the place.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            if plain and (event.text().isalnum() or event.key() in _ENDS):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take("Enter")
        elif event.text():
            self._take(event.text().upper())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("accent_soft"))
        painter.end()

"""Lines of text in several inks and weights, on a widget or under any painter.

Owns :class:`Run` and how runs are laid out and elided. Wording and number formats are left to the
presenters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from crmdesk.gui import icons, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.charts import draw_text, text_width


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a line: text, ink token, weight and size; ``icon`` stands before the text.

    ``gap`` is the space in px before the run.
    """

    text: str
    ink: str = "text"
    weight: int = t.REGULAR
    size: int = t.SIZE_BODY
    icon: str = ""
    gap: int = 0

    def font(self) -> QFont:
        """The run's font, with tabular figures."""
        return theme.font(self.size, self.weight, tabular=True)

    def icon_size(self) -> int:
        """Side of the icon in px."""
        return theme.scaled(icons.SMALL)


def runs_width(runs: Sequence[Run]) -> float:
    """Width in px of all runs without eliding."""
    total = 0.0
    for run in runs:
        total += run.gap
        if run.icon:
            total += run.icon_size() + (t.SPACE_1 if run.text else 0)
        total += text_width(run.font(), run.text)
    return total


def runs_text(runs: Sequence[Run]) -> str:
    """The line as a screen reader says it."""
    return " ".join(run.text.strip() for run in runs if run.text.strip())


def draw_runs(
    painter: QPainter, rect: QRectF, runs: Sequence[Run], *, right: bool = False
) -> float:
    """Draw the runs on one base line inside ``rect``; what does not fit is elided at the end.

    With ``right`` the line ends at the right edge. Returns the width used.
    """
    x = rect.left()
    if right:
        x = max(rect.left(), rect.right() - runs_width(runs))
    start = x
    for run in runs:
        x += run.gap
        if x >= rect.right():
            break
        if run.icon:
            side = run.icon_size()
            icons.paint(
                painter, run.icon, QRectF(x, rect.center().y() - side / 2, side, side), run.ink
            )
            x += side + (t.SPACE_1 if run.text else 0)
        x += draw_text(
            painter, QRectF(x, rect.top(), rect.right() - x, rect.height()), run.text,
            run.font(), run.ink,
        )  # fmt: skip
    return x - start


class LineLabel(QWidget):
    """One painted line of runs; elides instead of clipping, and tells all of it in its tip."""

    def __init__(
        self, runs: Sequence[Run] = (), parent: QWidget | None = None, *, right: bool = False
    ) -> None:
        super().__init__(parent)
        self._runs: tuple[Run, ...] = ()
        self._right = right
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_runs(runs)

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Show another line."""
        self._runs = tuple(runs)
        self.setAccessibleName(runs_text(self._runs))
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The words of the line."""
        return runs_text(self._runs)

    def _height(self) -> int:
        fonts = [run.font() for run in self._runs] or [theme.font()]
        return round(max(QFontMetricsF(font).height() for font in fonts)) + 2

    def sizeHint(self) -> QSize:
        return QSize(round(runs_width(self._runs)) + 2, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(40, self.sizeHint().width()), self._height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_runs(painter, QRectF(self.rect()), self._runs, right=self._right)
        painter.end()
        fits = runs_width(self._runs) <= self.width() + 1
        self.setToolTip("" if fits else self.text())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)


class TextLabel(QLabel):
    """Words that may wrap, in one size, weight and ink, following scheme and text scale."""

    def __init__(
        self,
        text: str = "",
        *,
        ink: str = "text",
        size: int = t.SIZE_BODY,
        weight: int = t.REGULAR,
        wrap: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._look = (ink, size, weight)
        self.setWordWrap(wrap)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self._dress()

    def set_ink(self, ink: str) -> None:
        """Change the ink token."""
        self._look = (ink, *self._look[1:])
        self._dress()

    def _dress(self) -> None:
        ink, size, weight = self._look
        font = theme.font(size, weight, tabular=True)
        if self.font() != font:
            self.setFont(font)
        palette = self.palette()
        wanted = theme.color(ink)
        if palette.color(self.foregroundRole()) != wanted:
            palette.setColor(self.foregroundRole(), wanted)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.ApplicationPaletteChange, QEvent.Type.StyleChange):
            self._dress()

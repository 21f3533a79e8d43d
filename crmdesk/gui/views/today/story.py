"""What happened to the plan, told in sentences: what a re-plan moved, what mends missed visits.

Owns its look. The sentences are :mod:`crmdesk.gui.views.today.motion_words`'.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crmdesk.gui import theme_tokens as t
from crmdesk.gui.widgets.buttons import IconButton, KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import IconLabel
from crmdesk.gui.widgets.panels import Surface, clear_layout
from crmdesk.i18n import _

MOST_LINES = 7
_BESIDE = 4


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A sentence: who in bold, what, and a choice at its end that a digit turns over."""

    who: str
    words: str
    choice: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A heading, its sentences, how many more there are, and steps as (name, words, key)."""

    title: str
    lines: tuple[StoryLine, ...] = ()
    more: str = ""
    steps: tuple[tuple[str, str, str], ...] = ()
    icon: str = "reorder"
    tone: str = "accent"


class StoryPanel(Surface):
    """Hidden until there is something to tell. ``step(name)``, ``turned(line)``, ``closed``."""

    step = Signal(str)
    turned = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, ground="accent_soft", edge="")
        self._story: Story | None = None
        self._icon = IconLabel("reorder", "accent", parent=self)
        self._title = LineLabel(parent=self)
        self._steps = QHBoxLayout()
        self._steps.setSpacing(t.SPACE_2)
        close = IconButton("close", _("Close"), side=24, parent=self)
        close.clicked.connect(self._on_close_clicked)
        head = QHBoxLayout()
        head.setSpacing(t.SPACE_2)
        head.addWidget(self._icon)
        head.addWidget(self._title, 1)
        head.addLayout(self._steps)
        head.addWidget(close)
        self._lines = QGridLayout()
        self._lines.setContentsMargins(t.SPACE_5, 0, 0, 0)
        self._lines.setHorizontalSpacing(t.SPACE_5)
        self._lines.setVerticalSpacing(t.SPACE_1)
        column = QVBoxLayout(self)
        column.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_2, t.SPACE_2)
        column.setSpacing(t.SPACE_1)
        column.addLayout(head)
        column.addLayout(self._lines)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def story(self) -> Story | None:
        """What is told; None while it is hidden."""
        return self._story

    def tell(self, story: Story | None) -> None:
        """Tell something else, or nothing."""
        self._story = story
        if story is None:
            self.hide()
            return
        self.set_ground(f"{story.tone}_soft", "")
        self._icon.set_icon(story.icon, story.tone)
        self._title.set_runs([Run(story.title, weight=t.SEMIBOLD)])
        clear_layout(self._steps)
        for name, words, key in story.steps:
            button = KeyHintButton(words, key, parent=self)
            button.clicked.connect(lambda _on=False, name=name: self.step.emit(name))
            self._steps.addWidget(button)
        clear_layout(self._lines)
        shown = [self._line(place, line) for place, line in enumerate(story.lines[:MOST_LINES])]
        if story.more:
            shown.append(LineLabel([Run(story.more, "muted")], parent=self))
        # Beside each other, so that the route below keeps its room; choices need the whole width.
        across = 1 if len(shown) < _BESIDE or any(line.choice for line in story.lines) else 2
        down = -(-len(shown) // across)
        for place, widget in enumerate(shown):
            self._lines.addWidget(widget, place % down, place // down)
        for column in (0, 1):
            self._lines.setColumnStretch(column, 1 if column < across else 0)
        said = [f"{line.who} {line.words} {line.choice}".strip() for line in story.lines]
        self.setAccessibleName(" ".join([story.title, *said, story.more]).strip())
        self.show()

    def _line(self, place: int, line: StoryLine) -> QWidget:
        row = QWidget(self)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(t.SPACE_2)
        runs = [Run(line.who, weight=t.MEDIUM), Run(line.words, gap=t.SPACE_1)]
        layout.addWidget(LineLabel(runs, parent=row), 1)
        if line.choice:
            button = KeyHintButton(line.choice, line.key, kind="quiet", parent=row)
            button.clicked.connect(lambda: self.turned.emit(place))
            layout.addWidget(button)
        return row

    def _on_close_clicked(self) -> None:
        self.tell(None)
        self.closed.emit()

"""The row above the board: title, weeks to turn to, figures, and what makes plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.plan.presenter import MOST_WEEKS
from crmdesk.gui.views.plan.totals import Heading
from crmdesk.gui.widgets.buttons import IconButton, KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import PageHeader
from crmdesk.i18n import _

_ROOMY = 860


class PlanHeading(QWidget):
    """See the module; the place connects the controls."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_2)
        self.previous = IconButton("chevron-left", keys.title("plan.previous"), outline=True)
        self.next = IconButton("chevron-right", keys.title("plan.next"), outline=True)
        self._week = LineLabel(parent=self)
        self._totals, self._shares = LineLabel(parent=self), LineLabel(parent=self)
        figures = QVBoxLayout()
        figures.setSpacing(0)
        for line in (self._totals, self._shares):
            figures.addWidget(line)
        numbers = [(str(n), str(n)) for n in range(1, MOST_WEEKS + 1)]
        self.weeks = SegmentedControl(numbers, _("Weeks shown and planned"), self)
        self.compare, self.fill = _button("plan.compare", self), _button("plan.fill", self)
        self.replan = _button("plan.replan", self, kind="filled")
        self.person = _button("plan.person", self)
        self.person.hide()
        row.addWidget(PageHeader(_("Plan"), self))
        row.addSpacing(t.SPACE_1)
        row.addWidget(self.person)
        for widget in (self.previous, self._week, self.next, self.weeks):
            row.addWidget(widget)
        row.addSpacing(t.SPACE_2)
        row.addLayout(figures, 1)
        for button in (self.compare, self.fill, self.replan):
            row.addWidget(button)

    def fit(self, width: int) -> None:
        """Leave the weeks and the figures room: two of the buttons do with an icon."""
        narrow = width < theme.scaled(_ROOMY)
        self.compare.shorten("columns" if narrow else "")
        self.fill.shorten("plus" if narrow else "")

    def show_person(self, name: str) -> None:
        """Show whose plan it is; nothing for an empty name."""
        self.person.setVisible(bool(name))
        self.person.set_label(name)
        self.person.setAccessibleName(_("Plan of {name}").format(name=name))

    def people_menu(
        self, people: Sequence[tuple[int, str]], choose: Callable[[int], None]
    ) -> QMenu:
        """The people to choose from; the first nine by their number."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, (key, name) in enumerate(people, 1):
            plain = name.replace("&", "&&")
            number = f"&{place}  " if place <= len(people[:9]) else ""
            menu.addAction(f"{number}{plain}", partial(choose, key))
        menu.popup(self.person.mapToGlobal(self.person.rect().bottomLeft()))
        return menu

    def show_heading(self, heading: Heading, weeks: int) -> None:
        """Show the weeks and their totals."""
        self._week.set_runs([Run(heading.week, weight=t.MEDIUM, size=t.SIZE_STRONG)])
        self.weeks.choose(str(weeks))
        self._totals.set_runs([Run(heading.totals, "muted", size=t.SIZE_SMALL)])
        runs = []
        if heading.margin:
            runs.append(Run(_("Expected margin"), "muted", size=t.SIZE_SMALL))
            margin = Run(heading.margin, weight=t.SEMIBOLD, size=t.SIZE_SMALL, gap=t.SPACE_1)
            runs.append(margin)
        if heading.regularity:
            words = f"· {heading.regularity}"
            runs.append(Run(words, "muted", size=t.SIZE_SMALL, gap=t.SPACE_1))
        self._shares.setVisible(bool(runs))
        self._shares.set_runs(runs)
        self._shares.setToolTip(heading.regularity)

    def set_busy(self, *, busy: bool) -> None:
        """While a plan is made no other is begun."""
        for button in (self.replan, self.fill, self.compare):
            button.setEnabled(not busy)


def _button(action: str, parent: QWidget, kind: str = "outline") -> KeyHintButton:
    return KeyHintButton(keys.title(action), keys.hint(action), kind=kind, parent=parent)

"""The page of the company on the screen: a form on the left, terms and the logo on the right.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from crmdesk.domain.letterhead import FIELDS
from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.form_meeting import Filled, theirs_notice, theirs_of
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.printing.images import logo_png, read_image
from crmdesk.gui.views.company.presenter import (
    TERMS,
    CompanyPresenter,
    company_fields,
    field_words,
    terms_words,
)
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.panels import PageHeader, Panel
from crmdesk.i18n import _
from crmdesk.services.forms_meeting import meet
from crmdesk.services.queries.company import CompanyRow

_LOGO_ROOM = (220, 88)
_FORM_WIDTH = 520


class CompanyPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = CompanyPresenter(context, self, logo_png)
        self.fields: dict[str, QLineEdit] = {}
        self.terms: dict[str, QPlainTextEdit] = {}
        self._build()
        self._bind()
        self._opened = self._values()
        self.setFocusProxy(self.fields["name"])

    def show_target(self, args: Mapping[str, Any]) -> None:
        """The page has no parts to go to."""

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        header = PageHeader(_("Company"), self)
        header.set_title(_("Company"), [Run(_("what stands on every document"), "muted")])
        self.save_button = KeyHintButton(
            _("Save"), keys.hint("company.save"), kind="filled", parent=self
        )
        header.add_action(self.save_button)
        column.addWidget(header)
        self.problem = LineLabel(parent=self)
        self.problem.hide()
        column.addWidget(self.problem)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._form(), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._right(), 1)
        column.addLayout(row, 1)

    def _form(self) -> Panel:
        panel = Panel(_("Address and bank"), parent=self)
        theme.fix_width(panel, _FORM_WIDTH)
        grid = QGridLayout()
        grid.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        grid.setHorizontalSpacing(t.SPACE_3)
        grid.setVerticalSpacing(t.SPACE_2)
        words = field_words()
        for place, name in enumerate(FIELDS):
            label = QLabel(words[name], panel)
            field = QLineEdit(panel)
            field.setAccessibleName(words[name])
            field.setMaxLength(200)
            label.setBuddy(field)
            self.fields[name] = field
            grid.addWidget(label, place, 0)
            grid.addWidget(field, place, 1)
        grid.setColumnStretch(1, 1)
        panel.body.addLayout(grid)
        return panel

    def _right(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._logo_panel())
        panel = Panel(_("Terms"), _("at the end of orders, quotes and returns"), self)
        grid = QGridLayout()
        grid.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        grid.setSpacing(t.SPACE_3)
        for place, (code, words) in enumerate(terms_words().items()):
            holder = QVBoxLayout()
            holder.setSpacing(t.SPACE_1)
            label = QLabel(words, panel)
            text = QPlainTextEdit(panel)
            text.setAccessibleName(words)
            text.setTabChangesFocus(True)
            theme.fix_height(text, 112)
            label.setBuddy(text)
            holder.addWidget(label)
            holder.addWidget(text)
            self.terms[code] = text
            grid.addLayout(holder, place // 2, place % 2)
        panel.body.addLayout(grid)
        column.addWidget(panel)
        column.addStretch(1)
        return column

    def _logo_panel(self) -> Panel:
        panel = Panel(_("Logo"), _("PNG, JPEG or SVG; made small by itself"), self)
        row = QHBoxLayout()
        row.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        row.setSpacing(t.SPACE_2)
        self.picture = QLabel(panel)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setFixedSize(theme.scaled(_LOGO_ROOM[0]), theme.scaled(_LOGO_ROOM[1]))
        # Documents are white, whatever the scheme of the window is.
        self.picture.setStyleSheet(
            f"background: {t.LIGHT.surface}; color: {t.LIGHT.muted};"
            f" border: 1px solid {t.LIGHT.border_strong}; border-radius: {t.RADIUS}px"
        )
        self.choose = KeyHintButton(_("Choose a picture"), keys.hint("company.logo"), parent=panel)
        self.remove = KeyHintButton(_("Remove"), kind="quiet", parent=panel)
        row.addWidget(self.picture)
        row.addWidget(self.choose)
        row.addWidget(self.remove)
        row.addStretch(1)
        panel.body.addLayout(row)
        return panel

    def _bind(self) -> None:
        self.save_button.clicked.connect(self._on_save_wanted)
        self.choose.clicked.connect(self._on_logo_wanted)
        self.remove.clicked.connect(self.presenter.remove_logo)
        keys.bind(self, "company.save", self._on_save_wanted)
        keys.bind(self, "company.logo", self._on_logo_wanted)

    # ------------------------------------------------------------------- the presenter's view

    def show_company(self, row: CompanyRow, *, may_change: bool) -> None:
        """Show what is stored, but leave what is being typed."""
        fields = company_fields(row)
        now = {one.key: one.text for one in fields}
        met = meet(self._values(), self._opened, now)
        for key, text in met.values.items():
            self._put(key, text)
            if key not in met.collided:
                self._opened[key] = self._values()[key] if text == now[key] else now[key]
        notice = theirs_notice(theirs_of(fields, met.collided))
        if notice:
            self.show_problem("", notice)
        for field in self.fields.values():
            field.setReadOnly(not may_change)
        for area in self.terms.values():
            area.setReadOnly(not may_change)
        for button in (self.save_button, self.choose, self.remove):
            button.setEnabled(may_change)
        image = read_image(row.logo) if row.logo else None
        self.remove.setVisible(image is not None)
        if image is None:
            self.picture.setText(_("no logo yet"))
            return
        room = self.picture.size() * 0.9
        shown = image.scaled(
            room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        self.picture.setPixmap(QPixmap.fromImage(shown))

    def settle(self) -> None:
        """What stands on the page was saved."""
        self._opened = self._values()

    def _values(self) -> dict[str, str]:
        """What is typed; a terms' key is its language after :data:`TERMS`."""
        texts = {name: field.text() for name, field in self.fields.items()}
        return texts | {f"{TERMS}{code}": one.toPlainText() for code, one in self.terms.items()}

    def _put(self, key: str, text: str) -> None:
        if text == self._values()[key]:
            return
        if key in self.fields:
            self.fields[key].setText(text)
            self.fields[key].setCursorPosition(0)
        else:
            self.terms[key.removeprefix(TERMS)].setPlainText(text)

    def show_problem(self, field: str, message: str) -> None:
        """Say what is wrong with a field, and go there."""
        self.problem.setVisible(bool(message))
        self.problem.set_runs([Run(message, "danger")] if message else [])
        widget: QWidget | None = self.fields.get(field)
        if widget is None:
            widget = self.terms.get(field.removeprefix("terms."))
        if message and widget is not None:
            widget.setFocus()

    # --------------------------------------------------------------------------------- input

    def _on_save_wanted(self) -> None:
        self.presenter.save(Filled(self._values(), dict(self._opened)))

    def _on_logo_wanted(self) -> None:
        place = QStandardPaths.StandardLocation.PicturesLocation
        name, _kind = QFileDialog.getOpenFileName(
            self, _("Choose a picture"), QStandardPaths.writableLocation(place),
            _("Pictures (*.png *.jpg *.jpeg *.svg)"),
        )  # fmt: skip
        if name:
            self.presenter.take_logo(Path(name))


def build(context: PlaceContext) -> CompanyPlace:
    """Make the place."""
    return CompanyPlace(context)

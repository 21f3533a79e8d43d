"""The visit sheet on the screen: questions and what was kept at the left, fields at the right.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.domain.states import VisitMode
from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.photos import compressed
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.visit.presenter import Typed, VisitPresenter
from crmdesk.gui.views.visit.words import QuestionItem, SheetItem, mode_word
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.items import Pair, Tone
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.notices import Banner, EmptyState
from crmdesk.gui.widgets.outcome_bar import OutcomeBar
from crmdesk.gui.widgets.pairs import PairList
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.order import FoundProduct
from crmdesk.services.queries.today import ReasonRow

_SIDE = 380
_FOOT = ("answer", "end", "order", "step", "promise", "count", "photo", "ticket", "close")


class QuestionsTable(RowsTable):
    """Questions: a digit chooses an answer and goes on; other answers are typed in the row."""

    answered = Signal(object, str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, typed = self.current_key(), event.text()
        row = self.rows_model().row_of(key) if key is not None else None
        editing = self.state() == RowsTable.State.EditingState
        if not editing and isinstance(row, QuestionItem):
            if row.has_options and typed.isdecimal():
                self.answered.emit(key, typed)
                self.go_on()
                return
            if event.key() == Qt.Key.Key_Delete:
                self.answered.emit(key, "")
                return
        super().keyPressEvent(event)

    def go_on(self) -> None:
        """Go to the next row, where there is one."""
        rows = self.rows_model()
        key = self.current_key()
        shown = rows.shown_keys()
        if key in shown and shown.index(key) + 1 < len(shown):
            self.select_key(shown[shown.index(key) + 1])


class VisitPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = VisitPresenter(context, self, compressed)
        self._offer = ""
        self._build()
        self._bind()
        self.setFocusProxy(self.questions)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: whose visit it is; ``mode``: how the customer is going to be met."""
        self.outcome.hide()
        self.finder.close_matches()
        if "account" in args:
            mode = args.get("mode")
            self.presenter.show(int(args["account"]), VisitMode(str(mode)) if mode else None)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        sheet = QWidget(self)
        self._gone = EmptyState("today", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(sheet)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Visit"), self)
        self._order = KeyHintButton(
            keys.title("visit.order"), keys.hint("visit.order"), parent=self
        )
        self._go = KeyHintButton(
            keys.title("visit.start"), keys.hint("visit.start"), kind="filled", large=True,
            parent=self,
        )  # fmt: skip
        for button in (self._order, self._go):
            self._header.add_action(button)
        column.addWidget(self._header)
        self._notice = Banner(self, closable=False)
        column.addWidget(self._notice)
        self.outcome = OutcomeBar(self)
        self.outcome.hide()
        column.addWidget(self.outcome)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        left = QVBoxLayout()
        left.setSpacing(t.SPACE_3)
        left.addWidget(self._questions_panel(), 3)
        left.addWidget(self._kept_panel(), 2)
        row.addLayout(left, 1)
        row.addWidget(self._side())
        column.addLayout(row, 1)
        foot = [f"visit.{one}" for one in _FOOT]
        column.addWidget(KeyStrip([((keys.hint(a),), keys.title(a)) for a in foot], parent=self))

    def _questions_panel(self) -> Panel:
        panel = self._questions = Panel(_("What this visit is for"), "", self)
        self.model = questions_model(self)
        self.questions = QuestionsTable(self.model, parent=panel)
        self.questions.setAccessibleName(_("What this visit is for"))
        self.questions.horizontalHeader().setSortIndicatorShown(False)
        self._nothing = EmptyState(
            "flag",
            _("Nothing to ask here"),
            _("Objectives and questions come with the attention model of the customer."),
            parent=panel,
        )
        self._lists = QStackedLayout()
        self._lists.addWidget(self.questions)
        self._lists.addWidget(self._nothing)
        panel.body.addLayout(self._lists, 1)
        return panel

    def _kept_panel(self) -> Panel:
        panel = Panel(_("Kept of this visit"), "", self)
        self._kept = PairList(_("Kept of this visit"), panel)
        self._empty = TextLabel(
            _("Orders, counts of the shelf, photos and promises of the visit stand here."),
            ink="muted", wrap=True, parent=panel,
        )  # fmt: skip
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        holder.addWidget(self._empty)
        holder.addWidget(self._kept)
        holder.addStretch(1)
        panel.body.addLayout(holder, 1)
        return panel

    def _side(self) -> QWidget:
        side = QWidget(self)
        theme.fix_width(side, _SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._form())
        column.addWidget(self._count_panel())
        panel = self._last_panel = Panel(_("Last contact"), "", side)
        self._last = PairList(_("Last contact"), panel)
        holder = QVBoxLayout()
        holder.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        holder.addWidget(self._last)
        panel.body.addLayout(holder)
        column.addWidget(panel)
        column.addStretch(1)
        return side

    def _form(self) -> Panel:
        panel = Panel(_("What came of it"), "", self)
        column = QVBoxLayout()
        column.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        self.modes = SegmentedControl(
            [(mode.value, mode_word(mode)) for mode in VisitMode], _("How"), panel
        )
        column.addWidget(self.modes)
        step = LabelledEntry(
            _("Next step"), keys.hint("visit.step"), placeholder=_("Call back +3"), parent=panel
        )
        promise = LabelledEntry(
            _("Promise"), keys.hint("visit.promise"), placeholder=_("Bring a sample fri"),
            parent=panel,
        )  # fmt: skip
        note = LabelledEntry(_("Note"), keys.hint("visit.note"), parent=panel)
        score = LabelledEntry(
            _("Would recommend us"), keys.hint("visit.score"), placeholder="0–10", parent=panel
        )
        here = LabelledEntry(
            _("I am here"), keys.hint("visit.here"), parent=panel,
            placeholder=_("at the pin, or 42.5063, 1.5218"),
        )  # fmt: skip
        self.step, self.promise, self.note = step.field, promise.field, note.field
        self.score, self.here = score.field, here.field
        self._score_due = TextLabel("", ink="accent", size=t.SIZE_SMALL, wrap=True, parent=panel)
        self._step_on = TextLabel("", ink="muted", size=t.SIZE_SMALL, parent=panel)
        self._promise_on = TextLabel("", ink="muted", size=t.SIZE_SMALL, parent=panel)
        for entry, below in (
            (step, self._step_on),
            (promise, self._promise_on),
            (note, None),
            (score, self._score_due),
            (here, None),
        ):
            entry.field.setMaxLength(200)
            column.addWidget(entry)
            if below is not None:
                below.setAlignment(Qt.AlignmentFlag.AlignRight)
                column.addWidget(below)
        panel.body.addLayout(column)
        return panel

    def _count_panel(self) -> Panel:
        panel = Panel(_("Count the shelf"), _("base units"), self)
        self.finder = ProductFinder(
            panel, words=_("24 rice: how many, then the product"), key=keys.hint("visit.count")
        )
        theme.least_width(self.finder.field, _SIDE - 2 * t.SPACE_3)
        panel.body.addWidget(self.finder)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self._go.clicked.connect(presenter.begin)
        self._order.clicked.connect(lambda: presenter.go_to("order"))
        self.modes.chosen.connect(presenter.choose_mode)
        self.questions.answered.connect(presenter.answer)
        self.questions.opened.connect(self._on_question_opened)
        self.model.edited.connect(lambda key, _column, text: presenter.answer(key, text))
        self.note.textEdited.connect(lambda text: presenter.type(note=text))
        self.step.textEdited.connect(lambda text: presenter.type(step=text))
        self.promise.textEdited.connect(lambda text: presenter.type(promise=text))
        self.promise.entered.connect(lambda _text: presenter.promise())
        self.score.textEdited.connect(lambda text: presenter.type(score=text))
        self.score.entered.connect(lambda _text: presenter.score())
        for field in (self.note, self.step):
            field.entered.connect(lambda _text: self.questions.setFocus())
        self.here.textEdited.connect(lambda text: presenter.type(here=text))
        self.here.entered.connect(lambda _text: presenter.say_here())
        for field in (self.note, self.step, self.promise, self.score, self.here):
            field.given_up.connect(self.questions.setFocus)
        self.finder.searched.connect(presenter.find)
        self.finder.chosen.connect(presenter.count)
        self.finder.left.connect(self.questions.setFocus)
        self.outcome.chosen.connect(self._on_outcome_chosen)
        self.outcome.left.connect(self._on_outcome_left)
        for action, slot in (
            ("start", presenter.begin), ("end", presenter.ask_end), ("mode", presenter.next_mode),
            ("step", self.step.setFocus), ("promise", self.promise.setFocus),
            ("score", self.score.setFocus), ("here", presenter.say_here),
            ("nowhere", presenter.keep_no_places),
            ("note", self.note.setFocus), ("count", self.finder.field.setFocus),
            ("photo", self._on_photo_wanted), ("ticket", presenter.open_ticket),
            ("order", lambda: presenter.go_to("order")),
            ("card", lambda: presenter.go_to("customer")), ("close", self._on_escaped),
        ):  # fmt: skip
            keys.bind(self, f"visit.{action}", slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_sheet(self, item: SheetItem) -> None:
        """Show the sheet."""
        self._pages.setCurrentIndex(0)
        self._header.set_title(item.title, [Run(item.facts, "muted")])
        words = keys.title("visit.end") if item.running else keys.title("visit.start")
        self._go.set_label(words, keys.hint("visit.end" if item.running else "visit.start"))
        self._go.setEnabled(item.running or item.startable)
        self.modes.setEnabled(not item.running)
        self.modes.choose(item.mode.value)
        self._questions.set_title(_("What this visit is for"), item.questions_note)
        current = self.questions.current_key()
        rows = {row.key: row for row in item.questions}
        self.model.set_keys(list(rows), rows)
        if current is None or not self.questions.select_key(current):
            self.questions.select_first()
        self._lists.setCurrentWidget(self.questions if rows else self._nothing)
        self._kept.set_pairs(item.kept)
        self._kept.setVisible(bool(item.kept))
        self._empty.setVisible(not item.kept)
        self._last.set_pairs(item.last or (Pair(_("Never met before"), ""),))
        self._offer = item.offer
        for label, text in (
            (self._step_on, item.step_on), (self._promise_on, item.promise_on),
            (self._score_due, item.offer),
        ):  # fmt: skip
            label.setText(text)
            label.setVisible(bool(text))
        self._notice.setVisible(bool(item.warning))
        if item.warning:
            self._notice.say([Run(item.warning)], tone="warning")

    def show_typed(self, typed: Typed) -> None:
        """Put the fields to these values."""
        for field, text in (
            (self.note, typed.note), (self.step, typed.step), (self.promise, typed.promise),
            (self.score, typed.score), (self.here, typed.here),
        ):  # fmt: skip
            field.put_text(text)
            if field.text() != text:
                field.setText(text)
        self.modes.choose(typed.mode.value)

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be counted."""
        self.finder.show_found(found)

    def ask_outcome(self, name: str, reasons: Sequence[ReasonRow]) -> None:
        """Ask how it ended."""
        self.outcome.show()
        if self._offer:
            words = f"{self._offer} {keys.hint('visit.score')}"
            self._notice.say([Run(words)], tone="accent", icon="star")
        self._go.set_kind("outline")
        self.outcome.ask(name, reasons)

    def show_missing(self, key: str) -> None:
        """Go to a question that has to be answered first."""
        self.questions.select_key(key)
        self.questions.setFocus()

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""
        self._gone.set_words(message, hint)
        self._pages.setCurrentIndex(1)

    # --------------------------------------------------------------------------------- input

    def _on_escaped(self) -> None:
        # In a field Esc is done with the field; what was typed stays.
        if self.focusWidget() in (
            self.step, self.promise, self.note, self.score, self.here,
        ):  # fmt: skip
            self.questions.setFocus()
        else:
            self.presenter.leave()

    def _on_question_opened(self, key: object) -> None:
        row = self.model.row_of(key) if isinstance(key, str) else None
        if isinstance(row, QuestionItem) and not row.has_options:
            self.questions.edit(self.model.index(self.model.place_of(row.key), 2))

    def _on_outcome_chosen(self, outcome: str, reason: object) -> None:
        self._on_outcome_left()
        self.presenter.end(outcome, reason if isinstance(reason, int) else None)

    def _on_outcome_left(self) -> None:
        self.outcome.hide()
        if self._offer:
            self._notice.hide()
        self._go.set_kind("filled")
        self.questions.setFocus()

    def _on_photo_wanted(self) -> None:
        place = QStandardPaths.StandardLocation.PicturesLocation
        name, _kind = QFileDialog.getOpenFileName(
            self, _("Choose a photo"), QStandardPaths.writableLocation(place),
            _("Pictures (*.png *.jpg *.jpeg *.webp)"),
        )  # fmt: skip
        if name:
            self.presenter.take_photo(Path(name))


def questions_model(parent: QWidget | None = None) -> RowsModel:
    """Objectives and questions in the order of the attention model."""
    columns = (
        Column("name", _("Objective or question"), lambda r: Cell(r.name), 190, stretch=True,
               sortable=False),
        Column("options", _("Answers"), lambda r: Cell(r.options, tone=Tone.MUTED), 214,
               sortable=False),
        Column("answer", _("Answer"), lambda r: Cell(r.answer, field=True), 112, sortable=False,
               editable=True),
        Column("state", _("State"), lambda r: Cell("", badge=r.state), 118, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def build(context: PlaceContext) -> VisitPlace:
    """Make the place."""
    return VisitPlace(context)

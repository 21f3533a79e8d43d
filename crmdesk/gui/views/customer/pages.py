"""The lower part of the card: value and people, or what was opened from it, or a form.

Owns which of them is shown and the keys that work on its rows. What opens and what is typed is the
presenters' (:mod:`.details`, :mod:`.editing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QStackedLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui.figure_words import FigureItem
from crmdesk.gui.opening_files import show_contents
from crmdesk.gui.views.customer.detail_words import ChangeItem, DocumentItem, PurchaseItem
from crmdesk.gui.views.customer.details import TextRow
from crmdesk.gui.views.customer.model import (
    changes_model,
    documents_model,
    people_model,
    plain_model,
    purchases_model,
)
from crmdesk.gui.views.customer.person_form import PersonForm
from crmdesk.gui.views.customer.presenter import CustomerPresenter
from crmdesk.gui.views.customer.value_people import ValueAndPeople
from crmdesk.gui.views.customer.words import CardItem, ContactItem
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.field_form import FieldForm, FormFrame
from crmdesk.gui.widgets.figure_panel import FigurePanel
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.i18n import _, ngettext, pgettext
from crmdesk.services.people import Person


class LowerPages(QWidget):
    """See the module. ``escaped``: Esc in a page; ``left``: a form closed by itself."""

    escaped = Signal()
    left = Signal()

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._currency = currency
        self._page = ""
        self._contact: int | None = None
        self._people: tuple[ContactItem, ...] = ()
        self._stack = QStackedLayout(self)
        self.both = ValueAndPeople(currency, self)
        self.details = FigurePanel(self)
        self.form = PersonForm(self)
        self.asked = FieldForm(keys.hint("customer.save"), self)
        for page in (self.both, self.details, self.form, self.asked):
            self._stack.addWidget(page)

    def follow(self, presenter: CustomerPresenter) -> None:
        """Take what is done here to the presenter of the card."""
        self._details, self._editing = presenter.details, presenter.editing
        self._new_at = presenter.new_at
        self.both.figure_wanted.connect(self._details.open_figure)
        self.both.figures_wanted.connect(self._details.open_figures)
        self.both.people_wanted.connect(self.show_people)
        self.both.documents_wanted.connect(self._details.open_documents)
        self.both.person_opened.connect(self._editing.open_person)
        self.details.closed.connect(self.escaped)
        self.details.opened.connect(self._on_opened)
        self.form.saved.connect(lambda p: self._editing.save_person(self._contact, p))
        self.asked.saved.connect(self._editing.submit)
        for form in (self.form, self.asked):
            form.closed.connect(self.escaped)

    def leave_form(self) -> bool:
        """Ask the form that is open to close; False where none is."""
        form = self._stack.currentWidget()
        if not isinstance(form, FormFrame):
            return False
        form.leave()
        return True

    def slots(self) -> Mapping[str, Callable[[], object]]:
        """What the card's keys do here."""
        return {
            "customer.add_contact": partial(self._editing.open_person, None),
            "customer.add_site": partial(self._editing.open_site, None),
            "customer.close_site": self._on_site_closing,
            "customer.edit": self._editing.open_data,
            "customer.contacts": self.show_people,
            "customer.erase": self._on_erasing,
            "customer.save": self._on_save_wanted,
            "customer.done": self._on_task_done,
            "customer.add_file": self._on_file_wanted,
            "customer.restore": partial(self._on_restore_wanted, older=False),
            "customer.before": partial(self._on_restore_wanted, older=True),
        }

    def is_open(self) -> bool:
        """Whether something stands in place of value and people."""
        return self._stack.currentWidget() is not self.both

    def close_page(self) -> None:
        """Show value and people again."""
        self._page = ""
        self._details.forget()
        self._stack.setCurrentWidget(self.both)

    def show_card(self, card: CardItem) -> None:
        """Show another customer, or the same one as it is now."""
        self._people = card.contacts
        self.both.show_card(card)
        if self._page == "contact" and self._stack.currentWidget() is self.details:
            self.show_people()

    # ------------------------------------------------------------------- the presenters' view

    def show_figure(self, item: FigureItem) -> None:
        """Open a figure."""
        self._page = "figure"
        self.details.show_figure(item)
        self._open_details()

    def show_purchases(self, item: FigureItem, rows: Sequence[PurchaseItem]) -> None:
        """Show all purchases of a SKU."""
        model = purchases_model(self._currency, self.details)
        model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        sums = [(one.what, one.quantity, one.amount) for one in item.sums]
        self._show_page("sale", item.name, item.value, model, formula=item.formula, sums=sums)

    def show_documents(self, rows: Sequence[DocumentItem]) -> None:
        """Show all files of the customer."""
        model = documents_model(self.details)
        model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        self._show_page(
            "file", _("Documents"), "", model, empty=_("No files yet."),
            formula=_("Files dropped here are kept with the customer; Enter opens one."),
        )  # fmt: skip
        self._offer((_("Add a file"), "customer.add_file", self._on_file_wanted))

    def show_changes(self, title: str, rows: Sequence[ChangeItem]) -> None:
        """Show who changed what."""
        model = changes_model(self.details)
        model.set_keys([row.key for row in rows], {row.key: row for row in rows})
        self._show_page(
            "change", title, "", model, empty=_("Nothing was changed since records began."),
            formula=_("Putting a value back is a change of its own: it is sent and can be undone."),
        )  # fmt: skip
        if rows:
            self._offer(
                (_("Put it back"), "customer.restore",
                 partial(self._on_restore_wanted, older=False)),
                (_("What was before"), "customer.before",
                 partial(self._on_restore_wanted, older=True)),
            )  # fmt: skip

    def show_tasks(self, rows: Sequence[TextRow]) -> None:
        """Show promises and tasks."""
        headings = [
            (_("What"), 260), (pgettext("task", "Due"), 110), (_("Who"), 150), ("", 80),
        ]  # fmt: skip
        self._show_texts("task", _("Promises and tasks"), headings, rows,
                         empty=_("Nothing is promised."))  # fmt: skip
        done = (_("Done"), "customer.done", self._on_task_done)
        new = (_("New task"), "customer.new_task", partial(self._new_at, "tasks"))
        self._offer(*((done,) if rows else ()), new)

    def show_sites(self, rows: Sequence[TextRow]) -> None:
        """Show places of delivery."""
        headings = [(_("Name"), 160), (_("Street and town"), 210), (_("Opening"), 190),
                    (_("Delivery"), 190), ("", 100)]  # fmt: skip
        self._show_texts("site", _("Sites"), headings, rows,
                         empty=_("Goods go to the customer's address."))  # fmt: skip
        new = (_("New site"), "customer.add_site", partial(self._editing.open_site, None))
        close = (_("Close or open again"), "customer.close_site", self._on_site_closing)
        self._offer(new, *((close,) if rows else ()))

    def show_people(self) -> None:
        """Show all people of the customer."""
        model = people_model(self.details)
        model.set_keys([one.key for one in self._people], {one.key: one for one in self._people})
        self._details.forget()
        count = len(self._people)
        note = ngettext("{count} person", "{count} people", count).format(count=count)
        self._show_page(
            "contact", _("Contacts"), note if count else "", model, empty=_("Nobody yet."),
            formula=_("Enter changes a person; H on the card tells who changed what."),
        )  # fmt: skip
        new = partial(self._editing.open_person, None)
        self._offer((_("New contact"), "customer.add_contact", new))

    def show_person(self, contact_id: int | None, person: Person, today: str) -> None:
        """Open the form of a person."""
        self._contact = contact_id
        self._stack.setCurrentWidget(self.form)
        self.form.show_person(person.name or _("New contact"), person, today)
        if contact_id is not None:
            erase = KeyHintButton(
                _("Erase for good"), keys.hint("customer.erase"), kind="quiet", parent=self.form
            )
            erase.clicked.connect(self._on_erasing)
            self.form.set_actions([erase])

    def show_form(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Open a form."""
        self._stack.setCurrentWidget(self.asked)
        self.asked.show_form(title, note, fields)

    def say_wrong(self, field: str, words: str) -> None:
        """Say what is wrong in the form."""
        if self._stack.currentWidget() is self.form:
            self.form.say(field, words)
        else:
            self.asked.say(field, words)

    def close_form(self) -> None:
        """The form goes, what was open before it does not come back."""
        if self._stack.currentWidget() in (self.form, self.asked):
            self.close_page()
            self.left.emit()

    def open_file(self, name: str, data: bytes) -> None:
        """Show the contents of a file."""
        show_contents(name, data)

    # --------------------------------------------------------------------------------- pages

    def _offer(self, *steps: tuple[str, str, Callable[[], object]]) -> None:
        buttons = []
        for words, action, slot in steps:
            button = KeyHintButton(words, keys.hint(action), parent=self.details)
            button.clicked.connect(lambda _on=False, slot=slot: slot())
            buttons.append(button)
        self.details.set_actions(buttons)

    def _show_texts(
        self,
        page: str,
        title: str,
        headings: Sequence[tuple[str, int]],
        rows: Sequence[TextRow],
        *,
        empty: str,
    ) -> None:
        model = plain_model(headings, self.details)
        model.set_keys([key for key, _texts in rows], dict(rows))
        self._show_page(page, title, "", model, empty=empty)

    def _show_page(self, page: str, title: str, note: str, model: RowsModel, **more: Any) -> None:
        again = self._page == page and self._stack.currentWidget() is self.details
        kept = self.details.table.current_key() if again and self.details.table else None
        self._page = page
        self.details.show_rows(title, note, model, **more)
        if kept is not None and self.details.table is not None:
            self.details.table.select_key(kept)
        self._open_details()

    def _open_details(self) -> None:
        self._stack.setCurrentWidget(self.details)
        self.details.focus_table()

    def _chosen(self, page: str) -> int | None:
        """The row of a page that the bar is on; None where another one is open."""
        table = self.details.table
        if self._stack.currentWidget() is not self.details or self._page != page or table is None:
            return None
        key = table.current_key()
        return None if key is None else int(str(key))

    # --------------------------------------------------------------------------------- input

    def _on_opened(self, key: object) -> None:
        """Enter on a row of what is open."""
        if self._page == "figure":
            self._details.open_target(str(key))
        elif self._page == "sale":
            self._details.open_target(f"sale:{int(str(key)) // 10_000}")
        elif self._page == "contact":
            self._editing.open_person(int(str(key)))
        elif self._page == "site":
            self._editing.open_site(int(str(key)))
        elif self._page in ("file", "change"):
            self._details.open_target(f"{self._page}:{key}")

    def _on_restore_wanted(self, *, older: bool) -> None:
        chosen = self._chosen("change")
        if chosen is not None:
            self._details.restore(chosen, older=older)

    def _on_task_done(self) -> None:
        chosen = self._chosen("task")
        if chosen is not None:
            self._details.finish_task(chosen)

    def _on_site_closing(self) -> None:
        chosen = self._chosen("site")
        if chosen is not None:
            self._editing.close_or_open_site(chosen)

    def _on_save_wanted(self) -> None:
        if self._stack.currentWidget() is self.form:
            self.form.submit()
        elif self._stack.currentWidget() is self.asked:
            self.asked.submit()

    def _on_erasing(self) -> None:
        if self._stack.currentWidget() is self.form and self._contact is not None:
            self._editing.erase_person(self._contact)

    def _on_file_wanted(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self, _("Add a file"))
        self._details.add_files([Path(path) for path in paths])

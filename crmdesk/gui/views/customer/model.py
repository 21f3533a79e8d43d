"""The tables that open inside the card: purchases of a SKU, all people, documents.

Owns their columns. Rows come from the presenter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from crmdesk.gui.views.customer.detail_words import ChangeItem, DocumentItem, PurchaseItem
from crmdesk.gui.views.customer.words import ContactItem
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.i18n import CURRENCY_SIGNS, _


def _purchase(text: str, row: PurchaseItem, *, strong: bool = False) -> Cell:
    return Cell(text, tone=Tone.DANGER if row.is_return else Tone.PLAIN, strong=strong)


def purchases_model(currency: str, parent: QObject) -> RowsModel:
    """All purchases of one SKU; keys are :attr:`PurchaseItem.key`."""
    sign = CURRENCY_SIGNS.get(currency, currency)
    columns = (
        Column("date", _("Date"), lambda r: _purchase(r.date_text, r), 110, sortable=False),
        Column(
            "document", _("Document"), lambda r: Cell(r.document, tone=Tone.MUTED), 140,
            sortable=False, stretch=True,
        ),
        Column("packs", _("Quantity"), lambda r: _purchase(r.packs, r), 110, right=True,
               sortable=False),
        Column("units", _("Units"), lambda r: _purchase(r.units, r), 80, right=True,
               sortable=False),
        Column("price", _("Price {currency}").format(currency=sign), lambda r: Cell(r.price), 90,
               right=True, sortable=False),
        Column("discount", _("Discount {currency}").format(currency=sign),
               lambda r: Cell(r.discount, tone=Tone.GOOD), 110, right=True, sortable=False),
        Column("net", _("Net {currency}").format(currency=sign),
               lambda r: _purchase(r.net, r, strong=True), 100, right=True, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def people_model(parent: QObject) -> RowsModel:
    """All people of a customer; keys are :attr:`ContactItem.key`."""

    def cell(text: str) -> Cell:
        return Cell(text)

    def name(row: ContactItem) -> Cell:
        return Cell(row.name, unit=row.job)

    columns = (
        Column("name", _("Name"), name, 200, stretch=True, sortable=False),
        Column("reach", _("Telephone"), lambda r: cell(r.reach), 150, sortable=False),
        Column("detail", _("E-mail, consent"), lambda r: cell(r.detail), 240, sortable=False),
        Column("note", _("Best time"), lambda r: cell(r.note), 120, sortable=False),
    )
    return RowsModel(columns, parent=parent)


def documents_model(parent: QObject) -> RowsModel:
    """All files of a customer; keys are :attr:`DocumentItem.key`."""

    def name(row: DocumentItem) -> Cell:
        return Cell(row.name, icon="document")

    columns = (
        Column("name", _("Document"), name, 240, stretch=True, sortable=False),
        Column("kind", _("Kind"), lambda r: Cell(r.kind, tone=Tone.MUTED), 120, sortable=False),
        Column("taken", _("Date"), lambda r: Cell(r.taken), 120, sortable=False),
        Column("size", _("Size"), lambda r: Cell(r.size), 90, right=True, sortable=False),
    )
    return RowsModel(columns, parent=parent)


def changes_model(parent: QObject) -> RowsModel:
    """Who changed what; keys are :attr:`ChangeItem.key`."""

    def standing(row: ChangeItem) -> Cell:
        if row.kept:
            return Cell(row.standing, tone=Tone.MUTED)
        return Cell(row.standing, tone=Tone.WARNING, icon="warning")

    columns = (
        Column("when", _("When"), lambda r: Cell(r.when), 150, sortable=False),
        Column("who", _("Who"), lambda r: Cell(r.who), 120, sortable=False),
        Column("field", _("Field"), lambda r: Cell(r.field, unit=r.about, strong=True), 150,
               sortable=False),
        Column("old", _("Before"), lambda r: Cell(r.old, tone=Tone.MUTED), 150, sortable=False),
        Column("new", _("After"), lambda r: Cell(r.new), 150, sortable=False, stretch=True),
        Column("standing", "", standing, 180, sortable=False),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def plain_model(headings: Sequence[tuple[str, int]], parent: QObject) -> RowsModel:
    """Rows of texts under headings of a width; the first column takes what is left."""

    def cell(at: int) -> Callable[[Sequence[str]], Cell]:
        return lambda row: Cell(row[at], tone=Tone.PLAIN if at == 0 else Tone.MUTED)

    columns = [
        Column(f"c{at}", title, cell(at), width, sortable=False, stretch=at == 0)
        for at, (title, width) in enumerate(headings)
    ]
    return RowsModel(columns, parent=parent)

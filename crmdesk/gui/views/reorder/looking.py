"""The current row of the board in detail, without Qt: at once what is known, then what is read."""

from __future__ import annotations

from typing import Protocol

from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.reorder import detail_words
from crmdesk.gui.views.reorder.items import DetailItem
from crmdesk.gui.views.reorder.steps import Board
from crmdesk.services.queries.reorder import PairKey, ReorderRow
from crmdesk.services.queries.reorder_detail import SkuDetail, sku_detail


class DetailView(Protocol):
    """What the detail asks of the widget."""

    def show_detail(self, item: DetailItem | None) -> None:
        """Show the current row in detail."""


class DetailPresenter:
    """See the module; ``closed`` follows its owner."""

    def __init__(self, context: PlaceContext, view: DetailView, board: Board) -> None:
        self.closed = False
        self.key: PairKey | None = None
        self._ws = context.workspace
        self._runner = context.runner
        self._view = view
        self._board = board

    def look_at(self, key: PairKey | None) -> None:
        """Show a row."""
        self.key = key
        row = None if key is None else self._board.row(key)
        if key is None or row is None:
            return
        self._show(row, None)
        ws = self._ws
        self._runner.read(
            lambda: sku_detail(ws, key), lambda found: self._on_read(key, found), owner=self
        )

    def _on_read(self, key: PairKey, detail: SkuDetail) -> None:
        row = self._board.row(key)
        if key == self.key and row is not None:
            self._show(row, detail)

    def _show(self, row: ReorderRow, detail: SkuDetail | None) -> None:
        pack = self._board.pack(row)
        self._view.show_detail(detail_words.detail_item(row, pack, detail, self._ws.today()))

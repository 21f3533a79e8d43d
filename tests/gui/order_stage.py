"""What an order editor showed."""

from __future__ import annotations

from collections.abc import Sequence

from crmdesk.gui.views.order.words import SheetItem
from crmdesk.services.queries.order import (
    FoundProduct,
)


class FakeView:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.sheet: SheetItem | None = None
        self.saved: list[bool] = []
        self.found: list[FoundProduct] = []
        self.selected: list[int] = []
        self.gone = ""

    def show_sheet(self, sheet: SheetItem) -> None:
        self.sheet = sheet

    def show_saving(self, *, saved: bool) -> None:
        self.saved.append(saved)

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        self.found = list(found)

    def select_line(self, product_id: int) -> None:
        self.selected.append(product_id)

    def mark_line(self, product_id: int) -> None:
        self.selected.append(product_id)

    def show_gone(self, message: str, hint: str) -> None:
        self.gone = message

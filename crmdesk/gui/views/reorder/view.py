"""What the board's presenter asks of its widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crmdesk.gui.views.reorder.items import Grouping, GroupItem, RowItem, TileItem
from crmdesk.gui.views.reorder.looking import DetailView
from crmdesk.gui.views.reorder.losses import LossesView
from crmdesk.gui.views.reorder.steps import StepsView
from crmdesk.services.queries.reorder import PairKey
from crmdesk.services.queries.reorder_filter import AreaRow


class ReorderView(StepsView, LossesView, DetailView, Protocol):
    """The board, its steps, the list of losses and the detail of a row."""

    def show_tiles(self, tiles: Sequence[TileItem]) -> None:
        """Show the counts."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_routes(self, stops_today: int, stops_week: int) -> None:
        """Show how many stops each route has."""

    def show_areas(self, areas: Sequence[AreaRow], chosen: str, *, several: bool) -> None:
        """Show what areas there are and which is chosen; ``several`` when there is a choice."""

    def show_entries(
        self, entries: Sequence[PairKey | GroupItem], picks: frozenset[PairKey]
    ) -> None:
        """Show keys and headings; rows are asked for as they come into view."""

    def select(self, key: PairKey) -> None:
        """Move the selection to a row."""

    def put_rows(self, items: dict[PairKey, RowItem]) -> None:
        """Rows that were asked for or have changed."""

    def show_sentence(self, sentence: str) -> None:
        """Say what the table shows."""

    def show_total(self, picked: str, amount: str, count: int) -> None:
        """Show what the picks come to; `count` is for the button."""

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row; an empty title takes it away."""

    def show_mode(self, grouping: Grouping) -> None:
        """Show the board or the list of customers who stop buying."""

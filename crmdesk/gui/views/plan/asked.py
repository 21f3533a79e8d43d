"""What the plan's presenter asks of its widget. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from crmdesk.gui.views.plan.items import CardItem, DayItem, FormItem, UnplannedItem, VariantItem
from crmdesk.gui.views.plan.reasons import Explanation
from crmdesk.gui.views.plan.totals import Heading
from crmdesk.gui.widgets.map_items import Home, MapStop

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Control


class PlanView(Protocol):
    """What the presenter asks of the widget."""

    def show_person(self, name: str) -> None:
        """Show whose plan it is; empty where there is no choice."""

    def ask_person(self, people: Sequence[tuple[int, str]]) -> None:
        """Offer whose plan to show."""

    def show_heading(self, heading: Heading) -> None:
        """Show week and totals."""

    def show_days(self, days: Sequence[DayItem]) -> None:
        """Show the board."""

    def show_selected(self, card: int | None) -> None:
        """Mark a card."""

    def show_explanation(self, explanation: Explanation | None, card: CardItem | None) -> None:
        """Show the bar under the board, with what can be done to the card."""

    def show_map(self, title: str, note: str, stops: Sequence[MapStop], home: Home | None) -> None:
        """Show a day's route."""

    def show_unplanned(self, note: str, items: Sequence[UnplannedItem]) -> None:
        """Show who is left out."""

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far a re-plan is; an empty text takes it away."""

    def show_outcome(self, strong: str, middle: str, margin: str) -> None:
        """Show what the re-plan changed; an empty beginning takes it away."""

    def show_variants(self, items: Sequence[VariantItem], chosen: str) -> None:
        """Show plans side by side, one of them on the board; none takes them away."""

    def ask(self, form: FormItem | None) -> None:
        """Ask for a few things in a strip, or take it away."""

    def complain(self, field: str, words: str) -> None:
        """Say what is wrong with a field of the strip; what was typed stays."""

    def ask_file(self, stem: str, ending: str) -> str:
        """Where a file is to be written; empty when not wanted."""

    def open_links(self, links: Sequence[tuple[str, str]]) -> None:
        """Offer links by their titles."""

    def new_control(self) -> Control:
        """Make what a job reports to and is cancelled by."""

"""What the place of prices shows, as frozen values without Qt: forms, tables, tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from crmdesk.gui.widgets.items import Tone, WaterfallStep


class Section(StrEnum):
    """The parts of the place."""

    LISTS = "lists"
    PROMOTIONS = "promotions"
    COSTS = "costs"
    MARGINS = "margins"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class FormField:
    """A field to type in; ``width`` in px before text scale, ``choices`` turn it into a choice."""

    key: str
    label: str
    text: str = ""
    hint: str = ""
    width: int = 120
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form: what it is for, its fields in typing order, the words of its button."""

    title: str
    fields: tuple[FormField, ...]
    submit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one of the tables, keys in order."""

    name: str
    rows: Mapping[Any, Any] = field(default_factory=dict)
    empty: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its label and what stands beside it."""

    label: str
    value: str
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class MapCell:
    """A cell of the margin map; ``margin`` None has its reason in ``text``."""

    segment: str
    category_id: int | None
    text: str
    detail: str
    margin: float | None
    spoken: str


@dataclass(frozen=True, slots=True)
class MapItem:
    """The margin map: names of rows and columns, cells row by row (None: nothing sold).

    ``categories`` is how many there are in all.
    """

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    cells: tuple[tuple[MapCell | None, ...], ...] = ()
    categories: int = 0


class PricesView(Protocol):
    """What the presenters ask of the widget."""

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""

    def show_section(self, section: Section) -> None:
        """Show a part of the place."""

    def show_table(self, table: Table) -> None:
        """Show the rows of a table."""

    def show_form(self, form: Form) -> None:
        """Open a form, the keyboard in its first field."""

    def show_preview(self, text: str, tone: Tone) -> None:
        """Say what the form means so far."""

    def show_problem(self, field: str, text: str) -> None:
        """Say what is wrong with a field; what was typed stays."""

    def close_form(self) -> None:
        """Close the form; the keyboard goes back to the table."""

    def show_map(self, item: MapItem) -> None:
        """Show the margin map."""

    def show_waterfall(self, title: str, note: str, steps: Sequence[WaterfallStep]) -> None:
        """Show the way from list price to margin."""

    def show_count(self, text: str) -> None:
        """Say how many lines are behind the figures."""

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far the simulation is; empty text: it has ended."""

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show the result of a simulation in a few figures."""

    def open_page(self, name: str) -> None:
        """Bring one of the alternative tables of a section to the front."""

"""A walk over the card in the real window: every number opens into what it is made of.

Which numbers there are is asked of the window, not of a list: each widget that shows a digit is
either a figure that opens, or is named here with where its rows open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.gui.figure_words import figure_name
from crmdesk.gui.jobs import Runner
from crmdesk.gui.shell import MainWindow
from crmdesk.gui.views.customer.widget import CustomerPlace
from crmdesk.gui.widgets.lines import LineLabel, TextLabel
from crmdesk.i18n import format_money, format_number
from crmdesk.services.queries.customer_figures import FigureKey
from crmdesk.services.queries.customers import CustomerFilter, CustomerSort, customer_keys
from crmdesk.services.workspace import Workspace
from tests.gui.card_books import Books, expected, trouble

_ROWS = {"PeopleList", "MonthBars", "EventList", "HeatTable", "TimelineOverview"}
"""Lists whose rows are opened one by one, not figures."""

_COUNTED = {
    "What they buy": FigureKey.SKUS,
    "Timeline": FigureKey.EVENTS,
    "Documents": FigureKey.DOCUMENTS,
}
"""Headings that count rows standing right below them; F lists them among the figures."""

_WORDS = ("Value, 12 m", "Buys every")
"""A panel's name; and the sentence of the SKU selected, whose purchases Enter opens."""


@dataclass(frozen=True)
class Shown:
    """A number on the card: the words it stands in and how it is opened."""

    words: str
    widget: QWidget
    part: int | None = None


def shown_numbers(place: CustomerPlace) -> Iterator[Shown]:
    """Every number on the card, part by part."""
    for widget in place.findChildren(QWidget):
        if not widget.isVisible() or type(widget).__name__ in _ROWS:
            continue
        parts: Any = widget
        if hasattr(widget, "part_count"):
            for part in range(parts.part_count()):
                words = parts.part_text(part)
                if any(sign.isdigit() for sign in words):
                    yield Shown(words, widget, part)
        elif isinstance(widget, LineLabel | TextLabel | QAbstractButton):
            words = widget.text() or widget.accessibleName()
            if any(sign.isdigit() for sign in words):
                yield Shown(words, widget)


@pytest.fixture
def busiest(demo: Workspace) -> int:
    found = customer_keys(demo, CustomerFilter(), CustomerSort.NET, descending=True)[0]
    trouble(demo, found, seed=77, costs_known=True)
    return found


def test_every_number_on_the_card_opens_and_is_what_the_plain_rows_say(
    busiest: int, window: MainWindow, demo: Workspace, runner: Runner, qtbot: QtBot
) -> None:
    window.go("customer", account=busiest)
    place = window.place("customer")
    assert isinstance(place, CustomerPlace)
    qtbot.waitUntil(lambda: runner.running == 0)
    names = {figure_name(key): key for key in FigureKey}
    wanted = expected(Books(demo, busiest))
    found: dict[FigureKey, str] = {}
    for shown in list(shown_numbers(place)):
        if shown.words.startswith(_WORDS) or ("Buys every" in shown.words):
            continue
        heading = next(
            (key for word, key in _COUNTED.items() if shown.words.startswith(word)), None
        )
        if heading is not None:
            found[heading] = shown.words
            continue
        parts: Any = shown.widget
        if shown.part is not None:
            parts.setFocus()
            parts.set_part(shown.part)
            qtbot.keyClick(shown.widget, Qt.Key.Key_Return)
        else:
            assert isinstance(shown.widget, QAbstractButton), shown.words
            shown.widget.click()
        qtbot.waitUntil(lambda: runner.running == 0)
        details = place.pages.details
        assert details.isVisible(), f"nothing opens: {shown.words}"
        assert details.formula.text(), shown.words
        key = names[str(details.accessibleName())]
        found[key] = shown.words
        place.pages.close_page()
        qtbot.waitUntil(lambda: runner.running == 0)
    for key, words in found.items():
        value = wanted[key]()
        assert value is not None, words
        assert any(form in words for form in _forms(key, value, demo.currency)), (key, words, value)
    assert set(found) >= {
        FigureKey.CONTRIBUTION, FigureKey.LIFETIME, FigureKey.CREDIT, FigureKey.TERMS,
        FigureKey.REVENUE, FigureKey.DISCOUNTS, FigureKey.COST_OF_GOODS, FigureKey.VISITS,
        FigureKey.DELIVERY, FigureKey.ORDERS, FigureKey.DEBT, FigureKey.BREAK_EVEN,
        FigureKey.EVENTS, FigureKey.SKUS, FigureKey.LATE,
    }  # fmt: skip


def _forms(key: FigureKey, value: float, currency: str) -> set[str]:
    """The ways in which a figure may stand on the card; money is shown in whole units."""
    if key in (FigureKey.NEXT_VISIT, FigureKey.OPENING, FigureKey.OWNER, FigureKey.DUE):
        return {""}  # a day, a time, a name, two counts: their values are compared elsewhere
    if key in (FigureKey.TERMS, FigureKey.EVENTS, FigureKey.SKUS, FigureKey.DOCUMENTS,
               FigureKey.SATISFACTION, FigureKey.TICKETS):  # fmt: skip
        return {format_number(int(value))}
    minor = {round(value) + step for step in (-5, -1, 0, 1, 5)}
    return {
        format_money(abs(one), currency, decimals=places).lstrip("€")
        for one in minor for places in (0, 2)
    }  # fmt: skip

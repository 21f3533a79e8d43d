"""The menu at the person's name: what can be set, and the places that belong to no day's work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from crmdesk.gui import keys
from crmdesk.gui.presenting import PlaceSpec

PLACES = ("maps", "company")
"""For those whose role has them."""


def person_menu(
    parent: QWidget,
    actions: Sequence[tuple[str, Callable[[], object]]],
    places: Mapping[str, PlaceSpec],
    go: Callable[[str], None],
) -> QMenu:
    """The menu; ``actions`` are names of the key map with what they do."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for action, slot in actions:
        entry = menu.addAction(f"{keys.title(action)}\t{keys.hint(action)}")
        entry.triggered.connect(lambda _on=False, slot=slot: slot())
    menu.addSeparator()
    for key in PLACES:
        if key in places:
            entry = menu.addAction(places[key].title())
            entry.triggered.connect(lambda _on=False, key=key: go(key))
    return menu


def show_above(menu: QMenu, person: QWidget) -> None:
    """Open a menu over the person's name."""
    corner = person.mapToGlobal(person.rect().topLeft())
    menu.popup(QPoint(corner.x(), corner.y() - menu.sizeHint().height()))

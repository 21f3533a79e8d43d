"""What can be done in the window, as lines of the command field: places and the keys bound.

Owns collecting them; what a key does is bound where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QWidget

from crmdesk.gui.finding import command_hit
from crmdesk.gui.presenting import Hit, PlaceSpec, Target
from crmdesk.i18n import _


def place_hits(specs: Iterable[PlaceSpec]) -> list[Hit]:
    """The places one can go to, those of the rail with their number."""
    shown = [spec for spec in specs if spec.in_rail or spec.alone]
    hits = [
        Hit(_("Go to"), spec.title(), "", spec.icon, Target(spec.key),
            keys=f"Ctrl+{number}" if number < 10 and spec.in_rail else "")
        for number, spec in enumerate(shown, start=1)
    ]  # fmt: skip
    for spec in shown:
        if spec.inner is not None:
            hits += [
                Hit(_("Go to"), f"{spec.title()}: {words}", "", spec.icon, Target(spec.key, args))
                for words, args in spec.inner()
            ]
    return hits


def key_hits(
    window: QWidget, owners: Sequence[QWidget], offers: Callable[[str], bool]
) -> list[Hit]:
    """The actions bound in these widgets, each once; global ones come from the window only."""
    hits, seen = [], set()
    for owner in owners:
        for shortcut in owner.findChildren(QShortcut):
            action = shortcut.objectName()
            in_place = action and (owner is window) == action.startswith("global.")
            offered = action != "global.search" and offers(action)
            if in_place and offered and action not in seen:
                seen.add(action)
                hits.append(command_hit(action, shortcut.activated.emit))
    return hits

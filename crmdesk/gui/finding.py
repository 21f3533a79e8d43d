"""What the command field finds: hits of the search index as lines with a target.

Owns grouping, icons and where Enter goes. The search itself is
:mod:`crmdesk.services.queries.search`; which commands there are is the shell's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crmdesk.gui import keys
from crmdesk.gui.presenting import Hit, Target
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.services.queries.search import FoundRow
    from crmdesk.services.workspace import Workspace

MOST_OF_A_KIND = 6
_ORDER = ("account", "contact", "product", "order", "quote", "ticket", "note")
_ICONS = {
    "account": "shop", "contact": "user", "product": "box", "order": "orders",
    "quote": "document", "ticket": "ticket", "note": "note",
}  # fmt: skip


def find_hits(ws: Workspace, text: str) -> list[Hit]:
    """The best hits, grouped by kind, at most six of each; runs off the interface thread."""
    from crmdesk.services.queries.search import find

    rows = find(ws, text, limit=40)
    hits: list[Hit] = []
    for kind in _ORDER:
        of_kind = [row for row in rows if row.kind == kind]
        hits += [_hit(row) for row in of_kind[:MOST_OF_A_KIND]]
    return hits


def _hit(row: FoundRow) -> Hit:
    groups = {
        "account": _("Customers"),
        "contact": _("People"),
        "product": _("SKUs"),
        "order": _("Orders"),
        "quote": _("Quotes"),
        "ticket": _("Tickets"),
        "note": _("Notes"),
    }
    detail = " · ".join(part for part in (row.code, row.detail) if part)
    if row.kind == "product":
        target = Target("reorder", {"product": row.id})
    elif row.kind == "order":
        target = Target("order", {"order": row.id})
    elif row.kind == "quote":
        target = Target("quote", {"quote": row.id})
    else:
        target = Target("customer", {"account": row.account_id})
    return Hit(groups[row.kind], row.title, detail, _ICONS[row.kind], target)


def starts_with(hit: Hit, text: str) -> bool:
    """Whether the hit's title begins with what was typed."""
    return hit.title.casefold().startswith(text.strip().casefold())


def command_hit(action: str, run: Callable[[], None]) -> Hit:
    """A command of the key map as a line with its key."""
    return Hit(
        _("Commands"), keys.title(action), icon="command", action=run, keys=keys.hint(action)
    )

"""What the command field finds: hits of the search index as lines with a target.

Owns grouping, icons and where Enter goes. The search itself is
:mod:`crmdesk.services.queries.search`; which commands there are is the shell's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from crmdesk.domain.states import (
    OrderStatus,
    QuoteStatus,
    order_status_word,
    quote_status_word,
)
from crmdesk.gui import keys
from crmdesk.gui.presenting import Hit, Target
from crmdesk.i18n import _, format_date

if TYPE_CHECKING:
    from crmdesk.services.queries.search import FoundRow
    from crmdesk.services.workspace import Workspace

MOST_OF_A_KIND = 6
_ICONS = {
    "account": "shop", "contact": "user", "product": "box", "order": "orders",
    "quote": "document", "ticket": "ticket", "note": "note", "return_request": "return",
    "opportunity": "goals", "lead": "user", "promise": "check", "invoice": "euro",
}  # fmt: skip


def find_hits(ws: Workspace, text: str) -> list[Hit]:
    """The best hits, grouped by kind, at most six of each; runs off the interface thread."""
    from crmdesk.services.queries.search import find_of_each

    return [hit for row in find_of_each(ws, text, each=MOST_OF_A_KIND) for hit in _hits(row)]


def recent_hits(ws: Workspace) -> list[Hit]:
    """What was opened last, as one group; reads what the first misspelt word would wait for."""
    from crmdesk.services import recents
    from crmdesk.services.queries.search import warm

    warm(ws)
    return [hit for row in recents.recent_rows(ws) for hit in _hits(row, _("Opened last"))]


def note_chosen(ws: Workspace, hit: Hit) -> None:
    """Remember a row that was opened."""
    from crmdesk.services import recents

    if hit.row is not None:
        recents.note_opened(ws, *hit.row)


def _hits(row: FoundRow, group: str = "") -> list[Hit]:
    target = _target(row)
    if target is None:
        return []
    groups = {
        "account": _("Customers"), "contact": _("People"), "product": _("SKUs"),
        "order": _("Orders"), "quote": _("Quotes"), "ticket": _("Tickets"), "note": _("Notes"),
        "return_request": _("Returns"), "opportunity": _("Opportunities"), "lead": _("Leads"),
        "promise": _("Tasks"), "invoice": _("Invoices"),
    }  # fmt: skip
    detail = " · ".join(part for part in (_code(row), row.detail) if part)
    named = group or groups[row.kind]
    return [Hit(named, row.title, detail, _ICONS[row.kind], target, row=(row.kind, row.id))]


def _code(row: FoundRow) -> str:
    """A state or day in words; codes as they are."""
    if row.kind == "order":
        return order_status_word(OrderStatus(row.code))
    if row.kind == "quote":
        return quote_status_word(QuoteStatus(row.code))
    if row.kind in ("promise", "note", "return_request") and row.code:
        return format_date(date.fromisoformat(row.code), year=True)
    return "" if row.kind in ("opportunity", "lead", "invoice") else row.code


def _target(row: FoundRow) -> Target | None:
    """Where Enter goes; places that a role does not have lead to the customer instead."""
    customer = None
    if row.account_id is not None:
        customer = Target("customer", {"account": row.account_id})
    own = {
        "product": Target("reorder", {"product": row.id}),
        "order": Target("order", {"order": row.id}),
        "quote": Target("quote", {"quote": row.id}),
        "ticket": Target("service", {"ticket": row.id}, customer),
        "opportunity": Target("pipeline", {"deal": row.id}, customer),
        "lead": Target("pipeline", {"mode": "leads"}, customer),
        "promise": Target("tasks", {"promise": row.id}, customer),
    }
    return own.get(row.kind, customer)


def plain(text: str) -> str:
    """A text as commands are compared: without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).strip()


def starts_with(hit: Hit, text: str) -> bool:
    """Whether the hit's title begins with what was typed."""
    return plain(hit.title).startswith(plain(text))


def says(hit: Hit, text: str) -> bool:
    """Whether the hit's title has what was typed, or a word beginning with each word of it."""
    title, wanted = plain(hit.title), plain(text)
    begun = title.split()
    return wanted in title or all(
        any(word.startswith(part) for word in begun) for part in wanted.split()
    )


def command_hit(action: str, run: Callable[[], None]) -> Hit:
    """A command of the key map as a line with its key."""
    return Hit(
        _("Commands"), keys.title(action), icon="command", action=run, keys=keys.hint(action)
    )

"""What is said to a ticket and whose it becomes, on the writer's thread; met with what others did.

No Qt. The steps themselves are :mod:`crmdesk.services.tickets`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.states import TicketStatus
from crmdesk.gui.form_meeting import Filled, Theirs, keep
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _
from crmdesk.services import tickets
from crmdesk.services.queries.ticket_sheet import TicketSheet, ticket_sheet
from crmdesk.services.workspace import Workspace


class Words(StrEnum):
    """What is being written to a ticket."""

    REPLY = "reply"
    INCOMING = "incoming"
    NOTE = "note"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    ESCALATE = "escalate"


_ENDS = {Words.RESOLVE: TicketStatus.RESOLVED, Words.REOPEN: TicketStatus.OPEN}


def say_words(ws: Workspace, ticket_id: int, kind: Words, text: str) -> tuple[ChangeSet, bool]:
    """Write words to a ticket, and whether somebody else has taken their step already.

    Such words are kept as a note. Raises what the step raises.
    """
    steps: Mapping[Words, Callable[[], ChangeSet]] = {
        Words.REPLY: lambda: tickets.write_message(ws, ticket_id, text),
        Words.INCOMING: lambda: tickets.write_message(ws, ticket_id, text, incoming=True),
        Words.NOTE: lambda: tickets.write_note(ws, ticket_id, text),
        Words.RESOLVE: lambda: tickets.set_status(ws, ticket_id, TicketStatus.RESOLVED, text),
        Words.REOPEN: lambda: tickets.set_status(ws, ticket_id, TicketStatus.OPEN, text),
        Words.ESCALATE: lambda: tickets.escalate(ws, ticket_id, text),
    }
    with ws.database.undisturbed():
        now = ticket_sheet(ws, ticket_id).row.status
        return steps[kind](), kind in _ENDS and now is _ENDS[kind]


def give_ticket(ws: Workspace, shown: TicketSheet, user_id: int | None) -> tuple[ChangeSet, Theirs]:
    """Give a ticket to somebody or nobody, and whom somebody else has given it to meanwhile.

    ``shown`` is the ticket as it stood when it was asked. Whoever had it then is no new choice:
    what somebody has made of it since stays.
    """
    key = shown.row.id
    chosen = dict(shown.people).get(user_id or 0, "")

    def save(values: Mapping[str, str]) -> ChangeSet:
        if values["assignee"] != chosen:
            return ChangeSet()
        return tickets.assign(ws, key, user_id)

    def now() -> list[AskedField]:
        return [AskedField("assignee", _("Who has it"), ticket_sheet(ws, key).row.assignee)]

    return keep(ws, Filled({"assignee": chosen}, {"assignee": shown.row.assignee}), now, save)

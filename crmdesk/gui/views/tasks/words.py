"""Notices in words: what waits, since when, and what its key does.

Owns the sentence, the icon and the action of each kind.
"""

from __future__ import annotations

from datetime import date

from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, format_date_near, format_money, ngettext
from crmdesk.services.queries.notices import Notice, NoticeKind

ICONS = {
    NoticeKind.TICKET: "ticket", NoticeKind.REJECTED: "orders", NoticeKind.PROMISE: "check",
    NoticeKind.FOLLOW_UP: "quote", NoticeKind.EXPIRING: "clock", NoticeKind.OPPORTUNITY: "goals",
    NoticeKind.LEAD: "user", NoticeKind.STALE_DEAL: "goals", NoticeKind.STALE_LEAD: "user",
    NoticeKind.SILENT: "phone", NoticeKind.BIRTHDAY: "star",
}  # fmt: skip


_WITH = {
    NoticeKind.STALE_DEAL: NoticeKind.OPPORTUNITY, NoticeKind.STALE_LEAD: NoticeKind.LEAD,
}  # fmt: skip


UNDATED = (
    NoticeKind.SILENT, NoticeKind.REJECTED, NoticeKind.STALE_DEAL, NoticeKind.STALE_LEAD,
)  # fmt: skip
"""Kinds that have lasted since a day rather than being due on one: they are never late."""


def chip_of(kind: NoticeKind) -> NoticeKind:
    """The chip under which a kind is shown."""
    return _WITH.get(kind, kind)


def kind_words() -> dict[NoticeKind, str]:
    """The kinds, as chips name them."""
    return {
        NoticeKind.TICKET: _("Tickets overdue"),
        NoticeKind.REJECTED: _("Orders refused"),
        NoticeKind.PROMISE: _("Tasks and promises"),
        NoticeKind.FOLLOW_UP: _("Follow-ups"),
        NoticeKind.EXPIRING: _("Expiring quotes"),
        NoticeKind.OPPORTUNITY: _("Opportunities"),
        NoticeKind.LEAD: _("Leads"),
        NoticeKind.SILENT: _("Silent customers"),
        NoticeKind.BIRTHDAY: _("Birthdays"),
    }


def sentence(notice: Notice) -> str:
    """What waits, in a sentence."""
    text = notice.text
    return {
        NoticeKind.TICKET: _("Ticket overdue: {text}"),
        NoticeKind.REJECTED: _("HQ refused order {text}"),
        NoticeKind.PROMISE: "{text}",
        NoticeKind.FOLLOW_UP: _("Follow up quote {text}"),
        NoticeKind.EXPIRING: _("Quote {text} runs out"),
        NoticeKind.OPPORTUNITY: _("Next step: {text}"),
        NoticeKind.LEAD: _("Next step: {text}"),
        NoticeKind.STALE_DEAL: _("Stale: {text}"),
        NoticeKind.STALE_LEAD: _("Nothing planned for the lead {text}"),
        NoticeKind.SILENT: _("No order for twice the usual time"),
        NoticeKind.BIRTHDAY: _("Birthday of {text}"),
    }[notice.kind].format(text=text)


def action_words(kind: NoticeKind) -> str:
    """What the one key does."""
    return {
        NoticeKind.PROMISE: _("Mark as done"),
        NoticeKind.SILENT: _("Plan a call"),
        NoticeKind.TICKET: _("Open the ticket"),
        NoticeKind.REJECTED: _("Open the order"),
        NoticeKind.FOLLOW_UP: _("Open the quote"),
        NoticeKind.EXPIRING: _("Open the quote"),
        NoticeKind.OPPORTUNITY: _("Open the opportunity"),
        NoticeKind.LEAD: _("Open the lead"),
        NoticeKind.STALE_DEAL: _("Open the opportunity"),
        NoticeKind.STALE_LEAD: _("Open the lead"),
        NoticeKind.BIRTHDAY: _("Open the card"),
    }[kind]


def when(notice: Notice, today: date) -> tuple[str, Tone]:
    """The day, and how pressing it is."""
    if notice.snoozed_until is not None:
        back = format_date_near(notice.snoozed_until, today)
        return _("back {day}").format(day=back), Tone.MUTED
    if notice.kind is NoticeKind.REJECTED:
        return format_date_near(notice.day, today), Tone.MUTED
    if notice.kind in UNDATED:
        since = _("since {day}").format(day=format_date_near(notice.day, today))
        return since, Tone.MUTED if notice.kind is NoticeKind.SILENT else Tone.WARNING
    late = (today - notice.day).days
    if late > 0:
        words = ngettext("{count} day late", "{count} days late", late)
        return words.format(count=late), Tone.DANGER
    return format_date_near(notice.day, today), Tone.PLAIN if late == 0 else Tone.MUTED


def person_words(notice: Notice) -> str:
    """Who gave a task, or does it; empty for one's own."""
    if not notice.person:
        return ""
    if notice.is_given:
        return _("for {name}").format(name=notice.person)
    return _("from {name}").format(name=notice.person)


def amount_words(notice: Notice, currency: str) -> str:
    """What it is about, empty where there is no amount."""
    if not notice.amount_minor:
        return ""
    return format_money(notice.amount_minor, currency, decimals=0)


def facts(waiting: int, late: int) -> str:
    """The line beside the title."""
    if not waiting:
        return _("nothing waits")
    parts = [ngettext("{count} waits", "{count} wait", waiting).format(count=waiting)]
    if late:
        parts.append(_("{count} late").format(count=late))
    return " · ".join(parts)

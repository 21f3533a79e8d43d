"""What waits to be sent, in words: documents one by one, the rest by number. No Qt."""

from __future__ import annotations

from datetime import datetime

from crmdesk.gui.sync_words import when
from crmdesk.gui.views.sync.items import LineItem
from crmdesk.i18n import _, format_bytes, format_money, ngettext
from crmdesk.services.queries.files import FileRow
from crmdesk.services.queries.sync import WaitingRow

_ICONS = {
    "order": "orders", "quote": "document", "visit": "car", "collection": "euro",
    "account": "shop", "contact": "customers", "contact_point": "phone", "note": "note",
    "promise": "flag", "ticket": "ticket", "return_request": "return",
    "planned_visit": "plan", "handover": "message", "proposal": "flag", "attachment": "photo",
    "reorder_override": "reorder",
}  # fmt: skip


def waiting_line(row: WaitingRow, now: datetime, currency: str) -> LineItem:
    """One waiting change in words."""
    words, note = _waiting_words(row, currency)
    return LineItem(_ICONS.get(row.entity, "upload"), words, note, when(row.at, now))


def upload_line(row: FileRow) -> LineItem:
    """A file whose bytes are on their way, after the documents."""
    size = format_bytes(row.size)
    if row.done:
        size = _("{done} of {total}").format(done=format_bytes(row.done), total=size)
    return LineItem("photo", row.name, row.problem or row.customer, size)


def _waiting_words(row: WaitingRow, currency: str) -> tuple[str, str]:
    amount = "" if row.amount_minor is None else format_money(row.amount_minor, currency)
    edited = row.op == "U"
    fields = ngettext("{count} field", "{count} fields", row.fields).format(count=row.fields)
    if row.entity == "order":
        words = _("Order {number} {name}").format(number=row.number, name=row.name)
        return words, amount
    if row.entity == "quote":
        return _("Quote {number} {name}").format(number=row.number, name=row.name), amount
    if row.entity == "return_request":
        return _("Return {number} {name}").format(number=row.number, name=row.name), amount
    if row.entity == "visit":
        note = _outcome(row.outcome)
        if row.minutes:
            note = note or _("{minutes} min").format(minutes=row.minutes)
        return _("Visit {name}").format(name=row.name), note
    if row.entity == "collection":
        return _("Collected from {name}").format(name=row.name), amount
    if row.entity == "account":
        return (
            (row.name, fields) if edited else (_("New customer {name}").format(name=row.name), "")
        )
    if row.entity == "contact":
        words = _("Contact at {name}") if edited else _("New contact at {name}")
        return words.format(name=row.name), fields if edited else ""
    if row.entity == "ticket":
        return _("Ticket {number} {name}").format(number=row.number, name=row.name), ""
    return group_words(row.entity, row.count), row.name if row.count == 1 else ""


def _outcome(outcome: str) -> str:
    return {
        "order": _("order taken"),
        "no_order": _("no order"),
        "closed": _("closed"),
        "absent": _("nobody there"),
        "information": _("information"),
    }.get(outcome, "")


def group_words(entity: str, count: int) -> str:
    """Rows told by number: "4 notes"."""
    words = {
        "note": ngettext("{count} note", "{count} notes", count),
        "promise": ngettext("{count} promise", "{count} promises", count),
        "planned_visit": ngettext("{count} change of plan", "{count} changes of plan", count),
        "contact_point": ngettext("{count} phone or mail", "{count} phones or mails", count),
        "handover": ngettext("{count} handover read", "{count} handovers read", count),
        "proposal": ngettext("{count} proposal decided", "{count} proposals decided", count),
        "attachment": ngettext("{count} file", "{count} files", count),
        "reorder_override": ngettext(
            "{count} put-off suggestion", "{count} put-off suggestions", count
        ),
    }
    plain = ngettext("{count} other change", "{count} other changes", count)
    return words.get(entity, plain).format(count=count)

"""Events of a customer's history in words: icon, title, detail, value.

Owns the wording of every kind of event, for the card and the preview. No Qt here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.gui.change_words import change_author, change_words, standing_word
from crmdesk.gui.line_words import file_kind_word, mode_word, outcome_word, stage_word
from crmdesk.gui.widgets.items import TimelineItem, Tone
from crmdesk.i18n import (
    _,
    format_bytes,
    format_date,
    format_money,
    format_percent,
    format_price,
    ngettext,
    pgettext,
)
from crmdesk.services.queries.customer_timeline import EventRow
from crmdesk.services.queries.field_history import ADDED, REMOVED

_MODES = {"person": "car", "call": "phone", "video": "video", "message": "message"}
_QUIET = ("submitted", "accepted", "shipped", "invoiced", "paid")


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with what its wording depends on."""

    row: EventRow
    currency: str
    today: date


def event_item(row: EventRow, currency: str, today: date) -> TimelineItem:
    """The event as a line of the timeline; an unknown kind shows its title only."""
    make = _MAKERS.get(row.kind)
    if make is None:
        return TimelineItem(f"{row.kind}:{row.id}", row.day, row.kind, "dot", row.title)
    return make(_Told(row, currency, today))


def _item(
    row: EventRow, icon: str, title: str, *details: str, value: str = "", tone: Tone = Tone.PLAIN
) -> TimelineItem:
    detail = " · ".join(part for part in details if part)
    key = f"{row.kind}:{row.id}"
    return TimelineItem(key, row.day, row.kind, icon, title, detail, value, tone)


def _money(row: EventRow, currency: str) -> str:
    return "" if row.amount_minor is None else format_money(row.amount_minor, currency)


def _lines(row: EventRow) -> str:
    if not row.number:
        return ""
    return ngettext("{count} line", "{count} lines", row.number).format(count=row.number)


def _margin(row: EventRow, currency: str) -> str:
    if row.margin_minor is None:
        return ""
    return _("margin {amount}").format(amount=format_money(row.margin_minor, currency, decimals=0))


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


def _visit(told: _Told) -> TimelineItem:
    mode = told.row.title or "person"
    what, outcome = mode_word(mode), outcome_word(told.row.status)
    title = f"{what}, {outcome}" if outcome else what
    minutes = "" if told.row.number is None else _("{minutes} min").format(minutes=told.row.number)
    tone = Tone.WARNING if told.row.status in ("closed", "absent") else Tone.PLAIN
    return _item(
        told.row, _MODES.get(mode, "car"), title, _first_line(told.row.text), minutes, tone=tone
    )


def _order(told: _Told) -> TimelineItem:
    title = _("Order {number}").format(number=told.row.title)
    status = "" if told.row.status in _QUIET else order_status_word(OrderStatus(told.row.status))
    tone = Tone.DANGER if told.row.status == "rejected" else Tone.PLAIN
    return _item(
        told.row, "orders", title, _lines(told.row), _margin(told.row, told.currency), status,
        value=_money(told.row, told.currency), tone=tone,
    )  # fmt: skip


def _sale(told: _Told) -> TimelineItem:
    if told.row.status == "return" or (told.row.amount_minor or 0) < 0:
        title = _("Return {number}").format(number=told.row.title).strip()
        value = _money(told.row, told.currency)
        return _item(told.row, "return", title, _lines(told.row), value=value, tone=Tone.DANGER)
    title = _("Sale {number}").format(number=told.row.title).strip()
    value = _money(told.row, told.currency)
    return _item(
        told.row, "cart", title, _lines(told.row), _margin(told.row, told.currency), value=value
    )


def _quote(told: _Told) -> TimelineItem:
    words = {
        "draft": _("draft"),
        "sent": _("sent"),
        "won": _("won"),
        "lost": _("lost"),
        "expired": _("expired"),
        "superseded": _("replaced"),
    }
    title = _("Quote {number}").format(number=told.row.title)
    until = ""
    if told.row.due_on is not None and told.row.status == "sent":
        until = _("valid until {date}").format(date=format_date(told.row.due_on))
    tone = {"won": Tone.GOOD, "lost": Tone.DANGER}.get(told.row.status, Tone.PLAIN)
    status = words.get(told.row.status, told.row.status)
    return _item(
        told.row,
        "quote",
        title,
        told.row.text,
        status,
        until,
        value=_money(told.row, told.currency),
        tone=tone,
    )


def _return(told: _Told) -> TimelineItem:
    title = _("Return {number}").format(number=told.row.title)
    value = _money(told.row, told.currency) if told.row.amount_minor else ""
    return _item(
        told.row, "return", title, _lines(told.row), told.row.text, value=value, tone=Tone.DANGER
    )


def _sample(told: _Told) -> TimelineItem:
    return _item(told.row, "box", _("Sample: {product}").format(product=told.row.title))


def _ticket(told: _Told) -> TimelineItem:
    title = _("Ticket {number}, {subject}").format(number=told.row.title, subject=told.row.text)
    credit = ""
    if told.row.amount_minor:
        credit = _("credit note {amount}").format(
            amount=format_money(told.row.amount_minor, told.currency)
        )
    is_open = told.row.status in ("open", "waiting")
    value = pgettext("ticket", "open") if is_open else ""
    status = {
        "open": "",
        "waiting": _("waiting for the customer"),
        "resolved": _("resolved"),
        "closed": _("closed"),
    }.get(told.row.status, told.row.status)
    tone = Tone.WARNING if is_open else Tone.PLAIN
    return _item(told.row, "ticket", title, status, credit, value=value, tone=tone)


def _score(told: _Told) -> TimelineItem:
    score = told.row.number or 0
    kind = told.row.title.upper() or "NPS"
    good, bad = (9, 6) if kind == "NPS" else (4, 2)
    tone = Tone.GOOD if score >= good else Tone.DANGER if score <= bad else Tone.PLAIN
    quoted = f"“{_first_line(told.row.text)}”" if told.row.text.strip() else ""
    title = _("Satisfaction {score}").format(score=score)
    return _item(told.row, "star", title, quoted, value=f"{kind} {score}", tone=tone)


def _invoice(told: _Told) -> TimelineItem:
    title = _("Invoice {number}, open").format(number=told.row.title)
    late = (told.today - told.row.due_on).days if told.row.due_on is not None else 0
    if late > 0:
        words = ngettext("{count} day late", "{count} days late", late).format(count=late)
        return _item(
            told.row, "euro", title, words, value=_money(told.row, told.currency), tone=Tone.DANGER
        )
    due = (
        "" if told.row.due_on is None else _("due {date}").format(date=format_date(told.row.due_on))
    )
    return _item(told.row, "euro", title, due, value=_money(told.row, told.currency))


def _payment(told: _Told) -> TimelineItem:
    title = _("Paid {number}").format(number=told.row.title).strip()
    late = told.row.number or 0
    words = ngettext("{count} day late", "{count} days late", late).format(count=late)
    return _item(
        told.row,
        "euro",
        title,
        words if late > 0 else _("on time"),
        value=_money(told.row, told.currency),
    )


def _collection(told: _Told) -> TimelineItem:
    method = {
        "cash": _("cash"),
        "card": pgettext("payment", "card"),
        "transfer": _("transfer"),
        "cheque": _("cheque"),
    }.get(told.row.title, told.row.title)
    back = (told.row.amount_minor or 0) < 0
    return _item(
        told.row,
        "money",
        _("Receipt taken back") if back else _("Collected"),
        method,
        told.row.text,
        value=_money(told.row, told.currency),
        tone=Tone.WARNING if back else Tone.GOOD,
    )


def _note(told: _Told) -> TimelineItem:
    first, _newline, rest = told.row.title.strip().partition("\n")
    return _item(told.row, "note", first, rest.replace("\n", " "))


def _promise(told: _Told) -> TimelineItem:
    word = _("Promise: {text}") if told.row.status == "promise" else _("Task: {text}")
    title = word.format(text=told.row.title)
    if told.row.text:
        return _item(told.row, "flag", title, _("Kept"), tone=Tone.GOOD)
    if told.row.due_on is None:
        return _item(told.row, "flag", title, pgettext("promise", "Open"))
    late = told.row.due_on < told.today
    due = _("for {date}").format(date=format_date(told.row.due_on))
    value = _("late") if late else ""
    return _item(
        told.row,
        "flag",
        title,
        pgettext("promise", "Open"),
        due,
        value=value,
        tone=Tone.DANGER if late else Tone.PLAIN,
    )


def _handed_over(told: _Told) -> TimelineItem:
    by = told.row.text or _("the former owner")
    words = _("not taken over, from {who}") if told.row.status == "refused" else _("from {who}")
    unseen = not told.row.number
    return _item(
        told.row,
        "message",
        _("Handover: {text}").format(text=_first_line(told.row.title)),
        words.format(who=by),
        value=_("new") if unseen else "",
        tone=Tone.ACCENT if unseen else Tone.PLAIN,
    )


def _touched(told: _Told) -> TimelineItem:
    kind = {
        "mail": _("letter"),
        "email": _("e-mail"),
        "call": _("call"),
        "visit": _("visit"),
    }.get(told.row.status, told.row.status)
    return _item(told.row, "message", _("Campaign: {name}").format(name=told.row.title), kind)


def _altered(told: _Told) -> TimelineItem:
    title = _("Order {number} altered").format(number=told.row.title)
    by = _("by {who}").format(who=told.row.status) if told.row.status else ""
    return _item(told.row, "orders", title, _first_line(told.row.text), by, tone=Tone.WARNING)


def _followed_up(told: _Told) -> TimelineItem:
    title = _("Quote {number} followed up").format(number=told.row.title)
    again = ""
    if told.row.due_on is not None:
        again = _("again on {date}").format(date=format_date(told.row.due_on))
    return _item(told.row, "quote", title, _first_line(told.row.text), again)


def _stepped(told: _Told) -> TimelineItem:
    title = _("Opportunity: {name}").format(name=told.row.title)
    stage = stage_word(told.row.status)
    tone = {"won": Tone.GOOD, "lost": Tone.DANGER}.get(told.row.status, Tone.PLAIN)
    value = _money(told.row, told.currency) if told.row.amount_minor else ""
    return _item(told.row, "pipeline", title, stage, _first_line(told.row.text), value=value,
                 tone=tone)  # fmt: skip


def _begun(told: _Told) -> TimelineItem:
    title = _("Opportunity begun: {name}").format(name=told.row.title)
    value = _money(told.row, told.currency) if told.row.amount_minor else ""
    return _item(told.row, "pipeline", title, _first_line(told.row.text), value=value)


def _file(told: _Told) -> TimelineItem:
    icon = "photo" if told.row.status == "photo" else "document"
    size = format_bytes(told.row.number or 0)
    return _item(told.row, icon, told.row.title, file_kind_word(told.row.status), size)


def _change(told: _Told) -> TimelineItem:
    """Such as "Street: Calle 1 → Calle 2"; whose change it was and whether it stood, below."""
    change = told.row.change
    if change is None:
        return _item(told.row, "edit", told.row.title)
    title, detail = change_words(change, told.currency)
    standing = standing_word(change)
    about = change.about if change.field not in (ADDED, REMOVED) else ""
    tone = Tone.PLAIN if change.kept else Tone.WARNING
    return _item(told.row, "edit", title, detail, about, change_author(change), value=standing,
                 tone=tone)  # fmt: skip


def _price(told: _Told) -> TimelineItem:
    now = format_price(told.row.price_e4 or 0, told.currency)
    if told.row.was_e4 is None:
        return _item(told.row, "tag", told.row.title, _("first bought"), told.row.text, value=now)
    was = format_price(told.row.was_e4, told.currency)
    dearer = (told.row.price_e4 or 0) > told.row.was_e4
    share = (told.row.price_e4 or 0) / told.row.was_e4 - 1 if told.row.was_e4 else 0.0
    words = _("{was} before, {change}").format(
        was=was, change=("+" if dearer else "−") + format_percent(abs(share), 1)
    )
    return _item(told.row, "tag", told.row.title, words, told.row.text, value=now)


_MAKERS: dict[str, Callable[[_Told], TimelineItem]] = {
    "visit": _visit,
    "order": _order,
    "sale": _sale,
    "quote": _quote,
    "return": _return,
    "sample": _sample,
    "ticket": _ticket,
    "score": _score,
    "invoice": _invoice,
    "payment": _payment,
    "collection": _collection,
    "note": _note,
    "promise": _promise,
    "handover": _handed_over,
    "touch": _touched,
    "alteration": _altered,
    "follow_up": _followed_up,
    "stage": _stepped,
    "deal": _begun,
    "file": _file,
    "change": _change,
    "price": _price,
}

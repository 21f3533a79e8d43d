"""What the sync centre shows, as frozen items without Qt, made from its rows.

Owns the wording of waiting changes, refusals, collisions and rounds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from crmdesk.gui.sync_words import DONE, when
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import (
    _,
    format_amount,
    format_bytes,
    format_clock,
    format_date,
    format_money,
    format_number,
    format_time,
    ngettext,
    pgettext,
    weekday_short,
)
from crmdesk.services.queries.sync import (
    CollisionRow,
    NeedRow,
    SessionRow,
    SyncCentre,
    WaitingRow,
)

NONE = "–"


@dataclass(frozen=True, slots=True)
class TileItem:
    """One figure of the strip at the top."""

    label: str
    value: str
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of a list: icon, words, muted words, and what stands at the right."""

    icon: str
    words: str
    note: str
    right: str
    tone: Tone = Tone.MUTED
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SideItem:
    """Mine or theirs: the value, a muted word above it, and whether it is the kept one."""

    value: str
    word: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class FieldItem:
    """A collided field; ``restorable`` when the other value can be put back."""

    conflict_id: int
    name: str
    before: str
    mine: SideItem
    theirs: SideItem
    restorable: bool


@dataclass(frozen=True, slots=True)
class NeedItem:
    """A card of "need you"; ``fields`` are empty for a refusal."""

    key: str
    kind: str
    ids: tuple[int, ...]
    title: str
    note: str
    at: str
    sentence: str
    hint: str
    mine_head: str
    theirs_head: str
    fields: tuple[FieldItem, ...]
    account_id: int | None
    order_id: int | None

    @property
    def refused(self) -> bool:
        """True for a refusal, false for a conflict."""
        return self.kind == "refused"


@dataclass(frozen=True, slots=True)
class CentreItem:
    """The whole sync centre in words."""

    subtitle: str
    tiles: tuple[TileItem, ...]
    waiting: tuple[LineItem, ...]
    waiting_count: int
    sessions: tuple[LineItem, ...]
    footnote: str
    needs: tuple[NeedItem, ...]
    settled: str
    alone: bool


def centre_item(centre: SyncCentre, now: datetime, currency: str) -> CentreItem:
    """The sync centre in words; ``now`` is local."""
    return CentreItem(
        subtitle=_("Nothing is lost. Everything below is on this computer, encrypted."),
        tiles=_tiles(centre, now),
        waiting=()
        if centre.status.alone
        else tuple(waiting_line(row, now, currency) for row in centre.waiting),
        waiting_count=0 if centre.status.alone else centre.status.waiting,
        sessions=tuple(session_line(row, now) for row in centre.sessions),
        footnote=_footnote(centre, now),
        needs=tuple(need_item(row, now, currency) for row in centre.needs),
        settled=_settled(centre),
        alone=centre.status.alone,
    )


def _tiles(centre: SyncCentre, now: datetime) -> tuple[TileItem, ...]:
    status = centre.status
    zone = now.tzinfo
    last = NONE
    if status.last_at is not None:
        local = status.last_at.astimezone(zone)
        last = f"{format_date(local.date(), weekday=True)}, {format_time(local)}"
    elif status.alone:
        last = _("This computer only")
    oldest = ""
    if centre.oldest_at is not None and not status.alone:
        oldest = _("oldest {time}").format(time=when(centre.oldest_at.astimezone(zone), now))
    files = format_bytes(centre.file_bytes) if centre.files else ""
    if files:
        files = _("{size}, after orders").format(size=files)
    return (
        TileItem(_("Last consistent"), last),
        TileItem(
            _("Waiting to send"), NONE if status.alone else format_number(status.waiting), oldest
        ),
        TileItem(
            _("Need you"),
            format_number(status.need),
            _("none blocks the rest") if status.need else _("nothing to decide"),
            Tone.WARNING if status.need else Tone.PLAIN,
        ),
        TileItem(_("Photos and files"), format_number(centre.files), files),
        _connection(centre),
    )


def _connection(centre: SyncCentre) -> TileItem:
    status = centre.status
    label = _("Connection")
    if status.alone:
        return TileItem(label, _("No HQ"), _("works alone"))
    if status.last_result in ("", DONE):
        return TileItem(label, _("HQ answers"), _host(centre.address))
    if status.last_result == "Unreachable":
        return TileItem(label, _("None"), _("tries by itself"))
    return TileItem(label, _("Refused"), _("ask your administrator"), Tone.DANGER)


def _host(address: str) -> str:
    return address.partition("//")[2].rstrip("/") or address


def _footnote(centre: SyncCentre, now: datetime) -> str:
    count = centre.customers
    customers = ngettext("{count} customer", "{count} customers", count).format(
        count=format_number(count)
    )
    parts = [_("This computer {device}, {customers}.").format(
        device=centre.device, customers=customers
    )]  # fmt: skip
    seconds = round(centre.offset_ms / 1000)
    if not centre.status.alone:
        if seconds == 0:
            parts.append(_("Its clock agrees with HQ."))
        elif seconds > 0:
            parts.append(_("Its clock is {count} s behind HQ.").format(count=seconds))
        else:
            parts.append(_("Its clock is {count} s ahead of HQ.").format(count=-seconds))
        if centre.status.last_at is not None and centre.lease_days:
            until = centre.status.last_at + timedelta(days=centre.lease_days)
            day = format_date(until.astimezone(now.tzinfo).date())
            parts.append(_("It may work offline until {day}.").format(day=day))
    return " ".join(parts)


def _settled(centre: SyncCentre) -> str:
    if not centre.settled and not centre.restored:
        return _("Settled in 30 days: none needed you.")
    return _("Settled in 30 days: {fine} fine as they were, {restored} restored by you.").format(
        fine=centre.settled, restored=centre.restored
    )


# ------------------------------------------------------------------------------------ what waits

_ICONS = {
    "order": "orders", "quote": "document", "visit": "car", "collection": "euro",
    "account": "shop", "contact": "customers", "contact_point": "phone", "note": "note",
    "promise": "flag", "ticket": "ticket", "return_request": "return",
    "planned_visit": "plan", "attachment": "photo", "reorder_override": "reorder",
}  # fmt: skip


def waiting_line(row: WaitingRow, now: datetime, currency: str) -> LineItem:
    """One waiting change in words."""
    words, note = _waiting_words(row, currency)
    return LineItem(_ICONS.get(row.entity, "upload"), words, note, when(row.at, now))


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
        "attachment": ngettext("{count} file", "{count} files", count),
        "reorder_override": ngettext(
            "{count} put-off suggestion", "{count} put-off suggestions", count
        ),
    }
    plain = ngettext("{count} other change", "{count} other changes", count)
    return words.get(entity, plain).format(count=count)


# ------------------------------------------------------------------------------------ the rounds


def session_line(row: SessionRow, now: datetime) -> LineItem:
    """One round in words."""
    at = when(row.at.astimezone(now.tzinfo), now)
    flow = _("{received} in, {sent} out").format(
        received=format_number(row.received), sent=format_number(row.sent)
    )
    seconds = _("{seconds} s").format(seconds=format_number(row.seconds, 1))
    if row.result == DONE:
        words, icon, tone = _("Complete"), "check", Tone.GOOD
        if row.refusals:
            count = ngettext("{count} refused", "{count} refused", row.refusals)
            words = _("Complete, {refused}").format(refused=count.format(count=row.refusals))
        elif row.conflicts:
            count = ngettext("{count} conflict", "{count} conflicts", row.conflicts)
            words = _("Complete, {conflicts}").format(conflicts=count.format(count=row.conflicts))
        return LineItem(icon, at, words, seconds, tone, flow)
    if row.result == "Unreachable":
        return LineItem("offline", at, _("HQ did not answer"), seconds, Tone.MUTED, flow)
    if row.result == "Cancelled":
        return LineItem("close", at, _("Stopped by you"), seconds, Tone.MUTED, flow)
    return LineItem("warning", at, row.detail or _("Not complete"), seconds, Tone.WARNING, flow)


# ---------------------------------------------------------------------------- what needs the person


def need_item(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    """A refusal or a conflict as a card."""
    amount = "" if row.amount_minor is None else format_money(row.amount_minor, currency)
    title = ", ".join(part for part in (_what(row), row.name, amount) if part)
    at = when(row.at.astimezone(now.tzinfo), now)
    key = f"{row.kind}:{row.ids[0]}"
    if row.kind == "refused":
        return NeedItem(
            key, row.kind, row.ids, title, "", at, row.sentence, _refused_hint(row), "", "", (),
            row.account_id, row.row_id if row.entity == "order" else None,
        )  # fmt: skip
    fields = tuple(field_item(one, currency) for one in row.collisions)
    count = len(fields)
    note = ngettext("{count} field collided", "{count} fields collided", count)
    if any(one.kind == "proposal" for one in row.collisions):
        note = _("HQ decides this field")
    first = row.collisions[0]
    theirs = first.theirs_by or _("another computer")
    if first.theirs_at is not None:
        theirs = f"{theirs}, {when(first.theirs_at.astimezone(now.tzinfo), now)}"
    return NeedItem(
        key, row.kind, row.ids, title, note.format(count=count), at, "", _conflict_hint(row),
        _("you, this computer"), theirs, fields, row.account_id, None,
    )  # fmt: skip


def _what(row: NeedRow) -> str:
    words = {
        "order": _("Order {number}"),
        "quote": _("Quote {number}"),
        "return_request": _("Return {number}"),
        "ticket": _("Ticket {number}"),
    }
    if row.entity in words:
        return words[row.entity].format(number=row.number)
    return {
        "account": _("Customer details"),
        "contact": _("Contact"),
        "visit": _("Visit"),
        "planned_visit": _("Plan"),
        "promise": _("Promise"),
    }.get(row.entity, "")


def _refused_hint(row: NeedRow) -> str:
    if row.entity in ("order", "quote") and row.row_id is not None:
        return _("It is a draft again: change it and submit it anew.")
    return _("What you typed stays readable here.")


def _conflict_hint(row: NeedRow) -> str:
    if any(one.kind == "proposal" for one in row.collisions):
        return _("Office sees your value as a proposal. You need not do anything.")
    return ""


def field_item(row: CollisionRow, currency: str) -> FieldItem:
    """A collided field with both values; the kept one says why it was kept."""
    proposal = row.kind == "proposal"
    mine_kept = row.kept == "mine"
    kept = _("kept, HQ owns it") if proposal else _("kept, later")
    other = _("sent as a proposal") if proposal else _("stored")
    values = {
        side: value_text(row.field, value, currency)
        for side, value in (("mine", row.mine), ("theirs", row.theirs), ("base", row.base))
    }
    return FieldItem(
        conflict_id=row.id,
        name=field_word(row.field),
        before=values["base"],
        mine=SideItem(values["mine"], kept if mine_kept else other, kept=mine_kept),
        theirs=SideItem(values["theirs"], other if mine_kept else kept, kept=not mine_kept),
        restorable=not proposal and row.kind != "delete",
    )


def field_word(field: str) -> str:
    """A field as people know it; an unknown one is its own name in plain words."""
    words = {
        "name": _("Name"), "street": _("Street"), "city": _("Town"), "postcode": _("Postcode"),
        "opening_hours": _("Opening"), "visit_minutes": _("Visit length"),
        "credit_limit_minor": _("Credit limit"), "payment_terms_days": _("Terms"),
        "price_list": _("Price list"), "attention_model": _("Attention model"),
        "class": _("Class"), "channel": _("Channel"), "status": _("Status"),
        "description": _("Description"), "usual_weekday": _("Usual weekday"),
        "territory": _("Territory"), "job": _("Job"), "value": pgettext("field", "Value"),
        "date": _("Day"), "due_on": _("Due"), "text": _("Text"), "locked": _("Locked"),
        "note": _("Note"),
    }  # fmt: skip
    base = field.removesuffix("_id").removesuffix("_uid")
    return words.get(field) or words.get(base) or base.replace("_", " ").capitalize()


def value_text(field: str, value: Any, currency: str) -> str:
    """A wire value as people read it."""
    if value is None or value == "":
        return NONE
    if field == "opening_hours":
        return hours_text(value)
    if field == "visit_minutes":
        return _("{minutes} min").format(minutes=value)
    if field == "usual_weekday" and isinstance(value, int):
        return weekday_short(value)
    if field.endswith("_minor") and isinstance(value, int):
        return format_amount(value, currency)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, str):
        return _date_text(value)
    return json.dumps(value, ensure_ascii=False)


def _date_text(value: str) -> str:
    try:
        return format_date(date.fromisoformat(value), year=True)
    except ValueError:
        return value


def hours_text(document: object) -> str:
    """Opening hours of a week, equal days together: "Mon–Fri 09:00–14:00, closed Sun"."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return document if isinstance(document, str) else NONE
    if not isinstance(document, list) or len(document) != 7:
        return NONE
    days = [
        ", ".join(f"{format_clock(a)}–{format_clock(b)}" for a, b in day) if day else ""
        for day in document
    ]
    parts: list[str] = []
    first = 0
    for place in range(1, 8):
        if place < 7 and days[place] == days[first]:
            continue
        name = weekday_short(first)
        if place - first > 1:
            name = f"{name}–{weekday_short(place - 1)}"
        closed = _("closed {days}").format(days=name)
        parts.append(f"{name} {days[first]}" if days[first] else closed)
        first = place
    return ", ".join(parts)

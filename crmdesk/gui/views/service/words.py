"""What the service place says: states, clocks, histories, figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crmdesk.analytics.service import Sign
from crmdesk.domain.clock import Clock
from crmdesk.domain.states import TicketStatus
from crmdesk.domain.tickets import (
    Clocks,
    EventKind,
    Priority,
    priority_word,
    ticket_kind_word,
    ticket_status_word,
)
from crmdesk.gui.customer_words import missing_words
from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import _, format_clock, format_date_near, format_money, format_number, ngettext
from crmdesk.services.queries.service_figures import ServiceFigures
from crmdesk.services.queries.ticket_sheet import EventRow, TicketSheet
from crmdesk.services.queries.tickets import Load, TicketGroup, TicketRow

_MINUTE = timedelta(minutes=1)
_MOST_SKUS = 3


@dataclass(frozen=True, slots=True)
class EventItem:
    """One row of a history; ``outward`` marks words to the customer."""

    key: int
    when: str
    who: str
    text: str
    tone: Tone
    icon: str


@dataclass(frozen=True, slots=True)
class SheetItem:
    """A ticket as the widget shows it."""

    title: str
    badges: tuple[BadgeItem, ...]
    about: str
    clocks: tuple[Pair, ...]
    events: tuple[EventItem, ...]
    customer: tuple[Pair, ...]
    status: TicketStatus
    asks_score: bool


def group_words() -> dict[TicketGroup, str]:
    """The chips in words."""
    return {
        TicketGroup.WORK: _("At work"),
        TicketGroup.MINE: _("Mine"),
        TicketGroup.NOBODY: _("Nobody has it"),
        TicketGroup.LATE: _("Late"),
        TicketGroup.WAITING: _("Waits for the customer"),
        TicketGroup.RESOLVED: _("Resolved"),
        TicketGroup.ALL: _("All"),
    }


def state_badge(row: TicketRow, now: datetime) -> BadgeItem:
    """The state of a ticket; late ones say so."""
    if row.status is TicketStatus.WAITING:
        return BadgeItem(ticket_status_word(row.status), Tone.MUTED, "pause")
    if row.status is not TicketStatus.OPEN:
        return BadgeItem(ticket_status_word(row.status), Tone.GOOD, "check")
    if row.due_at is not None and row.due_at < now:
        return BadgeItem(_("late"), Tone.DANGER, "warning")
    if row.clocks.late_response and row.clocks.response is None:
        return BadgeItem(_("not answered"), Tone.WARNING, "clock")
    return BadgeItem(ticket_status_word(row.status), Tone.ACCENT, "dot")


def priority_badge(row: TicketRow) -> BadgeItem:
    """How soon, and whether it was raised."""
    tone = {Priority.HIGH.value: Tone.WARNING}.get(row.priority, Tone.MUTED)
    if row.escalation:
        words = _("escalated {level}").format(level=row.escalation)
        return BadgeItem(words, Tone.DANGER, "arrow-up")
    return BadgeItem(priority_word(row.priority), tone)


def due_words(row: TicketRow, now: datetime, clock: Clock) -> str:
    """When a ticket is due: the hour today, the day otherwise; nothing while its clock stands."""
    if row.due_at is None:
        return "–"
    local, today = clock.local(row.due_at), clock.local(now).date()
    if local.date() == today:
        return format_clock(local.hour * 60 + local.minute)
    return format_date_near(local.date(), today)


def duration_words(length: timedelta) -> str:
    """A length of service time: minutes below two hours, then hours."""
    minutes = length // _MINUTE
    if minutes < 120:
        return ngettext("{count} min", "{count} min", minutes).format(count=minutes)
    return _("{hours} h").format(hours=format_number(round(minutes / 60)))


def sheet_item(sheet: TicketSheet, now: datetime, clock: Clock, currency: str) -> SheetItem:
    """A ticket in words."""
    row = sheet.row
    about = [ticket_kind_word(row.kind)]
    named = sheet.about
    about += [
        words
        for words in (row.product, named.order_number, named.return_number, named.contact)
        if words
    ]
    if named.files:
        count = len(named.files)
        about.append(ngettext("{count} file", "{count} files", count).format(count=count))
    return SheetItem(
        row.subject,
        (state_badge(row, now), priority_badge(row)),
        " · ".join(about),
        _clock_pairs(row, row.clocks, now, clock, sheet.credit_minor, currency),
        tuple(
            _event(place, event, now, clock) for place, event in enumerate(reversed(sheet.events))
        ),
        _customer_pairs(sheet),
        row.status,
        sheet.may_ask,
    )


def _clock_pairs(
    row: TicketRow,
    found: Clocks,
    now: datetime,
    clock: Clock,
    credit: int | None,
    currency: str,
) -> tuple[Pair, ...]:
    response = found.response
    late = Tone.DANGER if found.late_response else Tone.PLAIN
    pairs = [
        Pair(
            _("First response"),
            _("not yet") if response is None else duration_words(response),
            tone=late,
        ),
        Pair(
            _("Resolved after") if found.resolution is not None else _("Worked on"),
            duration_words(found.spent),
            tone=Tone.DANGER if found.late else Tone.PLAIN,
        ),
    ]
    if found.due is not None:
        pairs.append(Pair(_("Due"), due_words(row, now, clock), tone=Tone.PLAIN))
    if found.waited:
        pairs.append(Pair(_("Waited for the customer"), duration_words(found.waited)))
    if found.reopened:
        pairs.append(Pair(_("Opened again"), format_number(found.reopened), tone=Tone.WARNING))
    if row.assignee:
        pairs.append(Pair(_("With"), row.assignee))
    if credit:
        pairs.append(Pair(_("Credit"), format_money(credit, currency)))
    return tuple(pairs)


def _event(place: int, event: EventRow, now: datetime, clock: Clock) -> EventItem:
    local = clock.local(event.at)
    day = format_date_near(local.date(), clock.local(now.astimezone(UTC)).date())
    when = f"{day} {format_clock(local.hour * 60 + local.minute)}"
    text, icon, tone = event.text or "–", "message", Tone.PLAIN
    if event.kind == EventKind.STATUS:
        icon, tone = "arrow-right", Tone.ACCENT
        word = event.to_status
        if event.to_status in set(TicketStatus):
            word = ticket_status_word(TicketStatus(event.to_status))
        text = f"{word}: {event.text}" if event.text else word
    elif event.kind == EventKind.NOTE:
        icon, tone = "note", Tone.MUTED
    elif event.direction == "in":
        icon, tone = "arrow-left", Tone.PLAIN
    return EventItem(place, when, event.who, text, tone, icon)


def sign_word(sign: Sign) -> str:
    """A sign of losing a customer, as people read it."""
    return {
        Sign.LATE_ORDER: _("orders later than usual"),
        Sign.TICKETS: _("a ticket is late"),
        Sign.COMPLAINTS: _("complaints"),
        Sign.REOPENED: _("tickets came back"),
        Sign.DISCONTENT: _("a low last answer"),
    }[sign]


def _customer_pairs(sheet: TicketSheet) -> tuple[Pair, ...]:
    pairs = [
        Pair(_("Open tickets"), format_number(sheet.open_here)),
        Pair(
            _("Risk of losing"),
            _("{points} of 100").format(points=sheet.risk.points),
            tone=Tone.DANGER if sheet.risk.points >= 50 else Tone.PLAIN,
        ),
    ]
    pairs += [
        Pair(sign_word(sign), f"+{points}", label_tone=Tone.MUTED)
        for sign, points in sheet.risk.parts
    ]
    if sheet.score is not None:
        pairs.append(Pair(_("Said of this ticket"), _("{score} of 5").format(score=sheet.score)))
    return tuple(pairs)


def load_pairs(loads: tuple[Load, ...]) -> tuple[Pair, ...]:
    """What each person has at work."""
    return tuple(
        Pair(
            one.name or _("Nobody"),
            format_number(one.at_work),
            note=_("{count} late").format(count=one.late) if one.late else "",
            tone=Tone.DANGER if one.late else Tone.PLAIN,
        )
        for one in loads
    )


def figure_pairs(found: ServiceFigures) -> tuple[Pair, ...]:
    """The figures of a year; those without a meaning say why."""
    pairs = []
    for label, figure in (
        (_("First response"), found.response), (_("Resolution"), found.resolution),
    ):  # fmt: skip
        value = figure.value
        if value is None:
            pairs.append(Pair(label, "–", note=missing_words(figure.reason)))
        else:
            usual = duration_words(value.median * _MINUTE)
            most = duration_words(value.most * _MINUTE)
            pairs.append(Pair(label, usual, note=_("90 in 100 within {time}").format(time=most)))
    share = found.late / found.tickets if found.tickets else 0
    pairs.append(Pair(_("Late"), format_number(found.late), note=f"{round(100 * share)} %"))
    pairs.append(Pair(_("Opened again"), format_number(found.reopened)))
    for label, score in ((_("NPS"), found.nps), (_("CSAT"), found.csat)):
        told = score.value
        if told is None:
            pairs.append(Pair(label, "–", note=missing_words(score.reason)))
            continue
        words = ngettext("{count} answer", "{count} answers", told.answers)
        number = round(100 * told.share)
        pairs.append(Pair(label, str(number), note=words.format(count=told.answers)))
    return tuple(pairs)


def sku_pairs(found: ServiceFigures) -> tuple[Pair, ...]:
    """The SKUs most complained about, of 1,000 sold lines."""
    return tuple(
        Pair(
            row.name,
            "–" if row.rate is None else format_number(round(row.rate, 1)),
            note=ngettext("{count} ticket", "{count} tickets", row.tickets).format(
                count=row.tickets
            ),
        )
        for row in found.skus[:_MOST_SKUS]
    )

"""What the Today place shows, as frozen items without Qt, made from the day's rows.

Owns the wording of stops, pauses, the brief and the heading. Which rows there are is decided by
:mod:`crmdesk.services.queries.today`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from crmdesk.gui.packs import pack_text
from crmdesk.gui.widgets.items import BadgeItem, FactPart, NeedItem, Tone
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_date_near,
    format_money,
    format_number,
    ngettext,
)
from crmdesk.planning.motion import LATE_FROM, Eta, Projection
from crmdesk.services.queries.stop_brief import NeedRow, StopBrief
from crmdesk.services.queries.today import DayRoute, DayStop


@dataclass(frozen=True, slots=True)
class StopItem:
    """A stop as the route list and the map show it; ``state`` is done, next or to come."""

    key: int
    account_id: int
    number: str
    time: str
    name: str
    city: str
    detail: str
    detail_tone: Tone
    value: str
    value_tone: Tone
    icons: tuple[str, ...]
    state: str
    mode: str
    locked: bool
    latitude: float | None
    longitude: float | None

    @property
    def is_call(self) -> bool:
        """True for a contact without a drive."""
        return self.mode != "person"


@dataclass(frozen=True, slots=True)
class PauseItem:
    """A pause between stops."""

    time: str
    words: str


@dataclass(frozen=True, slots=True)
class CallsHeading:
    """The heading above the calls that replace a drive."""

    words: str


Entry = StopItem | PauseItem | CallsHeading


@dataclass(frozen=True, slots=True)
class FactItem:
    """A line of "before you go in": icon, bold lead, words, when, and a second line."""

    key: str
    icon: str
    tone: Tone
    lead: str
    words: str
    when: str
    when_tone: Tone
    detail: str


@dataclass(frozen=True, slots=True)
class BriefItem:
    """The brief of one stop."""

    account_id: int
    name: str
    badges: tuple[BadgeItem, ...]
    address: str
    needs: tuple[NeedItem, ...]
    needs_note: str
    totals: tuple[FactPart, ...]
    facts: tuple[FactItem, ...]


def route_entries(
    route: DayRoute, next_key: int | None, currency: str, expected: Projection | None = None
) -> tuple[Entry, ...]:
    """Stops with the pauses between them, then the calls under their heading.

    ``expected`` says how the day is likely to go on: late stops show when they will begin.
    """
    entries: list[Entry] = []
    pauses = list(route.pauses)
    city = ""
    number = 0
    calls = False
    for stop in route.stops:
        person = stop.mode == "person"
        if person:
            number += not stop.off_plan
            while pauses and (stop.start_minute or 0) >= pauses[0][0]:
                entries.append(_pause(pauses.pop(0), city))
            city = stop.city
        elif not calls:
            calls = True
            entries.append(CallsHeading(_("Call instead of driving")))
        label = "" if not person else "+" if stop.off_plan else str(number)
        item = stop_item(stop, label, next_key, currency, route.day)
        eta = None if expected is None else expected.eta(stop.id)
        entries.append(item if eta is None else _with_eta(item, stop, eta))
    return tuple(entries)


def _with_eta(item: StopItem, stop: DayStop, eta: Eta) -> StopItem:
    """A stop that will be late, or find a closed door, says so first."""
    if eta.closed:
        said = _("closed before you get there, about {time}").format(time=format_clock(eta.begin))
    elif eta.late >= LATE_FROM:
        late = ngettext("{count} min late", "{count} min late", eta.late).format(count=eta.late)
        planned = format_clock(stop.start_minute or 0)
        said = _("{late}, planned {time}").format(late=late, time=planned)
        item = replace(item, time=format_clock(eta.begin))
    else:
        return item
    return replace(item, detail=f"{said} · {item.detail}", detail_tone=Tone.WARNING)


def _pause(pause: tuple[int, int], city: str) -> PauseItem:
    minutes = ngettext("{count} min", "{count} min", pause[1]).format(count=pause[1])
    if city:
        words = _("Lunch in {city}, {minutes}").format(city=city, minutes=minutes)
    else:
        words = _("Lunch, {minutes}").format(minutes=minutes)
    return PauseItem(format_clock(pause[0]), words)


def stop_item(
    stop: DayStop, number: str, next_key: int | None, currency: str, today: date
) -> StopItem:
    """One stop in words."""
    state = "done" if stop.over else "next" if stop.id == next_key else "to come"
    if stop.over:
        detail, tone = "", Tone.MUTED
        value, value_tone = _result(stop, currency)
    else:
        detail, tone = _waiting(stop, currency, today)
        value = format_money(stop.expected_margin_minor, currency, decimals=0)
        value_tone = Tone.MUTED if stop.mode != "person" else Tone.PLAIN
    return StopItem(
        key=stop.id,
        account_id=stop.account_id,
        number=number,
        time=_("any") if stop.start_minute is None else format_clock(stop.start_minute),
        name=stop.name,
        city=stop.city,
        detail=detail,
        detail_tone=tone,
        value=value,
        value_tone=value_tone,
        icons=() if stop.over else _icons(stop),
        state=state,
        mode=stop.mode,
        locked=stop.locked or stop.appointment,
        latitude=stop.latitude,
        longitude=stop.longitude,
    )


def _result(stop: DayStop, currency: str) -> tuple[str, Tone]:
    if stop.order_net_minor:
        amount = format_money(stop.order_net_minor, currency)
        return _("Order {amount}").format(amount=amount), Tone.GOOD
    if stop.status == "missed":
        words = _("Missed")
        return (f"{words} · {stop.reason.lower()}" if stop.reason else words), Tone.WARNING
    words = {
        "order": _("Order taken"),
        "no_order": _("No order"),
        "closed": _("Closed"),
        "absent": _("Nobody there"),
        "information": _("Information"),
    }.get(stop.outcome, _("Closed") if stop.status == "closed" else _("Done"))
    tone = Tone.WARNING if stop.outcome in ("closed", "absent") else Tone.MUTED
    return (f"{words} · {stop.reason.lower()}" if stop.reason else words), tone


def _waiting(stop: DayStop, currency: str, today: date) -> tuple[str, Tone]:
    """The stop's second line: at most three things, the most telling first."""
    parts: list[str] = []
    if stop.ticket_kind == "complaint" and stop.ticket_on is not None:
        days = max(0, (today - stop.ticket_on).days)
        parts.append(
            ngettext("Complaint open {count} day", "Complaint open {count} days", days).format(
                count=days
            )
        )
    counts = []
    if stop.overdue:
        counts.append(_("{count} overdue").format(count=stop.overdue))
    if stop.due:
        counts.append(_("{count} due").format(count=stop.due))
    if counts:
        parts.append(", ".join(counts))
    elif stop.at_risk:
        if stop.last_order_on is not None and (today - stop.last_order_on).days > 21:
            days = (today - stop.last_order_on).days
            words = ngettext(
                "At risk: no order for {count} day", "At risk: no order for {count} days", days
            )
            return words.format(count=days), Tone.WARNING
        parts.append(_("{count} at risk").format(count=stop.at_risk))
    if stop.late_minor > 0:
        parts.append(_("{amount} late").format(amount=format_money(stop.late_minor, currency)))
    if stop.quote_on is not None:
        parts.append(_("quote to follow up"))
    elif stop.promise:
        parts.append(_("promised: {text}").format(text=stop.promise))
    if stop.closes_minute is not None:
        parts.append(_("closes {time}").format(time=format_clock(stop.closes_minute)))
    if not parts:
        parts.append(_("nothing due"))
    return " · ".join(parts[:3]), Tone.MUTED


def _icons(stop: DayStop) -> tuple[str, ...]:
    found = []
    if stop.locked or stop.appointment:
        found.append("lock")
    if stop.late_minor > 0:
        found.append("euro")
    if stop.ticket_kind:
        found.append("ticket")
    if stop.promise:
        found.append("flag")
    if stop.quote_on is not None:
        found.append("document")
    return tuple(found)


def next_stop(route: DayRoute) -> DayStop | None:
    """The stop that comes next: the one being visited, or the first that is not over."""
    if route.running_account_id is not None:
        for stop in route.stops:
            if stop.account_id == route.running_account_id:
                return stop
    return next((stop for stop in route.stops if not stop.over), None)


def heading_facts(
    route: DayRoute, currency: str, expected: Projection | None = None
) -> tuple[FactPart, ...]:
    """ "9 stops, 2 done · 1 call · 108 km, 71 to go · back 18:25 · margin to come €389"."""
    stops = [stop for stop in route.stops if stop.mode == "person"]
    calls = [stop for stop in route.stops if stop.mode != "person"]
    done = sum(stop.over for stop in stops)
    words = ngettext("{count} stop", "{count} stops", len(stops)).format(count=len(stops))
    if done:
        words = _("{stops}, {done} done").format(stops=words, done=done)
    parts = [words]
    if calls:
        parts.append(ngettext("{count} call", "{count} calls", len(calls)).format(count=len(calls)))
    metres = sum(stop.leg_m for stop in stops) + route.home_leg_m
    to_go = sum(stop.leg_m for stop in stops if not stop.over) + route.home_leg_m
    if metres:
        km = _("{count} km").format(count=format_number(metres / 1000))
        if done:
            km = _("{all}, {rest} to go").format(all=km, rest=format_number(to_go / 1000))
        parts.append(km)
    late = 0 if expected is None else expected.late
    back = route.back_minute
    if late and expected is not None and expected.back is not None:
        back = max(back or 0, expected.back)
    if back is not None:
        parts.append(_("back {time}").format(time=format_clock(back)))
    margin = sum(stop.expected_margin_minor for stop in route.stops if not stop.over)
    parts.append(_("margin to come"))
    facts = [
        FactPart("  ·  ".join(parts) + " ", Tone.MUTED),
        FactPart(format_money(margin, currency, decimals=0)),
    ]
    if late:
        words = ngettext("{count} min late", "{count} min late", late).format(count=late)
        facts.insert(0, FactPart(f"{words}  ·  ", Tone.WARNING))
    return tuple(facts)


def so_far(route: DayRoute, currency: str) -> tuple[FactPart, ...]:
    """What the day has brought: visits, orders, and how much."""
    visits = ngettext("{count} visit", "{count} visits", route.visits).format(count=route.visits)
    orders = ngettext("{count} order", "{count} orders", route.orders).format(count=route.orders)
    amount = format_money(route.ordered_net_minor, currency)
    return (FactPart(f"{visits}  ·  {orders}  ·  "), FactPart(amount))


# ------------------------------------------------------------------------------------- the brief


def brief_item(brief: StopBrief, currency: str, today: date) -> BriefItem:
    """The brief of a stop in words."""
    parts = [", ".join(part for part in (brief.street, brief.city) if part)]
    if brief.spans:
        spans = ", ".join(f"{format_clock(a)}–{format_clock(b)}" for a, b in brief.spans)
        parts.append(_("open {spans}").format(spans=spans))
    else:
        parts.append(_("closed today"))
    if brief.contact:
        person = f"{brief.contact}, {brief.contact_job}" if brief.contact_job else brief.contact
        parts.append(person)
    net = sum(need.expected_net_minor for need in brief.needs)
    margin = sum(need.expected_margin_minor for need in brief.needs)
    count = len(brief.needs) + brief.more_needs
    note = ngettext("{count} SKU", "{count} SKUs", count).format(count=count) if count else ""
    totals = (
        FactPart(
            _("≈ {amount} net").format(amount=format_money(net, currency, decimals=0)) + "   ",
            Tone.MUTED,
        ),
        FactPart(_("{amount} margin").format(amount=format_money(margin, currency, decimals=0))),
    )
    return BriefItem(
        account_id=brief.account_id,
        name=brief.name,
        badges=_badges(brief),
        address=" · ".join(part for part in parts if part),
        needs=tuple(need_item(need, today) for need in brief.needs),
        needs_note=note,
        totals=totals if brief.needs else (),
        facts=tuple(_facts(brief, currency, today)),
    )


def _badges(brief: StopBrief) -> tuple[BadgeItem, ...]:
    from crmdesk.gui.customer_words import class_text, status_badge

    badges = [status_badge(brief.status)]
    if brief.account_class:
        badges.append(BadgeItem(class_text(brief.account_class, "")))
    return tuple(badges)


_NEED_LOOKS = {
    "overdue": ("warning", Tone.DANGER),
    "due": ("clock", Tone.ACCENT),
    "at_risk": ("trend-down", Tone.WARNING),
}


def need_item(need: NeedRow, today: date) -> NeedItem:
    """A SKU the customer will need, with the sentence that says why."""
    icon, tone = _NEED_LOOKS.get(need.state, ("dot", Tone.MUTED))
    words = {"overdue": _("Overdue"), "due": _("Due"), "at_risk": _("At risk")}
    return NeedItem(
        key=need.product_id,
        name=need.name,
        word=words.get(need.state, need.state),
        icon=icon,
        tone=tone,
        sentence=need_sentence(need, today),
        probability=need.p_14,
        suggest=pack_text(need.unit, need.packs),
    )


def need_sentence(need: NeedRow, today: date) -> str:
    """Rhythm, last purchase and usual quantity; the chance stands beside it as a bar."""
    since = max(0, (today - need.last_on).days)
    last = (
        _("last today")
        if since == 0
        else ngettext("last {count} day ago", "last {count} days ago", since).format(count=since)
    )
    times = ngettext("{count} time", "{count} times", need.times).format(count=need.times)
    usual = pack_text(need.unit, need.packs)
    if not need.gap_days:
        return _("Bought {times}, {last}; usually {usual}.").format(
            times=times, last=last, usual=usual
        )
    days = round(need.gap_days)
    if need.state == "at_risk":
        every = ngettext("Bought every ~{count} day", "Bought every ~{count} days", days)
    else:
        every = ngettext("Buys every ~{count} day", "Buys every ~{count} days", days)
    return _("{every} ({times}), {last}; usually {usual}.").format(
        every=every.format(count=days), times=times, last=last, usual=usual
    )


def _facts(brief: StopBrief, currency: str, today: date) -> list[FactItem]:
    facts = [*_debts(brief, currency, today), *_tickets(brief, today)]
    for promise in brief.promises[:3]:
        late = promise.due_on is not None and promise.due_on < today
        when = "" if promise.due_on is None else format_date_near(promise.due_on, today)
        made = ""
        if promise.made_on is not None:
            made = _("said {date}").format(date=format_date_near(promise.made_on, today))
        facts.append(
            FactItem(
                f"promise:{promise.id}", "flag", Tone.ACCENT, _("Promised"), promise.text, when,
                Tone.DANGER if late else Tone.MUTED, made,
            )
        )  # fmt: skip
    facts += _quotes(brief, currency, today)
    if brief.last_order is not None:
        order = brief.last_order
        lines = ngettext("{count} line", "{count} lines", order.line_count)
        words = f"{lines.format(count=order.line_count)}, {format_money(order.net_minor, currency)}"
        goods = ", ".join(f"{pack_text(unit, count)} {name}" for count, unit, name in order.goods)
        facts.append(
            FactItem(
                "order", "orders", Tone.MUTED, _("Last order"), words,
                format_date_near(order.day, today), Tone.MUTED, goods,
            )
        )  # fmt: skip
    return facts


def _debts(brief: StopBrief, currency: str, today: date) -> list[FactItem]:
    if not brief.late:
        return []
    oldest = brief.late[0]
    days = (today - oldest.due_on).days
    total = sum(invoice.open_minor for invoice in brief.late)
    late = ngettext("{count} day late", "{count} days late", days).format(count=days)
    if len(brief.late) == 1:
        detail = _("Invoice {number}, was due {date}").format(
            number=oldest.number, date=format_date(oldest.due_on)
        )
    else:
        detail = _("{count} invoices, the oldest {number} was due {date}").format(
            count=len(brief.late), number=oldest.number, date=format_date(oldest.due_on)
        )
    lead = _("Collect {amount}").format(amount=format_money(total, currency))
    return [FactItem("debt", "euro", Tone.DANGER, lead, "", late, Tone.DANGER, detail)]


def _tickets(brief: StopBrief, today: date) -> list[FactItem]:
    facts = []
    for ticket in brief.tickets[:2]:
        days = max(0, (today - ticket.opened_on).days)
        when = ngettext("{count} day", "{count} days", days).format(count=days)
        lead = _("Complaint") if ticket.kind == "complaint" else _("Ticket")
        facts.append(
            FactItem(
                f"ticket:{ticket.number}", "ticket", Tone.WARNING, lead, ticket.subject, when,
                Tone.WARNING, ticket.last_word or ticket.number,
            )
        )  # fmt: skip
    return facts


def _quotes(brief: StopBrief, currency: str, today: date) -> list[FactItem]:
    facts = []
    for quote in brief.quotes[:2]:
        words = ", ".join(
            part for part in (quote.title, format_money(quote.net_minor, currency)) if part
        )
        when = "" if quote.follow_up is None else format_date_near(quote.follow_up, today)
        detail = quote.number
        if quote.valid_until is not None:
            valid = _("valid until {date}").format(date=format_date(quote.valid_until))
            detail = f"{quote.number} · {valid}"
        due = quote.follow_up is not None and quote.follow_up <= today
        facts.append(
            FactItem(
                f"quote:{quote.number}", "document", Tone.MUTED, _("Quote"), words, when,
                Tone.ACCENT if due else Tone.MUTED, detail,
            )
        )  # fmt: skip
    return facts

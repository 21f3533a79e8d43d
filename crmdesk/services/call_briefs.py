"""Call briefs in words: one customer, or all stops of a day, for the screen and for paper alike.

Owns the order of sections and every sentence in them. Facts are read by
:mod:`crmdesk.services.queries.call_brief`; paper is :mod:`crmdesk.interchange.documents.brief`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from crmdesk.domain.pack_words import pack_text
from crmdesk.domain.pipeline import stage_of, stage_word
from crmdesk.domain.week import Span
from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_date_near,
    format_money,
    format_percent,
    ngettext,
    pgettext,
)
from crmdesk.interchange.documents import words
from crmdesk.interchange.documents.content import (
    Address,
    BriefLine,
    BriefSection,
    BriefSheet,
    CallBrief,
    Customer,
    Head,
)
from crmdesk.services.queries.call_brief import Facts, VisitRow, brief_facts, day_stops
from crmdesk.services.queries.documents import company_of
from crmdesk.services.workspace import Workspace

MOST_DUE = 8


def call_brief(ws: Workspace, account_id: int, minute: int | None = None) -> CallBrief:
    """The brief of one customer; ``minute`` is when it is planned for. Raises NotFound."""
    return brief_of(brief_facts(ws, account_id), ws.currency, ws.today(), minute)


def day_briefs(ws: Workspace, day: date | None = None) -> tuple[CallBrief, ...]:
    """The briefs of one's own day, in the order of its stops."""
    stops = day_stops(ws, day or ws.today())
    return tuple(call_brief(ws, account_id, minute) for account_id, minute in stops)


def brief_document(ws: Workspace, account_id: int) -> BriefSheet:
    """One brief as a document. Raises NotFound."""
    brief = call_brief(ws, account_id)
    return _sheet(ws, (brief,), words.BRIEF, brief.code, ws.today())


def day_document(ws: Workspace, day: date) -> BriefSheet:
    """The briefs of one's own day as a document."""
    with ws.database.read() as connection:
        code = connection.exec_driver_sql(
            "SELECT code FROM app_user WHERE id = ?", (ws.user.id,)
        ).scalar_one()
    number = f"{code} {day.isoformat()}"
    return _sheet(ws, day_briefs(ws, day), words.BRIEFS, number, day)


def _sheet(
    ws: Workspace, briefs: tuple[CallBrief, ...], kind: str, number: str, day: date
) -> BriefSheet:
    with ws.database.read() as connection:
        user = connection.exec_driver_sql(
            "SELECT name, phone, email FROM app_user WHERE id = ?", (ws.user.id,)
        ).one()
        company = company_of(connection)
    head = Head(
        kind, number, day, ws.currency, company,
        Customer("", Address(briefs[0].name if kind == words.BRIEF else user.name)),
        rep=user.name, rep_phone=user.phone or "", rep_email=user.email or "",
    )  # fmt: skip
    return BriefSheet(head, briefs)


def brief_of(facts: Facts, currency: str, today: date, minute: int | None = None) -> CallBrief:
    """A brief in words; sections without a line are left out."""
    header = facts.header
    made = (
        BriefSection("due", _("Due, and why"), tuple(_due(facts, currency, today))),
        BriefSection("debts", _("Debts"), tuple(_debts(facts, currency, today))),
        BriefSection("tickets", _("Open tickets"), tuple(_tickets(facts, today))),
        BriefSection("quotes", _("Quotes to follow up"), tuple(_quotes(facts, currency, today))),
        BriefSection("promises", _("Promised"), tuple(_promises(facts, today))),
        BriefSection("visits", _("Last visits"), tuple(_visits(facts, today))),
        BriefSection("people", _("People"), tuple(_people(facts, today))),
        BriefSection("talk", _("To talk about"), tuple(_talk(facts, currency, today))),
    )
    place = ", ".join(part for part in (header.street, header.city) if part)
    return CallBrief(
        account_id=header.id,
        code=header.code,
        name=header.name,
        place=place,
        under=_under(facts),
        when="" if minute is None else format_clock(minute),
        facts=tuple(_facts(facts, currency, today)),
        sections=tuple(section for section in made if section.lines),
    )


def _under(facts: Facts) -> str:
    header = facts.header
    status = {
        "active": _("Active"), "prospect": _("Prospect"), "lapsed": _("Lapsed"), "lost": _("Lost"),
    }.get(header.status, header.status)  # fmt: skip
    letter = _("Class {letter}").format(letter=header.account_class)
    segment = header.segment_name or header.segment
    return " · ".join(part for part in (status, letter, segment) if part)


def _facts(facts: Facts, currency: str, today: date) -> Iterator[tuple[str, str]]:
    header, value = facts.header, facts.value
    yield _("Open today"), _open(facts.stop.spans)
    contribution = value.waterfall.contribution_minor.value
    if contribution is not None:
        yield _("Contribution, 12 m"), format_money(contribution, currency, decimals=0)
    last = facts.stop.last_order
    if last is not None:
        amount = format_money(last.net_minor, currency, decimals=0)
        yield _("Last order"), f"{format_date_near(last.day, today)}, {amount}"
    if header.score is not None and header.scored_on is not None:
        said = f"{header.score_kind.upper()} {header.score}, {format_date(header.scored_on)}"
        yield _("Satisfaction"), said
    limit = header.credit_limit_minor
    if limit is not None:
        yield (
            _("Credit still free"),
            format_money(max(limit - header.open_minor, 0), currency, decimals=0),
        )
    value_of = value.break_even.value
    if value_of:
        yield _("Break-even order"), format_money(value_of, currency, decimals=0)


def _open(spans: tuple[Span, ...]) -> str:
    if not spans:
        return _("closed, or not known")
    return ", ".join(f"{format_clock(start)}–{format_clock(end)}" for start, end in spans)


def _due(facts: Facts, currency: str, today: date) -> Iterator[BriefLine]:
    tones = {"overdue": "danger", "at_risk": "warning"}
    state = {"overdue": _("overdue"), "due": _("due"), "at_risk": _("at risk")}
    needs = facts.stop.needs
    for need in needs[:MOST_DUE]:
        gap = round(need.gap_days or 0)
        days = (today - need.last_on).days
        ago = ngettext("last {count} day ago", "last {count} days ago", days).format(count=days)
        every = ngettext("every {count} day", "every {count} days", gap).format(count=gap)
        chance = _("{chance} likely").format(chance=format_percent(need.p_14))
        why = ", ".join(part for part in (every if gap else "", ago, chance) if part)
        packs = pack_text(need.unit, need.packs) if need.packs > 0 else ""
        word = state.get(need.state, need.state)
        yield BriefLine(need.name, f"{word}: {why}", packs, tones.get(need.state, "plain"))
    more = len(needs) - MOST_DUE + facts.stop.more_needs
    if more > 0:
        words_ = ngettext("and {count} more", "and {count} more", more).format(count=more)
        yield BriefLine(words_)
    expected = sum(need.expected_net_minor for need in needs)
    if expected:
        yield BriefLine(_("If all of it is bought"), "", format_money(expected, currency))


def _debts(facts: Facts, currency: str, today: date) -> Iterator[BriefLine]:
    for debt in facts.stop.late:
        days = (today - debt.due_on).days
        late = ngettext("{count} day late", "{count} days late", days).format(count=days)
        amount = format_money(debt.open_minor, currency)
        yield BriefLine(_("Invoice {number}").format(number=debt.number), late, amount, "danger")
    header = facts.header
    not_late = header.open_minor - sum(debt.open_minor for debt in facts.stop.late)
    if not_late > 0:
        yield BriefLine(_("Not due yet"), "", format_money(not_late, currency))
    limit = header.credit_limit_minor
    if limit is not None and header.open_minor > limit:
        over = format_money(header.open_minor - limit, currency)
        yield BriefLine(_("Above the credit limit"), "", over, "danger")


def _tickets(facts: Facts, today: date) -> Iterator[BriefLine]:
    for ticket in facts.stop.tickets:
        since = _("since {date}").format(date=format_date_near(ticket.opened_on, today))
        note = " · ".join(part for part in (since, ticket.last_word) if part)
        yield BriefLine(f"{ticket.number} {ticket.subject}", note, tone="warning")


def _quotes(facts: Facts, currency: str, today: date) -> Iterator[BriefLine]:
    for quote in facts.stop.quotes:
        notes = []
        late = quote.follow_up is not None and quote.follow_up < today
        if quote.follow_up is not None:
            day = format_date_near(quote.follow_up, today)
            word = _("to be followed up since {date}") if late else _("follow up {date}")
            notes.append(word.format(date=day))
        if quote.valid_until is not None:
            notes.append(_("valid until {date}").format(date=format_date(quote.valid_until)))
        yield BriefLine(
            f"{quote.number} {quote.title}".strip(), ", ".join(notes),
            format_money(quote.net_minor, currency), "warning" if late else "plain",
        )  # fmt: skip


def _promises(facts: Facts, today: date) -> Iterator[BriefLine]:
    for promise in facts.stop.promises:
        late = promise.due_on is not None and promise.due_on < today
        note = ""
        if promise.due_on is not None:
            day = format_date_near(promise.due_on, today)
            note = (_("was for {date}") if late else _("for {date}")).format(date=day)
        yield BriefLine(promise.text, note, tone="danger" if late else "plain")


def _visits(facts: Facts, today: date) -> Iterator[BriefLine]:
    for visit in facts.visits:
        day = format_date_near(visit.day, today)
        step = _("next: {step}").format(step=visit.next_step) if visit.next_step else ""
        said = [visit.reason, " ".join(visit.note.split()), step, visit.who]
        note = " · ".join(part for part in said if part)
        yield BriefLine(f"{day[:1].upper()}{day[1:]}: {_visit_word(visit)}", note)


def _visit_word(visit: VisitRow) -> str:
    mode = {
        "call": _("call"), "video": _("video call"), "message": _("message"),
    }.get(visit.mode, _("visit"))  # fmt: skip
    outcome = {
        "order": _("order taken"), "no_order": _("no order"), "closed": _("customer closed"),
        "absent": _("nobody there"), "information": _("information"),
    }.get(visit.outcome, "")  # fmt: skip
    return f"{mode}, {outcome}" if outcome else mode


def _people(facts: Facts, today: date) -> Iterator[BriefLine]:
    for person in facts.people:
        notes = [person.job, person.best_time]
        tone = "plain"
        if person.birthday_on is not None:
            tone = "good"
            notes.append(
                _("birthday today")
                if person.birthday_on == today
                else _("birthday on {date}").format(date=format_date(person.birthday_on))
            )
        yield BriefLine(person.name, " · ".join(n for n in notes if n), person.reach, tone)


def _deals(facts: Facts, currency: str, today: date) -> Iterator[BriefLine]:
    """What can still be won here, with the next step."""
    for deal in facts.deals:
        notes = [stage_word(stage_of(deal.stage)), deal.next_step]
        late = deal.next_step_on is not None and deal.next_step_on < today
        if deal.next_step_on is not None:
            notes.append(format_date_near(deal.next_step_on, today))
        else:
            notes.append(_("no next step"))
        amount = format_money(deal.amount_minor, currency, decimals=0) if deal.amount_minor else ""
        note = " · ".join(part for part in notes if part)
        yield BriefLine(
            _("Opportunity: {name}").format(name=deal.name), note, amount,
            "warning" if late else "plain",
        )  # fmt: skip


def _talk(facts: Facts, currency: str, today: date) -> Iterator[BriefLine]:
    """What to bring up: opportunities, objectives, promotions, peers, and what was lost."""
    segment = facts.header.segment_name or facts.header.segment
    yield from _deals(facts, currency, today)
    for objective in facts.objectives:
        yield BriefLine(objective, pgettext("brief", "objective"))
    for name, until in facts.promotions:
        yield BriefLine(name, _("promotion until {date}").format(date=format_date(until)))
    for peer in facts.peers:
        note = _("{share} of “{segment}” buy it, not yet here").format(
            share=format_percent(peer.share), segment=segment
        )
        yield BriefLine(peer.product, note)
    for name, since in facts.lost_skus:
        note = _("bought no more since {date}").format(date=format_date_near(since, today))
        yield BriefLine(name, note, tone="warning")
    if facts.comment and facts.header.score is not None:
        yield BriefLine(f"“{' '.join(facts.comment.split())}”", _("said with the last score"))
    contribution = facts.value.waterfall.contribution_minor.value
    if contribution is not None and contribution < 0:
        amount = format_money(contribution, currency, decimals=0)
        yield BriefLine(_("This customer costs more than it brings"), "", amount, "warning")

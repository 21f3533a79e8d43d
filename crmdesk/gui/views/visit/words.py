"""What the visit sheet says: rows of questions, what was kept, the line beside the title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crmdesk.domain.states import VisitMode, VisitOutcome
from crmdesk.domain.visit_work import AnswerKind, VisitItem, option_word
from crmdesk.gui.dates import read_day
from crmdesk.gui.widgets.items import BadgeItem, Pair, Tone
from crmdesk.i18n import _, format_date_near, format_money, ngettext, pgettext
from crmdesk.services.queries.visit_sheet import Kept, LastContact, VisitSheet
from crmdesk.services.visits import NextStep

USUAL_DAYS = 7
"""When a next step without a day is due."""


@dataclass(frozen=True, slots=True)
class QuestionItem:
    """One objective or question: what it asks, its options in words, its answer."""

    key: str
    name: str
    options: str
    answer: str
    has_options: bool
    state: BadgeItem


@dataclass(frozen=True, slots=True)
class SheetItem:
    """The sheet as the widget shows it; ``running`` says that the visit has begun."""

    title: str
    facts: str
    running: bool
    startable: bool
    mode: VisitMode
    questions: tuple[QuestionItem, ...]
    questions_note: str
    kept: tuple[Pair, ...]
    last: tuple[Pair, ...]
    step_on: str
    promise_on: str
    warning: str
    offer: str = ""


def read_step(typed: str, today: date) -> NextStep | None:
    """A next step as typed, with a day at its end (``Call back +3``); None for nothing typed."""
    words = " ".join(typed.split())
    if not words:
        return None
    head, _space, last = words.rpartition(" ")
    day = read_day(last, today) if head else None
    if day is None or day < today:
        return NextStep(words, today + timedelta(days=USUAL_DAYS))
    return NextStep(head, day)


def mode_word(mode: VisitMode) -> str:
    """How the customer is met, as people read it."""
    return {
        VisitMode.PERSON: pgettext("contact", "In person"),
        VisitMode.CALL: pgettext("contact", "Call"),
        VisitMode.VIDEO: pgettext("contact", "Video"),
        VisitMode.MESSAGE: pgettext("contact", "Message"),
    }[mode]


def outcome_word(outcome: str) -> str:
    """How a visit ended, as people read it."""
    return {
        VisitOutcome.ORDER.value: _("Order"),
        VisitOutcome.NO_ORDER.value: _("No order"),
        VisitOutcome.ABSENT.value: _("Nobody there"),
        VisitOutcome.CLOSED.value: _("Closed"),
        VisitOutcome.INFORMATION.value: _("Information"),
    }.get(outcome, outcome)


def sheet_item(
    sheet: VisitSheet,
    mode: VisitMode,
    now: datetime,
    currency: str,
    step: NextStep | None,
    promise: NextStep | None,
) -> SheetItem:
    """The sheet in words; ``step`` and ``promise`` are what is being typed."""
    running = sheet.visit_id is not None
    shown = sheet.mode if running else mode
    items = [item for item in sheet.items if shown in item.modes]
    done = sum(item.key in sheet.answers for item in items)
    note = _("{done} of {count} answered").format(done=done, count=len(items)) if items else ""
    warning = ""
    if sheet.elsewhere:
        warning = _("The visit to {name} is still running.").format(name=sheet.elsewhere)
    return SheetItem(
        sheet.customer,
        _facts(sheet, now),
        running,
        not running and not sheet.elsewhere,
        shown,
        tuple(_question(item, sheet.answers.get(item.key, "")) for item in items),
        note,
        tuple(_kept(one, sheet, currency) for one in sheet.kept),
        _last(sheet.last, sheet.today),
        "" if step is None else format_date_near(step.on, sheet.today),
        "" if promise is None else format_date_near(promise.on, sheet.today),
        warning,
        _("Time to ask: would they recommend us, 0 to 10?") if sheet.ask_score else "",
    )


def _facts(sheet: VisitSheet, now: datetime) -> str:
    if sheet.started_at is None:
        return _("not started")
    minutes = max(0, int((now - sheet.started_at).total_seconds() // 60))
    words = ngettext("since {count} minute", "since {count} minutes", minutes).format(count=minutes)
    parts = [mode_word(sheet.mode), words if minutes else _("just started")]
    if sheet.off_plan:
        parts.append(_("not in the plan"))
    return " · ".join(parts)


def _question(item: VisitItem, answer: str) -> QuestionItem:
    options = item.options()
    if options:
        words = "  ".join(f"{n} {option_word(item, one)}" for n, one in enumerate(options, start=1))
    elif item.answer is AnswerKind.NUMBER:
        words = _("a number")
    else:
        words = _("in words")
    if answer:
        state = BadgeItem(_("answered"), Tone.GOOD, "check")
    elif item.mandatory:
        state = BadgeItem(_("needed"), Tone.WARNING, "warning")
    else:
        state = BadgeItem(pgettext("task", "open"), Tone.MUTED)
    return QuestionItem(item.key, item.name, words, option_word(item, answer), bool(options), state)


def _kept(one: Kept, sheet: VisitSheet, currency: str) -> Pair:
    if one.kind == "order":
        return Pair(
            _("Order {number}").format(number=one.text),
            format_money(one.amount or 0, currency),
            icon="check",
            tone=Tone.GOOD,
        )
    if one.kind == "shelf":
        return Pair(one.text, str(one.amount), note=_("on the shelf"))
    if one.kind == "score":
        return Pair(_("Would recommend us"), _("{score} of 10").format(score=one.amount))
    if one.kind == "photo":
        return Pair(one.text, _("photo"), icon="photo")
    day = "" if one.day is None else format_date_near(one.day, sheet.today)
    return Pair(one.text, day, icon="flag")


def _last(last: LastContact | None, today: date) -> tuple[Pair, ...]:
    if last is None:
        return ()
    pairs = [
        Pair(mode_word(last.mode), format_date_near(last.day, today)),
        Pair(_("Outcome"), outcome_word(last.outcome) or "–"),
    ]
    if last.note:
        pairs.append(Pair(last.note, "", label_tone=Tone.MUTED))
    if last.next_step:
        day = "" if last.next_step_on is None else format_date_near(last.next_step_on, today)
        pairs.append(Pair(last.next_step, day, icon="flag"))
    return tuple(pairs)

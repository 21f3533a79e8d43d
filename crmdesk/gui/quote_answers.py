"""What a person can answer about a quote, in words and as a command. No Qt here.

Owns the questions of the answer bar (follow up, another day, won, lost) and what an answer does;
the quotes place and the quote entry share them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.quote_rules import EXPIRING_DAYS, FollowUp
from crmdesk.domain.states import QuoteStatus, quote_status_word
from crmdesk.gui.dates import read_day, typed_day
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.i18n import _, format_date, format_date_near, format_percent, ngettext, pgettext
from crmdesk.services import quote_decisions
from crmdesk.services.queries.quote import QuoteSheet, quote_sheet
from crmdesk.services.queries.quotes import QuoteRow
from crmdesk.services.quote_follow_ups import (
    FollowUpInput,
    FollowUpMode,
    FollowUpResult,
    log_follow_up,
    plan_follow_up,
)
from crmdesk.services.workspace import Workspace

FOLLOW, PLAN, WON, LOST = "follow", "plan", "won", "lost"


@dataclass(frozen=True, slots=True)
class AnswerItem:
    """A question of the bar: results are chosen by digits, modes by their letter.

    ``note`` and ``day`` empty: the field is not shown; ``note`` is what stands in it while empty.
    """

    kind: str
    quote_id: int
    title: str
    about: str
    results: tuple[tuple[str, str], ...] = ()
    result: str = ""
    modes: tuple[tuple[str, str, str], ...] = ()
    mode: str = ""
    note: str = ""
    day: str = ""
    done: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was chosen and typed."""

    kind: str
    quote_id: int
    result: str
    mode: str
    note: str
    day: str


def ask_about(ws: Workspace, kind: str, quote_id: int) -> AnswerItem:
    """The question of a kind about a quote; reads its reasons. NotFound when it is gone."""
    return question(quote_sheet(ws, quote_id), kind, ws.today())


def question(sheet: QuoteSheet, kind: str, today: date) -> AnswerItem:
    """The question of a kind about a quote."""
    row = sheet.row
    about = f"{row.customer} · {row.name}"
    next_on = today + timedelta(days=sheet.follow_up_days)
    if row.valid_until is not None and today < row.valid_until < next_on:
        next_on = row.valid_until
    next_on = _working_day(next_on, today)
    if kind == FOLLOW:
        return AnswerItem(
            FOLLOW, row.id, _("Follow up"), about,
            tuple((one.value, result_word(one)) for one in FollowUpResult),
            FollowUpResult.THINKING.value,
            tuple((one.value, sign, mode_word(one)) for one, sign in _MODES),
            FollowUpMode.CALL.value, _("What was said (N)"), typed_day(next_on), _("Save"),
        )  # fmt: skip
    if kind == PLAN:
        return AnswerItem(
            PLAN, row.id, _("Another day"), about, day=typed_day(next_on), done=_("Save")
        )
    if kind == WON:
        reasons = tuple((str(one.id), one.name) for one in sheet.won_reasons)
        return AnswerItem(
            WON, row.id, _("Won: why?"), about, reasons, done=_("Won")
        )  # fmt: skip
    reasons = tuple((str(one.id), one.name) for one in sheet.lost_reasons)
    return AnswerItem(
        LOST, row.id, _("Lost: why?"), about, reasons, note=_("To whom, if you know (N)"),
        done=_("Lost"),
    )  # fmt: skip


def _working_day(day: date, today: date) -> date:
    """The Friday before a weekend; the Monday after it where that Friday is not to come."""
    back = max(0, day.weekday() - 4)
    friday = day - timedelta(days=back)
    return friday if friday > today else friday + timedelta(days=3 if back else 0)


_MODES = (
    (FollowUpMode.CALL, "C"), (FollowUpMode.VISIT, "V"), (FollowUpMode.MAIL, "E"),
    (FollowUpMode.MESSAGE, "M"),
)  # fmt: skip


def give_answer(ws: Workspace, answer: Answer) -> ChangeSet:
    """Do what was answered. FieldError for a day that cannot be read or a missing reason."""
    return _ACTS[answer.kind](ws, answer)


def _follow(ws: Workspace, answer: Answer) -> ChangeSet:
    made = FollowUpInput(
        FollowUpMode(answer.mode), FollowUpResult(answer.result), _day(ws, answer), answer.note
    )
    return log_follow_up(ws, answer.quote_id, made)


def _plan(ws: Workspace, answer: Answer) -> ChangeSet:
    return plan_follow_up(ws, answer.quote_id, _day(ws, answer))


def _won(ws: Workspace, answer: Answer) -> ChangeSet:
    reason = int(answer.result) if answer.result else None
    return quote_decisions.win_quote(ws, answer.quote_id, reason)


def _lost(ws: Workspace, answer: Answer) -> ChangeSet:
    reason = int(answer.result) if answer.result else None
    return quote_decisions.lose_quote(ws, answer.quote_id, reason, answer.note)


_ACTS: dict[str, Callable[[Workspace, Answer], ChangeSet]] = {
    FOLLOW: _follow, PLAN: _plan, WON: _won, LOST: _lost,
}  # fmt: skip


def _day(ws: Workspace, answer: Answer) -> date:
    found = read_day(answer.day, ws.today())
    if found is None:
        raise FieldError(
            "next_on",
            _("“{text}” is no day.").format(text=answer.day),
            _("Type it as 2.12., or +7 for a week from now."),
        )
    return found


def answered_words(answer: Answer, row: QuoteRow, today: date) -> str:
    """What was done, shortly."""
    if answer.kind in (FOLLOW, PLAN):
        day = read_day(answer.day, today)
        when = format_date_near(day, today) if day is not None else ""
        words = _("{quote}: next follow-up {day}.")
        return words.format(quote=row.name, day=when)
    if answer.kind == WON:
        return _("{quote} is won.").format(quote=row.name)
    return _("{quote} is lost.").format(quote=row.name)


def mode_word(mode: str) -> str:
    """How the customer was asked."""
    return {
        "call": pgettext("follow-up", "Call"),
        "visit": pgettext("follow-up", "Visit"),
        "mail": pgettext("follow-up", "E-mail"),
        "message": pgettext("follow-up", "Message"),
    }.get(mode, mode)


def result_word(result: str) -> str:
    """What came of a follow-up."""
    return {
        "interested": _("Interested"),
        "thinking": _("Thinking it over"),
        "changes": _("Wants changes"),
        "unreached": _("Not reached"),
    }.get(result, result)


def days_late(days: int) -> str:
    """So many days late, in words."""
    return ngettext("{count} day late", "{count} days late", days).format(count=days)


def state_badge(row: QuoteRow, today: date) -> BadgeItem:
    """Where a quote stands: its state, or while it waits what is to be done about it."""
    if row.state is None:
        tone, icon = _STATUS[row.status]
        word = quote_status_word(QuoteStatus(row.status))
        return BadgeItem(word[:1].upper() + word[1:], tone, icon)
    if row.state is FollowUp.EXPIRED:
        return BadgeItem(_("Ran out"), Tone.DANGER, "warning")
    if row.state is FollowUp.OVERDUE and row.next_follow_up is not None:
        days = (today - row.next_follow_up).days
        return BadgeItem(days_late(days), Tone.DANGER, "clock")
    if row.state is FollowUp.TODAY:
        return BadgeItem(_("Today"), Tone.ACCENT, "phone")
    if row.state is FollowUp.NONE:
        return BadgeItem(_("No date"), Tone.WARNING, "warning")
    if row.valid_until is not None and (row.valid_until - today).days <= EXPIRING_DAYS:
        days = (row.valid_until - today).days
        words = ngettext("{count} day left", "{count} days left", days).format(count=days)
        tone = Tone.WARNING if row.state is FollowUp.EXPIRING else Tone.MUTED
        return BadgeItem(_("Ends today") if days == 0 else words, tone, "clock")
    return BadgeItem(_("Waiting"), Tone.MUTED, "clock")


_STATUS = {
    "draft": (Tone.MUTED, "edit"),
    "sent": (Tone.ACCENT, "upload"),
    "won": (Tone.GOOD, "check"),
    "lost": (Tone.DANGER, "close"),
    "expired": (Tone.MUTED, "clock"),
    "superseded": (Tone.MUTED, "redo"),
}


def chance_sentence(row: QuoteRow) -> str:
    """On what the chance rests, as a sentence; why there is none."""
    chance = row.chance.value
    if chance is None:
        return _("Too few of your quotes have been decided to say how likely this one is.")
    return _(
        "{share} likely: {similar} quotes like this one, {of} of any kind that were still open at"
        " this age; of those {company} were won."
    ).format(
        share=format_percent(chance.share), similar=chance.similar, of=chance.of,
        company=format_percent(chance.company_share),
    )  # fmt: skip


def valid_words(row: QuoteRow) -> str:
    """Until when a quote holds."""
    if row.valid_until is None:
        return ""
    return _("valid until {date}").format(date=format_date(row.valid_until))

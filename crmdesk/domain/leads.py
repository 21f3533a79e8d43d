"""Leads: their states, the questions that qualify one, and the score with its explanation.

Pure; the same code on the laptop and at HQ. What a lead becomes is :mod:`crmdesk.domain.pipeline`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from crmdesk.domain.errors import IllegalTransition
from crmdesk.i18n import _, pgettext

REASON_KIND = "lead_lost"
"""The kind of reason that a disqualification has to give."""

GOOD_SCORE, FAIR_SCORE = 70, 40

SOURCES = ("fair", "telephone", "recommended", "web", "visit")
"""Where leads come from, beside campaigns."""


class LeadStatus(StrEnum):
    """Where a lead stands. ``LOST`` is a lead that was disqualified."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


OPEN_LEADS = (LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED)
_OPEN = frozenset(OPEN_LEADS)

LEAD_STEPS: Mapping[LeadStatus, frozenset[LeadStatus]] = MappingProxyType(
    {
        **{
            status: (_OPEN | {LeadStatus.CONVERTED, LeadStatus.LOST}) - {status}
            for status in OPEN_LEADS
        },
        # Back only by taking the conversion back, together with what it made.
        LeadStatus.CONVERTED: _OPEN,
        LeadStatus.LOST: _OPEN,
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One possible answer: its key and the points it brings."""

    key: str
    points: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the qualification; replies from best to worst."""

    key: str
    replies: tuple[Reply, ...]

    @property
    def most(self) -> int:
        """The points of the best reply."""
        return max(reply.points for reply in self.replies)


QUESTIONS = (
    Question("need", (Reply("now", 30), Reply("later", 15), Reply("none", 0))),
    Question("volume", (Reply("weekly", 20), Reply("monthly", 12), Reply("rarely", 4))),
    Question("decider", (Reply("speaks", 20), Reply("known", 10), Reply("unknown", 0))),
    Question("price", (Reply("fits", 15), Reply("compares", 8), Reply("lowest", 0))),
    Question("route", (Reply("on", 15), Reply("near", 8), Reply("far", 0))),
)
"""What is asked; the best replies add to 100 points."""

_POINTS = {q.key: {reply.key: reply.points for reply in q.replies} for q in QUESTIONS}


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one question brings: ``reply`` empty and no points while it has not been asked."""

    question: str
    reply: str
    points: int
    most: int


@dataclass(frozen=True, slots=True)
class LeadScore:
    """0 … 100 points with the parts they come from."""

    points: int
    parts: tuple[ScorePart, ...]

    @property
    def asked(self) -> int:
        """How many of the questions have been answered."""
        return sum(bool(part.reply) for part in self.parts)


def score(document: object) -> LeadScore:
    """The score of a stored qualification (``{question: reply}``); unknown words count nothing."""
    given = document if isinstance(document, Mapping) else {}
    parts = []
    for question in QUESTIONS:
        reply = given.get(question.key)
        known = _POINTS[question.key]
        reply = reply if isinstance(reply, str) and reply in known else ""
        parts.append(ScorePart(question.key, reply, known.get(reply, 0), question.most))
    return LeadScore(sum(part.points for part in parts), tuple(parts))


def status_of(value: object) -> LeadStatus:
    """The status a row says; IllegalTransition for what is none."""
    try:
        return LeadStatus(str(value))
    except ValueError as error:
        raise IllegalTransition(_("There is no such state of a lead.")) from error


def check_lead_step(old: LeadStatus, new: LeadStatus) -> None:
    """Raise :class:`IllegalTransition` unless a lead may go from old to new."""
    if old is not new and new not in LEAD_STEPS[old]:
        raise IllegalTransition(
            _("A lead that is “{old}” cannot become “{new}”. Open it again first.").format(
                old=lead_word(old), new=lead_word(new)
            )
        )


def check_lead(values: Mapping[str, object]) -> None:
    """Raise :class:`IllegalTransition` unless a row may stand like this; ``values`` by column.

    A disqualified lead says why, and a converted one what it became. Rows of before reasons were
    asked for (without a day of the end) stay as they are.
    """
    status = status_of(values.get("status"))
    closed = values.get("closed_on") is not None
    if status is LeadStatus.LOST and closed and values.get("reason_id") is None:
        raise IllegalTransition(_("Whoever disqualifies a lead says why."))
    if status is LeadStatus.CONVERTED and values.get("account_uid") is None:
        raise IllegalTransition(_("A converted lead names its customer."))
    points = values.get("score")
    if isinstance(points, int) and not 0 <= points <= 100:
        raise IllegalTransition(_("A score lies between 0 and 100."))


def lead_word(status: LeadStatus) -> str:
    """The status as people read it."""
    return {
        LeadStatus.NEW: pgettext("lead", "New"),
        LeadStatus.CONTACTED: pgettext("lead", "Contacted"),
        LeadStatus.QUALIFIED: pgettext("lead", "Qualified"),
        LeadStatus.CONVERTED: pgettext("lead", "Converted"),
        LeadStatus.LOST: pgettext("lead", "Disqualified"),
    }[status]


def question_word(key: str) -> str:
    """A question as people read it."""
    return {
        "need": _("Need"),
        "volume": _("How much"),
        "decider": _("Who decides"),
        "price": pgettext("lead", "Price"),
        "route": _("On the way"),
    }.get(key, key)


def reply_word(question: str, reply: str) -> str:
    """A reply as people read it; empty for what was not asked."""
    return {
        ("need", "now"): _("needs it now"),
        ("need", "later"): _("later this year"),
        ("need", "none"): _("none found"),
        ("volume", "weekly"): _("a case or more a week"),
        ("volume", "monthly"): _("some cases a month"),
        ("volume", "rarely"): _("now and then"),
        ("decider", "speaks"): _("we speak to them"),
        ("decider", "known"): _("we know who"),
        ("decider", "unknown"): _("not known"),
        ("price", "fits"): _("ours fits"),
        ("price", "compares"): _("compares offers"),
        ("price", "lowest"): _("only the lowest"),
        ("route", "on"): _("on a route"),
        ("route", "near"): _("a small detour"),
        ("route", "far"): _("far off"),
    }.get((question, reply), reply)


def source_word(source: str) -> str:
    """Where a lead came from."""
    return {
        "fair": pgettext("where a lead came from", "Trade fair"),
        "telephone": pgettext("lead", "Telephone"),
        "recommended": _("Recommended"),
        "web": _("Web"),
        "visit": pgettext("lead", "Walked in"),
    }.get(source, source)

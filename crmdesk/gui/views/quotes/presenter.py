"""What the list of quotes does, without Qt: the queue, its figures, answers, new quotes and orders.

Owns the state of the list. One quote with its lines is the quote place's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from crmdesk.analytics.figures import Figure
from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.quote_rules import FollowUp
from crmdesk.domain.states import Role, VisitMode
from crmdesk.gui.customer_finding import CustomerFinder
from crmdesk.gui.customer_words import missing_words
from crmdesk.gui.keyed_list import ChipItem, KeyedList, ListSource, ListView
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.quote_answers import (
    Answer,
    AnswerItem,
    answered_words,
    ask_about,
    chance_sentence,
    give_answer,
)
from crmdesk.gui.widgets.items import Pair, Tone
from crmdesk.i18n import (
    _,
    format_date_near,
    format_money,
    format_number,
    format_percent,
    ngettext,
    pgettext,
)
from crmdesk.services import plans, quote_decisions, quotes, undo
from crmdesk.services.queries.customers import CustomerRow
from crmdesk.services.queries.quote_figures import (
    OpenValue,
    UntouchedFigure,
    quote_figures,
)
from crmdesk.services.queries.quotes import (
    QuoteCounts,
    QuoteFilter,
    QuoteGroup,
    QuoteRow,
    QuoteSort,
    quote_counts,
    quote_keys,
    quote_rows,
)

_KINDS = ("quote", "quote_follow_up", "account", "organisation")


class QuotesView(ListView[QuoteRow], Protocol):
    """What the presenter asks of the widget."""

    def offer_customers(self, rows: Sequence[CustomerRow]) -> None:
        """Show customers that a quote can be started for."""

    def show_figures(
        self, queue: Sequence[Pair], worth: Sequence[Pair], lost: Sequence[Pair]
    ) -> None:
        """Show the queue by its parts, what open quotes are worth, and those never followed up."""

    def ask(self, item: AnswerItem) -> None:
        """Open the answer bar."""

    def put_answer_away(self) -> None:
        """Close the answer bar."""

    def show_about(self, sentence: str) -> None:
        """Say on what the chance of the selected quote rests."""


class QuotesPresenter:
    """The list of quotes and the queue."""

    def __init__(self, context: PlaceContext, view: QuotesView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.customers = CustomerFinder(context, self, view.offer_customers)
        self._list = KeyedList(
            context, self, view, _SOURCE, QuoteFilter(), (QuoteSort.URGENCY, False), self._on_listed
        )

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        self._read_figures()
        self._list.read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when a quote or a customer's name was touched."""
        if changes.touches(*_KINDS):
            self._read_figures()
            self._list.read()

    # -------------------------------------------------------------------------------- intents

    def search(self, text: str) -> None:
        """Show quotes that match a text."""
        self._list.narrow(replace(self._list.wanted, text=text))

    def choose_group(self, key: str) -> None:
        """Show the quotes of one chip."""
        self._list.narrow(replace(self._list.wanted, group=QuoteGroup(key)))

    def sort(self, column: str, *, descending: bool) -> None:
        """Order the list by a column."""
        self._list.sort(QuoteSort(column), descending=descending)

    def read_rows(self, keys: Sequence[int]) -> None:
        """Rows came into view."""
        self._list.read_rows(keys)

    def open(self, quote_id: int | None) -> None:
        """Open a quote."""
        if quote_id is not None:
            self._desk.go("quote", quote=quote_id)

    def select(self, row: QuoteRow | None) -> None:
        """A row has the selection: say on what its chance rests."""
        self._view.show_about(chance_sentence(row) if row is not None and row.state else "")

    def ask(self, kind: str, quote_id: int | None) -> None:
        """Ask about the selected quote: follow, plan, won or lost."""
        if quote_id is None:
            return
        ws = self.workspace

        def work() -> tuple[AnswerItem, QuoteRow | None]:
            return ask_about(ws, kind, quote_id), quote_rows(ws, [quote_id]).get(quote_id)

        def done(found: tuple[AnswerItem, QuoteRow | None]) -> None:
            item, row = found
            if row is None or row.state is None:
                self._desk.toast(_("Only a quote that waits for an answer is followed up."))
            else:
                self._view.ask(item)

        self._runner.read(work, done, self._desk.fail, owner=self)

    def answer(self, answer: Answer) -> None:
        """Do what was answered; what cannot be keeps the bar open and says why."""
        ws = self.workspace

        def work() -> tuple[ChangeSet, QuoteRow]:
            row = quote_rows(ws, [answer.quote_id])[answer.quote_id]
            return give_answer(ws, answer), row

        def done(result: tuple[ChangeSet, QuoteRow]) -> None:
            self._view.put_answer_away()
            undo = None
            if answer.kind in ("won", "lost"):
                undo = self._reopening(answer.quote_id)
            self._desk.toast(answered_words(answer, result[1], ws.today()), undo=undo)

        self._runner.write(work, done, self._desk.fail, owner=self)

    def expire(self, quote_id: int | None) -> None:
        """The quote holds no longer and nobody has said anything."""
        if quote_id is None:
            return
        ws = self.workspace
        self._runner.write(
            lambda: quote_decisions.expire_quote(ws, quote_id),
            lambda _changes: self._desk.toast(
                _("The quote has run out."), undo=self._reopening(quote_id)
            ),
            self._desk.fail,
            owner=self,
        )

    def order(self, quote_id: int | None) -> None:
        """Make an order of the quote, at the prices agreed."""
        if quote_id is None:
            return
        ws = self.workspace
        self._runner.write(
            lambda: quote_decisions.order_from_quote(ws, quote_id),
            lambda started: self._desk.go("order", order=started.order_id),
            self._desk.fail,
            owner=self,
        )

    def plan_call(self, quote_id: int | None) -> None:
        """Put a call on the plan for the day of the next follow-up, today at the earliest."""
        if quote_id is None:
            return
        ws = self.workspace

        def work() -> tuple[ChangeSet, QuoteRow, date]:
            row = quote_rows(ws, [quote_id])[quote_id]
            day = max(row.next_follow_up or ws.today(), ws.today())
            return plans.add_visit(ws, row.account_id, day, mode=VisitMode.CALL), row, day

        def done(result: tuple[ChangeSet, QuoteRow, date]) -> None:
            changes, row, day = result
            words = _("Call to {name} planned: {day}.").format(
                name=row.customer, day=format_date_near(day, ws.today())
            )
            self._desk.toast(words, undo=lambda: self._take_back(changes))

        self._runner.write(work, done, self._desk.fail, owner=self)

    def _take_back(self, changes: ChangeSet) -> None:
        ws, txn = self.workspace, changes.undo
        if txn is not None:
            self._runner.write(lambda: undo.undo(ws, txn), failed=self._desk.fail, owner=self)

    def _reopening(self, quote_id: int) -> Callable[[], None]:
        ws = self.workspace

        def reopen() -> None:
            self._runner.write(
                lambda: quote_decisions.reopen_quote(ws, quote_id),
                lambda _changes: self._desk.toast(_("The quote waits again.")),
                self._desk.fail,
                owner=self,
            )

        return reopen

    def start_quote(self, account_id: int) -> None:
        """Start a quote for a customer."""
        ws = self.workspace
        self._runner.write(
            lambda: quotes.start_quote(ws, account_id),
            lambda started: self._desk.go("quote", quote=started.quote_id),
            self._desk.fail,
            owner=self,
        )

    def export(self) -> None:
        """Write what is shown, with the columns, filter and order it has, to a file."""
        self._desk.export_list()

    # -------------------------------------------------------------------------------- reading

    def _read_figures(self) -> None:
        ws = self.workspace
        self._runner.read(
            lambda: (quote_counts(ws), *quote_figures(ws)),
            lambda found: self._on_counted(*found),
            owner=self,
        )

    # -------------------------------------------------------------------------------- answers

    def _on_counted(
        self, counts: QuoteCounts, value: OpenValue, untouched: UntouchedFigure
    ) -> None:
        words = group_words()
        wanted = self._list.wanted.group
        always = (QuoteGroup.QUEUE, QuoteGroup.OPEN, QuoteGroup.ALL, wanted)
        self._view.show_chips(
            [
                ChipItem(group, f"{words[group]} {format_number(counts.groups[group])}")
                for group in QuoteGroup
                if counts.groups[group] or group in always
            ]
        )
        waiting = counts.groups[QuoteGroup.QUEUE]
        facts = ngettext("{count} to follow up", "{count} to follow up", waiting)
        self._view.show_heading(
            facts.format(count=format_number(waiting)) if waiting else _("nothing is waiting")
        )
        by_rep = self.workspace.user.role is not Role.REP
        self._view.show_figures(
            _queue_pairs(counts),
            _worth_pairs(value, self.workspace.currency),
            _lost_pairs(untouched, self.workspace.currency, by_rep=by_rep),
        )

    def _on_listed(self, keys: Sequence[int]) -> None:
        self._view.show_empty(*_empty_words(self._list.wanted) if not keys else ("", ""))


_SOURCE: ListSource[QuoteFilter, QuoteSort, QuoteRow] = ListSource(
    lambda ws, wanted, sort, descending: quote_keys(ws, wanted, sort, descending=descending),
    quote_rows,
)


def _queue_pairs(counts: QuoteCounts) -> list[Pair]:
    words = {
        FollowUp.EXPIRED: (_("Ran out, undecided"), Tone.DANGER),
        FollowUp.OVERDUE: (_("Overdue"), Tone.DANGER),
        FollowUp.TODAY: (_("Today"), Tone.ACCENT),
        FollowUp.EXPIRING: (_("About to run out"), Tone.WARNING),
        FollowUp.NONE: (_("Without a date"), Tone.WARNING),
        FollowUp.LATER: (_("Later"), Tone.PLAIN),
    }
    return [
        Pair(
            label, format_number(counts.queue[state]),
            tone=tone if counts.queue[state] else Tone.MUTED,
        )
        for state, (label, tone) in words.items()
    ]  # fmt: skip


def _worth_pairs(value: OpenValue, currency: str) -> list[Pair]:
    expected = value.expected_minor
    said = "–" if expected.value is None else format_money(expected.value, currency, decimals=0)
    pairs = [
        Pair(pgettext("quotes", "Open"), format_number(value.count)),
        Pair(_("Net"), format_money(value.net_minor, currency, decimals=0)),
        Pair(_("Expected"), said, strong=True),
    ]
    if expected.value is None:
        pairs.append(Pair(missing_words(expected.reason), "", label_tone=Tone.MUTED))
    return pairs


def _lost_pairs(found: UntouchedFigure, currency: str, *, by_rep: bool) -> list[Pair]:
    pairs = [
        Pair(_("Lost or ran out"), format_number(found.lost)),
        Pair(_("never followed up"), format_number(found.untouched)),
        Pair(_("that is"), _rate(found.rate), strong=True, tone=Tone.WARNING),
        Pair(_("worth"), format_money(found.net_minor, currency, decimals=0)),
    ]
    if by_rep:
        for one in found.by_rep:
            counts = f"{format_number(one.untouched)}/{format_number(one.lost)}"
            pairs.append(Pair(one.rep or "–", _rate(one.rate), counts, label_tone=Tone.MUTED))
    return pairs


def _rate(figure: Figure[float]) -> str:
    return "–" if figure.value is None else format_percent(figure.value)


def _empty_words(wanted: QuoteFilter) -> tuple[str, str]:
    """Why there is no row, and what to do."""
    if wanted.text:
        return (
            _("No quote matches “{text}”.").format(text=wanted.text),
            _("Search for a number, a title or a customer. Esc empties the field."),
        )
    if wanted.group is QuoteGroup.QUEUE:
        return (
            _("Nobody waits for a call about a quote."),
            _("Start a quote with N; once it is sent it comes back here on its day."),
        )
    if wanted.group is QuoteGroup.ALL:
        return _("No quote yet."), _("Start one with N, or from a customer's card.")
    return _("No quote of this kind."), _("Choose another filter.")


def group_words() -> dict[QuoteGroup, str]:
    """The chips in words."""
    return {
        QuoteGroup.QUEUE: _("To follow up"),
        QuoteGroup.OPEN: pgettext("quotes", "Open"),
        QuoteGroup.DRAFTS: _("Drafts"),
        QuoteGroup.WON: _("Won"),
        QuoteGroup.LOST: _("Lost or ran out"),
        QuoteGroup.UNTOUCHED: _("Lost without a call"),
        QuoteGroup.ALL: _("All"),
    }

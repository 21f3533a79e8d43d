"""What arranging cover does, without Qt: who, for whom, when, which visits; and what runs.

Owns the wish while it is being put together. What it would do is read anew after every change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui.dates import read_day
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.cover import words
from crmdesk.i18n import _, format_date, ngettext
from crmdesk.services import cover, undo
from crmdesk.services.cover import CoveredVisit, CoverPreview, CoverRow, CoverWish, PersonRow

USUAL_DAYS = 4
KINDS = ("sick", "holiday")


@dataclass(frozen=True, slots=True)
class CoverItem:
    """What is said of the cover as it is put together; ``problem`` where it cannot be given."""

    sentence: str
    problem: str = ""
    step: str = ""


class CoverView(Protocol):
    """What the presenter asks of the widget."""

    def show_people(self, away: Sequence[PersonRow], standing_in: Sequence[PersonRow]) -> None:
        """Show who can be away, and who can stand in for the one chosen."""

    def show_days(self, first: str, last: str) -> None:
        """Show the days."""

    def show_visits(self, visits: Sequence[CoveredVisit]) -> None:
        """Show the planned visits, all of those that can move picked."""

    def show_cover(self, item: CoverItem) -> None:
        """Show what would be done, or why it cannot."""

    def show_covers(self, rows: Sequence[CoverRow]) -> None:
        """Show what runs and is to come."""


class CoverPresenter:
    """One wish, its preview, and the covers there are."""

    def __init__(self, context: PlaceContext, view: CoverView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        today = self.workspace.today()
        self._wish = CoverWish(0, 0, today, today + timedelta(days=USUAL_DAYS))
        self._people: tuple[PersonRow, ...] = ()
        self._preview: CoverPreview | None = None
        self._covers: tuple[CoverRow, ...] = ()
        self._picked: tuple[int, ...] = ()
        self._asked = 0

    def start(self) -> None:
        """Read for the first time."""
        self._view.show_days(self._wish.first.isoformat(), self._wish.last.isoformat())
        self._read_people()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when territories, leave or plans were touched."""
        if changes.touches("territory_user", "leave", "planned_visit", "user"):
            self._read_people()

    # -------------------------------------------------------------------------------- intents

    def choose_away(self, rep_id: int | None) -> None:
        """Another rep is the one who is away."""
        if rep_id is None or rep_id == self._wish.rep_id:
            return
        others = [p.id for p in self._people if p.id != rep_id]
        stays = self._wish.colleague_id if self._wish.colleague_id in others else 0
        self._wish = replace(self._wish, rep_id=rep_id, colleague_id=stays or (others or [0])[0])
        self._show_people()
        self._read()

    def choose_colleague(self, colleague_id: int | None) -> None:
        """Somebody else stands in."""
        if colleague_id is not None and colleague_id != self._wish.colleague_id:
            self._wish = replace(self._wish, colleague_id=colleague_id)
            self._read()

    def set_days(self, first: str, last: str) -> None:
        """Days were typed; what is none is said and leaves the wish as it is."""
        today = self.workspace.today()
        start = read_day(first, today)
        end = read_day(last, start or today)
        if start is None or end is None:
            typed = first if start is None else last
            self._view.show_cover(
                CoverItem("", _("“{text}” is no day. Type 3.12, +2 or 2026-12-03.").format(
                    text=typed))
            )  # fmt: skip
            return
        self._wish = replace(self._wish, first=start, last=end)
        self._view.show_days(start.isoformat(), end.isoformat())
        self._read()

    def set_kind(self, kind: str) -> None:
        """Sick or on holiday."""
        self._wish = replace(self._wish, kind=kind)

    def set_note(self, text: str) -> None:
        """What is noted with the leave."""
        self._wish = replace(self._wish, note=text.strip())

    def pick(self, visit_ids: Sequence[int]) -> None:
        """Other visits move along."""
        self._picked = tuple(visit_ids)
        self._show_cover()

    def give(self) -> None:
        """Give the cover as it stands; one undo takes all of it back."""
        preview, ws = self._preview, self.workspace
        if preview is None:
            return
        wish = replace(self._wish, visit_ids=self._picked)

        def done(changes: ChangeSet) -> None:
            said = _("{colleague} stands in for {rep} until {day}.").format(
                colleague=preview.colleague.name, rep=preview.rep.name,
                day=format_date(preview.last),
            )  # fmt: skip
            self._desk.toast(said, undo=lambda: self._take_back(changes))

        self._runner.write(lambda: cover.give_cover(ws, wish), done, owner=self)

    def end(self, place: int) -> None:
        """Let a running cover end with yesterday: the rep is back."""
        if not 0 <= place < len(self._covers):
            return
        row, ws = self._covers[place], self.workspace
        yesterday = ws.today() - timedelta(days=1)

        def done(changes: ChangeSet) -> None:
            said = _("{colleague} does not stand in any more.").format(colleague=row.colleague)
            self._desk.toast(said, undo=lambda: self._take_back(changes))

        self._runner.write(lambda: cover.end_cover(ws, row.ids, yesterday), done, owner=self)

    def back(self) -> None:
        """Return to where the person came from."""
        self._desk.back()

    def _take_back(self, changes: ChangeSet) -> None:
        ws, txn = self.workspace, changes.undo
        if txn is not None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

    # -------------------------------------------------------------------------------- reading

    def _read_people(self) -> None:
        ws = self.workspace
        self._runner.read(
            lambda: (cover.people(ws), cover.covers(ws)), self._on_people_read, owner=self
        )

    def _on_people_read(self, found: tuple[tuple[PersonRow, ...], tuple[CoverRow, ...]]) -> None:
        self._people, self._covers = found
        self._view.show_covers(self._covers)
        known = {person.id for person in self._people}
        if self._wish.rep_id not in known and self._people:
            self._wish = replace(self._wish, rep_id=self._people[0].id, colleague_id=0)
        others = [p.id for p in self._people if p.id != self._wish.rep_id]
        if self._wish.colleague_id not in others:
            self._wish = replace(self._wish, colleague_id=(others or [0])[0])
        self._show_people()
        self._read()

    def _show_people(self) -> None:
        self._view.show_people(self._people, [p for p in self._people if p.id != self._wish.rep_id])

    def _read(self) -> None:
        self._asked += 1
        number, ws, wish = self._asked, self.workspace, self._wish
        if not wish.colleague_id:
            self._preview = None
            self._view.show_visits(())
            self._view.show_cover(CoverItem("", _("There is nobody else who could stand in.")))
            return

        def work() -> CoverPreview | CrmdeskError:
            try:
                return cover.cover_preview(ws, wish)
            except CrmdeskError as error:
                return error

        self._runner.read(work, lambda found: self._on_read(number, found), owner=self)

    def _on_read(self, number: int, found: CoverPreview | CrmdeskError) -> None:
        if number != self._asked:
            return
        if isinstance(found, CrmdeskError):
            self._preview = None
            self._view.show_visits(())
            self._view.show_cover(CoverItem("", f"{found.message} {found.hint}".strip()))
            return
        self._preview = found
        self._picked = tuple(visit.id for visit in found.visits if not visit.colleague_away)
        self._view.show_visits(found.visits)
        self._show_cover()

    def _show_cover(self) -> None:
        if self._preview is None:
            return
        count = len(self._picked)
        step = ngettext("Give cover, {count} visit moves", "Give cover, {count} visits move", count)
        step = step.format(count=count) if count else _("Give cover")
        self._view.show_cover(CoverItem(words.sentence(self._preview, count), step=step))


def kind_words() -> list[tuple[str, str]]:
    """Why somebody is away, in words."""
    return [("sick", _("Sick")), ("holiday", _("On holiday"))]


def days_text(first: date, last: date) -> str:
    """From when to when."""
    return f"{format_date(first)} – {format_date(last)}"

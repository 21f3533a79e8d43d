"""The tour: a day walked through by itself in the real window, by keys, with pictures.

A rep's day is lived from the first stop to the sync; whoever has no route is led through the
places of the rail. ``./dev run`` takes the tour where there is no display. Every step waits for
what it should have led to, checks it in the data, saves a picture and says how long it took; one
failed step fails the tour, and the others still run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui import theme
from crmdesk.gui.app import Desktop, Start, make_application
from crmdesk.gui.places import places_for
from crmdesk.gui.shell import DEFAULT_SIZE
from crmdesk.gui.widgets.map_items import SYNCHRONOUS_MAPS
from crmdesk.i18n import _, format_number

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_PATIENCE_S = 30.0
_STILL_S = 0.25
_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_NONE = Qt.KeyboardModifier.NoModifier


Step = tuple[str, str, Callable[["Guide"], None]]
"""Name of the picture, title, what is done."""


class StepFailed(Exception):
    """A step did not lead to what it should have led to."""


@dataclass(slots=True)
class Guide:
    """The hands and eyes of the tour: keys, waiting, pictures, and what went wrong."""

    desktop: Desktop
    pictures: Path
    problems: list[str] = field(default_factory=list)
    number: int = 0
    busy: int = 0

    @property
    def workspace(self) -> Workspace:
        """The opened profile."""
        if self.desktop.workspace is None:
            raise StepFailed(_("the profile did not open"))
        return self.desktop.workspace

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = _NONE) -> None:
        """Send a key to whatever has the focus."""
        window = self.desktop.window
        focused: QWidget | None = window.focusWidget()
        QTest.keyClick(window if focused is None else focused, key, modifiers)

    def write(self, words: str) -> None:
        """Type words into whatever has the focus."""
        window = self.desktop.window
        focused: QWidget | None = window.focusWidget()
        QTest.keyClicks(window if focused is None else focused, words)

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Let the window work until ``done``; StepFailed when that takes too long."""
        ends = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > ends:
                raise StepFailed(what)
            self._breathe()

    def settle(self) -> None:
        """Let every job end and the window paint."""
        quiet_since = time.monotonic()
        ends = quiet_since + _PATIENCE_S
        while time.monotonic() - quiet_since < _STILL_S:
            self._breathe()
            if self.busy:
                quiet_since = time.monotonic()
            if time.monotonic() > ends:
                raise StepFailed(_("the window does not come to rest"))

    def _breathe(self) -> None:
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents()
        time.sleep(0.005)

    def open_place(self, number: int) -> None:
        """Open a place of the rail by its key."""
        self.press(Qt.Key(Qt.Key.Key_0 + number), _CTRL)
        self.settle()

    def place(self, key: str) -> Any:
        """The widget shown, which must be this place."""
        here = self.desktop.window.here()
        if here is None or here.place != key:
            raise StepFailed(
                _("{wanted} did not open, {shown} is shown").format(
                    wanted=key, shown="–" if here is None else here.place
                )
            )
        return self.desktop.window.place(key)

    def picture(self, name: str) -> Path:
        """Save what the window shows."""
        self.number += 1
        path = self.pictures / f"{self.number:02d}-{name}.png"
        if not self.desktop.window.grab().save(str(path)):
            raise StepFailed(_("the picture {file} could not be saved").format(file=path))
        return path


def run_tour(start: Start, pictures: Path) -> int:
    """Walk through the day; prints each step with its time; 0 only when every step worked."""
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("[0-9][0-9]-*.png"):
        old.unlink()
    app = make_application()
    app.setProperty(SYNCHRONOUS_MAPS, True)  # a picture must not catch a map without its tiles
    desktop = Desktop(app, start)
    guide = Guide(desktop, pictures)

    def count(jobs: int) -> None:
        guide.busy = jobs

    desktop.runner.busy_changed.connect(count)
    previous = qInstallMessageHandler(
        lambda _kind, _context, message: guide.problems.append(f"Qt: {message}")
    )
    desktop.runner.unhandled = lambda error: guide.problems.append(str(error))
    failed = 0
    try:
        failed += not _take(guide, "opened", _("The desktop opens"), _open)
        for name, title, step in _steps(guide):
            failed += not _take(guide, name, title, step)
    finally:
        qInstallMessageHandler(previous)
        desktop.close()
    for problem in guide.problems:
        _say(_("  problem: {text}").format(text=problem))
    _say(_("Pictures: {folder}").format(folder=pictures))
    return 3 if failed or guide.problems else 0


def _take(guide: Guide, name: str, title: str, step: Callable[[Guide], None]) -> bool:
    guide.desktop.window.toast_note.hide()
    began = time.perf_counter()
    try:
        step(guide)
        guide.settle()
        taken = time.perf_counter() - began
        picture = guide.picture(name)
    except (StepFailed, CrmdeskError) as error:
        _say(_("FAILED  {title}: {reason}").format(title=title, reason=error))
        guide.picture(f"{name}-failed")
        return False
    _say(f"{format_number(taken, 2):>7} s  {title}  ({picture.name})")
    return True


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the tour speaks to a terminal


# ------------------------------------------------------------------------------------- the day


def _open(guide: Guide) -> None:
    window = guide.desktop.window
    window.resize(*DEFAULT_SIZE)
    theme.apply(make_application(), "light")
    guide.desktop.show()
    window.activateWindow()
    guide.wait(lambda: guide.desktop.workspace is not None, _("the profile did not open"))
    guide.settle()


def _today(guide: Guide) -> None:
    from crmdesk.services.queries.today import day_route

    guide.place("today")
    if not day_route(guide.workspace).stops:
        raise StepFailed(_("nothing is planned today"))


def _brief(guide: Guide) -> None:
    guide.place("today")
    guide.press(Qt.Key.Key_B)
    guide.wait(lambda: _here(guide) == "brief", _("B did not open the call brief"))


def _start_visit(guide: Guide) -> None:
    from crmdesk.services.queries.today import day_route

    guide.open_place(1)
    guide.place("today")
    route = day_route(guide.workspace)
    if route.running_visit_id is None:
        guide.press(Qt.Key.Key_Space)
    guide.wait(
        lambda: day_route(guide.workspace).running_visit_id is not None,
        _("Space did not start the visit"),
    )


def _sheet(guide: Guide) -> None:
    guide.place("today")
    guide.press(Qt.Key.Key_V)
    guide.wait(lambda: _here(guide) == "visit", _("V did not open the visit sheet"))


def _take_order(guide: Guide) -> None:
    guide.open_place(1)
    guide.place("today")
    guide.press(Qt.Key.Key_O)
    guide.wait(lambda: _here(guide) == "order", _("O did not open the order"))
    guide.settle()
    if not _draft_lines(guide):
        raise StepFailed(_("the suggested order is empty"))


def _change_line(guide: Guide) -> None:
    guide.place("order")
    before = _draft_lines(guide)
    guide.press(Qt.Key.Key_4)
    guide.press(Qt.Key.Key_Down)
    guide.settle()
    if _draft_lines(guide) == before:
        raise StepFailed(_("typing a number did not change the line"))


def _submit(guide: Guide) -> None:
    guide.place("order")
    drafts = _drafts(guide)
    guide.press(Qt.Key.Key_Return, _CTRL)
    guide.wait(lambda: _drafts(guide) == drafts - 1, _("Ctrl+Enter did not submit the order"))


def _log_visit(guide: Guide) -> None:
    from crmdesk.services.queries.today import day_route

    guide.open_place(1)
    guide.place("today")
    guide.press(Qt.Key.Key_Space)
    guide.settle()
    guide.press(Qt.Key.Key_Return)
    guide.wait(
        lambda: day_route(guide.workspace).running_visit_id is None,
        _("Enter did not end the visit"),
    )


def _customers(guide: Guide) -> None:
    guide.open_place(2)
    guide.place("customers")


def _lists(guide: Guide) -> None:
    guide.place("customers")
    guide.press(Qt.Key.Key_F)
    guide.wait(lambda: _here(guide) == "lists", _("F did not open the lists"))


def _card(guide: Guide) -> None:
    guide.open_place(2)
    guide.place("customers")
    guide.press(Qt.Key.Key_Return)
    guide.wait(lambda: _here(guide) == "customer", _("Enter did not open the customer"))


def _tickets(guide: Guide) -> None:
    guide.place("customer")
    guide.press(Qt.Key.Key_T, _SHIFT)
    guide.wait(lambda: _here(guide) == "service", _("Shift+T did not open the tickets"))


def _plan(guide: Guide) -> None:
    guide.open_place(3)
    guide.place("plan")
    guide.press(Qt.Key.Key_PageDown)
    guide.settle()
    guide.press(Qt.Key.Key_R)
    guide.settle()
    if _planned_ahead(guide) < 10:
        raise StepFailed(_("the week has fewer than ten visits"))


def _reorder(guide: Guide) -> None:
    guide.open_place(4)
    guide.place("reorder")


def _orders(guide: Guide) -> None:
    guide.open_place(5)
    guide.place("orders")


def _pipeline(guide: Guide) -> None:
    from crmdesk.domain.pipeline import OPEN_STAGES
    from crmdesk.services.queries.deals import deal_rows

    guide.open_place(7)
    deal = guide.place("pipeline").presenter.deal
    if deal is None:
        raise StepFailed(_("the board is empty"))
    before = deal_rows(guide.workspace, [deal])[deal].stage
    if before not in OPEN_STAGES:
        return
    # From the last open stage on there is a reason to be given.
    back = before is OPEN_STAGES[-1]
    guide.press(Qt.Key.Key_Left if back else Qt.Key.Key_Right, _SHIFT)
    guide.wait(
        lambda: deal_rows(guide.workspace, [deal])[deal].stage is not before,
        _("Shift with an arrow did not move the opportunity"),
    )


def _task(guide: Guide) -> None:
    from crmdesk.services.queries.notices import coming_tasks

    guide.open_place(8)
    place, before = guide.place("tasks"), len(coming_tasks(guide.workspace))
    guide.press(Qt.Key.Key_N)
    guide.settle()
    guide.press(Qt.Key.Key_Return)
    guide.wait(lambda: place.form.form is not None, _("N did not open the form of a task"))
    guide.write(_("Bring the price list"))
    guide.press(Qt.Key.Key_Return)
    guide.wait(
        lambda: len(coming_tasks(guide.workspace)) == before + 1, _("Enter did not keep the task")
    )


def _search(guide: Guide) -> None:
    guide.press(Qt.Key.Key_K, _CTRL)
    for letter in "ivanov":
        guide.press(Qt.Key(ord(letter.upper())))
    guide.settle()
    if not guide.desktop.window.palette_list.isVisible():
        raise StepFailed(_("the command field found nothing"))


def _sync(guide: Guide) -> None:
    from crmdesk.services.queries.sync import sync_status

    guide.press(Qt.Key.Key_Escape)
    guide.settle()
    guide.press(Qt.Key.Key_Escape)
    guide.settle()
    guide.press(Qt.Key.Key_Y, _CTRL | _SHIFT)
    guide.wait(lambda: _here(guide) == "sync", _("the sync centre did not open"))
    guide.settle()
    guide.press(Qt.Key.Key_F5)
    guide.wait(lambda: not sync_status(guide.workspace).waiting, _("F5 did not send everything"))
    guide.settle()
    if sync_status(guide.workspace).last_result != "done":
        raise StepFailed(_("the round did not end well"))


def _dark(guide: Guide) -> None:
    guide.press(Qt.Key.Key_D, _CTRL | _SHIFT)
    guide.open_place(1)


def _light(guide: Guide) -> None:
    guide.press(Qt.Key.Key_D, _CTRL | _SHIFT)
    guide.open_place(2)


def _shown(key: str, number: int) -> Callable[[Guide], None]:
    def step(guide: Guide) -> None:
        guide.open_place(number)
        guide.place(key)

    return step


def _steps(guide: Guide) -> list[Step]:
    """A rep's day; for others every place of their rail that has a key, then search and sync."""
    if guide.desktop.workspace is None:
        return []
    rail = [spec for spec in places_for(guide.workspace) if spec.in_rail][:9]
    if any(spec.key == "today" for spec in rail):
        return [(name, title(), step) for name, title, step in _DAY]
    places = [(s.key, s.title(), _shown(s.key, n)) for n, s in enumerate(rail, start=1)]
    return [*places, *((name, title(), step) for name, title, step in _FOR_ALL)]


def _here(guide: Guide) -> str:
    here = guide.desktop.window.here()
    return "" if here is None else here.place


def _draft_lines(guide: Guide) -> list[tuple[Any, ...]]:
    from crmdesk.services.queries.day_facts import draft_lines_today

    return draft_lines_today(guide.workspace)


def _drafts(guide: Guide) -> int:
    from crmdesk.services.queries.day_facts import drafts_today

    return drafts_today(guide.workspace)


def _planned_ahead(guide: Guide) -> int:
    from crmdesk.services.queries.day_facts import planned_ahead

    return planned_ahead(guide.workspace)


_DAY: tuple[tuple[str, Callable[[], str], Callable[[Guide], None]], ...] = (
    ("today", lambda: _("Today opens with the route"), _today),
    ("brief", lambda: _("What to know in the doorway"), _brief),
    ("visit", lambda: _("Start the visit"), _start_visit),
    ("visit-sheet", lambda: _("The visit sheet"), _sheet),
    ("order", lambda: _("Take the suggested order"), _take_order),
    ("order-changed", lambda: _("Change a quantity"), _change_line),
    ("order-submitted", lambda: _("Submit the order"), _submit),
    ("visit-logged", lambda: _("Log the visit"), _log_visit),
    ("customers", lambda: _("Customers"), _customers),
    ("lists", lambda: _("Lists, filtered by a sentence"), _lists),
    ("customer", lambda: _("Open a customer"), _card),
    ("tickets", lambda: _("Its tickets"), _tickets),
    ("plan", lambda: _("Plan next week"), _plan),
    ("reorder", lambda: _("Reorder board"), _reorder),
    ("orders", lambda: _("Orders"), _orders),
    ("pipeline", lambda: _("Move an opportunity on"), _pipeline),
    ("task", lambda: _("Make a task for tomorrow"), _task),
    ("search", lambda: _("Find by name in another alphabet"), _search),
    ("sync", lambda: _("Sync with HQ"), _sync),
    ("today-dark", lambda: _("Today in the dark"), _dark),
    ("customers-light", lambda: _("And light again"), _light),
)
_FOR_ALL = tuple(step for step in _DAY if step[0] in {"search", "sync"})

"""What a view is made of, and what the shell gives to it. No Qt here.

A view is a widget (paints, forwards intents), a presenter (plain Python: asks queries and
commands through the runner, speaks to the widget through a small protocol of its own) and a
model (rows of a table). The shell knows only the protocols below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crmdesk.domain.changes import ChangeSet

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings

    from crmdesk.gui.jobs import Control, Job, Owner, Report
    from crmdesk.services.workspace import Workspace

T = TypeVar("T")


class Presenter(Protocol):
    """The life of a presenter: started when first shown, told of changes, closed with its view."""

    closed: bool

    def start(self) -> None:
        """Read for the first time."""

    def close(self) -> None:
        """Set ``closed``; results still under way are dropped."""

    def on_changes(self, changes: ChangeSet) -> None:
        """Something was committed; read again only what is shown and touched."""


class JobRunner(Protocol):
    """The part of the runner that presenters see; a fake of it runs the work at once."""

    def read(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: Owner | None = None,
        control: Control | None = None,
        progressed: Callable[[Report], None] | None = None,
    ) -> Job | None:
        """Run a query off the interface thread."""

    def write(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: Owner | None = None,
        control: Control | None = None,
        progressed: Callable[[Report], None] | None = None,
    ) -> Job | None:
        """Run a command on the one writer thread."""

    def network(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: Owner | None = None,
        control: Control | None = None,
        progressed: Callable[[Report], None] | None = None,
    ) -> Job | None:
        """Run something that waits for others."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to go: a place and what to show in it (``{"account": 17}``); one step of history.

    ``instead`` is where to go when the person's role does not have the place.
    """

    place: str
    args: Mapping[str, Any] = field(default_factory=dict)
    instead: Target | None = None


@dataclass(frozen=True, slots=True)
class RoundState:
    """What is shown of syncing. ``stage`` is push, pull, snapshot or apply; ``total`` 0: unknown.

    ``bytes`` went over the connection in this round. ``next_in_s`` is None when no round will come
    by itself; ``turned_away`` when HQ has said that this device is not to come back.
    """

    running: bool = False
    stopping: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    bytes: int = 0
    next_in_s: float | None = None
    turned_away: bool = False


class SyncRounds(Protocol):
    """Rounds of sync as a presenter sees them."""

    @property
    def state(self) -> RoundState:
        """How it stands now."""

    def ask(self) -> None:
        """A round now; nothing while one runs."""

    def cancel(self) -> None:
        """Stop the running round after the request it is at; nothing is lost."""

    def listen(self, listener: Callable[[RoundState], None]) -> Callable[[], None]:
        """Be told of every change of the state; the returned function ends it."""


class Desk(Protocol):
    """What a presenter may ask of the window around it."""

    def go(self, place: str, **args: object) -> None:
        """Open a place and show something in it; a step that Alt+Left takes back."""

    def back(self) -> None:
        """Return to where the person came from."""

    def toast(self, text: str, *, undo: Callable[[], None] | None = None) -> None:
        """Say shortly what was done, with Undo when it can be undone."""

    def banner(self, message: str, hint: str = "", *, tone: str = "warning") -> None:
        """Say what did not work and what to do next; stays until closed."""

    def fail(self, error: Exception) -> None:
        """Show an error in the way its kind asks for."""

    def export_list(self) -> None:
        """Write the list shown, as it is shown, to a file the person chooses."""

    @property
    def rounds(self) -> SyncRounds:
        """The rounds of sync: asked for, followed and cancelled."""


@dataclass(frozen=True, slots=True)
class PlaceContext:
    """Everything a place gets from the shell; ``settings`` remember the layout of its tables."""

    workspace: Workspace
    runner: JobRunner
    desk: Desk
    settings: QSettings | None = None


class PlaceWidget(Protocol):
    """A place as the shell sees it; it is also a QWidget."""

    presenter: Presenter

    def show_target(self, args: Mapping[str, Any]) -> None:
        """Show what the target names; an empty mapping means the place as it was left."""


@dataclass(frozen=True, slots=True)
class PlaceSpec:
    """One place of the rail (or, with ``in_rail`` false, reached from elsewhere).

    ``title`` is called when shown, so that it follows the language. ``build`` returns a QWidget
    that also is a :class:`PlaceWidget`; it is called when the place is first opened. ``within`` is
    the place of the rail that is marked while one outside of it is shown; ``alone`` is one outside
    of it that the command field offers, for it needs nothing named. ``badge`` counts what waits
    there; it is read off the interface thread. ``inner`` are what the command field offers of its
    inside: words and the arguments of the target.
    """

    key: str
    title: Callable[[], str]
    icon: str
    build: Callable[[PlaceContext], Any]
    in_rail: bool = True
    within: str = ""
    alone: bool = False
    badge: Callable[[Workspace], int] | None = None
    inner: Callable[[], Sequence[tuple[str, Mapping[str, Any]]]] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the command field: what it is, and where Enter goes.

    ``group`` is the heading (Customers, SKUs, Commands…), ``keys`` the shortcut shown at the right.
    ``row`` is the kind and id of what was found, to be remembered when it is opened.
    """

    group: str
    title: str
    detail: str = ""
    icon: str = ""
    target: Target | None = None
    action: Callable[[], None] | None = None
    keys: str = ""
    row: tuple[str, int] | None = None

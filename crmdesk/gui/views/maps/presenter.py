"""What the maps place does, without Qt: places and maps read, pins kept, maps made and moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import Cancelled
from crmdesk.gui.jobs import Control, Report
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _
from crmdesk.services import maps, undo
from crmdesk.services.map_building import STAGES, build_region
from crmdesk.services.pins import place_pin
from crmdesk.services.queries.locations import (
    PlaceProblem,
    PlaceQuality,
    PlaceRow,
    place_quality,
)
from crmdesk.services.queries.map_points import CustomerPoint, customer_points
from crmdesk.services.queries.maps import MapRow, MapsPage, MapState, maps_page
from crmdesk.services.region_packs import PackFile, add_pack, remove_pack

_TOUCHED = ("account", "region_pack", "territory")


@dataclass(frozen=True, slots=True)
class MapsSheet:
    """All the place shows."""

    page: MapsPage
    quality: PlaceQuality
    points: tuple[CustomerPoint, ...]


class MapsView(Protocol):
    """What the presenter asks of the widget."""

    def show_sheet(self, sheet: MapsSheet) -> None:
        """Show places, maps and points."""

    def show_pin(self, name: str, latitude: float | None, longitude: float | None) -> None:
        """Show the pin of a customer; no name: nobody's."""

    def propose_pin(self, latitude: float, longitude: float) -> None:
        """Put the chosen customer's pin where it probably belongs, to be kept by a key."""

    def show_making(self, stage: str, done: int, total: int) -> None:
        """Show how far the making of a map is; no stage: none is made."""

    def maps_changed(self) -> None:
        """Other maps are in the profile now: draw with them."""


class MapsPresenter:
    """The maps place."""

    def __init__(self, context: PlaceContext, view: MapsView) -> None:
        self.closed = False
        self._ws = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._sheet: MapsSheet | None = None
        self._account: int | None = None
        self._making: Control | None = None

    # ---- life

    def start(self) -> None:
        """Read for the first time, and take what has arrived into use."""
        ws = self._ws
        self._read()
        self._runner.network(lambda: maps.use_arrived(ws), self._on_arrived, owner=self)

    def close(self) -> None:
        """Drop what is under way; a map that is being made is given up."""
        self.closed = True
        if self._making is not None:
            self._making.cancel()

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown."""
        if any(changes.touches(kind) for kind in _TOUCHED):
            self._read()

    def _read(self) -> None:
        ws = self._ws
        self._runner.read(
            lambda: MapsSheet(maps_page(ws), place_quality(ws), customer_points(ws)),
            self._on_read, owner=self,
        )  # fmt: skip

    def _on_read(self, sheet: MapsSheet) -> None:
        self._sheet = sheet
        self._view.show_sheet(sheet)

    def _on_arrived(self, arrived: maps.Arrived) -> None:
        for name, problem in arrived.problems:
            self._desk.banner(_("The map {name} cannot be used.").format(name=name), problem)
        if arrived.packs:
            self._changed(_("{name} has arrived and is in use.").format(
                name=arrived.packs[0].facts.title))  # fmt: skip

    # ---- pins

    def choose_place(self, account_id: int | None) -> None:
        """Show the pin of a customer, in the list or on the map."""
        self._account = account_id
        row = self._place(account_id)
        if row is not None:
            self._view.show_pin(row.name, row.latitude, row.longitude)
            if row.problem is PlaceProblem.SWAPPED and None not in (row.latitude, row.longitude):
                self._view.propose_pin(row.longitude or 0.0, row.latitude or 0.0)
            return
        points = self._sheet.points if self._sheet is not None else ()
        point = next((one for one in points if one.account_id == account_id), None)
        if point is not None:
            self._view.show_pin(point.name, point.latitude, point.longitude)
        else:
            self._view.show_pin("", None, None)

    def keep_pin(self, latitude: float, longitude: float) -> None:
        """Write where the chosen customer is."""
        ws, account = self._ws, self._account
        if account is not None:
            self._runner.write(
                lambda: place_pin(ws, account, latitude, longitude), self._on_pinned, owner=self
            )

    def _on_pinned(self, changes: ChangeSet) -> None:
        if changes.undo is None:
            return
        ws, txn = self._ws, changes.undo

        def take_back() -> None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

        self._desk.toast(_("The pin is where you put it; drives follow."), undo=take_back)

    def open_card(self) -> None:
        """The card of the chosen customer."""
        if self._account is not None:
            self._desk.go("customer", account=self._account)

    def _place(self, account_id: int | None) -> PlaceRow | None:
        rows: Sequence[PlaceRow] = () if self._sheet is None else self._sheet.quality.rows
        return next((row for row in rows if row.account_id == account_id), None)

    # ---- maps

    @property
    def making(self) -> bool:
        """True while a map is made."""
        return self._making is not None

    def build(self, extract: Path, title: str = "") -> None:
        """Make a map of an extract; one at a time."""
        if self._making is not None:
            self._desk.toast(_("A map is being made already."))
            return
        control = self._making = Control()
        folder = self._ws.folder

        def work() -> PackFile:
            def tell(stage: str, done: int, total: int) -> None:
                control.report(done, total, stage)

            return build_region(folder, extract, title, tell=tell, on_cancel=control.on_cancel)

        self._view.show_making(STAGES[0], 0, 0)
        self._runner.network(
            work, self._on_made, self._on_not_made, control=control, progressed=self._on_progressed
        )

    def stop(self) -> None:
        """Give up the map that is being made."""
        if self._making is not None:
            self._making.cancel()
            self._making = None
            self._view.show_making("", 0, 0)
            self._desk.toast(_("The map was given up; nothing is left of it."))

    def _on_progressed(self, report: Report) -> None:
        if self._making is not None and not self.closed:
            self._view.show_making(report.text, report.done, report.total)

    def _on_made(self, pack: PackFile) -> None:
        self._making = None
        if not self.closed:
            self._view.show_making("", 0, 0)
            self._changed(_("{name} is ready: drives go by its roads.").format(
                name=pack.facts.title))  # fmt: skip

    def _on_not_made(self, error: Exception) -> None:
        self._making = None
        if self.closed:
            return
        self._view.show_making("", 0, 0)
        if not isinstance(error, Cancelled):
            self._desk.fail(error)

    def add(self, path: Path) -> None:
        """Take a map file into the profile."""
        folder = self._ws.folder
        self._runner.network(
            lambda: add_pack(folder, path), self._on_made, self._desk.fail, owner=self
        )

    def remove(self, row: MapRow | None) -> None:
        """Take a map away from here; a published one can be fetched again."""
        if row is None or row.pack is None or row.pack.bundled:
            self._desk.toast(
                _("This map cannot be removed: it comes with the program or is at HQ.")
            )
            return
        folder, digest, title = self._ws.folder, row.pack.facts.sha256, row.title
        path = row.pack.path

        def work() -> bytes:
            data = path.read_bytes()
            remove_pack(folder, digest)
            return data

        def removed(data: bytes) -> None:
            def take_back() -> None:
                self._runner.network(
                    lambda: _put_back(folder, path.name, data), self._on_made, owner=self
                )

            self._changed("")
            self._desk.toast(_("{name} is no longer here.").format(name=title), undo=take_back)

        self._runner.network(work, removed, owner=self)

    def publish(self, row: MapRow | None) -> None:
        """Give a map to the whole company, or no longer."""
        if row is None:
            return
        ws, pack, published = self._ws, row.pack, row.published_id
        if published is not None:
            words = _("{name} is no longer given to the company.")
            self._runner.write(
                lambda: maps.withdraw_pack(ws, published),
                lambda changes: self._said(changes, words, row.title), owner=self,
            )  # fmt: skip
        elif pack is not None:
            words = _("{name} goes to HQ with the next sync.")
            self._runner.write(
                lambda: maps.publish_pack(ws, pack),
                lambda changes: self._said(changes, words, row.title), owner=self,
            )  # fmt: skip

    def _said(self, changes: ChangeSet, words: str, name: str) -> None:
        ws, txn = self._ws, changes.undo

        def take_back() -> None:
            if txn is not None:
                self._runner.write(lambda: undo.undo(ws, txn), owner=self)

        self._desk.toast(words.format(name=name), undo=take_back)

    def fetch(self, row: MapRow | None) -> None:
        """Have a published map fetched now."""
        if row is None or row.published_id is None or row.state is MapState.HERE:
            self._desk.toast(_("This map is here already."))
            return
        ws, key = self._ws, row.published_id

        def asked(_nothing: None) -> None:
            self._desk.rounds.ask()
            self._read()

        self._runner.network(lambda: maps.fetch_pack(ws, key), asked, owner=self)

    def _changed(self, words: str) -> None:
        self._view.maps_changed()
        self._read()
        if words:
            self._desk.toast(words)


def _put_back(folder: Path, name: str, data: bytes) -> PackFile:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="crmdesk-map-") as made:
        path = Path(made) / name
        path.write_bytes(data)
        return add_pack(folder, path)

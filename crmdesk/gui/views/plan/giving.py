"""The plan given to other programs from the window: calendar, GPX, KML, map links. No Qt.

Owns asking for the file and saying what was written; the files are the services'.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.views.plan.items import FormField, FormItem
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import _, format_date, ngettext
from crmdesk.interchange.map_links import MapProgram, map_links
from crmdesk.interchange.whole_files import write_whole
from crmdesk.services import plan_export

_FORMATS = ("ics", "gpx", "kml", "google", "apple", "osm")


class Giving:
    """See the module."""

    def __init__(self, standing: Standing) -> None:
        self._at = standing

    def ask(self) -> None:
        """Ask what kind of file and which days; only the plan that is kept is given away."""
        at = self._at
        if not at.may_change():
            return
        formats = (
            _("Calendar (iCalendar)"), _("Route for devices (GPX)"), _("Map file (KML)"),
            _("Google Maps link"), _("Apple Maps link"), _("OpenStreetMap link"),
        )  # fmt: skip
        spans = (("weeks", self._weeks_title()), ("day", format_date(at.day, weekday=True)))
        at.view.ask(
            FormItem(
                "export", _("Give the plan to another program"), _("Nothing is sent from here."),
                (
                    FormField("format", _("As"), _FORMATS[0],
                              choices=tuple(zip(_FORMATS, formats, strict=True))),
                    FormField("days", _("Which"), "weeks", choices=spans),
                ),
                _("Export"),
            )
        )  # fmt: skip

    def _weeks_title(self) -> str:
        return _("All days shown")

    def answer(self, values: Mapping[str, str]) -> None:
        """Write the file, or offer the links."""
        at = self._at
        if not at.may_change():
            return
        kind = values["format"]
        first, last = at.monday, at.monday + timedelta(days=7 * at.weeks - 1)
        if values["days"] == "day":
            first = last = at.day
        at.view.ask(None)
        if kind in ("google", "apple", "osm"):
            self._offer_links(MapProgram(kind), first, last)
            return
        stem = f"{at.person.code}-{first.isoformat()}"
        chosen = at.view.ask_file(stem, kind)
        if not chosen:
            return
        path = Path(chosen)
        if kind == "ics":
            self._write_calendar(path, max(first, min(at.ws.today(), last)), last)
        else:
            self._write_route(path, kind, first, last)

    def _write_calendar(self, path: Path, first: date, last: date) -> None:
        at, user = self._at, self._at.person.id

        def work() -> tuple[ChangeSet, int, int]:
            files = plan_export.announce(at.ws, first, last, user_id=user)
            write_whole(path, files.published)
            if files.cancelled:
                write_whole(path.with_name(f"{path.stem}-cancelled{path.suffix}"), files.cancelled)
            return files.changes, files.events, files.cancellations

        def done(result: tuple[ChangeSet, int, int]) -> None:
            _changes, events, gone = result
            text = ngettext("{count} event in {file}.", "{count} events in {file}.", events)
            said = text.format(count=events, file=path.name)
            if gone:
                words = ngettext(
                    "{count} is called off, in a file of its own.",
                    "{count} are called off, in a file of their own.", gone,
                )  # fmt: skip
                said += " " + words.format(count=gone)
            at.desk.toast(said)

        at.runner.write(work, done, at.desk.fail, owner=at)

    def _write_route(self, path: Path, kind: str, first: date, last: date) -> None:
        at, user = self._at, self._at.person.id

        def work() -> int:
            days = plan_export.route_days(at.ws, first, last, user_id=user)
            make = plan_export.gpx_file if kind == "gpx" else plan_export.kml_file
            write_whole(path, make(at.ws, days, user))
            return sum(len(day.drives) for day in days)

        def done(stops: int) -> None:
            text = ngettext("{count} stop in {file}.", "{count} stops in {file}.", stops)
            at.desk.toast(text.format(count=stops, file=path.name))

        at.runner.read(work, done, at.desk.fail, owner=at)

    def _offer_links(self, program: MapProgram, first: date, last: date) -> None:
        at, user = self._at, self._at.person.id

        def work() -> list[tuple[str, str]]:
            found = []
            for day in plan_export.route_days(at.ws, first, last, user_id=user):
                links = map_links(day.points, program)
                for number, link in enumerate(links, 1):
                    title = format_date(day.day, weekday=True)
                    if len(links) > 1:
                        title = _("{day}, part {number} of {count}").format(
                            day=title, number=number, count=len(links)
                        )
                    found.append((title, link.url))
            return found

        def done(links: list[tuple[str, str]]) -> None:
            if links:
                at.view.open_links(links)
            else:
                at.desk.toast(_("There is no way to drive on these days."))

        at.runner.read(work, done, at.desk.fail, owner=at)

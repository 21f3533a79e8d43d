"""``crmdesk plan export``: a rep's plan as calendar, GPX, KML, map links or PDF."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crmdesk.cli.console import DONE
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_date, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.interchange.documents.sheet import Sheet
    from crmdesk.interchange.route import RouteDay
    from crmdesk.services.workspace import Workspace

FORMATS: Final = ("ics", "gpx", "kml", "links", "pdf")
PROGRAMS: Final = ("google", "apple", "osm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``plan export`` takes beside the days and the person."""
    parser.add_argument("--format", choices=FORMATS, help=_("kind of file; from --out without it"))
    parser.add_argument(
        "--program", choices=PROGRAMS, default=PROGRAMS[0], help=_("whose map the links open")
    )
    parser.add_argument("--stops", type=int, help=_("places in one link, at most"))


def export_plan(chosen: argparse.Namespace, context: Context) -> int:
    """Write the files, or print the links."""
    kind = _kind(chosen)
    if chosen.stops is not None and not 2 <= chosen.stops <= 100:
        raise UserError(_("Places in one link are between 2 and 100."))
    from crmdesk.services import plan_export, plans

    with opened(context) as ws:
        user = ws.user.id if chosen.user is None else plans.user_id_of(ws, chosen.user)
        first: date = chosen.start or ws.today()
        last = first + timedelta(days=chosen.days - 1)
        if kind == "ics":
            return _calendar(ws, context, chosen.out, first, last, user)
        days = plan_export.route_days(ws, first, last, user_id=user)
        if kind == "links":
            return _links(days, chosen, context)
        if kind == "pdf":
            return _sheets(ws, context, chosen.out, days, user)
        make = plan_export.gpx_file if kind == "gpx" else plan_export.kml_file
        content = make(ws, days, user)
    return _file(context, chosen.out, content, days)


def _kind(chosen: argparse.Namespace) -> str:
    ending = "" if chosen.out is None else chosen.out.suffix.lower().lstrip(".")
    kind: str = chosen.format or (ending if ending in FORMATS else "")
    if not kind:
        raise UserError(
            _("Say which kind of file: --format."),
            _("Kinds are: {kinds}.").format(kinds=", ".join(FORMATS)),
        )
    if chosen.out is None and kind != "links":
        raise UserError(_("--out names the file for the plan."))
    return kind


def _calendar(
    ws: Workspace, context: Context, out: Path, first: date, last: date, user: int
) -> int:
    from crmdesk.interchange.whole_files import write_whole
    from crmdesk.services.plan_export import announce

    files = announce(ws, first, last, user_id=user)
    write_whole(out, files.published)
    facts: dict[str, Any] = {
        "file": str(out), "events": files.events, "cancellations": files.cancellations,
    }  # fmt: skip
    said = ngettext("{count} event in {file}.", "{count} events in {file}.", files.events)
    context.console.say(said.format(count=files.events, file=out))
    if files.cancelled:
        gone = out.with_name(f"{out.stem}-cancelled{out.suffix}")
        write_whole(gone, files.cancelled)
        facts["cancelled_file"] = str(gone)
        said = ngettext(
            "{count} cancellation in {file}.", "{count} cancellations in {file}.",
            files.cancellations,
        )  # fmt: skip
        context.console.say(said.format(count=files.cancellations, file=gone))
    context.console.document(facts)
    return DONE


def _links(days: tuple[RouteDay, ...], chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.interchange.map_links import MapProgram, map_links

    found = [
        (day.day, link)
        for day in days
        for link in map_links(day.points, MapProgram(chosen.program), most=chosen.stops)
    ]
    lines = [f"{day.isoformat()}\t{link.url}" for day, link in found]
    if chosen.out is not None:
        from crmdesk.interchange.whole_files import write_whole

        write_whole(chosen.out, ("\n".join(lines) + "\n").encode())
    context.console.document(
        {
            "links": [
                {"date": day.isoformat(), "first": link.first, "last": link.last, "url": link.url}
                for day, link in found
            ]
        }
    )
    for day, link in found:
        context.console.say(f"{format_date(day, weekday=True)}  {link.url}")
    return DONE


def _sheets(
    ws: Workspace, context: Context, out: Path, days: tuple[RouteDay, ...], user: int
) -> int:
    from crmdesk.interchange.documents.words import ROUTE
    from crmdesk.services.documents import Wanted, document_sheet

    if len(days) > 1 and out.suffix:
        raise UserError(_("Several documents need a folder: --out FOLDER."))

    def sheets() -> Iterator[tuple[Sheet, Path]]:
        for day in days:
            sheet = document_sheet(ws, Wanted(ROUTE, user, day.day))
            yield sheet, out if out.suffix else out / f"{sheet.stem}.pdf"

    written = list(context.print_documents(sheets()))
    context.console.document(
        {"files": [{"file": str(path), "pages": pages} for path, pages, _missing in written]}
    )
    said = ngettext(
        "{count} document written to {place}.", "{count} documents written to {place}.",
        len(written),
    )  # fmt: skip
    context.console.say(said.format(count=len(written), place=out))
    return DONE


def _file(context: Context, out: Path, content: bytes, days: tuple[RouteDay, ...]) -> int:
    from crmdesk.interchange.whole_files import write_whole

    write_whole(out, content)
    stops = sum(len(day.drives) for day in days)
    context.console.document({"file": str(out), "days": len(days), "stops": stops})
    said = ngettext("{count} stop in {file}.", "{count} stops in {file}.", stops)
    context.console.say(said.format(count=stops, file=out))
    return DONE

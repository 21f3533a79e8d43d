"""``crmdesk map``: making, keeping and publishing maps; customers' places on them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_bytes, format_number, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.services.queries.maps import MapRow
    from crmdesk.services.region_packs import PackFile
    from crmdesk.services.workspace import Workspace


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    group = commands.add_parser("map", help=_("maps and roads, and customers' places on them"))
    verbs = group.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, words: str, run: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, parents=[common], help=words)
        parser.set_defaults(run=run)
        return parser

    building = verb("build", _("make a map of an OpenStreetMap extract"), _build)
    building.add_argument("file", type=Path, help=_("an .osm.pbf file"))
    building.add_argument("--title", default="", help=_("what the map is called"))
    building.add_argument("--out", type=Path, help=_("only write the map into this file"))
    building.add_argument("--tell", action="store_true", help=argparse.SUPPRESS)
    verb("list", _("the maps that are here and at HQ"), _list)
    verb("add", _("take a map into the profile"), _add).add_argument("file", type=Path)
    for name, words, run in (
        ("remove", _("take a map away from here"), _remove),
        ("publish", _("give a map to the whole company"), _publish),
        ("withdraw", _("stop giving a map to the company"), _withdraw),
        ("fetch", _("have a published map fetched by the next sync"), _fetch),
    ):
        verb(name, words, run).add_argument("map", help=_("title of the map"))
    verb("quality", _("customers without a good place"), _quality)
    pinning = verb("pin", _("put a customer where its door is"), _pin)
    pinning.add_argument("customer", help=_("code of the customer"))
    pinning.add_argument("latitude", type=float)
    pinning.add_argument("longitude", type=float)


def _build(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.interchange.mapbuild import build_pack, too_large
    from crmdesk.services.map_building import STAGE_MARK, bound_memory

    said: dict[str, int] = {}

    def tell(stage: str) -> None:
        said[stage] = said.get(stage, -1) + 1
        if chosen.tell:
            print(f"{STAGE_MARK}{stage} {said[stage]}", file=sys.stderr, flush=True)

    if chosen.tell:
        bound_memory()
    out: Path | None = chosen.out
    facts: dict[str, Any]
    try:
        if out is not None:
            pack = build_pack(chosen.file, out, title=chosen.title, progress=tell)
            facts = {"title": pack.title, "roads": len(pack.edges), "file": str(out),
                     "size": out.stat().st_size}  # fmt: skip
        else:
            facts = _built_here(chosen, context, tell)
    except MemoryError:
        raise too_large() from None
    context.console.document(facts)
    context.console.say(
        _("{title}: {roads} stretches of road, {size}.").format(
            title=facts["title"], roads=format_number(float(facts["roads"])),
            size=format_bytes(int(facts["size"])),
        )
    )  # fmt: skip
    return DONE


def _built_here(chosen: argparse.Namespace, context: Context, tell: Any) -> dict[str, Any]:
    import tempfile

    from crmdesk.interchange.mapbuild import build_pack
    from crmdesk.services.region_packs import add_pack

    with opened(context) as ws, tempfile.TemporaryDirectory(prefix="crmdesk-map-") as made:
        path = Path(made) / "made.mappack"
        build_pack(chosen.file, path, title=chosen.title, progress=tell)
        return _facts(add_pack(ws.folder, path))


def _facts(pack: PackFile) -> dict[str, Any]:
    facts = pack.facts
    return {"title": facts.title, "roads": facts.roads, "size": facts.size, "sha256": facts.sha256,
            "file": str(pack.path)}  # fmt: skip


def _list(_chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.maps import use_arrived
    from crmdesk.services.queries.maps import maps_page

    with opened(context) as ws:
        arrived = use_arrived(ws)
        page = maps_page(ws)
    rows = [
        {
            "title": row.title, "state": str(row.state), "size": row.size,
            "customers": row.customers, "published": row.published_id is not None,
            "bundled": row.pack is not None and row.pack.bundled,
        }
        for row in page.rows
    ]  # fmt: skip
    context.console.document({"maps": rows, "placed": page.placed, "covered": page.covered})
    for row in page.rows:
        context.console.say(
            ngettext(
                "{title}: {customers} customer, {size}, {state}",
                "{title}: {customers} customers, {size}, {state}", row.customers,
            ).format(
                title=row.title, customers=row.customers, size=format_bytes(row.size),
                state=_state_words(row),
            )
        )  # fmt: skip
    for name, problem in arrived.problems:
        context.console.say(f"{name}: {problem}")
    return FINDINGS if arrived.problems else DONE


def _state_words(row: MapRow) -> str:
    from crmdesk.services.queries.maps import MapState

    return {
        MapState.HERE: _("here"), MapState.AT_HQ: _("at HQ"), MapState.COMING: _("being fetched"),
        MapState.ARRIVED: _("has arrived"), MapState.REFUSED: _("cannot be fetched"),
    }[row.state]  # fmt: skip


def _add(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.region_packs import add_pack

    with opened(context) as ws:
        facts = _facts(add_pack(ws.folder, chosen.file))
    context.console.document(facts)
    context.console.say(_("{title} is in this profile.").format(title=facts["title"]))
    return DONE


def _row(ws: Workspace, title: str) -> MapRow:
    from crmdesk.services.queries.maps import maps_page

    found = [
        row for row in maps_page(ws).rows if title.casefold() in (row.title.casefold(), row.key)
    ]
    if not found:
        raise NotFound(_("There is no map called {title}.").format(title=title))
    if len(found) > 1:
        raise UserError(
            _("Several maps are called {title}.").format(title=title),
            _("Name one by its sha256: crmdesk map list --json."),
        )
    return found[0]


def _remove(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.region_packs import remove_pack

    with opened(context) as ws:
        row = _row(ws, chosen.map)
        if row.pack is None or row.pack.bundled:
            raise UserError(_("This map cannot be removed from here."))
        remove_pack(ws.folder, row.pack.facts.sha256)
    return _done(context, row, _("{title} is no longer in this profile."))


def _publish(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.maps import publish_pack

    with opened(context) as ws:
        row = _row(ws, chosen.map)
        if row.pack is None:
            raise UserError(_("This map is not on this computer."))
        publish_pack(ws, row.pack)
    return _done(context, row, _("{title} goes to HQ with the next sync."))


def _withdraw(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.maps import withdraw_pack

    with opened(context) as ws:
        row = _row(ws, chosen.map)
        withdraw_pack(ws, row.published_id or 0)
    return _done(context, row, _("{title} is no longer given to the company."))


def _fetch(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.maps import fetch_pack

    with opened(context) as ws:
        row = _row(ws, chosen.map)
        fetch_pack(ws, row.published_id or 0)
    return _done(context, row, _("{title} comes with the next sync."))


def _done(context: Context, row: MapRow, words: str) -> int:
    context.console.document({"title": row.title})
    context.console.say(words.format(title=row.title))
    return DONE


def _quality(_chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries.locations import PlaceProblem, place_quality

    words = {
        PlaceProblem.NONE: _("no place"), PlaceProblem.OUTLIER: _("far from all others"),
        PlaceProblem.ZERO: _("latitude and longitude are 0"),
        PlaceProblem.SWAPPED: _("latitude and longitude look exchanged"),
        PlaceProblem.POSTCODE: _("known by postcode or town only"),
        PlaceProblem.SHARED: _("on one spot with others"),
        PlaceProblem.OFF_ROAD: _("far from every road"),
    }  # fmt: skip
    with opened(context) as ws:
        found = place_quality(ws)
    context.console.document(
        {
            "customers": found.customers, "good": found.good,
            "rows": [
                {
                    "code": row.code, "name": row.name, "problem": str(row.problem),
                    "latitude": row.latitude, "longitude": row.longitude,
                }
                for row in found.rows
            ],
        }
    )  # fmt: skip
    for row in found.rows:
        context.console.say(f"{row.code}  {row.name}: {words[row.problem]}")
    context.console.say(
        _("{good} of {customers} customers are placed well.").format(
            good=found.good, customers=found.customers
        )
    )
    return FINDINGS if found.rows else DONE


def _pin(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.pins import account_of_code, place_pin

    with opened(context) as ws:
        key = account_of_code(ws, chosen.customer)
        place_pin(ws, key, chosen.latitude, chosen.longitude)
    context.console.document({"customer": chosen.customer})
    context.console.say(_("{code} has its place now.").format(code=chosen.customer))
    return DONE

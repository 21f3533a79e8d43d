"""The maps of this computer and those the company has published, as one list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from crmdesk.services.region_packs import PackFile, needs_preparing, pack_files

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


class MapState(StrEnum):
    """Where a map is."""

    HERE = "here"
    AT_HQ = "at hq"
    COMING = "coming"
    ARRIVED = "arrived"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MapRow:
    """A map. ``pack`` is None for one that is not here yet, ``published_id`` for a private one.

    ``share`` is how much of it has come while it is fetched, 0 to 1; ``customers`` how many
    placed customers lie in it. The roads of an ``unready`` one cannot be planned on yet.
    """

    title: str
    state: MapState
    size: int
    customers: int
    pack: PackFile | None = None
    published_id: int | None = None
    made_on: date | None = None
    unready: bool = False
    share: float = 0.0
    problem: str = ""
    sending: bool = False

    @property
    def key(self) -> str:
        """What tells a map from the others."""
        return self.pack.facts.sha256 if self.pack is not None else f"hq:{self.published_id}"


@dataclass(frozen=True, slots=True)
class MapsPage:
    """All maps; ``placed`` customers have coordinates, ``covered`` of them lie on a map."""

    rows: tuple[MapRow, ...]
    placed: int
    covered: int


_PUBLISHED = (
    "SELECT p.id, p.name, p.sha256, p.size, p.bounds, p.made_on, t.state, t.direction, t.done,"
    " t.problem FROM region_pack p LEFT JOIN transfer t ON t.sha256 = p.sha256"
    " WHERE p.kind = 'map' ORDER BY p.name, p.id"
)


def maps_page(ws: Workspace) -> MapsPage:
    """Every map that can be drawn or driven on, and every one that could be fetched."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        published = run(_PUBLISHED).all()
        places = [
            (float(lat), float(lon))
            for lat, lon in run(
                "SELECT latitude, longitude FROM account WHERE latitude IS NOT NULL"
                " AND longitude IS NOT NULL AND status IN ('active', 'prospect', 'lapsed')"
            )
        ]
    packs = [pack for pack in pack_files(ws.folder) if pack.facts.title != "World"]
    by_digest = {row.sha256: row for row in published}
    rows = [_here(ws, pack, by_digest.get(pack.facts.sha256), places) for pack in packs]
    here = {pack.facts.sha256 for pack in packs}
    rows += [_away(row, places) for row in published if row.sha256 not in here]
    driven = [pack for pack in packs if pack.facts.roads]
    covered = sum(any(pack.covers(*place) for pack in driven) for place in places)
    return MapsPage(
        tuple(sorted(rows, key=lambda row: (row.state is not MapState.HERE, row.title.casefold()))),
        len(places), covered,
    )  # fmt: skip


def _here(ws: Workspace, pack: PackFile, row: Any, places: list[tuple[float, float]]) -> MapRow:
    facts = pack.facts
    return MapRow(
        title=facts.title,
        state=MapState.HERE,
        size=facts.size,
        customers=sum(pack.covers(*place) for place in places),
        pack=pack,
        published_id=None if row is None else int(row.id),
        made_on=None if row is None else _day(row.made_on),
        unready=needs_preparing(ws.folder, pack),
        problem=(row.problem or "") if row is not None and row.state == "refused" else "",
        sending=row is not None and row.direction == "up" and row.state == "waiting",
    )


def _away(row: Any, places: list[tuple[float, float]]) -> MapRow:
    state = {
        "waiting": MapState.COMING, "done": MapState.ARRIVED, "refused": MapState.REFUSED,
    }.get(row.state or "", MapState.AT_HQ)  # fmt: skip
    west, south, east, north = _bounds(row.bounds)
    return MapRow(
        title=row.name,
        state=state,
        size=int(row.size),
        customers=sum(south <= lat <= north and west <= lon <= east for lat, lon in places),
        published_id=int(row.id),
        made_on=_day(row.made_on),
        share=min((row.done or 0) / row.size, 1.0) if row.size else 0.0,
        problem=row.problem or "",
    )


def _bounds(document: str | None) -> tuple[float, float, float, float]:
    """The bounds a row says; nothing at all when they cannot be meant."""
    try:
        west, south, east, north = (float(edge) for edge in json.loads(document or "[]"))
    except (TypeError, ValueError):
        return (0.0, 0.0, 0.0, 0.0)
    return west, south, east, north


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None

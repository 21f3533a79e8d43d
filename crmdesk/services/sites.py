"""A customer's places of delivery: added, changed, closed and opened again by whoever has it.

Owns rows of ``site``. A closed place stays, for documents name it; nothing new goes to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.hours_text import read_week
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.field_words import hours_text
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json

MOST_TEXT, MOST_NOTE = 200, 1_000
_TEXTS = ("name", "street", "postcode", "city", "region", "country")
_POINT = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Site:
    """A place of delivery as a form has it, all of it text; empty is nothing.

    ``position`` is "latitude, longitude" in degrees, ``hours`` a line of
    :mod:`crmdesk.domain.hours_text`. ``usual``: goods go here if nobody says otherwise.
    """

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    position: str = ""
    hours: str = ""
    delivery_note: str = ""
    usual: bool = False
    closed: bool = False


def read_site(ws: Workspace, site_id: int) -> Site:
    """The place as the form shows it. Raises NotFound."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM site WHERE id = ?", (site_id,)).first()
    if row is None:
        raise _gone()
    return _site_of(row)


def _site_of(row: Any) -> Site:
    texts = {name: str(row._mapping[name] or "") for name in _TEXTS}
    return Site(
        texts["name"],
        texts["street"],
        texts["postcode"],
        texts["city"],
        texts["region"],
        texts["country"],
        position=position_text(row.latitude, row.longitude),
        hours=_shown_hours(row),
        delivery_note=row.delivery_note or "",
        usual=bool(row.default_ship),
        closed=row.closed_on is not None,
    )


def save_site(ws: Workspace, account_id: int, site_id: int | None, site: Site) -> ChangeSet:
    """Add a place (without an id) or change one; one undoable step.

    FieldError for a place without a name, hours or a position that cannot be; NotFound.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        stored: Any = None
        if site_id is not None:
            query = "SELECT * FROM site WHERE id = ? AND account_id = ?"
            stored = run(query, (site_id, account_id)).first()
            if stored is None:
                raise _gone()
        cells = _cells(site, stored)
        touched: set[int] = set()
        if site.usual:
            touched |= _no_longer_usual(tx.connection, account_id, site_id)
        if stored is None:
            if run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first() is None:
                raise NotFound(_("This customer is no longer here."))
            cells = {"uid": new_uid(), "account_id": account_id, **cells}
            names, marks = ", ".join(cells), ", ".join("?" * len(cells))
            query = f"INSERT INTO site ({names}) VALUES ({marks}) RETURNING id"  # noqa: S608
            touched.add(int(run(query, tuple(cells.values())).scalar_one()))
        else:
            touched |= _change(tx.connection, stored, cells)
    if not touched:
        return ChangeSet()
    return _changed(account_id, touched, tx.txn)


def close_site(ws: Workspace, site_id: int, *, closed: bool = True) -> ChangeSet:
    """Nothing more goes to this place, or (``closed`` False) goes there again. NotFound."""
    with ws.database.write() as tx:
        row = tx.connection.exec_driver_sql("SELECT * FROM site WHERE id = ?", (site_id,)).first()
        if row is None:
            raise _gone()
        day = ws.today().isoformat() if closed else None
        cells: dict[str, Any] = {"closed_on": day if not row.closed_on or not closed
                                 else row.closed_on}  # fmt: skip
        if closed:
            cells["default_ship"] = 0
        touched = _change(tx.connection, row, cells)
    return _changed(int(row.account_id), touched, tx.txn) if touched else ChangeSet()


def position_text(latitude: float | None, longitude: float | None) -> str:
    """A position as one types it."""
    return "" if latitude is None or longitude is None else f"{latitude:.6f}, {longitude:.6f}"


def read_position(field: str, text: str) -> tuple[float | None, float | None]:
    """A typed or pasted position, "42.5063, 1.5218"; nothing for an empty line. FieldError."""
    if not text.strip():
        return None, None
    found = _POINT.fullmatch(text)
    latitude, longitude = (float(found[1]), float(found[2])) if found else (91.0, 0.0)
    if abs(latitude) > 85 or abs(longitude) > 180 or (latitude, longitude) == (0, 0):
        raise FieldError(
            field, _("“{text}” is no position.").format(text=text.strip()[:40]),
            _("Type latitude and longitude, like 42.5063, 1.5218."),
        )  # fmt: skip
    return round(latitude, 6), round(longitude, 6)


def _shown_hours(row: Any) -> str:
    return hours_text(row.opening_hours) if row.opening_hours else ""


def _cells(site: Site, stored: Any) -> dict[str, Any]:
    if not site.name.strip():
        raise FieldError("name", _("A site needs a name, like Warehouse."))
    place: tuple[float | None, float | None] = read_position("position", site.position)
    if stored is not None and site.position == position_text(stored.latitude, stored.longitude):
        # Stored places may be finer than what is typed.
        place = (stored.latitude, stored.longitude)
    if stored is not None and site.hours == _shown_hours(stored):
        # Hours that came from elsewhere may be none that one would type.
        hours = stored.opening_hours
    else:
        week = read_week("hours", site.hours)
        hours = None if week is None else dump_json(week)
    return {
        **{name: getattr(site, name).strip()[:MOST_TEXT] or None for name in _TEXTS},
        "latitude": place[0],
        "longitude": place[1],
        "opening_hours": hours,
        "delivery_note": site.delivery_note.strip()[:MOST_NOTE] or None,
        "default_ship": int(site.usual),
    }


def _change(connection: Connection, row: Any, cells: dict[str, Any]) -> set[int]:
    changed = {name: value for name, value in cells.items() if row._mapping[name] != value}
    if not changed:
        return set()
    pairs = ", ".join(f"{name} = ?" for name in changed)
    query = f"UPDATE site SET {pairs} WHERE id = ?"  # noqa: S608 - names are our own
    connection.exec_driver_sql(query, (*changed.values(), row.id))
    return {int(row.id)}


def _no_longer_usual(connection: Connection, account_id: int, site_id: int | None) -> set[int]:
    found = connection.exec_driver_sql(
        "UPDATE site SET default_ship = 0 WHERE account_id = ? AND default_ship AND id IS NOT ?"
        " RETURNING id",
        (account_id, site_id),
    )
    return {int(row[0]) for row in found}


def _changed(account_id: int, touched: set[int], txn: int | None) -> ChangeSet:
    return ChangeSet({"site": frozenset(touched), "account": frozenset({account_id})}, undo=txn)


def _gone() -> NotFound:
    return NotFound(_("This site is no longer here."))

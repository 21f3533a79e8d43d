"""Saved views of lists: kept per person, shown to colleagues by name.

A person's views are that person's rows; sharing adds a row that everybody's laptop gets, with the
people it is meant for. It carries what the list asks and shows, never customers. Owns both kinds
of rows; what a view asks is :mod:`crmdesk.services.queries.lists.conditions`'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

MOST_LETTERS = 60


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view that this person may choose.

    ``owner`` is empty for one's own, else the colleague's name; ``people`` whom an own one is shown
    to (ids and names; empty and ``shared``: everybody). ``id`` is of ``saved_view``, or of
    ``shared_view`` for a colleague's.
    """

    id: int
    name: str
    owner: str
    definition: Mapping[str, Any]
    shared: bool = False
    people: tuple[tuple[int, str], ...] = ()


def saved_views(ws: Workspace, place: str) -> tuple[SavedView, ...]:
    """One's own views of a list by name, then those that colleagues share with this person."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        own = run(
            "SELECT v.id, v.name, v.definition, s.id, s.people FROM saved_view v"
            " LEFT JOIN shared_view s ON s.view_uid = v.uid"
            " WHERE v.user_id = ? AND v.place = ? ORDER BY v.name, v.id",
            (ws.user.id, place),
        ).all()
        theirs = run(
            "SELECT s.id, s.name, s.definition, s.people, u.name FROM shared_view s"
            " JOIN app_user u ON u.id = s.user_id WHERE s.user_id <> ? AND s.place = ?"
            " ORDER BY s.name, s.id",
            (ws.user.id, place),
        ).all()
        everybody = _everybody(connection)
    found = []
    for key, name, text, share, people in own:
        shown_to = set(_uids(people))
        named = tuple((person, called) for uid, person, called in everybody if uid in shown_to)
        found.append(SavedView(key, name, "", _document(text), share is not None, named))
    me = ws.user.uid.hex()
    found += [
        SavedView(key, name, owner, _document(text), shared=True)
        for key, name, text, people, owner in theirs
        if not _uids(people) or me in _uids(people)
    ]
    return tuple(found)


def save_view(
    ws: Workspace, place: str, name: str, definition: Mapping[str, Any]
) -> tuple[int, ChangeSet]:
    """Keep a view under a name; one's own of that name becomes this one, also for colleagues.

    FieldError for an empty or too long name.
    """
    name = name.strip()
    if not name or len(name) > MOST_LETTERS:
        raise FieldError("name", _("A view has a name of 1 to 60 letters."))
    text = json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        known = run(
            "SELECT id, uid FROM saved_view WHERE user_id = ? AND place = ? AND name = ?",
            (ws.user.id, place, name),
        ).first()
        touched: dict[str, frozenset[int]] = {}
        if known is None:
            key = run(
                "INSERT INTO saved_view (uid, user_id, place, name, definition)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (new_uid(), ws.user.id, place, name, text),
            ).scalar_one()
        else:
            key = known.id
            run("UPDATE saved_view SET definition = ? WHERE id = ?", (text, key))
            shared = run(
                "UPDATE shared_view SET definition = ? WHERE view_uid = ? RETURNING id",
                (text, known.uid),
            ).scalars()
            touched["shared_view"] = frozenset(int(one) for one in shared)
        touched["saved_view"] = frozenset({int(key)})
    return int(key), ChangeSet(touched, undo=tx.txn)


def share_view(ws: Workspace, view_id: int, people: Sequence[int] = ()) -> ChangeSet:
    """Show one's own view to colleagues (ids of users), or to everybody when there is none.

    NotFound for a colleague who is not there.
    """
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        view = _own(tx.connection, ws, view_id)
        uids = _uids_of(tx.connection, people)
        names = json.dumps(uids) if uids else None
        known = run("SELECT id FROM shared_view WHERE view_uid = ?", (view.uid,)).scalar()
        if known is None:
            known = run(
                "INSERT INTO shared_view (uid, user_id, view_uid, place, name, definition, people)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (new_uid(), ws.user.id, view.uid, view.place, view.name, view.definition, names),
            ).scalar_one()
        else:
            run("UPDATE shared_view SET people = ? WHERE id = ?", (names, known))
        run("UPDATE saved_view SET shared = 1 WHERE id = ?", (view_id,))
    kinds = {"saved_view": frozenset({view_id}), "shared_view": frozenset({int(known)})}
    return ChangeSet(kinds, undo=tx.txn)


def stop_sharing(ws: Workspace, view_id: int) -> ChangeSet:
    """Show one's own view to nobody any more."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        view = _own(tx.connection, ws, view_id)
        gone = run("DELETE FROM shared_view WHERE view_uid = ? RETURNING id", (view.uid,)).scalars()
        kinds = {"shared_view": frozenset(int(key) for key in gone)}
        run("UPDATE saved_view SET shared = 0 WHERE id = ?", (view_id,))
    kinds["saved_view"] = frozenset({view_id})
    return ChangeSet(kinds)


def delete_view(ws: Workspace, view_id: int) -> ChangeSet:
    """Delete one's own view, for colleagues too."""
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        view = _own(tx.connection, ws, view_id)
        run("DELETE FROM shared_view WHERE view_uid = ?", (view.uid,))
        run("DELETE FROM saved_view WHERE id = ?", (view_id,))
    return ChangeSet.of("saved_view", [view_id])


def colleagues(ws: Workspace) -> tuple[tuple[int, str], ...]:
    """Everybody else who works here: id and name, by name."""
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, name FROM app_user WHERE active = 1 AND id <> ? ORDER BY name",
            (ws.user.id,),
        ).all()
    return tuple((int(key), str(name)) for key, name in rows)


def _own(connection: Connection, ws: Workspace, view_id: int) -> Any:
    view = connection.exec_driver_sql(
        "SELECT uid, place, name, definition FROM saved_view WHERE id = ? AND user_id = ?",
        (view_id, ws.user.id),
    ).first()
    if view is None:
        raise NotFound(_("This view is no longer here."))
    return view


def _uids_of(connection: Connection, people: Sequence[int]) -> list[str]:
    wanted = set(people)
    rows = connection.exec_driver_sql("SELECT id, uid FROM app_user ORDER BY id")
    found = [bytes(uid).hex() for key, uid in rows if key in wanted]
    if len(found) < len(wanted):
        # Without them the view would be everybody's.
        raise NotFound(_("This person is no longer here."))
    return found


def _everybody(connection: Connection) -> list[tuple[str, int, str]]:
    """Uid, local id and name of all people, by name."""
    rows = connection.exec_driver_sql("SELECT uid, id, name FROM app_user ORDER BY name, id")
    return [(bytes(uid).hex(), int(key), str(name)) for uid, key, name in rows]


def _document(text: object) -> Mapping[str, Any]:
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _uids(text: object) -> tuple[str, ...]:
    try:
        found = json.loads(str(text or "[]"))
    except ValueError:
        return ()
    return tuple(str(one) for one in found) if isinstance(found, list) else ()

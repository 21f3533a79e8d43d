"""Where a visit was: said by the person, with their consent, and nothing between visits.

The program has no source of positions. The person confirms to stand at the customer's pin, or types
or pastes coordinates. Consent is the setting ``visit.location``; without it nothing is kept. When
it is taken back, what HQ cannot have seen yet goes; what it has stays: it was given with consent.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.states import VisitMode
from crmdesk.i18n import _
from crmdesk.services import settings
from crmdesk.services.sites import read_position
from crmdesk.services.withdrawing import before_hq_has_it
from crmdesk.services.workspace import Workspace
from crmdesk.storage.types import dump_json
from crmdesk.sync import facts

_PLACE = ("latitude", "longitude")
_UNSENT = """
SELECT seq, uid, op, fields FROM journal WHERE entity = 'visit' AND state = 'waiting'
AND op IN ('I', 'U') AND seq > ? AND (json_extract(fields, '$.latitude[1]') IS NOT NULL
OR json_extract(fields, '$.longitude[1]') IS NOT NULL) ORDER BY seq
"""

NO_CONSENT = "no-consent"


def say_here(ws: Workspace, visit_id: int, typed: str = "") -> ChangeSet:
    """Keep where the running visit is: what was typed, else the customer's pin. Can be undone.

    UserError (code ``no-consent``) without consent; UserError for a call, for a visit of somebody
    else and for a customer without a pin; FieldError for what is no position; NotFound.
    """
    if settings.get(ws, settings.VISIT_LOCATION) != 1:
        raise UserError(
            _("Where you are is kept only with your consent."),
            _("Press the key again to agree; Shift+H takes it back."),
            code=NO_CONSENT,
        )
    place = read_position("here", typed)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run(
            "SELECT v.account_id, v.user_id, v.mode, v.ended_at, v.latitude, v.longitude,"
            " a.latitude pin_latitude, a.longitude pin_longitude FROM visit v"
            " JOIN account a ON a.id = v.account_id WHERE v.id = ?",
            (visit_id,),
        ).first()
        if row is None:
            raise NotFound(_("This visit is no longer here."))
        if row.user_id != ws.user.id or row.ended_at is not None or row.mode != VisitMode.PERSON:
            raise UserError(
                _("Only a visit in person that is running has a place."),
                _("Space starts one."),
            )
        if place[0] is None:
            place = (row.pin_latitude, row.pin_longitude)
        if place[0] is None or place[1] is None:
            raise UserError(
                _("This customer has no pin yet."),
                _("Put it on the map, or type where you are: 42.5063, 1.5218."),
            )
        if (row.latitude, row.longitude) == place:
            return ChangeSet()
        run(
            "UPDATE visit SET latitude = ?, longitude = ? WHERE id = ?",
            (*place, visit_id),
        )
    touched = {"visit": frozenset({visit_id}), "account": frozenset({int(row.account_id)})}
    return ChangeSet(touched, undo=tx.txn)


def agree(ws: Workspace) -> None:
    """The person agrees that the places of visits are kept, from now on."""
    settings.put(ws, settings.VISIT_LOCATION, 1)


def withdraw(ws: Workspace) -> ChangeSet:
    """The person agrees no longer: no place is kept from now on, and none goes to HQ any more.

    UserError (code ``on-way``) while a round of sync runs: then nothing new is kept already, but
    what waits was not taken out.
    """
    settings.put(ws, settings.VISIT_LOCATION, 0)
    with before_hq_has_it(ws) as tx:
        run = tx.connection.exec_driver_sql
        before: dict[bytes, dict[str, Any]] = {}
        for seq, uid, op, text in run(_UNSENT, (facts.offered(tx.connection),)).all():
            fields = json.loads(text)
            for name in _PLACE:
                if name in fields:
                    before.setdefault(bytes(uid), {}).setdefault(name, fields.pop(name)[0])
            if fields or op == "I":
                run("UPDATE journal SET fields = ? WHERE seq = ?", (dump_json(fields), seq))
            else:
                run("DELETE FROM journal WHERE seq = ?", (seq,))
        # What the rows say now is what HQ has: no change of anybody's.
        run("UPDATE sync_state SET applying = 1 WHERE id = 1")
        visits = [_put_back(tx.connection, uid, cells) for uid, cells in before.items()]
        run("UPDATE sync_state SET applying = 0 WHERE id = 1")
    return ChangeSet.of("visit", visits)


def _put_back(connection: Connection, uid: bytes, cells: dict[str, Any]) -> int:
    pairs = ", ".join(f"{name} = ?" for name in cells)
    row = connection.exec_driver_sql(
        f"UPDATE visit SET {pairs} WHERE uid = ? RETURNING id",  # noqa: S608 - names are our own
        (*cells.values(), uid),
    )
    return int(row.scalar_one())

"""Where a visit was: said by the person, with their consent, and nothing between visits.

The program has no source of positions. The person confirms to stand at the customer's pin, or types
or pastes coordinates. Consent is the setting ``visit.location``; without it nothing is kept.
"""

from __future__ import annotations

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.states import VisitMode
from crmdesk.i18n import _
from crmdesk.services import settings
from crmdesk.services.sites import read_position
from crmdesk.services.workspace import Workspace

NO_CONSENT = "no-consent"


def say_here(ws: Workspace, visit_id: int, typed: str = "") -> ChangeSet:
    """Keep where the running visit is: what was typed, else the customer's pin. Can be undone.

    UserError (code ``no-consent``) without consent; UserError for a call, for a visit of somebody
    else and for a customer without a pin; FieldError for what is no position; NotFound.
    """
    if settings.get(ws, settings.VISIT_LOCATION) != 1:
        raise UserError(
            _("Where you are is kept only with your consent."),
            _("Press the key again to agree; crmdesk settings visit.location 0 takes it back."),
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

"""A customer's pin: placed, corrected and taken back by whoever knows where the door is."""

from __future__ import annotations

import math

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

PIN = "pin"


def place_pin(ws: Workspace, account_id: int, latitude: float, longitude: float) -> ChangeSet:
    """Put a customer where its door is, in degrees; drives to it are found anew.

    Nothing is written where it stands there already. Raises NotFound, and UserError for a place
    that is not on the earth.
    """
    if not (
        math.isfinite(latitude) and math.isfinite(longitude)
        and abs(latitude) <= 85.0 and abs(longitude) <= 180.0
    ) or (latitude == 0 and longitude == 0):  # fmt: skip
        raise UserError(
            _("This place is not on the map."),
            _("Latitude is between −85 and 85, longitude between −180 and 180."),
        )
    latitude, longitude = round(latitude, 6), round(longitude, 6)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        row = run(
            "SELECT latitude, longitude, location_quality FROM account WHERE id = ?", (account_id,)
        ).first()
        if row is None:
            raise NotFound(_("This customer is not in this profile."))
        if (row[0], row[1], row[2]) == (latitude, longitude, PIN):
            return ChangeSet()
        run(
            "UPDATE account SET latitude = ?, longitude = ?, location_quality = ? WHERE id = ?",
            (latitude, longitude, PIN, account_id),
        )
    return ChangeSet.of("account", [account_id], undo=tx.txn)


def account_of_code(ws: Workspace, code: str) -> int:
    """The customer of a code. Raises NotFound."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT id FROM account WHERE code = ?", (code,)
        ).scalar()
    if found is None:
        raise NotFound(_("There is no customer {code}.").format(code=code))
    return int(found)

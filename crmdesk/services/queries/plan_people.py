"""Whose plan a person may look at and make: a rep their own, the office everybody's.

Owns who is offered. What of a plan may be changed is decided where it is written, and by HQ.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.states import Role
from crmdesk.services.workspace import Workspace

_REPS = """
SELECT u.id, u.code, u.name, h.latitude, h.longitude
FROM app_user u LEFT JOIN home_base h ON h.user_id = u.id
WHERE u.active AND u.role = 'rep' AND u.id <> :me ORDER BY u.name, u.id
"""
_OWN = """
SELECT EXISTS (SELECT 1 FROM territory_user WHERE user_id = :me
               AND (valid_to IS NULL OR valid_to >= :today))
    OR EXISTS (SELECT 1 FROM planned_visit WHERE user_id = :me)
"""


@dataclass(frozen=True, slots=True)
class PlanPerson:
    """Somebody with a plan; ``home`` is latitude and longitude in degrees, None when unknown."""

    id: int
    code: str
    name: str
    home: tuple[float, float] | None


def own_plan(ws: Workspace) -> PlanPerson:
    """The person this profile belongs to."""
    return PlanPerson(ws.user.id, ws.user.code, ws.user.name, ws.user.home)


def plan_people(ws: Workspace) -> tuple[PlanPerson, ...]:
    """Whose plans can be shown: oneself where one drives, then the reps by name.

    A rep sees the own plan only; so does everybody where there is no rep.
    """
    own = own_plan(ws)
    if ws.user.role is Role.REP:
        return (own,)
    values = {"me": ws.user.id, "today": ws.today().isoformat()}
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(_REPS, values).fetchall()
        drives = bool(connection.exec_driver_sql(_OWN, values).scalar_one())
    reps = tuple(
        PlanPerson(key, code, name, None if lat is None or lon is None else (lat, lon))
        for key, code, name, lat, lon in rows
    )
    return (own, *reps) if drives or not reps else reps

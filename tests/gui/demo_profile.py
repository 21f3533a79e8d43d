"""The small demo company that the places are tested on, in a profile of its rep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crmdesk.demo.company import company
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.clock import fixed_clock
from crmdesk.domain.states import Role
from crmdesk.services.workspace import Workspace
from crmdesk.storage import bulk, profile, summaries

SPEC = DemoSpec(customers=40, years=2, reps=1)


def make_profile(folder: Path) -> Path:
    """Make the profile in ``folder`` and close it again."""
    database = profile.make(folder, fixed_clock(SPEC.instant()), way="open")
    bulk.load(database, company(SPEC))
    with database.maintenance() as connection:
        summaries.rebuild(connection, SPEC.today)
        rep = connection.exec_driver_sql(
            "SELECT uid FROM app_user WHERE role = 'rep' ORDER BY id LIMIT 1"
        ).scalar_one()
        profile.set_fact(connection, "user.uid", bytes(rep).hex())
        profile.set_fact(connection, "device.prefix", "M07")
    database.dispose()
    return folder


def as_admin(ws: Workspace) -> Workspace:
    """The same workspace for somebody who sees every place, those of reps and of the office."""
    return replace(ws, user=replace(ws.user, role=Role.ADMIN))

"""A territory is somebody's on the days that are written, and on no others."""

from __future__ import annotations

from datetime import timedelta

from crmdesk.domain.ids import new_uid
from crmdesk.services.accounts import create_account
from crmdesk.services.workspace import Workspace, workspace_of
from tests.db.conftest import instant


def _cover(ws: Workspace, name: str, first: int, last: int) -> None:
    """The person stands in for a territory from and to so many days from today."""
    today = ws.today()
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        territory = run(
            "INSERT INTO territory (uid, code, name) VALUES (?, ?, ?) RETURNING id",
            (new_uid(), name, name),
        ).scalar_one()
        run(
            "INSERT INTO territory_user (uid, territory_id, user_id, valid_from, valid_to)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                new_uid(), territory, ws.user.id, (today + timedelta(first)).isoformat(),
                (today + timedelta(last)).isoformat(),
            ),
        )  # fmt: skip


def test_only_what_holds_today_is_the_persons_territory(ws: Workspace) -> None:
    own = ws.user.territory
    assert own
    _cover(ws, "Ended", -9, -1)
    _cover(ws, "To come", 1, 9)
    _cover(ws, "Now", 0, 0)
    again = workspace_of(ws.folder, ws.database, instant)
    assert again.user.territory == f"{own}, Now"


def test_a_new_customer_lies_in_a_territory_of_ones_own(ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE territory_user SET valid_to = ? WHERE user_id = ?",
            ((ws.today() - timedelta(1)).isoformat(), ws.user.id),
        )
    _cover(ws, "Now", 0, 5)
    key, _changes = create_account(ws, {"name": "New corner shop"})
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT t.name FROM account a JOIN territory t ON t.id = a.territory_id"
            " WHERE a.id = ?", (key,),
        ).scalar()  # fmt: skip
    assert found == "Now"

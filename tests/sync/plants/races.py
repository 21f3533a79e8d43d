"""Bugs planted where writers meet at HQ: case 14."""

from __future__ import annotations

import pytest

from crmdesk.hq.database import images
from crmdesk.hq.database.store import HqConnection
from tests.sync.planted import plant


@plant(
    case=14,
    test="tests/sync/test_races.py::test_case_14_a_push_racing_with_the_move_of_its_customer_is_judged_under_one_lock",
)
def _scope_check_outside_the_lock(patch: pytest.MonkeyPatch) -> None:
    """The territory is read as it was committed last, and nothing is held while judging."""

    def unlocked(
        connection: HqConnection, shared: set[str], edited: set[str], moving: set[str]
    ) -> dict[str, str | None]:
        rows = connection.execute(
            "SELECT encode(uuid_send(account_id),'hex'), encode(uuid_send(territory_id),'hex')"
            " FROM account WHERE account_id = ANY(%s::uuid[])",
            (sorted(shared | edited | moving),),
        )
        return dict(rows.fetchall())

    patch.setattr(images, "lock_accounts", unlocked)

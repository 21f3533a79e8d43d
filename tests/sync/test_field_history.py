"""Two people edit one customer offline: both find their words afterwards, on both laptops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct

from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import UserError
from crmdesk.hq.exchange import editing
from crmdesk.services import accounts, undo
from crmdesk.services.queries.field_history import ADDED, FieldChange, field_changes
from crmdesk.services.restoring_values import restore_value
from crmdesk.storage import profile
from crmdesk.sync.client import SyncReport
from crmdesk.sync.session import Session
from crmdesk.sync.transport import HttpTransport
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq


def account(laptop: Laptop, code: str = "C0") -> int:
    return int(laptop.one("SELECT id FROM account WHERE code = ?", code))


def told(laptop: Laptop, code: str = "C0") -> list[FieldChange]:
    return list(field_changes(at(laptop), account(laptop, code)))


def heard(laptop: Laptop) -> SyncReport:
    """A round, and one with nothing else to do, which asks who changed what; the first's report."""
    report = laptop.sync()
    quiet = laptop.sync()
    assert (quiet.sent, quiet.received) == (0, 0)
    return report


def words(laptop: Laptop, field: str = "description") -> list[tuple[object, str, bool]]:
    return [(one.new, one.by, one.kept) for one in told(laptop) if one.field == field]


def test_both_find_their_words_and_the_losing_value_comes_back(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    rep, desk = at(one), at(office)
    accounts.edit_account(rep, account(one), {"description": "Ring before noon", "channel": "bar"})
    accounts.edit_account(desk, account(office), {"description": "Pays late", "street": "Calle 1"})

    heard(one)
    assert heard(office).conflicts == 1
    heard(one)

    # What did not collide stands on both sides, whoever wrote it.
    for laptop in (one, office):
        assert laptop.rows("SELECT channel, street, description FROM account WHERE code='C0'") == [
            ("bar", "Calle 1", "Pays late")
        ]
    both = {("Ring before noon", rep.user.name, True), ("Pays late", desk.user.name, True)}
    assert set(words(one)) == both == set(words(office))
    assert [c.mine for c in told(one) if c.field == "description"] == [False, True]

    # The rep puts the lost words back; that is a change of its own, seen by the office.
    lost = next(c for c in told(one) if c.new == "Ring before noon")
    changes = restore_value(rep, lost, older=False)
    assert one.one("SELECT description FROM account WHERE code = 'C0'") == "Ring before noon"
    heard(one)
    heard(office)
    assert office.one("SELECT description FROM account WHERE code='C0'") == "Ring before noon"
    assert [w[0] for w in words(office)] == ["Ring before noon", "Pays late", "Ring before noon"]
    with pytest.raises(UserError, match="this value already"):
        restore_value(rep, lost, older=False)
    assert changes.undo is not None
    undo.undo(rep, changes.undo)
    assert one.one("SELECT description FROM account WHERE code = 'C0'") == "Pays late"


def test_a_value_that_lost_at_hq_is_told_as_not_kept_and_can_be_put_back(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    accounts.edit_account(at(one), account(one), {"description": "earlier, but sent later"})
    accounts.edit_account(at(office), account(office), {"description": "later"})
    heard(office)

    assert heard(one).conflicts == 1

    assert one.one("SELECT description FROM account WHERE code = 'C0'") == "later"
    assert {(new, kept) for new, _by, kept in words(one)} == {
        ("later", True), ("earlier, but sent later", False),
    }  # fmt: skip
    lost = next(c for c in told(one) if not c.kept)
    restore_value(at(one), lost, older=False)
    heard(one)
    heard(office)
    assert office.one("SELECT description FROM account WHERE code = 'C0'") == lost.new
    assert {new for new, _by, _kept in words(office)} == {"later", lost.new}


def test_who_joins_later_has_what_hq_has_and_nobody_else_does(hq: Headquarters) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    ws = at(one)
    accounts.edit_account(ws, account(one), {"channel": "bar"})
    accounts.add_contact(ws, account(one), "Inés Vera", phone="+34 600 555 127")
    contact = int(one.one("SELECT max(id) FROM contact"))
    heard(one)
    accounts.edit_contact(ws, contact, {"job": "owner"})
    heard(one)
    uid = company.ACCOUNTS[0].hex()
    editing.update_rows(hq.store, "account", [uid], {"credit_limit_minor": 90_000}, hq.now_ms())

    late = hq.join("R1", "second laptop")
    heard(late)
    heard(two)

    found = [(c.entity, c.field, c.new, c.by, c.about) for c in told(late)]
    assert found == [
        ("account", "credit_limit_minor", 90_000, "", ""),
        ("contact", "job", "owner", ws.user.name, "Inés Vera"),
        ("contact", ADDED, "Inés Vera", ws.user.name, "Inés Vera"),
        ("account", "channel", "bar", ws.user.name, ""),
    ]
    assert two.rows("SELECT 1 FROM told_change WHERE fields LIKE '%bar%'") == []


def test_a_wish_for_what_hq_owns_is_told_as_not_kept(hq: Headquarters) -> None:
    one = hq.join("R1")
    accounts.edit_account(at(one), account(one), {"payment_terms_days": 60})
    assert [(c.field, c.kept) for c in told(one)] == [("payment_terms_days", False)]

    heard(one)

    assert [(c.field, c.kept, c.proposed, c.mine) for c in told(one)] == [
        ("payment_terms_days", False, True, True)
    ]


def test_what_left_the_laptop_takes_its_history_along(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    accounts.edit_account(at(office), account(office), {"description": "secret"})
    heard(office)
    heard(one)
    assert one.one("SELECT count(*) FROM told_change") == 1

    uid = company.ACCOUNTS[0].hex()
    editing.update_rows(hq.store, "account", [uid], {"territory_id": company.T2.hex()}, hq.now_ms())
    heard(one)

    assert one.rows("SELECT * FROM told_change") == []
    assert one.rows("SELECT * FROM told_account WHERE account_uid = ?", company.ACCOUNTS[0]) == []


def test_a_round_with_changes_does_not_wait_for_who_made_them(
    hq: Headquarters, wire: Callable[[str], HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are asked for in the next quiet round, once; where none is quiet, after an hour."""
    one, office = hq.join("R1"), hq.join("O1")
    heard(one)
    asked = []
    post = Session.post

    def noted(session: Session, path: str, request: Struct, **rest: Any) -> bytes:
        asked.extend([path] if path == "/v1/history" else [])
        return post(session, path, request, **rest)

    monkeypatch.setattr(Session, "post", noted)

    def edit(words: str) -> None:
        accounts.edit_account(at(office), account(office), {"description": words})
        office.sync()

    edit("first")
    transport = wire(hq.url)
    assert one.sync(transport).received
    assert asked == [] and words(one) == []
    one.sync(transport)
    assert len(asked) == 1 and [word for word, _by, _kept in words(one)] == ["first"]
    one.sync(transport)
    assert len(asked) == 1, "nothing is owed any more"

    for changed in ("second", "third"):
        edit(changed)
        one.sync(transport)
    assert len(asked) == 1
    past = format_instant(datetime.now(UTC) - timedelta(minutes=61))
    with one.database.maintenance() as connection:
        profile.set_fact(connection, "sync.history_asked_at", past)
    edit("fourth")
    assert one.sync(transport).received
    assert len(asked) == 2
    assert [word for word, _by, _kept in words(one)] == ["fourth", "third", "second", "first"]

"""What a rep proposes, to the office and back: accepted, dismissed, decided by two at once."""

from __future__ import annotations

from datetime import datetime

import pytest

from crmdesk.domain.errors import FieldError, StaleRevision, UserError
from crmdesk.services import proposals, settling
from crmdesk.services.queries.proposals import proposals as listed
from crmdesk.services.queries.sync import sync_centre, sync_status
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at

pytestmark = pytest.mark.hq

_LIMIT = "SELECT credit_limit_minor FROM account WHERE code = 'C0'"


def proposed(hq: Headquarters, *people: str) -> tuple[Laptop, list[Laptop]]:
    """A rep who has asked for a higher limit, and the laptops of those who decide."""
    rep, offices = hq.join("R1"), [hq.join("O1", name) for name in people]
    rep.run("UPDATE account SET credit_limit_minor = 200000 WHERE code = 'C0'")
    rep.sync()
    assert rep.one(_LIMIT) is None, "HQ decides the field"
    for office in offices:
        office.sync()
    return rep, offices


def test_office_sees_who_asks_what_and_accepts_it(hq: Headquarters) -> None:
    rep, (office,) = proposed(hq, "office")
    ws = at(office)
    (row,) = listed(ws)
    assert (row.by, row.name, row.field) == ("Ruth Rep", "Café Ñandú", "credit_limit_minor")
    assert (row.now, row.proposed, row.status, row.mine) == (None, 200000, "open", False)
    assert sync_centre(ws).decides

    decided = proposals.accept(ws, [row.id])
    assert decided.changes.touches("account", "proposal")
    assert listed(ws) == ()
    office.sync()
    rep.sync()

    assert hq.one(_LIMIT) == rep.one(_LIMIT) == 200000
    (need,) = sync_centre(at(rep)).needs
    assert (need.kind, need.status, need.by, need.name) == (
        "outcome", "accepted", "Olga Office", "Café Ñandú",
    )  # fmt: skip
    assert sync_status(at(rep)).need == 1


def test_a_dismissal_tells_the_rep_why_and_is_noted_once(hq: Headquarters) -> None:
    rep, (office,) = proposed(hq, "office")
    ws = at(office)
    (row,) = listed(ws)
    with pytest.raises(FieldError, match="Say why"):
        proposals.dismiss(ws, [row.id], "  ")
    proposals.dismiss(ws, [row.id], "Pays late already.")
    office.sync()
    rep.sync()

    mine = at(rep)
    (need,) = sync_centre(mine).needs
    assert (need.status, need.sentence) == ("dismissed", "Pays late already.")
    settling.settle(mine, need.kind, need.ids)
    assert sync_centre(mine).needs == ()
    assert sync_status(mine).need == 0
    assert rep.waiting() == 0, "taking note of it is nobody else's business"
    settling.reopen(mine, need.kind, need.ids)
    assert sync_centre(mine).needs == (need,)


def test_a_decision_is_taken_back_with_its_value(hq: Headquarters) -> None:
    rep, (office,) = proposed(hq, "office")
    ws = at(office)
    decided = proposals.accept(ws, [listed(ws)[0].id])
    office.sync()
    proposals.take_back(ws, decided.txns)
    office.sync()
    rep.sync()

    assert len(listed(ws)) == 1
    assert hq.one(_LIMIT) is None
    assert [need.kind for need in sync_centre(at(rep)).needs] == ["conflict"]


def test_two_offices_deciding_the_same_agree_silently(hq: Headquarters) -> None:
    rep, (first, second) = proposed(hq, "first", "second")
    for office in (first, second):
        ws = at(office)
        proposals.accept(ws, [listed(ws)[0].id])
    first.sync()

    assert second.sync().refusals == 0

    decided = hq.one("SELECT decided_at FROM proposal")
    for laptop in (first, second, rep):
        laptop.sync()
        assert laptop.one(_LIMIT) == 200000
        told = laptop.one("SELECT decided_at FROM proposal")
        assert datetime.fromisoformat(told) == decided, "the first decision stands"


@pytest.mark.parametrize("later", ["accept", "dismiss"])
def test_of_two_different_decisions_the_first_stands_whole(hq: Headquarters, later: str) -> None:
    """Neither field nor state of the second one gets through by half."""
    rep, (first, second) = proposed(hq, "first", "second")
    one, two = at(first), at(second)
    if later == "accept":
        proposals.dismiss(one, [listed(one)[0].id], "Pays late already.")
        proposals.accept(two, [listed(two)[0].id])
    else:
        proposals.accept(one, [listed(one)[0].id])
        proposals.dismiss(two, [listed(two)[0].id], "Pays late already.")
    first.sync()

    assert second.sync().refusals >= 1

    limit, status = (None, "dismissed") if later == "accept" else (200000, "accepted")
    for laptop in (first, second, rep):
        laptop.sync()
        assert laptop.one(_LIMIT) == limit
        assert laptop.one("SELECT status FROM proposal") == status
    (need,) = sync_centre(two).needs
    assert (need.kind, need.code, need.can_retry) == ("refused", "decided", False)
    assert (need.name, need.by) == ("Café Ñandú", "Olga Office")


def test_many_are_decided_at_once_and_one_decided_already_stops_there(hq: Headquarters) -> None:
    rep = hq.join("R1")
    for code in ("C0", "C1", "C2"):
        rep.run("UPDATE account SET payment_terms_days = 60 WHERE code = ?", code)
    rep.sync()
    office = hq.join("O1")
    ws = at(office)
    ids = [row.id for row in listed(ws)]
    proposals.accept(ws, ids[:2])
    with pytest.raises(StaleRevision):
        proposals.accept(ws, [ids[2], ids[0]])
    assert listed(ws) == ()
    office.sync()
    rep.sync()
    assert rep.one("SELECT count(*) FROM account WHERE payment_terms_days = 60") == 3


def test_a_rep_does_not_decide(hq: Headquarters) -> None:
    rep, _offices = proposed(hq)
    ws = at(rep)
    (row,) = listed(ws)
    assert row.mine
    with pytest.raises(UserError, match="office decides"):
        proposals.accept(ws, [row.id])
    # Whoever goes round the program is refused by HQ.
    rep.run("UPDATE proposal SET status = 'accepted'")
    assert rep.sync().refusals == 1
    assert hq.one("SELECT status FROM proposal") == "open"

"""A share in an opportunity of a customer that is not on one's laptop: what is sent, and shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from crmdesk.domain.pipeline import Stage
from crmdesk.services import opportunities
from crmdesk.services.opportunities import DealInput
from crmdesk.services.opportunity_stages import move_deal
from crmdesk.services.queries.deal_shares import ShareElsewhere, shares_elsewhere
from tests.gui.conftest import runner
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.together import Sit, sit

__all__ = ["runner", "sit"]

pytestmark = [
    pytest.mark.hq,
    pytest.mark.qt_log_ignore("does not support (raise|grabbing)"),
]


def person(laptop: Laptop, code: str) -> int:
    return int(laptop.one("SELECT id FROM app_user WHERE code = ?", code))


def split(laptop: Laptop, deal: int, *shares: tuple[str, int]) -> None:
    named = [(person(laptop, code), share) for code, share in shares]
    opportunities.split_deal(at(laptop), deal, named)


def meet(*laptops: Laptop) -> None:
    for laptop in laptops:
        assert laptop.sync().refusals == 0


def seen(laptop: Laptop) -> list[tuple[str, Stage, int, int]]:
    found = shares_elsewhere(at(laptop))
    return [(one.customer, one.stage, one.amount_minor, one.own_minor) for one in found]


def test_a_share_is_seen_by_whom_it_is_of_and_nothing_else_of_the_customer(
    hq: Headquarters, sit: Sit
) -> None:
    mine, theirs, office = hq.join("R1"), hq.join("R2"), hq.join("O1")
    account = mine.one("SELECT id FROM account WHERE code = 'C0'")
    deal = opportunities.start_deal(
        at(mine), account, DealInput("Terrace", 100_001, note="a secret of the cook")
    ).opportunity_id
    split(mine, deal, ("R1", 7_000), ("R2", 3_000))
    meet(mine, theirs, office)
    assert seen(theirs) == [("Café Ñandú", Stage.QUALIFIED, 100_001, 30_000)]
    # Whoever has the opportunity itself is shown no share beside it.
    assert seen(mine) == [] and seen(office) == []
    # Least privilege: the row, and no other word of the customer, in any table of that laptop.
    assert theirs.one("SELECT count(*) FROM deal_share") == 1
    assert theirs.rows("SELECT 1 FROM account WHERE code = 'C0'") == []
    assert theirs.rows("SELECT 1 FROM opportunity") == []
    with theirs.database.read() as connection:
        dump = "\n".join(
            repr(tuple(row))
            for (name,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
            ).all()
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
        )
    assert "Café Ñandú" in dump
    for word in ("secret of the cook", "Terrace", "Person 0", "'C0'"):
        assert word not in dump

    # The window says so, and O lists them with the own part.
    desk = sit(theirs)
    place = desk.go("pipeline")
    assert "€300 elsewhere (O)" in place._header._line.text()
    desk.press(Qt.Key.Key_O)
    lists = desk.window.place("lists")
    assert lists.isVisible()
    model = lists.model
    shown = [str(model.data(model.index(0, column))) for column in range(model.columnCount())]
    assert shown == ["Café Ñandú", "Qualified", "1,000", "30", "300"]

    # It follows: amount, stage, the customer's name.
    opportunities.edit_deal(at(mine), deal, DealInput("Terrace", 200_000))
    move_deal(at(mine), deal, Stage.PROPOSAL)
    office.run("UPDATE account SET name = 'Café Cóndor' WHERE code = 'C0'")
    meet(mine, office)
    desk.round()
    assert seen(theirs) == [("Café Cóndor", Stage.PROPOSAL, 200_000, 60_000)]

    # Taken away again, it leaves the laptop; given once more, it comes back.
    split(mine, deal)
    meet(mine, theirs)
    assert seen(theirs) == [] and theirs.one("SELECT count(*) FROM deal_share") == 0
    split(mine, deal, ("R1", 5_000), ("R2", 5_000))
    meet(mine, theirs)
    assert seen(theirs) == [("Café Cóndor", Stage.PROPOSAL, 200_000, 100_000)]

    # With the customer the opportunity comes itself; the share is not shown twice.
    meet(office)
    office.run(
        "UPDATE account SET territory_id = (SELECT id FROM territory WHERE code = 'T2')"
        " WHERE code = 'C0'"
    )
    meet(office, theirs, mine)
    assert seen(theirs) == [] and theirs.one("SELECT count(*) FROM opportunity") == 1
    assert seen(mine) == [("Café Cóndor", Stage.PROPOSAL, 200_000, 100_000)]


def test_nobody_but_hq_says_who_has_a_share(hq: Headquarters) -> None:
    rep = hq.join("R2")
    rep.run(
        "INSERT INTO deal_share (uid, user_id, opportunity_uid, customer, amount_minor, share_bp)"
        " VALUES (randomblob(16), ?, randomblob(16), 'Dream', 1000000, 10000)",
        person(rep, "R2"),
    )
    assert rep.sync().refusals == 1
    assert hq.one("SELECT count(*) FROM deal_share") == 0
    assert shares_elsewhere(at(rep)) == ()


def test_the_own_part_is_rounded_as_everywhere() -> None:
    for amount, share, own in ((100, 50, 0), (300, 50, 2), (1, 5_000, 0), (3, 5_000, 2)):
        assert ShareElsewhere(1, "", Stage.QUALIFIED, amount, share, "EUR").own_minor == own

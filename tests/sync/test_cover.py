"""A colleague stands in for a sick rep: scope comes and goes by its dates, visits move, undo."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from crmdesk.domain.errors import FieldError, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.hq.database.company_day import company_day
from crmdesk.hq.database.scopes import principal
from crmdesk.services import orders, undo
from crmdesk.services.cover import (
    CoverWish,
    cover_preview,
    covers,
    end_cover,
    give_cover,
    people,
)
from crmdesk.services.document_lines import LineInput
from crmdesk.services.office_keying import start_for_rep
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.trading import price_list

pytestmark = pytest.mark.hq

_CUSTOMERS = "SELECT count(*) FROM account"


def ids(laptop: Laptop) -> tuple[int, int]:
    """The local ids of both reps."""
    return tuple(laptop.one("SELECT id FROM app_user WHERE code = ?", c) for c in ("R1", "R2"))


def planned(laptop: Laptop, day: str, code: str = "C0") -> None:
    laptop.run(
        "INSERT INTO planned_visit (uid, account_id, user_id, date) SELECT ?, a.id, u.id, ?"
        " FROM account a, app_user u WHERE a.code = ? AND u.code = 'R1'",
        new_uid(), day, code,
    )  # fmt: skip


def test_the_whole_cover_from_the_preview_to_its_end(hq: Headquarters) -> None:
    office, sick, colleague = hq.join("O1"), hq.join("R1"), hq.join("R2")
    ws = at(office)
    today = ws.today()
    one, two = ids(office)
    for days in (0, 1, 30):
        planned(sick, (today + timedelta(days=days)).isoformat())
    sick.sync()
    office.sync()
    assert colleague.one(_CUSTOMERS) == 2
    assert [person.code for person in people(ws)] == ["R2", "R1"]

    wish = CoverWish(one, two, today, today + timedelta(days=4), note="flu")
    preview = cover_preview(ws, wish)
    assert [(t.name, t.customers) for t in preview.territories] == [("North", 4)]
    assert [visit.day for visit in preview.visits] == [today, today + timedelta(days=1)]
    assert office.waiting() == 0, "a preview writes nothing"

    moves = CoverWish(one, two, wish.first, wish.last, note="flu",
                      visit_ids=(preview.visits[1].id,))  # fmt: skip
    given = give_cover(ws, moves)
    assert office.sync().refusals == 0
    colleague.sync()
    sick.sync()
    assert colleague.one(_CUSTOMERS) == 6, "the customers come with the next sync"
    mine = "SELECT count(*) FROM planned_visit p JOIN app_user u ON u.id = p.user_id WHERE code = ?"
    assert (colleague.one(mine, "R2"), colleague.one(mine, "R1")) == (1, 2)
    assert sick.one(_CUSTOMERS) == 4, "who is away keeps reading"
    assert sick.rows("SELECT kind, note FROM user_leave") == [("sick", "flu")]
    assert [(row.colleague, row.territories) for row in covers(ws)] == [("Rolf Rep", "North")]

    # The colleague works there like at home.
    colleague.run("UPDATE account SET description = 'closed on Mondays' WHERE code = 'C0'")
    assert colleague.sync().refusals == 0

    # By itself: HQ gives the scope on the last day, and no longer on the day after.
    device = hq.one(
        "SELECT encode(uuid_send(uid),'hex') FROM device WHERE user_id = %s", company.R2.hex()
    )
    with hq.store.transaction() as connection:
        for day, territories in ((4, 2), (5, 1)):
            found = principal(connection, device, today + timedelta(days=day))
            assert found is not None and len(found.territories) == territories

    # And earlier, when the rep is well again.
    end_cover(ws, covers(ws)[0].ids, today - timedelta(days=1))
    office.sync()
    colleague.sync()
    assert colleague.one(_CUSTOMERS) == 2
    assert covers(ws) == ()
    assert given.undo is not None


def test_a_cover_is_taken_back_with_all_that_belongs_to_it(hq: Headquarters) -> None:
    office = hq.join("O1")
    ws = at(office)
    one, two = ids(office)
    today = ws.today()
    planned(office, today.isoformat())
    visit = office.one("SELECT id FROM planned_visit")
    given = give_cover(ws, CoverWish(one, two, today, today, visit_ids=(visit,)))
    office.sync()
    assert given.undo is not None
    undo.undo(ws, given.undo)
    office.sync()
    assert hq.one("SELECT count(*) FROM territory_user WHERE NOT deleted") == 2
    assert hq.one("SELECT count(*) FROM user_leave WHERE NOT deleted") == 0
    assert office.one("SELECT user_id FROM planned_visit") == one


def test_what_cannot_be_covered_is_said(hq: Headquarters) -> None:
    office, rep = hq.join("O1"), hq.join("R1")
    ws = at(office)
    one, two = ids(office)
    today = ws.today()
    day = timedelta(days=1)
    for wish, kind, words in (
        (CoverWish(one, one, today, today), FieldError, "Somebody else"),
        (CoverWish(one, two, today, today - day), FieldError, "before the first"),
        (CoverWish(one, two, today - 2 * day, today - day), FieldError, "passed"),
        (CoverWish(one, two, today, today + 400 * day), FieldError, "a year"),
    ):
        with pytest.raises(kind, match=words):
            give_cover(ws, wish)
    give_cover(ws, CoverWish(one, two, today, today))
    with pytest.raises(UserError, match="already"):
        give_cover(ws, CoverWish(one, two, today, today))
    with pytest.raises(UserError, match="The office arranges"):
        give_cover(at(rep), CoverWish(*ids(rep), today, today))
    # A rep who writes the link past the program is refused by HQ.
    rep.run(
        "INSERT INTO territory_user (uid, territory_id, user_id) SELECT ?, t.id, u.id"
        " FROM territory t, app_user u WHERE t.code = 'T2' AND u.code = 'R1'", new_uid(),
    )  # fmt: skip
    assert rep.sync().refusals == 1
    assert rep.one(_CUSTOMERS) == 4


def test_an_order_by_phone_is_the_reps_and_says_who_keyed_it(hq: Headquarters) -> None:
    price_list(hq)
    office, rep, other = hq.join("O1"), hq.join("R1"), hq.join("R2")
    office.sync()
    ws = at(office)
    account = office.one("SELECT id FROM account WHERE code = 'C0'")
    started = start_for_rep(ws, account).order_id
    product = office.one("SELECT id FROM product WHERE sku = 'SKU0'")
    orders.set_line(ws, started, LineInput(product, None, 3))
    orders.submit_order(ws, started)
    assert office.sync().refusals == 0
    rep.sync()
    other.sync()
    assert rep.rows(
        "SELECT u.code, e.code, o.status FROM sales_order o JOIN app_user u ON u.id = o.user_id"
        " JOIN app_user e ON e.id = o.entered_by_id"
    ) == [("R1", "O1", "submitted")]
    assert other.rows("SELECT 1 FROM sales_order") == []
    with pytest.raises(UserError, match="The office"):
        start_for_rep(at(rep), rep.one("SELECT id FROM account WHERE code = 'C0'"))


@pytest.mark.parametrize(
    ("zone", "hour", "day"),
    [("Asia/Vladivostok", 22, 30), ("Europe/Madrid", 23, 30), ("Europe/Madrid", 22, 29),
     ("America/Lima", 2, 28), ("Nowhere/None", 22, 29), ("", 22, 29)],
)  # fmt: skip
def test_a_cover_begins_and_ends_by_the_day_of_the_company(
    hq: Headquarters, zone: str, hour: int, day: int
) -> None:
    """Not by HQ's machine, whose day in Vladivostok begins at ten in the morning."""
    now = datetime(2026, 11, 29, hour, 30, tzinfo=UTC)
    with hq.store.transaction() as connection:
        connection.execute("UPDATE organisation SET time_zone = %s", (zone,))
        assert company_day(connection, now) == date(2026, 11, day)

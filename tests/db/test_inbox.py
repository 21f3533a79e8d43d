"""What the inbox says of an order: every reason to look at one, told from a plain order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.services.queries.inbox import InboxFilter, InboxGroup, inbox
from crmdesk.services.queries.inbox_attention import Attention, read_attention
from crmdesk.services.queries.inbox_sheet import inbox_sheet
from crmdesk.services.workspace import Workspace

_LINE = (
    "INSERT INTO order_line (parent_id, position, product_id, quantity, factor, base_quantity,"
    " net_price_e4, net_minor, cost_minor, price_reason) VALUES (?, 1, ?, ?, 1, ?, 10000, ?, ?, ?)"
)


class Desk:
    """One plain order that waits, and ways to make it a remarkable one."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.account = int(self.one("SELECT min(id) FROM account"))
        self.product = int(self.one("SELECT min(id) FROM product"))
        self.run("UPDATE sales_order SET status = 'paid' WHERE status = 'submitted'")
        self.run("DELETE FROM stock_snapshot")
        self.run("DELETE FROM summary_pair WHERE account_id = ?", self.account)
        self.run("UPDATE account SET credit_limit_minor = NULL")
        self.order = self.made("X-1")

    def made(self, number: str, *, status: str = "submitted", total: int = 10_000) -> int:
        day = self.ws.today()
        self.run(
            "INSERT INTO sales_order (uid, account_id, number, status, user_id, order_date,"
            " delivery_date, net_minor, total_minor, cost_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
            " ?, 5000)",
            new_uid(), self.account, number, status, self.ws.user.id, day.isoformat(),
            (day + timedelta(days=2)).isoformat(), total, total,
        )  # fmt: skip
        order = int(self.one("SELECT id FROM sales_order WHERE number = ?", number))
        self.run(_LINE, order, self.product, 12, 12, total, 5_000, '{"code":"list"}')
        return order

    def run(self, sql: str, *parameters: object) -> None:
        with self.ws.database.write(applying=True) as tx:
            tx.connection.exec_driver_sql(sql, parameters)

    def one(self, sql: str, *parameters: object) -> Any:
        with self.ws.database.read() as connection:
            return connection.exec_driver_sql(sql, parameters).scalar()

    def notes(self, order: int | None = None) -> Sequence[Attention]:
        with self.ws.database.read() as connection:
            found = read_attention(connection, [order or self.order], self.ws.today())
        return found.get(order or self.order, ())


@pytest.fixture
def desk(ws: Workspace) -> Desk:
    return Desk(ws)


def below_cost(desk: Desk) -> None:
    desk.run("UPDATE order_line SET cost_minor = 12000 WHERE parent_id = ?", desk.order)


def a_gift(desk: Desk) -> None:
    desk.run(
        "UPDATE order_line SET net_minor = 0, price_reason = '{\"code\":\"gift\",\"free\":12}'"
        " WHERE parent_id = ?", desk.order,
    )  # fmt: skip


def stock_short(desk: Desk) -> None:
    for at, there in (("2020-01-01T00:00:00.000Z", 500), ("2026-01-01T00:00:00.000Z", 11)):
        desk.run(
            "INSERT INTO stock_snapshot (uid, product_id, on_hand, as_of) VALUES (?, ?, ?, ?)",
            new_uid(), desk.product, there, at,
        )  # fmt: skip


def stock_enough(desk: Desk) -> None:
    stock_short(desk)
    desk.run("UPDATE stock_snapshot SET on_hand = 12")


def credit(mode: str, limit: int) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        desk.run("DELETE FROM payment")
        desk.run("UPDATE invoice SET open_minor = 0")
        desk.run(
            "UPDATE account SET credit_mode = ?, credit_limit_minor = ? WHERE id = ?",
            mode, limit, desk.account,
        )  # fmt: skip

    return make


def on_the_way(desk: Desk) -> None:
    credit("hard", 15_000)(desk)
    desk.made("X-0", status="accepted", total=6_000)


def other_price(desk: Desk) -> None:
    desk.run(
        "INSERT INTO proposal (uid, user_id, kind, entity, row_uid, current, proposed, at)"
        " SELECT ?, user_id, 'price', 'order', uid, '[{\"line\":1,\"sku\":\"x\",\"price_e4\":9}]',"
        " '[{\"line\":1,\"sku\":\"x\",\"price_e4\":10}]', '2026-01-01T00:00:00.000Z'"
        " FROM sales_order WHERE id = ?", new_uid(), desk.order,
    )  # fmt: skip


def twice(desk: Desk) -> None:
    desk.made("X-2", status="accepted")


def late(desk: Desk) -> None:
    day = (desk.ws.today() - timedelta(days=3)).isoformat()
    desk.run("UPDATE sales_order SET delivery_date = ? WHERE id = ?", day, desk.order)


def usual(quantity: int) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        with desk.ws.database.read() as connection:
            columns = connection.exec_driver_sql("PRAGMA table_info(summary_pair)").all()
        values: dict[str, object] = {
            name: ("fine" if kind.upper().startswith("TEXT") else 0)
            for _cid, name, kind, needed, default, _pk in columns
            if needed and default is None
        }
        values |= {
            "account_id": desk.account, "product_id": desk.product, "n": 5, "packs": quantity,
            "expected_quantity": quantity, "as_of": date(2026, 1, 1).isoformat(),
        }  # fmt: skip
        marks = ", ".join("?" * len(values))
        desk.run(
            f"INSERT INTO summary_pair ({', '.join(values)}) VALUES ({marks})", *values.values()
        )

    return make


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda desk: None, []),
        (below_cost, [("below_cost", 1, 2_000)]),
        (a_gift, []),
        (stock_short, [("stock", 1, 0)]),
        (stock_enough, []),
        (credit("hard", 9_000), [("credit_hard", 0, 1_000)]),
        (credit("soft", 9_000), [("credit_soft", 0, 1_000)]),
        (credit("none", 9_000), []),
        (credit("hard", 10_000), []),
        (on_the_way, [("credit_hard", 0, 1_000)]),
        (other_price, [("price", 1, 0)]),
        (twice, [("twice", 1, 0)]),
        (late, [("late", 3, 0)]),
        (usual(4), [("unusual", 1, 0)]),
        (usual(12), []),
    ],
)
def test_what_there_is_to_look_at(
    desk: Desk, make: Callable[[Desk], None], expected: list[tuple[str, int, int]]
) -> None:
    make(desk)
    found = [(note.code, note.count, note.amount_minor) for note in desk.notes()]
    assert found == expected


def test_what_is_gravest_stands_first_and_such_orders_before_the_others(desk: Desk) -> None:
    plain = desk.made("X-9", total=11_000)
    late(desk)
    below_cost(desk)
    credit("hard", 9_000)(desk)
    desk.run("UPDATE sales_order SET account_id = ? WHERE id = ?", desk.account + 1, plain)
    assert [note.code for note in desk.notes()] == ["credit_hard", "below_cost", "late"]
    rows = inbox(desk.ws, InboxFilter()).rows
    assert [(row.id, bool(row.attention)) for row in rows] == [(desk.order, True), (plain, False)]


def test_orders_of_a_customer_use_up_its_limit_in_the_order_they_came(desk: Desk) -> None:
    credit("hard", 25_000)(desk)
    second = desk.made("X-2", total=10_100)
    third = desk.made("X-3", total=10_200)
    with desk.ws.database.read() as connection:
        found = read_attention(connection, [third, second, desk.order], desk.ws.today())
    assert list(found) == [third]
    assert found[third][0].amount_minor == 5_300


def test_the_order_beside_the_list_shows_hqs_price_and_what_was_seen(desk: Desk) -> None:
    other_price(desk)
    stock_short(desk)
    sheet = inbox_sheet(desk.ws, desk.order)
    assert (sheet.hq_prices, len(sheet.proposal_ids)) == ({1: 9}, 1)
    assert sheet.stock[desk.product].on_hand == 11
    assert sheet.seen.status == "submitted" and len(sheet.seen.mark) == 16


def test_groups_and_narrowing_count_what_they_show(desk: Desk) -> None:
    desk.made("X-2", status="accepted", total=1)
    desk.made("X-3", status="shipped", total=1)
    desk.made("X-4", status="rejected", total=1)
    found = inbox(desk.ws, InboxFilter())
    for group in InboxGroup:
        shown = inbox(desk.ws, InboxFilter(group=group))
        assert found.counts[group].count == len(shown.rows) + shown.left_out, group
    (rep,) = [choice for choice in found.reps if choice.id == desk.ws.user.id]
    assert rep.count == len(inbox(desk.ws, InboxFilter(rep_id=rep.id)).rows)
    assert inbox(desk.ws, InboxFilter(text="X-1")).rows[0].id == desk.order

"""The figures of the customer card made anew, in plain Python over plain rows.

Owns what each figure should be; nothing of the code that makes the card's is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from crmdesk.services.queries.customer_figures import FigureKey
from crmdesk.services.workspace import Workspace
from crmdesk.storage import summaries

TODAY = date(2026, 11, 24)
SINCE = "2025-12-01"


class Books:
    """The plain rows of one customer, and sums over them."""

    def __init__(self, ws: Workspace, account_id: int) -> None:
        self.ws, self.account_id = ws, account_id

    def rows(self, sql: str) -> list[Any]:
        with self.ws.database.read() as connection:
            return list(connection.exec_driver_sql(sql.replace(":a", str(self.account_id))))

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def sales(self) -> list[Any]:
        return self.rows(
            "SELECT s.id, s.kind, l.net_minor net, l.discount_minor discount, l.cost_minor cost"
            " FROM sale s, sale_line l WHERE l.parent_id = s.id AND s.account_id = :a"
            f" AND s.date BETWEEN '{SINCE}' AND '{TODAY}'"
        )

    def margin(self) -> int | None:
        """None where the cost of any line is not known."""
        if any(row.cost is None for row in self.sales()):
            return None
        return sum(int(row.net - row.cost) for row in self.sales())

    def rate(self, driver: str) -> float:
        found = self.rows(
            f"SELECT rate_e4 FROM cost_rate WHERE driver = '{driver}' AND valid_from <= '{TODAY}'"
            " ORDER BY valid_from DESC LIMIT 1"
        )
        return float(found[0][0]) if found else 0.0

    def minutes(self) -> float:
        spent = sum(
            (end - start) * 1440
            for start, end in self.rows(
                "SELECT julianday(started_at), julianday(ended_at) FROM visit WHERE account_id = :a"
                f" AND date BETWEEN '{SINCE}' AND '{TODAY}' AND ended_at IS NOT NULL"
            )
        )
        return round(spent) + sum(minutes for minutes, _m in self.legs())

    def legs(self) -> list[Any]:
        return self.rows(
            "SELECT coalesce(leg_minutes, 0), coalesce(leg_m, 0) FROM planned_visit"
            f" WHERE account_id = :a AND status = 'done' AND date BETWEEN '{SINCE}' AND '{TODAY}'"
        )

    def bought(self) -> set[int]:
        """Products of which something was bought and kept, and those that took their place.

        What comes back is taken off the latest purchase before it.
        """
        kept: dict[int, list[int]] = {}
        for product, units in self.rows(
            "SELECT l.product_id, sum(l.base_quantity) FROM sale s, sale_line l"
            f" WHERE l.parent_id = s.id AND s.account_id = :a AND s.date <= '{TODAY}'"
            " GROUP BY s.date, l.product_id ORDER BY s.date"
        ):
            stack, left = kept.setdefault(product, []), int(units)
            while left < 0 and stack:
                left += stack.pop()
            if left > 0:
                stack.append(left)
        found = {product for product, stack in kept.items() if stack}
        return found | {
            new
            for old, new in self.rows(
                "SELECT p.id, n.id FROM product p JOIN product n ON n.uid = p.substitute_uid"
                " WHERE p.status = 'delisted'"
            )
            if old in found
        }

    def owed(self) -> list[tuple[date, int]]:
        return [
            (date.fromisoformat(due), amount)
            for due, amount in self.rows(
                "SELECT due_on, open_minor FROM invoice WHERE account_id = :a AND open_minor > 0"
            )
        ]

    def cost_to_serve(self) -> dict[str, float]:
        sold = {row.id for row in self.sales() if row.kind == "sale"}
        back = {row.id for row in self.sales() if row.kind == "return"}
        lines = sum(row.kind == "sale" for row in self.sales())
        tickets = self.one(
            f"SELECT count(*) FROM ticket WHERE account_id = :a AND date >= '{SINCE}'"
        )
        debt = 0.0
        for key, left, on in self.rows(
            "SELECT id, open_minor, date FROM invoice WHERE account_id = :a"
            f" AND date BETWEEN '{SINCE}' AND '{TODAY}'"
        ):
            begun = date.fromisoformat(on)
            debt += left * (TODAY - begun).days
            for amount, paid in self.rows(
                f"SELECT amount_minor, date FROM payment WHERE invoice_id = {key}"
            ):
                debt += amount * max((date.fromisoformat(paid) - begun).days, 0)
        cents = 100 / 10_000
        driving = sum(m for _minutes, m in self.legs()) / 1000 * self.rate("kilometre")
        return {
            "visits": (self.minutes() * self.rate("minute") + driving) * cents,
            "delivery": len(sold) * self.rate("drop") * cents,
            "orders": (
                len(sold) * self.rate("order") + lines * self.rate("line")
                + tickets * self.rate("ticket") + len(back) * self.rate("return")
            ) * cents,
            "debt": debt * self.rate("capital") / 10_000 / 365,
        }  # fmt: skip

    def contribution(self) -> float | None:
        margin = self.margin()
        return None if margin is None else margin - sum(self.cost_to_serve().values())


def expected(books: Books) -> dict[FigureKey, Callable[[], float | None]]:
    """Each figure from the plain rows."""
    sales, costs, one = books.sales(), books.cost_to_serve(), books.one
    net = sum(row.net for row in sales)
    margin = books.margin()
    visit_cost = round(20 * books.rate("minute") / 100)
    count = "SELECT count(*) FROM {} WHERE account_id = :a"
    return {
        FigureKey.NEXT_VISIT: lambda: one(
            f"SELECT count(*) FROM planned_visit WHERE account_id = :a AND date >= '{TODAY}'"
            " AND status IN ('planned', 'started')"
        ),
        FigureKey.DUE: lambda: one(
            "SELECT count(*) FROM summary_pair WHERE account_id = :a"
            " AND state IN ('due', 'overdue')"
        ),
        FigureKey.CONTRIBUTION: books.contribution,
        FigureKey.LIFETIME: lambda: None if margin is None else margin * 0.8 / (1 + 0.1 - 0.8),
        FigureKey.SATISFACTION: lambda: next(
            (row[0] for row in books.rows(
                "SELECT score FROM survey_score WHERE account_id = :a ORDER BY date DESC, id DESC"
            )), None
        ),
        FigureKey.CREDIT: lambda: sum(amount for _due, amount in books.owed()),
        FigureKey.TERMS: lambda: one("SELECT payment_terms_days FROM account WHERE id = :a"),
        FigureKey.OPENING: lambda: books.one(
            "SELECT sum(json_extract(s.value, '$[1]') - json_extract(s.value, '$[0]'))"
            " FROM account a, json_each(a.opening_hours) d, json_each(d.value) s WHERE a.id = :a"
        ),
        FigureKey.OWNER: lambda: one(
            "SELECT count(DISTINCT user_id) FROM territory_user WHERE territory_id ="
            " (SELECT territory_id FROM account WHERE id = :a)"
        ),
        FigureKey.LATE: lambda: sum(amount for due, amount in books.owed() if due < TODAY),
        FigureKey.TICKETS: lambda: one(
            count.format("ticket") + " AND status IN ('open', 'waiting')"
        ),
        FigureKey.DEALS: lambda: one(
            "SELECT coalesce(sum(amount_minor), 0) FROM opportunity WHERE account_id = :a"
            " AND stage NOT IN ('won', 'lost', 'ended')"
        ),
        FigureKey.REVENUE: lambda: net + sum(row.discount for row in sales),
        FigureKey.DISCOUNTS: lambda: sum(row.discount for row in sales),
        FigureKey.COST_OF_GOODS: lambda: None if margin is None else net - margin,
        FigureKey.VISITS: lambda: costs["visits"],
        FigureKey.DELIVERY: lambda: costs["delivery"],
        FigureKey.ORDERS: lambda: costs["orders"],
        FigureKey.DEBT: lambda: costs["debt"],
        FigureKey.BREAK_EVEN: lambda: (
            None if margin is None or net <= 0 or margin <= 0 else visit_cost * net / margin
        ),
        FigureKey.EVENTS: lambda: sum(
            one(count.format(table))
            for table in (
                "visit", "sales_order", "quote", "return_request", "sample", "ticket",
                "survey_score", "payment", "collection", "note", "promise", "handover", "touch",
                "order_alteration", "quote_follow_up", "stage_change", "opportunity",
                "attachment",
            )
        ) + one(count.format("sale") + " AND order_uid IS NULL")
        + one(count.format("invoice") + " AND open_minor <> 0"),
        FigureKey.SKUS: lambda: len(books.bought()),
        FigureKey.DOCUMENTS: lambda: one(count.format("attachment")),
    }  # fmt: skip


def trouble(ws: Workspace, account_id: int, *, seed: int, costs_known: bool) -> None:
    """What real books hold: part payments, some before the bill, gifts, returns, refused orders.

    The same for the same seed.
    """
    rng = Random(seed)
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        products = [int(row[0]) for row in run("SELECT id FROM product ORDER BY id LIMIT 9")]
        for number in range(6):
            day = TODAY - timedelta(days=rng.randrange(5, 320))
            total = rng.randrange(1_001, 90_000)
            paid = 0 if number == 0 else rng.randrange(1, total)
            invoice = run(
                "INSERT INTO invoice (uid, account_id, number, date, due_on, net_minor, tax_minor,"
                " total_minor, open_minor) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?) RETURNING id",
                (
                    rng.randbytes(16), account_id, f"T{seed}-{number}", day.isoformat(),
                    (day + timedelta(days=30)).isoformat(), total, total, total - paid,
                ),
            ).scalar_one()  # fmt: skip
            for part in (paid // 3, paid - paid // 3):
                if part:
                    run(
                        "INSERT INTO payment (uid, account_id, invoice_id, date, amount_minor)"
                        " VALUES (?, ?, ?, ?, ?)",
                        (
                            rng.randbytes(16), account_id, invoice,
                            (day + timedelta(days=rng.randrange(-3, 60))).isoformat(), part,
                        ),
                    )  # fmt: skip
        for number in range(8):
            back = number % 3 == 2
            day = TODAY - timedelta(days=rng.randrange(0, 700))
            sale = run(
                "INSERT INTO sale (uid, account_id, kind, date, document, line_count)"
                " VALUES (?, ?, ?, ?, ?, 2) RETURNING id",
                (
                    rng.randbytes(16), account_id, "return" if back else "sale", day.isoformat(),
                    f"T{seed}-S{number}",
                ),
            ).scalar_one()  # fmt: skip
            for position, product in enumerate(rng.sample(products, 2)):
                units = rng.randrange(1, 40) * (-1 if back else 1)
                gift = number % 4 == 1 and position == 1
                run(
                    "INSERT INTO sale_line (parent_id, position, product_id, quantity, factor,"
                    " base_quantity, net_minor, discount_minor, cost_minor)"
                    " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)",
                    (
                        sale, position, product, units, units, 0 if gift else units * 217,
                        units * 217 if gift else units * 13,
                        units * 121 if costs_known or number else None,
                    ),
                )  # fmt: skip
            if number == 0:
                run("UPDATE sale SET date = ? WHERE id = ?", (TODAY.isoformat(), sale))
        for status in ("draft", "rejected", "cancelled"):
            run(
                "INSERT INTO sales_order (uid, account_id, number, status, order_date, net_minor,"
                " total_minor) VALUES (?, ?, ?, ?, ?, 99000, 99000)",
                (rng.randbytes(16), account_id, f"T{seed}-{status}", status, TODAY.isoformat()),
            )
    with ws.database.maintenance() as connection:
        summaries.rebuild(connection, TODAY)

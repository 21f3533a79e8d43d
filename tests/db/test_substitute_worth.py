"""A substitute that takes over a history is worth what it costs itself, in its own packs."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.services.forecasting import bring_up_to_date
from crmdesk.services.workspace import Workspace
from crmdesk.storage import summaries
from crmdesk.storage.check import check


class Taken(NamedTuple):
    """A customer, what it bought often, and a product it never bought."""

    account: int
    former: int
    substitute: int


@pytest.fixture
def taken(ws: Workspace) -> Taken:
    """The former product costs a cent and is delisted today; the substitute costs far more."""
    account, former = one(
        ws,
        "SELECT account_id, product_id FROM summary_pair JOIN product p ON p.id = product_id"
        " WHERE n >= 5 AND p.base_unit = 'EA' AND p.status = 'active' AND because IS NULL"
        " ORDER BY account_id, product_id LIMIT 1",
    )
    substitute = one(
        ws,
        "SELECT p.id FROM product p WHERE p.base_unit = 'EA' AND p.status = 'active'"
        " AND EXISTS (SELECT 1 FROM packaging k WHERE k.product_id = p.id AND k.factor > 1"
        " AND k.sellable) AND NOT EXISTS (SELECT 1 FROM summary_pair s WHERE s.account_id = ?"
        " AND s.product_id = p.id) ORDER BY p.id LIMIT 1",
        account,
    )[0]
    do(ws, "UPDATE sale_line SET net_minor = base_quantity WHERE product_id = ?", former)
    do(
        ws,
        "UPDATE product SET status = 'delisted', delisted_on = ?, substitute_uid ="
        " (SELECT uid FROM product WHERE id = ?) WHERE id = ?",
        ws.today().isoformat(), substitute, former,
    )  # fmt: skip
    return Taken(account, former, substitute)


def one(ws: Workspace, query: str, *values: object) -> Any:
    with ws.database.read() as connection:
        return connection.exec_driver_sql(query, values).first()


def do(ws: Workspace, query: str, *values: object) -> None:
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(query, values)


def pair(ws: Workspace, taken: Taken) -> Any:
    return one(
        ws,
        "SELECT s.*, k.product_id AS packed, k.factor FROM summary_pair s"
        " LEFT JOIN packaging k ON k.id = s.packaging_id WHERE s.account_id = ?"
        " AND s.product_id = ?",
        taken.account, taken.substitute,
    )  # fmt: skip


def agree(ws: Workspace, taken: Taken, price_e4: int) -> None:
    do(
        ws,
        "INSERT INTO account_price (uid, account_id, product_id, minimum_quantity, price_e4)"
        " VALUES (?, ?, ?, 1, ?)",
        new_uid(), taken.account, taken.substitute, price_e4,
    )  # fmt: skip


def rebuilt_as_it_is(ws: Workspace, taken: Taken) -> bool:
    before = pair(ws, taken)
    with ws.database.write() as tx:
        summaries.rebuild(tx.connection, ws.today(), refit=False)
    return bool(before == pair(ws, taken))


def test_without_a_purchase_the_list_of_the_customer_decides(ws: Workspace, taken: Taken) -> None:
    row = pair(ws, taken)
    listed = one(
        ws, "SELECT min(price_e4), max(price_e4) FROM price_rule WHERE product_id = ?",
        taken.substitute,
    )  # fmt: skip
    assert listed[0] <= row.last_net_e4 <= listed[1]
    assert row.packed == taken.substitute
    assert row.expected_margin_minor > 0
    worth = row.packs * row.factor * row.last_net_e4 / 100
    assert row.expected_net_minor == pytest.approx(worth, abs=1)
    assert rebuilt_as_it_is(ws, taken)


def test_an_agreed_price_goes_before_the_list_at_once(ws: Workspace, taken: Taken) -> None:
    agree(ws, taken, 1_234_500)
    assert pair(ws, taken).last_net_e4 == 1_234_500
    assert rebuilt_as_it_is(ws, taken)


def test_what_was_paid_for_the_substitute_itself_goes_first(ws: Workspace, taken: Taken) -> None:
    agree(ws, taken, 1_234_500)
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        sale = run(
            "INSERT INTO sale (uid, account_id, date) SELECT ?, ?, min(date) FROM sale"
            " RETURNING id", (new_uid(), taken.account),
        ).scalar_one()  # fmt: skip
        run(
            "INSERT INTO sale_line (parent_id, position, product_id, base_quantity, net_minor)"
            " VALUES (?, 1, ?, 10, 7770)", (sale, taken.substitute),
        )  # fmt: skip
    assert pair(ws, taken).last_net_e4 == 77_700
    assert rebuilt_as_it_is(ws, taken)


def test_without_any_price_no_loss_is_claimed(ws: Workspace, taken: Taken) -> None:
    do(ws, "DELETE FROM price_rule WHERE product_id = ?", taken.substitute)
    bring_up_to_date(ws)
    row = pair(ws, taken)
    assert (row.expected_net_minor, row.expected_margin_minor, row.last_net_e4) == (0, 0, 0)
    assert check(ws.database, ws.folder) == []


def test_a_new_list_price_reaches_the_forecast_behind_everything_else(
    ws: Workspace, taken: Taken
) -> None:
    before = pair(ws, taken).last_net_e4
    do(ws, "UPDATE price_rule SET price_e4 = price_e4 * 2 WHERE product_id = ?", taken.substitute)
    bring_up_to_date(ws)
    assert pair(ws, taken).last_net_e4 > before
    assert check(ws.database, ws.folder) == []


def test_of_another_base_unit_only_the_days_are_taken_over(ws: Workspace, taken: Taken) -> None:
    do(ws, "UPDATE product SET base_unit = 'g' WHERE id = ?", taken.former)
    row = pair(ws, taken)
    assert row.expected_quantity == 1
    assert '"other_unit": true' in row.because
    assert row.n >= 5
    assert rebuilt_as_it_is(ws, taken)

"""Figures and search kept beside the rows are those of a rebuild, whatever happened before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from crmdesk.demo.spec import DEMO_TODAY
from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.ids import new_uid
from crmdesk.services.queries.search import find
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile, search, summaries
from crmdesk.storage.check import check
from crmdesk.storage.engine import Database
from tests.db.conftest import instant

_SUMMARIES = ("summary_month", "summary_pair", "summary_account")


def _words(connection: Connection) -> set[tuple[Any, ...]]:
    """Every word of the search index with its entry, column and place."""
    connection.exec_driver_sql(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words"
        " USING fts5vocab(main, search_index, instance)"
    )
    rows = connection.exec_driver_sql("SELECT term, doc, col, offset FROM temp.words")
    return {tuple(row) for row in rows}


def _figures(connection: Connection) -> dict[str, set[tuple[Any, ...]]]:
    found = {
        name: {tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")}
        for name in _SUMMARIES
    }
    return {**found, "search_index": _words(connection)}


def _assert_as_rebuilt(database: Database) -> None:
    with database.trial() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM dirty").scalar() == 0
        before = _figures(connection)
        summaries.rebuild(connection, DEMO_TODAY, refit=False)
        after = _figures(connection)
    for name, rows in after.items():
        assert before[name] == rows, name


_steps = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "sale", "return", "visit", "plan", "invoice", "paid", "ticket", "closed",
                "usual pack", "cost", "pack", "rename", "contact", "point", "gtin", "product",
                "no sale", "account", "override",
            )
        ),
        st.integers(0, 40),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


def _perform(connection: Connection, step: tuple[str, int, int]) -> None:  # noqa: PLR0912
    what, number, amount = step
    run = connection.exec_driver_sql
    accounts = run("SELECT id FROM account ORDER BY id").scalars().all()
    account = accounts[number % len(accounts)]
    product = number % 20 + 1
    day = (DEMO_TODAY - timedelta(days=number)).isoformat()
    if what in ("sale", "return"):
        quantity = amount if what == "sale" else -amount
        sale = run(
            "INSERT INTO sale (uid, account_id, kind, date) VALUES (?, ?, ?, ?) RETURNING id",
            (new_uid(), account, what, day),
        ).scalar_one()
        run(
            "INSERT INTO sale_line (parent_id, position, product_id, quantity, base_quantity,"
            " net_minor, cost_minor) VALUES (?, 1, ?, ?, ?, ?, ?)",
            (sale, product, quantity, quantity, quantity * 250, quantity * 100),
        )
    elif what == "no sale":
        sale = run("SELECT id FROM sale ORDER BY id DESC LIMIT 1 OFFSET ?", (number,)).scalar()
        run("DELETE FROM sale_line WHERE parent_id = ?", (sale,))
    elif what == "visit":
        run(
            "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at, outcome)"
            " VALUES (?, ?, 1, ?, ? || 'T09:00:00.000Z', ? || 'T09:20:00.000Z', ?)",
            (new_uid(), account, day, day, day, ("order", "closed", None, "absent")[number % 4]),
        )
    elif what == "plan":
        ahead = (DEMO_TODAY + timedelta(days=number)).isoformat()
        run(
            "INSERT INTO planned_visit (uid, account_id, user_id, date) VALUES (?, ?, 1, ?)",
            (new_uid(), account, ahead),
        )
    elif what == "invoice":
        run(
            "INSERT INTO invoice (uid, account_id, number, date, due_on, total_minor, open_minor)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (new_uid(), account, new_uid().hex(), day, day, amount, amount),
        )
    elif what == "paid":
        run("UPDATE invoice SET open_minor = 0 WHERE account_id = ?", (account,))
    elif what == "ticket":
        run(
            "INSERT INTO ticket (uid, account_id, number, subject, opened_at, date)"
            " VALUES (?, ?, ?, 'Коробка mojada', '2026-11-20T10:00:00.000Z', ?)",
            (new_uid(), account, new_uid().hex(), day),
        )
    elif what == "closed":
        run("UPDATE ticket SET status = 'closed' WHERE account_id = ?", (account,))
    elif what == "usual pack":
        run(
            "INSERT INTO account_product (uid, account_id, product_id, usual_packaging_id)"
            " SELECT ?, ?, product_id, id FROM packaging WHERE product_id = ?"
            " ORDER BY factor DESC LIMIT 1 ON CONFLICT DO UPDATE SET usual_packaging_id ="
            " excluded.usual_packaging_id",
            (new_uid(), account, product),
        )
    elif what == "cost":
        run(
            "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from) VALUES (?, ?, ?, ?)",
            (new_uid(), product, amount * 100, day),
        )
    elif what == "pack":
        run(
            "UPDATE packaging SET multiple = ?, sellable = ? WHERE product_id = ?",
            (amount % 3 + 1, number % 2, product),
        )
    elif what == "rename":
        run(
            "UPDATE account SET name = ?, city = ? WHERE id = ?",
            (f"Ресторан Øre {amount}", f"Straße {number}", account),
        )
    elif what == "contact":
        run(
            "INSERT INTO contact (uid, account_id, name) VALUES (?, ?, ?)",
            (new_uid(), account, f"Анна Ñandú {amount}"),
        )
    elif what == "point":
        run("UPDATE contact_point SET value = ? WHERE id % 7 = ?", (f"+3460{amount}", number % 7))
    elif what == "gtin":
        run("UPDATE packaging SET gtin = ? WHERE product_id = ?", (f"84{amount:08d}", product))
    elif what == "product":
        run("UPDATE product SET price_per = ? WHERE id = ?", (amount, product))
    elif what == "account":
        run(
            "INSERT INTO account (uid, code, name) VALUES (?, ?, ?)",
            (new_uid(), new_uid().hex(), f"Café {amount}"),
        )
    else:
        run(
            "INSERT INTO reorder_override (uid, account_id, product_id, reason)"
            " VALUES (?, ?, ?, 'closed')",
            (new_uid(), account, product),
        )


def test_kept_up_to_date_equals_rebuilt(
    copy_profile: Callable[..., Path], clock: ZoneClock
) -> None:
    database = profile.open_database(copy_profile(), clock)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_steps)
    def check_steps(steps: list[tuple[str, int, int]]) -> None:
        with database.write(applying=True) as tx:
            for step in steps:
                _perform(tx.connection, step)
        _assert_as_rebuilt(database)

    try:
        check_steps()
    finally:
        database.dispose()


def test_a_sale_on_the_next_day_keeps_the_figures_of_one_day(ws: Workspace, folder: Path) -> None:
    """Figures belong to the day they were made whole; the next day comes with a rebuild."""
    ws.database.clock = ZoneClock(lambda: instant() + timedelta(days=1), ws.clock.zone)  # type: ignore[attr-defined]
    with ws.database.write(applying=True) as tx:
        _perform(tx.connection, ("sale", 0, 5))
        _perform(tx.connection, ("invoice", 3, 500))
    with ws.database.read() as connection:
        days = connection.exec_driver_sql("SELECT DISTINCT as_of FROM summary_account").all()
    assert [day for (day,) in days] == [DEMO_TODAY.isoformat()]
    assert check(ws.database, folder) == []


def test_check_sees_a_figure_that_was_tampered_with(ws: Workspace, folder: Path) -> None:
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "UPDATE summary_account SET open_minor = open_minor + 1 WHERE account_id = 1"
        )
        connection.exec_driver_sql("DROP TRIGGER capture_account_update")
        connection.exec_driver_sql("DELETE FROM search_index WHERE rowid = (1 << 40) + 1")
        connection.exec_driver_sql("UPDATE sync_state SET applying = 1")
        connection.exec_driver_sql(
            "INSERT INTO journal (txn, entity, uid, op, hlc, schema_version)"
            " VALUES (1, 'nothing', x'00', 'U', 1, 1)"
        )
    areas = {finding.area for finding in check(ws.database, folder)}
    assert areas == {"summaries", "capture", "search", "journal"}


# ------------------------------------------------------------------------------------- search


def _add_account(ws: Workspace, name: str, code: str) -> int:
    with ws.database.write() as tx:
        return int(
            tx.connection.exec_driver_sql(
                "INSERT INTO account (uid, code, name) VALUES (?, ?, ?) RETURNING id",
                (new_uid(), code, name),
            ).scalar_one()
        )


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Иванов и сыновья", "ivanov"),
        ("Иванов и сыновья", "Иван"),
        ("Иванов и сыновья", "synov"),
        ("Cafetería Peñón", "penon"),
        ("Cafetería Peñón", "CAFETERÍA"),
        ("Weinhaus Straße", "strasse"),
        ("Ταβέρνα Ζορμπάς", "taverna"),
        ("O'Brien & Sons", "o'brien"),
        ("A/B-Market (North)", "b-mark nor"),
    ],
)
def test_a_customer_is_found_by_the_beginning_of_words_in_either_alphabet(
    ws: Workspace, name: str, typed: str
) -> None:
    key = _add_account(ws, name, "ZZ-1")
    assert ("account", key) in {(row.kind, row.id) for row in find(ws, typed)}


def test_a_contact_is_found_by_the_telephone_and_a_product_by_the_gtin(ws: Workspace) -> None:
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        contact, phone = run(
            "SELECT contact_id, value FROM contact_point WHERE kind = 'phone' LIMIT 1"
        ).one()
        product, gtin = run(
            "SELECT product_id, gtin FROM packaging WHERE gtin IS NOT NULL LIMIT 1"
        ).one()
    assert ("contact", contact) in {(row.kind, row.id) for row in find(ws, phone)}
    assert ("product", product) in {(row.kind, row.id) for row in find(ws, gtin)}


def test_limits_and_kinds_hold(ws: Workspace) -> None:
    everything = find(ws, "a", limit=5)
    assert len(everything) == 5
    products = find(ws, "a", kinds=("product",), limit=50)
    assert products
    assert {row.kind for row in products} == {"product"}


@pytest.mark.parametrize(
    "typed",
    ["", "   ", '"', "'", "*", "a AND", "NEAR(", "title:x", "^x", "_", "___", "a\x00b", "-x", "(",
     "a" * 10_000, "a " * 5_000, "中文", "🍷", "%", "\\", "a OR b NOT c", "{title}: x", '"" ""'],
)  # fmt: skip
def test_hostile_text_finds_or_does_not_find_but_never_fails(ws: Workspace, typed: str) -> None:
    assert isinstance(find(ws, typed), tuple)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=40))
def test_any_text_can_be_searched(ws: Workspace, typed: str) -> None:
    found = find(ws, typed)
    assert len({(row.kind, row.id) for row in found}) == len(found)


@given(st.text(max_size=60))
def test_an_expression_quotes_every_word(typed: str) -> None:
    expression = search.match_expression(typed)
    bare = expression.replace(" OR ", " ").replace(" AND ", " ")
    outside = "".join(part for i, part in enumerate(bare.split('"')) if i % 2 == 0)
    assert set(outside) <= set("()* ")


def test_a_reader_that_has_searched_before_takes_no_merge_for_damage(ws: Workspace) -> None:
    """SQLite checks an index by the structure its connection remembers from its last search."""
    with ws.database.read() as connection:
        connection.exec_driver_sql("SELECT 1 FROM search_index WHERE search_index MATCH 'a'").all()
    for number in range(40):
        with ws.database.write() as tx:
            tx.connection.exec_driver_sql(
                "INSERT INTO note (uid, account_id, text, at, date)"
                " SELECT ?, min(id), ?, '2026-11-20T08:00:00.000Z', '2026-11-20' FROM account",
                (new_uid(), f"note {number}"),
            )
    assert check(ws.database, ws.folder) == []

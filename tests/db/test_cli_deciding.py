"""Conflicts, refusals and proposals on the command line, settled by their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.workspace import Workspace
from tests.db.commands import Run, run

__all__ = ["run"]


def _conflict(ws: Workspace, kept: str) -> int:
    with ws.database.write(applying=True) as tx:
        uid = tx.connection.exec_driver_sql("SELECT uid FROM account WHERE id = 1").scalar_one()
        value = "Mine" if kept == "mine" else "Theirs"
        tx.connection.exec_driver_sql("UPDATE account SET city = ? WHERE id = 1", (value,))
        return int(
            tx.connection.exec_driver_sql(
                "INSERT INTO conflict (entity, uid, field, base, mine, theirs, kept, at) VALUES"
                " ('account', ?, 'city', '\"Old\"', '\"Mine\"', '\"Theirs\"', ?,"
                " '2026-11-24T08:00:00.000Z') RETURNING id",
                (uid, kept),
            ).scalar_one()
        )


@pytest.mark.parametrize("kept", ["mine", "theirs"])
@pytest.mark.parametrize(
    ("keep", "city"), [("mine", "Mine"), ("theirs", "Theirs"), ("Third", "Third")]
)
def test_a_conflict_is_resolved_by_its_number(
    run: Run, folder: Path, ws: Workspace, kept: str, keep: str, city: str
) -> None:
    number = _conflict(ws, kept)
    listed = run("conflicts", "--json")
    assert listed.code == 1
    assert [row["ids"] for row in listed.document] == [[number]]
    assert run("conflicts", "resolve", number, "--keep", keep, "--json").code == 0
    with ws.database.read() as connection:
        assert connection.exec_driver_sql("SELECT city FROM account WHERE id = 1").scalar() == city
        changed = connection.exec_driver_sql("SELECT count(*) FROM journal").scalar()
    assert changed == (0 if keep == kept else 1)
    assert run("conflicts").code == 0


def _refusal(ws: Workspace) -> int:
    """An edit that was sent and refused, and HQ's row back in its place, as sync leaves it."""
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE account SET city = 'Wanted' WHERE id = 1")
    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE journal SET state = 'refused'")
        run("UPDATE account SET city = 'HQ' WHERE id = 1")
        return int(
            run(
                "INSERT INTO refusal (seq, txn, entity, uid, code, sentence, fields, at) SELECT"
                " seq, txn, entity, uid, 'rule', 'No.', fields, '2026-11-24T08:00:00.000Z'"
                " FROM journal RETURNING id"
            ).scalar_one()
        )


@pytest.mark.parametrize(("step", "city"), [("retry", "Wanted"), ("discard", "HQ")])
def test_a_refusal_is_retried_or_discarded(
    run: Run, folder: Path, ws: Workspace, step: str, city: str
) -> None:
    number = _refusal(ws)
    listed = run("refusals", "--json")
    assert [row["ids"] for row in listed.document] == [[number]]
    assert run("conflicts", "--json").document == []
    assert run("refusals", step, number).code == 0
    with ws.database.read() as connection:
        query = "SELECT state FROM journal ORDER BY seq"
        assert connection.exec_driver_sql("SELECT city FROM account WHERE id = 1").scalar() == city
        states = connection.exec_driver_sql(query).scalars().all()
    assert states == (["refused", "waiting"] if step == "retry" else ["refused"])
    assert run("refusals").code == 0
    assert run("refusals", step, number).code == 2


def test_a_refused_order_is_submitted_again(run: Run, folder: Path, ws: Workspace) -> None:
    with ws.database.read() as connection:
        product = connection.exec_driver_sql(
            "SELECT product_id FROM price_rule WHERE price_e4 > 0 LIMIT 1"
        ).scalar_one()
    order = orders.start_order(ws, 1, suggested=False).order_id
    orders.set_line(ws, order, LineInput(product, None, 2000))
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO refusal (seq, txn, entity, uid, code, sentence, at) SELECT 1, 1, 'order',"
            " uid, 'credit', 'No.', '2026-11-24T08:00:00.000Z' FROM sales_order WHERE id = ?",
            (order,),
        )
    assert run("refusals", "retry", 1).code == 0
    with ws.database.read() as connection:
        status = connection.exec_driver_sql(
            "SELECT status FROM sales_order WHERE id = ?", (order,)
        ).scalar()
    assert status == "submitted"


def test_what_was_settled_is_reopened_by_its_number(run: Run, folder: Path, ws: Workspace) -> None:
    number = _conflict(ws, "mine")
    assert run("conflicts", "resolve", number, "--keep", "theirs").code == 0
    assert run("conflicts", "reopen", number, "--json").document == {
        "reopened": number, "what": "conflicts",
    }  # fmt: skip
    with ws.database.read() as connection:
        city = connection.exec_driver_sql("SELECT city FROM account WHERE id = 1").scalar()
    assert city == "Mine"
    assert [row["ids"] for row in run("conflicts", "--json").document] == [[number]]
    assert "not settled" in run("conflicts", "reopen", number).err


def test_proposals_are_listed_and_decided_by_number(run: Run, folder: Path, ws: Workspace) -> None:
    with ws.database.write(applying=True) as tx:
        one = tx.connection.exec_driver_sql
        uid = one("SELECT uid FROM account WHERE id = 1").scalar_one()
        one("UPDATE app_user SET role = 'office'")
        one("DELETE FROM proposal")
        for number, days in ((b"p" * 16, 60), (b"q" * 16, 90)):
            one(
                "INSERT INTO proposal (uid, user_id, entity, row_uid, account_uid, field, current,"
                " proposed, at) SELECT ?, id, 'account', ?, ?, 'payment_terms_days', '30', ?,"
                " '2026-11-24T08:00:00.000Z' FROM app_user LIMIT 1",
                (number, uid, uid, str(days)),
            )
    listed = run("proposals", "--json")
    assert listed.code == 1
    first, second = (row["id"] for row in listed.document)
    assert "60 days" in run("proposals").out
    assert run("proposals", "accept", first).code == 0
    assert run("proposals", "dismiss", second, "--reason", " ").code == 2
    assert run("proposals", "dismiss", second, "--reason", "Too long.", "--json").code == 0
    assert run("proposals", "accept", 99).code == 2
    assert run("proposals").code == 0
    with ws.database.read() as connection:
        agreed = connection.exec_driver_sql(
            "SELECT payment_terms_days FROM account WHERE id = 1"
        ).scalar()
        answers = connection.exec_driver_sql("SELECT status, answer FROM proposal ORDER BY id")
        assert answers.all() == [("accepted", None), ("dismissed", "Too long.")]
    assert agreed == 60


def test_a_profile_alone_says_so_instead_of_a_status(run: Run, folder: Path, ws: Workspace) -> None:
    said = run("sync", "--status")
    assert said.code == 0
    assert "works alone" in said.out
    assert run("sync", "--status", "--json").document["alone"] is True

"""Memory of the database is given back beside whoever reads and writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from crmdesk.services.workspace import Workspace

_COUNT = "SELECT count(*) FROM account"


def _count(ws: Workspace) -> int:
    with ws.database.read() as connection:
        return int(connection.exec_driver_sql(_COUNT).scalar_one())


def test_what_is_read_and_written_stays_right_while_memory_is_given_back(ws: Workspace) -> None:
    before = _count(ws)
    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(_count, ws) for _n in range(60)]
        for _n in range(60):
            ws.database.release_memory()
    assert {one.result() for one in reading} == {before}


def test_nobody_waits_for_a_write_to_give_memory_back(ws: Workspace) -> None:
    with ws.database.write() as tx, ws.database.read():
        tx.connection.exec_driver_sql("UPDATE account SET city = 'Here' WHERE id = 1")
        ws.database.release_memory()
    with ws.database.read() as connection:
        city = connection.exec_driver_sql("SELECT city FROM account WHERE id = 1").scalar_one()
    assert city == "Here"


def test_the_reader_that_was_used_last_is_used_next(ws: Workspace) -> None:
    with ws.database.read() as first, ws.database.read() as second:
        used = first.connection.driver_connection, second.connection.driver_connection
    assert used[0] is not used[1]
    with ws.database.read() as connection:
        next_one = connection.connection.driver_connection
    ws.database.release_memory()
    with ws.database.read() as connection:
        assert connection.connection.driver_connection is next_one

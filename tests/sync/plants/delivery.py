"""Bugs planted in delivery and order: cases 1 to 11 and 23."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
import pytest

from crmdesk.hq.database import feed
from crmdesk.hq.database.store import HqConnection, as_records
from crmdesk.hq.exchange import push
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.sync import applying, client, downloading, facts, schedule, uploading
from crmdesk.sync.cursor import keep_cursor
from tests.sync.planted import plant


@plant(
    case=1,
    test="tests/sync/test_delivery.py::test_case_01_a_lost_message_is_made_good_without_a_second_effect",
)
def _acknowledge_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The laptop takes its ops for answered when they leave, not when HQ has committed them."""
    keep = facts.keep_offered

    def keep_offered(connection: Any, seq: int) -> None:
        keep(connection, seq)
        connection.exec_driver_sql("UPDATE journal SET state = 'sent' WHERE seq <= ?", (seq,))

    patch.setattr(facts, "keep_offered", keep_offered)


@plant(
    case=5,
    test="tests/sync/test_cuts.py::test_case_05_a_stream_cut_at_any_byte_never_puts_rows_behind_the_cursor",
)
def _cursor_saved_before_rows(patch: pytest.MonkeyPatch) -> None:
    """Every page's cursor is written when it has been read, its rows later."""
    holding: list[Database] = []
    download, stage = downloading.download, downloading._stage

    def downloaded(database: Database, *args: Any, **kwargs: Any) -> Any:
        holding[:] = [database]
        return download(database, *args, **kwargs)

    def staged(found: Any, *args: Any, **kwargs: Any) -> Any:
        gained = stage(found, *args, **kwargs)
        with holding[0].maintenance() as connection:
            keep_cursor(connection, found.cursor)
        return gained

    patch.setattr(client, "download", downloaded)
    patch.setattr(downloading, "_stage", staged)


@plant(
    case=8,
    test="tests/sync/test_delivery.py::test_case_08_concurrent_writers_with_late_commits_miss_nothing",
)
def _naive_cursor(patch: pytest.MonkeyPatch) -> None:
    """Positions from a sequence when a change is written, read as ``position > cursor``."""

    def announce(
        connection: HqConnection,
        rows: Sequence[tuple[str, str, str, str | None]],
        *,
        device: str | None = None,
    ) -> None:
        connection.execute(
            "INSERT INTO feed (scope, entity, uid, account_id, device_id, position)"
            " SELECT scope, entity, uid, account, %s,"
            " nextval(pg_get_serial_sequence('outbox', 'id')) FROM json_to_recordset(%s::json)"
            " AS n(scope text, entity text, uid uuid, account uuid)"
            " ON CONFLICT (scope, entity, uid) DO UPDATE SET position = EXCLUDED.position",
            (device, as_records(("scope", "entity", "uid", "account"), rows)),
        )

    def heads(connection: HqConnection, scopes: Iterable[str]) -> dict[str, int]:
        found = dict.fromkeys(scopes, 0)
        rows = connection.execute(
            "SELECT scope, max(position) FROM feed WHERE scope = ANY(%s) GROUP BY 1", (list(found),)
        )
        return found | {str(scope): int(position) for scope, position in rows}

    patch.setattr(feed, "announce", announce)
    patch.setattr(feed, "heads", heads)


@plant(
    case=2,
    test="tests/sync/test_hard_cases.py::test_case_02_requests_that_arrive_twice_or_late_count_once",
)
def _no_stored_answers(patch: pytest.MonkeyPatch) -> None:
    """HQ does not remember what it has answered."""
    patch.setattr(push._Push, "_stored", lambda *_: {})
    patch.setattr(push._Push, "_store", lambda *_: None)


@plant(
    case=3,
    test="tests/sync/test_hard_cases.py::test_case_03_a_laptop_that_dies_between_any_two_statements_loses_and_doubles_nothing",
)
def _acknowledged_in_two_halves(patch: pytest.MonkeyPatch) -> None:
    """The ops count as sent in one transaction, what HQ made of the rows comes in another."""
    whole = uploading._take_over

    def take_over(connection: Any, applier: Any, answered: Any) -> None:
        connection.commit()
        whole(connection, applier, answered)

    patch.setattr(uploading, "_take_over", take_over)


@plant(
    case=4,
    test="tests/sync/test_hard_cases.py::test_case_04_a_server_that_dies_mid_push_leaves_each_step_wholly_in_or_out",
)
def _changes_committed_before_their_answers(patch: pytest.MonkeyPatch) -> None:
    """The answers are stored in a transaction of their own."""
    store = push._Push._store

    def apart(self: Any, *answers: Any) -> None:
        self._connection.commit()
        store(self, *answers)

    patch.setattr(push._Push, "_store", apart)


@plant(
    case=6,
    test="tests/sync/test_delivery.py::test_case_06_of_two_syncs_of_one_profile_one_wins_cleanly",
)
def _no_lock_of_the_profile(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(profile, "locked", lambda *_: contextlib.nullcontext())


@plant(case=7, test="tests/sync/test_hard_cases.py::test_case_07_a_failed_upload_retries_by_itself")
def _failures_end_the_trying(patch: pytest.MonkeyPatch) -> None:
    def outcome_of(error: Exception | None) -> schedule.Outcome:
        return schedule.Outcome.DONE if error is None else schedule.Outcome.TURNED_AWAY

    patch.setattr(schedule, "outcome_of", outcome_of)


@plant(
    case=9,
    test="tests/sync/test_hard_cases.py::test_case_09_a_transaction_left_open_holds_nobody_else_up",
)
def _horizon_of_transactions(patch: pytest.MonkeyPatch) -> None:
    """The feed takes nothing up as long as any transaction that has written is open."""
    sequence = feed.sequence

    def behind_the_horizon(connection: HqConnection, only: Sequence[str] | None = None) -> int:
        row = connection.execute(
            "SELECT pg_snapshot_xmin(s) < pg_snapshot_xmax(s) FROM pg_current_snapshot() s"
        ).fetchone()
        return 0 if row is not None and row[0] else sequence(connection, only)

    patch.setattr(feed, "sequence", behind_the_horizon)


@plant(
    case=10,
    test="tests/sync/test_hard_cases.py::test_case_10_an_edit_made_during_a_round_is_neither_lost_nor_echoed",
)
def _news_over_waiting_edits(patch: pytest.MonkeyPatch) -> None:
    """HQ's row is put in place without the ops that still wait."""
    patch.setattr(applying.Applier, "_with_waiting_ops", lambda _self, _entity, rows, _known: rows)


@plant(
    case=11,
    test="tests/sync/test_hard_cases.py::test_case_11_a_laptop_never_shows_older_after_newer",
)
def _any_revision_is_news(patch: pytest.MonkeyPatch) -> None:
    put = applying.Applier.put

    def forced(self: applying.Applier, name: str, rows: Any, *, force: bool = False) -> int:
        return put(self, name, rows, force=True)

    patch.setattr(applying.Applier, "put", forced)


@plant(
    case=23,
    test="tests/sync/test_hard_cases.py::test_case_23_one_refused_among_five_thousand_holds_nobody_up",
)
def _all_refused_with_one(patch: pytest.MonkeyPatch) -> None:
    """Where PostgreSQL objects, the whole request is refused instead of being halved."""
    judged = push._Push.judged

    def together(self: Any, txns: Any) -> Any:
        try:
            with self._connection.transaction():
                self._write(self._judge(txns))
                raise psycopg.Rollback
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            answers = [self._refused_by_database(txn, error) for txn in txns]
            return {seq: one for found in answers for seq, one in found.items()}
        return judged(self, txns)

    patch.setattr(push._Push, "judged", together)

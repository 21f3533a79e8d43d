"""Bugs planted in delivery and order: cases 1 to 11."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from crmdesk.hq import feed
from crmdesk.hq.store import HqConnection, as_records
from crmdesk.storage.engine import Database
from crmdesk.sync import client, downloading, facts
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
    download, stage = client.download, downloading._stage

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

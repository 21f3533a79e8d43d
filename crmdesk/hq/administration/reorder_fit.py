"""HQ fits the reorder model on everybody's sales and sends it to every laptop.

A laptop has only its own territories' rows; what it needs of the others' (coefficients, the rate,
factor and trend of each SKU) reaches it as one row of ``reorder_model``. Owns when a fit is due,
that of several servers one does it, and the row; when somebody looks is
:mod:`crmdesk.hq.running.upkeep`'s, the fit itself :mod:`crmdesk.analytics.reorder`'s.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from crmdesk.domain.clock import Clock
from crmdesk.hq.access import auth
from crmdesk.hq.database import forecast_facts, history
from crmdesk.hq.database.company_day import company_day
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.exchange import editing
from crmdesk.storage import reorder_models, reorder_wire

DAYS_FACT, PERCENT_FACT = "reorder.refit_days", "reorder.refit_percent"
_LAST = "reorder.fit"
_KEPT_DAYS = 30
_LOCK = 0x63726D64_66697400
"""Ours among PostgreSQL's advisory locks ("crmdfit")."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """A fit that was made: its version, on how many lines, of how many SKUs, how long it took."""

    version: int
    as_of: str
    lines: int
    skus: int
    characters: int
    retired: int
    seconds: float


def is_due(store: Store, clock: Clock) -> bool:
    """Whether enough is new since the last fit: the settings say how much that is."""
    with store.transaction() as connection:
        today = company_day(connection, clock.now())
        lines = history.count_lines(connection)
        last = _last(connection)
        if last is None or not _rows(connection)[0]:
            return lines > 0
        return reorder_models.worth_a_refit(
            lines,
            int(last["counted"]),
            (today - date.fromisoformat(last["as_of"])).days,
            refit_days=_setting(connection, DAYS_FACT, reorder_models.REFIT_DAYS),
            refit_percent=_setting(connection, PERCENT_FACT, reorder_models.REFIT_PERCENT),
        )


def fit(store: Store, clock: Clock, *, only_when_due: bool = False) -> FitReport | None:
    """Fit on all sold lines and put the model in the place of the one before.

    None when another server is at it, when there are no lines, or when it was not due. Takes the
    memory of all lines (28 bytes each, and as much again while they are sorted): for a process of
    its own, not for one that answers requests.
    """
    with store.transaction() as guard:
        row = guard.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
        # Behind the lock, so that who comes second sees what the first has done.
        if row is None or not row[0] or (only_when_due and not is_due(store, clock)):
            return None
        return _fitted(store, clock)


def _fitted(store: Store, clock: Clock) -> FitReport | None:
    from crmdesk.analytics import reorder
    from crmdesk.storage import reorder_facts

    began_s = time.perf_counter()
    with store.transaction(snapshot=True, long=True) as connection:
        today = company_day(connection, clock.now())
        counted = history.count_lines(connection)
        lines = history.read_history(connection)
        with forecast_facts.as_on_a_laptop(connection, lines) as facts:
            told = reorder_facts.circumstances_of(facts, today)
    if len(lines) == 0:
        return None
    days = reorder.purchase_days(lines.sales)
    model = reorder.fit(days, (today - date(1970, 1, 1)).days, told)
    document = reorder_wire.packed(model, dict(enumerate(lines.products)))
    version, retired = _send(store, document, today, clock)
    report = FitReport(
        version, today.isoformat(), len(lines), len(model.skus.sku), len(document["skus"]), retired,
        round(time.perf_counter() - began_s, 3),
    )  # fmt: skip
    with store.transaction() as connection:
        detail = msgspec.json.encode(asdict(report)).decode()
        connection.execute(
            "INSERT INTO hq_state (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
            (_LAST, msgspec.json.encode({**asdict(report), "counted": counted}).decode()),
        )
        auth.audit(connection, "reorder-fit", detail=detail)
    return report


def _send(store: Store, document: dict[str, Any], today: date, clock: Clock) -> tuple[int, int]:
    """Write the row; laptops of an older program keep theirs until it is too old to be of use."""
    now_ms = int(clock.now().timestamp() * 1000)
    with store.transaction() as connection:
        mine, others, newest = _rows(connection)
    values: dict[str, Any] = {
        "as_of": today.isoformat(), "version": newest + 1, "payload": document,
    }  # fmt: skip
    if mine:
        editing.update_rows(store, "reorder_model", mine[:1], values, now_ms)
    else:
        editing.insert_row(store, "reorder_model", values, now_ms)
    too_old = today - timedelta(days=_KEPT_DAYS)
    gone = mine[1:] + [uid for uid, as_of in others if as_of < too_old]
    for uid in gone:
        editing.delete_row(store, "reorder_model", uid, now_ms)
    return newest + 1, len(gone)


def _rows(connection: HqConnection) -> tuple[list[str], list[tuple[str, date]], int]:
    """Rows that this program can read, the others with their days, and the newest version."""
    mine, others, newest = [], [], 0
    rows = connection.execute(
        "SELECT encode(uuid_send(uid),'hex'), as_of, version,"
        " jsonb_build_object('format', payload->'format', 'model',"
        " jsonb_build_object('version', payload->'model'->'version'))"
        " FROM reorder_model WHERE NOT deleted ORDER BY version DESC, uid"
    ).fetchall()
    for uid, as_of, version, head in rows:
        newest = max(newest, int(version))
        if reorder_wire.is_known(head):
            mine.append(str(uid))
        else:
            others.append((str(uid), as_of))
    return mine, others, newest


def _last(connection: HqConnection) -> dict[str, Any] | None:
    row = connection.execute("SELECT value FROM hq_state WHERE key = %s", (_LAST,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=dict[str, Any])


def _setting(connection: HqConnection, fact: str, default: int) -> int:
    row = connection.execute("SELECT value FROM hq_state WHERE key = %s", (fact,)).fetchone()
    return default if row is None else int(row[0])

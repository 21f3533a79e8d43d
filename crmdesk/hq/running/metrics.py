"""What one server process counts, and what it can say of the database, for Prometheus.

Every process has a registry of its own: nothing is shared between processes and nothing survives
one. Figures of the database are read when somebody asks. No label ever holds a person's, a
customer's or a device's name. Who may read them is decided in :mod:`crmdesk.hq.running.app` and
:mod:`crmdesk.hq.running.serving`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psycopg
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crmdesk import __version__
from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.storage.entities import SCHEMA_VERSION

MEDIA = "text/plain; version=1.0.0; charset=utf-8"
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_ANSWERS = {"a": "applied", "m": "merged", "r": "refused"}
# Enough to see that something is wrong; counting further would only add to the load.
_MOST_COUNTED = 100_000

_BACKLOG = f"""
SELECT count(*), coalesce(extract(epoch FROM now() - min(at)), 0)
FROM (SELECT at FROM outbox ORDER BY id LIMIT {_MOST_COUNTED}) o
"""
_DEVICES = """
SELECT status, CASE WHEN last_seen_at IS NULL THEN 'never'
                    WHEN last_seen_at > now() - interval '1 day' THEN 'day'
                    WHEN last_seen_at > now() - interval '7 days' THEN 'week'
                    WHEN last_seen_at > now() - interval '30 days' THEN 'month'
                    ELSE 'longer' END AS seen, count(*)
FROM hq_device GROUP BY 1, 2
"""
_ACTIVITY = """
SELECT count(*), coalesce(extract(epoch FROM max(now() - xact_start)), 0) FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""


class Metrics:
    """The counters of one server process and the registry that shows them."""

    def __init__(self, store: Store) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "crmdesk_requests", "Requests answered.", ("path", "status"), registry=self.registry
        )  # fmt: skip
        self.seconds = Histogram(
            "crmdesk_request_seconds", "Time to the end of the answer.", ("path",),
            buckets=_BOUNDS_S, registry=self.registry,
        )  # fmt: skip
        self.running = Gauge(
            "crmdesk_requests_running", "Requests being answered.", registry=self.registry
        )
        self.received = Counter(
            "crmdesk_received_bytes",
            "Bytes of request bodies, as sent.",
            ("path",),
            registry=self.registry,
        )
        self.sent = Counter(
            "crmdesk_sent_bytes", "Bytes of answers, compressed.", ("path",), registry=self.registry
        )  # fmt: skip
        self.rows = Counter(
            "crmdesk_rows_sent", "Rows sent to devices.", ("path",), registry=self.registry
        )
        self.ops = Counter(
            "crmdesk_ops",
            "Changes judged, by answer and reason.",
            ("answer", "code"),
            registry=self.registry,
        )
        info = Gauge(
            "crmdesk_info", "The version that runs.", ("version", "schema"), registry=self.registry
        )
        info.labels(__version__, str(SCHEMA_VERSION)).set(1)
        self.registry.register(_Pools(store))
        self.registry.register(_Database(store))
        ProcessCollector(registry=self.registry)

    def judged(self, answers: Iterable[tuple[tuple[str, str], int]]) -> None:
        """Count answers to changes: ((status, code), how many)."""
        for (status, code), count in answers:
            self.ops.labels(_ANSWERS.get(status, status), code).inc(count)

    def text(self) -> bytes:
        """Everything in Prometheus' text format; asks the database."""
        return generate_latest(self.registry)


class _Pools(Collector):
    """The connections of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        used = GaugeMetricFamily(
            "crmdesk_connections_used", "Connections in use.", labels=("pool",)
        )
        most = GaugeMetricFamily(
            "crmdesk_connections_most", "Connections it may use.", labels=("pool",)
        )
        for name, in_use, size in self._store.pools():
            used.add_metric([name], in_use)
            most.add_metric([name], size)
        yield used
        yield most


class _Database(Collector):
    """What the database says at this moment; only ``crmdesk_database_up`` when it does not."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """Nothing beforehand: a server may start to be measured while its database is away."""
        return []

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("crmdesk_database_up", "1 when the database answers.")
        try:
            with self._store.transaction(snapshot=True) as connection:
                found = list(_figures(connection))
        except (EnvironmentProblem, psycopg.Error):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found


def _figures(connection: HqConnection) -> Iterator[Metric]:
    rows, age_s = _row(connection, _BACKLOG)
    yield _gauge("crmdesk_outbox_rows", f"Changes not in the feed yet, to {_MOST_COUNTED}.", rows)
    yield _gauge("crmdesk_outbox_age_seconds", "Age of the oldest of them.", age_s)
    devices = GaugeMetricFamily(
        "crmdesk_devices", "Devices by state and last contact.", labels=("status", "seen")
    )
    for status, seen, count in connection.execute(_DEVICES).fetchall():
        devices.add_metric([str(status), str(seen)], count)
    yield devices
    (size,) = _row(connection, "SELECT pg_database_size(current_database())")
    yield _gauge("crmdesk_database_bytes", "Size of the database.", size)
    count, oldest_s = _row(connection, _ACTIVITY)
    yield _gauge("crmdesk_database_transactions", "Transactions open, by anybody.", count)
    yield _gauge("crmdesk_database_oldest_transaction_seconds", "Age of the oldest.", oldest_s)


def _row(connection: HqConnection, query: str) -> tuple[float, ...]:
    row = connection.execute(query.encode()).fetchone()
    return () if row is None else tuple(float(value) for value in row)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, meaning)
    family.add_metric([], value)
    return family

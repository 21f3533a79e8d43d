"""What an administrator sees of a server: health, metrics, and a log without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import psycopg
import pytest

from crmdesk.domain.errors import CrmdeskError, Refused, UserError
from crmdesk.hq.database.store import Store
from crmdesk.hq.running import endpoints, logs, server, serving
from crmdesk.hq.running.app import make_app, open_hq
from crmdesk.hq.running.metrics import Metrics
from crmdesk.hq.running.options import ServeOptions
from crmdesk.sync.protocol import PROTOCOL_VERSION, PushRequest
from crmdesk.sync.transport import HttpTransport
from tests.sync import company
from tests.sync.asked_pages import get, samples
from tests.sync.conftest import Headquarters, Laptop, _serve
from tests.sync.crafted import craft, op
from tests.sync.edits import add_note
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq


# -- health and metrics ---------------------------------------------------------------------


def test_health_says_whether_this_server_can_do_its_work(hq: Headquarters) -> None:
    answer = get(f"{hq.url}/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "protocol": PROTOCOL_VERSION, "schema": 2}

    with hq.store.transaction() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    answer = get(f"{hq.url}/health")
    assert answer.status_code == 503
    assert answer.json()["code"] == "schema"


def test_health_fails_with_the_database(hq: Headquarters) -> None:
    store = Store("postgresql://nobody@127.0.0.1:9/none")
    url, stop = _serve(make_app(endpoints.Hq(store, serving.system_clock(), _no_signing())))
    try:
        assert get(f"{url}/health").status_code == 503
    finally:
        stop()
        store.dispose()


def _no_signing() -> endpoints.Signing:
    """What was read while the database was still there."""
    found = endpoints.Signing.__new__(endpoints.Signing)
    found.secret = "00" * 32
    return found


@pytest.fixture
def measured(hq: Headquarters) -> Iterator[tuple[str, Metrics]]:
    """A server whose metrics are open to a token."""
    store = Store(hq.database_url)
    metrics = Metrics(store)
    app = make_app(open_hq(store, serving.system_clock()), metrics=metrics, metrics_token="t" * 20)
    url, stop = _serve(app)
    yield url, metrics
    stop()
    store.dispose()


def test_metrics_count_what_was_done(
    hq: Headquarters, measured: tuple[str, Metrics], wire: Wire
) -> None:
    url, _metrics = measured
    one, two = hq.join("R1"), hq.join("R2")
    hq.point(url)
    add_note(one, "C0", "R1", "hello")
    one.sync()
    hq.join("O1").sync()
    foreign = company.ACCOUNTS[0].hex()
    craft(hq, two, wire(url), op("U", "account", foreign, foreign, {"channel": [None, "bar"]}))
    get(f"{url}/no/such/page-with-a-secret")

    text = get(f"{url}/metrics", "t" * 20).text
    found = samples(text)

    assert found["crmdesk_ops_total", (("answer", "applied"), ("code", ""))] == 1
    assert found["crmdesk_ops_total", (("answer", "refused"), ("code", "scope"))] == 1
    assert found["crmdesk_requests_total", (("path", "/v1/push"), ("status", "200"))] == 2
    assert found["crmdesk_requests_total", (("path", "other"), ("status", "404"))] == 1
    assert found["crmdesk_request_seconds_count", (("path", "/v1/push"),)] == 2
    assert found["crmdesk_sent_bytes_total", (("path", "/v1/pull"),)] > 0
    assert found["crmdesk_received_bytes_total", (("path", "/v1/push"),)] > 100
    assert found["crmdesk_database_up", ()] == 1
    assert found["crmdesk_database_bytes", ()] > 1_000_000
    assert found["crmdesk_devices", (("seen", "day"), ("status", "active"))] == 3
    assert found["crmdesk_connections_most", (("pool", "requests"),)] == 12
    assert found["crmdesk_connections_used", (("pool", "streams"),)] == 0
    assert "secret" not in text and "t" * 20 not in text
    assert not [name for name in company.NAMES if name in text]


def test_the_backlog_of_the_feed_has_an_age(
    hq: Headquarters, measured: tuple[str, Metrics]
) -> None:
    with hq.store.transaction() as connection:
        connection.execute("DELETE FROM outbox")
        connection.execute(
            "INSERT INTO outbox (scope, entity, uid, at) VALUES ('reference', 'user', %s,"
            " now() - interval '1 hour')",
            (company.R1.hex(),),
        )
    found = samples(measured[1].text().decode())
    assert found["crmdesk_outbox_rows", ()] == 1
    assert 3600 <= found["crmdesk_outbox_age_seconds", ()] < 3700


def test_metrics_are_shown_to_nobody_without_the_token(
    hq: Headquarters, measured: tuple[str, Metrics], tmp_path: Path
) -> None:
    assert get(f"{hq.url}/metrics", "t" * 20).status_code == 401
    for token in ("x", "t" * 19, "é"):
        headers = {b"authorization": f"Bearer {token}".encode()}
        answer = httpx2.get(f"{measured[0]}/metrics", headers=headers)
        assert answer.status_code == 401
        assert "crmdesk_" not in answer.text
    short = tmp_path / "token"
    short.write_text("short\n")
    with pytest.raises(UserError, match="too short"):
        server.metrics_token(ServeOptions(metrics_token_file=short))


def test_metrics_outlive_the_database() -> None:
    store = Store("postgresql://nobody@127.0.0.1:9/none")
    found = samples(Metrics(store).text().decode())
    assert found["crmdesk_database_up", ()] == 0
    assert ("crmdesk_connections_used", (("pool", "requests"),)) in found
    store.dispose()


# -- the log --------------------------------------------------------------------------------


def secrets_of(hq: Headquarters, laptops: list[Laptop]) -> set[str]:
    """Everything that opens a door, as far as anybody still has it."""
    found = {hq.one("SELECT value FROM hq_state WHERE key = 'secret'")}
    found |= {laptop.fact("device.key") for laptop in laptops}
    return found


@pytest.mark.logs_warnings
def test_the_log_of_a_whole_session_holds_no_secret_and_no_customer(
    hq: Headquarters, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enrolment, work, refusals, broken requests, impossible values, and a bug of ours."""
    stream = io.StringIO()
    hidden: set[str] = set(company.NAMES)
    # Ours is not what the test's own client says; uvicorn's is, as it is where a server runs.
    monkeypatch.setattr(logging.getLogger("httpx2"), "level", logging.ERROR)
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
    monkeypatch.setattr(logging.getLogger("uvicorn"), "handlers", [])
    with logs.logging_to(stream):
        code = hq.code("R2")
        one, office = hq.join("R1"), hq.join("O1")
        with pytest.raises(Refused):
            wire(hq.url).post("/v1/enrol", b'{"protocol":%d,"code":"%s","name":"x"}' % (
                PROTOCOL_VERSION, code.replace("-", "").lower()[:-1].encode()))  # fmt: skip
        add_note(one, "C0", "R1", "note-text-never-logged")
        one.sync()
        office.sync()
        talk = session_of(one, wire(hq.url))
        epoch = talk.epoch()
        hidden |= {code, code.replace("-", ""), talk._token}
        uid, account = company.uid(90, 1).hex(), company.ACCOUNTS[0].hex()
        craft(hq, one, wire(hq.url), op("I", "note", uid, account, {"text": [None, 7], "at": [
            None, "impossible-instant"], "date": [None, "customer-words-in-a-date"]}))  # fmt: skip
        _fails(wire(hq.url), "/v1/push", b'{"customer-words": [', talk._token)
        _fails(wire(hq.url), "/v1/push", b'{"protocol":1}', talk._token + "forged")
        _fails(wire(hq.url), "/v1/" + talk._token, b"", talk._token)
        with monkeypatch.context() as patch:
            patch.setattr(endpoints, "push", _bug)
            body = msgspec.json.encode(PushRequest(PROTOCOL_VERSION, epoch, hq.now_ms(), []))
            _fails(wire(hq.url), "/v1/push", body, talk._token)
            patch.setattr(endpoints, "push", _database_bug)
            _fails(wire(hq.url), "/v1/push", body, talk._token)
        hq.join("R2", "second").sync()
    hidden |= secrets_of(hq, hq.laptops)
    hidden |= {"note-text-never-logged", "impossible-instant", "customer-words"}
    text = stream.getvalue()

    assert not [word for word in hidden if word.lower() in text.lower()]
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["logger"] == logs.REQUESTS]
    assert {"at", "request", "device", "path", "status", "ms"} <= requests[0].keys()
    pushes = [r for r in requests if r["path"] == "/v1/push" and r["status"] == 200]
    assert pushes[0]["device"] == "R01" and pushes[0]["ops_a"] == 1
    (bug, database) = [line for line in lines if line["event"] == "unexpected failure"]
    assert bug["error"]["kind"] == "builtins.RuntimeError"
    assert any("test_serving.py" in place for place in bug["error"]["at"])
    assert database["error"]["because"]["sqlstate"] == "22P02"
    assert [r["code"] for r in requests if r["request"] == bug["request"]] == ["bug"]


def _bug(*_arguments: object) -> None:
    raise RuntimeError(f"{company.NAMES[0]} broke it")


def _database_bug(store: Store, *_arguments: object) -> None:
    try:
        with store.transaction() as connection:
            connection.execute("SELECT %s::uuid", ("customer-words",))
    except psycopg.DataError as error:
        raise RuntimeError(company.NAMES[1]) from error


def _fails(transport: HttpTransport, path: str, body: bytes, token: str) -> None:
    with pytest.raises(CrmdeskError):
        transport.post(path, body, token)

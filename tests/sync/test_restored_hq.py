"""HQ restored from a backup under running servers: every process notices, nobody is told."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import msgspec
import pytest
import zstandard

from crmdesk.domain.errors import Refused
from crmdesk.hq.database import schema
from crmdesk.hq.database.store import Store
from crmdesk.hq.exchange import push
from crmdesk.hq.running import endpoints, serving
from crmdesk.hq.running.app import make_app, open_hq
from crmdesk.sync.protocol import PROTOCOL_VERSION, PullRequest, PushRequest, SnapshotRequest
from crmdesk.sync.session import Session
from crmdesk.sync.uploading import waiting_txns
from tests.sync.conftest import Headquarters, Laptop, _serve
from tests.sync.edits import add_note
from tests.sync.wires import Wire

pytestmark = pytest.mark.hq


@pytest.fixture
def second(hq: Headquarters) -> Iterator[str]:
    """Another server over the same database."""
    store = Store(hq.database_url)
    url, stop = _serve(make_app(open_hq(store, serving.system_clock())))
    yield url
    stop()
    store.dispose()


def session(laptop: Laptop, url: str, wire: Wire, hq: Headquarters) -> Session:
    device, key = laptop.fact("device.uid"), laptop.fact("device.key")
    return Session(wire(url), device, key, hq.now_ms)


def push_request(epoch: str, hq: Headquarters) -> PushRequest:
    return PushRequest(PROTOCOL_VERSION, epoch, hq.now_ms(), [])


def test_case_27_every_running_server_notices_a_new_epoch_at_once(
    hq: Headquarters, second: str, wire: Wire
) -> None:
    one = hq.join("R1")
    for url in (hq.url, second):
        talk = session(one, url, wire, hq)
        old = talk.epoch()
        talk.post("/v1/push", push_request(old, hq))
        new = schema.new_epoch(hq.store)

        for path, message in (
            ("/v1/push", push_request(old, hq)),
            ("/v1/pull", PullRequest(PROTOCOL_VERSION, old, "", {})),
        ):
            with pytest.raises(Refused) as caught:
                talk.post(path, message)
            assert caught.value.code == "epoch"
        assert talk.epoch() == new
        with talk.stream("/v1/snapshot", SnapshotRequest(PROTOCOL_VERSION)) as chunks:
            lines = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(chunks))
        assert msgspec.json.decode(lines.split(b"\n")[0])["epoch"] == new


def test_case_27_a_push_that_overlaps_a_restore_is_not_taken(
    hq: Headquarters, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch is read again under the device's lock, after the caller was looked up."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "typed before")
    original = push._retried

    def restored_meanwhile(*args: object) -> object:
        monkeypatch.setattr(push, "_retried", original)
        schema.new_epoch(hq.store)
        return original(*args)  # type: ignore[arg-type]

    talk = session(one, hq.url, wire, hq)
    request = push_request(talk.epoch(), hq)
    monkeypatch.setattr(push, "_retried", restored_meanwhile)
    with one.database.read() as connection:
        (txn,) = waiting_txns(connection)
    with pytest.raises(Refused) as caught:
        talk.post("/v1/push", msgspec.structs.replace(request, txns=[txn]))
    assert caught.value.code == "epoch"
    assert hq.one("SELECT count(*) FROM note") == 0

    assert one.sync().refusals == 0
    assert hq.rows("SELECT text FROM note") == [("typed before",)]
    assert one.fact("hq.epoch") == hq.one("SELECT value FROM hq_state WHERE key = 'epoch'")


def test_servers_sign_alike_after_the_secret_came_from_a_backup(
    hq: Headquarters, second: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first server learns it with the next sign-in; the other from a token that fits not."""
    monkeypatch.setattr(endpoints, "_SECRET_AGAIN_S", 0.0)
    one = hq.join("R1")
    talk = session(one, hq.url, wire, hq)
    epoch = talk.epoch()
    body = msgspec.json.encode(push_request(epoch, hq))
    wire(second).post("/v1/push", body, talk._token)
    with hq.store.transaction() as connection:
        connection.execute(
            "UPDATE hq_state SET value = %s WHERE key = 'secret'", (secrets.token_hex(32),)
        )
    former, _epoch = talk._token, talk.epoch()

    wire(second).post("/v1/push", body, talk._token)

    for url in (hq.url, second):
        with pytest.raises(Refused) as caught:
            wire(url).post("/v1/push", body, former)
        assert caught.value.code == "token"

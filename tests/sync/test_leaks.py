"""Not one byte of what is somebody else's comes back, whatever a device asks for."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import msgspec
import pytest
import zstandard

from crmdesk.domain.ids import new_uid
from crmdesk.hq.access import auth
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.running import serving
from crmdesk.storage.entities import ENTITIES, Kind, Scope
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    BlobGet,
    BlobStateRequest,
    BucketsRequest,
    Op,
    PullRequest,
    PushRequest,
    RowsRequest,
    SnapshotRequest,
    SumsRequest,
    Txn,
)
from tests.sync import company
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.every_row import fill

pytestmark = pytest.mark.hq

SECRET = "zyxomma"
OWN = company.ACCOUNTS[0].hex()


class Spy:
    """R1's device asking for what is not R1's; keeps every byte of the answers."""

    def __init__(self, hq: Headquarters, laptop: Laptop) -> None:
        self._client = httpx2.Client(base_url=hq.url, timeout=20)
        secret = hq.one("SELECT value FROM hq_state WHERE key = 'secret'")
        token = auth.make_token(secret, laptop.fact("device.uid"), serving.system_clock().now())
        self._headers = {"authorization": f"Bearer {token}"}
        self.epoch = laptop.fact("hq.epoch")
        self.heard = b""
        self.statuses: list[int] = []

    def ask(self, path: str, message: msgspec.Struct) -> bytes:
        body = msgspec.json.encode(message)
        answer = self._client.post(path, content=body, headers=self._headers)
        found = answer.content
        if "zstd" in answer.headers.get("content-type", ""):
            found = zstandard.ZstdDecompressor().decompressobj().decompress(found)
        self.heard += found + repr(answer.headers.raw).encode()
        self.statuses.append(answer.status_code)
        return found

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def spy(hq: Headquarters) -> Iterator[Spy]:
    """An HQ where every text of a foreign customer, colleague and the office holds the secret."""
    office = hq.join("O1")
    fill(office)
    assert office.sync().refusals == 0
    one = hq.join("R1")
    for entity in ENTITIES.values():
        if entity.scope in {Scope.CATALOGUE, Scope.REFERENCE}:
            continue
        texts = [f for f in entity.fields if f.kind is Kind.TEXT and f.name not in _MEANT]
        name = table_name(entity)
        where = "true"
        if entity.scope is Scope.USER:
            where = f"user_id <> '{company.R1.hex()}'"
        elif by_account(entity):
            where = f"""account_id NOT IN (SELECT account_id FROM account
                        WHERE territory_id = '{company.T1.hex()}')"""
        with hq.store.transaction() as connection:
            for field in texts:
                connection.execute(
                    f"""UPDATE {name} SET "{field.column}" = '{SECRET} ' || uid::text"""
                    f" WHERE {where}".encode()
                )
    with hq.store.transaction() as connection:
        connection.execute("UPDATE attachment SET sha256 = repeat('ab', 32)")
    found = Spy(hq, one)
    yield found
    found.close()


_MEANT = frozenset({"status", "role", "mode", "kind", "sha256", "class", "credit_mode"})
"""Texts that a program reads."""


def foreign(hq: Headquarters) -> dict[str, list[tuple[str, str | None]]]:
    """(uid, account) of rows that are not R1's, by entity."""
    found: dict[str, list[tuple[str, str | None]]] = {}
    for entity in ENTITIES.values():
        name = table_name(entity)
        if by_account(entity):
            query = (
                "SELECT encode(uuid_send(t.uid),'hex'), encode(uuid_send(t.account_id),'hex')"
                f" FROM {name} t JOIN account a ON a.account_id = t.account_id"
                f" WHERE a.territory_id IS DISTINCT FROM '{company.T1.hex()}'"
            )
        elif entity.scope is Scope.USER:
            query = (
                f"SELECT encode(uuid_send(uid),'hex'), NULL FROM {name}"
                f" WHERE user_id <> '{company.R1.hex()}'"
            )
        elif entity.scope is Scope.OFFICE:
            query = f"SELECT encode(uuid_send(uid),'hex'), NULL FROM {name}"
        else:
            continue
        found[entity.name] = hq.rows(query)
    return found


def attacks(hq: Headquarters, epoch: str) -> Iterator[tuple[str, msgspec.Struct]]:
    """Everything that could be asked, except by an honest laptop."""
    rows = foreign(hq)
    scopes = [str(s) for (s,) in hq.rows("SELECT scope FROM scope_head")]
    cursor = dict.fromkeys(scopes, 0)
    version = PROTOCOL_VERSION
    for own in (False, True):
        yield "/v1/pull", PullRequest(version, epoch, "", cursor, own, 2)
        for scope in scopes:
            yield "/v1/pull", PullRequest(version, epoch, "", {scope: 0}, own, 2)
    yield "/v1/snapshot", SnapshotRequest(version, scopes, schema=2)
    for name, found in rows.items():
        yield "/v1/snapshot", SnapshotRequest(version, scopes, None, [name], 2)
        for uid, _account in found[:2]:
            yield "/v1/snapshot", SnapshotRequest(version, scopes, (name, uid), [], 2)
    yield "/v1/sums", SumsRequest(version, epoch, cursor, dict.fromkeys(scopes, ""), 2)
    for scope in scopes:
        position = hq.one("SELECT position FROM scope_head WHERE scope = %s", scope)
        yield "/v1/buckets", BucketsRequest(version, epoch, scope, position, list(range(256)), 2)
    keys = [(name, uid) for name, found in rows.items() for uid, _account in found]
    yield "/v1/rows", RowsRequest(version, epoch, keys, 2)
    digests = [str(d) for (d,) in hq.rows("SELECT sha256 FROM attachment")]
    yield "/v1/blob/state", BlobStateRequest(version, digests, 2)
    for digest in digests:
        yield "/v1/blob/get", BlobGet(version, digest, 0, 1 << 16)
    yield "/v1/push", PushRequest(version, epoch, hq.now_ms(), list(pushes(rows)), 2)


def pushes(rows: dict[str, list[tuple[str, str | None]]]) -> Iterator[Txn]:
    """Writes onto, over, into and beside foreign rows, each meant to be answered with the row."""
    seq = 0
    for name, found in rows.items():
        entity = ENTITIES[name]
        field = next((f.column for f in entity.fields if f.kind is Kind.TEXT), "user_id")
        for uid, account in found[:2]:
            for kind, fields in (
                ("U", {field: ["another base", "mine"]}),
                ("U", {"account_id": [account, OWN]}),
                ("U", {"user_id": [None, company.R1.hex()]}),
                ("U", {}),
                ("I", {field: [None, "mine"], "account_id": [None, OWN],
                       "user_id": [None, company.R1.hex()]}),
                ("D", None),
                ("L", {"lines": []}),
                ("C", {"command": "x", "args": {}}),
            ):  # fmt: skip
                for claimed in (account, OWN, None):
                    seq += 1
                    raw = msgspec.Raw(msgspec.json.encode(fields))
                    op = Op(seq, name, uid, claimed, kind, raw, 0, 1 << 60, 2)
                    # Beside a write that is allowed, so that the whole step would be shown.
                    seq += 1
                    other = msgspec.Raw(b'{"channel":["another base","x"]}')
                    yield Txn(seq, [op, Op(seq, "account", OWN, OWN, "U", other, 0, 1 << 60, 2)])


def test_case_16_no_request_brings_a_foreign_byte(hq: Headquarters, spy: Spy) -> None:
    before = state(hq)
    assert {name for name, found in foreign(hq).items() if found} >= {
        "account", "contact", "note", "attachment", "home_base", "leave", "lead", "expense",
        "proposal", "saved_view", "dispute", "spend", "handover", "sale", "order",
    }  # fmt: skip

    for path, message in attacks(hq, spy.epoch):
        spy.ask(path, message)

    assert SECRET.encode() not in spy.heard
    for n in (4, 5):
        assert company.NAMES[n].encode() not in spy.heard
        assert msgspec.json.encode(company.NAMES[n])[1:-1] not in spy.heard
    assert 500 not in spy.statuses and 503 not in spy.statuses
    assert state(hq) == before
    found = {action for (action,) in hq.rows("SELECT DISTINCT action FROM audit")}
    assert found >= {"refused-scope", "refused-attachment"}


def state(hq: Headquarters) -> dict[str, object]:
    """A fingerprint of every row that is not R1's to write."""
    found: dict[str, object] = {}
    for entity in ENTITIES.values():
        name = table_name(entity)
        if name == "handover":
            continue
        where = f"WHERE account_id <> '{OWN}'" if by_account(entity) else ""
        query = f"SELECT md5(string_agg(t::text, '|' ORDER BY uid)) FROM {name} t {where}"
        found[name] = hq.one(query)
    return found


def test_the_secret_is_where_it_could_leak(hq: Headquarters, spy: Spy) -> None:
    """The office, asking the same, hears it: the test above can fail."""
    office = Spy(hq, hq.laptops[0])
    office.ask("/v1/snapshot", SnapshotRequest(PROTOCOL_VERSION, [], schema=2))
    office.close()
    assert office.heard.count(SECRET.encode()) > 50
    assert new_uid().hex().encode() not in office.heard

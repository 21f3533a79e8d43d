"""Nothing that can be sent breaks HQ: a short run of the fuzzer; a long one by ``fuzzing.py``."""

from __future__ import annotations

import os
from collections import Counter

import httpx2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.hq.access import auth
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.running import serving
from crmdesk.hq.running.endpoints import ENDPOINTS, Call, answer, open_hq
from crmdesk.storage.entities import ENTITIES, Scope
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note
from tests.sync.fuzzing import MESSAGES, Target, strike

pytestmark = pytest.mark.hq

STRIKES = int(os.environ.get("CRMDESK_FUZZ_STRIKES", "600"))
SEED = int(os.environ.get("CRMDESK_FUZZ_SEED", "20261126"))
SECRET = "zyxomma"


def test_every_kind_of_request_is_fuzzed() -> None:
    assert MESSAGES.keys() == ENDPOINTS.keys()


def not_mine(hq: Headquarters) -> dict[str, object]:
    """A fingerprint of everything that R1 may not write."""
    found: dict[str, object] = {}
    for entity in ENTITIES.values():
        if entity.name in {"proposal", "handover", "device"}:
            continue
        where = "true"
        if by_account(entity):
            where = (
                "t.account_id IN (SELECT account_id FROM account"
                f" WHERE territory_id IS DISTINCT FROM '{company.T1.hex()}')"
            )
        elif entity.scope is Scope.USER:
            where = f"t.user_id <> '{company.R1.hex()}'"
        query = f"SELECT md5(string_agg(t::text, '|' ORDER BY uid)) FROM {table_name(entity)} t"
        found[entity.name] = hq.one(f"{query} WHERE {where}")
    return found


def accepted(hq: Headquarters) -> int:
    """How many ops HQ says it has taken."""
    return int(hq.one("SELECT count(*) FROM op_result WHERE answer::json->>'status' <> 'r'"))


@pytest.mark.logs_warnings
def test_nothing_that_is_sent_breaks_hq_or_moves_what_is_not_the_sender_s(
    hq: Headquarters,
) -> None:
    two = hq.join("R2")
    add_note(two, "C5", "R2", f"{SECRET} of a stranger")
    two.sync()
    one = hq.join("R1")
    secret = hq.one("SELECT value FROM hq_state WHERE key = 'secret'")
    before, changes = not_mine(hq), hq.one("SELECT count(*) FROM change")
    taken = accepted(hq)
    seen: Counter[tuple[str, int]] = Counter()
    with httpx2.Client(base_url=hq.url, timeout=40) as client:
        for number in range(STRIKES):
            if number % 200 == 0:
                # Guesses lock the address out, and a clone's number stops the device: start anew.
                with hq.store.transaction() as connection:
                    connection.execute("DELETE FROM attempt")
                    connection.execute("UPDATE hq_device SET status = 'active'")
                token = auth.make_token(
                    secret, one.fact("device.uid"), serving.system_clock().now()
                )
                words = (SECRET.encode(), company.NAMES[5].encode())
                target = Target(hq.url, token, one.fact("hq.epoch"), words)
            seen[strike(client, target, SEED + number)] += 1

    assert not_mine(hq) == before
    # Whatever has changed stands in the log, and was answered as taken.
    if hq.one("SELECT count(*) FROM change") > changes:
        assert accepted(hq) > taken
    assert {path for path, _status in seen} == set(ENDPOINTS)
    assert any(status == 200 for _path, status in seen)
    if STRIKES > 600:
        for (path, status), count in sorted(seen.items()):
            print(f"{path:18} {status} {count:>7}")  # noqa: T201
    # And HQ is well: a laptop syncs.
    with hq.store.transaction() as connection:
        connection.execute("UPDATE hq_device SET status = 'active'")
    assert two.sync().waiting == 0


@pytest.mark.logs_warnings
@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    path=st.sampled_from(sorted(ENDPOINTS)),
    body=st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inside: st.lists(inside, max_size=4) | st.dictionaries(
                st.sampled_from(["protocol", "schema", "epoch", "txns", "cursor", "scopes", "code",
                                 "device", "key", "after", "keys", "digests", "sha256"]),
                inside, max_size=6,
            ),
            max_leaves=20,
        ).map(msgspec.json.encode),
    ),
    token=st.one_of(st.none(), st.text(max_size=60)),
)  # fmt: skip
def test_any_bytes_get_an_answer(
    hq: Headquarters, path: str, body: bytes, token: str | None
) -> None:
    """Without HTTP, so that Hypothesis can make a failing example small."""
    found = open_hq(hq.store, serving.system_clock())
    if token is None:
        secret = hq.one("SELECT value FROM hq_state WHERE key = 'secret'")
        device = hq.one("SELECT encode(uuid_send(device_id),'hex') FROM hq_device LIMIT 1")
        token = auth.make_token(secret, device, serving.system_clock().now())
    reply = answer(found, path, Call(token, body))
    assert reply.status < 500
    if not isinstance(reply.body, bytes):
        b"".join(reply.body)

"""Whoever guesses has to wait: codes, device keys and passwords, counted per address and person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from argon2 import PasswordHasher

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import Refused, UserError
from crmdesk.hq.access import attempts, passwords
from crmdesk.hq.access.passwords import Passwords
from crmdesk.hq.running import serving
from crmdesk.hq.running.endpoints import Call, answer, open_hq
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    EnrolRequest,
    EnrolResponse,
    Failure,
    TokenRequest,
)
from tests.sync import company
from tests.sync.conftest import Headquarters

pytestmark = pytest.mark.hq

R1 = company.R1.hex()
QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)


class Gate:
    """HQ without HTTP, with a clock that the test moves and hashes that take no time."""

    def __init__(self, hq: Headquarters, hasher: PasswordHasher = QUICK) -> None:
        self.now = datetime.now(UTC)
        clock = ZoneClock(lambda: self.now, serving.system_clock().zone)
        self._hq = replace(open_hq(hq.store, clock), passwords=Passwords(hasher))

    def enrol(self, code: str, password: str = "", address: str = "192.0.2.1") -> str:
        """ "" for success, else the failure's code."""
        request = EnrolRequest(PROTOCOL_VERSION, code, "laptop", password=password)
        return self._ask("/v1/enrol", request, address)

    def token(self, device: str, key: str, address: str = "192.0.2.1") -> str:
        return self._ask("/v1/token", TokenRequest(PROTOCOL_VERSION, device, key), address)

    def _ask(self, path: str, message: msgspec.Struct, address: str) -> str:
        reply = answer(self._hq, path, Call("", msgspec.json.encode(message), address))
        assert isinstance(reply.body, bytes)
        if reply.status == 200:
            self.body = reply.body
            return ""
        return msgspec.json.decode(reply.body, type=Failure).code

    def later(self, **time_passed: float) -> None:
        self.now += timedelta(**time_passed)


@pytest.fixture
def gate(hq: Headquarters) -> Gate:
    return Gate(hq)


def set_password(hq: Headquarters, password: str, hasher: PasswordHasher = QUICK) -> None:
    with hq.store.transaction() as connection:
        passwords.set_password(connection, R1, password, Passwords(hasher))


def test_whoever_guesses_codes_waits_longer_and_longer(hq: Headquarters, gate: Gate) -> None:
    good = hq.code("R1")
    for _guess in range(attempts.FREE_OF_ADDRESS):
        assert gate.enrol("AAAA-AAAA-AAAA") == "code"
    # Even the right one is not looked at now, so guessing on tells nothing.
    assert gate.enrol(good) == "too-many"
    gate.later(seconds=2)
    assert gate.enrol("AAAA-AAAA-AAAA") == "code"
    gate.later(seconds=1.5)
    assert gate.enrol(good) == "too-many"
    assert gate.enrol(good, address="192.0.2.7") == ""
    assert hq.rows("SELECT detail FROM audit WHERE action = 'locked-out'") == [
        ({"key": "enrol/address/192.0.2.1"},)
    ]


def test_a_success_forgets_nobody_else_s_guesses_and_a_day_forgets_all(
    hq: Headquarters, gate: Gate
) -> None:
    for _guess in range(30):
        gate.enrol("AAAA-AAAA-AAAA")
    gate.later(days=1, seconds=1)
    assert gate.enrol("AAAA-AAAA-AAAA") == "code"
    assert hq.rows("SELECT failures FROM attempt") == [(1,)]
    assert gate.enrol(hq.code("R1")) == ""


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    free = attempts.FREE
    waits = [attempts.delay(n, free).total_seconds() for n in range(free - 1, free + 14)]
    assert waits == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *[900] * 4]


def test_an_ipv6_network_is_one_address() -> None:
    near, far = "2001:db8:1:2::1", "2001:db8:1:3::1"
    assert attempts.from_address("enrol", near) == attempts.from_address("enrol", near + "2")
    assert attempts.from_address("enrol", near) != attempts.from_address("enrol", far)
    assert attempts.from_address("enrol", "") == []


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_wrong_key_and_an_unknown_device_are_told_the_same(
    hq: Headquarters, gate: Gate, known: bool
) -> None:
    one = hq.join("R1")
    device = one.fact("device.uid") if known else "ab" * 16
    found = [gate.token(device, "wrong") for _guess in range(attempts.FREE + 1)]
    assert found == ["device"] * attempts.FREE + ["too-many"]
    # Its owner, elsewhere, is not locked out by somebody who knows the device's number.
    assert gate.token(one.fact("device.uid"), one.fact("device.key"), "198.51.100.9") == ""
    assert gate.token("not a device", "wrong", "203.0.113.5") == "device"


def test_a_user_with_a_password_has_to_give_it_and_the_code_stays_good(
    hq: Headquarters, gate: Gate
) -> None:
    set_password(hq, "correct horse")
    code = hq.code("R1")

    assert gate.enrol(code) == "password"
    assert gate.enrol(code, "wrong horse") == "password"
    assert gate.enrol(code, "correct horse") == ""

    assert msgspec.json.decode(gate.body, type=EnrolResponse).user == R1
    assert gate.enrol(code, "correct horse") == "code"
    assert "correct horse" not in hq.one("SELECT password_hash FROM credential")
    assert "horse" not in repr(hq.rows("SELECT action, detail::text FROM audit"))
    assert hq.one("SELECT count(*) FROM audit WHERE action = 'wrong-password'") == 1


def test_wrong_passwords_lock_the_user_and_the_right_one_is_not_told_apart(
    hq: Headquarters, gate: Gate
) -> None:
    set_password(hq, "correct horse")
    code = hq.code("R1")
    for guess in range(attempts.FREE):
        assert gate.enrol(code, "wrong", f"192.0.2.{guess}") == "password"
    assert gate.enrol(code, "correct horse") == "password"
    gate.later(seconds=2)
    assert gate.enrol(code, "correct horse") == ""
    assert hq.rows("SELECT key FROM attempt") == []


def test_a_hash_of_other_terms_is_made_again(hq: Headquarters) -> None:
    older = PasswordHasher(time_cost=2, memory_cost=512, parallelism=1)
    set_password(hq, "correct horse", older)
    before = hq.one("SELECT password_hash FROM credential")

    assert Gate(hq).enrol(hq.code("R1"), "correct horse") == ""

    after = hq.one("SELECT password_hash FROM credential")
    assert QUICK.check_needs_rehash(before) and not QUICK.check_needs_rehash(after)


def test_only_a_few_hashes_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_S", 0.05)
    found = Passwords(QUICK, at_once=1)
    with found._turn(), pytest.raises(Refused, match="too busy") as caught:
        found.verify(None, "x")
    assert caught.value.code == "too-many"
    assert not found.verify(None, "x")


@pytest.mark.parametrize("bad", ["short", "x" * 1000])
def test_a_password_has_a_fitting_length(bad: str) -> None:
    with pytest.raises(UserError):
        Passwords(QUICK).hash(bad)


def test_the_word_of_a_proxy_is_taken_only_from_one_of_ours(hq: Headquarters) -> None:
    """``serve`` without --proxy: whoever claims to come from elsewhere is counted where it is."""
    import httpx2

    body = msgspec.json.encode(EnrolRequest(PROTOCOL_VERSION, "AAAA-AAAA-AAAA", "x"))
    with httpx2.Client(base_url=hq.url) as client:
        for number in range(3):
            claimed = {"x-forwarded-for": f"203.0.113.{number}"}
            assert client.post("/v1/enrol", content=body, headers=claimed).status_code == 403
    assert hq.rows("SELECT key, failures FROM attempt") == [("enrol/address/127.0.0.1", 3)]


def test_a_proxy_that_is_named_is_believed(hq: Headquarters, tmp_path: object) -> None:
    import httpx2

    from crmdesk.hq.running.app import make_app
    from tests.sync.conftest import _serve

    url, stop = _serve(
        make_app(open_hq(hq.store, serving.system_clock())),
        proxy_headers=True, forwarded_allow_ips=["127.0.0.1"],
    )  # fmt: skip
    try:
        body = msgspec.json.encode(EnrolRequest(PROTOCOL_VERSION, "AAAA-AAAA-AAAA", "x"))
        with httpx2.Client(base_url=url) as client:
            client.post("/v1/enrol", content=body, headers={"x-forwarded-for": "203.0.113.8"})
    finally:
        stop()
    assert hq.rows("SELECT key FROM attempt") == [("enrol/address/203.0.113.8",)]

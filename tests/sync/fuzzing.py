"""A fuzzer of the protocol: well-formed, almost well-formed and nonsensical requests to every path.

Messages are made from the protocol's own types, so a new kind of request is fuzzed by itself. The
rules that must hold whatever is sent stand in :func:`strike`. A short run is a test
(``test_fuzzing.py``); a long one:

    python -m tests.sync.fuzzing --strikes 20000 [--seed N]
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import subprocess
import sys
import time
from typing import Any, get_args, get_origin, get_type_hints

import httpx2
import msgspec
import zstandard

from crmdesk.domain.ids import new_uid
from crmdesk.hq.running.endpoints import ENDPOINTS
from crmdesk.storage.entities import ENTITIES, Kind
from crmdesk.sync import protocol
from crmdesk.sync.protocol import Failure
from tests.sync import company

MESSAGES: dict[str, type[msgspec.Struct]] = {
    "/v1/enrol": protocol.EnrolRequest, "/v1/token": protocol.TokenRequest,
    "/v1/push": protocol.PushRequest, "/v1/pull": protocol.PullRequest,
    "/v1/snapshot": protocol.SnapshotRequest, "/v1/sums": protocol.SumsRequest,
    "/v1/buckets": protocol.BucketsRequest, "/v1/rows": protocol.RowsRequest,
    "/v1/history": protocol.HistoryRequest,
    "/v1/blob/state": protocol.BlobStateRequest, "/v1/blob/put": protocol.BlobPut,
    "/v1/blob/finish": protocol.BlobFinish, "/v1/blob/get": protocol.BlobGet,
}  # fmt: skip
SLOWEST_S = 30.0
_NASTY = (
    "", "\x00", "é", "ї" * 40, "a" * 65, "' OR 1=1 --", "../../etc/passwd", "%s", "{}", "\ud7ff",
    "NaN", "null", "0" * 32, "f" * 32, "F" * 32, "t/none", "office", "u/", "account*", "\n",
)  # fmt: skip
_NUMBERS = (0, 1, -1, 2, 255, 1 << 31, 1 << 53, (1 << 63) - 1, 1 << 63, -(1 << 63), 10**30)
_OPS = ("I", "U", "D", "L", "C", "X", "")


class Broken(AssertionError):
    """HQ did what it must never do; the message tells what was sent."""


@dataclasses.dataclass
class Target:
    """Where to strike: an address, a good token, the epoch, words that must never come back."""

    url: str
    token: str
    epoch: str
    secrets: tuple[bytes, ...] = ()


class Maker:
    """Makes requests from a seed; the same seed makes the same ones."""

    def __init__(self, seed: int, epoch: str) -> None:
        self._random = random.Random(seed)
        self._epoch = epoch
        self._uids = [
            uid.hex() for uid in (*company.ACCOUNTS, *company.CONTACTS, company.R1, company.R2,
                                  company.T1, company.T2, *company.PRODUCTS)
        ]  # fmt: skip
        self._seq = seed % (1 << 40) + 1

    def request(self) -> tuple[str, bytes, dict[str, str]]:
        """A path, a body and headers."""
        dice = self._random
        path = dice.choice(list(ENDPOINTS))
        headers = {"content-type": "application/json"}
        message = self._message(MESSAGES[path])
        body = msgspec.json.encode(message)
        if path == "/v1/blob/put":
            body += b"\n" + dice.randbytes(dice.choice((0, 1, 100, 5000)))
        roll = dice.random()
        if roll < 0.15:
            body = self._mutilated(body)
        elif roll < 0.2:
            body = dice.randbytes(dice.randrange(200))
        if dice.random() < 0.3:
            body = zstandard.ZstdCompressor().compress(body)
            if dice.random() < 0.2:
                body = self._mutilated(body)
            headers["content-encoding"] = "zstd"
        if dice.random() < 0.05:
            headers["content-encoding"] = dice.choice(("gzip", "br", "zstd, zstd", "x" * 100, ""))
        return path, body, headers

    def _mutilated(self, body: bytes) -> bytes:
        dice, found = self._random, bytearray(body)
        for _time in range(dice.randrange(1, 6)):
            at = dice.randrange(len(found) + 1)
            what = dice.random()
            if what < 0.4 and found:
                found[at % len(found)] = dice.randrange(256)
            elif what < 0.7:
                found[at:at] = dice.choice(
                    (b"[", b"{", b'"', b"\x00", b"\xff", b"1e999", b"-", b",")
                )
            else:
                del found[at : at + dice.randrange(1, 20)]
        return bytes(found)

    def _message(self, kind: type[msgspec.Struct]) -> Any:
        dice = self._random
        if kind is protocol.Op:
            return self._op()
        hints = get_type_hints(kind)
        found: Any = {name: self._value(name, hints[name]) for name in kind.__struct_fields__}
        if dice.random() < 0.9:
            found["protocol"] = 1
        if "schema" in found and dice.random() < 0.8:
            found["schema"] = dice.choice((1, 2, 3))
        if "epoch" in found and dice.random() < 0.9:
            found["epoch"] = self._epoch
        if dice.random() < 0.05:
            found.pop(dice.choice(list(found)))
        if dice.random() < 0.05:
            found["more"] = [None, {"a": dice.choice(_NASTY)}]
        if kind.__struct_config__.array_like:
            return list(found.values())
        return found

    def _value(self, name: str, kind: Any) -> Any:
        dice = self._random
        if dice.random() < 0.03:
            return dice.choice((None, True, 1.5, "x", [], {}, [[]], -1))
        origin, inside = get_origin(kind), get_args(kind)
        if origin is list:
            return [self._value(name, inside[0]) for _n in range(dice.choice((0, 1, 1, 2, 5)))]
        if origin is tuple:
            return [self._value(name, one) for one in inside]
        if origin is dict:
            count = dice.choice((0, 1, 3))
            return {self._text(name): self._value(name, inside[1]) for _n in range(count)}
        if inside:
            return self._value(name, dice.choice(inside))
        if kind is type(None):
            return None
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._message(kind)
        if kind is bool:
            return dice.random() < 0.5
        if kind is int:
            return dice.choice((*_NUMBERS, dice.randrange(1000)))
        return self._text(name)

    def _text(self, name: str) -> str:
        dice = self._random
        if name in {"scopes", "cursor", "scope", "totals"} and dice.random() < 0.7:
            places = (f"t/{company.T1.hex()}", f"t/{company.T2.hex()}", f"u/{company.R2.hex()}",
                      "office", "catalogue", "reference", "t/none")  # fmt: skip
            return dice.choice(places)
        if name in {"entities", "entity", "keys", "after"} and dice.random() < 0.5:
            return dice.choice(list(ENTITIES))
        return dice.choice((*_NASTY, *self._uids, new_uid().hex(), "ab" * 32))

    def _op(self) -> list[Any]:
        dice = self._random
        self._seq += 1
        entity = dice.choice(list(ENTITIES.values()))
        return [
            self._seq if dice.random() < 0.95 else dice.choice(_NUMBERS),
            entity.name if dice.random() < 0.95 else dice.choice(_NASTY),
            dice.choice((*self._uids, new_uid().hex(), new_uid().hex(), dice.choice(_NASTY))),
            dice.choice((*self._uids, None, dice.choice(_NASTY))),
            dice.choice(_OPS), self._fields(entity), dice.choice((0, 1, 2, *_NUMBERS)),
            dice.choice((1 << 50, 1 << 60, *_NUMBERS)), dice.choice((1, 2, 3)),
        ]  # fmt: skip

    def _fields(self, entity: Any) -> Any:
        dice = self._random
        if dice.random() < 0.1:
            return dice.choice(
                (None, [], {}, "x", 1, {"lines": [{}]}, {"lines": "x"}, {"command": 1})
            )
        if dice.random() < 0.15:
            columns = [f.column for f in (entity.lines.fields if entity.lines else entity.fields)]
            return {"lines": [{dice.choice(columns): self._cell(Kind.TEXT)} for _n in range(2)]}
        return {
            field.column: [self._cell(field.kind), self._cell(field.kind)]
            for field in entity.fields
            if dice.random() < 0.6
        }

    def _cell(self, kind: Kind) -> Any:
        dice = self._random
        if dice.random() < 0.1:
            return dice.choice((None, [], {}, [[[[]]]], *_NASTY, *_NUMBERS, 1.5, True))
        if kind in {Kind.REF, Kind.UID}:
            return dice.choice((*self._uids, new_uid().hex()))
        if kind is Kind.TEXT:
            return dice.choice((*_NASTY, "plain", "x" * 3000))
        if kind is Kind.DATE:
            return dice.choice(
                ("2026-01-01", "2026-02-30", "infinity", "10000-01-01", "0000-00-00")
            )
        if kind is Kind.INSTANT:
            return dice.choice(("2026-01-01T00:00:00.000Z", "-infinity", "now", "2026"))
        if kind is Kind.JSON:
            return dice.choice(({"a": [1]}, [], "x", {"\x00": 1}, {"a": 1e308}))
        return dice.choice((*_NUMBERS, 1.5))


def strike(client: httpx2.Client, target: Target, seed: int) -> tuple[str, int]:
    """One request; the path and the status. Broken when a rule does not hold.

    Never a 5xx, never silence, never a stranger's word, always a failure that can be read.
    """
    path, body, headers = Maker(seed, target.epoch).request()
    dice = random.Random(seed)
    token = target.token
    if dice.random() < 0.1:
        token = dice.choice(("-", "x", token[:-3] + "AAA", "é".encode().hex(), token * 3))
    headers["authorization"] = f"Bearer {token}"
    started = time.monotonic()
    try:
        answer = client.post(path, content=body, headers=headers)
    except httpx2.TransportError as error:
        raise Broken(f"seed {seed}: {path} answered nothing: {error!r}") from error
    if time.monotonic() - started > SLOWEST_S:
        raise Broken(f"seed {seed}: {path} took too long")
    found = answer.content
    if "zstd" in answer.headers.get("content-type", ""):
        found = zstandard.ZstdDecompressor().decompressobj().decompress(found)
    if answer.status_code >= 500:
        raise Broken(f"seed {seed}: {path} {answer.status_code} {found[:300]!r} to {body[:300]!r}")
    if any(secret in found for secret in target.secrets):
        raise Broken(f"seed {seed}: {path} told a secret")
    if answer.status_code >= 400:
        try:
            msgspec.json.decode(found, type=Failure)
        except msgspec.DecodeError as error:
            raise Broken(f"seed {seed}: {path} failed without a word: {found[:200]!r}") from error
    return path, answer.status_code


def main() -> int:
    """A long run against an HQ of its own; prints counts and the seed of what broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.sync.fuzzing")
    parser.add_argument("--strikes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    sys.stdout.write(f"{chosen.strikes} strikes from seed {chosen.seed}\n")
    sys.stdout.flush()
    more = {"CRMDESK_FUZZ_STRIKES": str(chosen.strikes), "CRMDESK_FUZZ_SEED": str(chosen.seed)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/sync/test_fuzzing.py", "-q", "-s",
         "--timeout=36000", "-p", "no:cacheprovider", "--show-capture=no"],
        env={**os.environ, **more}, check=False,
    ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

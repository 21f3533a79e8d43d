"""The messages between a laptop and HQ, and how they are written; no I/O.

Requests are JSON, zstd-compressed above a kilobyte; each names the protocol and the schema of its
sender (a laptop of schema 1 did not say so yet). Rows come as NDJSON in a zstd stream: an
object opens the stream and every section, an array is a row ``[uid, rev, field…, lines?]`` in the
columns that its section names, so that each side may know more fields than the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

PROTOCOL_VERSION = 1
OLDEST_PROTOCOL = 1
COMPRESS_ABOVE = 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_PUSH_OPS = 5_000
MAX_ROWS_ASKED = 1_000
MAX_SCOPES_ASKED = 20_000
LATER = "l"
MEDIA_ROWS = "application/x-ndjson+zstd"
MEDIA_PACKED = "application/json+zstd"
MEDIA_BYTES = "application/octet-stream"
MIN_PIECE_BYTES, MAX_PIECE_BYTES = 64 * 1024, 1024 * 1024
"""How much of an attachment goes in one request; only the last piece may be smaller."""
MAX_GET_BYTES = 16 * 1024 * 1024
MAX_DIGESTS = 500
MAX_ACCOUNTS_ASKED = 400
"""Of how many customers the history of changes is asked for at once."""

Wire = Any
"""A value as JSON has it: text, number, boolean, list, object or null."""


class Op(msgspec.Struct, array_like=True, frozen=True):
    """One entry of the journal. ``op``: I, U, D, L or C; ``fields`` is the journal's own text."""

    seq: int
    entity: str
    uid: str
    account: str | None
    op: str
    fields: msgspec.Raw
    base_rev: int
    hlc: int
    schema: int


class Txn(msgspec.Struct, array_like=True, frozen=True):
    """The ops of one local transaction: wholly taken or wholly refused."""

    number: int
    ops: list[Op]


class PushRequest(msgspec.Struct, frozen=True):
    """``clock`` is the laptop's time in milliseconds, from which HQ learns its offset.

    ``again``: HQ was restored, ops up to this one had been answered before (0: nothing of that).
    """

    protocol: int
    epoch: str
    clock: int
    txns: list[Txn]
    schema: int = 1
    again: int = 0


class Collision(msgspec.Struct, frozen=True, omit_defaults=True):
    """Two values met in one field; ``kept`` is mine or theirs, seen from the laptop.

    ``kind``: field, proposal (HQ owns the field; the office will see mine), price (the order is
    taken as it was made, HQ's price is another one) or delete. ``by`` and ``at`` tell who wrote
    theirs (person and computer) and when, where HQ knows.
    """

    field: str
    base: Wire
    mine: Wire
    theirs: Wire
    kept: str
    kind: str = "field"
    by: str = ""
    at: str = ""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """HQ's word on one op: ``a`` applied, ``m`` merged, ``r`` refused (code and sentence).

    ``l``: later, something it builds on is not at HQ yet; nothing is stored.
    ``row`` is HQ's row as an array after a merge or refusal, None when HQ has none.
    """

    seq: int
    status: str
    rev: int = 0
    code: str = ""
    sentence: str = ""
    collisions: list[Collision] = []
    row: list[Wire] | None = None


class PushResponse(msgspec.Struct, frozen=True):
    """One answer per op, in order; ``time`` is HQ's in milliseconds.

    Where HQ ran out of time the last ones are missing: those ops are sent again.
    """

    answers: list[Answer]
    epoch: str
    time: int


class PullRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """``hash`` alone asks whether there is news; ``cursor`` asks for it.

    ``own`` asks for what this device wrote itself as well: it was restored from a backup.
    """

    protocol: int
    epoch: str
    hash: str = ""
    cursor: dict[str, int] | None = None
    own: bool = False
    schema: int = 1


class PullHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """Opens an answer to a pull: the cursor after this page, and whether more waits.

    ``gained`` are scopes the device has now but did not name (to be fetched by snapshot);
    ``lost`` are scopes it named but may no longer have.
    """

    epoch: str
    time: int
    cursor: dict[str, int]
    more: bool = False
    gained: list[str] = []
    lost: list[str] = []


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """Opens the rows of one entity."""

    entity: str
    columns: list[str]
    lines: list[str] = []


class Gone(msgspec.Struct, frozen=True, omit_defaults=True):
    """Closes a page: rows deleted at HQ, and accounts that left a scope with all they hold."""

    deleted: list[tuple[str, str, int]] = []
    left: list[str] = []


class SnapshotRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """All the device's scopes, or only those named; ``after`` is (entity, uid) of the last row.

    ``entities`` limits it to some kinds: those that an upgrade of the program has brought.
    """

    protocol: int
    scopes: list[str] = []
    after: tuple[str, str] | None = None
    entities: list[str] = []
    schema: int = 1


class SnapshotHead(msgspec.Struct, frozen=True):
    """Opens a snapshot: heads as they were inside it, and what the device is."""

    epoch: str
    time: int
    heads: dict[str, int]


class SnapshotEnd(msgspec.Struct, frozen=True):
    """Closes a snapshot: how many rows it held. Without it the stream was cut."""

    rows: int


class HistoryRequest(msgspec.Struct, frozen=True):
    """Who changed what in these accounts (hex), and when?"""

    protocol: int
    accounts: list[str]
    schema: int = 1


class ToldChange(msgspec.Struct, array_like=True, frozen=True):
    """One change of HQ's log. ``fields`` is {column: [old, new]}; empty for I and D but a name.

    ``own`` is the number of the op where the asking device wrote it, else 0; ``hlc`` is 0 where
    HQ itself changed something. ``user`` is hex or empty, ``at`` HQ's instant.
    """

    account: str
    number: int
    entity: str
    uid: str
    op: str
    fields: dict[str, Wire]
    user: str
    own: int
    hlc: int
    at: str


class HistoryAnswer(msgspec.Struct, frozen=True):
    """The changes of the accounts asked for that the device may know, oldest first."""

    changes: list[ToldChange]


class SumsRequest(msgspec.Struct, frozen=True):
    """Are these scopes, at these positions, the same here and there? ``totals``: fingerprints."""

    protocol: int
    epoch: str
    cursor: dict[str, int]
    totals: dict[str, str]
    schema: int = 1


class SumsAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """HQ's packed sums of the scopes that differ; ``moved`` could not be compared just now."""

    buckets: dict[str, bytes] = {}
    moved: list[str] = []


class BucketsRequest(msgspec.Struct, frozen=True):
    """What lies in some buckets of a scope at a position."""

    protocol: int
    epoch: str
    scope: str
    position: int
    buckets: list[int]
    schema: int = 1


class BucketsAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Uid, revision and digest of every row, by entity; none when the scope has ``moved``."""

    rows: dict[str, list[tuple[str, int, int]]] = {}
    moved: bool = False


class RowsRequest(msgspec.Struct, frozen=True):
    """Rows by entity and uid; the answer has those of them that the caller may have."""

    protocol: int
    epoch: str
    keys: list[tuple[str, str]]
    schema: int = 1


class Fate(msgspec.Struct, frozen=True, omit_defaults=True):
    """Closes an answer to a RowsRequest: rows deleted or not the caller's, rows never heard of."""

    gone: list[tuple[str, str]] = []
    unknown: list[tuple[str, str]] = []
    fate: bool = True


class EnrolRequest(msgspec.Struct, frozen=True):
    """The one-time code, what the person calls this machine, and the user's password if any."""

    protocol: int
    code: str
    name: str
    schema: int = 1
    password: str = ""


class EnrolResponse(msgspec.Struct, frozen=True):
    """What a laptop is from now on; ``key`` is shown once and kept in its encrypted database."""

    device: str
    key: str
    prefix: str
    user: str
    user_name: str
    role: str
    organisation: str
    epoch: str


class TokenRequest(msgspec.Struct, frozen=True):
    """The device's key for a short-lived token.

    ``waiting`` is how many changes have not been sent yet; ``leaving`` is said by a device that is
    being retired and has nothing left.
    """

    protocol: int
    device: str
    key: str
    schema: int = 1
    waiting: int | None = None
    leaving: bool = False


class TokenResponse(msgspec.Struct, frozen=True):
    """An access token and the seconds it lives; ``time`` is HQ's in milliseconds.

    ``schema`` is HQ's, ``lease_days`` for how long the device may work without coming back (0: for
    ever), ``status`` active or retiring, ``pins`` the keys HQ may show from now on.
    """

    token: str
    expires_s: int
    time: int
    epoch: str
    schema: int = 1
    lease_days: int = 0
    status: str = "active"
    pins: list[str] = []


class BlobStateRequest(msgspec.Struct, frozen=True):
    """Asks what HQ has of the bytes of some attachments, by SHA-256 (hexadecimal)."""

    protocol: int
    digests: list[str]
    schema: int = 1


class BlobState(msgspec.Struct, array_like=True, frozen=True):
    """What HQ has of one digest. ``known``: an attachment of the caller's scopes names it."""

    sha256: str
    known: bool
    received: int = 0
    complete: bool = False


class BlobStates(msgspec.Struct, frozen=True):
    """One state per digest asked for, in order."""

    states: list[BlobState]


class BlobPut(msgspec.Struct, frozen=True):
    """The first line of a request that carries a piece; its bytes follow the line as they are."""

    protocol: int
    sha256: str
    size: int
    offset: int
    schema: int = 1


class BlobReceived(msgspec.Struct, frozen=True):
    """Up to which byte HQ has the file: there the sender goes on."""

    received: int


class BlobFinish(msgspec.Struct, frozen=True):
    """Says that all pieces were sent: HQ compares them with the digest."""

    protocol: int
    sha256: str
    schema: int = 1


class BlobGet(msgspec.Struct, frozen=True):
    """Asks for bytes from ``offset``, ``most`` of them; the answer is the bare bytes."""

    protocol: int
    sha256: str
    offset: int
    most: int
    schema: int = 1


class Failure(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    code: str
    sentence: str
    hint: str = ""


def op_hash(op: Op) -> bytes:
    """The fingerprint of an op: the same op sent again has the same one."""
    return hashlib.blake2b(msgspec.json.encode(op), digest_size=16).digest()


def cursor_hash(epoch: str, cursor: Mapping[str, int]) -> str:
    """A short fingerprint of a cursor, whatever the number of its scopes."""
    text = epoch + "".join(f";{scope}:{cursor[scope]}" for scope in sorted(cursor))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

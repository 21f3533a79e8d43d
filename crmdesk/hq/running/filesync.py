"""HQ's side of sync by file: a laptop's file is taken like its requests, the answer is written.

Every request of the file goes through the same endpoints as one from the network, as the device
the file is of, so that nothing is allowed here that is not allowed there. The same file taken
twice is answered alike. How the files look is :mod:`crmdesk.sync.bundle`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard

from crmdesk.domain.clock import format_instant, parse_instant
from crmdesk.domain.errors import CorruptFile, EnvironmentProblem, Refused, UserError
from crmdesk.hq.access import auth
from crmdesk.hq.database import schema
from crmdesk.hq.running.endpoints import Call, Hq, Reply, answer
from crmdesk.i18n import _, format_bytes
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.storage.sealed import SealedFile
from crmdesk.sync import bundle
from crmdesk.sync.filesync import PUSH, pull_label, snapshot_label
from crmdesk.sync.protocol import (
    MAX_BODY_BYTES,
    MEDIA_PACKED,
    Answer,
    Failure,
    PullHead,
    PullRequest,
    PushRequest,
    PushResponse,
    SnapshotHead,
    SnapshotRequest,
    Txn,
    cursor_hash,
)
from crmdesk.sync.reading import lines

MOST_BYTES = 48 * 1024 * 1024
"""How much of HQ's news goes into one answer where nobody says otherwise."""

_MOST_PARTS = 1_000
_MOST_SCOPES = 20_000
# The laptop itself has to hear these.
_FOR_THE_LAPTOP = frozenset({"epoch", "outdated", "retiring"})


@dataclass(frozen=True, slots=True)
class Answered:
    """What a file brought and what its answer holds: ``more`` waits for another file."""

    device: str
    user: str
    changes: int
    refused: int
    pages: int
    size: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Question:
    """What a laptop's file says of itself, checked."""

    protocol: int
    schema: int
    epoch: str
    offset_ms: int
    cursor: dict[str, int]
    own: bool
    last: str
    waiting: str
    at: str
    again: int


@dataclass(slots=True)
class _Answering:
    hq: Hq
    device: str
    asked: _Question
    out: SealedFile
    most: int
    size: int = 0
    parts: int = 0
    changes: int = 0
    refused: int = 0
    pages: int = 0
    more: bool = False
    facts: dict[str, str] = field(default_factory=dict)


def answer_file(hq: Hq, file: Path, out: Path, *, most_bytes: int = MOST_BYTES) -> Answered:
    """Take a laptop's file and write HQ's answer to ``out``.

    Raises CorruptFile, NewerFile, NotFound and UserError for what is no such file or does not fit,
    Refused for a device that may not sync, DiskFull. What was taken of the file stays taken; the
    same file may be taken again.
    """
    keys: dict[str, bytes] = {}

    def key_of(device: str) -> bytes:
        keys[device] = _key_of(hq, device)
        return keys[device]

    with bundle.opened(file, bundle.UP, key_of) as found:
        ((device, hashed),) = keys.items()
        asked = _question(found, file)
        with bundle.written(out, device, bundle.DOWN, hashed, {}) as written:
            work = _Answering(hq, device, asked, written, most_bytes)
            _say(work)
            if _push(work, found):
                _pull(work)
            work.facts["more"] = "1" if work.more else ""
            written.say(work.facts)
    return _noted(work, out.stat().st_size)


def _key_of(hq: Hq, device: str) -> bytes:
    with hq.store.transaction() as connection:
        row = connection.execute(
            "SELECT h.key_hash, CASE WHEN u.active THEN h.status ELSE 'inactive' END"
            " FROM hq_device h JOIN app_user u ON u.uid = h.user_id WHERE h.device_id = %s",
            (device,),
        ).fetchone()
    if row is None:
        raise Refused(
            _("HQ does not know the computer this file is of."),
            _("Was it written for another HQ?"), code="device",
        )  # fmt: skip
    auth.check_status(str(row[1]), leaving=True)
    return bytes(row[0])


def _question(found: SealedFile, file: Path) -> _Question:
    """The facts of a laptop's file; CorruptFile for what no laptop of ours writes."""
    said = found.facts()
    try:
        cursor = msgspec.json.decode(said["cursor"], type=dict[str, int])
        asked = _Question(
            int(said["protocol"]), int(said["schema"]), said["epoch"], int(said["offset_ms"]),
            cursor, said["own"] == "1", str(int(said["last"])), str(int(said["waiting"])),
            format_instant(parse_instant(said["at"])), int(said["again"]),
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise CorruptFile(
            _("{file} says something that cannot be read.").format(file=file.name)
        ) from error
    if len(cursor) > _MOST_SCOPES or abs(asked.offset_ms) >= 1 << 48 or len(asked.epoch) > 64:
        raise CorruptFile(_("{file} says something impossible.").format(file=file.name))
    return asked


def _say(work: _Answering) -> None:
    """What the answer says of itself, as of before anything is read for it."""
    with work.hq.store.transaction() as connection:
        epoch, _secret = schema.facts(connection)
        lease_days = auth.lease_days(connection)
    work.facts = {
        "at": format_instant(work.hq.clock.now()),
        "epoch": epoch,
        "asked_epoch": work.asked.epoch,
        "asked_at": work.asked.at,
        "lease_days": str(lease_days),
        "schema": str(SCHEMA_VERSION),
        "last": work.asked.last,
        "waiting": work.asked.waiting,
        "final": cursor_hash(epoch, work.asked.cursor),
    }


def _ask(work: _Answering, path: str, message: msgspec.Struct) -> Reply:
    """One request as the device. Refused, EnvironmentProblem: what HQ would have said."""
    token = auth.make_token(work.hq.signing.secret, work.device, work.hq.clock.now())
    reply = answer(work.hq, path, Call(token, msgspec.json.encode(message), "file"))
    if reply.status >= 400:
        failure = msgspec.json.decode(_bytes(reply), type=Failure)
        if reply.status >= 500:
            raise EnvironmentProblem(failure.sentence, failure.hint, code=failure.code)
        raise Refused(failure.sentence, failure.hint, code=failure.code)
    return reply


def _bytes(reply: Reply) -> bytes:
    body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    return zstandard.ZstdDecompressor().decompress(body) if reply.media == MEDIA_PACKED else body


def _refused_for_laptop(work: _Answering, error: Refused) -> bool:
    """Note a refusal that the laptop has to hear; False for one that is for whoever sits here."""
    if error.code not in _FOR_THE_LAPTOP:
        return False
    if error.code != "epoch":
        # The other epoch says so itself, and more: the laptop begins anew.
        work.facts["refused"] = f"{error.code}:{error.message}"
    work.more = True
    return True


# -- what came -------------------------------------------------------------------------------


def _push(work: _Answering, found: SealedFile) -> bool:
    """Take the file's changes; False when the laptop has to hear something else first."""
    answers: list[Answer] = []
    for txns in _batches(found):
        # How long the file was on its way nobody knows: the clock counts as last measured.
        clock = work.hq.now_ms() - work.asked.offset_ms
        request = PushRequest(
            work.asked.protocol, work.asked.epoch, clock, txns, work.asked.schema,
            work.asked.again,
        )  # fmt: skip
        try:
            reply = _ask(work, "/v1/push", request)
        except Refused as error:
            if not _refused_for_laptop(work, error):
                raise
            return False
        answers += msgspec.json.decode(_bytes(reply), type=PushResponse).answers
    work.changes = len(answers)
    work.refused = sum(one.status == "r" for one in answers)
    for start in range(0, len(answers), 5_000):
        part = msgspec.json.encode(answers[start : start + 5_000])
        _add(work, PUSH, bundle.packed(part))
    return True


def _batches(found: SealedFile) -> Iterator[list[Txn]]:
    if len(found.labels()) > _MOST_PARTS:
        raise CorruptFile(_("The file has too many parts."))
    for _position, data in found.parts(PUSH):
        try:
            yield msgspec.json.decode(bundle.unpacked(data, MAX_BODY_BYTES), type=list[Txn])
        except msgspec.DecodeError as error:
            raise CorruptFile(_("The changes in the file cannot be read.")) from error


# -- what goes -------------------------------------------------------------------------------


def _pull(work: _Answering) -> None:
    """Pages from where the laptop stood to HQ's head, as the laptop would ask for them."""
    cursor = work.asked.cursor
    while True:
        hashed = cursor_hash(work.asked.epoch, cursor)
        work.facts["final"] = hashed
        request = PullRequest(
            work.asked.protocol, work.asked.epoch, hashed, cursor, work.asked.own,
            work.asked.schema,
        )  # fmt: skip
        try:
            reply = _ask(work, "/v1/pull", request)
        except Refused as error:
            if not _refused_for_laptop(work, error):
                raise
            return
        page = _bytes(reply)
        if not page:
            return
        if work.size and work.size + len(page) > work.most:
            work.more = True
            return
        head = msgspec.json.decode(next(lines([page])), type=PullHead)
        _add(work, pull_label(hashed, own=work.asked.own), page)
        work.pages += 1
        cursor = dict(head.cursor)
        if head.gained:
            cursor |= _snapshot(work, head.gained)
        work.facts["final"] = cursor_hash(work.asked.epoch, cursor)
        if not head.more:
            return


def _snapshot(work: _Answering, scopes: list[str]) -> dict[str, int]:
    """Scopes that are new to the laptop, whole; returns their heads."""
    reply = _ask(
        work, "/v1/snapshot",
        SnapshotRequest(work.asked.protocol, scopes, schema=work.asked.schema),
    )  # fmt: skip
    label = snapshot_label(scopes)
    heads: dict[str, int] | None = None
    beginning: list[bytes] = []
    for chunk in [reply.body] if isinstance(reply.body, bytes) else reply.body:
        _add(work, label, chunk)
        if work.size > work.most:
            raise UserError(
                _("This computer has customers to receive that need more than {size}.").format(
                    size=format_bytes(work.most)
                ),
                _("Allow a larger answer with --most-mb, or let it sync over the network once."),
            )
        if heads is None:
            beginning.append(chunk)
            line = next(lines(beginning), None)
            if line is not None:
                heads = msgspec.json.decode(line, type=SnapshotHead).heads
    return heads or {}


def _add(work: _Answering, label: str, data: bytes) -> None:
    work.out.add(work.parts, data, label=label)
    work.parts += 1
    work.size += len(data)


def _noted(work: _Answering, size: int) -> Answered:
    """The account of it, also in the audit log."""
    with work.hq.store.transaction() as connection:
        row = connection.execute(
            "SELECT d.prefix, u.code, encode(uuid_send(u.uid),'hex') FROM device d"
            " JOIN hq_device h ON h.device_id = d.uid JOIN app_user u ON u.uid = h.user_id"
            " WHERE d.uid = %s",
            (work.device,),
        ).fetchone()
        prefix, code, user = ("", "", None) if row is None else row
        detail = {"changes": work.changes, "refused": work.refused, "pages": work.pages}
        auth.audit(
            connection, "file-sync", user=user, device=work.device, detail=json.dumps(detail)
        )
    return Answered(str(prefix), str(code), work.changes, work.refused, work.pages, size, work.more)

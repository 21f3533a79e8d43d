"""The bytes of attachments at HQ: taken in pieces, verified by their digest, given out by scope.

An attachment's row decides everything: bytes are taken and given only while a row in one of the
caller's scopes names their digest. A region pack's row is everybody's: all may fetch it, only the
office sends its bytes. A digest that is unknown and one that is somebody else's are
told apart nowhere but in the audit log. Pieces lie in PostgreSQL, so that any number of servers
share them; never more than one of them is in memory. Limits are facts of this HQ (:data:`QUOTAS`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crmdesk.domain.errors import Refused
from crmdesk.hq.access import auth
from crmdesk.hq.database.scopes import Principal
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.i18n import _, format_bytes
from crmdesk.sync.protocol import (
    MAX_DIGESTS,
    MAX_GET_BYTES,
    MAX_PIECE_BYTES,
    MIN_PIECE_BYTES,
    BlobGet,
    BlobPut,
    BlobState,
)

_MB, _GB = 1_000_000, 1_000_000_000
QUOTAS = {
    "quota.file_bytes": 100 * _MB,
    "quota.user_bytes": 10 * _GB,
    "quota.company_bytes": 200 * _GB,
}
"""How much of attachments HQ takes, by the fact that says otherwise."""

ABANDONED_AFTER = timedelta(days=14)
"""A file that nobody went on sending for so long makes room for others."""

_MOST_NAMED = 20

_NAMED = """
SELECT DISTINCT t.sha256, t.size FROM attachment t JOIN account a ON a.account_id = t.account_id
WHERE t.sha256 = ANY(%s) AND NOT t.deleted AND (%s OR a.territory_id = ANY(%s::uuid[]))
"""
_PACKS = "SELECT sha256, size FROM region_pack WHERE sha256 = ANY(%s) AND NOT deleted"


@dataclass(frozen=True, slots=True)
class _Blob:
    size: int
    received: int
    complete: bool


def states(connection: HqConnection, who: Principal, digests: Sequence[str]) -> list[BlobState]:
    """What HQ has of each digest; foreign ones look like unknown ones and are audited."""
    if len(digests) > MAX_DIGESTS:
        raise Refused(_("The request is too large for HQ."), code="too-large")
    named = _sizes(connection, who, digests)
    _audit_foreign(connection, who, [one for one in digests if one not in named])
    rows = connection.execute(
        "SELECT sha256, received, complete FROM blob WHERE sha256 = ANY(%s)", (list(named),)
    ).fetchall()
    have = {str(sha256): (int(received), bool(complete)) for sha256, received, complete in rows}
    return [BlobState(one, one in named, *have.get(one, (0, False))) for one in digests]


def _sizes(
    connection: HqConnection, who: Principal, digests: Sequence[str], *, sending: bool = False
) -> dict[str, set[int]]:
    """The sizes that rows in the caller's scopes give to each digest, to fetch or to send it."""
    found: dict[str, set[int]] = {}
    parameters = (list(digests), who.in_office, sorted(who.territories))
    for sha256, size in connection.execute(_NAMED, parameters):
        found.setdefault(str(sha256), set()).add(int(size))
    if who.in_office or not sending:
        for sha256, size in connection.execute(_PACKS, (list(digests),)):
            found.setdefault(str(sha256), set()).add(int(size))
    return found


def _audit_foreign(connection: HqConnection, who: Principal, digests: Sequence[str]) -> None:
    if not digests:
        return
    detail = {"digests": [one[:64] for one in digests[:_MOST_NAMED]], "count": len(digests)}
    auth.audit(
        connection, "refused-attachment", user=who.user, device=who.device,
        detail=json.dumps(detail),
    )  # fmt: skip


def _not_named() -> Refused:
    return Refused(
        _("HQ knows no such attachment of yours."),
        _("The customer may have left you, or the attachment was deleted."),
        code="attachment",
    )


def may_have(
    connection: HqConnection, who: Principal, sha256: str, *, sending: bool = False
) -> set[int]:
    """The sizes the caller's rows give to a digest; empty, and audited, when none names it.

    ``sending`` asks for those whose bytes the caller may send.
    """
    sizes = _sizes(connection, who, [sha256], sending=sending).get(sha256, set())
    if not sizes:
        _audit_foreign(connection, who, [sha256])
    return sizes


def put(store: Store, who: Principal, message: BlobPut, data: bytes, now: datetime) -> int:
    """Keep a piece; returns up to where HQ has the file now. A piece HQ has changes nothing.

    Refused: ``attachment`` (no row of the caller's names it), ``size``, ``gap``, ``quota``.
    """
    with store.transaction() as connection:
        sizes = may_have(connection, who, message.sha256, sending=True)
    # Said after the audit has been committed.
    if not sizes:
        raise _not_named()
    _check_piece(message, data, sizes)
    with store.transaction() as connection:
        blob = _locked(connection, message.sha256)
        if blob is None:
            _reserve(connection, who, message, now)
            blob = _Blob(message.size, 0, complete=False)
        if blob.complete:
            return blob.size
        if message.size != blob.size:
            raise _wrong_size()
        if message.offset > blob.received:
            raise Refused(
                _("HQ has not received what comes before this piece."),
                _("The next sync goes on where HQ is."), code="gap",
            )  # fmt: skip
        if message.offset < blob.received:
            return blob.received
        received = blob.received + len(data)
        connection.execute(
            "INSERT INTO blob_chunk (sha256, start, data) VALUES (%s, %s, %s)",
            (message.sha256, message.offset, data),
        )
        connection.execute(
            "UPDATE blob SET received = %s, at = %s WHERE sha256 = %s",
            (received, now, message.sha256),
        )
        return received


def _check_piece(message: BlobPut, data: bytes, sizes: set[int]) -> None:
    if message.size not in sizes or message.size <= 0:
        raise _wrong_size()
    end = message.offset + len(data)
    last = end == message.size
    whole = len(data) >= MIN_PIECE_BYTES or (last and data)
    if message.offset < 0 or end > message.size or not whole or len(data) > MAX_PIECE_BYTES:
        raise _wrong_size()


def _wrong_size() -> Refused:
    return Refused(_("This piece of an attachment has a wrong size."), code="size")


def _locked(connection: HqConnection, sha256: str) -> _Blob | None:
    """The state of a blob, locked: pieces of one file follow each other, whoever sends them."""
    return _blob(connection, sha256, "FOR UPDATE")


def _blob(connection: HqConnection, sha256: str, lock: str = "") -> _Blob | None:
    row = connection.execute(
        f"SELECT size, received, complete FROM blob WHERE sha256 = %s {lock}".encode(), (sha256,)
    ).fetchone()
    return None if row is None else _Blob(int(row[0]), int(row[1]), complete=bool(row[2]))


def _reserve(connection: HqConnection, who: Principal, message: BlobPut, now: datetime) -> None:
    """Make room for a new file, its whole size at once; Refused (``quota``) where there is none."""
    # Files begin one after the other, so that two of them cannot share the last free room.
    connection.execute("SELECT 1 FROM hq_state WHERE key = 'epoch' FOR NO KEY UPDATE")
    _forget_abandoned(connection, now)
    limits = quotas(connection)
    used = connection.execute(
        "SELECT coalesce(sum(size), 0), coalesce(sum(size) FILTER (WHERE user_id = %s), 0)"
        " FROM blob",
        (who.user,),
    ).fetchone()
    company, user = (0, 0) if used is None else (int(used[0]), int(used[1]))
    for name, taken, sentence in (
        ("quota.file_bytes", 0, _("HQ takes files up to {size}.")),
        ("quota.user_bytes", user, _("HQ takes {size} of files from each person.")),
        ("quota.company_bytes", company, _("HQ takes {size} of files in all.")),
    ):
        if taken + message.size > limits[name]:
            raise Refused(
                sentence.format(size=format_bytes(limits[name])),
                _("The file stays on this computer. Speak to the office."), code="quota",
            )  # fmt: skip
    connection.execute(
        "INSERT INTO blob (sha256, size, user_id, device_id, at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (sha256) DO NOTHING",
        (message.sha256, message.size, who.user, who.device, now),
    )


def quotas(connection: HqConnection) -> dict[str, int]:
    """The limits in force, in bytes, by name."""
    rows = connection.execute(
        "SELECT key, value FROM hq_state WHERE key = ANY(%s)", (list(QUOTAS),)
    ).fetchall()
    return QUOTAS | {str(key): int(value) for key, value in rows if str(value).isdigit()}


def _forget_abandoned(connection: HqConnection, now: datetime) -> None:
    rows = connection.execute(
        "SELECT sha256 FROM blob WHERE NOT complete AND at < %s FOR UPDATE SKIP LOCKED",
        (now - ABANDONED_AFTER,),
    ).fetchall()
    for (sha256,) in rows:
        _drop(connection, str(sha256))


def _drop(connection: HqConnection, sha256: str) -> None:
    connection.execute("DELETE FROM blob_chunk WHERE sha256 = %s", (sha256,))
    connection.execute("DELETE FROM blob WHERE sha256 = %s", (sha256,))


def finish(store: Store, who: Principal, sha256: str) -> int:
    """Compare what was received with its digest; returns its size.

    Refused: ``attachment``, ``gap`` (not all of it is here), and ``digest``: the bytes were not
    what they were called, HQ has dropped them and they may be sent again from the beginning.
    """
    with store.transaction() as connection:
        sizes = may_have(connection, who, sha256, sending=True)
    if not sizes:
        raise _not_named()
    with store.transaction() as connection:
        blob = _locked(connection, sha256)
        if blob is None or blob.received < blob.size:
            raise Refused(_("HQ has not received all of this attachment."), code="gap")
        if blob.complete:
            return blob.size
        right = _digest(connection, sha256) == sha256
        if right:
            connection.execute("UPDATE blob SET complete = true WHERE sha256 = %s", (sha256,))
        else:
            _drop(connection, sha256)
            auth.audit(
                connection, "wrong-digest", user=who.user, device=who.device,
                detail=json.dumps({"digest": sha256}),
            )  # fmt: skip
    if not right:
        raise Refused(
            _("The attachment arrived at HQ with other bytes."),
            _("It will be sent again."), code="digest",
        )  # fmt: skip
    return blob.size


def _digest(connection: HqConnection, sha256: str) -> str:
    """The SHA-256 of what HQ has, read piece by piece."""
    found, position = hashlib.sha256(), 0
    while piece := _piece(connection, sha256, position):
        found.update(piece)
        position += len(piece)
    return found.hexdigest()


def _piece(connection: HqConnection, sha256: str, position: int) -> bytes:
    """What one stored piece holds from a position on; nothing at the end."""
    row = connection.execute(
        "SELECT start, data FROM blob_chunk WHERE sha256 = %s AND start <= %s"
        " ORDER BY start DESC LIMIT 1",
        (sha256, position),
    ).fetchone()
    return b"" if row is None else bytes(row[1])[position - int(row[0]) :]


def get(store: Store, who: Principal, message: BlobGet) -> Iterator[bytes]:
    """Bytes of a complete file in pieces, each read when the one before has been taken.

    Refused at once: ``attachment`` (no row of the caller's names it), ``missing`` (HQ does not
    have the bytes yet), ``size``.
    """
    with store.transaction() as connection:
        sizes = may_have(connection, who, message.sha256)
        blob = _blob(connection, message.sha256) if sizes else None
    if not sizes:
        raise _not_named()
    if blob is None or not blob.complete:
        raise Refused(
            _("The bytes of this attachment have not reached HQ yet."),
            _("They are fetched when they have."), code="missing",
        )  # fmt: skip
    if not 0 <= message.offset <= blob.size or not 0 < message.most <= MAX_GET_BYTES:
        raise _wrong_size()
    return _pieces(store, message, min(blob.size, message.offset + message.most))


def _pieces(store: Store, message: BlobGet, end: int) -> Iterator[bytes]:
    position = message.offset
    while position < end:
        with store.transaction() as connection:
            piece = _piece(connection, message.sha256, position)[: end - position]
        if not piece:
            return
        yield piece
        position += len(piece)


def forget_unnamed(store: Store, now: datetime) -> int:
    """Drop files that no attachment names any more, and abandoned ones; returns how many.

    For the upkeep of HQ. A row that is on its way gets two weeks to arrive.
    """
    with store.transaction() as connection:
        rows = connection.execute(
            "SELECT b.sha256 FROM blob b WHERE b.at < %s AND (NOT b.complete OR NOT EXISTS ("
            " SELECT 1 FROM attachment t WHERE t.sha256 = b.sha256 AND NOT t.deleted)"
            " AND NOT EXISTS (SELECT 1 FROM region_pack p WHERE p.sha256 = b.sha256"
            " AND NOT p.deleted))"
            " FOR UPDATE SKIP LOCKED",
            (now - ABANDONED_AFTER,),
        ).fetchall()
        for (sha256,) in rows:
            _drop(connection, str(sha256))
    return len(rows)

"""Photos and files of customers: attach one, open one, have the bytes of one fetched.

The row travels like any other; its bytes follow by themselves (:mod:`crmdesk.sync.attachments`).
What a file is, its own bytes say. Showing it is the faces' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.contents import kind_of, plain_name
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace
from crmdesk.storage import transfers
from crmdesk.storage.attachments import HEAD_BYTES, AttachmentFiles, Taken, pieces_of
from crmdesk.storage.entities import ENTITIES, Scope, entity

PHOTO, FILE = "photo", "file"
KINDS = (FILE, PHOTO, "receipt", "signature", "voice")


@dataclass(frozen=True, slots=True)
class Attached:
    """A new attachment: its local id, its digest, and what was touched."""

    attachment_id: int
    sha256: str
    changes: ChangeSet


@dataclass(frozen=True, slots=True)
class Contents:
    """The bytes of an attachment with a name that is safe to save under and their real kind."""

    name: str
    mime: str
    data: bytes


def attach_file(
    ws: Workspace,
    account_id: int,
    source: Path | bytes,
    *,
    name: str = "",
    kind: str = FILE,
    owner: tuple[str, bytes] | None = None,
    taken_at: datetime | None = None,
) -> Attached:
    """Keep a file with a customer; its bytes are copied, encrypted, and sent when HQ is reached.

    ``owner`` is the entity and uid of the row it belongs to (a visit, a ticket). Raises NotFound
    for a customer, file or owner that is not there, UserError for an empty file, one too large
    or of a kind that is not taken, DiskFull.
    """
    shown = plain_name(name or (source.name if isinstance(source, Path) else "")) or _("file")
    if kind not in KINDS:
        raise UserError(_("There is no such kind of attachment: {kind}.").format(kind=kind))
    files = AttachmentFiles(ws.database)
    with files.taking(pieces_of(source)) as taken:
        mime = _checked_kind(taken, kind)
        with ws.database.write() as tx:
            _check_place(tx.connection, account_id, owner)
            # Before the commit: a row never names bytes that are not there.
            files.keep(taken)
            key = tx.connection.exec_driver_sql(
                "INSERT INTO attachment (uid, account_id, sha256, size, mime, name, kind,"
                " owner_kind, owner_uid, taken_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " RETURNING id",
                (
                    new_uid(), account_id, taken.sha256, taken.size, mime, shown, kind,
                    *(owner or (None, None)), format_instant(taken_at or ws.now()),
                ),
            ).scalar_one()  # fmt: skip
            transfers.queue_up(tx.connection, taken.sha256, taken.size, format_instant(ws.now()))
    return Attached(int(key), taken.sha256, ChangeSet.of("attachment", [int(key)]))


def read_file(path: Path) -> bytes:
    """All of a file that may be attached. NotFound, UserError for one too large or unreadable."""
    return b"".join(pieces_of(path))


def _checked_kind(taken: Taken, kind: str) -> str:
    mime = kind_of(taken.head)
    if mime is None:
        raise UserError(
            _("Files of this kind cannot be attached."),
            _("Photos, PDF, office documents, plain text, sound and video can."),
        )
    if kind == PHOTO and not mime.startswith("image/"):
        raise UserError(_("This file is no picture."), _("Attach it as a file."))
    return mime


def _check_place(connection: Connection, account_id: int, owner: tuple[str, bytes] | None) -> None:
    run = connection.exec_driver_sql
    if run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first() is None:
        raise NotFound(_("This customer is not in this profile."))
    if owner is None:
        return
    name, uid = owner
    if name not in ENTITIES or ENTITIES[name].scope is not Scope.ACCOUNT:
        raise NotFound(_("What this file belongs to is not in this profile."))
    table = entity(name).table or name
    column = "id" if name == "account" else "account_id"
    row = run(
        f"SELECT 1 FROM {table} WHERE uid = ? AND {column} = ?",  # noqa: S608 - an entity's table
        (uid, account_id),
    ).first()
    if row is None:
        raise NotFound(_("What this file belongs to is not in this profile."))


def open_attachment(ws: Workspace, attachment_id: int) -> Contents:
    """An attachment's bytes. NotFound when they are not on this computer (yet)."""
    name, sha256, _size = _row(ws, attachment_id)
    data = b"".join(AttachmentFiles(ws.database).pieces(sha256))
    return Contents(
        plain_name(name) or _("file"),
        kind_of(data[:HEAD_BYTES]) or "application/octet-stream",
        data,
    )


def attachment_pieces(ws: Workspace, attachment_id: int) -> Iterator[bytes]:
    """An attachment's bytes piece by piece, for saving a large one; as :func:`open_attachment`."""
    return AttachmentFiles(ws.database).pieces(_row(ws, attachment_id)[1])


def fetch_attachment(ws: Workspace, attachment_id: int) -> bool:
    """Have the bytes of an attachment fetched by the next sync; False when they are here."""
    _name, sha256, size = _row(ws, attachment_id)
    if AttachmentFiles(ws.database).holds(sha256):
        return False
    with ws.database.maintenance() as connection:
        transfers.fetch_again(connection, sha256, size, format_instant(ws.now()))
    return True


def retry_transfer(ws: Workspace, attachment_id: int) -> None:
    """Have a file that HQ did not take sent again (after the office made room, say)."""
    _name, sha256, size = _row(ws, attachment_id)
    with ws.database.maintenance() as connection:
        transfers.queue_up(connection, sha256, size, format_instant(ws.now()))


def _row(ws: Workspace, attachment_id: int) -> tuple[str, str, int]:
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, sha256, size FROM attachment WHERE id = ?", (attachment_id,)
        ).first()
    if row is None:
        raise NotFound(_("This attachment is not in this profile."))
    return str(row[0]), str(row[1]), int(row[2])

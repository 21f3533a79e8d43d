"""Region packs of the company: published by the office, fetched and used by everybody.

A pack is a row that every laptop gets, and bytes that travel as those of attachments do: in pieces,
going on where they stopped, compared with their digest. What is published is a pack of this
computer; what has arrived becomes one. Packs themselves are :mod:`crmdesk.services.region_packs`'s.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import CrmdeskError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.i18n import _, format_bytes
from crmdesk.interchange.mappack import SUFFIX
from crmdesk.services.region_packs import PackFile, add_pack, pack_files
from crmdesk.services.workspace import Workspace
from crmdesk.storage import transfers
from crmdesk.storage.attachments import MAX_BYTES, AttachmentFiles, is_digest, pieces_of
from crmdesk.storage.types import dump_json

KIND = "map"


@dataclass(frozen=True, slots=True)
class Arrived:
    """Packs that were taken into use, and what is wrong with those that were not, by name."""

    packs: tuple[PackFile, ...]
    problems: tuple[tuple[str, str], ...] = ()


def publish_pack(ws: Workspace, pack: PackFile, *, note: str = "") -> ChangeSet:
    """Give a pack of this computer to the whole company with the next sync.

    UserError for a rep, for a pack that is published already, for one of the program and for one
    that is too large to travel.
    """
    _check_office(ws)
    if pack.bundled:
        raise UserError(_("Everybody has this map already: it comes with the program."))
    if pack.facts.size > MAX_BYTES:
        raise UserError(
            _("Maps up to {size} can be given to everybody.").format(size=format_bytes(MAX_BYTES)),
            _("Make it of a smaller region."),
        )
    files = AttachmentFiles(ws.database)
    with files.taking(pieces_of(pack.path)) as taken, ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if run("SELECT 1 FROM region_pack WHERE sha256 = ?", (taken.sha256,)).first():
            raise UserError(_("This map is published already."))
        files.keep(taken)
        key = run(
            "INSERT INTO region_pack (uid, name, kind, sha256, size, bounds, made_on, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), pack.facts.title[:80] or _("Map"), KIND, taken.sha256, taken.size,
                dump_json(list(pack.facts.bounds)), ws.today().isoformat(), note.strip() or None,
            ),
        ).scalar_one()  # fmt: skip
        transfers.queue_up(tx.connection, taken.sha256, taken.size, format_instant(ws.now()))
    return ChangeSet.of("region_pack", [int(key)], undo=tx.txn)


def withdraw_pack(ws: Workspace, region_pack_id: int) -> ChangeSet:
    """Stop giving a pack out; whoever has it keeps it. UserError for a rep, NotFound."""
    _check_office(ws)
    with ws.database.write() as tx:
        _published(tx.connection, region_pack_id)
        tx.connection.exec_driver_sql("DELETE FROM region_pack WHERE id = ?", (region_pack_id,))
    return ChangeSet.of("region_pack", [region_pack_id], undo=tx.txn)


def fetch_pack(ws: Workspace, region_pack_id: int) -> None:
    """Have a published pack fetched by the next sync; nothing when it is here. NotFound."""
    with ws.database.maintenance() as connection:
        _name, sha256, size = _published(connection, region_pack_id)
        if not AttachmentFiles(ws.database).holds(sha256):
            transfers.queue_down(connection, sha256, size, format_instant(ws.now()))


def use_arrived(ws: Workspace, tell: Callable[[int, int], None] | None = None) -> Arrived:
    """Take into use what has arrived of published packs since; their roads are made ready.

    ``tell`` as in :func:`crmdesk.services.region_packs.add_pack`.
    """
    here = {pack.facts.sha256 for pack in pack_files(ws.folder)}
    files = AttachmentFiles(ws.database)
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.name, p.sha256 FROM region_pack p JOIN transfer t ON t.sha256 = p.sha256"
            " WHERE p.kind = ? AND t.state = 'done' AND t.direction = 'down'",
            (KIND,),
        ).all()
    packs, problems = [], []
    for name, sha256 in rows:
        if sha256 in here or not is_digest(sha256) or not files.holds(sha256):
            continue
        try:
            packs.append(_taken(ws.folder, files, sha256, tell))
        except CrmdeskError as error:
            problems.append((str(name), error.message))
    return Arrived(tuple(packs), tuple(problems))


def _taken(
    folder: Path, files: AttachmentFiles, sha256: str, tell: Callable[[int, int], None] | None
) -> PackFile:
    with tempfile.TemporaryDirectory(prefix="crmdesk-map-") as made:
        path = Path(made) / f"{sha256[:12]}{SUFFIX}"
        with path.open("wb") as file:
            for piece in files.pieces(sha256):
                file.write(piece)
        return add_pack(folder, path, tell=tell)


def _published(connection: Connection, region_pack_id: int) -> tuple[str, str, int]:
    row = connection.exec_driver_sql(
        "SELECT name, sha256, size FROM region_pack WHERE id = ?", (region_pack_id,)
    ).first()
    if row is None:
        raise NotFound(_("This map is no longer published."))
    return str(row[0]), str(row[1]), int(row[2])


def _check_office(ws: Workspace) -> None:
    if ws.user.role is Role.REP:
        raise UserError(
            _("The office publishes maps for everybody."),
            _("Give it the map, or the name of the region you need."),
        )

"""The bytes of attachments on this computer: one sealed file each, found by their SHA-256.

Owns the folder ``attachments`` of a profile: taking bytes in, giving them back, putting together
what arrives in pieces, and removing. Which attachments there are say the rows; what travels says
the table ``transfer``. File names are a keyed hash of the digest, so that nobody who finds the
disk can even ask whether a document they know is on it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crmdesk.domain.errors import CorruptFile, NotFound, UserError
from crmdesk.i18n import _, format_bytes
from crmdesk.storage import profile, sealed
from crmdesk.storage.engine import Database

FOLDER = "attachments"
MAX_BYTES = 100_000_000
"""The largest file that is taken here; HQ may allow less."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ARRIVING, _DRAFT = ".part", ".draft-"
_NAME_LENGTH = 64
_DRAFTS_LIVE_S = 24 * 3600
HEAD_BYTES = 64 * 1024
"""How much of a file tells what kind it is."""


def is_digest(text: str) -> bool:
    """True for 64 hexadecimal digits; nothing else ever becomes part of a path."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes that were taken in: their digest, how many, and their beginning."""

    sha256: str
    size: int
    head: bytes
    draft: Path


class AttachmentFiles:
    """The attachments' bytes of an opened profile, in its folder."""

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self.folder = (folder or database.path.parent) / FOLDER
        self._key = database.derived_key("attachments")
        self._names = database.derived_key("attachment names")

    def path(self, sha256: str) -> Path:
        """Where the bytes of a digest lie or would lie."""
        if not is_digest(sha256):
            raise NotFound(_("The digest of this attachment is none."))
        if self._names is None:
            return self.folder / sha256
        key = bytes.fromhex(self._names)
        return self.folder / hmac.new(key, sha256.encode(), hashlib.sha256).hexdigest()

    def holds(self, sha256: str) -> bool:
        """True when all the bytes are here."""
        return self.path(sha256).exists()

    @contextmanager
    def taking(self, pieces: Iterable[bytes]) -> Iterator[Taken]:
        """Take bytes in that come in pieces; they go again at the end unless they are kept.

        Raises UserError for an empty file or one above :data:`MAX_BYTES`, DiskFull.
        """
        draft = self.folder / f"{_DRAFT}{secrets.token_hex(8)}"
        try:
            yield self._drafted(draft, pieces)
        except OSError as error:
            raise profile.cannot_write(self.folder, error) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _drafted(self, draft: Path, pieces: Iterable[bytes]) -> Taken:
        digest, size, head = hashlib.sha256(), 0, b""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with sealed.made(draft, self._key) as file, file.writing():
            for data in _even(pieces):
                file.add(size, data)
                digest.update(data)
                head = head or data[:HEAD_BYTES]
                size += len(data)
                if size > MAX_BYTES:
                    raise _too_large()
            if size == 0:
                raise UserError(_("This file is empty."), _("Choose another one."))
            file.say({"sha256": digest.hexdigest(), "size": str(size)})
        return Taken(digest.hexdigest(), size, head, draft)

    def keep(self, taken: Taken) -> None:
        """Keep what was taken. To be called in the transaction that names it in a row, so that
        nobody who clears up can find it without its row."""
        _put(taken.draft, self.path(taken.sha256))

    # -- giving ------------------------------------------------------------------------------

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """All bytes in pieces. NotFound when they are not here, CorruptFile."""
        for _position, data in self._read(sha256, 0, prove=True):
            yield data

    def piece(self, sha256: str, start: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``start`` for somebody who compares the digest in the end.

        Raises what :meth:`pieces` raises.
        """
        found = bytearray()
        for position, data in self._read(sha256, start, prove=False):
            found += data[max(0, start - position) :]
            if len(found) >= size:
                break
        return bytes(found[:size])

    def _read(self, sha256: str, start: int, *, prove: bool) -> Iterator[tuple[int, bytes]]:
        path = self.path(sha256)
        if not path.exists():
            raise NotFound(
                _("The bytes of this attachment are not on this computer."),
                _("Fetch it while there is a connection to HQ."),
            )
        with sealed.opened(path, self._key, prove=prove) as file:
            yield from file.parts(start=file.before(start))

    def whole(self, sha256: str, size: int) -> bool:
        """True when a finished file opens, is as long as it should be and has its digest."""
        found, read = hashlib.sha256(), 0
        try:
            for data in self.pieces(sha256):
                found.update(data)
                read += len(data)
        except CorruptFile:
            return False
        return found.hexdigest() == sha256 and read == size

    # -- arriving ----------------------------------------------------------------------------

    def arrived(self, sha256: str) -> int:
        """How many bytes of a file that is being fetched are here already."""
        path = self._arriving(sha256)
        if not path.exists():
            return 0
        try:
            with sealed.opened(path, self._key) as file:
                return file.end()
        except CorruptFile:
            # Cut down by a crash of the machine: begin again.
            path.unlink(missing_ok=True)
            return 0

    def add(self, sha256: str, start: int, data: bytes) -> None:
        """Keep the next piece of a file that is being fetched; it survives a crash from now on."""
        path = self._arriving(sha256)
        try:
            if not path.exists():
                self.folder.mkdir(mode=0o700, exist_ok=True)
                with sealed.made(path, self._key):
                    pass
            with sealed.opened(path, self._key) as file, file.writing():
                if file.end() == start:
                    file.add(start, data)
        except OSError as error:
            raise profile.cannot_write(self.folder, error) from error

    def finish(self, sha256: str) -> bool:
        """Make a fetched file a finished one; False, and it goes, when it is not what it should be.

        Nothing is believed of what came: its own digest decides.
        """
        path, digest, size = self._arriving(sha256), hashlib.sha256(), 0
        with sealed.opened(path, self._key) as file:
            for _position, data in file.parts():
                digest.update(data)
                size += len(data)
            file.say({"sha256": sha256, "size": str(size)})
        if digest.hexdigest() != sha256:
            path.unlink()
            return False
        _put(path, self.path(sha256))
        return True

    def _arriving(self, sha256: str) -> Path:
        return self.path(sha256).with_suffix(_ARRIVING)

    # -- leaving -----------------------------------------------------------------------------

    def remove(self, sha256: str) -> None:
        """Remove the bytes of a digest, finished or arriving."""
        for path in (self.path(sha256), self._arriving(sha256)):
            for end in ("", "-journal"):
                path.with_name(path.name + end).unlink(missing_ok=True)

    def strays(self, wanted: Iterable[str], now: datetime) -> list[Path]:
        """Files in the folder that belong to none of the digests wanted.

        What somebody may be writing at this moment is none of them. To be asked in a write
        transaction.
        """
        names = {self.path(sha256).name for sha256 in wanted if is_digest(sha256)}
        if not self.folder.is_dir():
            return []
        yesterday = now.timestamp() - _DRAFTS_LIVE_S
        return sorted(
            path
            for path in self.folder.iterdir()
            if path.is_file()
            and path.name[:_NAME_LENGTH] not in names
            and not (path.name.startswith(_DRAFT) and path.stat().st_mtime > yesterday)
        )


def pieces_of(source: Path | bytes) -> Iterator[bytes]:
    """A file's or a value's bytes in pieces. NotFound, UserError for what is no readable file."""
    if isinstance(source, bytes):
        yield source
        return
    try:
        if not source.is_file():
            raise NotFound(_("There is no file {file}.").format(file=source))
        if source.stat().st_size > MAX_BYTES:
            raise _too_large()
        with source.open("rb") as file:
            while data := file.read(sealed.PART_BYTES):
                yield data
    except OSError as error:
        raise UserError(
            _("{file} cannot be read: {reason}.").format(file=source, reason=error.strerror)
        ) from error


def _too_large() -> UserError:
    return UserError(
        _("This file is larger than {size}.").format(size=format_bytes(MAX_BYTES)),
        _("Make it smaller, or send it another way."),
    )


def _even(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of one size, the last one shorter."""
    waiting = bytearray()
    for data in pieces:
        waiting += data
        while len(waiting) >= sealed.PART_BYTES:
            yield bytes(waiting[: sealed.PART_BYTES])
            del waiting[: sealed.PART_BYTES]
    if waiting:
        yield bytes(waiting)


def _put(draft: Path, target: Path) -> None:
    _to_disk(draft)
    draft.replace(target)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    """Have the system write a file or folder out; Windows has no such step for folders."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

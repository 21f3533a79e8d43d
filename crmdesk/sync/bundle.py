"""The files that carry a sync where no network does: their shape, their key, how they are opened.

A line in plain text says that it is such a file, which way it goes and of which device; what
follows is a sealed file (:mod:`crmdesk.storage.sealed`). Its key is made of what both sides have:
HQ keeps the SHA-256 of a device's key, the device the key itself. So only that device and HQ
can read or make one; a file made for one direction opens in no other. What is in it is
:mod:`crmdesk.sync.filesync`'s here and :mod:`crmdesk.hq.running.filesync`'s there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import zstandard

from crmdesk.domain.errors import CorruptFile, NewerFile, NotFound, UserError
from crmdesk.i18n import _, format_bytes
from crmdesk.storage import profile, sealed
from crmdesk.storage.sealed import SealedFile

FORMAT = 1
UP, DOWN = "up", "down"
MAX_FILE_BYTES = 256 * 1024 * 1024
_HEAD = re.compile(rb"crmdesk-sync ([1-9][0-9]{0,3}) (up|down) ([0-9a-f]{32})\n")
_HEAD_BYTES = 64


def key_hash(key: str) -> bytes:
    """What HQ keeps of a device's key."""
    return hashlib.sha256(key.encode()).digest()


def file_key(hashed: bytes, direction: str) -> str:
    """The key of a device's files in one direction, as hexadecimal digits."""
    return hmac.new(
        hashed, f"crmdesk file {FORMAT} {direction}".encode(), hashlib.sha256
    ).hexdigest()


@contextmanager
def written(
    target: Path, device: str, direction: str, hashed: bytes, facts: Mapping[str, str]
) -> Iterator[SealedFile]:
    """A new file of a device (hex), filled in the block; it appears whole or not at all.

    Raises UserError when there is something else at ``target``, DiskFull.
    """
    _refuse_other(target)
    head = f"crmdesk-sync {FORMAT} {direction} {device}\n".encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".sync-") as work:
            inner, draft = Path(work) / "inner", Path(work) / "draft"
            with sealed.made(inner, file_key(hashed, direction)) as file, file.writing():
                file.say({**facts, "device": device, "direction": direction})
                yield file
            profile.make_private(draft)
            with draft.open("wb") as whole, inner.open("rb") as content:
                whole.write(head)
                shutil.copyfileobj(content, whole, sealed.PART_BYTES)
            draft.replace(target)
    except OSError as error:
        raise profile.cannot_write(target.parent, error) from error


def _refuse_other(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_file() or _HEAD.match(_beginning(target)) is None:
        raise UserError(
            _("There is something else at {file}.").format(file=target), _("Choose another name.")
        )


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as found:
            return found.read(_HEAD_BYTES)
    except OSError as error:
        raise UserError(
            _("{file} cannot be read: {reason}.").format(file=file, reason=error.strerror)
        ) from error


def device_of(file: Path, direction: str) -> str:
    """The device (hex) a file is of. NotFound, CorruptFile, NewerFile, UserError (other way)."""
    if not file.is_file():
        raise NotFound(_("There is no file {file}.").format(file=file))
    head = _HEAD.match(_beginning(file))
    if head is None:
        raise CorruptFile(
            _("{file} is not a file of crmdesk's sync.").format(file=file.name),
            _("Nothing was changed."),
        )
    if int(head[1]) > FORMAT:
        raise NewerFile(
            _("{file} was written by a newer version of crmdesk.").format(file=file.name),
            _("Install the newer version; nothing was changed."),
        )
    if head[2].decode() != direction:
        sentences = {
            UP: _("{file} is an answer of HQ; it is for the laptop."),
            DOWN: _("{file} goes to HQ; the laptop takes the answer that is made there."),
        }
        raise UserError(sentences[direction].format(file=file.name))
    if file.stat().st_size > MAX_FILE_BYTES:
        raise UserError(
            _("{file} is larger than {size}.").format(
                file=file.name, size=format_bytes(MAX_FILE_BYTES)
            )
        )
    return head[3].decode()


@contextmanager
def opened(file: Path, direction: str, key_of: Callable[[str], bytes]) -> Iterator[SealedFile]:
    """A file, verified as a whole before anything of it is believed.

    ``key_of`` gives the hashed key of a device (hex) or raises. Raises what :func:`device_of`
    raises, and CorruptFile for a file that was changed, cut, or made with another key.
    """
    device = device_of(file, direction)
    key = file_key(key_of(device), direction)
    with tempfile.TemporaryDirectory(prefix="crmdesk-sync-") as work:
        inner = Path(work) / "inner"
        try:
            profile.make_private(inner)
            with file.open("rb") as whole, inner.open("wb") as content:
                whole.readline(_HEAD_BYTES)
                shutil.copyfileobj(whole, content, sealed.PART_BYTES)
        except OSError as error:
            raise profile.cannot_write(Path(work), error) from error
        try:
            with sealed.opened(inner, key, prove=True) as found:
                facts = found.facts()
                if facts.get("device") != device or facts.get("direction") != direction:
                    raise CorruptFile("")
                yield found
        except CorruptFile as error:
            raise sealed.damaged(file) from error


def packed(data: bytes) -> bytes:
    """Compressed, as parts of a file are."""
    return zstandard.ZstdCompressor(level=6).compress(data)


def unpacked(data: bytes, most: int) -> bytes:
    """A part as it was, never beyond ``most`` bytes; CorruptFile."""
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(data)
    try:
        found = reader.read(most + 1)
    except zstandard.ZstdError as error:
        raise CorruptFile(_("A part of the file cannot be read.")) from error
    if len(found) > most:
        raise CorruptFile(_("A part of the file is too large."))
    return found

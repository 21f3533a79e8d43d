"""What kind of file some bytes are, by the bytes themselves; names and claims count for nothing.

Owns the list of kinds that may be attached. A program is none of them, whatever it is called.
"""

from __future__ import annotations

import re

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"avif": "image/avif",
    b"M4A ": "audio/mp4", b"qt  ": "video/quicktime",
}  # fmt: skip
_OFFICE = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OPEN_DOCUMENT = re.compile(rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z-]{4,20})PK")
_STRANGE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def kind_of(head: bytes) -> str | None:
    """The media type of a file by its first 64 KiB; None when it is not taken."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"PK\x03\x04":
        return _document(head)
    return _text(head)


def _document(head: bytes) -> str | None:
    """Documents in a ZIP container; other archives may hold anything."""
    found = _OPEN_DOCUMENT.search(head[:200])
    if found is not None:
        return found[1].decode()
    for folder, kind in _OFFICE.items():
        if folder in head:
            return kind
    return None


def _text(head: bytes) -> str | None:
    """Plain text: letters, no control characters, and nothing that a system would run."""
    if head.startswith((b"#!", b"MZ", b"@echo", b"<!DOCTYPE", b"<html", b"<script")):
        return None
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last letter may be cut by the end of what we were given.
        if error.reason != "unexpected end of data":
            return None
        text = head[: error.start].decode("utf-8")
    return None if _STRANGE.search(text) else "text/plain"


def plain_name(name: str, most: int = 120) -> str:
    """A name as it may be shown and saved: its last part, without anything that leads elsewhere."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(". ")
    if len(kept) <= most:
        return kept
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 10:
        return kept[:most]
    return f"{stem[: most - len(ending) - 1]}.{ending}"

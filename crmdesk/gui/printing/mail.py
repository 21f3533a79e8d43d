"""Sending by mail: the person's own mail program, opened with the document attached.

Nothing is sent from here. Where a platform cannot attach a file, the mail is opened without it and
the document is shown in its folder, to be dragged in.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from crmdesk.interchange.documents.sheet import Letter

ATTACHED, SHOWN = "attached", "shown"
_ADDRESS = re.compile(r"[^\s@<>,;:\"'()\\-][^\s@<>,;:\"'()\\]*@[^\s@<>,;:\"'()\\]+")
_FOLDER = "crmdesk-mail"
_KEPT_S = 24 * 3600
_PATIENCE_S = 20.0
_MAPI_DIALOG, _MAPI_LOGON_UI, _MAPI_TO = 0x8, 0x1, 1
_MAPI_CANCELLED = 1

Starter = Callable[[Sequence[str]], bool]
"""Starts a program and says whether it took the work."""


@dataclass(frozen=True, slots=True)
class Way:
    """How mails are opened on a platform; replaced in tests."""

    platform: str
    has: Callable[[str], bool]
    start: Starter


def start_program(arguments: Sequence[str]) -> bool:
    """Run a program to its end; False when it is missing, fails or never ends."""
    try:
        done = subprocess.run(
            list(arguments), check=False, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def this_machine() -> Way:
    """The way of the platform the program runs on."""
    return Way(sys.platform, lambda name: shutil.which(name) is not None, start_program)


def mail_folder(now_s: float | None = None) -> Path:
    """A folder of this person's own for documents under way; what is older than a day goes.

    Mail programs read the file after we are done, so it cannot be taken away at once.
    """
    folder = Path(tempfile.gettempdir()) / f"{_FOLDER}-{_person()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if sys.platform != "win32" and folder.stat().st_mode & 0o077:
        # Somebody else may have put it there: use one that nobody can have known.
        return Path(tempfile.mkdtemp(prefix=f"{_FOLDER}-"))
    limit = (time.time() if now_s is None else now_s) - _KEPT_S
    for path in folder.glob("*.pdf"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
    return folder


def open_mail(letter: Letter, file: Path, way: Way) -> str:
    """Open the mail with the file attached: ATTACHED, or SHOWN when it could not be attached.

    With SHOWN the caller opens :func:`mailto` and the folder of the file.
    """
    to = letter.to if is_address(letter.to) else ""
    if way.platform == "win32":
        return ATTACHED if _open_mapi(to, letter, file) else SHOWN
    if way.platform == "darwin":
        # Apple's program makes a new mail of a file it is opened with.
        return ATTACHED if way.start(["open", "-a", "Mail", str(file)]) else SHOWN
    if way.has("xdg-email"):
        command = ["xdg-email", "--utf8", "--subject", letter.subject, "--body", letter.text,
                   "--attach", str(file), *([to] if to else [])]  # fmt: skip
        if way.start(command):
            return ATTACHED
    return SHOWN


def mailto(letter: Letter) -> str:
    """The address that opens a mail without an attachment (source: RFC 6068)."""
    to = letter.to if is_address(letter.to) else ""
    subject, body = quote(letter.subject), quote(letter.text.replace("\n", "\r\n"))
    return f"mailto:{quote(to, safe='@')}?subject={subject}&body={body}"


def is_address(text: str) -> bool:
    """One plain mail address; nothing that a command line or a header would read otherwise."""
    return _ADDRESS.fullmatch(text) is not None


def _person() -> str:
    import getpass

    try:
        return re.sub(r"\W", "-", getpass.getuser())
    except (OSError, KeyError, ImportError):
        return "me"


def _open_mapi(to: str, letter: Letter, file: Path) -> bool:
    """Windows' simple MAPI; the dialog belongs to the mail program. False when there is none."""

    class Recipient(ctypes.Structure):
        _fields_ = (
            ("reserved", ctypes.c_ulong), ("kind", ctypes.c_ulong), ("name", ctypes.c_wchar_p),
            ("address", ctypes.c_wchar_p), ("flags", ctypes.c_ulong), ("size", ctypes.c_ulong),
            ("entry", ctypes.c_void_p),
        )  # fmt: skip

    class Attached(ctypes.Structure):
        _fields_ = (
            ("reserved", ctypes.c_ulong), ("flags", ctypes.c_ulong), ("position", ctypes.c_ulong),
            ("path", ctypes.c_wchar_p), ("name", ctypes.c_wchar_p), ("type", ctypes.c_void_p),
        )  # fmt: skip

    class Message(ctypes.Structure):
        _fields_ = (
            ("reserved", ctypes.c_ulong), ("subject", ctypes.c_wchar_p), ("text", ctypes.c_wchar_p),
            ("type", ctypes.c_wchar_p), ("received", ctypes.c_wchar_p), ("talk", ctypes.c_wchar_p),
            ("flags", ctypes.c_ulong), ("originator", ctypes.c_void_p),
            ("recipients", ctypes.c_ulong), ("recipient", ctypes.POINTER(Recipient)),
            ("files", ctypes.c_ulong), ("file", ctypes.POINTER(Attached)),
        )  # fmt: skip

    try:
        send = ctypes.CDLL("mapi32.dll").MAPISendMailW
    except (OSError, AttributeError):
        return False
    recipient = Recipient(0, _MAPI_TO, to, f"SMTP:{to}", 0, 0, None)
    attached = Attached(0, 0, 0xFFFFFFFF, str(file), file.name, None)
    message = Message()
    message.subject, message.text = letter.subject, letter.text
    message.recipients = 1 if to else 0
    message.recipient = ctypes.pointer(recipient)
    message.files, message.file = 1, ctypes.pointer(attached)
    answer = int(send(None, None, ctypes.byref(message), _MAPI_DIALOG | _MAPI_LOGON_UI, 0))
    return answer in (0, _MAPI_CANCELLED)

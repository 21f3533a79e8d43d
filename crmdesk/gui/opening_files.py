"""Contents of files shown by the computer's own programs, out of a folder that goes at the end.

What is kept encrypted leaves the encryption only for as long as the application runs, in a folder
that only its owner can read.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def show_contents(name: str, data: bytes) -> bool:
    """Open a file with these contents; False when the computer has no program for it."""
    place = Path(tempfile.mkdtemp(dir=_folder())) / (Path(name).name or "file")
    place.write_bytes(data)
    return bool(QDesktopServices.openUrl(QUrl.fromLocalFile(str(place))))

"""Files that appear whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from crmdesk.domain.errors import DiskFull
from crmdesk.i18n import _


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place first. Raises DiskFull when it cannot be written.

    A device or a pipe is never replaced: what it is given goes into it.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as work:
            draft = Path(work) / path.name
            draft.write_bytes(content)
            draft.replace(path)
    except OSError as error:
        raise DiskFull(
            _("{file} cannot be written: {reason}.").format(file=path, reason=error.strerror),
            _("Check the folder and the space on the disk."),
        ) from error

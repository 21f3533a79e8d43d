"""The smoke test of a bundle: an encrypted throw-away profile, the real window, one query."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

_LIMIT_S = 60.0


def run_smoke(instants: Callable[[], datetime]) -> int:
    """Prove that the program works on this machine; returns 0, or 3 after a line on what failed."""
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="crmdesk-smoke-") as folder:
        return _smoke(Path(folder), instants)


def _smoke(folder: Path, instants: Callable[[], datetime]) -> int:
    from crmdesk.gui.app import Desktop, Start, make_application
    from crmdesk.services import accounts
    from crmdesk.services.queries.search import find
    from crmdesk.services.workspace import NewCompany, start_alone

    passphrase = secrets.token_hex(8)
    workspace = start_alone(
        folder, instants, NewCompany("Smoke", "Smoke"), way="passphrase", passphrase=passphrase
    )
    accounts.create_account(workspace, {"name": "Бакалея Иванов"})
    found = find(workspace, "ivanov")
    encrypted = (folder / "crmdesk.db").read_bytes()[:15] != b"SQLite format 3"
    workspace.close()
    app = make_application()
    desktop = Desktop(app, Start(folder, instants, passphrase=passphrase))
    desktop.show()
    ends = time.monotonic() + _LIMIT_S
    while desktop.workspace is None and time.monotonic() < ends:
        app.processEvents()
    shown = desktop.workspace is not None and not desktop.window.grab().isNull()
    desktop.close()
    if not (found and encrypted and shown):
        print(  # noqa: T201 - the one line a failed smoke test leaves
            f"smoke: found={bool(found)} encrypted={encrypted} shown={shown}", file=sys.stderr
        )
        return 3
    return 0

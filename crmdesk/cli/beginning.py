"""Ways to begin a profile: join an HQ, or start alone from a file."""

from __future__ import annotations

import ipaddress
import os
import platform
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import KeyMissing, Unreachable, UserError
from crmdesk.i18n import _, language
from crmdesk.services.imports import LookFirst, import_file
from crmdesk.services.workspace import NewCompany, Workspace, start_alone
from crmdesk.storage import crypto, profile
from crmdesk.storage.engine import Database
from crmdesk.sync.bootstrap import JoinReport, KeyKeeping, join
from crmdesk.sync.rejoining import rejoin

Progress = Callable[[str, int], None]
Instants = Callable[[], datetime]


def key_keeping(passphrase: str | None = None) -> KeyKeeping:
    """How a new profile's key is kept: by the passphrase given or CRMDESK_PASSPHRASE, else the
    keyring. KeyMissing when none is there.
    """
    passphrase = passphrase or os.environ.get("CRMDESK_PASSPHRASE")
    if passphrase:
        return KeyKeeping("passphrase", passphrase)
    if not crypto.keyring_available():
        raise KeyMissing(
            _("No keyring answers on this computer."),
            _("Set CRMDESK_PASSPHRASE to protect the new profile with a passphrase."),
        )
    return KeyKeeping("keyring")


def join_hq(
    folder: Path,
    url: str,
    code: str,
    instants: Instants,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    insecure: bool = False,
    passphrase: str | None = None,
    password: str = "",
) -> JoinReport:
    """Make the folder's profile a device of an HQ; ``password`` is that of the user at HQ.

    UserError for an address without encryption on the network, unless ``insecure``.
    """
    if not insecure:
        _require_private(url)
    keeping = key_keeping(passphrase)
    try:
        return join(
            folder, url, code, ZoneClock(instants, ZoneInfo("UTC")),
            device_name=platform.node() or "laptop", password=password, keeping=keeping,
            progress=progress, cancelled=cancelled,
        )  # fmt: skip
    except Unreachable as error:
        if error.code == "certificate":
            raise
        raise Unreachable(
            error.message, _("Check the address and the connection; nothing was made here.")
        ) from error


def rejoin_hq(
    database: Database, url: str, code: str, *, insecure: bool = False, password: str = ""
) -> str:
    """Make a profile that HQ has stopped or lost a new device of it; returns its prefix.

    UserError for an address without encryption on the network, unless ``insecure``, and what
    :func:`crmdesk.sync.rejoining.rejoin` raises.
    """
    if not insecure:
        _require_private(url)
    return rejoin(database, url, code, device_name=platform.node() or "laptop", password=password)


def _require_private(url: str) -> None:
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme, host = "", ""
    if scheme not in ("http", "https") or not host:
        raise UserError(
            _("{url} is not the address of an HQ.").format(url=url),
            _("It looks like https://hq.example.com."),
        )
    if scheme == "http" and not _is_loopback(host):
        raise UserError(
            _("With http:// everything would travel unencrypted."),
            _("Use the https:// address, or say --insecure on the command line."),
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_standalone(
    folder: Path, company: str, instants: Instants, *, passphrase: str | None = None
) -> Workspace:
    """A profile that works alone, opened."""
    keeping = key_keeping(passphrase)
    return start_alone(
        folder, instants, NewCompany(name=company, user_name=_("Me"), language=language()),
        way=keeping.way, passphrase=keeping.passphrase,
    )  # fmt: skip


def start_from_file(
    folder: Path,
    company: str,
    file: Path,
    instants: Instants,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    passphrase: str | None = None,
    seen: bool = True,
) -> None:
    """A standalone profile with the sales of a file; nothing is left when that fails.

    Where nobody has ``seen`` how it is read, LookFirst for a file with rows that cannot be taken or
    with anything that had to be judged.
    """
    with profile.removed_on_failure(folder) as keeping:
        workspace = make_standalone(
            folder, company or _("My company"), instants, passphrase=passphrase
        )
        try:
            report = import_file(workspace, "sales", file, progress=progress, cancelled=cancelled)
        finally:
            workspace.close()
        if not seen and (report.rejected or report.notes or not report.created):
            raise LookFirst(report)
        keeping.keep()

"""Joining an HQ: enrolment, the first download into a fresh profile, and swapping it in.

The profile is made beside its place and moved there when it is complete, so a laptop has either a
whole profile or none. An interrupted join is taken up with the same code.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from crmdesk.domain.clock import Clock, format_instant
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.storage import bulk, profile, summaries
from crmdesk.storage.engine import Database
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.storage.pausing import without_collecting
from crmdesk.sync import facts, lease
from crmdesk.sync.cursor import keep_cursor
from crmdesk.sync.pinning import Pins, split_code
from crmdesk.sync.protocol import PROTOCOL_VERSION, EnrolRequest, EnrolResponse
from crmdesk.sync.session import Session
from crmdesk.sync.snapshot import SnapshotDownload
from crmdesk.sync.transport import HttpTransport, Transport, understood

Progress = Callable[[str, int], None]
_CODE = "join.code"


@dataclass(frozen=True, slots=True)
class JoinReport:
    """What joining brought: rows (documents count once), bytes on the wire, seconds."""

    rows: int
    bytes_in: int
    seconds: float
    user: str
    device: str


@dataclass(frozen=True, slots=True)
class KeyKeeping:
    """How the new profile's key is kept: keyring, passphrase or open (demo only)."""

    way: str = "keyring"
    passphrase: str | None = None


def enrol(transport: Transport, code: str, device_name: str, password: str = "") -> EnrolResponse:
    """Change a one-time code for a device.

    Refused when HQ does not take the code, or (``password``) when the user's password is missing
    or wrong; the code stays good then.
    """
    request = EnrolRequest(PROTOCOL_VERSION, code, device_name, SCHEMA_VERSION, password)
    body = transport.post("/v1/enrol", msgspec.json.encode(request))
    return msgspec.json.decode(body, type=EnrolResponse)


def join(
    folder: Path,
    url: str,
    code: str,
    clock: Clock,
    *,
    device_name: str,
    password: str = "",
    keeping: KeyKeeping | None = None,
    transport: Transport | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> JoinReport:
    """Make the profile ``folder`` a device of the HQ at ``url``.

    A code with the fingerprint of HQ's key behind it makes this laptop speak to that key only.
    Raises UserError when there is a profile already or the rest of one, Refused for a wrong code
    or password, Unreachable, Cancelled (nothing is left in ``folder``; the same code takes it up
    again).
    """
    if profile.exists(folder):
        raise UserError(
            _("There is already a profile in {folder}.").format(folder=folder),
            _("Join with a new one: --profile DIR. Export what you want to keep."),
        )
    profile.refuse_remains(folder)
    started = time.perf_counter()
    keeping = keeping or KeyKeeping()
    plain_code, fingerprint = split_code(code)
    connection = transport or HttpTransport(url, pins=Pins(fingerprint=fingerprint))
    draft = folder.with_name(f".{folder.name}.joining")
    try:
        database = _draft_profile(draft, clock, keeping, code)
        try:
            enrolling = partial(enrol, connection, plain_code, device_name, password)
            with understood():
                member = _enrolled(database, connection, url, code, enrolling)
                rows = _fill(database, connection, member, clock, progress, cancelled)
        finally:
            database.dispose()
        _move_in(draft, folder)
    finally:
        if transport is None:
            connection.close()
    seconds = time.perf_counter() - started
    return JoinReport(rows, connection.traffic.bytes_in, seconds, member.user, member.device)


def _draft_profile(draft: Path, clock: Clock, keeping: KeyKeeping, code: str) -> Database:
    if profile.exists(draft):
        database = profile.open_database(draft, clock, keeping.passphrase)
        with database.read() as connection:
            if profile.get_fact(connection, _CODE) == _fingerprint(code):
                return database
        database.dispose()
    shutil.rmtree(draft, ignore_errors=True)
    return profile.make(
        draft, clock, way=keeping.way, passphrase=keeping.passphrase, triggers=False
    )


def _fingerprint(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _enrolled(
    database: Database,
    transport: Transport,
    url: str,
    code: str,
    enrolling: Callable[[], EnrolResponse],
) -> facts.Membership:
    with database.read() as connection:
        known = facts.membership(connection)
    if known is None:
        enrolled = enrolling()
        with database.maintenance() as connection:
            facts.keep_membership(connection, url, enrolled)
            if isinstance(transport, HttpTransport):
                facts.keep_pins(connection, transport.pins.shown, [])
            profile.set_fact(connection, _CODE, _fingerprint(code))
    with database.read() as connection:
        return facts.require_membership(connection)


@without_collecting()
def _fill(
    database: Database,
    transport: Transport,
    member: facts.Membership,
    clock: Clock,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> int:
    session = Session(
        transport, member.device, member.key, lambda: int(clock.now().timestamp() * 1000)
    )
    download = SnapshotDownload(session, cancelled=cancelled)

    def complete(connection: Connection, rows: int) -> None:
        say = progress or (lambda _what, _count: None)
        summaries.rebuild(connection, clock.today(), progress=lambda what: say(what, rows))
        keep_cursor(connection, download.heads)
        download.other.keep(connection)
        profile.set_fact(connection, facts.EPOCH, download.epoch)
        profile.set_fact(connection, facts.LAST_SYNC, format_instant(clock.now()))
        profile.set_fact(connection, _CODE, None)
        lease.renew(connection, clock.now(), session.lease_days)

    return bulk.load(
        database, download.batches(), progress=progress, cancelled=cancelled, then=complete
    )


def _move_in(draft: Path, folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
        return
    # The database comes last: its presence is what makes the folder a profile.
    names = sorted(draft.iterdir(), key=lambda path: path.name == profile.DATABASE_FILE)
    for path in names:
        target = folder / path.name
        if target.is_dir():
            # Logs of before, or an empty folder: what is there stays.
            for inner in path.iterdir():
                inner.replace(target / inner.name)
            path.rmdir()
        else:
            path.replace(target)
    draft.rmdir()
    profile.make_folders(folder)

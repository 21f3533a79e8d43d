"""A backup put back: whole, in one transaction, with a new epoch in the same one.

So no moment exists in which HQ has old rows under its old epoch, from which laptops would take
silence for agreement. With the epoch they offer again what the backup does not have. Devices stay
what they were (:mod:`crmdesk.hq.administration.carrying`), and enrolment codes do not come back to
life.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, cast

import msgspec

from crmdesk.domain.errors import EnvironmentProblem, NewerFile, NotFound, UserError
from crmdesk.hq.access import auth
from crmdesk.hq.administration import carrying, keeping
from crmdesk.hq.database import schema
from crmdesk.hq.database.store import Store
from crmdesk.hq.database.tables import metadata
from crmdesk.i18n import _

_CHUNK = 1 << 20
_ATTEMPTS = 5
# The newest pg_restore speaks of a setting that servers before 17 do not know.
_NEW_SETTING = b"SET transaction_timeout = 0;\n"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: its schema's revision and its tables."""

    revision: str
    tables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done; ``safety`` is the backup of what was there before."""

    file: Path
    epoch: str
    revision: str
    upgraded: bool
    safety: Path | None
    ended_again: list[str]


def contents(file: Path) -> Contents:
    """Look into a backup without a database.

    NotFound, UserError when it is none of an HQ, NewerFile when this program does not know its
    schema, EnvironmentProblem when the programs here are too old to read it.
    """
    if not file.is_file():
        raise NotFound(_("There is no file {file}.").format(file=file))
    program = keeping.programs().path("pg_restore")
    listed = keeping.run([program, "--list", str(file)], dict(os.environ))
    if listed.returncode != 0:
        if "unsupported version" in listed.stderr:
            raise EnvironmentProblem(
                _("This backup was made by a newer PostgreSQL than the one here."),
                listed.stderr.strip()[-300:],
            )
        raise UserError(_("{file} is not a backup of a crmdesk HQ.").format(file=file.name))
    tables = frozenset(
        words[5]
        for line in listed.stdout.splitlines()
        if not line.startswith(";") and (words := line.split())[3:4] == ["TABLE"]
        and words[4] == "public"
    )  # fmt: skip
    found = keeping.run(
        [program, "--file=-", "--data-only", "--table=alembic_version", str(file)],
        dict(os.environ),
    )
    lines = found.stdout.splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith("COPY ")), None)
    if at is None or "hq_state" not in tables:
        raise UserError(_("{file} is not a backup of a crmdesk HQ.").format(file=file.name))
    revision = lines[at + 1]
    if not schema.is_known(revision):
        raise NewerFile(
            _("This backup was made by a newer version of crmdesk."),
            _("Install the newer version; nothing was changed."),
        )
    return Contents(revision, tables)


def restore(
    store: Store,
    file: Path,
    now: datetime,
    *,
    replace: bool = False,
    safety_folder: Path | None = None,
) -> Restored:
    """Put a backup into the database of ``store``, which must be empty or be replaced.

    What is replaced is backed up into ``safety_folder`` first, unless that is None. Raises what
    :func:`contents` raises, UserError for a database that is in use, EnvironmentProblem when
    PostgreSQL refuses: nothing has changed then.
    """
    found = contents(file)
    used = _in_use(store)
    if used and not replace:
        raise UserError(
            _("This HQ has a company; the backup would take its place."),
            _("Say --replace if it shall; a backup of what is there is made first."),
        )
    safety, carried = None, []
    if used:
        carried = carrying.devices(store)
        if safety_folder is not None:
            safety = keeping.backup(store.url, _prepared(safety_folder), now).file
    epoch = uuid.uuid4().hex
    store.dispose()
    _play(store, file, _preamble(found), _epilogue(epoch, carried))
    schema.upgrade(store)
    with store.transaction() as connection:
        connection.execute("ANALYZE")
        detail = {"epoch": epoch, "revision": found.revision, "file": file.name}
        auth.audit(connection, "restored", detail=msgspec.json.encode(detail).decode())
    upgraded = found.revision != schema.HEAD_REVISION
    again = [one.prefix for one in carried if one.ended]
    return Restored(file, epoch, found.revision, upgraded, safety, again)


def _prepared(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _in_use(store: Store) -> bool:
    with store.transaction() as connection:
        there = connection.execute("SELECT to_regclass('public.organisation')").fetchone()
        if there is None or there[0] is None:
            return False
        return connection.execute("SELECT 1 FROM organisation LIMIT 1").fetchone() is not None


def _preamble(found: Contents) -> str:
    names = {*metadata.tables, "alembic_version", *found.tables}
    drops = [f'DROP TABLE IF EXISTS public."{name}" CASCADE;' for name in sorted(names)]
    # A server that is still running may hold a table for as long as a request takes.
    return "\n".join(
        ["BEGIN;", "SET LOCAL client_min_messages = warning;", "SET lock_timeout = '2min';", *drops]
    )


def _epilogue(epoch: str, carried: Sequence[carrying.Device]) -> str:
    """What follows the backup's rows in the same transaction; ``epoch`` is hex."""
    steps = [
        f"UPDATE public.hq_state SET value = '{epoch}' WHERE key = 'epoch';",
        "UPDATE public.enrolment SET expires_at = now() WHERE used_at IS NULL;",
        *carrying.statements(carried),
    ]
    return "\n".join([*steps, "COMMIT;"])


def _play(store: Store, file: Path, before: str, after: str) -> None:
    """Put the backup in; again when a running request and we have waited for each other."""
    for attempt in range(_ATTEMPTS):
        said = _played(store, file, before, after)
        if said is None:
            return
        if "deadlock detected" not in said or attempt == _ATTEMPTS - 1:
            raise EnvironmentProblem(
                _("PostgreSQL did not take the backup; nothing was changed."), said[-400:]
            )


def _played(store: Store, file: Path, before: str, after: str) -> str | None:
    """Read the backup as SQL into ``psql``, in one transaction with what stands around it.

    Only ``after`` commits: whatever cuts the stream before it leaves everything as it was.
    Returns what PostgreSQL objected, None when it took it.
    """
    programs = keeping.programs()
    where, environment = keeping.connection_of(store.url)
    reading = [programs.path("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    writing = [programs.path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    writing += ["-d", where]
    environment = {**environment, "LC_ALL": "C"}
    with tempfile.TemporaryFile() as said:
        try:
            with (
                subprocess.Popen(
                    reading, stdout=subprocess.PIPE, stderr=said, env=environment
                ) as reader,
                subprocess.Popen(
                    writing, stdin=subprocess.PIPE, stdout=said, stderr=said, env=environment
                ) as writer,
            ):
                _copy(reader, writer, before, after)
        except FileNotFoundError as error:
            raise keeping.missing(str(error.filename)) from error
        if reader.returncode == 0 and writer.returncode == 0:
            return None
        said.seek(0)
        return said.read().decode(errors="replace").strip() or "?"


def _copy(
    reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes], before: str, after: str
) -> None:
    try:
        with suppress(BrokenPipeError), cast(IO[bytes], writer.stdin) as into:
            into.write(before.encode() + b"\n")
            for chunk in _script(cast(IO[bytes], reader.stdout)):
                into.write(chunk)
            if reader.wait() == 0:
                into.write(b"\n" + after.encode() + b"\n")
    except BaseException:
        # Nobody is to wait for a transaction that will never be committed.
        writer.kill()
        writer.wait()
        raise
    finally:
        # When the writer has stopped, the reader would wait for it for ever.
        if reader.poll() is None:
            reader.kill()
            reader.wait()


def _script(stream: IO[bytes]) -> Iterator[bytes]:
    """The SQL of a backup, without the setting that older servers do not know in its head."""
    head = b""
    while (chunk := stream.read(_CHUNK)) and len(head) < _CHUNK:
        head += chunk
    yield head.replace(_NEW_SETTING, b"", 1)
    while chunk:
        yield chunk
        chunk = stream.read(_CHUNK)

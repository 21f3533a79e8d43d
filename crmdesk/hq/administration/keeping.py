"""Backups of a whole HQ: made by ``pg_dump`` while it works, whole or not there, a few kept.

Putting one back is :mod:`crmdesk.hq.administration.restoring`'s.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from crmdesk.domain.errors import EnvironmentProblem, UserError
from crmdesk.hq.database.embedded import Programs, installed_programs
from crmdesk.i18n import _

_NAME = "hq-"
_ENDING = ".dump"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made, and the older ones that were removed for it."""

    file: Path
    size: int
    removed: list[Path]


def programs() -> Programs:
    """PostgreSQL's client programs on this machine; EnvironmentProblem without any."""
    found = installed_programs("pg_dump")
    if found:
        return found[0]
    somewhere = shutil.which("pg_dump")
    if somewhere is None:
        raise missing("pg_dump")
    return Programs(Path(somewhere).resolve().parent, 0)


def connection_of(url: str) -> tuple[str, dict[str, str]]:
    """What goes on a program's command line, and what goes into its environment: the password.

    On the command line everybody on the machine could read it.
    """
    where = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    password = where.pop("password", None)
    secret = {} if password is None else {"PGPASSWORD": password}
    return make_conninfo(**where), {**os.environ, **secret}


def backup(url: str, out: Path, now: datetime, *, keep: int | None = None) -> Backup:
    """A consistent dump of everything into a file, or into a folder under a name with the time.

    Readable by its owner only. With ``keep`` that many of the folder's newest are kept. Raises
    EnvironmentProblem when ``pg_dump`` is missing or fails; an older file is then left as it is.
    """
    if keep is not None and keep < 1:
        raise UserError(_("Keep at least one backup."))
    into_folder = keep is not None or out.is_dir()
    target = out
    if into_folder:
        _make_private(out)
        target = out / f"{_NAME}{now:%Y%m%d-%H%M%S}{_ENDING}"
    draft = target.with_name(target.name + ".part")
    try:
        _dump(url, draft)
        _verify(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    removed = [] if keep is None else _rotate(out, keep)
    return Backup(target, target.stat().st_size, removed)


def _make_private(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(_("{file} is not a folder.").format(file=folder))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            _("The folder {folder} cannot be made: {reason}.").format(
                folder=folder, reason=error.strerror
            )
        ) from error


def _dump(url: str, draft: Path) -> None:
    where, environment = connection_of(url)
    try:
        # The program would keep the modes of a file that is there.
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        draft.chmod(0o600)
    except OSError as error:
        raise EnvironmentProblem(
            _("{file} cannot be written: {reason}.").format(file=draft, reason=error.strerror)
        ) from error
    command = [programs().path("pg_dump"), "--format=custom", f"--file={draft}"]
    done = run([*command, f"--dbname={where}"], environment)
    if done.returncode != 0:
        raise EnvironmentProblem(_("The backup of HQ failed."), done.stderr.strip()[-400:])


def _verify(draft: Path) -> None:
    done = run([programs().path("pg_restore"), "--list", str(draft)], dict(os.environ))
    if done.returncode != 0 or "alembic_version" not in done.stdout:
        raise EnvironmentProblem(
            _("The backup of HQ cannot be read back."), done.stderr.strip()[-400:]
        )


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One of PostgreSQL's programs, in English; EnvironmentProblem when it is not there."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={**environment, "LC_ALL": "C"}, umask=0o077,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise missing(command[0]) from error


def missing(program: str) -> EnvironmentProblem:
    """What to say when one of PostgreSQL's programs is not there."""
    return EnvironmentProblem(
        _("The program {program} is missing.").format(program=Path(program).name),
        _("Install the client programs of PostgreSQL."),
    )


def _rotate(folder: Path, keep: int) -> list[Path]:
    found = sorted(folder.glob(f"{_NAME}[0-9]*-[0-9]*{_ENDING}"), reverse=True)
    removed = []
    for old in found[keep:]:
        with suppress(OSError):
            old.unlink()
            removed.append(old)
    return removed

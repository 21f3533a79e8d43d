"""Where an HQ lives: a folder that names its PostgreSQL, embedded in it or given by URL."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from crmdesk.domain.errors import CorruptFile, EnvironmentProblem, NotFound, UserError
from crmdesk.hq.database import schema
from crmdesk.hq.database.embedded import Cluster
from crmdesk.hq.database.store import Store, create_database, database_exists
from crmdesk.i18n import _

_FILE = "hq.json"
_DATABASE = "crmdesk"


@dataclass(frozen=True, slots=True)
class HqHome:
    """One HQ. ``cluster`` is None when PostgreSQL is somebody else's."""

    folder: Path
    url: str
    cluster: Cluster | None

    def start(self) -> None:
        """Start the embedded PostgreSQL, if there is one."""
        if self.cluster is not None:
            self.cluster.start()

    def stop(self) -> None:
        """Stop the embedded PostgreSQL, if there is one."""
        if self.cluster is not None:
            self.cluster.stop()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, with PostgreSQL started; it goes on running afterwards.

        EnvironmentProblem when it goes away or keeps us waiting meanwhile.
        """
        self.start()
        store = Store(self.url)
        try:
            yield store
        except psycopg.OperationalError as error:
            # What PostgreSQL says of connections, resources and locks quotes no row.
            words = str(error).strip().splitlines()
            raise EnvironmentProblem(
                _("The HQ database does not answer."), words[0] if words else ""
            ) from error
        finally:
            store.dispose()


def init(folder: Path, *, db_url: str | None = None) -> HqHome:
    """Make an HQ: its database and schema. UserError when the folder holds one already.

    ``db_url`` names an empty PostgreSQL database; without it one is embedded in the folder.
    """
    if (folder / _FILE).exists():
        raise UserError(
            _("There is already an HQ in {folder}.").format(folder=folder),
            _("Start it with: crmdesk hq serve."),
        )
    folder.mkdir(parents=True, exist_ok=True)
    home = _home(folder, db_url)
    home.start()
    if home.cluster is not None:
        maintenance = home.cluster.url("postgres")
        if not database_exists(maintenance, _DATABASE):
            create_database(maintenance, _DATABASE)
    with home.store() as store:
        schema.upgrade(store)
    _write(folder / _FILE, {"database": db_url or "embedded"})
    return home


def open_home(folder: Path) -> HqHome:
    """The HQ of a folder; NotFound when there is none."""
    try:
        facts = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        database = str(facts["database"])
    except FileNotFoundError:
        raise NotFound(
            _("There is no HQ in {folder}.").format(folder=folder), _("Make one: crmdesk hq init.")
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFile(
            _("The settings of the HQ in {folder} cannot be read.").format(folder=folder)
        ) from error
    return _home(folder, None if database == "embedded" else database)


def _home(folder: Path, db_url: str | None) -> HqHome:
    if db_url is not None:
        return HqHome(folder, db_url, None)
    cluster = Cluster(folder)
    return HqHome(folder, cluster.url(_DATABASE), cluster)


def _write(path: Path, facts: dict[str, str]) -> None:
    # The URL may hold a password.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file)

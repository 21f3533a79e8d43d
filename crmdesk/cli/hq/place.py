"""What every ``crmdesk hq`` command begins with: the HQ of a folder, and the time there."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.context import Context
from crmdesk.i18n import _
from crmdesk.paths import default_hq_dir

if TYPE_CHECKING:
    from crmdesk.hq.database.home import HqHome
    from crmdesk.hq.database.store import Store

Run = Callable[[argparse.Namespace, Context], int]


def folder_of(chosen: argparse.Namespace) -> Path:
    """The HQ's folder: the one named, else the platform's."""
    return chosen.folder or default_hq_dir()


def home_of(chosen: argparse.Namespace) -> HqHome:
    """The HQ of the folder; NotFound when there is none."""
    from crmdesk.hq.database import home

    return home.open_home(folder_of(chosen))


@contextmanager
def store_of(chosen: argparse.Namespace) -> Iterator[Store]:
    """The database of the folder's HQ, with the present schema; EnvironmentProblem otherwise."""
    from crmdesk.hq.database import schema

    with home_of(chosen).store() as store:
        schema.check(store)
        yield store


def now_ms(context: Context) -> int:
    """The present instant in milliseconds."""
    return int(context.instants().timestamp() * 1000)


def minute(instant: datetime | None) -> str:
    """An instant for a table: to the minute, UTC."""
    return "–" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def yes_no(value: object) -> str:
    """A truth for a table."""
    return _("yes") if value else _("no")


def group(
    steps: Any, name: str, shared: argparse.ArgumentParser, *, summary: str, listing: Run
) -> Any:
    """A command with verbs of its own; without a verb it lists what there is."""
    parser = steps.add_parser(name, parents=[shared], help=summary)
    parser.set_defaults(run=listing)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("list", parents=[shared], help=_("list them")).set_defaults(run=listing)
    return verbs

"""``crmdesk hq``: the HQ server and its administration, a module for each kind of work."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crmdesk.cli.hq import (
    company,
    devices,
    files,
    keeping,
    people,
    records,
    running,
    scaling,
    security,
    territories,
)
from crmdesk.i18n import _


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser("hq", help=_("the HQ server and its administration"))
    shared = argparse.ArgumentParser(add_help=False, parents=[common])
    # Without a default: it stands behind a command or behind the command's verb.
    shared.add_argument(
        "--folder", type=Path, default=argparse.SUPPRESS, help=_("folder of the HQ")
    )
    parser.set_defaults(folder=None)
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    modules = (
        running,
        people,
        company,
        territories,
        devices,
        security,
        keeping,
        files,
        records,
        scaling,
    )
    for module in modules:
        module.register(steps, shared)

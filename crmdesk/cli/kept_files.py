"""Files that a command must not write over unasked: backups, as there may be no other copy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _


def add_replace(command: Any) -> None:
    """Give a command the option that lets it write over a file."""
    command.add_argument(
        "--replace", action="store_true", help=_("write over the file where there is one")
    )


def check_free(path: Path | None, chosen: argparse.Namespace) -> None:
    """UserError where a file stands in the place, unless ``--replace`` was said."""
    if path is not None and path.is_file() and not chosen.replace:
        raise UserError(
            _("There is a file {file} already; it was left as it is.").format(file=path),
            _("Name another, or say --replace to write over it."),
        )

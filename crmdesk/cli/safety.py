"""``crmdesk backup``, ``restore`` and ``check``: keeping the profile safe."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.i18n import _, format_bytes

if TYPE_CHECKING:
    from crmdesk.cli.context import Context


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    saving = commands.add_parser("backup", parents=[common], help=_("back up the profile"))
    saving.add_argument("--out", type=Path)
    saving.set_defaults(run=_backup)
    restoring = commands.add_parser("restore", parents=[common], help=_("restore a backup"))
    restoring.add_argument("file", type=Path)
    restoring.set_defaults(run=_restore)
    checking = commands.add_parser("check", parents=[common], help=_("verify the profile"))
    checking.set_defaults(run=_check)


def _backup(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.storage import backup

    with opened(context) as ws:
        target = chosen.out or backup.default_target(context.folder, ws.clock)
        facts = backup.back_up(ws.database, context.folder, target)
    context.console.document({"file": str(target), "size": facts.size, "made_at": facts.made_at})
    context.console.say(
        _("Backed up {size} to {file}.").format(size=format_bytes(facts.size), file=target)
    )
    return DONE


def _restore(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.domain.clock import ZoneClock
    from crmdesk.storage import backup

    clock = ZoneClock(context.instants, ZoneInfo("UTC"))
    facts = backup.restore(chosen.file, context.folder, clock, os.environ.get("CRMDESK_PASSPHRASE"))
    context.console.document({"made_at": facts.made_at, "size": facts.size})
    context.console.say(
        _("Restored the backup of {time}. What was here is kept in {folder}.").format(
            time=facts.made_at, folder=context.folder / "backups"
        )
    )
    return DONE


def _check(chosen: argparse.Namespace, context: Context) -> int:  # noqa: ARG001 - one shape
    from crmdesk.storage.check import check

    with opened(context) as ws:
        findings = check(ws.database, context.folder)
    context.console.document(
        {"findings": [{"area": one.area, "sentence": one.sentence} for one in findings]}
    )
    for one in findings:
        context.console.say(f"{one.area}: {one.sentence}")
    if not findings:
        context.console.say(_("Everything is in order."))
    return FINDINGS if findings else DONE

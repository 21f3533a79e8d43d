"""``crmdesk backup``, ``restore`` and ``check``: keeping the profile safe."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.kept_files import add_replace, check_free
from crmdesk.cli.opening import opened
from crmdesk.i18n import _, format_bytes

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.storage.engine import Database


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    saving = commands.add_parser("backup", parents=[common], help=_("back up the profile"))
    saving.add_argument("--out", type=Path)
    add_replace(saving)
    saving.set_defaults(run=_backup)
    restoring = commands.add_parser("restore", parents=[common], help=_("restore a backup"))
    restoring.add_argument("file", type=Path)
    restoring.set_defaults(run=_restore)
    checking = commands.add_parser("check", parents=[common], help=_("verify the profile"))
    checking.add_argument("--hq", action="store_true", help=_("compare with HQ as well"))
    checking.set_defaults(run=_check)


def _backup(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.storage import backup

    check_free(chosen.out, chosen)
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


def _check(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.storage.check import check

    with opened(context) as ws:
        found = [(one.area, one.sentence) for one in check(ws.database, context.folder)]
        if chosen.hq:
            found += _differences(ws.database, context)
    context.console.document(
        {"findings": [{"area": area, "sentence": sentence} for area, sentence in found]}
    )
    for area, sentence in found:
        context.console.say(f"{area}: {sentence}")
    if not found:
        context.console.say(_("Everything is in order."))
    return FINDINGS if found else DONE


def _differences(database: Database, context: Context) -> list[tuple[str, str]]:
    """One round of sync with a comparison; what could not be put right, as findings."""
    from crmdesk.sync.client import sync_once

    report = sync_once(database, compare=True)
    if report.healed:
        context.console.say(
            _("{count} rows differed from HQ and were put right.").format(count=report.healed)
        )
    if report.compared and not report.differing:
        return []
    sentence = _("{count} parts still differ from HQ.").format(count=report.differing)
    if not report.compared:
        sentence = _("HQ could not be compared with just now: changes are on their way.")
    return [("hq", sentence)]

"""``crmdesk sync export`` and ``crmdesk sync import``: sync by files, the laptop's side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.cli.context import Context


def add_steps(sync: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Add the laptop's steps to the parser of ``sync``."""
    steps = sync.add_subparsers(dest="step", metavar="STEP")
    export = steps.add_parser(
        "export", parents=[common], help=_("write what waits into a file for HQ")
    )
    export.add_argument("file", type=Path)
    export.set_defaults(run=_export)
    taking = steps.add_parser("import", parents=[common], help=_("take HQ's answer file"))
    taking.add_argument("file", type=Path)
    taking.set_defaults(run=_import)


def _export(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.sync.filesync import export

    with opened(context, to_sync=True) as ws:
        found = export(ws.database, chosen.file)
    context.console.document(
        {"file": str(chosen.file), "changes": found.changes, "size": found.size, "left": found.left}
    )
    for sentence in found.sentences(str(chosen.file)):
        context.console.say(sentence)
    return DONE


def _import(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.forecasting import bring_up_to_date
    from crmdesk.sync.filesync import take

    with opened(context, to_sync=True) as ws:
        taken = take(ws.database, chosen.file)
        if not ws.is_locked():
            bring_up_to_date(ws)
    report = taken.report
    context.console.document(
        {
            "sent": report.sent, "received": report.received, "conflicts": report.conflicts,
            "refusals": report.refusals, "waiting": report.waiting, "news": taken.news,
            "more": taken.more,
        }
    )  # fmt: skip
    context.console.say(taken.counts)
    if taken.sentence:
        context.console.say(taken.sentence)
    return FINDINGS if report.refusals else DONE

"""``crmdesk hq distribute``: an HQ's tables laid out on a distributed PostgreSQL."""

from __future__ import annotations

import argparse
from typing import Any

from crmdesk.cli.console import DONE
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import store_of
from crmdesk.i18n import _


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    distribute = steps.add_parser(
        "distribute", parents=[shared], help=_("lay out the tables on Citus (untested there)")
    )
    distribute.set_defaults(run=_distribute)
    distribute.add_argument(
        "--dry-run", action="store_true", help=_("print the calls; needs no HQ and no Citus")
    )


def _distribute(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import distribution

    if chosen.dry_run:
        steps = distribution.plan()
    else:
        with store_of(chosen) as store:
            steps = distribution.distribute(store)
    context.console.document(
        [{"table": s.table, "column": s.column, "beside": s.beside, "call": s.call} for s in steps]
    )
    for step in steps:
        context.console.say(step.call + ";")
    if not steps:
        context.console.say(_("All tables are distributed already."))
    return DONE

"""``crmdesk settings``: what this profile is set to, and setting it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.opening import opened
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.cli.context import Context


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser("settings", parents=[common], help=_("show or change settings"))
    parser.add_argument("key", nargs="?")
    parser.add_argument("value", nargs="?")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import settings, visit_places

    with opened(context) as ws:
        if chosen.value is not None:
            settings.put_text(ws, chosen.key, chosen.value)
        if (chosen.key, chosen.value) == (settings.VISIT_LOCATION.key, "0"):
            visit_places.withdraw(ws)
        shown = settings.ALL if chosen.key is None else (settings.named(chosen.key),)
        values = {one.key: settings.value_of(ws, one) for one in shown}
    context.console.document(values)
    context.console.table(
        (_("setting"), _("value"), _("meaning")),
        [(one.key, values[one.key], one.meaning) for one in shown],
    )
    return DONE

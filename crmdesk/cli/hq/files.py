"""``crmdesk hq file``: a laptop's sync file taken, the answer written."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import home_of
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_bytes, format_number

_USUAL_MB, _MOST_MB = 48, 200


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    file = steps.add_parser(
        "file", parents=[shared], help=_("take a laptop's sync file and write the answer")
    )
    file.set_defaults(run=_answer)
    file.add_argument("file", type=Path)
    file.add_argument("--out", type=Path, required=True, help=_("the answer for the laptop"))
    file.add_argument(
        "--most-mb", type=int, default=_USUAL_MB, help=_("how large the answer may become, in MB")
    )


def _answer(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.domain.clock import ZoneClock
    from crmdesk.hq.running.endpoints import open_hq
    from crmdesk.hq.running.filesync import answer_file

    if not 1 <= chosen.most_mb <= _MOST_MB:
        raise UserError(_("An answer may have 1 to {most} MB.").format(most=_MOST_MB))
    with home_of(chosen).store() as store:
        hq = open_hq(store, ZoneClock(context.instants, ZoneInfo("UTC")))
        done = answer_file(hq, chosen.file, chosen.out, most_bytes=chosen.most_mb * 1_000_000)
    context.console.document(
        {
            "device": done.device, "user": done.user, "changes": done.changes,
            "refused": done.refused, "pages": done.pages, "size": done.size, "more": done.more,
            "out": str(chosen.out),
        }
    )  # fmt: skip
    context.console.say(
        _("{device} ({user}): {changes} taken, {refused} of them refused.").format(
            device=done.device, user=done.user, changes=format_number(done.changes),
            refused=done.refused,
        )
    )  # fmt: skip
    context.console.say(
        _("The answer for it is {out} ({size}).").format(
            out=chosen.out, size=format_bytes(done.size)
        )
    )
    if done.more:
        context.console.say(_("There is more for it than fitted; ask it to export again."))
    return FINDINGS if done.refused else DONE

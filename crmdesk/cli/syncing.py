"""``crmdesk sync``, ``join``, ``conflicts`` and ``refusals``: meeting HQ."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import Unreachable
from crmdesk.i18n import _, format_bytes, format_number

if TYPE_CHECKING:
    from crmdesk.cli.context import Context

_WATCH_S, _WATCH_MOST_S = 30.0, 600.0


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    sync = commands.add_parser("sync", parents=[common], help=_("send and receive"))
    how = sync.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help=_("one round (the default)"))
    how.add_argument("--watch", action="store_true", help=_("go on until Ctrl+C"))
    sync.set_defaults(run=_sync)
    join = commands.add_parser("join", parents=[common], help=_("enrol at an HQ"))
    join.add_argument("url")
    join.add_argument("--code", required=True)
    join.add_argument(
        "--insecure", action="store_true", help=_("take an http:// address on the network")
    )
    join.set_defaults(run=_join)
    for name, words in (("conflicts", _("list conflicts")), ("refusals", _("list refusals"))):
        parser = commands.add_parser(name, parents=[common], help=words)
        parser.set_defaults(run=_list, what=name)
        steps = parser.add_subparsers(dest="step", metavar="STEP")
        if name == "conflicts":
            resolve = steps.add_parser("resolve", parents=[common], help=_("settle a conflict"))
            resolve.add_argument("number", type=int)
            resolve.add_argument(
                "--keep", required=True, metavar="mine|theirs|VALUE", help=_("what shall stand")
            )
            resolve.set_defaults(run=_resolve)
            continue
        for step, meaning in (
            ("retry", _("send a refused change again")),
            ("discard", _("leave it as HQ has it")),
        ):
            once = steps.add_parser(step, parents=[common], help=meaning)
            once.add_argument("number", type=int)
            once.set_defaults(run=_settle_refusal)


def _sync(chosen: argparse.Namespace, context: Context) -> int:
    with opened(context) as ws:
        while True:
            try:
                report = _round(ws, context)
            except Unreachable as error:
                if not chosen.watch:
                    raise
                context.console.say(str(error))
                time.sleep(_WATCH_MOST_S / 10)
                continue
            if not chosen.watch:
                break
            time.sleep(_WATCH_S)
    return FINDINGS if report.refusals else DONE


def _round(ws: Any, context: Context) -> Any:
    from crmdesk.sync.client import sync_once

    show = context.console.progress()
    report = sync_once(ws.database, progress=lambda stage, done, _of: show(stage, done))
    values = asdict(report)
    values.pop("changes", None)
    context.console.document(values)
    context.console.say(
        _(
            "{sent} sent, {received} received, {conflicts} conflicts, {refusals} refused,"
            " {waiting} waiting · {bytes} in {seconds} s"
        ).format(
            sent=format_number(report.sent), received=format_number(report.received),
            conflicts=report.conflicts, refusals=report.refusals, waiting=report.waiting,
            bytes=format_bytes(report.bytes_in + report.bytes_out),
            seconds=format_number(report.seconds, 2),
        )
    )  # fmt: skip
    return report


def _join(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.cli.beginning import join_hq

    report = join_hq(
        context.folder, chosen.url, chosen.code, context.instants,
        progress=context.console.progress(), insecure=chosen.insecure,
    )  # fmt: skip
    context.console.document(report)
    context.console.say(
        _("Joined: {rows} rows, {size} in {seconds} s.").format(
            rows=format_number(report.rows), size=format_bytes(report.bytes_in),
            seconds=format_number(report.seconds, 1),
        )
    )  # fmt: skip
    return DONE


def _resolve(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.resolving import resolve_conflict

    with opened(context) as ws:
        resolve_conflict(ws, chosen.number, chosen.keep)
    context.console.document({"resolved": chosen.number, "kept": chosen.keep})
    context.console.say(_("Conflict {number} is settled.").format(number=chosen.number))
    return DONE


def _settle_refusal(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import resolving

    with opened(context) as ws:
        if chosen.step == "retry":
            resolving.retry_refusal(ws, chosen.number)
        else:
            resolving.discard_refusal(ws, chosen.number)
    context.console.document({"refusal": chosen.number, "step": chosen.step})
    context.console.say(_("Refusal {number} is settled.").format(number=chosen.number))
    return DONE


def _list(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services.queries import sync as queries

    with opened(context) as ws:
        centre = queries.sync_centre(ws)
    refused = chosen.what == "refusals"
    rows = [row for row in centre.needs if (row.kind == "refused") is refused]
    context.console.document(rows)
    for row in rows:
        numbers = ",".join(map(str, row.ids))
        context.console.say(f"{numbers}  {row.entity} {row.number} {row.name}: {row.sentence}")
        for one in row.collisions:
            context.console.say(
                _("    {field}: before {base}, mine {mine}, theirs {theirs}; kept {kept}").format(
                    field=one.field, base=one.base, mine=one.mine, theirs=one.theirs, kept=one.kept
                )
            )
    if not rows:
        context.console.say(_("There are none."))
    return FINDINGS if rows else DONE

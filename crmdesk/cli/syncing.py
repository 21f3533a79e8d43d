"""``crmdesk sync``, ``join``, ``conflicts`` and ``refusals``: meeting HQ."""

from __future__ import annotations

import argparse
import random
import time
from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import CrmdeskError
from crmdesk.i18n import _, format_bytes, format_number

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.services.workspace import Workspace
    from crmdesk.sync.client import SyncReport

_TICK_S = 1.0


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
    with opened(context, to_sync=True) as ws:
        if chosen.watch and not ws.is_locked():
            return _watch(ws, context)
        from crmdesk.sync.client import sync_once

        show = context.console.progress()
        report = sync_once(ws.database, progress=lambda stage, done, _of: show(stage, done))
        _tell(report, context)
        if chosen.watch:
            return _watch(ws, context)
        return FINDINGS if report.refusals else DONE


def _watch(ws: Workspace, context: Context) -> int:
    """Rounds as the desktop runs them, until Ctrl+C or until HQ turns this device away."""
    from crmdesk.services import pacing
    from crmdesk.sync.client import Syncer
    from crmdesk.sync.schedule import Outcome, Schedule, outcome_of

    # Asking for it here counts more than the desktop's setting.
    plan = Schedule(replace(pacing.pace_of(ws), automatic=True), random.random)
    plan.ask(time.monotonic())
    show = context.console.progress()
    with closing(Syncer(ws.database)) as syncer:
        while True:
            now = time.monotonic()
            if not plan.is_due(now):
                time.sleep(_TICK_S)
                if pacing.has_waiting(ws):
                    plan.note_waiting(now)
                continue
            plan.begin(now)
            whole = pacing.is_whole(ws, metered=None, asked=False)
            error: CrmdeskError | None = None
            try:
                report = syncer.sync(
                    progress=lambda stage, done, _of: show(stage, done), whole=whole
                )
                _tell(report, context)
            except CrmdeskError as caught:
                error = caught
            outcome = outcome_of(error)
            plan.end(time.monotonic(), outcome)
            if error is not None and outcome is Outcome.TURNED_AWAY:
                raise error
            if error is not None:
                context.console.say(str(error))


def _tell(report: SyncReport, context: Context) -> None:
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

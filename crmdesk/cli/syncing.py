"""``crmdesk sync`` and ``join``: meeting HQ, and how this computer stands to it."""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import closing
from dataclasses import asdict, replace
from getpass import getpass
from typing import TYPE_CHECKING, Any

from crmdesk.cli import sync_files
from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.opening import opened
from crmdesk.domain.errors import CrmdeskError, Refused
from crmdesk.i18n import _, format_bytes, format_date, format_number, format_time, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.services.queries.sync import SyncStatus
    from crmdesk.services.workspace import Workspace
    from crmdesk.sync.bootstrap import JoinReport
    from crmdesk.sync.client import SyncReport

_TICK_S = 1.0


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    sync = commands.add_parser("sync", parents=[common], help=_("send and receive"))
    how = sync.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help=_("one round (the default)"))
    how.add_argument("--watch", action="store_true", help=_("go on until Ctrl+C"))
    how.add_argument("--status", action="store_true", help=_("say how it stands, without a round"))
    sync.set_defaults(run=_sync)
    sync_files.add_steps(sync, common)
    join = commands.add_parser("join", parents=[common], help=_("enrol at an HQ"))
    join.add_argument("url")
    join.add_argument("--code", required=True)
    join.add_argument(
        "--insecure", action="store_true", help=_("take an http:// address on the network")
    )
    join.add_argument(
        "--password", action="store_true",
        help=_("ask for the user's password at HQ, or read it from standard input"),
    )  # fmt: skip
    join.add_argument(
        "--again", action="store_true",
        help=_("keep this profile: HQ has stopped or lost this device"),
    )  # fmt: skip
    join.set_defaults(run=_join)


def _sync(chosen: argparse.Namespace, context: Context) -> int:
    with opened(context, to_sync=True) as ws:
        if chosen.status:
            status = _standing(ws, context)
            context.console.document(status)
            return FINDINGS if status.need else DONE
        if chosen.watch and not ws.is_locked():
            return _watch(ws, context)
        from crmdesk.sync.client import sync_once

        show = context.console.progress()
        try:
            report = sync_once(ws.database, progress=lambda stage, done, _of: show(stage, done))
        except CrmdeskError as error:
            # What went wrong is said by the program; what it leaves behind is said here.
            if error.code not in ("alone", "wiped") and not ws.is_locked():
                _standing(ws, context)
            raise
        last = report
        while last.goes_on:
            last = sync_once(ws.database, progress=lambda stage, done, _of: show(stage, done))
            report = report.then(last)
        _renew_forecasts(ws)
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
                _renew_forecasts(ws)
                _tell(report, context)
                if report.goes_on:
                    plan.ask(time.monotonic())
            except CrmdeskError as caught:
                error = caught
            outcome = outcome_of(error)
            plan.end(time.monotonic(), outcome)
            if error is not None and outcome is Outcome.TURNED_AWAY:
                raise error
            if error is not None:
                context.console.say(str(error))
                _standing(ws, context)


def _renew_forecasts(ws: Workspace) -> None:
    """The forecasts follow a model that has come from HQ, and the day."""
    from crmdesk.services.forecasting import bring_up_to_date

    if not ws.is_locked():
        bring_up_to_date(ws)


def _standing(ws: Workspace, context: Context) -> SyncStatus:
    """Say what waits, what needs somebody, and when this computer last had all that HQ had."""
    from crmdesk.services.queries.sync import sync_status

    status = sync_status(ws)
    if status.alone:
        context.console.say(_("This profile works alone; there is no HQ to sync with."))
        return status
    last = _("never")
    if status.last_at is not None:
        local = ws.clock.local(status.last_at)
        last = f"{format_date(local.date(), year=True)} {format_time(local)}"
    waiting = ngettext("{count} change waiting", "{count} changes waiting", status.waiting)
    need = ngettext("{count} needs you", "{count} need you", status.need)
    parts = (
        waiting.format(count=status.waiting),
        need.format(count=status.need),
        _("last consistent {time}").format(time=last),
    )
    context.console.say(" · ".join(parts))
    return status


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

    if chosen.again:
        return _rejoin(chosen, context)

    def attempt(password: str) -> JoinReport:
        return join_hq(
            context.folder, chosen.url, chosen.code, context.instants,
            progress=context.console.progress(), insecure=chosen.insecure, password=password,
        )  # fmt: skip

    try:
        report = attempt(_typed_password() if chosen.password else "")
    except Refused as error:
        if error.code != "password" or chosen.password or not sys.stdin.isatty():
            raise
        report = attempt(_typed_password())
    context.console.document(report)
    context.console.say(
        _("Joined: {rows} rows, {size} in {seconds} s.").format(
            rows=format_number(report.rows), size=format_bytes(report.bytes_in),
            seconds=format_number(report.seconds, 1),
        )
    )  # fmt: skip
    return DONE


def _rejoin(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.cli.beginning import rejoin_hq

    password = _typed_password() if chosen.password else ""
    with opened(context, to_sync=True) as ws:
        prefix = rejoin_hq(
            ws.database, chosen.url, chosen.code, insecure=chosen.insecure, password=password
        )
    context.console.document({"prefix": prefix})
    context.console.say(
        _("This computer is the device {prefix} from now on; what was not sent goes with the next"
          " sync.").format(prefix=prefix)
    )  # fmt: skip
    return DONE


def _typed_password() -> str:
    """A password that is typed unseen, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return getpass(_("Password at HQ: "))
    return sys.stdin.readline().rstrip("\n")

"""``crmdesk hq backup|restore|check|fit-reorder``: what keeps an HQ whole, and its forecast fit."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import folder_of, home_of, store_of
from crmdesk.cli.kept_files import add_replace, check_free
from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_bytes, format_number


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    backup = steps.add_parser("backup", parents=[shared], help=_("back up the database"))
    backup.set_defaults(run=_backup)
    backup.add_argument(
        "--out", type=Path, required=True, help=_("a file, or a folder for files with the time")
    )
    backup.add_argument(
        "--keep", type=int, metavar="N", help=_("keep the newest N in the folder --out")
    )
    add_replace(backup)
    restore = steps.add_parser("restore", parents=[shared], help=_("put a backup back"))
    restore.set_defaults(run=_restore)
    restore.add_argument("file", type=Path)
    restore.add_argument("--db", help=_("URL of an empty PostgreSQL database, for a new HQ"))
    restore.add_argument(
        "--replace", action="store_true", help=_("in the place of what is there now")
    )
    restore.add_argument(
        "--no-safety-backup", action="store_true",
        help=_("do not back up what is replaced (it may be broken)"),
    )  # fmt: skip
    check = steps.add_parser("check", parents=[shared], help=_("verify the database"))
    check.set_defaults(run=_check)
    check.add_argument(
        "--contents", action="store_true", help=_("read the bytes of all attachments as well")
    )
    check.add_argument(
        "--tidy", action="store_true",
        help=_("forget what its time has come for (a server does it once a day)"),
    )  # fmt: skip
    fit = steps.add_parser(
        "fit-reorder", parents=[shared],
        help=_("fit the reorder model on everybody's sales and send it to the laptops"),
    )  # fmt: skip
    fit.set_defaults(run=_fit)
    fit.add_argument(
        "--if-due", action="store_true",
        help=_("only when enough is new (a server looks every hour)"),
    )  # fmt: skip


def _backup(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import keeping

    check_free(None if chosen.keep is not None else chosen.out, chosen)
    place = home_of(chosen)
    place.start()
    made = keeping.backup(place.url, chosen.out, context.instants(), keep=chosen.keep)
    context.console.document(
        {"file": str(made.file), "bytes": made.size, "removed": [str(f) for f in made.removed]}
    )
    context.console.say(
        _("Backed up to {file}, {size}.").format(file=made.file, size=format_bytes(made.size))
    )
    if made.removed:
        context.console.say(_("Older ones removed: {count}").format(count=len(made.removed)))
    return DONE


def _restore(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.domain.errors import NotFound
    from crmdesk.hq.administration import restoring
    from crmdesk.hq.database import home

    # Nothing is made for a file that is no backup.
    restoring.contents(chosen.file)
    folder = folder_of(chosen)
    try:
        place = home.open_home(folder)
    except NotFound:
        place = home.init(folder, db_url=chosen.db)
    else:
        if chosen.db is not None:
            raise UserError(
                _("There is already an HQ in {folder}.").format(folder=folder),
                _("Leave --db away, or name another --folder."),
            )
    with place.store() as store:
        done = restoring.restore(
            store, chosen.file, context.instants(), replace=chosen.replace,
            safety_folder=None if chosen.no_safety_backup else folder / "backups",
        )  # fmt: skip
    context.console.document(
        {"file": str(done.file), "epoch": done.epoch, "revision": done.revision,
         "upgraded": done.upgraded, "safety": None if done.safety is None else str(done.safety),
         "ended_again": done.ended_again}
    )  # fmt: skip
    say = context.console.say
    say(_("{file} is back in its place.").format(file=chosen.file))
    if done.safety is not None:
        say(_("What was there before: {file}").format(file=done.safety))
    if done.upgraded:
        say(_("It was of an older version and has been brought up to date."))
    say(_("HQ has a new epoch: at their next sync laptops offer again what the backup lacks."))
    say(_("Enrolment codes made before are void; make new ones for whoever waits for one."))
    if done.safety is not None:
        say(_("Devices are what they were before: enrolled ones go on, ended ones stay ended."))
    if done.ended_again:
        say(_("Ended devices stay ended: {devices}").format(devices=", ".join(done.ended_again)))
    return DONE


def _check(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import checking
    from crmdesk.hq.running import upkeep

    with store_of(chosen) as store:
        tidied = upkeep.tidy(store, context.instants()) if chosen.tidy else None
        found = checking.check(store, contents=chosen.contents)
    context.console.document(
        {"findings": found.findings, "counts": found.counts}
        | ({} if tidied is None else {"tidied": tidied})
    )
    if tidied is not None:
        context.console.say(_("Rows forgotten: {count}").format(count=sum(tidied.values())))
    for sentence in found.findings:
        context.console.say(sentence)
    if not found.findings:
        context.console.say(_("Everything is in order."))
        context.console.table(
            (_("kind"), _("rows")),
            [(kind, format_number(count)) for kind, count in found.counts.items()],
        )
    return FINDINGS if found.findings else DONE


def _fit(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import reorder_fit

    with store_of(chosen) as store:
        done = reorder_fit.fit(
            store, ZoneClock(context.instants, ZoneInfo("UTC")), only_when_due=chosen.if_due
        )
    context.console.document(None if done is None else asdict(done))
    if done is None:
        context.console.say(
            _("No model was fitted: nothing new, no sales, or another server is at it.")
        )
        return DONE
    context.console.say(
        _("Model {version} is fitted on {lines} sale lines and on its way to the laptops.").format(
            version=done.version, lines=format_number(done.lines)
        )
    )
    return DONE

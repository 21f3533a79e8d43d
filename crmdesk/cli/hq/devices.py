"""``crmdesk hq device``: laptops at work, codes for new ones, and the end of old ones."""

from __future__ import annotations

import argparse
from typing import Any

from crmdesk.cli.console import DONE
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import group, minute, store_of
from crmdesk.i18n import _


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    verbs = group(
        steps, "device", shared, summary=_("devices: list, enrolment codes, retire, wipe"),
        listing=_list,
    )  # fmt: skip
    code = verbs.add_parser("code", parents=[shared], help=_("a code for a laptop of a user"))
    code.set_defaults(run=_code)
    code.add_argument("user")
    retire = verbs.add_parser(
        "retire", parents=[shared], help=_("it leaves: brings what it has, then gets nothing more")
    )
    retire.set_defaults(run=_end, how="retired")
    retire.add_argument("prefix")
    wipe = verbs.add_parser(
        "wipe", parents=[shared], help=_("it was lost: destroys its data on contact")
    )
    wipe.set_defaults(run=_end, how="wiped")
    wipe.add_argument("prefix")


def _list(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import admin

    with store_of(chosen) as store:
        rows = admin.devices(store)
    context.console.document(rows)
    heads = (_("device"), _("name"), _("user"), _("status"), _("last seen"), _("program"),
             _("schema"), _("clock off by, s"), _("waiting"))  # fmt: skip
    context.console.table(
        heads,
        [
            (r.prefix, r.name, r.user_code, r.status, minute(r.last_seen_at), r.program, r.schema,
             round(-r.clock_offset_ms / 1000), r.waiting)
            for r in rows
        ],
    )  # fmt: skip
    return DONE


def _code(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import admin

    with store_of(chosen) as store:
        code = admin.make_code(store, chosen.user, context.instants())
    context.console.document({"user": chosen.user, "code": code})
    context.console.say(_("Enrolment code: {code}").format(code=code))
    return DONE


def _end(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import admin

    with store_of(chosen) as store:
        before = admin.end_device(store, chosen.prefix, chosen.how)
        rows = [row for row in admin.devices(store) if row.prefix == chosen.prefix]
    context.console.document(rows[0])
    context.console.say(
        _("Device {prefix} is {status} now.").format(prefix=chosen.prefix, status=rows[0].status)
    )
    if chosen.how == "wiped" and before.waiting:
        context.console.say(
            _("{count} changes on it had not been sent and may be lost.").format(
                count=before.waiting
            )
        )
    return DONE

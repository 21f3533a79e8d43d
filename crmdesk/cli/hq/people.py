"""``crmdesk hq user``: who works here, as what, in which territories."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from crmdesk.cli.console import DONE
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import group, now_ms, store_of, yes_no
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

_LONGEST_PASSWORD = 1_000


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    verbs = group(steps, "user", shared, summary=_("users: list, add, change"), listing=_list)
    add = verbs.add_parser("add", parents=[shared], help=_("add a user; prints an enrolment code"))
    add.set_defaults(run=_add)
    add.add_argument("code")
    add.add_argument("name")
    add.add_argument("--role", default="rep", help=_("rep, office, manager or admin"))
    add.add_argument("--territory", action="append", default=[])
    add.add_argument("--language")
    add.add_argument("--email")
    change = verbs.add_parser("change", parents=[shared], help=_("change a user"))
    change.set_defaults(run=_change)
    change.add_argument("code")
    change.add_argument("--name")
    change.add_argument("--role", help=_("rep, office, manager or admin"))
    change.add_argument("--language")
    change.add_argument("--email")
    state = change.add_mutually_exclusive_group()
    state.add_argument("--active", action="store_const", const=1)
    state.add_argument("--inactive", action="store_const", const=0, dest="active")
    change.add_argument(
        "--territory", action="append", help=_("exactly these territories; repeat it")
    )
    change.add_argument("--no-territory", action="store_true", help=_("no territory at all"))
    password = verbs.add_parser("password", parents=[shared], help=_("set a user's password"))
    password.set_defaults(run=_password)
    password.add_argument("code")
    password.add_argument("--clear", action="store_true", help=_("ask for none any more"))


def _list(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    with store_of(chosen) as store:
        rows = people.users(store)
    context.console.document(rows)
    heads = (_("user"), _("name"), _("role"), _("active"), _("language"), _("territories"),
             _("devices"), _("password"))  # fmt: skip
    context.console.table(
        heads,
        [
            (r.code, r.name, r.role, yes_no(r.active), r.language, " ".join(r.territories) or "–",
             r.devices, yes_no(r.password))
            for r in rows
        ],
    )  # fmt: skip
    return DONE


def _add(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import admin, people

    with store_of(chosen) as store:
        # Everything is looked at before anything is written.
        people.require_territories(store, chosen.territory)
        if chosen.language is not None:
            people.require_language(chosen.language)
        admin.add_user(
            store, chosen.code, chosen.name, chosen.role, territories=chosen.territory,
            now_ms=now_ms(context),
        )  # fmt: skip
        values = {"language": chosen.language, "email": chosen.email}
        people.change_user(
            store, chosen.code, {k: v for k, v in values.items() if v is not None},
            now_ms=now_ms(context),
        )  # fmt: skip
        code = admin.make_code(store, chosen.code, context.instants())
    context.console.document({"user": chosen.code, "code": code})
    context.console.say(_("User {user} added; enrolment code: {code}").format(
        user=chosen.code, code=code
    ))  # fmt: skip
    return DONE


def _change(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    names = ("name", "role", "language", "email", "active")
    values = {name: getattr(chosen, name) for name in names if getattr(chosen, name) is not None}
    wanted = [] if chosen.no_territory else chosen.territory
    if not values and wanted is None:
        raise UserError(_("Say what shall change."), _("See: crmdesk hq user change --help"))
    with store_of(chosen) as store:
        people.require_territories(store, wanted or [])
        changed = people.change_user(store, chosen.code, values, now_ms=now_ms(context))
        given: list[str] = []
        taken: list[str] = []
        if wanted is not None:
            given, taken = people.set_territories(
                store, chosen.code, wanted, now_ms=now_ms(context)
            )
    context.console.document(
        {"user": chosen.code, "changed": changed, "given": given, "taken": taken}
    )
    if not (changed or given or taken):
        context.console.say(_("Nothing was different."))
        return DONE
    context.console.say(_("User {user} changed.").format(user=chosen.code))
    if "active" in changed and not values["active"]:
        context.console.say(_("Their devices get nothing more from now on."))
    return DONE


def _password(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    with store_of(chosen) as store:
        people.require_user(store, chosen.code)
        if chosen.clear:
            people.clear_password(store, chosen.code)
        else:
            people.set_password(store, chosen.code, _asked())
    context.console.document({"user": chosen.code, "password": not chosen.clear})
    context.console.say(
        _("{user} needs no password any more.").format(user=chosen.code)
        if chosen.clear
        else _("The password of {user} is set.").format(user=chosen.code)
    )
    return DONE


def _asked() -> str:
    """The new password: twice from a person at a terminal, once from a pipe; never an argument."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(_LONGEST_PASSWORD).rstrip("\r\n")
    first = getpass.getpass(_("New password: "))
    if first != getpass.getpass(_("The same again: ")):
        raise UserError(_("The two passwords differ; nothing was changed."))
    return first

"""``crmdesk hq``: the HQ server and its administration."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _
from crmdesk.paths import default_hq_dir

if TYPE_CHECKING:
    from crmdesk.cli.context import Context


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser("hq", help=_("the HQ server and its administration"))
    shared = argparse.ArgumentParser(add_help=False, parents=[common])
    shared.add_argument("--folder", type=Path, help=_("folder of the HQ"))
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    parser.set_defaults(run=_run)
    init = steps.add_parser("init", parents=[shared], help=_("make an HQ"))
    init.add_argument("--db", help=_("URL of an empty PostgreSQL database; else embedded"))
    init.add_argument("--company", help=_("name of the company (needed)"))
    init.add_argument("--admin", help=_("name of the first administrator"))
    serve = steps.add_parser("serve", parents=[shared], help=_("run the server"))
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8642)
    serve.add_argument("--certificate", type=Path)
    serve.add_argument("--private-key", type=Path)
    serve.add_argument(
        "--insecure", action="store_true", help=_("serve the network without a certificate")
    )
    serve.add_argument(
        "--proxy", action="append", default=[], metavar="ADDRESS",
        help=_("a proxy in front that says where requests come from"),
    )  # fmt: skip
    steps.add_parser("upgrade", parents=[shared], help=_("bring the database up to date"))
    user = steps.add_parser("user", parents=[shared], help=_("add a user"))
    user.add_argument("code")
    user.add_argument("name")
    user.add_argument("--role", default="rep")
    user.add_argument("--territory", action="append", default=[])
    territory = steps.add_parser(
        "territory", parents=[shared], help=_("add a territory or move a customer")
    )
    territory.add_argument("code")
    territory.add_argument("name", nargs="?", help=_("name of a new territory"))
    territory.add_argument("--account", help=_("code of a customer to move there"))
    device = steps.add_parser(
        "device", parents=[shared], help=_("list devices, make a code, retire or wipe one")
    )
    device.add_argument("--code-for", help=_("user who gets an enrolment code"))
    device.add_argument("--retire", help=_("prefix of a device that leaves"))
    device.add_argument("--wipe", help=_("prefix of a device that was lost"))
    backup = steps.add_parser("backup", parents=[shared], help=_("back up the database"))
    backup.add_argument("--out", type=Path, required=True)
    steps.add_parser("check", parents=[shared], help=_("verify the database"))


def _run(chosen: argparse.Namespace, context: Context) -> int:
    steps = {
        "init": _init, "serve": _serve, "upgrade": _upgrade, "user": _user,
        "territory": _territory, "device": _device, "backup": _backup, "check": _check,
    }  # fmt: skip
    return steps[chosen.step](chosen, context)


def _home(chosen: argparse.Namespace) -> Any:
    from crmdesk.hq import home

    return home.open_home(chosen.folder or default_hq_dir())


def _now_ms(context: Context) -> int:
    return int(context.instants().timestamp() * 1000)


def _init(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import admin, home

    folder = chosen.folder or default_hq_dir()
    # A database that was restored from a backup has its company.
    if not chosen.company and not (chosen.db and admin.has_company(chosen.db)):
        raise UserError(_("Name the company of this HQ: --company NAME."))
    place = home.init(folder, db_url=chosen.db)
    code = None
    with place.store() as store:
        if chosen.company:
            code = admin.found_company(
                store, chosen.company, chosen.admin or _("Administrator"), context.instants()
            )
    context.console.document({"folder": str(folder), "code": code})
    context.console.say(_("HQ made in {folder}.").format(folder=folder))
    if code:
        context.console.say(_("Enrolment code of the administrator: {code}").format(code=code))
    return DONE


def _serve(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.options import ServeOptions, require_private
    from crmdesk.hq.serving import serve

    options = ServeOptions(
        chosen.host, chosen.port, certificate=chosen.certificate,
        private_key=chosen.private_key, insecure=chosen.insecure, proxies=tuple(chosen.proxy),
    )  # fmt: skip
    require_private(options)
    place = _home(chosen)
    place.start()
    context.console.say(
        _("Serving on {host}:{port}; stop with Ctrl+C.").format(host=chosen.host, port=chosen.port)
    )
    try:
        serve(place.url, options)
    finally:
        place.stop()
    return DONE


def _upgrade(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import schema

    with _home(chosen).store() as store:
        schema.upgrade(store)
    context.console.document({"upgraded": True})
    context.console.say(_("The HQ database is up to date."))
    return DONE


def _user(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import admin

    with _home(chosen).store() as store:
        admin.add_user(
            store, chosen.code, chosen.name, chosen.role, territories=chosen.territory,
            now_ms=_now_ms(context),
        )  # fmt: skip
        code = admin.make_code(store, chosen.code, context.instants())
    context.console.document({"user": chosen.code, "code": code})
    context.console.say(_("User {user} added; enrolment code: {code}").format(
        user=chosen.code, code=code
    ))  # fmt: skip
    return DONE


def _territory(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import admin

    if not chosen.account and not chosen.name:
        raise UserError(_("Give a name for a new territory, or --account to move a customer."))
    with _home(chosen).store() as store:
        if chosen.account:
            admin.reassign_territory(store, [chosen.account], chosen.code, now_ms=_now_ms(context))
        else:
            admin.add_territory(store, chosen.code, chosen.name, now_ms=_now_ms(context))
    context.console.document({"territory": chosen.code, "account": chosen.account})
    context.console.say(_("Done."))
    return DONE


def _device(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import admin

    with _home(chosen).store() as store:
        if chosen.code_for:
            code = admin.make_code(store, chosen.code_for, context.instants())
            context.console.document({"code": code})
            context.console.say(_("Enrolment code: {code}").format(code=code))
            return DONE
        for prefix, how in ((chosen.retire, "retired"), (chosen.wipe, "wiped")):
            if prefix:
                admin.end_device(store, prefix, how)
        rows = admin.devices(store)
    context.console.document(rows)
    context.console.table(
        (_("device"), _("name"), _("user"), _("status"), _("last seen")),
        [(r.prefix, r.name, r.user_code, r.status, _day(r.last_seen_at)) for r in rows],
    )
    return DONE


def _day(instant: datetime | None) -> str:
    return "–" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _backup(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import admin

    place = _home(chosen)
    with place.store():
        admin.backup(place.url, chosen.out)
    context.console.document({"file": str(chosen.out)})
    context.console.say(_("Backed up to {file}.").format(file=chosen.out))
    return DONE


def _check(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq import admin

    with _home(chosen).store() as store:
        findings = admin.check(store)
    context.console.document({"findings": findings})
    for sentence in findings:
        context.console.say(sentence)
    if not findings:
        context.console.say(_("Everything is in order."))
    return FINDINGS if findings else DONE

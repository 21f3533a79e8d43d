"""``crmdesk hq init|serve|upgrade``: an HQ made, run, and brought up to date."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crmdesk.cli.console import DONE
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import folder_of, home_of
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

_LEVELS = ("debug", "info", "warning", "error")


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    init = steps.add_parser("init", parents=[shared], help=_("make an HQ"))
    init.set_defaults(run=_init)
    init.add_argument("--db", help=_("URL of an empty PostgreSQL database; else embedded"))
    init.add_argument("--company", help=_("name of the company (needed)"))
    init.add_argument("--admin", help=_("name of the first administrator"))
    serve = steps.add_parser("serve", parents=[shared], help=_("run the server"))
    serve.set_defaults(run=_serve)
    _register_serve(serve)
    upgrade = steps.add_parser("upgrade", parents=[shared], help=_("bring the database up to date"))
    upgrade.set_defaults(run=_upgrade)


def _register_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=8642)
    serve.add_argument("--certificate", type=Path)
    serve.add_argument("--private-key", type=Path)
    serve.add_argument(
        "--insecure", action="store_true", help=_("serve the network without a certificate")
    )
    serve.add_argument(
        "--proxy", action="append", default=[], metavar="ADDRESS",
        help=_("a proxy in front that says where requests come from"),
    )  # fmt: skip
    serve.add_argument(
        "--processes", type=_count, default=1, metavar="N", help=_("so many share the address")
    )
    serve.add_argument(
        "--pooler", nargs="?", const="", metavar="URL",
        help=_("PostgreSQL is behind a pooler in transaction mode (at this URL)"),
    )  # fmt: skip
    serve.add_argument(
        "--metrics-port", type=_port, metavar="PORT",
        help=_("show metrics on the loopback; each process takes the next port"),
    )  # fmt: skip
    serve.add_argument(
        "--metrics-token-file", type=Path, metavar="FILE",
        help=_("show /metrics to whoever has the token in this file"),
    )  # fmt: skip
    serve.add_argument("--log-level", choices=_LEVELS, default="info")


def _count(text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = 0
    if not 1 <= found <= 64:
        raise argparse.ArgumentTypeError(_("{text} is not a number from 1 to 64").format(text=text))
    return found


def _port(text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = -1
    if not 0 <= found <= 65_535:
        raise argparse.ArgumentTypeError(_("{text} is not a port: 1 to 65535").format(text=text))
    return found


def _init(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import admin
    from crmdesk.hq.database import home

    folder = folder_of(chosen)
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
    from crmdesk.hq.access import certificate
    from crmdesk.hq.running.options import ServeOptions, require_private
    from crmdesk.hq.running.serving import serve

    own = certificate.shown(folder_of(chosen))
    if chosen.certificate is None and own.exists():
        chosen.certificate, chosen.private_key = own.certificate, own.private_key
    options = ServeOptions(
        chosen.host, chosen.port, certificate=chosen.certificate,
        private_key=chosen.private_key, insecure=chosen.insecure, proxies=tuple(chosen.proxy),
        processes=chosen.processes, metrics_port=chosen.metrics_port,
        metrics_token_file=chosen.metrics_token_file, pooler=chosen.pooler is not None,
        log_level=chosen.log_level,
    )  # fmt: skip
    require_private(options)
    place = home_of(chosen)
    place.start()
    context.console.say(
        _("Serving on {host}:{port}; stop with Ctrl+C.").format(host=chosen.host, port=chosen.port)
    )
    try:
        serve(chosen.pooler or place.url, options)
    finally:
        place.stop()
    return DONE


def _upgrade(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.database import schema

    with home_of(chosen).store() as store:
        before = schema.revision(store)
        schema.upgrade(store)
    context.console.document(
        {"upgraded": before != schema.HEAD_REVISION, "from": before, "to": schema.HEAD_REVISION}
    )
    context.console.say(_("The HQ database is up to date."))
    return DONE

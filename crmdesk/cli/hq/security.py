"""``crmdesk hq certificate|quarantine``: HQ's own certificate, and what retired devices left."""

from __future__ import annotations

import argparse
from typing import Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import folder_of, group, minute, now_ms, store_of
from crmdesk.i18n import _, ngettext


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    certificate = steps.add_parser(
        "certificate", parents=[shared], help=_("a certificate of HQ's own, for an in-house HQ")
    )
    certificate.set_defaults(run=_certificate, step_wanted="make")
    certificate.add_argument(
        "--name", action="append", default=[], help=_("a name or address of HQ; repeat it")
    )
    for word, meaning in (
        ("renew", _("make it anew with the same key; no laptop notices")),
        ("next", _("make another key and announce it to the laptops")),
        ("switch", _("show the announced key from the next start on")),
        ("show", _("show the fingerprint")),
    ):
        certificate.add_argument(
            f"--{word}", action="store_const", const=word, dest="step_wanted", help=meaning
        )
    verbs = group(
        steps, "quarantine", shared, summary=_("what retired devices had not sent yet"),
        listing=_held,
    )  # fmt: skip
    for verb, run, meaning in (
        ("take", _take, _("take it over in its user's name")),
        ("dismiss", _dismiss, _("let it go")),
    ):
        parser = verbs.add_parser(verb, parents=[shared], help=meaning)
        parser.set_defaults(run=run)
        parser.add_argument("prefix")
        parser.add_argument("step", nargs="*", type=int, help=_("its numbers; all without one"))


def _certificate(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.access import certificate
    from crmdesk.sync.pinning import fingerprint

    folder, now = folder_of(chosen), context.instants()
    with store_of(chosen) as store:
        if chosen.step_wanted == "make":
            pin = certificate.make(store, folder, chosen.name, now)
        elif chosen.step_wanted == "renew":
            pin = certificate.renew(folder, chosen.name, now)
        elif chosen.step_wanted == "next":
            pin = certificate.prepare_next(store, folder, chosen.name, now)
        elif chosen.step_wanted == "switch":
            pin = certificate.switch(store, folder)
        else:
            pin = certificate.shown(folder).pin()
    context.console.document(
        {"fingerprint": fingerprint(pin), "sha256": pin, "step": chosen.step_wanted}
    )
    words = {
        "make": _("HQ has a certificate of its own now; serve shows it by itself."),
        "renew": _("Renewed with the same key; restart the server."),
        "next": _("Announced. Switch when every laptop has synced."),
        "switch": _("Restart the server; it shows the new key."),
        "show": _("In use:"),
    }
    context.console.say(words[chosen.step_wanted])
    context.console.say(_("Fingerprint of its key: {letters}").format(letters=fingerprint(pin)))
    return DONE


def _held(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.access import quarantine

    with store_of(chosen) as store, store.transaction() as connection:
        found = quarantine.held(connection)
    context.console.document(
        [
            {"device": t.prefix, "user": t.user_code, "step": t.number, "at": t.at,
             "changes": [{"entity": op.entity, "uid": op.uid, "op": op.op,
                          "fields": bytes(op.fields).decode()} for op in t.ops]}
            for t in found
        ]
    )  # fmt: skip
    context.console.table(
        (_("device"), _("user"), _("step"), _("held since"), _("changes")),
        [(t.prefix, t.user_code, t.number, minute(t.at), _kinds(t)) for t in found],
    )
    return DONE


def _kinds(held: Any) -> str:
    return ", ".join(f"{op.op} {op.entity}" for op in held.ops[:5])


def _take(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.exchange.taking_over import take_over

    with store_of(chosen) as store:
        results = take_over(store, chosen.prefix, now_ms(context), chosen.step or None)
    context.console.document(results)
    refused = [result for result in results if result.refused]
    for result in refused:
        context.console.say(f"{result.number}: {result.refused}")
    count = len(results) - len(refused)
    context.console.say(
        ngettext("{count} step taken over.", "{count} steps taken over.", count).format(count=count)
    )
    return FINDINGS if refused else DONE


def _dismiss(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.access.quarantine import dismiss

    with store_of(chosen) as store:
        count = dismiss(store, chosen.prefix, chosen.step or None)
    context.console.document({"dismissed": count})
    context.console.say(
        ngettext("{count} step dismissed.", "{count} steps dismissed.", count).format(count=count)
    )
    return DONE

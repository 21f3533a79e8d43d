"""``crmdesk hq territory``: the areas, who has them, and which customers lie in them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crmdesk.cli.console import DONE, FINDINGS
from crmdesk.cli.context import Context
from crmdesk.cli.hq.place import group, now_ms, store_of
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, ngettext

_HEADINGS = ("code", "account", "customer")
_MOST_SHOWN = 20


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    verbs = group(
        steps, "territory", shared, summary=_("territories: list, add, change, move customers"),
        listing=_list,
    )  # fmt: skip
    add = verbs.add_parser("add", parents=[shared], help=_("add a territory"))
    add.set_defaults(run=_add)
    add.add_argument("code")
    add.add_argument("name")
    add.add_argument("--parent", help=_("the territory above it"))
    change = verbs.add_parser("change", parents=[shared], help=_("rename it, put it elsewhere"))
    change.set_defaults(run=_change)
    change.add_argument("code")
    change.add_argument("--name")
    place = change.add_mutually_exclusive_group()
    place.add_argument("--parent", help=_("the territory above it"))
    place.add_argument("--top", action="store_true", help=_("no territory above it"))
    move = verbs.add_parser(
        "move", parents=[shared], help=_("move customers there, with everything in them")
    )
    move.set_defaults(run=_move)
    move.add_argument("code", help=_("the territory"))
    move.add_argument("account", nargs="*", help=_("codes of customers"))
    move.add_argument(
        "--file", type=Path,
        help=_("CSV or XLSX; a column 'code', 'account' or 'customer', else the first"),
    )  # fmt: skip
    for verb, run, summary in (
        ("give", _give, _("give it to users")), ("take", _take, _("take it from users")),
    ):  # fmt: skip
        one = verbs.add_parser(verb, parents=[shared], help=summary)
        one.set_defaults(run=run)
        one.add_argument("code", help=_("the territory"))
        one.add_argument("user", nargs="+")


def _list(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    with store_of(chosen) as store:
        rows = people.territories(store)
    context.console.document(rows)
    context.console.table(
        (_("territory"), _("name"), _("below"), _("customers"), _("users")),
        [(r.code, r.name, r.parent, r.customers, " ".join(r.users) or "–") for r in rows],
    )
    return DONE


def _add(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import admin

    with store_of(chosen) as store:
        admin.add_territory(
            store, chosen.code, chosen.name, parent=chosen.parent, now_ms=now_ms(context)
        )
    context.console.document({"territory": chosen.code})
    context.console.say(_("Territory {code} added.").format(code=chosen.code))
    return DONE


def _change(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    if chosen.name is None and chosen.parent is None and not chosen.top:
        raise UserError(_("Say what shall change."), _("See: crmdesk hq territory change --help"))
    with store_of(chosen) as store:
        changed = people.change_territory(
            store, chosen.code, name=chosen.name, parent=chosen.parent, top=chosen.top,
            now_ms=now_ms(context),
        )  # fmt: skip
    context.console.document({"territory": chosen.code, "changed": changed})
    context.console.say(
        _("Territory {code} changed.").format(code=chosen.code)
        if changed
        else _("Nothing was different.")
    )
    return DONE


def _move(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    codes = [*chosen.account, *(_codes(chosen.file) if chosen.file else [])]
    if not codes:
        raise UserError(_("Name customers by their codes, or give a --file with them."))
    with store_of(chosen) as store:
        done = people.move_customers(store, codes, chosen.code, now_ms=now_ms(context))
    context.console.document(done)
    context.console.say(
        ngettext(
            "{count} customer moved to {code}.",
            "{count} customers moved to {code}.",
            len(done.moved),
        ).format(count=len(done.moved), code=chosen.code)
    )
    if done.unchanged:
        context.console.say(_("There already: {count}").format(count=len(done.unchanged)))
    if done.unknown:
        shown = ", ".join(done.unknown[:_MOST_SHOWN])
        context.console.say(
            ngettext(
                "{count} code is unknown: {codes}",
                "{count} codes are unknown: {codes}",
                len(done.unknown),
            ).format(count=len(done.unknown), codes=shown)
        )
    return FINDINGS if done.unknown else DONE


def _codes(file: Path) -> list[str]:
    """The codes in a table: of the column that is named so, else of the first."""
    from crmdesk.interchange.tables import open_table

    with open_table(file) as table:
        names = [name.strip().lower() for name in table.columns]
        at = next((names.index(name) for name in _HEADINGS if name in names), 0)
        # A list without a heading: what was taken for one is a code as well.
        codes = [] if set(names) & set(_HEADINGS) else [table.columns[at]]
        codes += [cells[at] for _line, cells in table.rows if len(cells) > at]
    return [code.strip() for code in codes if code.strip()]


def _give(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    with store_of(chosen) as store:
        for user in chosen.user:
            people.require_user(store, user)
        given = [
            user
            for user in chosen.user
            if people.give_territories(store, user, [chosen.code], now_ms=now_ms(context))
        ]
    return _told(chosen, context, given)


def _take(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import people

    with store_of(chosen) as store:
        for user in chosen.user:
            people.require_user(store, user)
        taken = [
            user
            for user in chosen.user
            if people.take_territories(store, user, [chosen.code], now_ms=now_ms(context))
        ]
    return _told(chosen, context, taken)


def _told(chosen: argparse.Namespace, context: Context, users: list[str]) -> int:
    context.console.document({"territory": chosen.code, "users": users})
    context.console.say(_("Done.") if users else _("Nothing was different."))
    return DONE

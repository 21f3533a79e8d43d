"""``crmdesk hq audit|setting``: what was done at HQ, and by which rules it works."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from crmdesk.cli.console import DONE
from crmdesk.cli.context import Context
from crmdesk.cli.dates import iso_date
from crmdesk.cli.hq.place import minute, now_ms, store_of
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

_SHOWN = 50
_ALL = 10**12
"""More than an audit log ever holds."""


def register(steps: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands of this module."""
    audit = steps.add_parser("audit", parents=[shared], help=_("who did what, newest first"))
    audit.set_defaults(run=_audit)
    audit.add_argument("--since", type=iso_date, metavar="DATE", help=_("from this day on (UTC)"))
    audit.add_argument("--until", type=iso_date, metavar="DATE", help=_("to this day, included"))
    audit.add_argument("--action")
    audit.add_argument("--user", help=_("code of a user"))
    audit.add_argument("--device", help=_("prefix of a device"))
    audit.add_argument(
        "--most", type=int, metavar="N", help=_("so many; without it 50 are shown, or all written")
    )
    audit.add_argument("--out", type=Path, help=_(".csv, .csv.zst or .xlsx"))
    setting = steps.add_parser(
        "setting", parents=[shared], help=_("show HQ's settings, or change one")
    )
    setting.set_defaults(run=_setting)
    setting.add_argument("name", nargs="?")
    setting.add_argument("value", nargs="?")


def _audit(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import trail

    if chosen.most is not None and chosen.most < 1:
        raise UserError(_("--most must be at least 1."))
    until = None if chosen.until is None else _midnight(chosen.until + timedelta(days=1))
    with store_of(chosen) as store:
        rows = trail.entries(
            store, since=None if chosen.since is None else _midnight(chosen.since), until=until,
            action=chosen.action, user=chosen.user, device=chosen.device,
            most=(chosen.most and min(chosen.most, _ALL)) or (None if chosen.out else _SHOWN),
        )  # fmt: skip
    heads = (_("at"), _("action"), _("user"), _("device"), _("detail"))
    if chosen.out is not None:
        from crmdesk.interchange.writing import write_table

        names = ("at", "action", "user", "device", "detail")
        count = write_table(
            chosen.out, names,
            [(r.at.astimezone(UTC).isoformat(), r.action, r.user, r.device, r.words) for r in rows],
        )  # fmt: skip
        context.console.document({"rows": count, "file": str(chosen.out)})
        context.console.say(_("{count} rows written to {file}.").format(
            count=count, file=chosen.out
        ))  # fmt: skip
        return DONE
    context.console.document(rows)
    context.console.table(
        heads, [(minute(r.at), r.action, r.user, r.device, r.words) for r in rows]
    )
    return DONE


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _setting(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.hq.administration import settings

    with store_of(chosen) as store:
        if chosen.value is not None:
            settings.change(store, chosen.name, chosen.value, now_ms=now_ms(context))
        rows = settings.present(store)
    if chosen.name is not None:
        rows = [settings.one(rows, chosen.name)]
    context.console.document(rows)
    context.console.table(
        (_("setting"), _("value"), _("meaning")), [(r.name, r.value, r.meaning) for r in rows]
    )
    return DONE

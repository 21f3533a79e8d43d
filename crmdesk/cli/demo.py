"""``crmdesk demo`` and ``run-demo``: the demo company, its HQ and the desktop on Today."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.dates import iso_date
from crmdesk.cli.screen import draw_unseen, has_display
from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_bytes, format_number
from crmdesk.paths import default_demo_dir

if TYPE_CHECKING:
    from crmdesk.cli.context import Context

_ROLES = ("rep", "office", "manager", "admin")


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser(
        "demo", parents=[common], help=_("make the demo company with its HQ and open it")
    )
    _size(parser)
    parser.add_argument("--no-open", action="store_true", help=_("only make it"))
    _role(parser)
    parser.set_defaults(run=_demo)
    runner = commands.add_parser(
        "run-demo", parents=[common], help=_("open the demo company, made on first use")
    )
    _size(runner)
    _role(runner)
    runner.add_argument("--pictures", type=Path, help=_("where the tour saves its pictures"))
    runner.add_argument("--tour", action="store_true", help=_("walk through a day by itself"))
    runner.set_defaults(run=_run_demo)


def _size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--lines", type=int, help=_("about so many sale lines"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--today", type=iso_date, help=_("the day the company stands on"))


def _role(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as", dest="role", choices=_ROLES, default="rep", help=_("who opens it (default: rep)")
    )


def _folder(chosen: argparse.Namespace) -> Path:
    named: Path | None = chosen.profile
    return named or default_demo_dir()


def _make(chosen: argparse.Namespace, context: Context) -> Any:
    from crmdesk.cli import demo_company
    from crmdesk.demo.spec import DemoSpec

    values = {
        name: getattr(chosen, name)
        for name in ("customers", "years", "reps", "lines", "seed", "today")
        if getattr(chosen, name) is not None
    }
    try:
        spec = DemoSpec(**values)
    except ValueError as error:
        raise UserError(str(error)) from error
    folder = _folder(chosen)
    context.console.say(_("Making the demo company in {folder} …").format(folder=folder))
    made = demo_company.make(folder, spec, context.instants, progress=context.console.progress())
    context.console.say(
        _("HQ: {rows} rows with {lines} lines in {seconds} s.").format(
            rows=format_number(made.rows), lines=format_number(made.lines),
            seconds=format_number(made.hq_seconds, 1),
        )
    )  # fmt: skip
    context.console.say(
        _("Laptop: {rows} rows, {size} received, ready in {seconds} s.").format(
            rows=format_number(made.laptop_rows), size=format_bytes(made.laptop_bytes),
            seconds=format_number(made.laptop_seconds, 1),
        )
    )  # fmt: skip
    return made


def _demo(chosen: argparse.Namespace, context: Context) -> int:
    made = _make(chosen, context)
    context.console.document(made)
    if chosen.no_open:
        return DONE
    return _open(chosen, context)


def _run_demo(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.cli import demo_company

    if not demo_company.exists(_folder(chosen)):
        _make(chosen, context)
    return _open(chosen, context)


def _open(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.cli import demo_company

    folder = _folder(chosen)
    laptop = demo_company.laptop_of(folder, chosen.role)
    with demo_company.running(folder, context.instants, chosen.role):
        if getattr(chosen, "tour", False) or not has_display():
            draw_unseen()
            pictures = getattr(chosen, "pictures", None) or folder / "pictures"
            return context.tour(laptop, pictures)
        return context.desktop(laptop)

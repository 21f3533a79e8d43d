"""The program ``crmdesk``: arguments, exit codes, and no traceback for anybody.

Exit codes: 0 done, 1 done with findings or refused rows, 2 wrong usage or input, 3 the
environment failed. What opens a window is handed in, so that the command line stays without Qt.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crmdesk import __version__
from crmdesk.cli.console import FAILED, WRONG, Console
from crmdesk.cli.context import Context, MakeLogo, PrintDocuments, no_logos, no_printing
from crmdesk.domain.errors import Cancelled, CrmdeskError, EnvironmentProblem, Refused
from crmdesk.i18n import _, use_language
from crmdesk.paths import default_profile_dir

log = logging.getLogger("crmdesk")


@dataclass(frozen=True, slots=True)
class Faces:
    """The desktop's entry points, wired in by ``__main__``."""

    desktop: Callable[[Path], int]
    tour: Callable[[Path, Path], int]
    smoke: Callable[[], int]
    print_documents: PrintDocuments = no_printing
    make_logo: MakeLogo = no_logos


Command = Callable[[argparse.Namespace, Context], int]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and exits with 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        print(f"crmdesk: {message}", file=sys.stderr)
        print(_("See: {command} --help").format(command=self.prog), file=sys.stderr)
        raise SystemExit(WRONG)


def _common(*, argument_default: str | None) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argument_default)
    common.add_argument("--profile", type=Path, help=_("folder of the profile"))
    json_default = False if argument_default is None else argument_default
    common.add_argument(
        "--json", action="store_true", default=json_default, help=_("print one JSON document")
    )
    return common


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command; modules of commands are light until one runs."""
    from crmdesk.cli import (
        cards,
        collecting,
        deciding,
        demo,
        files,
        holidays,
        hq,
        maps,
        orders,
        pipeline,
        planning,
        preferences,
        prices,
        quotes,
        reorder,
        safety,
        syncing,
    )

    # A command repeats the options without defaults: they stand before it or behind it.
    common = _common(argument_default=argparse.SUPPRESS)
    parser = _Parser(
        prog="crmdesk",
        description=_("The offline desktop CRM for field sales."),
        parents=[_common(argument_default=None)],
    )
    parser.add_argument("--version", action="version", version=f"crmdesk {__version__}")
    parser.add_argument("--smoke", action="store_true", help=_("prove that the program works"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for module in (
        demo, files, reorder, planning, cards, collecting, orders, quotes, pipeline, prices,
        syncing, deciding, safety, preferences, maps, holidays, hq,
    ):  # fmt: skip
        module.register(commands, common)
    return parser


def main(arguments: Sequence[str], faces: Faces, instants: Callable[[], datetime]) -> int:
    """Run one command; returns the exit code."""
    use_language()
    if any(not _is_text(one) for one in arguments):
        print("crmdesk: " + _("An argument is not valid text."), file=sys.stderr)
        return WRONG
    try:
        chosen = build_parser().parse_args(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    folder = chosen.profile or default_profile_dir()
    context = Context(
        folder, instants, Console(as_json=chosen.json), faces.desktop, faces.tour, faces.smoke,
        faces.print_documents, faces.make_logo,
    )  # fmt: skip
    return _guarded(chosen, context)


def _is_text(argument: str) -> bool:
    """False for bytes that the system could not read as letters: no row can hold them."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _guarded(chosen: argparse.Namespace, context: Context) -> int:
    try:
        if chosen.smoke:
            return context.smoke()
        if chosen.command is None:
            return context.desktop(context.folder)
        run: Command = chosen.run
        return run(chosen, context)
    except (Cancelled, KeyboardInterrupt):
        print(_("Cancelled."), file=sys.stderr)
        return FAILED
    except EnvironmentProblem as error:
        print(f"crmdesk: {error}", file=sys.stderr)
        return FAILED
    except Refused as error:
        print(f"crmdesk: {error}", file=sys.stderr)
        return FAILED
    except CrmdeskError as error:
        print(f"crmdesk: {error}", file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:  # noqa: BLE001 - the last line of defence: no traceback reaches a person
        return _crashed(context)


def _crashed(context: Context) -> int:
    import tempfile
    import traceback

    logs = context.folder / "logs"
    try:
        if logs.is_dir():
            file = logs / "crmdesk-error.log"
        else:
            # A folder for everybody: a name nobody else can have put there, read by its owner.
            handle, name = tempfile.mkstemp(prefix="crmdesk-error-", suffix=".log")
            os.close(handle)
            file = Path(name)
        file.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        file = Path("-")
    print(
        "crmdesk: "
        + _("Something went wrong that should not. Your data are safe. Details: {file}").format(
            file=file
        ),
        file=sys.stderr,
    )
    return FAILED

"""The only place that wires objects together: the command line, the desktop and the clock."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.gui.app import Beginnings, Start
    from crmdesk.gui.jobs import Control
    from crmdesk.interchange.documents.sheet import Sheet
    from crmdesk.services.imports import SalesFile

HQ_CHILD = "--hq-child"


def _now() -> datetime:
    return datetime.now(UTC)


def _start(folder: Path) -> Start:
    from crmdesk.gui.app import Start

    return Start(folder, _now, _beginnings(folder))


def _beginnings(folder: Path) -> Beginnings:
    """The three ways to begin, as the first-run screen offers them."""
    from crmdesk.gui.app import Beginnings

    def demo(control: Control) -> Path:
        from crmdesk.cli import demo_company
        from crmdesk.demo.spec import DemoSpec
        from crmdesk.paths import default_demo_dir

        place = default_demo_dir()
        if not demo_company.exists(place):
            demo_company.make(
                place, DemoSpec(), _now, progress=lambda what, n: control.report(n, 0, what),
                cancelled=lambda: control.cancelled,
            )  # fmt: skip
        return demo_company.laptop_of(place)

    def join(
        address: str, code: str, passphrase: str | None, password: str, control: Control
    ) -> Path:
        from crmdesk.cli.beginning import join_hq

        join_hq(
            folder, address, code, _now, progress=lambda what, n: control.report(n, 0, what),
            cancelled=lambda: control.cancelled, passphrase=passphrase, password=password,
        )  # fmt: skip
        return folder

    def alone(company: str, file: SalesFile, passphrase: str | None, control: Control) -> Path:
        from crmdesk.cli.beginning import start_from_file

        start_from_file(
            folder, company, file.path, _now, progress=lambda what, n: control.report(n, 0, what),
            cancelled=lambda: control.cancelled, passphrase=passphrase, seen=file.seen,
        )  # fmt: skip
        return folder

    return Beginnings(demo, join, alone)


def _desktop(folder: Path) -> int:
    from crmdesk.cli.screen import need_display

    need_display()
    from crmdesk.gui.app import run

    return run(_start(folder))


def _tour(folder: Path, pictures: Path) -> int:
    from crmdesk.gui.tour import run_tour

    return run_tour(_start(folder), pictures)


def _smoke() -> int:
    from crmdesk.gui.smoke import run_smoke

    return run_smoke(_now)


def _print_documents(
    sheets: Iterable[tuple[Sheet, Path]],
) -> Iterator[tuple[Path, int, str]]:
    from crmdesk.gui.printing.batch import print_documents

    return print_documents(sheets)


def _make_logo(picture: bytes) -> bytes:
    from crmdesk.gui.printing.batch import make_logo

    return make_logo(picture)


def main() -> int:
    """Run the program with the arguments of this process; returns the exit code."""
    if sys.argv[1:2] == [HQ_CHILD]:
        # A bundle has no other program to start the demo's server with.
        from crmdesk.hq.running import child

        return child.main()
    from crmdesk.cli.program import Faces
    from crmdesk.cli.program import main as run

    return run(sys.argv[1:], Faces(_desktop, _tour, _smoke, _print_documents, _make_logo), _now)


if __name__ == "__main__":
    sys.exit(main())

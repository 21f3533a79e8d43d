"""The only place that wires objects together: the command line to the desktop and the clock."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path


def _now() -> datetime:
    return datetime.now(UTC)


def _desktop(folder: Path) -> int:
    from crmdesk.gui import wiring

    return wiring.open_desktop(folder, _now)


def _tour(folder: Path, pictures: Path) -> int:
    from crmdesk.gui import tour

    return tour.run_tour(folder, pictures, _now)


def _smoke() -> int:
    from crmdesk.gui import smoke

    return smoke.run_smoke(_now)


def main() -> int:
    """Run the program with the arguments of this process; returns the exit code."""
    from crmdesk.cli.program import Faces
    from crmdesk.cli.program import main as run

    return run(sys.argv[1:], Faces(_desktop, _tour, _smoke), _now)


if __name__ == "__main__":
    sys.exit(main())

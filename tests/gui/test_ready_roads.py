"""Roads of an older version are prepared anew beside the work, and it is said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui.jobs import Runner
from crmdesk.gui.ready_roads import ReadyRoads
from crmdesk.interchange.mappack import write_pack
from crmdesk.services import region_packs
from tests.db.small_roads import square_town


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile with two maps as large as a country's, their roads of an older version."""
    for title in ("Town", "Village"):
        write_pack(square_town(title, 30), tmp_path / "a.mappack")
        region_packs.add_pack(tmp_path, tmp_path / "a.mappack")
    for roads in (tmp_path / "maps").glob("*.roads"):
        roads.write_bytes(b"of an older version")
    monkeypatch.setattr(region_packs, "_AT_ONCE_ROADS", 3)
    # What other tests of this process have made ready of the same maps does not count.
    monkeypatch.setattr(region_packs, "_ready", OrderedDict())
    for pack in region_packs.pack_files(tmp_path):
        if pack.bundled and pack.facts.roads:
            region_packs.prepare_roads(tmp_path, pack)
    return tmp_path


def test_what_is_not_ready_is_prepared_and_said(qtbot: QtBot, runner: Runner, folder: Path) -> None:
    said: list[str] = []
    failed: list[Exception] = []
    ReadyRoads(folder, runner, said.append, failed.append, wait_ms=0)
    qtbot.waitUntil(lambda: len(said) == 4, timeout=20_000)
    assert [text.split(" is ")[0] for text in said if "is ready" in text] == ["Town", "Village"]
    assert sum("prepared anew" in text for text in said) == 2
    assert not region_packs.unready_packs(folder)
    assert not failed


def test_closing_gives_up_and_the_next_start_goes_on(runner: Runner, folder: Path) -> None:
    said: list[str] = []
    roads = ReadyRoads(folder, runner, said.append, lambda _error: None, wait_ms=0)
    roads.close()
    assert not roads._timer.isActive()
    assert not said
    assert len(region_packs.unready_packs(folder)) == 2


def test_a_map_that_cannot_be_read_any_more_is_said(
    qtbot: QtBot, runner: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_path: Path) -> None:
        raise CrmdeskError("gone")

    monkeypatch.setattr(region_packs, "read_pack", unreadable)
    failed: list[Exception] = []
    ReadyRoads(folder, runner, lambda _text: None, failed.append, wait_ms=0)
    qtbot.waitUntil(lambda: bool(failed), timeout=20_000)
    assert str(failed[0]) == "gone"

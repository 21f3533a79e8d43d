"""Drives of a profile: by road where a map has them, known after a restart, new after a move."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zstandard

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import DiskFull, NotFound, UserError
from crmdesk.domain.policy import DEFAULTS
from crmdesk.interchange.mappack import write_pack
from crmdesk.interchange.packroads import ROADS_FORMAT
from crmdesk.planning.travel import DEFAULT_SPEED, Matrix, matrix_from_coordinates
from crmdesk.services import region_packs, travel
from crmdesk.services.planning_problem import Objective, read_problem
from crmdesk.services.travel import Point, travel_between
from crmdesk.services.travel_trips import Experience, read_experience
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile, travel_rows
from crmdesk.storage.engine import Database
from crmdesk.storage.sealed import SealedFile
from tests.db.driving import search_drives
from tests.db.small_roads import square_town

_IN_ANDORRA: list[Point] = [(42.5075, 1.5218), (42.5331, 1.5817), (42.5667, 1.5976)]
_SLACK = 1 + DEFAULTS.travel_slack_percent / 100


def _matrix(database: Database, points: list[Point], user_id: int | None = None) -> Matrix:
    with database.read() as connection:
        return travel_between(connection, points, DEFAULTS, user_id)


def _never(*_args: object, **_more: object) -> object:
    raise AssertionError("drives were searched again")


@pytest.fixture
def opened(folder: Path, clock: ZoneClock) -> Iterator[Database]:
    database = profile.open_database(folder, clock)
    yield database
    database.dispose()


def test_a_bundled_map_gives_drives_by_road(opened: Database) -> None:
    found = _matrix(opened, _IN_ANDORRA)
    straight = matrix_from_coordinates(_IN_ANDORRA)
    assert not found.estimated
    assert not found.off_road
    for cell, (km, line) in enumerate(zip(found.km, straight.km, strict=True)):
        assert km == 0.0 if cell % 4 == 0 else km > line / 1.3
    assert found.km[1] == pytest.approx(7.0, abs=1.5)


def test_places_off_the_map_are_estimated_and_named(opened: Database) -> None:
    seville, lucena = (37.389, -5.984), (37.409, -4.485)
    assert _matrix(opened, [seville, lucena]).estimated
    mixed = _matrix(opened, [*_IN_ANDORRA, seville])
    assert not mixed.estimated
    assert mixed.off_road == {3}
    estimate = matrix_from_coordinates([*_IN_ANDORRA, seville])
    assert mixed.minutes[3] == pytest.approx(estimate.minutes[3] * _SLACK)
    assert np.isfinite(mixed.minutes).all()


def test_drives_survive_a_restart_and_only_a_moved_place_is_searched_again(
    folder: Path, clock: ZoneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = profile.open_database(folder, clock)
    before = _matrix(first, _IN_ANDORRA)
    first.dispose()
    again = profile.open_database(folder, clock)
    with monkeypatch.context() as patch:
        patch.setattr(travel, "costs_between", _never)
        assert _matrix(again, list(reversed(_IN_ANDORRA))).km == list(reversed(before.km))
        with pytest.raises(AssertionError, match="searched again"):
            _matrix(again, [*_IN_ANDORRA[:2], (42.5446, 1.7331)])
    moved = _matrix(again, [*_IN_ANDORRA[:2], (42.5446, 1.7331)])
    assert moved.leg(0, 1) == before.leg(0, 1)
    assert moved.leg(0, 2) != before.leg(0, 2)
    again.dispose()


def test_a_damaged_file_of_drives_only_costs_the_search(folder: Path, clock: ZoneClock) -> None:
    first = profile.open_database(folder, clock)
    before = _matrix(first, _IN_ANDORRA)
    first.dispose()
    kept = sorted((folder / "maps").glob("travel-*.sealed"))
    assert len(kept) == 1
    assert b"maps" not in kept[0].read_bytes()
    kept[0].write_bytes(kept[0].read_bytes()[:5_000])
    again = profile.open_database(folder, clock)
    assert _matrix(again, _IN_ANDORRA) == before
    again.dispose()


def test_drives_are_sealed_with_a_key_of_their_own(tmp_path: Path, clock: ZoneClock) -> None:
    database = profile.make(tmp_path / "p", clock, way="open")
    _matrix(database, _IN_ANDORRA)
    network = next((tmp_path / "p" / "maps").glob("travel-*.sealed"))
    assert not network.read_bytes().startswith(b"SQLite format")
    database.dispose()


def _kept(folder: Path) -> Path:
    return next((folder / "maps").glob("travel-*.sealed"))


def test_drives_that_an_older_version_found_are_searched_again(
    folder: Path, clock: ZoneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = profile.open_database(folder, clock)
    with monkeypatch.context() as patch:
        patch.setattr(travel, "ROADS_FORMAT", ROADS_FORMAT - 1)
        _matrix(first, _IN_ANDORRA)
    first.dispose()
    again = profile.open_database(folder, clock)
    with monkeypatch.context() as patch:
        patch.setattr(travel, "costs_between", _never)
        with pytest.raises(AssertionError, match="searched again"):
            _matrix(again, _IN_ANDORRA)
    again.dispose()


def test_drives_cut_anywhere_or_sealed_for_another_profile_are_searched_again(
    folder: Path, clock: ZoneClock, tmp_path: Path
) -> None:
    first = profile.open_database(folder, clock)
    before = _matrix(first, _IN_ANDORRA)
    first.dispose()
    whole = _kept(folder).read_bytes()
    other = profile.make(tmp_path / "other", clock, way="open")
    _matrix(other, _IN_ANDORRA)
    other.dispose()
    foreign = _kept(tmp_path / "other").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (b"", whole[:100], whole[: len(whole) // 2], whole[:-1], flipped, foreign):
        _kept(folder).write_bytes(bytes(content))
        again = profile.open_database(folder, clock)
        assert _matrix(again, _IN_ANDORRA) == before
        assert travel_rows.read_rows(again, travel.travel_of(again)._books.popitem()[1]._network)
        again.dispose()


def test_a_full_disk_and_a_killed_writer_cost_no_drive(
    folder: Path, clock: ZoneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = profile.open_database(folder, clock)
    before = _matrix(first, _IN_ANDORRA[:2])
    kept = _kept(folder).read_bytes()

    def full(*_args: object, **_more: object) -> None:
        raise DiskFull("full")

    with monkeypatch.context() as patch:
        patch.setattr(SealedFile, "add", full)
        assert _matrix(first, _IN_ANDORRA).leg(0, 1) == before.leg(0, 1)
    first.dispose()
    assert _kept(folder).read_bytes() == kept
    assert not list((folder / "maps").glob("*.new-*"))
    # A writer that was killed leaves its draft, which is in nobody's way and goes in time.
    old, fresh = (_kept(folder).with_name(f"travel-x.sealed.new-{n}") for n in (1, 2))
    old.write_bytes(kept[:500])
    fresh.write_bytes(kept[:500])
    os.utime(old, (1, 1))
    again = profile.open_database(folder, clock)
    assert _matrix(again, _IN_ANDORRA).leg(0, 1) == before.leg(0, 1)
    again.dispose()
    assert not old.exists()
    assert fresh.exists()


def test_several_programs_at_once_leave_drives_that_are_right(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.db.driving", str(folder)]
    programs = [subprocess.Popen([*command, str(seed)]) for seed in range(3)]
    try:
        assert [program.wait(120) for program in programs] == [0, 0, 0]
    finally:
        for program in programs:
            program.kill()
            program.wait()
    kept = [search_drives(folder, seed) for seed in range(3)]
    _kept(folder).unlink()
    assert [search_drives(folder, seed) for seed in range(3)] == kept
    assert not list((folder / "maps").glob("*.new-*"))


def test_places_nobody_asks_for_any_more_are_forgotten(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "_MOST_PLACES", 4)
    _matrix(opened, _IN_ANDORRA)
    digest = next(
        pack.facts.sha256
        for pack in region_packs.pack_files(opened.path.parent)
        if pack.facts.title == "Andorra"
    )
    _matrix(opened, [(42.5446, 1.7331), (42.4636, 1.4910)])
    kept = travel_rows.read_rows(opened, f"{digest}/{ROADS_FORMAT}")
    assert kept is not None
    assert len(kept.places) == 2


def test_the_planner_drives_on_roads_and_says_so(ws: Workspace) -> None:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        for n, row in enumerate(run("SELECT id FROM account ORDER BY id").all()):
            lat, lon = _IN_ANDORRA[n % 3]
            run("UPDATE account SET latitude = ?, longitude = ? WHERE id = ?",
                (lat + n * 1e-4, lon, row[0]))  # fmt: skip
    problem = read_problem(ws, ws.user.id, ws.today(), 7, Objective.MARGIN).problem
    assert not problem.travel.estimated


def test_a_map_is_added_used_replaced_and_removed(opened: Database, tmp_path: Path) -> None:
    folder = opened.path.parent
    points = [(50.0, 10.01), (50.1, 10.09)]
    assert _matrix(opened, points).estimated
    write_pack(square_town("Büttelborn & West", 30), tmp_path / "a.mappack")
    added = region_packs.add_pack(folder, tmp_path / "a.mappack")
    assert region_packs.is_prepared(folder, added)
    slow = _matrix(opened, points)
    assert not slow.estimated
    assert region_packs.add_pack(folder, tmp_path / "a.mappack").facts == added.facts
    write_pack(square_town("Büttelborn & West", 60), tmp_path / "a.mappack")
    newer = region_packs.add_pack(folder, tmp_path / "a.mappack")
    region_packs.remove_pack(folder, added.facts.sha256)
    fast = _matrix(opened, points)
    assert fast.minutes[1] == pytest.approx(slow.minutes[1] / 2, rel=0.01)
    region_packs.remove_pack(folder, newer.facts.sha256)
    assert _matrix(opened, points).estimated
    assert not [one for one in (folder / "maps").iterdir() if one.name.startswith("b")]
    with pytest.raises(NotFound):
        region_packs.remove_pack(folder, newer.facts.sha256)


def test_roads_of_an_older_version_are_no_preparation_and_made_anew(
    opened: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = opened.path.parent
    # What other tests of this process have made ready of the same map does not count.
    monkeypatch.setattr(region_packs, "_ready", OrderedDict())
    write_pack(square_town("Town", 30), tmp_path / "a.mappack")
    pack = region_packs.add_pack(folder, tmp_path / "a.mappack")
    roads = next((folder / "maps").glob("*.roads"))
    whole = roads.read_bytes()
    for bundled in region_packs.pack_files(folder):
        if bundled.bundled and bundled.facts.roads:
            region_packs.prepare_roads(folder, bundled)
    monkeypatch.setattr(region_packs, "_AT_ONCE_ROADS", 0)  # as a map of a whole country
    older = whole.replace(b"roads %d" % ROADS_FORMAT, b"roads %d" % (ROADS_FORMAT - 1), 1)
    before_lines = zstandard.ZstdCompressor().compress(b"arrays and no first line")
    other_pack = whole.replace(pack.facts.sha256.encode(), b"0" * 64, 1)
    for kept in (older, before_lines, other_pack, whole[:-1], b""):
        roads.write_bytes(kept)
        assert region_packs.unready_packs(folder) == (pack,)
        assert _matrix(opened, [(50.0, 10.01), (50.1, 10.09)]).estimated
    damaged = bytearray(whole)
    damaged[-20] ^= 0xFF
    roads.write_bytes(damaged)
    assert not region_packs.unready_packs(folder)  # its first line and its size are right
    assert _matrix(opened, [(50.0, 10.01), (50.1, 10.09)]).estimated
    assert region_packs.unready_packs(folder) == (pack,)
    region_packs.prepare_roads(folder, pack)
    assert roads.read_bytes() == whole
    assert not region_packs.unready_packs(folder)
    assert not _matrix(opened, [(50.0, 10.01), (50.1, 10.09)]).estimated


def test_a_full_disk_takes_no_map_and_keeps_what_is_there(
    opened: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = opened.path.parent
    write_pack(square_town("Town", 30), tmp_path / "a.mappack")
    write_pack(square_town("Town", 60), tmp_path / "b.mappack")
    first = region_packs.add_pack(folder, tmp_path / "a.mappack")
    before = {path: path.read_bytes() for path in (folder / "maps").iterdir()}
    for owner, name in ((Path, "write_bytes"), (shutil, "copyfile")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, _disk_is_full)
            with pytest.raises(DiskFull, match="cannot be written"):
                region_packs.add_pack(folder, tmp_path / "b.mappack")
        assert {path: path.read_bytes() for path in (folder / "maps").iterdir()} == before
    assert first in region_packs.pack_files(folder)
    left = folder / "maps" / ".export-killed"
    left.mkdir()
    (left / "half.mappack").write_bytes(b"x")
    os.utime(left, (1, 1))
    region_packs.add_pack(folder, tmp_path / "b.mappack")
    assert not left.exists()


def _disk_is_full(*_args: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_bad_file_is_not_taken_and_a_stopped_one_leaves_nothing(
    opened: Database, tmp_path: Path
) -> None:
    folder = opened.path.parent
    (tmp_path / "bad.mappack").write_bytes(b"no pack")
    with pytest.raises(UserError, match="not a map pack"):
        region_packs.add_pack(folder, tmp_path / "bad.mappack")
    with pytest.raises(NotFound):
        region_packs.add_pack(folder, tmp_path / "none.mappack")
    bundled = next(pack for pack in region_packs.pack_files(folder) if pack.facts.roads)
    with pytest.raises(NotFound):
        region_packs.remove_pack(folder, bundled.facts.sha256)

    def stop(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        region_packs.add_pack(folder, bundled.path, tell=stop)
    assert not list((folder / "maps").glob("*.mappack"))


def test_logged_trips_correct_minutes_within_bounds(ws: Workspace) -> None:
    usual = read_experience_of(ws)
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE visit SET mode = 'call'")
        one, two = (row[0] for row in run("SELECT id FROM account ORDER BY id LIMIT 2"))
        run("UPDATE account SET latitude = 42.5, longitude = 1.5 WHERE id = ?", (one,))
        run("UPDATE account SET latitude = 42.6, longitude = 1.5 WHERE id = ?", (two,))
        day = ws.today().isoformat()
        for n in range(12):
            for account, hour, road in ((one, 8, None), (two, 9, 22_000)):
                run(
                    "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at,"
                    " mode, travel_m) VALUES (randomblob(16), ?, ?, date(?, ?), ?, ?, 'person', ?)",
                    (
                        account, ws.user.id, day, f"-{n} days",
                        f"2026-01-{n + 1:02}T{hour:02}:00:00+00:00",
                        f"2026-01-{n + 1:02}T{hour:02}:15:00+00:00", road,
                    ),
                )  # fmt: skip
    known = read_experience_of(ws)
    assert known.trips == 12
    # 22 km for 11.1 in a straight line, 45 minutes for it: slower and longer than usual.
    assert 1.3 < known.speed.circuity < 1.98
    assert 1.1 < known.road_time <= 1.5
    assert usual.trips != 12


@pytest.mark.parametrize(
    ("trips", "counted"),
    [
        ([], 0),
        ([("08:00", "09:00", None)], 1),
        ([("08:00", "08:30", 14_000)] * 3, 3),
        ([("08:00", "09:00", 0)], 1),  # nobody noted it: only the minutes count
        ([("08:00", "09:00", 9_000_000)] * 3, 0),  # the odometer's reading, not the way
        ([("08:00", "09:00", -5)], 0),
        ([("08:00", "08:15", 13_000)] * 20, 0),  # there in no time: a clock was wrong
        ([("08:00", "07:00", 13_000)] * 3, 3),  # the clock says who came first
        ([("08:00", "23:00", 13_000)] * 3, 0),  # lunch, and whatever else
        ([("08:00", "no time", 13_000), ("08:00", "09:00+02", 13_000)], 0),
    ],
)
def test_absurd_trips_say_nothing(
    ws: Workspace, trips: list[tuple[str, str, int | None]], counted: int
) -> None:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE visit SET mode = 'call'")
        ends = [row[0] for row in run("SELECT id FROM account ORDER BY id LIMIT 2")]
        for account, latitude in zip(ends, (42.5, 42.6), strict=True):
            run("UPDATE account SET latitude = ?, longitude = 1.5 WHERE id = ?",
                (latitude, account))  # fmt: skip
        for n, (begin, end, metres) in enumerate(trips):
            for account, at, road in ((ends[0], begin, None), (ends[1], end, metres)):
                run(
                    "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at,"
                    " mode, travel_m) VALUES (randomblob(16), ?, ?, date(?, ?), ?, ?, 'person', ?)",
                    (
                        account, ws.user.id, ws.today().isoformat(), f"-{n} days",
                        f"2026-01-{n + 1:02}T{at}", f"2026-01-{n + 1:02}T{at[:2]}:15:00", road,
                    ),
                )  # fmt: skip
    known = read_experience_of(ws)
    assert known.trips == counted
    if not counted:
        assert known.speed == DEFAULT_SPEED
        assert known.road_time == 1.0
    assert 1.0 <= known.speed.circuity <= 1.5


def read_experience_of(ws: Workspace) -> Experience:
    with ws.database.read() as connection:
        return read_experience(connection, ws.user.id, ws.today())

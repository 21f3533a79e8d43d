"""The plan in other programs: calendars that follow it, route sheets, the command line."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from icalendar import Calendar

from crmdesk.services import appointments, plan_export, plans
from crmdesk.services.documents import Wanted, document_sheet
from crmdesk.services.plan_export import announce, instant_of, route_days
from crmdesk.services.workspace import Workspace
from tests.gui.copied_company import ws
from tests.gui.desk_company import TODAY
from tests.gui.plan_stage import template
from tests.in_process import program_in_process

__all__ = ["template", "ws"]

FRIDAY = TODAY + timedelta(days=3)


def events(content: bytes) -> dict[str, int]:
    return {str(e["UID"]): e["SEQUENCE"] for e in Calendar.from_ical(content).walk("VEVENT")}


def waiting(ws: Workspace) -> list[tuple[int, str]]:
    with ws.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, uid FROM planned_visit WHERE date > ? AND date <= ? AND status = 'planned'"
            " AND NOT locked ORDER BY id",
            (TODAY.isoformat(), FRIDAY.isoformat()),
        ).all()
    return [(int(key), f"{UUID(bytes=uid)}@crmdesk") for key, uid in rows]


def test_a_calendar_follows_the_plan(ws: Workspace) -> None:
    first = announce(ws, TODAY, FRIDAY)
    known = events(first.published)
    assert len(known) == first.events > 10
    assert set(known.values()) == {0}
    assert first.cancelled == b""
    again = announce(ws, TODAY, FRIDAY)
    assert events(again.published) == known
    assert not again.changes.touched

    (moved, moved_uid), (dropped, dropped_uid), *_rest = waiting(ws)
    appointments.agree_hour(ws, moved, FRIDAY + timedelta(days=4), 600)  # outside of the days
    plans.drop_visit(ws, dropped)
    third = announce(ws, TODAY, FRIDAY)
    published = events(third.published)
    assert published[moved_uid] == 1
    assert dropped_uid not in published
    assert events(third.cancelled) == {dropped_uid: 1}
    assert third.cancellations == 1
    called_off = Calendar.from_ical(third.cancelled)
    assert called_off["METHOD"] == "CANCEL"
    assert [e["STATUS"] for e in called_off.walk("VEVENT")] == ["CANCELLED"]
    assert Calendar.from_ical(third.published)["METHOD"] == "PUBLISH"
    fourth = announce(ws, TODAY, FRIDAY)
    assert events(fourth.published) == published
    assert events(fourth.cancelled) == {dropped_uid: 1}
    appointments.withdraw_hour(ws, moved)
    plans.move_visit(ws, moved, FRIDAY, 1)
    assert events(announce(ws, TODAY, FRIDAY).published)[moved_uid] == 2


def test_a_visit_handed_to_somebody_else_is_called_off(ws: Workspace) -> None:
    announce(ws, TODAY, FRIDAY)
    key, uid = waiting(ws)[0]
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO app_user (id, uid, code, name) VALUES (99, randomblob(16), 'R9', 'Other')"
        )
        connection.exec_driver_sql("UPDATE planned_visit SET user_id = 99 WHERE id = ?", (key,))
    for _turn in range(2):
        assert events(announce(ws, TODAY, FRIDAY).cancelled) == {uid: 1}


def test_hours_are_those_of_the_wall_clock(ws: Workspace) -> None:
    assert instant_of(ws, TODAY, 540).isoformat() == "2026-11-24T08:00:00+00:00"
    summer = TODAY.replace(month=7)
    assert instant_of(ws, summer, 540).isoformat() == "2026-07-24T07:00:00+00:00"


def test_routes_begin_and_end_where_the_day_does(ws: Workspace) -> None:
    today, *_others = route_days(ws, TODAY, FRIDAY)
    assert today.start == today.end == ws.user.home
    assert today.start_name == "Home"
    assert len(today.points) == len(today.drives) + 2
    assert plan_export.gpx_file(ws, (today,)).startswith(b"<?xml")


def test_the_route_sheet_says_the_day(ws: Workspace) -> None:
    sheet = document_sheet(ws, Wanted("route", ws.user.id, TODAY))
    text = json.dumps([str(piece) for piece in sheet.pieces], ensure_ascii=False)
    assert sheet.stem.startswith("Route-")
    assert "Бакалея Иванов" in text
    assert "SKU" in text
    empty = document_sheet(ws, Wanted("route", ws.user.id, TODAY + timedelta(days=40)))
    assert "No visits on this day." in str(empty.pieces)


def command(ws: Workspace, *arguments: str) -> list[str]:
    return [
        "--profile", str(ws.folder), "plan", "export", "--from", TODAY.isoformat(), "--days", "4",
        *arguments,
    ]  # fmt: skip


def test_the_command_line_writes_them_all(
    ws: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ws.close()
    run = program_in_process(capsys, monkeypatch)
    for name, begin in (("p.ics", b"BEGIN:VCALENDAR"), ("p.gpx", b"<?xml"), ("p.kml", b"<?xml")):
        done = run(*command(ws, "--out", str(tmp_path / name)))
        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / name).read_bytes().startswith(begin)
    links = run(*command(ws, "--format", "links", "--program", "osm"))
    assert links.returncode == 0
    assert "https://www.openstreetmap.org/directions" in links.stdout
    for wrong in ((), ("--out", str(tmp_path / "p.doc")), ("--format", "links", "--stops", "1")):
        done = run(*command(ws, *wrong))
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1


def test_pages_are_written_by_a_program_without_a_window(ws: Workspace, tmp_path: Path) -> None:
    ws.close()
    pdf = subprocess.run(
        [sys.executable, "-m", "crmdesk",
         *command(ws, "--format", "pdf", "--out", str(tmp_path / "days"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (pdf.returncode, pdf.stderr) == (0, "")
    assert len(list((tmp_path / "days").glob("*.pdf"))) == 4

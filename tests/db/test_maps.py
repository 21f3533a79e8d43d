"""Maps in the hands of a person: made, listed, published, removed; places judged and corrected."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmdesk.domain.errors import Cancelled, FieldError, NotFound, UserError
from crmdesk.services import maps, plans, undo
from crmdesk.services.appointments import agree_hour
from crmdesk.services.map_building import build_region
from crmdesk.services.pins import place_pin
from crmdesk.services.queries.customer_header import read_header
from crmdesk.services.queries.lists import reading
from crmdesk.services.queries.lists.registry import list_named
from crmdesk.services.queries.locations import PlaceProblem, place_quality
from crmdesk.services.queries.maps import MapState, maps_page
from crmdesk.services.region_packs import pack_files
from crmdesk.services.workspace import Workspace, workspace_of
from tests.db.commands import Run, run
from tests.db.conftest import instant
from tests.unit.towns import TOWN

__all__ = ["run"]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    pytest.importorskip("osmium")
    path = tmp_path / "town.osm"
    path.write_text(TOWN, "utf-8")
    return path


def _as(ws: Workspace, role: str) -> Workspace:
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE app_user SET role = ? WHERE id = ?", (role, ws.user.id))
    return workspace_of(ws.folder, ws.database, instant)


def test_a_map_is_built_listed_published_and_removed_by_command(
    run: Run, ws: Workspace, town: Path, tmp_path: Path
) -> None:
    built = run("map", "build", town, "--title", "Vila", "--json")
    assert (built.code, built.document["title"], built.document["roads"]) == (0, "Vila", 4)
    assert run("map", "build", town, "--out", tmp_path / "v.mappack").code == 0
    assert run("map", "add", tmp_path / "v.mappack").code == 0
    listed = run("map", "list", "--json").document["maps"]
    assert {"Andorra", "Vila", "Town"} <= {row["title"] for row in listed}
    assert run("map", "publish", "Vila").code == 2  # a rep
    _as(ws, "office")
    assert run("map", "publish", "vila").code == 0
    assert run("map", "publish", "vila").code == 2  # once is enough
    assert run("map", "publish", "Andorra").code == 2
    assert run("map", "withdraw", "Vila").code == 0
    assert run("map", "remove", "Vila").code == 0
    assert run("map", "remove", "Vila").code == 2
    assert run("map", "remove", "Andorra").code == 2
    assert run("map", "build", tmp_path / "none.osm.pbf").code == 2


def test_a_map_is_made_in_a_process_of_its_own_and_can_be_stopped(
    ws: Workspace, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[str] = []
    made = build_region(
        ws.folder, town, "Vila", tell=lambda stage, _d, _n: stages.append(stage),
        on_cancel=lambda _stop: None,
    )  # fmt: skip
    assert made.facts.title == "Vila"
    assert list(dict.fromkeys(stages)) == ["reading", "roads", "levels", "writing"] or stages == []
    assert stages[:1] == ["reading"]
    before = pack_files(ws.folder)

    def at_once(stop: Callable[[], None]) -> None:
        stop()

    with pytest.raises(Cancelled):
        build_region(
            ws.folder, town, "Other", tell=lambda _s, _d, _n: None, on_cancel=at_once
        )  # fmt: skip
    assert pack_files(ws.folder) == before
    town.write_text("nothing", "utf-8")
    with pytest.raises(UserError, match="damaged"):
        build_region(
            ws.folder, town, "Bad", tell=lambda _s, _d, _n: None, on_cancel=lambda _s: None
        )


def test_memory_is_bounded_in_that_process() -> None:
    pytest.importorskip("resource")
    code = (
        "from crmdesk.services.map_building import bound_memory\n"
        "bound_memory(400 << 20)\n"
        "try:\n    b = bytearray(900 << 20)\nexcept MemoryError:\n    print('bounded')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "bounded"


def test_publishing_can_be_taken_back_and_only_the_office_does_it(
    ws: Workspace, town: Path
) -> None:
    made = build_region(
        ws.folder, town, "Vila", tell=lambda _s, _d, _n: None, on_cancel=lambda _s: None
    )
    with pytest.raises(UserError, match="office"):
        maps.publish_pack(ws, made)
    office = _as(ws, "admin")
    changes = maps.publish_pack(office, made, note="autumn")
    row = next(row for row in maps_page(office).rows if row.title == "Vila")
    assert (row.state, row.published_id is not None, row.sending) == (MapState.HERE, True, True)
    assert changes.undo is not None
    undo.undo(office, changes.undo)
    row = next(row for row in maps_page(office).rows if row.title == "Vila")
    assert row.published_id is None
    with pytest.raises(NotFound):
        maps.withdraw_pack(office, 99)


def test_places_are_judged_and_a_pin_puts_one_right(run: Run, ws: Workspace) -> None:
    with ws.database.write() as tx:
        do = tx.connection.exec_driver_sql
        do("UPDATE account SET location_quality = 'address'")
        keys = [row[0] for row in do("SELECT id FROM account ORDER BY id")]
        for n, key in enumerate(keys):
            do("UPDATE account SET latitude = ?, longitude = ? WHERE id = ?",
               (42.5075 + n * 3e-4, 1.5218, key))  # fmt: skip
        do("UPDATE account SET latitude = NULL WHERE id = ?", (keys[0],))
        do("UPDATE account SET location_quality = 'postcode' WHERE id = ?", (keys[1],))
        do("UPDATE account SET latitude = 42.655, longitude = 1.43 WHERE id = ?", (keys[2],))
    found = place_quality(ws)
    problems = {row.account_id: row.problem for row in found.rows}
    assert problems[keys[0]] is PlaceProblem.NONE
    assert problems[keys[1]] is PlaceProblem.POSTCODE
    assert found.good == found.customers - len(found.rows)
    code = next(row.code for row in found.rows if row.account_id == keys[0])
    assert run("map", "quality").code == 1
    assert run("map", "pin", code, "42.5", "1.5").code == 0
    assert run("map", "pin", code, "95", "1.5").code == 2
    assert run("map", "pin", "nobody", "42.5", "1.5").code == 2
    assert keys[0] not in {row.account_id for row in place_quality(ws).rows}


def test_places_that_are_mistakes_are_named_with_their_reason(ws: Workspace) -> None:
    with ws.database.write() as tx:
        do = tx.connection.exec_driver_sql
        do("UPDATE account SET location_quality = 'address'")
        keys = [row[0] for row in do("SELECT id FROM account ORDER BY id")]
        lonely = do("INSERT INTO territory (uid, code, name) VALUES (randomblob(16), 'L', 'L')"
                    " RETURNING id").scalar_one()  # fmt: skip
        odd = {0: (0.0, 0.0), 1: (1.5218, 42.5075), 2: (42.5, -1.5218 - 20), 3: (36.0, -20.0)}
        for n, key in enumerate(keys):
            lat, lon = odd.get(n, (42.5075 + n * 3e-4, 1.5218 + n * 3e-4))
            do("UPDATE account SET latitude = ?, longitude = ? WHERE id = ?", (lat, lon, key))
        do("UPDATE account SET territory_id = ? WHERE id = ?", (lonely, keys[3]))
    rows = {row.account_id: row for row in place_quality(ws).rows}
    assert [rows[key].problem for key in keys[:4]] == [
        PlaceProblem.ZERO, PlaceProblem.SWAPPED, PlaceProblem.OUTLIER, PlaceProblem.OUTLIER
    ]  # fmt: skip
    assert rows[keys[2]].km > 1_000
    assert rows[keys[3]].km > 1_500  # one alone in a territory is judged by everybody
    assert not set(keys[4:]) & {key for key, row in rows.items() if row.km > 100}
    place_pin(ws, keys[2], 42.5, -21.5)  # whoever put it there knows
    assert keys[2] not in {
        row.account_id for row in place_quality(ws).rows if row.problem is PlaceProblem.OUTLIER
    }


def test_the_card_and_the_list_know_a_place_that_is_not_exact(ws: Workspace) -> None:
    places = {
        1: (42.5, 1.5, "pin"), 2: (42.5, 1.5, "address"), 3: (42.5, 1.5, "town"),
        4: (0.0, 0.0, "address"), 5: (None, None, None), 6: (42.5, 1.5, None),
    }  # fmt: skip
    with ws.database.write() as tx:
        for key, values in places.items():
            tx.connection.exec_driver_sql(
                "UPDATE account SET latitude = ?, longitude = ?, location_quality = ?"
                " WHERE id = ?", (*values, key),
            )  # fmt: skip
    with ws.database.read() as connection:
        known = {key: read_header(connection, key, ws.today()).place_known for key in places}
    assert known == {1: True, 2: True, 3: False, 4: False, 5: False, 6: True}
    spec = list_named("customers")
    rows = reading.rows_of(ws, spec, list(places))
    assert [rows[key].values["place"] for key in places] == [
        "pin", "address", "postcode", "none", "none", "address"
    ]  # fmt: skip


def test_a_pin_is_journalled_and_undone(ws: Workspace) -> None:
    before = _place(ws)
    changes = place_pin(ws, 1, 42.51234567, 1.5)
    assert _place(ws) == (42.512346, 1.5, "pin")
    assert place_pin(ws, 1, 42.51234567, 1.5).undo is None
    assert changes.undo is not None
    undo.undo(ws, changes.undo)
    assert _place(ws) == before
    for wrong in ((float("nan"), 1.0), (89.0, 1.0), (0.0, 0.0), (1.0, 181.0)):
        with pytest.raises(UserError):
            place_pin(ws, 1, *wrong)


def _place(ws: Workspace) -> tuple[float, float, str]:
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT latitude, longitude, location_quality FROM account WHERE id = 1"
        ).one()
    return row[0], row[1], row[2]


def test_a_customer_known_by_its_postcode_is_promised_no_tight_window(ws: Workspace) -> None:
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE account SET location_quality = 'postcode' WHERE id = 1")
    visit = max(plans.add_visit(ws, 1, ws.today()).touched["planned_visit"])
    for first, last in ((600, None), (600, 719)):
        with pytest.raises(FieldError, match="postcode"):
            agree_hour(ws, visit, ws.today(), first, last)
    assert agree_hour(ws, visit, ws.today(), 600, 720).undo is not None
    place_pin(ws, 1, 42.5075, 1.5218)
    assert agree_hour(ws, visit, ws.today(), 600).undo is not None

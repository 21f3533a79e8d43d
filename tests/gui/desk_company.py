"""A small company in a profile of its own: what the plan and reorder places are tested on.

Forty customers at real addresses of Andorra, twelve products in packs, sales with a rhythm per
customer and product, and one week's plan of one rep. Deterministic.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import Connection

from crmdesk.demo.geography import Place, places
from crmdesk.domain.ids import new_uid
from crmdesk.services.workspace import NewCompany, Workspace, start_alone, workspace_of
from crmdesk.storage import summaries
from crmdesk.storage.types import dump_json

TODAY = date(2026, 11, 24)  # a Tuesday
NOW = datetime(2026, 11, 24, 8, 52, tzinfo=UTC)
CUSTOMERS = 40
NAMES = (
    "Ultramarinos La Perla", "Бакалея Иванов", "Panadería Torres", "Supermercado Las Fuentes",
    "Droguería Hnos. Cobo", "Bar El Parque", "Casa Rural Las Rosas", "Autoservicio Lago",
)  # fmt: skip
PRODUCTS = (
    "Lejía Blancol 2 L", "Tomate frito Huerta Real 400 g", "Aceite oliva La Alquería 1 L",
    "Garbanzo Sierra Sur 570 g", "Papel cocina Lavamar 3 rollos", "Гречка Алтай 900 g",
    "Leche Campiña 1 L", "Café molido Alcor 250 g", "Servilletas Lavamar 40×40",
    "Harina Molino Viejo 25 kg", "Detergente Lavamar 3 L", "Queso curado Los Pedroches 3 kg",
)  # fmt: skip
SHOP = [[[540, 840], [1050, 1230]]] * 5 + [[[540, 840]], []]
WEEK = {
    "days": [[[510, 1110]]] * 4 + [[[510, 960]], [], []],
    "lunch": [780, 930, 75],
    "max_km": 280,
}


def make_company(folder: Path, *, lines_per_customer: int = 6) -> Workspace:
    """Make the profile and open it on the morning of ``TODAY``."""
    ws = start_alone(
        folder,
        lambda: NOW,
        NewCompany("Distribuciones Subbética", "Rocío Almagro", time_zone="Europe/Andorra"),
        way="open",
    )
    with ws.database.maintenance() as connection:
        _fill(connection, lines_per_customer)
    with ws.database.maintenance() as connection:
        summaries.rebuild(connection, TODAY)
    return workspace_of(folder, ws.database, lambda: NOW)


def _fill(connection: Connection, lines_per_customer: int) -> None:
    run = connection.exec_driver_sql
    run("UPDATE sync_state SET applying = 1 WHERE id = 1")
    run(
        "UPDATE app_user SET role = 'rep', working_week = ?",
        (dump_json(WEEK),),
    )
    run(
        "INSERT INTO home_base (uid, user_id, latitude, longitude)"
        " SELECT ?, id, 42.4637, 1.4914 FROM app_user",
        (new_uid(),),
    )
    for code, days, virtual in (("A", 7, 0), ("B", 14, 0), ("C", 28, 1)):
        run(
            "INSERT INTO attention_model (uid, code, name, interval_days, virtual_between,"
            " visit_minutes) VALUES (?, ?, ?, ?, ?, 25)",
            (new_uid(), code, f"Model {code}", days, virtual),
        )
    _products(connection)
    rng = Random(5)
    every = places("AD")
    for number in range(1, CUSTOMERS + 1):
        _customer(connection, rng, number, every[number * len(every) // (CUSTOMERS + 1)])
        _sales(connection, rng, number, lines_per_customer)
        _last_visit(connection, rng, number)
    _plan(connection, rng)
    run("DELETE FROM dirty")
    run("UPDATE sync_state SET applying = 0 WHERE id = 1")


def _products(connection: Connection) -> None:
    run = connection.exec_driver_sql
    for key, name in enumerate(PRODUCTS, 1):
        run(
            "INSERT INTO product (id, uid, sku, name) VALUES (?, ?, ?, ?)",
            (key, new_uid(), f"SKU-{key:03}", name),
        )
        for unit, factor in (("EA", 1), ("CS", 12), ("BU", 144))[: 2 + key % 2]:
            run(
                "INSERT INTO packaging (uid, product_id, unit, factor) VALUES (?, ?, ?, ?)",
                (new_uid(), key, unit, factor),
            )
        run(
            "INSERT INTO cost_version (uid, product_id, cost_e4, valid_from)"
            " VALUES (?, ?, ?, '2020-01-01')",
            (new_uid(), key, 9_000 + key * 700),
        )
        run(
            "INSERT INTO price_rule (uid, price_list_id, product_id, price_e4, valid_from)"
            " SELECT ?, id, ?, ?, '2020-01-01' FROM price_list",
            (new_uid(), key, 15_000 + key * 1_000),
        )


def _customer(connection: Connection, rng: Random, number: int, place: Place) -> None:
    name = f"{NAMES[number % len(NAMES)]} {number}" if number >= len(NAMES) else NAMES[number]
    connection.exec_driver_sql(
        "INSERT INTO account (id, uid, code, name, street, city, postcode, region, country,"
        " latitude, longitude, opening_hours, visit_minutes, attention_model_id, usual_weekday,"
        " territory_id, acquired_on) SELECT ?,?,?,?,?,?,?,?,?,?,?,?,25, m.id, ?, t.id,"
        " '2024-01-08' FROM territory t, attention_model m WHERE m.code = ?",
        (
            number, new_uid(), f"C{number:04}", name, place.street, place.town, place.postcode,
            place.region, "AD", place.latitude, place.longitude, dump_json(SHOP),
            rng.randrange(5), rng.choice("ABC"),
        ),
    )  # fmt: skip


def _sales(connection: Connection, rng: Random, account: int, lines: int) -> None:
    run = connection.exec_driver_sql
    bought: dict[date, list[tuple[int, int]]] = {}
    for product in rng.sample(range(1, len(PRODUCTS) + 1), min(lines, len(PRODUCTS))):
        gap, packs = rng.choice((7, 10, 14, 21, 28)), rng.randint(1, 5)
        stop = TODAY - timedelta(days=rng.choice((0, 0, 0, 0, 60, 150)))
        day = TODAY - timedelta(days=500 + rng.randrange(gap))
        while day < stop:
            if day.weekday() < 5:
                bought.setdefault(day, []).append((product, packs))
            day += timedelta(days=max(2, round(rng.gauss(gap, gap * 0.15))))
    for day in sorted(bought):
        sale = run(
            "INSERT INTO sale (uid, account_id, kind, date, document, currency)"
            " VALUES (?, ?, 'sale', ?, ?, 'EUR') RETURNING id",
            (new_uid(), account, day.isoformat(), f"D{account}-{day:%y%m%d}"),
        ).scalar_one()
        for position, (product, packs) in enumerate(bought[day], 1):
            units = packs * 12
            run(
                "INSERT INTO sale_line (parent_id, position, product_id, packaging_id, quantity,"
                " factor, base_quantity, net_minor, cost_minor) SELECT ?, ?, ?, id, ?, 12, ?, ?, ?"
                " FROM packaging WHERE product_id = ? AND unit = 'CS'",
                (
                    sale, position, product, packs, units, units * (150 + product * 10),
                    units * (90 + product * 7), product,
                ),
            )  # fmt: skip


def _last_visit(connection: Connection, rng: Random, account: int) -> None:
    day = TODAY - timedelta(days=rng.randint(4, 30))
    connection.exec_driver_sql(
        "INSERT INTO visit (uid, account_id, user_id, date, started_at, ended_at, mode, outcome)"
        " SELECT ?, ?, id, ?, ?, ?, 'person', 'order' FROM app_user",
        (
            new_uid(), account, day.isoformat(), f"{day}T09:00:00.000000Z",
            f"{day}T09:30:00.000000Z",
        ),
    )  # fmt: skip


def _plan(connection: Connection, rng: Random) -> None:
    """Five days from Monday with five stops each; Monday is done, one of them was closed."""
    monday = TODAY - timedelta(days=TODAY.weekday())
    accounts = rng.sample(range(1, CUSTOMERS + 1), 25)
    for index, account in enumerate(accounts):
        day, place = monday + timedelta(days=index // 5), index % 5
        status = "planned"
        if day < TODAY:
            status = "closed" if place == 3 else "done"
        elif day == TODAY and place == 0:
            status = "done"
        connection.exec_driver_sql(
            "INSERT INTO planned_visit (uid, account_id, user_id, date, sequence, status,"
            " start_minute, minutes, locked, expected_margin_minor, expected_net_minor, leg_m,"
            " leg_minutes) SELECT ?, ?, id, ?, ?, ?, ?, 25, ?, ?, ?, 4200, 9 FROM app_user",
            (
                new_uid(), account, day.isoformat(), place + 1, status,
                540 + place * 55 + (110 if place == 4 else 0), int(index in (7, 12)),
                rng.randint(900, 9000), rng.randint(9000, 30000),
            ),
        )  # fmt: skip

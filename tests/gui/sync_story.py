"""A profile with a history of syncing: something waits, something was refused, two collided."""

from __future__ import annotations

from datetime import timedelta

from crmdesk.domain.clock import format_instant
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import VisitOutcome
from crmdesk.services import visits
from crmdesk.services.workspace import Workspace
from crmdesk.storage.profile import set_fact
from crmdesk.storage.types import dump_json
from crmdesk.sync import facts

SHOP = [[[540, 840], [1050, 1230]]] * 5 + [[[540, 840]], []]
SHORT = [[[420, 900]], [], *([[[420, 900]]] * 3), [[540, 840]], []]

SENTENCE = (
    "HQ raised Aceite oliva La Alquería 1 L from 7.95 to 8.20 on Mon 12:00, before the order"
    " arrived. Nothing was booked."
)


def tell(ws: Workspace) -> None:
    """Write the story: four waiting changes, a refused order, two conflicts, three rounds."""
    now = ws.now()

    def ago(**span: float) -> str:
        return format_instant(now - timedelta(**span))

    with ws.database.read() as connection:
        accounts = connection.exec_driver_sql(
            "SELECT id, uid FROM account ORDER BY id LIMIT 4"
        ).all()
        order = connection.exec_driver_sql("SELECT uid FROM sales_order LIMIT 1").scalar()
    started = visits.start_visit(ws, accounts[0][0])
    visits.finish_visit(ws, started.visit_id, VisitOutcome.ABSENT)
    visits.add_note(ws, accounts[1][0], "Ask for Antonio after ten.")
    visits.add_note(ws, accounts[2][0], "New fridge in March.")
    visits.add_promise(ws, accounts[1][0], "Bring the Lavamar sample", ws.today())
    with ws.database.maintenance() as connection:
        run = connection.exec_driver_sql
        for key, value in (
            (facts.URL, "https://hq.example"), (facts.DEVICE, "01" * 16), (facts.KEY, "k"),
            (facts.LAST_SYNC, ago(hours=15, minutes=50)), (facts.LAST_RESULT, "Unreachable"),
            (facts.OFFSET_MS, "-2000"),
        ):  # fmt: skip
            set_fact(connection, key, value)
        insert_conflict = (
            "INSERT INTO conflict (entity, uid, field, base, mine, theirs, kept, kind, theirs_by,"
            " theirs_at, at) VALUES ('account', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        run(
            insert_conflict,
            (accounts[1][1], "opening_hours", dump_json(SHOP), dump_json(SHORT),
             dump_json([[[390, 990]]] * 6 + [[]]), "mine", "field", "Inés Pardo, office",
             ago(hours=19), ago(hours=15)),
        )  # fmt: skip
        run(
            insert_conflict,
            (accounts[1][1], "visit_minutes", "20", "15", "25", "theirs", "field",
             "Inés Pardo, office", ago(hours=18), ago(hours=15)),
        )  # fmt: skip
        run(
            insert_conflict,
            (accounts[2][1], "credit_limit_minor", "120000", "200000", "150000", "theirs",
             "proposal", "Office", ago(hours=24), ago(hours=16)),
        )  # fmt: skip
        uid = accounts[3][1] if order is None else order
        run(
            "INSERT INTO refusal (seq, txn, entity, uid, code, sentence, at) VALUES"
            " (1, 1, ?, ?, 'price', ?, ?)",
            (
                "account" if order is None else "order", uid,
                SENTENCE,
                ago(hours=14),
            ),
        )  # fmt: skip
        for hours, result, sent, received in (
            (38.0, "done", 4, 96), (20.6, "Cancelled", 0, 1902), (15.8, "done", 37, 214),
            (1.4, "Unreachable", 0, 0),
        ):  # fmt: skip
            run(
                "INSERT INTO sync_session (started_at, seconds, result, sent, received) VALUES"
                " (?, ?, ?, ?, ?)",
                (ago(hours=hours), 1.2, result, sent, received),
            )


def tell_all(ws: Workspace) -> None:
    """The story with every kind of card: prices, a handover, an answer, and proposals to decide."""
    tell(ws)
    now = ws.now()

    def ago(**span: float) -> str:
        return format_instant(now - timedelta(**span))

    with ws.database.write(applying=True) as tx:
        run = tx.connection.exec_driver_sql
        (one, uid_one), (_two, uid_two), (_three, uid_three) = run(
            "SELECT id, uid FROM account ORDER BY id DESC LIMIT 3"
        ).all()
        order = run("SELECT uid FROM sales_order ORDER BY id DESC LIMIT 1").scalar_one()
        other = run("SELECT id FROM app_user WHERE id <> ? LIMIT 1", (ws.user.id,)).scalar_one()
        for line, sku, mine, theirs in ((1, "OIL-1L", 79500, 82000), (4, "TUNA-80", 12500, 13100)):
            run(
                "INSERT INTO conflict (entity, uid, field, base, mine, theirs, kept, kind, at)"
                " VALUES ('order', ?, 'net_price_e4', ?, ?, ?, 'mine', 'price', ?)",
                (order, dump_json({"line": line, "sku": sku}), str(mine), str(theirs),
                 ago(hours=15.5)),
            )  # fmt: skip
        run(
            "INSERT INTO handover (uid, account_id, user_id, kind, text, content, at)"
            " VALUES (?, ?, ?, 'refused', ?, ?, ?)",
            (new_uid(), one, other,
             "Written by the former owner before the customer moved; it was not taken over.",
             dump_json([{"entity": "note", "uid": "00" * 16, "op": "I",
                         "fields": {"text": [None, "Ask for Antonio after ten."]}},
                        {"entity": "account", "uid": "00" * 16, "op": "U",
                         "fields": {"visit_minutes": [20, 25]}}]), ago(hours=17)),
        )  # fmt: skip
        for uid, field, current, proposed, status, answer in (
            (uid_one, "credit_limit_minor", 120000, 200000, "open", None),
            (uid_two, "payment_terms_days", 30, 60, "open", None),
            (uid_three, "payment_terms_days", 30, 45, "dismissed", "Pays late already."),
        ):
            run(
                "INSERT INTO proposal (uid, user_id, kind, entity, row_uid, account_uid, field,"
                " current, proposed, at, status, answer, decided_by_id, decided_at)"
                " VALUES (?, ?, 'field', 'account', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (new_uid(), ws.user.id, uid, uid, field, str(current), str(proposed),
                 ago(hours=40), status, answer, other if answer else None,
                 ago(hours=13) if answer else None),
            )  # fmt: skip
        run(
            "INSERT INTO proposal (uid, user_id, kind, entity, row_uid, account_uid, field,"
            " current, proposed, at) VALUES (?, ?, 'price', 'order', ?, ?, 'net_price_e4', ?, ?,"
            " ?)",
            (new_uid(), other, order, uid_two,
             dump_json([{"line": 1, "sku": "OIL-1L", "price_e4": 82000},
                        {"line": 4, "sku": "TUNA-80", "price_e4": 13100}]),
             dump_json([{"line": 1, "sku": "OIL-1L", "price_e4": 79500},
                        {"line": 4, "sku": "TUNA-80", "price_e4": 12500}]), ago(hours=16)),
        )  # fmt: skip
    with ws.database.write(applying=True) as tx:
        for digest, name in (("a" * 64, "shelf.jpg"), ("b" * 64, "fridge.jpg")):
            tx.connection.exec_driver_sql(
                "INSERT INTO attachment (uid, account_id, name, mime, size, sha256, taken_at)"
                " VALUES (?, ?, ?, 'image/jpeg', 3100000, ?, ?)",
                (new_uid(), one, name, digest, ago(hours=14.5)),
            )
    with ws.database.maintenance() as connection:
        for digest, state, done, problem in (
            ("a" * 64, "refused", 0, "HQ keeps at most 2 GB of files of one person."),
            ("b" * 64, "waiting", 1200000, None),
        ):
            connection.exec_driver_sql(
                "INSERT INTO transfer (sha256, direction, size, done, state, problem, asked_at)"
                " VALUES (?, 'up', 3100000, ?, ?, ?, ?)",
                (digest, done, state, problem, ago(hours=14.5)),
            )
        connection.exec_driver_sql(
            "INSERT INTO sync_session (started_at, seconds, result, sent, received, bytes_in,"
            " bytes_out, healed, way) VALUES (?, 2.4, 'done', 52, 31, 48211, 9120, 1, 'file')",
            (ago(hours=0.4),),
        )

"""What people do in a history, as the smallest steps that exercise a rule of sync.

Every action gets the world, a laptop and three small numbers that choose among what is there. It
may raise UserError or IntegrityError where the laptop itself does not allow it; it never talks to
HQ. Steps of HQ's own administrator are :data:`HQ_ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmdesk.domain.errors import UserError
from crmdesk.domain.ids import new_uid
from crmdesk.hq.administration import admin
from crmdesk.hq.exchange import editing
from crmdesk.storage import capture
from tests.sync import company
from tests.sync.world import Finding, Peer, World

Action = Callable[[World, Peer, int, int, int], None]

_VALUES = ("bar", "hotel", "Ñandú 'quoted'", None, "日本", 'back\\slash "x"\ttab')
_ACCOUNT_TEXTS = ("channel", "description", "segment", "city", "name", "street")
_AT, _DATE = "2026-11-20T08:00:00.000Z", "2026-11-20"


def _pick(peer: Peer, query: str, which: int, *parameters: object) -> Any:
    """One of the rows a query finds; UserError when there is none to choose from."""
    rows = peer.rows(query, *parameters)
    if not rows:
        raise UserError("there is nothing to choose from")
    return rows[which % len(rows)][0]


def _account(peer: Peer, which: int) -> int:
    return int(_pick(peer, "SELECT id FROM account ORDER BY code, uid", which))


def _user(peer: Peer) -> int:
    return int(peer.one("SELECT id FROM app_user WHERE code = ?", peer.user))


def edit_account(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A shared field of a customer."""
    column, value = _ACCOUNT_TEXTS[b % len(_ACCOUNT_TEXTS)], _VALUES[c % len(_VALUES)]
    if column == "name" and value is None:
        value = "nameless"
    peer.run(f'UPDATE account SET "{column}" = ? WHERE id = ?', value, _account(peer, a))


def edit_terms(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A field that HQ owns: the office's word, a rep's proposal; with a shared one beside it."""
    column = ("payment_terms_days", "credit_limit_minor", "minimum_order_minor")[b % 3]
    peer.run(
        f"UPDATE account SET {column} = ?, segment = ? WHERE id = ?",
        30 + c, f"s{c % 2}", _account(peer, a),
    )  # fmt: skip


def edit_contact(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A field of a person."""
    row = _pick(peer, "SELECT id FROM contact ORDER BY uid", a)
    column = ("job", "note", "best_time")[b % 3]
    peer.run(f"UPDATE contact SET {column} = ? WHERE id = ?", _VALUES[c % len(_VALUES)], row)


def add_contact(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A person, sometimes with a telephone in the same step."""
    account, uid = _account(peer, a), new_uid()
    with peer.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("INSERT INTO contact (uid, account_id, name) VALUES (?, ?, ?)",
            (uid, account, f"Person {b}"))  # fmt: skip
        if c % 2:
            run(
                "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
                " SELECT ?, account_id, id, 'phone', ? FROM contact WHERE uid = ?",
                (new_uid(), f"+34 600 {b:03d}", uid),
            )


def add_telephone(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A telephone of a person who may be deleted elsewhere."""
    row = _pick(peer, "SELECT id FROM contact ORDER BY uid", a)
    peer.run(
        "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
        " SELECT ?, account_id, id, 'phone', ? FROM contact WHERE id = ?",
        new_uid(), f"+34 700 {b:03d}", row,
    )  # fmt: skip


def delete_row(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """Something that may be deleted, and perhaps has been edited elsewhere."""
    name = ("contact", "contact_point", "planned_visit", "account_product", "lead")[b % 5]
    row = _pick(peer, f"SELECT id FROM {name} ORDER BY uid", a)
    peer.run(f"DELETE FROM {name} WHERE id = ?", row)


def add_note(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A note: only added, never changed."""
    peer.run(
        "INSERT INTO note (uid, account_id, user_id, text, at, date) VALUES (?, ?, ?, ?, ?, ?)",
        new_uid(), _account(peer, a), _user(peer), f"note {next(world.numbers)}", _AT, _DATE,
    )  # fmt: skip


def several(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """One step over several rows and customers: wholly in or out at HQ."""
    first, second = _account(peer, a), _account(peer, b)
    with peer.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE account SET channel = ? WHERE id = ?", (_VALUES[c % len(_VALUES)], first))
        run("UPDATE account SET segment = ? WHERE id = ?", (f"t{c}", second))
        for account in (first, second):
            run(
                "INSERT INTO note (uid, account_id, user_id, text, at, date)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (new_uid(), account, _user(peer), f"both {next(world.numbers)}", _AT, _DATE),
            )
        if c % 5 == 4:
            # A part that HQ refuses a rep.
            run("UPDATE product SET name = ? WHERE id = (SELECT min(id) FROM product)", (f"p{c}",))


def add_account(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A new customer under a code that somebody else may use as well."""
    peer.run(
        "INSERT INTO account (uid, code, name) VALUES (?, ?, ?)", new_uid(), f"N{a % 4}", f"New {b}"
    )


def list_product(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A product listed for a customer, once per product at HQ."""
    account, product = _account(peer, a), _pick(peer, "SELECT id FROM product ORDER BY sku", b)
    if peer.rows("SELECT 1 FROM account_product WHERE account_id = ? AND product_id = ?",
                 account, product):  # fmt: skip
        peer.run("UPDATE account_product SET note = ? WHERE account_id = ? AND product_id = ?",
                 f"l{c}", account, product)  # fmt: skip
        return
    peer.run(
        "INSERT INTO account_product (uid, account_id, product_id, note) VALUES (?, ?, ?, ?)",
        new_uid(), account, product, f"l{c}",
    )  # fmt: skip


def draft_order(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A draft with lines; it stays on the laptop."""
    number = f"{peer.fact('device.prefix')}-{next(world.numbers):05d}"
    _order(peer, _account(peer, a), number, 1 + b % 3)


def submit_order(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A new order, or a draft that is there, submitted."""
    if c % 3:
        draft_order(world, peer, a, b, c)
    row = _pick(
        peer, "SELECT id FROM sales_order WHERE status = 'draft' AND user_id = ? ORDER BY uid DESC",
        b if not c % 3 else 0, _user(peer),
    )  # fmt: skip
    peer.run("UPDATE sales_order SET status = 'submitted' WHERE id = ?", row)


def _order(peer: Peer, account: int, number: str, lines: int) -> None:
    uid = new_uid()
    with peer.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run(
            "INSERT INTO sales_order (uid, account_id, user_id, number, order_date, net_minor)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (uid, account, _user(peer), number, _DATE, 1999 * lines),
        )
        for position in range(1, lines + 1):
            run(
                "INSERT INTO order_line (parent_id, position, product_id, unit, quantity, factor,"
                " base_quantity, net_minor) SELECT o.id, ?, p.id, 'CS', ?, 12, ?, 1999"
                " FROM sales_order o, product p WHERE o.uid = ? AND p.sku = ?",
                (position, position, 12 * position, uid, f"SKU{position}"),
            )


def move_order(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """An order's next state: accepted or rejected by the office, withdrawn by its rep, shipped…"""
    row = _pick(peer, "SELECT id FROM sales_order WHERE status <> 'draft' ORDER BY uid", a)
    states = ("accepted", "draft", "rejected", "cancelled", "shipped")
    peer.run("UPDATE sales_order SET status = ? WHERE id = ?", states[b % 5], row)


def edit_draft(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """Lines and words of a draft, which may be a withdrawn order."""
    row = _pick(peer, "SELECT id FROM sales_order WHERE status = 'draft' ORDER BY uid", a)
    with peer.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE sales_order SET note = ? WHERE id = ?", (f"d{b}", row))
        run("UPDATE order_line SET quantity = ? WHERE parent_id = ?", (1 + c, row))


def alter_document(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """Raw SQL on a submitted order: the file itself has to refuse it."""
    row = _pick(peer, "SELECT id FROM sales_order WHERE status <> 'draft' ORDER BY uid", a)
    statement = (
        "UPDATE sales_order SET net_minor = net_minor + 1 WHERE id = ?",
        "DELETE FROM order_line WHERE parent_id = ?",
        "UPDATE order_line SET quantity = quantity + 1 WHERE parent_id = ?",
        "DELETE FROM sales_order WHERE id = ?",
    )[b % 4]
    if "order_line" in statement and not peer.rows(
        "SELECT 1 FROM order_line WHERE parent_id = ?", row
    ):
        return
    peer.run(statement, row)
    raise Finding(f"{peer.name} altered a submitted order: {statement}")


def ticket(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A ticket opened, moved on, or written to."""
    if b % 3 == 0:
        number = f"T{peer.fact('device.prefix')}-{next(world.numbers):05d}"
        peer.run(
            "INSERT INTO ticket (uid, account_id, number, subject, opened_at, date)"
            " VALUES (?, ?, ?, 'Broken', ?, ?)",
            new_uid(), _account(peer, a), number, _AT, _DATE,
        )  # fmt: skip
        return
    row = _pick(peer, "SELECT id FROM ticket ORDER BY uid", a)
    if b % 3 == 1:
        state = ("waiting", "resolved", "closed", "open")[c % 4]
        peer.run("UPDATE ticket SET status = ? WHERE id = ?", state, row)
        return
    peer.run(
        "INSERT INTO ticket_event (uid, account_id, ticket_id, at, text)"
        " SELECT ?, account_id, id, ?, ? FROM ticket WHERE id = ?",
        new_uid(), _AT, f"event {next(world.numbers)}", row,
    )  # fmt: skip


def plan(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A planned visit made or moved on; two devices plan for one rep."""
    if b % 2 == 0:
        peer.run(
            "INSERT INTO planned_visit (uid, account_id, user_id, date, sequence)"
            " VALUES (?, ?, ?, ?, ?)",
            new_uid(), _account(peer, a), _user(peer), _DATE, c,
        )  # fmt: skip
        return
    row = _pick(peer, "SELECT id FROM planned_visit ORDER BY uid", a)
    if c % 2:
        peer.run("UPDATE planned_visit SET sequence = ?, minutes = ? WHERE id = ?", c, 10 + c, row)
        return
    state = ("started", "done", "missed", "planned", "cancelled")[c // 2 % 5]
    peer.run("UPDATE planned_visit SET status = ? WHERE id = ?", state, row)


def visit(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A visit begun, or ended with its tasks."""
    if b % 2 == 0:
        peer.run(
            "INSERT INTO visit (uid, account_id, user_id, date, started_at) VALUES (?, ?, ?, ?, ?)",
            new_uid(), _account(peer, a), _user(peer), _DATE, _AT,
        )  # fmt: skip
        return
    row = _pick(peer, "SELECT id FROM visit WHERE user_id = ? ORDER BY uid", a, _user(peer))
    with peer.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run("UPDATE visit SET ended_at = ?, outcome = 'order' WHERE id = ?", (_AT, row))
        run(
            "INSERT INTO visit_task (uid, account_id, visit_id, kind, name)"
            " SELECT ?, account_id, id, 'check', ? FROM visit WHERE id = ?",
            (new_uid(), f"task {c}", row),
        )


def private(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """What is private to a person: leads, which the office gives away, and the home."""
    if b % 4 == 0:
        peer.run(
            "INSERT INTO lead (uid, user_id, name) VALUES (?, ?, ?)",
            new_uid(), _user(peer), f"lead {next(world.numbers)}",
        )  # fmt: skip
    elif b % 4 == 1:
        row = _pick(peer, "SELECT id FROM lead ORDER BY uid", a)
        peer.run("UPDATE lead SET phone = ?, status = ? WHERE id = ?", f"p{c}", f"s{c % 3}", row)
    elif b % 4 == 2:
        if peer.user != "O1":
            raise UserError("only the office gives a lead away")
        row = _pick(peer, "SELECT id FROM lead ORDER BY uid", a)
        to = _pick(peer, "SELECT id FROM app_user ORDER BY code", c)
        peer.run("UPDATE lead SET user_id = ? WHERE id = ?", to, row)
    elif peer.rows("SELECT 1 FROM home_base WHERE user_id = ?", _user(peer)):
        peer.run("UPDATE home_base SET address = ? WHERE user_id = ?", f"h{c}", _user(peer))
    else:
        peer.run(
            "INSERT INTO home_base (uid, user_id, address) VALUES (?, ?, ?)",
            new_uid(), _user(peer), f"h{c}",
        )  # fmt: skip


def catalogue(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """The catalogue: the office's word, refused to a rep; deleting what others need is refused."""
    row = _pick(peer, "SELECT id FROM product ORDER BY sku", a)
    if b % 4 == 3:
        peer.run("INSERT INTO tax_rate (uid, code, name) VALUES (?, ?, 'Other')",
                 new_uid(), f"X{c % 3}")  # fmt: skip
    elif b % 4 == 2:
        unused = (
            "SELECT id FROM tax_rate WHERE id NOT IN (SELECT tax_rate_id FROM product"
            " WHERE tax_rate_id IS NOT NULL) ORDER BY code"
        )
        peer.run("DELETE FROM tax_rate WHERE id = ?", _pick(peer, unused, a))
    elif b % 4 == 1:
        rate = _pick(peer, "SELECT id FROM tax_rate ORDER BY code", c)
        peer.run("UPDATE product SET tax_rate_id = ? WHERE id = ?", rate, row)
    else:
        peer.run("UPDATE product SET name = ?, brand = ? WHERE id = ?", f"P{c}", f"b{b}", row)


def reassign(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A customer given to another territory on the laptop: the office may, a rep proposes."""
    territory = _pick(peer, "SELECT id FROM territory ORDER BY code", b)
    peer.run("UPDATE account SET territory_id = ? WHERE id = ?", territory, _account(peer, a))


def command(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """An explicit business step beside a row's change."""
    uid = _pick(peer, "SELECT uid FROM account ORDER BY code, uid", a)
    with peer.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE account SET description = ? WHERE uid = ?", (f"c{c}", uid)
        )
        capture.record_command(tx.connection, "account", uid, uid, '{"command":"attend","args":{}}')


def sale(world: World, peer: Peer, a: int, b: int, c: int) -> None:
    """A sale with lines, a fact that is only added: it moves the summaries."""
    account, uid = _account(peer, a), new_uid()
    with peer.database.write() as tx:
        run = tx.connection.exec_driver_sql
        run(
            "INSERT INTO sale (uid, account_id, date, net_minor) VALUES (?, ?, ?, ?)",
            (uid, account, f"2026-11-{1 + b % 20:02d}", 500 * (1 + c)),
        )
        run(
            "INSERT INTO sale_line (parent_id, position, product_id, quantity, base_quantity,"
            " net_minor) SELECT s.id, 1, p.id, ?, ?, ? FROM sale s, product p"
            " WHERE s.uid = ? AND p.sku = ?",
            (1 + c, 1 + c, 500 * (1 + c), uid, f"SKU{b % 5}"),
        )


ACTIONS: dict[str, Action] = {
    found.__name__: found
    for found in (
        edit_account, edit_terms, edit_contact, add_contact, add_telephone, delete_row, add_note,
        several, add_account, list_product, draft_order, submit_order, move_order, edit_draft,
        alter_document, ticket, plan, visit, private, catalogue, reassign, command, sale,
    )
}  # fmt: skip
"""Every local step by name."""


# -- HQ's own administrator --------------------------------------------------------------------


def hq_reassign(world: World, a: int, b: int) -> None:
    """A customer moves to another territory, or out of all of them."""
    territory = (company.T1.hex(), company.T2.hex(), None)[b % 3]
    _hq_update(world, "account", a, {"territory_id": territory})


def hq_out_and_back(world: World, a: int, b: int) -> None:
    """A customer leaves its territory and is back before anybody has looked."""
    query = "SELECT encode(uuid_send(territory_id),'hex') FROM account ORDER BY code, uid"
    rows = world.rows(query)
    home = rows[a % len(rows)][0]
    for territory in (company.T2.hex() if home != company.T2.hex() else company.T1.hex(), home):
        _hq_update(world, "account", a, {"territory_id": territory})


def hq_territory(world: World, a: int, b: int) -> None:
    """A person is given a territory or loses one."""
    user = ("R1", "R2")[a % 2]
    links = world.rows(
        "SELECT encode(uuid_send(tu.uid),'hex') FROM territory_user tu JOIN app_user u"
        " ON u.uid = tu.user_id WHERE u.code = %s AND NOT tu.deleted ORDER BY tu.uid",
        user,
    )
    now_ms = world.time.ms
    if links and b % 2:
        editing.delete_row(
            world.stage.store, "territory_user", links[b // 2 % len(links)][0], now_ms
        )
    else:
        admin.assign_user(world.stage.store, user, ("T1", "T2")[b // 2 % 2], now_ms=now_ms)


def hq_price(world: World, a: int, b: int) -> None:
    """The catalogue changes at HQ itself."""
    _hq_update(world, "product", a, {"name": f"HQ {b}", "brand": f"h{b % 3}"})


def hq_contact(world: World, a: int, b: int) -> None:
    """A row inside a customer changes, or goes, at HQ itself."""
    rows = world.rows(
        "SELECT encode(uuid_send(uid),'hex') FROM contact WHERE NOT deleted ORDER BY uid"
    )
    if not rows:
        return
    uid = rows[a % len(rows)][0]
    if b % 3:
        editing.update_rows(world.stage.store, "contact", [uid], {"job": f"hq {b}"}, world.time.ms)
    else:
        editing.delete_row(world.stage.store, "contact", uid, world.time.ms)


def _hq_update(world: World, entity: str, which: int, values: dict[str, Any]) -> None:
    order = {"account": "code, uid", "product": "sku"}[entity]
    rows = world.rows(
        f"SELECT encode(uuid_send(uid),'hex') FROM {entity} WHERE NOT deleted ORDER BY {order}"
    )
    uid = rows[which % len(rows)][0]
    editing.update_rows(world.stage.store, entity, [uid], values, world.time.ms)


HqAction = Callable[[World, int, int], None]
HQ_ACTIONS: dict[str, HqAction] = {
    found.__name__: found
    for found in (hq_reassign, hq_out_and_back, hq_territory, hq_price, hq_contact)
}
"""Every step of HQ's own administrator by name."""

"""Who may do what: role × entity × operation × own or foreign, made from the model.

What is expected is derived here from the words of the data model (owner and scope of each entity),
not from the code that decides. Every cell is judged by the real HQ in a transaction that is rolled
back; what each role is given is compared with the rows that the rules name.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.hq.administration import admin
from crmdesk.hq.database import images
from crmdesk.hq.database.scopes import Principal, principal
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.database.tables import by_account, table_name
from crmdesk.hq.exchange.push import judge_and_write
from crmdesk.hq.running.serving import system_clock
from crmdesk.storage.entities import ENTITIES, Entity, Kind, Owner, Scope
from crmdesk.sync.protocol import Answer, Op, SnapshotRequest, Txn
from crmdesk.sync.reading import decode_row, is_row, lines
from tests.sync import company
from tests.sync.conftest import Headquarters
from tests.sync.every_row import fill
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq

R1, R2, T1, T2 = (uid.hex() for uid in (company.R1, company.R2, company.T1, company.T2))
OPERATIONS = (
    "insert",
    "insert-as-other",
    "update",
    "hq-field",
    "move",
    "delete",
    "lines",
    "command",
)
# Answers that are no matter of who asks: HQ keeps its rows together, unique and in their states.
NOT_ABOUT_RIGHTS = {"", "still-needed", "duplicate", "exists", "step", "missing-reference"}
_seq = itertools.count(1)


@dataclass(frozen=True)
class Cell:
    """One question: may this role do this to a row of this entity that is its own, or not?"""

    role: Role
    entity: Entity
    operation: str
    own: bool

    def __str__(self) -> str:
        where = "own" if self.own else "foreign"
        return f"{self.role} {self.operation} {where} {self.entity.name}"


def expected(cell: Cell) -> set[str]:
    """The codes that are right; empty text is "taken", "proposal" is taken as one."""
    entity, operation = cell.entity, cell.operation
    right = NOT_ABOUT_RIGHTS
    if operation == "delete" and entity.name == "account":
        return {"kept", "scope"} if cell.role is Role.REP and not cell.own else {"kept"}
    denied: set[str] = set()
    if operation in {"update", "hq-field", "delete", "lines", "move"}:
        if entity.owner is Owner.APPEND and operation != "lines":
            denied.add("append-only")
        if entity.lines is not None and operation in {"update", "delete", "lines"}:
            # Every document at HQ has been submitted.
            denied.add("append-only" if entity.owner is Owner.APPEND else "immutable")
            denied.add("immutable")
        if operation == "move":
            denied.add("account-fixed")
    if cell.role is Role.REP:
        denied |= _denied_to_reps(cell)
    if denied:
        return denied
    if operation == "hq-field" and cell.role is Role.REP:
        return {"proposal"}
    if cell.role is Role.REP and any(f.owner is Owner.HQ for f in entity.fields):
        # A new customer is taken; what only HQ sets on it is proposed.
        return right | {"proposal"}
    return right


def _denied_to_reps(cell: Cell) -> set[str]:
    entity, operation = cell.entity, cell.operation
    denied = set()
    if operation == "command":
        return {"scope"} if by_account(entity) and not cell.own else set()
    if entity.owner is Owner.HQ or (entity.office_only and operation.startswith("insert")):
        denied.add("hq-owned")
    if entity.scope is Scope.OFFICE or (
        not cell.own and entity.scope in {Scope.ACCOUNT, Scope.USER}
    ):
        denied.add("scope")
    has_person = any(f.column == "user_id" for f in entity.fields)
    if has_person and entity.owner in {Owner.REP, Owner.APPEND}:
        # Rows of another person are that person's, wherever they are.
        if operation == "insert-as-other" or not cell.own:
            denied.add("not-yours")
    elif operation == "insert-as-other" and entity.scope is Scope.USER:
        denied.add("scope")
    if entity.name in {"promise", "ticket"} and operation.startswith("insert"):
        # A copy of one that the office made and gave to another rep: neither is a rep's to write.
        denied |= {"not-yours", "assignee"}
    return denied


@dataclass
class Model:
    """A row of every entity in R1's reach and another in R2's."""

    hq: Headquarters
    rows: dict[bool, dict[str, str]]
    accounts: dict[bool, str]


@pytest.fixture
def model(hq: Headquarters) -> Model:
    office = hq.join("O1")
    rows: dict[bool, dict[str, str]] = {}
    accounts = {}
    for own, user, territory in ((True, R1, T1), (False, R2, T2)):
        fill(office, 0 if own else 1000)
        assert office.sync().refusals == 0
        found = {}
        with hq.store.transaction() as connection:
            for entity in ENTITIES.values():
                name = table_name(entity)
                row = connection.execute(
                    f"SELECT encode(uuid_send(uid),'hex') FROM {name} ORDER BY uid DESC LIMIT 1"
                    .encode()
                ).fetchone()  # fmt: skip
                found[entity.name] = str(row[0]) if row is not None else ""
            for entity in ENTITIES.values():
                if any(f.column == "user_id" for f in entity.fields) and entity.name != "device":
                    connection.execute(
                        f"UPDATE {table_name(entity)} SET user_id = %s WHERE uid = %s".encode(),
                        (user, found[entity.name] or None),
                    )
            connection.execute(
                "UPDATE account SET territory_id = %s WHERE uid = %s", (territory, found["account"])
            )
        rows[own], accounts[own] = found, found["account"]
    return Model(hq, rows, accounts)


def op_of(model: Model, connection: HqConnection, cell: Cell) -> Op | None:
    """The op that asks the question; None where there is nothing of the kind."""
    entity, own = cell.entity, cell.own
    uid = model.rows[own][entity.name]
    account = model.accounts[own] if by_account(entity) else None
    found = images.read_images(connection, {entity.name: [uid]}) if uid else {}
    image = found.get((entity.name, uid))
    if image is None:
        return None
    make: dict[str, Callable[[], tuple[str, Any] | None]] = {
        "insert": lambda: _inserted(cell, image.values, None),
        "insert-as-other": lambda: _inserted(cell, image.values, R2),
        "update": lambda: _updated(cell, image.values),
        "hq-field": lambda: _hq_field(cell, image.values),
        "move": lambda: _moved(model, cell, image.values),
        "delete": lambda: ("D", None),
        "lines": lambda: ("L", {"lines": []}) if entity.lines is not None else None,
        "command": lambda: ("C", {"command": "x", "args": {}}),
    }  # fmt: skip
    built = make[cell.operation]()
    if built is None:
        return None
    kind, fields = built
    if kind == "I":
        uid = new_uid().hex()
        if entity.name == "account":
            account = uid
    raw = msgspec.Raw(msgspec.json.encode(fields))
    return Op(next(_seq), entity.name, uid, account, kind, raw, image.rev, 1 << 50, 2)


def _inserted(cell: Cell, values: dict[str, Any], other: str | None) -> tuple[str, Any] | None:
    entity = cell.entity
    if other is not None and not (cell.own and any(f.column == "user_id" for f in entity.fields)):
        return None
    fresh = dict(values)
    for columns in entity.unique:
        for column in columns:
            if any(f.column == column and f.kind is Kind.DATE for f in entity.fields):
                fresh[column] = (date(1990, 1, 1) + timedelta(days=next(_seq))).isoformat()
            elif isinstance(fresh.get(column), str) and not column.endswith("_id"):
                fresh[column] = f"{fresh[column]} {next(_seq)}"
    if other is not None:
        fresh["user_id"] = other
    if entity.local_while is not None:
        fresh["status"] = "submitted" if entity.name == "order" else "sent"
    return "I", {name: [None, value] for name, value in fresh.items() if value is not None}


def _updated(cell: Cell, values: dict[str, Any]) -> tuple[str, Any] | None:
    unique = {column for columns in cell.entity.unique for column in columns}
    for field in cell.entity.fields:
        if (
            field.kind is Kind.TEXT
            and field.owner is None
            and field.column not in unique
            and field.name not in {"status", "kind", "role", "mode", "answer", "class", "sha256"}
        ):
            return "U", {field.column: [values[field.column], "changed"]}
    return None


def _hq_field(cell: Cell, values: dict[str, Any]) -> tuple[str, Any] | None:
    for field in cell.entity.fields:
        if field.owner is Owner.HQ and field.kind is Kind.INT:
            return "U", {field.column: [values[field.column], 77]}
    return None


def _moved(model: Model, cell: Cell, values: dict[str, Any]) -> tuple[str, Any] | None:
    if not by_account(cell.entity) or cell.entity.name == "account":
        return None
    return "U", {"account_id": [values["account_id"], model.accounts[not cell.own]]}


def who(connection: HqConnection, hq: Headquarters, role: Role) -> Principal:
    """R1's own device for a rep; somebody of the office otherwise."""
    device = hq.one(
        "SELECT encode(uuid_send(uid),'hex') FROM device WHERE user_id = %s", company.R1.hex()
    )
    found = principal(connection, device, system_clock().today())
    assert found is not None
    if role is Role.REP:
        return found
    return replace(found, user=company.OFFICE.hex(), role=role, territories=frozenset())


def outcome(answer: Answer) -> str:
    """What was said, as the expectation says it."""
    if answer.status == "r":
        return answer.code
    return "proposal" if any(c.kind == "proposal" for c in answer.collisions) else ""


class _Undo(Exception):
    pass


def judged(model: Model, cells: list[Cell]) -> Iterator[tuple[Cell, Answer]]:
    """Each cell's answer; everything is rolled back."""
    hq = model.hq
    try:
        with hq.store.transaction() as connection:
            asked = []
            for cell in cells:
                op = op_of(model, connection, cell)
                if op is not None:
                    asked.append((cell, op))
            caller = who(connection, hq, cells[0].role)
            txns = [Txn(number, [op]) for number, (_cell, op) in enumerate(asked)]
            answers = judge_and_write(connection, caller, txns, hq.now_ms())
            raise _Undo
    except _Undo:
        pass
    for cell, op in asked:
        yield cell, answers[op.seq]


def test_every_cell_is_decided_as_the_model_says(model: Model) -> None:
    model.hq.join("R1")
    wrong = []
    denied: Counter[Role] = Counter()
    cells = [
        [Cell(role, entity, operation, own) for entity in ENTITIES.values()]
        for role, operation, own in itertools.product(Role, OPERATIONS, (True, False))
    ]
    count = 0
    for cell, answer in itertools.chain.from_iterable(judged(model, some) for some in cells):
        count += 1
        found, right = outcome(answer), expected(cell)
        denied[cell.role] += found not in NOT_ABOUT_RIGHTS
        if found not in right:
            wrong.append(f"{cell}: {found or 'taken'} {answer.sentence}; expected {right}")
        private = cell.entity.scope in {Scope.ACCOUNT, Scope.USER, Scope.OFFICE}
        if answer.row is not None and private and not cell.own and cell.role is Role.REP:
            wrong.append(f"{cell}: shown a foreign row")
    assert wrong == []
    assert count > 2_000
    assert denied[Role.REP] > 300 and min(denied[role] for role in Role) > 20


# -- reading ---------------------------------------------------------------------------------


def given(
    hq: Headquarters, entity: Entity, user: str, territories: set[str], role: Role
) -> set[str]:
    """The uids that the rules give to a person, by SQL of our own."""
    name = table_name(entity)
    where = "NOT t.deleted"
    if role is Role.REP:
        places = ",".join(f"'{t}'" for t in territories) or "NULL"
        if entity.scope is Scope.OFFICE:
            where = "false"
        elif entity.scope is Scope.USER:
            where += f" AND t.user_id = '{user}'"
        elif entity.scope is Scope.ACCOUNT:
            where += (
                " AND t.account_id IN (SELECT account_id FROM account"
                f" WHERE territory_id IN ({places}))"
            )
    return {uid for (uid,) in hq.rows(
        f"SELECT encode(uuid_send(t.uid),'hex') FROM {name} t WHERE {where}"
    )}  # fmt: skip


@pytest.fixture
def everybody(model: Model) -> dict[str, tuple[str, set[str], Role]]:
    """A user of every role with the territories that are theirs."""
    hq, now = model.hq, model.hq.now_ms()
    admin.add_territory(hq.store, "T1a", "Below", parent="T1", now_ms=now)
    below = hq.one("SELECT encode(uuid_send(uid),'hex') FROM territory WHERE code = 'T1a'")
    admin.reassign_territory(hq.store, ["C1"], "T1a", now_ms=now)
    found = {"R1": (R1, {T1, below}, Role.REP), "R2": (R2, {T2}, Role.REP)}
    for code, role in (("R9", Role.REP), ("M1", Role.MANAGER), ("A1", Role.ADMIN)):
        uid = admin.add_user(hq.store, code, code, role.value, now_ms=now)
        found[code] = (uid, set(), role)
    found["O2"] = (
        admin.add_user(hq.store, "O2", "Office", "office", now_ms=now), set(), Role.OFFICE,
    )  # fmt: skip
    return found


def test_every_device_is_given_exactly_what_its_role_and_territories_name(
    model: Model, everybody: dict[str, tuple[str, set[str], Role]], wire: Wire
) -> None:
    hq = model.hq
    # Joined from nothing, not from the stock: what is given must come from the rules as they are.
    hq.stock.clear()
    laptops = {code: hq.join(code) for code in everybody}
    for code, (user, territories, role) in everybody.items():
        laptop = laptops[code]
        laptop.sync()
        session = session_of(laptop, wire(hq.url))
        with session.stream("/v1/snapshot", SnapshotRequest(1)) as chunks:
            received: dict[str, set[str]] = {}
            name = ""
            for line in lines(chunks):
                if is_row(line):
                    received[name].add(decode_row(line)[0])
                elif b'"entity"' in line:
                    name = msgspec.json.decode(line)["entity"]
                    received.setdefault(name, set())
        for entity in ENTITIES.values():
            right = given(hq, entity, user, territories, role)
            assert received.get(entity.name, set()) == right, (code, entity.name)
            local = laptop.rows(f"SELECT uid FROM {table_name(entity)}")
            assert {uid.hex() for (uid,) in local} == right, (code, entity.name)

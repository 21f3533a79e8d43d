"""Search in several alphabets, by parts, with errors, by telephone; the index stays right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from crmdesk.domain.ids import new_uid
from crmdesk.services.queries.search import find, find_of_each, titled
from crmdesk.services.recents import MOST, note_opened, recent_rows
from crmdesk.services.workspace import Workspace
from crmdesk.storage import search, search_index, spelling


def _insert(ws: Workspace, table: str, **values: object) -> int:
    cells = {"uid": new_uid(), **values}
    with ws.database.write() as tx:
        return int(
            tx.connection.exec_driver_sql(
                f"INSERT INTO {table} ({', '.join(cells)}) VALUES ({', '.join('?' * len(cells))})"
                " RETURNING id",
                tuple(cells.values()),
            ).scalar_one()
        )


def _account(ws: Workspace, name: str) -> int:
    return _insert(ws, "account", code=f"Q{new_uid().hex()[-12:]}", name=name)


def _contact(ws: Workspace, name: str, phone: str = "") -> int:
    account = _account(ws, "Somewhere")
    contact = _insert(ws, "contact", account_id=account, name=name)
    if phone:
        _insert(ws, "contact_point", account_id=account, contact_id=contact, kind="phone",
                value=phone)  # fmt: skip
    return contact


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Иванов Юрий", "ivanov"), ("Иванов Юрий", "Iwanow"), ("Юрий Цветаев", "Jurij"),
        ("Юрий Цветаев", "yuri tsvet"), ("Ivanov", "Иванов"), ("Семёнов", "семенов"),
        ("Семёнов", "Semyonov"), ("Хрущёв", "Hruschev"), ("Παπαδόπουλος", "παπαδοπουλος"),
        ("Παπαδόπουλος", "Papadopoulos"), ("Γιώργος", "giorgos"), ("Müller", "Mueller"),
        ("Müller", "MULLER"), ("Straßenwirt", "strassenwirt"), ("Łódzki", "lodzki"),
        ("Xirgu-Martínez", "rtinez"), ("Weinhandlung Zorbas", "handlung"),
        ("Kowalczyk", "kowalzcyk"), ("Kowalczyk", "kowalcyk"), ("Kowalczyk", "kovalchik"),
        ("Bartolomeu Dias", "dias bratolomeu"),
    ],
)  # fmt: skip
def test_a_name_is_found_as_people_write_it(ws: Workspace, name: str, typed: str) -> None:
    contact = _contact(ws, name)
    assert ("contact", contact) in {(row.kind, row.id) for row in find(ws, typed)}


@pytest.mark.parametrize(
    "typed",
    ["+34600123457", "600 123 457", "600123457", "(0034) 600-12.34.57", "34 600 123 457",
     "600 12 34", "123457", "0600123457", "23 457"],
)  # fmt: skip
def test_a_telephone_is_found_in_any_writing(ws: Workspace, typed: str) -> None:
    contact = _contact(ws, "Somebody", "+34600123457")
    assert ("contact", contact) in {(row.kind, row.id) for row in find(ws, typed, limit=100)}


def test_a_russian_number_is_found_with_its_eight(ws: Workspace) -> None:
    contact = _contact(ws, "Somebody", "+79161234567")
    for typed in ("8 916 123-45-67", "+7 (916) 1234567", "9161234567"):
        assert [row.id for row in find(ws, typed, kinds=("contact",))] == [contact]


def test_what_was_typed_stands_before_what_was_perhaps_meant(ws: Workspace) -> None:
    near, exact = _contact(ws, "Zorbanikos"), _contact(ws, "Zorbaniko")
    found = [row.id for row in find(ws, "zorbaniko", kinds=("contact",))]
    assert set(found) == {near, exact}
    wrong = [row.id for row in find(ws, "zorbnikos", kinds=("contact",))]
    assert near in wrong
    assert find(ws, "zorbnikos", kinds=("contact",), widen_below=0) == ()


def test_every_kind_of_document_and_task_is_found(ws: Workspace) -> None:
    account = _account(ws, "Zyx")
    made = {
        "return_request": _insert(ws, "return_request", account_id=account, number="T01-R0077",
                                  date="2026-11-20"),
        "opportunity": _insert(ws, "opportunity", account_id=account, name="Zyxterrace"),
        "lead": _insert(ws, "lead", user_id=ws.user.id, name="Zyxlead"),
        "promise": _insert(ws, "promise", account_id=account, text="Zyxsend the list"),
        "invoice": _insert(ws, "invoice", account_id=account, number="ZYXF-0077",
                           date="2026-11-20", due_on="2026-12-20"),
        "ticket": _insert(ws, "ticket", account_id=account, number="T01-T9", subject="Zyxbroken",
                          opened_at="2026-11-20T08:00:00.000Z", date="2026-11-20"),
        "account": account,
    }  # fmt: skip
    found = {(row.kind, row.id) for row in find_of_each(ws, "zyx")}
    found |= {(row.kind, row.id) for row in find(ws, "R0077") + find(ws, "77", limit=100)}
    assert found >= set(made.items())


@pytest.mark.parametrize("typed", ["ZQ-4711", "zq-4711", " ZQ-4711 "])
def test_what_has_the_typed_text_as_its_number_comes_first(ws: Workspace, typed: str) -> None:
    """Before names that say it twice, and before numbers that only begin like it."""
    account = _insert(ws, "account", code="ZQ-4711", name="A name of quite a few words more")
    others = [_account(ws, f"ZQ 4711 ZQ 4711 {n}") for n in range(40)]
    people = [_contact(ws, f"ZQ-4711{n}") for n in range(40)]
    made = {
        "account": account,
        "product": _insert(ws, "product", sku="ZQ-4711", name="Something with a long name too",
                           status="active"),
        "order": _insert(ws, "sales_order", account_id=account, number="ZQ-4711",
                         order_date="2026-11-20", status="submitted"),
        "invoice": _insert(ws, "invoice", account_id=account, number="ZQ-4711",
                           date="2026-11-20", due_on="2026-12-20"),
        "ticket": _insert(ws, "ticket", account_id=account, number="ZQ-4711", subject="Broken",
                          opened_at="2026-11-20T08:00:00.000Z", date="2026-11-20"),
        "return_request": _insert(ws, "return_request", account_id=account, number="ZQ-4711",
                                  date="2026-11-20"),
    }  # fmt: skip
    quotes = [
        _insert(ws, "quote", account_id=account, number="ZQ-4711", version=version,
                quote_date="2026-11-20", status="draft")
        for version in (1, 2)
    ]  # fmt: skip
    exact = {*made.items(), *(("quote", key) for key in quotes)}
    first = [(row.kind, row.id) for row in find(ws, typed)][: len(exact)]
    assert set(first) == exact
    for kind, key in made.items():
        assert find(ws, typed, kinds=(kind,))[0].id == key
    in_field = find_of_each(ws, typed)
    kinds = list(dict.fromkeys(row.kind for row in in_field))
    assert set(kinds[: len(made) + 1]) == {*made, "quote"}
    assert "contact" in kinds[len(made) + 1 :]
    for kind, key in made.items():
        assert next(row.id for row in in_field if row.kind == kind) == key
    assert [row.id for row in in_field if row.kind == "quote"] == quotes[::-1]
    assert {row.id for row in find(ws, "ZQ 4711", kinds=("account",), limit=99)} >= {*others}
    assert {row.id for row in find(ws, typed, kinds=("contact",), limit=99)} == {*people}


def test_a_barcode_finds_its_product_before_customers_with_such_a_number(ws: Workspace) -> None:
    product = _insert(ws, "product", sku="ZQ-1", name="Something", status="active")
    _insert(ws, "packaging", product_id=product, gtin="8400000047110")
    account = _account(ws, "8400000047110")
    found = [(row.kind, row.id) for row in find(ws, "8400000047110")]
    assert found == [("product", product), ("account", account)]
    (first, *_rest) = find_of_each(ws, "8400000047110")
    assert (first.kind, first.id) == ("product", product)


def test_a_deleted_row_and_an_old_name_are_not_found(ws: Workspace) -> None:
    contact = _contact(ws, "Quixquax")
    assert find(ws, "quixquax")
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE contact SET name = 'Renamed' WHERE id = ?", (contact,)
        )
    assert find(ws, "quixquax") == ()
    assert find(ws, "ixqua") == ()


def test_forgetting_leaves_no_word_of_the_deleted(ws: Workspace) -> None:
    contact = _contact(ws, "Quixquax")
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM contact WHERE id = ?", (contact,))
    with ws.database.maintenance() as connection:
        search_index.forget_deleted(connection)
        words = connection.exec_driver_sql("SELECT word FROM search_word").scalars().all()
    assert "quixquax" not in words
    assert "somewhere" in words
    assert find(ws, "omewher")


def test_opened_rows_are_kept_newest_first_and_forgotten_when_gone(ws: Workspace) -> None:
    contact = _contact(ws, "Quixquax")
    for key in range(1, MOST + 3):
        note_opened(ws, "account", key)
    note_opened(ws, "contact", contact)
    note_opened(ws, "account", MOST + 1)
    rows = recent_rows(ws)
    assert [(row.kind, row.id) for row in rows[:2]] == [("account", MOST + 1), ("contact", contact)]
    assert len(rows) == MOST
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM contact WHERE id = ?", (contact,))
    assert ("contact", contact) not in {(row.kind, row.id) for row in recent_rows(ws)}


# ------------------------------------------------------------------- against a slow reference

_NAMES = st.sampled_from(
    ["Ana", "Anabel", "Àngel", "Иван", "Иванов", "Ivan", "Öz", "O'Hara", "007", "0070", "Γη", "ß"]
)
_TEXTS = st.lists(_NAMES, min_size=1, max_size=3).map(" ".join)
_STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "rename", "drop", "point"]), st.integers(0, 9), _TEXTS),
    min_size=1, max_size=10,
)  # fmt: skip


def _is_number_with_gaps(typed: str) -> bool:
    """Such a text means a telephone number alone."""
    return len(spelling.words(typed)) > 1 and bool(spelling.phone_searches(typed))


def _reference(connection: Connection, typed: str) -> set[int]:
    """Contacts in which every typed word begins a word, by reading all of them."""
    rows = connection.exec_driver_sql(
        "SELECT c.id, c.name || ' ' || coalesce(c.job, '') || ' ' || coalesce((SELECT"
        " group_concat(value, ' ') FROM contact_point p WHERE p.contact_id = c.id"
        " AND kind = 'email'), '') FROM contact c"
    )
    wanted = [spelling.forms(word) for word in spelling.words(typed)]
    found = set()
    for key, text in rows:
        own = [form for word in spelling.words(text) for form in spelling.forms(word)]
        if all(any(o.startswith(f) for o in own for f in forms) for forms in wanted):
            found.add(int(key))
    return found


def _do(ws: Workspace, step: tuple[str, int, str], made: list[int]) -> None:
    what, which, text = step
    if what == "add" or not made:
        made.append(_contact(ws, text))
        return
    key = made[which % len(made)]
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if what == "rename":
            run("UPDATE contact SET name = ? WHERE id = ?", (text, key))
        elif what == "point":
            run(
                "INSERT INTO contact_point (uid, account_id, contact_id, kind, value)"
                " SELECT ?, account_id, id, 'email', ? FROM contact WHERE id = ?",
                (new_uid(), f"{text.split()[0]}@x.example", key),
            )
        else:
            run("DELETE FROM contact_point WHERE contact_id = ?", (key,))
            run("DELETE FROM contact WHERE id = ?", (key,))
            made.remove(key)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_STEPS, typed=_TEXTS.filter(lambda text: not _is_number_with_gaps(text)))
def test_the_index_finds_what_reading_everything_finds(
    ws: Workspace, steps: list[Any], typed: str
) -> None:
    made: list[int] = []
    for step in steps:
        _do(ws, step, made)
    with ws.database.read() as connection:
        hits = search.find(connection, typed, kinds=("contact",), limit=5_000, widen_below=0)
        assert {hit.id for hit in hits} == _reference(connection, typed)
    assert len(titled(ws, [("contact", hit.id) for hit in hits])) == len(hits)

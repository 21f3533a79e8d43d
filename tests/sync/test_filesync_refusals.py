"""Sync by files: broken files, files of others, HQ and devices as they are by now."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import (
    CorruptFile,
    CrmdeskError,
    NewerFile,
    NotFound,
    Refused,
    Unreachable,
    UserError,
)
from crmdesk.hq.administration import admin
from crmdesk.hq.running import serving
from crmdesk.hq.running.filesync import answer_file
from crmdesk.storage import profile, sealed
from crmdesk.sync import bundle, facts, lease
from crmdesk.sync.filesync import export
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note
from tests.sync.faults import FaultyTransport
from tests.sync.filepost import Post, contents, stopped
from tests.sync.wires import Wire

pytestmark = pytest.mark.hq


@pytest.fixture
def post(hq: Headquarters, tmp_path: Path) -> Post:
    return Post(hq, hq.join("R1"), tmp_path)


# -- files that are not what they should be --------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda raw: raw[: len(raw) // 2], CorruptFile),
        (lambda raw: raw[:-4096], CorruptFile),
        (lambda raw: raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:], CorruptFile),
        (lambda raw: raw[:5000] + bytes([raw[5000] ^ 0xFF]) + raw[5001:], CorruptFile),
        (lambda raw: raw[:60], CorruptFile),
        (lambda _raw: b"", CorruptFile),
        (lambda _raw: b"PK\x03\x04 something else", CorruptFile),
        (lambda raw: raw.replace(b"crmdesk-sync 1", b"crmdesk-sync 9", 1), NewerFile),
        (lambda raw: raw + bytes(4096), CorruptFile),
    ],
    ids=["half", "page cut", "bit", "byte", "head", "empty", "other", "newer", "longer"],
)
def test_a_file_that_was_changed_is_refused_on_both_sides(
    hq: Headquarters, post: Post, harm: Callable[[bytes], bytes], kind: type[CrmdeskError]
) -> None:
    add_note(post.laptop, "C0", "R1", "kept")
    file = post.out()
    whole = file.read_bytes()
    file.write_bytes(harm(whole))
    with pytest.raises(kind):
        answer_file(post.inside(), file, post.folder / "x.down")
    assert hq.one("SELECT count(*) FROM note") == 0
    assert not (post.folder / "x.down").exists()
    file.write_bytes(whole)
    answer = post.answered(file)
    good = answer.read_bytes()
    answer.write_bytes(harm(good))
    with pytest.raises(kind):
        post.take(answer)
    assert post.laptop.waiting() == 1
    answer.write_bytes(good)
    assert post.take(answer).report.sent == 1


def test_a_file_of_another_laptop_or_the_other_way_is_said(
    hq: Headquarters, post: Post, tmp_path: Path
) -> None:
    other = Post(hq, hq.join("R2"), tmp_path / "other")
    add_note(post.laptop, "C0", "R1", "x")
    up = post.out()
    down = post.answered(up)
    with pytest.raises(UserError, match="for another computer"):
        other.take(down)
    with pytest.raises(UserError, match="goes to HQ"):
        post.take(up)
    with pytest.raises(UserError, match="is an answer of HQ"):
        answer_file(post.inside(), down, tmp_path / "y")
    with pytest.raises(NotFound):
        post.take(tmp_path / "none")
    # The plain line at the beginning only says whose it is; it proves nothing.
    device = other.laptop.fact("device.uid").encode()
    forged = tmp_path / "forged"
    forged.write_bytes(down.read_bytes().replace(post.laptop.fact("device.uid").encode(), device))
    with pytest.raises(CorruptFile):
        other.take(forged)
    assert other.laptop.waiting() == 0


def test_an_answer_cannot_be_passed_off_as_a_question(post: Post, tmp_path: Path) -> None:
    """Both directions have keys of their own."""
    down = post.answered(post.out())
    turned = tmp_path / "turned"
    turned.write_bytes(down.read_bytes().replace(b"crmdesk-sync 1 down", b"crmdesk-sync 1 up", 1))
    with pytest.raises(CorruptFile):
        answer_file(post.inside(), turned, tmp_path / "z")


def test_nothing_readable_lies_in_the_file(post: Post) -> None:
    add_note(post.laptop, "C0", "R1", "Geheimnis der Bar")
    raw = post.out().read_bytes()
    device = post.laptop.fact("device.uid")
    assert raw.startswith(f"crmdesk-sync 1 up {device}\n".encode())
    for words in (b"Geheimnis", b"note", b"SQLite", post.laptop.fact("device.key").encode()):
        assert words not in raw[60:]


def test_something_else_is_not_overwritten(post: Post, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sir")
    with pytest.raises(UserError, match="something else"):
        export(post.laptop.database, letter)
    assert letter.read_text() == "Dear Sir"
    file = post.out()
    assert export(post.laptop.database, file).changes == 0, "an older export is replaced"


def test_a_file_with_strange_contents_is_refused(post: Post, tmp_path: Path) -> None:
    device, key = post.laptop.fact("device.uid"), post.laptop.fact("device.key")
    hashed = bundle.key_hash(key)
    good = {
        "protocol": "1", "schema": "2", "epoch": "x", "offset_ms": "0", "cursor": "{}", "own": "",
        "waiting": "0", "last": "0", "again": "0", "at": format_instant(datetime.now(UTC)),
    }  # fmt: skip
    for change in (
        {"cursor": "[]"}, {"cursor": '{"t/none": "x"}'}, {"protocol": "one"}, {"at": "yesterday"},
        {"offset_ms": "9" * 30}, {"last": ""},
    ):  # fmt: skip
        with bundle.written(tmp_path / "odd", device, bundle.UP, hashed, good | change):
            pass
        with pytest.raises(CorruptFile):
            answer_file(post.inside(), tmp_path / "odd", tmp_path / "odd.down")
    for data in (b"no zstd", bundle.packed(b"{"), bundle.packed(b" " * 17_000_000)):
        with bundle.written(tmp_path / "odd", device, bundle.UP, hashed, good) as file:
            file.add(0, data, label="push")
        with pytest.raises(CorruptFile):
            answer_file(post.inside(), tmp_path / "odd", tmp_path / "odd.down")


def test_a_database_with_more_than_our_tables_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "sly"
    with sealed.made(path, "ab" * 32) as file:
        file._connection.execute("CREATE VIEW v AS SELECT * FROM part")
    with pytest.raises(CorruptFile), sealed.opened(path, "ab" * 32, prove=True):
        pass


# -- HQ and the device as they are now -------------------------------------------------------


@pytest.mark.parametrize("how", ["wiped", "inactive", "unknown"])
def test_hq_takes_no_file_of_a_device_that_may_not_sync(
    hq: Headquarters, post: Post, how: str
) -> None:
    add_note(post.laptop, "C0", "R1", "x")
    file = post.out()
    if how == "wiped":
        admin.end_device(hq.store, post.laptop.fact("device.prefix"), how)
    elif how == "inactive":
        hq.rows("UPDATE app_user SET active = false WHERE code = 'R1' RETURNING 1")
    else:
        file.write_bytes(
            file.read_bytes().replace(post.laptop.fact("device.uid").encode(), b"0" * 32)
        )
    with pytest.raises(Refused):
        post.answered(file)
    assert hq.one("SELECT count(*) FROM note") == 0
    assert not file.with_suffix(".down").exists()


def test_a_retiring_device_brings_its_work_and_gets_no_news(hq: Headquarters, post: Post) -> None:
    add_note(post.laptop, "C0", "R1", "last words")
    file = post.out()
    admin.end_device(hq.store, post.laptop.fact("device.prefix"), "retired")
    answer = post.answered(file)

    with pytest.raises(Refused, match="retires this computer"):
        post.take(answer)

    assert post.answer.pages == 0
    assert hq.one("SELECT count(*) FROM quarantine") == 1
    assert profile.exists(post.laptop.folder), "only HQ itself may say that nothing is missing"


def test_after_a_restore_of_hq_the_laptop_begins_anew_by_files(
    hq: Headquarters, post: Post
) -> None:
    one = post.laptop
    add_note(one, "C0", "R1", "before")
    one.sync()
    stale = post.answered(post.out())
    asked = post.out()
    # HQ comes back from a backup without the note.
    for name in ("op_result", "feed", "outbox", "note"):
        hq.rows(f"DELETE FROM {name} RETURNING 1")
    hq.rows("UPDATE hq_state SET value = 'restored' WHERE key = 'epoch' RETURNING 1")

    first = post.take(post.answered(asked))
    assert (first.news, first.more) == ("restored", True)
    assert one.waiting() == 1
    with pytest.raises(UserError, match="before HQ was restored"):
        post.take(stale)
    second = post.round()

    assert (second.news, second.report.sent) == ("taken", 1)
    assert hq.one("SELECT text FROM note") == "before"
    assert contents(one) == contents(hq.join("R1", "again"))
    assert one.sync().waiting == 0


def test_case_27_a_laptop_that_begins_anew_is_overwritten_only_by_the_latest_word(
    hq: Headquarters, post: Post, wire: Wire
) -> None:
    """Its rows count whatever their revision, so nothing may have been answered since."""
    one = post.laptop
    one.run("UPDATE account SET channel = 'first' WHERE code = 'C0'")
    hq.rows("UPDATE hq_state SET value = 'restored' WHERE key = 'epoch' RETURNING 1")
    post.round()
    answer = post.answered(post.out())
    one.run("UPDATE account SET channel = 'second' WHERE code = 'C0'")
    no_news = FaultyTransport(wire(hq.url), lambda p, _n: "lose-request" if "pull" in p else "")
    with pytest.raises(Unreachable):
        one.sync(no_news)

    assert post.take(answer).news == "passed"
    assert one.one("SELECT channel FROM account WHERE code = 'C0'") == "second"
    one.sync()
    assert contents(one) == contents(hq.join("R1", "again"))


def test_case_24_days_on_the_way_do_not_make_an_edit_younger(hq: Headquarters, post: Post) -> None:
    """The clock counts as last measured: HQ cannot know how long a file travelled."""
    one, office = post.laptop, hq.join("O1")
    now = datetime.now(UTC)
    one.database.clock = stopped(now - timedelta(days=3))
    one.run("UPDATE account SET channel = 'three days ago' WHERE code = 'C0'")
    file = post.out()
    office.run("UPDATE account SET channel = 'today' WHERE code = 'C0'")
    office.sync()
    one.database.clock = serving.system_clock()

    taken = post.take(post.answered(file))

    assert hq.one("SELECT channel FROM account WHERE code = 'C0'") == "today"
    assert taken.report.conflicts == 1
    assert abs(int(one.fact(facts.OFFSET_MS))) < 60_000


def test_an_answer_extends_the_lease_from_when_it_was_asked_for(
    hq: Headquarters, post: Post
) -> None:
    hq.rows("UPDATE organisation SET offline_lease_days = 10 RETURNING 1")
    one = post.laptop
    one.sync()
    old = post.answered(post.out())
    start = datetime.now(UTC)

    def at(days: float) -> None:
        one.database.clock = stopped(start + timedelta(days=days))

    def left(days: float) -> float:
        with one.database.unguarded(), one.database.read() as connection:
            found = lease.read(connection, start + timedelta(days=days)).left
        assert found is not None
        return found / timedelta(days=1)

    at(6)
    answer = post.answered(post.out())
    assert left(6) == pytest.approx(4, abs=0.1)
    at(8)
    post.take(answer)
    assert left(8) == pytest.approx(8, abs=0.1)
    post.take(old)
    assert left(8) == pytest.approx(8, abs=0.1), "an older answer takes nothing back"


def test_a_copy_of_the_file_does_not_make_the_device_a_clone(
    hq: Headquarters, post: Post, tmp_path: Path
) -> None:
    add_note(post.laptop, "C0", "R1", "x")
    file = post.out()
    copy = tmp_path / "copy.up"
    shutil.copy(file, copy)
    post.answered(file)
    post.answered(copy)
    assert post.laptop.sync().sent == 1
    assert hq.one("SELECT count(*) FROM note") == 1

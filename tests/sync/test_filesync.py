"""Sync by files: there and back, repeated, late, mixed with the network."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import (
    Unreachable,
    UserError,
)
from crmdesk.hq.administration import admin
from crmdesk.hq.exchange import pull
from crmdesk.sync import facts
from tests.sync.conftest import Headquarters
from tests.sync.edits import add_note, submit_order
from tests.sync.faults import FaultyTransport
from tests.sync.filepost import Post, contents
from tests.sync.wires import Wire

pytestmark = pytest.mark.hq

_NO_WINDOW = Faces(lambda _folder: 41, lambda _folder, _pictures: 42, lambda: 43)


@pytest.fixture
def post(hq: Headquarters, tmp_path: Path) -> Post:
    return Post(hq, hq.join("R1"), tmp_path)


def test_changes_go_out_and_answers_and_news_come_back(hq: Headquarters, post: Post) -> None:
    one, office = post.laptop, hq.join("O1")
    add_note(one, "C0", "R1", "by file")
    submit_order(one, "C1", "R1", "R01-00001")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C2'")
    one.run("UPDATE tax_rate SET rate_bp = 1")
    office.run("UPDATE account SET channel = 'hotel', name = 'New name' WHERE code = 'C2'")
    add_note(office, "C0", "O1", "from the office")
    office.sync()
    before = one.fact(facts.LAST_SYNC)

    taken = post.round()

    assert post.exported.changes == post.answer.changes == taken.report.sent > 4
    assert (post.exported.left, post.answer.refused, post.answer.more) == (0, 1, False)
    assert (taken.report.refusals, taken.report.conflicts, taken.report.waiting) == (1, 1, 0)
    assert (taken.news, taken.more) == ("taken", False)
    assert {row[0] for row in hq.rows("SELECT text FROM note")} == {"by file", "from the office"}
    assert len(one.rows("SELECT 1 FROM note")) == 2
    assert one.one("SELECT name FROM account WHERE code = 'C2'") == "New name"
    assert one.rows("SELECT way, result, sent FROM sync_session ORDER BY id DESC LIMIT 1") == [
        ("file", "done", taken.report.sent)
    ]
    assert one.fact(facts.LAST_SYNC) > before
    assert hq.one("SELECT count(*) FROM audit WHERE action = 'file-sync'") == 1
    network = one.sync()
    assert (network.sent, network.received) == (0, 0), "nothing was left over"
    fresh = hq.join("R1", "again")
    assert contents(one) == contents(fresh)


def test_every_file_may_come_twice_late_or_never(hq: Headquarters, post: Post) -> None:
    one, office = post.laptop, hq.join("O1")
    add_note(one, "C0", "R1", "one")
    first = post.out()
    add_note(one, "C0", "R1", "two")
    second = post.out()
    late = post.answered(second)
    early = post.answered(first)
    assert post.answered(first).stat().st_size > 0, "HQ takes the same file again"

    assert post.take(late).report.sent == 2
    add_note(office, "C1", "O1", "later")
    office.sync()
    again = post.take(late)
    assert (again.report.sent, again.report.received, again.news) == (0, 0, "known")
    assert post.take(early).report.sent == 0
    assert one.rows("SELECT count(*) FROM conflict UNION ALL SELECT count(*) FROM refusal") == [
        (0,), (0,),
    ]  # fmt: skip
    assert post.round().report.received == 1
    assert hq.one("SELECT count(*) FROM note") == 3
    assert hq.one("SELECT count(*) FROM change WHERE entity = 'note'") == 3


def test_case_11_an_answer_that_the_network_has_overtaken_changes_nothing(
    hq: Headquarters, post: Post
) -> None:
    one, office = post.laptop, hq.join("O1")
    one.run("UPDATE account SET channel = 'bar' WHERE code = 'C0'")
    office.run("UPDATE account SET segment = 'old' WHERE code = 'C1'")
    office.sync()
    old = post.answered(post.out())
    one.sync()
    office.run("UPDATE account SET segment = 'new', channel = 'hotel' WHERE code = 'C1'")
    office.sync()
    one.sync()
    now = contents(one)

    taken = post.take(old)

    assert (taken.report.sent, taken.report.received, taken.news) == (0, 0, "passed")
    assert contents(one) == now
    assert one.one("SELECT segment FROM account WHERE code = 'C1'") == "new"


def test_answers_count_although_the_news_beside_them_have_been_passed(
    hq: Headquarters, post: Post, wire: Wire
) -> None:
    one, office = post.laptop, hq.join("O1")
    add_note(one, "C0", "R1", "mine")
    add_note(office, "C0", "O1", "theirs")
    office.sync()
    answer = post.answered(post.out())
    lossy = FaultyTransport(
        wire(hq.url), lambda path, _nth: "lose-response" if "push" in path else ""
    )
    with pytest.raises(Unreachable):
        one.sync(lossy)
    assert one.waiting() == 1

    taken = post.take(answer)

    assert (taken.report.sent, taken.report.received, one.waiting()) == (1, 1, 0)
    assert hq.one("SELECT count(*) FROM note") == 2


def test_new_territories_come_as_snapshots_in_the_file(hq: Headquarters, post: Post) -> None:
    admin.assign_user(hq.store, "R1", "T2", now_ms=hq.now_ms())

    taken = post.round()

    assert taken.news == "taken"
    assert post.laptop.one("SELECT count(*) FROM account") == 6
    assert post.laptop.one("SELECT count(*) FROM sale_line") == 54
    assert post.laptop.sync().received == 0
    assert contents(post.laptop) == contents(hq.join("R1", "again"))


def test_customers_that_left_go_by_file_too(hq: Headquarters, post: Post) -> None:
    add_note(post.laptop, "C0", "R1", "too late")
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())

    taken = post.round()

    assert taken.report.refusals == 1
    assert post.laptop.one("SELECT count(*) FROM account WHERE code = 'C0'") == 0
    assert contents(post.laptop) == contents(hq.join("R1", "again"))


def test_news_that_do_not_fit_come_with_the_next_files(
    hq: Headquarters, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "PAGE_ENTRIES", 20)
    office = hq.join("O1")
    for number in range(70):
        add_note(office, f"C{number % 4}", "O1", f"note {number}")
    office.sync()
    before = post.laptop.fact(facts.LAST_SYNC)

    counts, taken = [], post.round(most_bytes=1)
    while taken.more:
        counts.append(post.laptop.one("SELECT count(*) FROM note"))
        assert post.laptop.fact(facts.LAST_SYNC) == before, "not all of HQ is here yet"
        taken = post.round(most_bytes=1)

    assert counts == [20, 40, 60]
    assert post.laptop.one("SELECT count(*) FROM note") == 70
    assert post.laptop.fact(facts.LAST_SYNC) > before


def test_a_snapshot_too_large_for_the_file_is_said_at_hq(hq: Headquarters, post: Post) -> None:
    admin.assign_user(hq.store, "R1", "T2", now_ms=hq.now_ms())
    add_note(post.laptop, "C0", "R1", "x")
    with pytest.raises(UserError, match="need more than"):
        post.round(most_bytes=500)
    assert list(post.folder.glob("*.down")) == []
    assert post.round().report.sent == 1


def test_the_three_commands(
    hq: Headquarters, post: Post, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "hq"
    home.mkdir()
    (home / "hq.json").write_text(json.dumps({"database": hq.database_url}))
    add_note(post.laptop, "C0", "R1", "by stick")
    post.laptop.database.dispose()

    def crmdesk(*words: object) -> tuple[int, str, str]:
        code = main([str(one) for one in words], _NO_WINDOW, lambda: datetime.now(UTC))
        said = capsys.readouterr()
        return code, said.out, said.err

    up, down = tmp_path / "a.up", tmp_path / "a.down"
    here = ("--profile", post.laptop.folder)
    code, out, _err = crmdesk("sync", "export", up, *here)
    assert (code, out.startswith("1 change written to")) == (0, True)
    code, out, _err = crmdesk("hq", "file", up, "--out", down, "--folder", home)
    assert (code, out.startswith("R01 (R1): 1 taken, 0 of them refused.")) == (0, True)
    code, out, _err = crmdesk("sync", "import", down, *here, "--json")
    found = json.loads(out)
    assert (code, found["sent"], found["waiting"], found["more"]) == (0, 1, 0, False)
    code, out, _err = crmdesk("sync", "import", down, *here)
    assert (code, "were here already" in out) == (0, True)
    code, _out, err = crmdesk("sync", "import", up, *here)
    assert (code, err.startswith("crmdesk: a.up goes to HQ")) == (2, True)
    code, _out, err = crmdesk("hq", "file", up, "--out", down, "--folder", home, "--most-mb", 0)
    assert (code, err.startswith("crmdesk: An answer may have")) == (2, True)

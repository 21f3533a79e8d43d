"""Streams cut at any byte: rows never behind the cursor, and the next round goes on."""

from __future__ import annotations

import pytest

from crmdesk.domain.errors import Unreachable
from crmdesk.hq.exchange import pull
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.edits import add_note
from tests.sync.faults import FaultyTransport
from tests.sync.wires import Wire

pytestmark = pytest.mark.hq


def state(laptop: Laptop) -> tuple[object, ...]:
    return laptop.rows("SELECT * FROM sync_cursor ORDER BY 1"), laptop.rows("SELECT uid FROM note")


@pytest.mark.parametrize("request_number", [2, 3, 4])
def test_case_05_a_stream_cut_at_any_byte_never_puts_rows_behind_the_cursor(
    hq: Headquarters, wire: Wire, request_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole pages before the cut one count for nothing until all of them have been applied."""
    monkeypatch.setattr(pull, "PAGE_ENTRIES", 4)
    one, office = hq.join("R1"), hq.join("O1")
    for number in range(10):
        add_note(office, "C0", "O1", f"note {number}")
    office.sync()
    before = state(one)
    inner = wire(hq.url)

    # Far beyond the length of a page: the last byte, and the whole of it.
    for cut_after in (*range(1, 40), *range(40, 1_000, 37)):
        cut = FaultyTransport(
            inner, lambda path, nth: "cut" if "pull" in path and nth == request_number else ""
        )
        cut.cut_after = cut_after
        try:
            one.sync(cut)
        except Unreachable:
            assert state(one) == before
            continue
        break
    else:
        pytest.fail("no cut was long enough")

    assert cut_after > 40
    one.sync()
    query = "SELECT text FROM note ORDER BY text"
    assert one.rows(query) == office.rows(query)
    assert len(one.rows(query)) == 10


@pytest.mark.parametrize("answer", [b"<html>Welcome to our hotel</html>", b"", b'{"answers": []}'])
@pytest.mark.parametrize("path", ["token", "push", "pull"])
def test_a_strange_answer_is_no_answer(
    hq: Headquarters, wire: Wire, path: str, answer: bytes
) -> None:
    """A sign-in page in between looks like success; nothing is taken for done because of it."""
    one = hq.join("R1")
    add_note(one, "C0", "R1", "kept")
    inner = wire(hq.url)

    class Hotel(FaultyTransport):
        def post(self, to: str, body: bytes, token: str = "") -> bytes:
            return answer if to.endswith(path) else inner.post(to, body, token)

    if answer == b"" and path == "pull":
        return  # HQ itself says so when nothing is new
    with pytest.raises(Unreachable):
        one.sync(Hotel(inner, lambda _path, _nth: ""))
    assert one.waiting() == (0 if path == "pull" else 1)
    assert one.sync().waiting == 0
    assert hq.rows("SELECT text FROM note") == [("kept",)]

"""Bytes of attachments: after the documents, resumed, verified, bounded."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import pytest

from crmdesk.domain.errors import NotFound, Refused
from crmdesk.services.attachments import (
    fetch_attachment,
    open_attachment,
    retry_transfer,
)
from crmdesk.services.queries.files import file_rows
from crmdesk.services.queries.sync import sync_centre
from crmdesk.storage import transfers
from crmdesk.storage.attachments import AttachmentFiles
from crmdesk.sync.attachments import Limits
from crmdesk.sync.client import sync_once
from crmdesk.sync.protocol import (
    MIN_PIECE_BYTES,
    PROTOCOL_VERSION,
    BlobFinish,
    BlobPut,
)
from tests.sync.conftest import Headquarters
from tests.sync.desks import at
from tests.sync.edits import submit_order
from tests.sync.photos import BadLine, at_once, attach, photo, rounds, stored
from tests.sync.wires import Wire, session_of

pytestmark = pytest.mark.hq

# -- the case --------------------------------------------------------------------------------


def test_case_35_a_large_file_on_a_bad_line_resumes_and_delays_no_order(
    hq: Headquarters, wire: Wire
) -> None:
    one = hq.join("R1")
    data = photo(8_000_000)
    sha256 = attach(one, "C0", data)
    answered: list[tuple[int, object]] = []

    def meanwhile(piece: int) -> None:
        if piece == 4:
            submit_order(one, "C1", "R1", "R01-00035")
        if piece in {4, 5}:
            answered.append((piece, hq.one("SELECT count(*) FROM sales_order")))

    line = BadLine(wire(hq.url), 1_500_000, meanwhile)
    reports = rounds(one, line)

    # The order made during piece 4 was at HQ before piece 5 left, though the file went on.
    assert answered == [(4, 0), (5, 1)]
    assert len(reports) > 3, "the line was meant to break several times"
    assert stored(hq, sha256) == data
    assert hq.one("SELECT complete FROM blob WHERE sha256 = %s", sha256) is True
    # Nothing that HQ had was sent again: every piece begins where the one HQ kept last ended.
    assert all(offset <= len(data) for offset, _size in line.pieces)
    lost = [size for (_o, size), (later, _s) in zip(line.pieces, line.pieces[1:], strict=False)
            if later == _o]  # fmt: skip
    sent = sum(size for _offset, size in line.pieces)
    assert sent - sum(lost) == len(data), "a byte that HQ had was sent twice"
    assert sum(lost) <= 1_048_576 * len(reports)


_KILLED = """
import os, sys, time
from pathlib import Path
from crmdesk.hq.running import serving
from crmdesk.storage import profile
from crmdesk.sync.client import sync_once
from crmdesk.sync.transport import HttpTransport

class Line(HttpTransport):
    pieces = 0
    def post(self, path, body, token=""):
        answer = super().post(path, body, token)
        if path == "/v1/blob/put":
            self.pieces += 1
            if self.pieces == 3:
                os.kill(os.getpid(), 9)
        return answer

folder, url = Path(sys.argv[1]), sys.argv[2]
sync_once(profile.open_database(folder, serving.system_clock()), transport=Line(url))
"""


def test_case_35_a_client_killed_in_the_middle_goes_on_where_hq_is(
    hq: Headquarters, wire: Wire
) -> None:
    one = hq.join("R1")
    data = photo(3_000_000, seed=2)
    sha256 = attach(one, "C0", data)

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(one.folder), hq.url], check=False, timeout=120
    )
    assert killed.returncode == -9
    had = hq.one("SELECT received FROM blob WHERE sha256 = %s", sha256)
    assert 0 < had < len(data)
    line = BadLine(wire(hq.url), 10**9, lambda _piece: None)
    report = one.sync(line)

    assert (report.files_sent, report.files_waiting) == (1, 0)
    assert line.pieces[0][0] == had
    assert stored(hq, sha256) == data


# -- round by round ---------------------------------------------------------------------------


def test_a_round_gives_files_a_bounded_share(hq: Headquarters) -> None:
    one = hq.join("R1")
    sha256 = attach(one, "C0", photo(2_000_000))

    first = sync_once(one.database, files=Limits(bytes=500_000))
    nothing = sync_once(one.database, files=Limits(seconds=0))
    assert (first.files_sent, first.files_waiting, nothing.files_waiting) == (0, 1, 1)
    assert first.goes_on and not nothing.goes_on
    both = first.then(nothing)
    assert (both.sent, both.files_waiting) == (first.sent, 1)
    before = hq.one("SELECT received FROM blob WHERE sha256 = %s", sha256)
    assert 500_000 <= before < 2_000_000
    assert one.sync().files_sent == 1
    assert one.sync().files_sent == 0


def test_others_get_recent_small_files_by_themselves_and_old_ones_on_demand(
    hq: Headquarters, wire: Wire
) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    small, large = photo(40_000), photo(6_000_000, seed=3)
    attach(one, "C0", small, "small.jpg")
    attach(one, "C0", large, "large.jpg")
    one.sync()

    assert office.sync().files_received == 1
    ws = at(office)
    ids = dict(office.rows("SELECT name, id FROM attachment"))
    assert open_attachment(ws, ids["small.jpg"]).data == small
    with pytest.raises(NotFound):
        open_attachment(ws, ids["large.jpg"])
    assert fetch_attachment(ws, ids["large.jpg"])
    line = BadLine(wire(hq.url), 1_000_000, lambda _piece: None)
    rounds(office, line)

    found = open_attachment(ws, ids["large.jpg"])
    assert (found.data, found.mime, found.name) == (large, "image/jpeg", "large.jpg")
    assert not fetch_attachment(ws, ids["large.jpg"])


def test_bytes_that_have_not_reached_hq_are_waited_for(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    attach(one, "C0", photo(40_000))
    sync_once(one.database, files=Limits(seconds=0))

    office.sync()
    assert office.rows("SELECT state, attempts FROM transfer") == [("waiting", 1)]
    one.sync()
    at_once(office)
    assert office.sync().files_received == 1


def test_failures_without_progress_wait_longer_and_longer(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    attach(one, "C0", photo(500_000))
    line = BadLine(wire(hq.url), -1, lambda _piece: None)
    line._breaks_after = -(10**9)
    waits = []
    for _round in range(4):
        before = one.database.clock.now()
        assert one.sync(line).waiting == 0
        text = one.one("SELECT next_at FROM transfer")
        waits.append((datetime.fromisoformat(text) - before).total_seconds())
        assert one.sync(line).files_waiting == 0, "it waits"
        at_once(one)
    assert waits == sorted(waits) and waits[-1] > 4 * waits[0]


def test_a_quota_is_said_and_not_tried_for_ever(hq: Headquarters) -> None:
    one = hq.join("R1")
    hq.rows("INSERT INTO hq_state (key, value) VALUES ('quota.file_bytes', '300000') RETURNING 1")
    sha256 = attach(one, "C0", photo(400_000))
    attach(one, "C0", photo(200_000, seed=5), "other.jpg")

    assert one.sync().files_sent == 1
    state, problem = one.rows("SELECT state, problem FROM transfer WHERE sha256 = ?", sha256)[0]
    assert state == "refused"
    assert problem.startswith("HQ takes files up to 300")
    (row,) = file_rows(at(one))
    assert (row.name, row.state, row.problem) == ("shelf.jpg", "refused", problem)
    assert one.sync().files_waiting == 0
    hq.rows("UPDATE hq_state SET value = '500000' WHERE key = 'quota.file_bytes' RETURNING 1")
    retry_transfer(at(one), one.one("SELECT id FROM attachment WHERE sha256 = ?", sha256))
    assert one.sync().files_sent == 1
    hq.rows("INSERT INTO hq_state (key, value) VALUES ('quota.user_bytes', '650000') RETURNING 1")
    attach(one, "C0", photo(100_000, seed=6), "third.jpg")
    one.sync()
    assert one.one("SELECT problem FROM transfer WHERE state = 'refused'").startswith(
        "HQ takes 650"
    )
    hq.rows("UPDATE hq_state SET value = '9000000' WHERE key = 'quota.user_bytes' RETURNING 1")
    hq.rows("INSERT INTO hq_state (key, value) VALUES ('quota.company_bytes', '650000')"
            " RETURNING 1")  # fmt: skip
    retry_transfer(at(one), one.one("SELECT max(id) FROM attachment"))
    one.sync()
    assert "in all" in one.one("SELECT problem FROM transfer WHERE state = 'refused'")


def test_bytes_that_are_not_what_they_are_called_are_dropped(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    data = photo(100_000)
    sha256 = attach(one, "C0", data)
    sync_once(one.database, files=Limits(seconds=0))
    session = session_of(one, wire(hq.url))
    message = BlobPut(PROTOCOL_VERSION, sha256, len(data), 0)
    session.send("/v1/blob/put", message, b"x" * len(data))

    with pytest.raises(Refused) as caught:
        session.post("/v1/blob/finish", BlobFinish(PROTOCOL_VERSION, sha256))
    assert caught.value.code == "digest"
    assert hq.one("SELECT count(*) FROM blob") == hq.one("SELECT count(*) FROM blob_chunk") == 0
    assert hq.one("SELECT count(*) FROM audit WHERE action = 'wrong-digest'") == 1
    one.sync()
    assert stored(hq, sha256) == data


def test_pieces_that_do_not_fit_are_refused(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    data = photo(300_000)
    sha256 = attach(one, "C0", data)
    sync_once(one.database, files=Limits(seconds=0))
    session = session_of(one, wire(hq.url))

    def put(offset: int, piece: bytes, size: int = len(data)) -> str:
        try:
            session.send("/v1/blob/put", BlobPut(PROTOCOL_VERSION, sha256, size, offset), piece)
        except Refused as error:
            return error.code
        return "taken"

    assert put(0, b"") == "size"
    assert put(0, data[:100]) == "size"
    assert put(0, data, size=len(data) + 1) == "size"
    assert put(-1, data[:MIN_PIECE_BYTES]) == "size"
    assert put(0, data + b"x") == "size"
    assert put(100_000, data[100_000:200_000]) == "gap"
    assert hq.one("SELECT count(*) FROM blob_chunk") == 0
    assert put(0, data[:100_000]) == "taken"
    assert put(0, data[:100_000]) == "taken", "a repeated piece changes nothing"
    assert put(200_000, data[200_000:]) == "gap"
    assert hq.one("SELECT received FROM blob") == 100_000
    with pytest.raises(Refused) as caught:
        session.post("/v1/blob/finish", BlobFinish(PROTOCOL_VERSION, sha256))
    assert caught.value.code == "gap"
    one.sync()
    assert stored(hq, sha256) == data


def test_waiting_files_are_counted_for_the_sync_centre(hq: Headquarters) -> None:
    one = hq.join("R1")
    attach(one, "C0", photo(300_000))
    with one.database.read() as connection:
        assert transfers.waiting(connection) == (1, 300_000)
    centre = sync_centre(at(one))
    assert (centre.files, centre.file_bytes) == (1, 300_000)
    (row,) = file_rows(at(one))
    assert (row.direction, row.done, row.size, row.customer) == ("up", 0, 300_000, "Café Ñandú")
    one.sync()
    assert file_rows(at(one)) == ()
    with one.database.read() as connection:
        assert transfers.waiting(connection) == (0, 0)
        assert transfers.only_here(connection) == []


def test_a_file_is_encrypted_where_it_lies(hq: Headquarters) -> None:
    one = hq.join("R1")
    data = photo(50_000)
    sha256 = attach(one, "C0", data)
    (path,) = AttachmentFiles(one.database).folder.iterdir()
    raw = path.read_bytes()
    assert sha256 not in path.name
    assert data[1000:1032] not in raw and b"SQLite" not in raw[:100]

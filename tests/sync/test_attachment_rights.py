"""Bytes of attachments: only for those who may, and what leaves, ends or cannot be attached."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crmdesk.domain.errors import NotFound, Refused, Unreachable, UserError
from crmdesk.hq.administration import admin
from crmdesk.hq.exchange import blobs
from crmdesk.services.attachments import (
    attach_file,
    open_attachment,
)
from crmdesk.storage.attachments import AttachmentFiles
from crmdesk.sync.attachments import Limits
from crmdesk.sync.client import sync_once
from crmdesk.sync.protocol import (
    PROTOCOL_VERSION,
    BlobFinish,
    BlobGet,
    BlobPut,
    BlobState,
    BlobStateRequest,
    BlobStates,
)
from tests.sync.conftest import Headquarters
from tests.sync.desks import at
from tests.sync.photos import BadLine, attach, photo, stored
from tests.sync.wires import Wire, session_of, told

pytestmark = pytest.mark.hq

# -- who may ------------------------------------------------------------------------------------


def test_case_16_a_foreign_attachment_and_none_are_the_same_and_audited(
    hq: Headquarters, wire: Wire
) -> None:
    one, two = hq.join("R1"), hq.join("R2")
    data = photo(100_000)
    sha256 = attach(one, "C0", data)
    one.sync()
    two.sync()
    session = session_of(two, wire(hq.url))
    unknown = hashlib.sha256(b"nothing").hexdigest()

    for path, make in (
        ("/v1/blob/get", lambda d: BlobGet(PROTOCOL_VERSION, d, 0, 1_000_000)),
        ("/v1/blob/finish", lambda d: BlobFinish(PROTOCOL_VERSION, d)),
    ):
        foreign, none = (told(session, path, make(d), None) for d in (sha256, unknown))
        assert foreign == none
        assert isinstance(foreign, tuple) and foreign[0] == "attachment"
    puts = [
        told(session, "/v1/blob/put", BlobPut(PROTOCOL_VERSION, d, len(data), 0), data)
        for d in (sha256, unknown)
    ]
    assert puts[0] == puts[1] and puts[0][0] == "attachment"  # type: ignore[index]
    request = BlobStateRequest(PROTOCOL_VERSION, [sha256, unknown])
    answer = msgspec.json.decode(session.post("/v1/blob/state", request), type=BlobStates)
    assert answer.states == [BlobState(sha256, False), BlobState(unknown, False)]

    assert hq.one("SELECT count(*) FROM audit WHERE action = 'refused-attachment'") == 7
    assert hq.one(
        "SELECT count(*) FROM audit WHERE action = 'refused-attachment'"
        " AND device_id = %s AND detail::text LIKE %s",
        two.fact("device.uid"), f"%{sha256}%",
    ) == 4  # fmt: skip
    assert stored(hq, sha256) == data


def test_only_what_a_row_at_hq_names_is_taken(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    data = photo(100_000)
    attach(one, "C0", data)
    session = session_of(one, wire(hq.url))
    sha256 = hashlib.sha256(data).hexdigest()

    answer = told(session, "/v1/blob/put", BlobPut(PROTOCOL_VERSION, sha256, len(data), 0), data)

    assert isinstance(answer, tuple) and answer[0] == "attachment"
    assert hq.one("SELECT count(*) FROM blob") == 0


def test_strange_digests_are_refused_without_harm(hq: Headquarters, wire: Wire) -> None:
    session = session_of(hq.join("R1"), wire(hq.url))
    for strange in ("", "../../etc/passwd", "a" * 64 + "'", "\x00", "z" * 100_000):
        answer = told(session, "/v1/blob/get", BlobGet(PROTOCOL_VERSION, strange, 0, 9), None)
        assert isinstance(answer, tuple) and answer[0] in {"malformed", "too-large"}
    with pytest.raises(Refused) as caught:
        session.post("/v1/blob/state", BlobStateRequest(PROTOCOL_VERSION, ["a" * 64] * 501))
    assert caught.value.code == "too-large"


# -- leaving -------------------------------------------------------------------------------------


def test_case_17_an_account_that_leaves_takes_its_photos_and_transfers_with_it(
    hq: Headquarters,
) -> None:
    one = hq.join("R1")
    gone, kept = photo(300_000), photo(100_000, seed=9)
    sha_gone, sha_kept = attach(one, "C0", gone), attach(one, "C1", kept)
    files = AttachmentFiles(one.database)
    one.sync()
    assert files.holds(sha_gone) and files.holds(sha_kept)
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())

    one.sync()

    assert not files.holds(sha_gone) and files.holds(sha_kept)
    assert one.rows("SELECT sha256 FROM transfer") == [(sha_kept,)]
    assert len(list(files.folder.iterdir())) == 1
    two = hq.join("R2")
    two.sync()
    assert open_attachment(at(two), two.one("SELECT id FROM attachment")).data == gone


def test_a_photo_hq_refused_stays_until_its_person_has_settled_that(hq: Headquarters) -> None:
    one = hq.join("R1")
    admin.reassign_territory(hq.store, ["C0"], "T2", now_ms=hq.now_ms())
    sha256 = attach(one, "C0", photo(100_000))
    files = AttachmentFiles(one.database)

    report = one.sync()

    assert report.refusals == 1
    assert one.one("SELECT count(*) FROM attachment") == 0
    assert files.holds(sha256)
    with one.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE refusal SET state = 'settled'")
    one.sync()
    assert not files.holds(sha256)
    assert hq.one("SELECT count(*) FROM blob") == 0


def test_hq_forgets_what_nobody_names_after_a_while(hq: Headquarters) -> None:
    one = hq.join("R1")
    attach(one, "C0", photo(100_000))
    one.sync()
    attach(one, "C1", photo(900_000, seed=4), "half.jpg")
    sync_once(one.database, files=Limits(bytes=1))
    now = datetime.now(UTC)
    assert blobs.forget_unnamed(hq.store, now + timedelta(days=1)) == 0
    assert blobs.forget_unnamed(hq.store, now + timedelta(days=15)) == 1
    one.run("DELETE FROM attachment WHERE name = 'shelf.jpg'")
    one.sync()
    assert blobs.forget_unnamed(hq.store, now + timedelta(days=15)) >= 1
    assert hq.rows("SELECT size FROM blob") == [(900_000,)], "the other one is named"


def test_a_metered_round_leaves_files_alone(hq: Headquarters) -> None:
    one = hq.join("R1")
    attach(one, "C0", photo(100_000))
    assert sync_once(one.database, whole=False).sent == 1
    assert hq.one("SELECT count(*) FROM blob") == 0
    assert one.sync().files_sent == 1


def test_after_a_restore_of_hq_the_bytes_are_offered_again(hq: Headquarters) -> None:
    one, office = hq.join("R1"), hq.join("O1")
    data = photo(100_000)
    sha256 = attach(one, "C0", data)
    one.sync()
    assert office.sync().files_received == 1
    hq.rows("DELETE FROM blob_chunk RETURNING 1")
    hq.rows("DELETE FROM blob RETURNING 1")
    hq.rows("UPDATE hq_state SET value = 'another' WHERE key = 'epoch' RETURNING 1")

    # The rep's laptop may never come back: whoever has the bytes gives them.
    assert office.sync().files_sent == 1
    assert stored(hq, sha256) == data
    assert one.sync().files_sent == 1, "HQ has it: nothing but the question travels"


def test_a_device_that_is_retired_sends_its_files_first(hq: Headquarters, wire: Wire) -> None:
    one = hq.join("R1")
    data = photo(600_000)
    sha256 = attach(one, "C0", data)
    sync_once(one.database, files=Limits(seconds=0))
    admin.end_device(hq.store, one.fact("device.prefix"), "retired")
    line = BadLine(wire(hq.url), 200_000, lambda _piece: None)

    codes = []
    for _round in range(30):
        with pytest.raises((Refused, Unreachable)) as caught:
            one.sync(line)
        codes.append(caught.value.code)
        if codes[-1] == "retired":
            break

    assert codes[0] == "Unreachable" and codes[-1] == "retired"
    assert stored(hq, sha256) == data
    assert not (one.folder / "attachments").exists()


def test_what_cannot_be_attached_is_said_and_leaves_nothing(hq: Headquarters) -> None:
    one = hq.join("R1")
    ws = at(one)
    key = one.one("SELECT id FROM account LIMIT 1")
    for data, kind in (
        (b"", "file"), (b"MZ\x90\x00" + bytes(99), "file"), (b"#!/bin/sh\nrm x\n", "file"),
        (b"plain words", "photo"), (photo(100), "strange"), (b"<html><script>", "file"),
    ):  # fmt: skip
        with pytest.raises(UserError):
            attach_file(ws, key, data, name="x.jpg", kind=kind)
    with pytest.raises(NotFound):
        attach_file(ws, 10**6, photo(100))
    with pytest.raises(NotFound):
        attach_file(ws, key, photo(100), owner=("visit", os.urandom(16)))
    assert one.one("SELECT count(*) FROM attachment") == 0
    assert list(AttachmentFiles(one.database).folder.iterdir()) == []
    made = attach_file(ws, key, photo(5000), name="../../.ssh/authorized keys\n<x>.jpg")
    assert open_attachment(ws, made.attachment_id).name == "authorized keysx.jpg"

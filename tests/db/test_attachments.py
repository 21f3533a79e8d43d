"""Attachments of a profile that works alone: kept encrypted, checked, backed up, restored."""

from __future__ import annotations

import contextlib
import random
import shutil
from pathlib import Path

import pytest

from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.contents import kind_of, plain_name
from crmdesk.domain.errors import CorruptFile, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.services.attachments import attach_file, attachment_pieces, open_attachment
from crmdesk.services.workspace import Workspace
from crmdesk.storage import attachments, backup, profile, sealed, transfers
from crmdesk.storage.attachments import AttachmentFiles
from crmdesk.storage.check import check
from crmdesk.sync.wiping import wipe

_PDF = b"%PDF-1.7\n"


def paper(size: int, seed: int = 1) -> bytes:
    return _PDF + random.Random(seed).randbytes(size - len(_PDF))


def said(ws: Workspace, folder: Path) -> list[str]:
    return [one.sentence for one in check(ws.database, folder) if one.area == "attachments"]


def test_a_file_comes_back_as_it_was_and_lies_encrypted(ws: Workspace, tmp_path: Path) -> None:
    data = paper(700_001)
    source = tmp_path / "Contract Q3.pdf"
    source.write_bytes(data)

    made = attach_file(ws, 1, source)

    found = open_attachment(ws, made.attachment_id)
    assert (found.name, found.mime, found.data) == ("Contract Q3.pdf", "application/pdf", data)
    assert b"".join(attachment_pieces(ws, made.attachment_id)) == data
    files = AttachmentFiles(ws.database)
    (path,) = files.folder.iterdir()
    raw = path.read_bytes()
    assert made.sha256 not in path.name
    assert path.stat().st_mode & 0o077 == 0
    assert all(data[at : at + 16] not in raw for at in range(0, len(data), 9973))
    for start, size in ((0, 10), (262_140, 10), (262_144, 262_144), (700_000, 99), (700_001, 9)):
        assert files.piece(made.sha256, start, size) == data[start : start + size]


def test_the_same_file_twice_is_kept_once(ws: Workspace) -> None:
    data = paper(10_000)
    first, second = attach_file(ws, 1, data, name="a.pdf"), attach_file(ws, 1, data, name="b.pdf")
    assert first.sha256 == second.sha256
    assert len(list(AttachmentFiles(ws.database).folder.iterdir())) == 1


def test_a_file_too_large_is_refused_and_leaves_nothing(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_BYTES", 400_000)
    large = tmp_path / "large.pdf"
    large.write_bytes(paper(400_001))
    for source in (large, paper(400_001)):
        with pytest.raises(UserError, match="larger than"):
            attach_file(ws, 1, source)
    for missing in (tmp_path / "none.pdf", tmp_path):
        with pytest.raises(NotFound):
            attach_file(ws, 1, missing)
    assert list(AttachmentFiles(ws.database).folder.iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "where"),
    [(lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "end"), (lambda raw: raw[:8192], "cut"),
     (lambda raw: b"x" * len(raw), "noise"), (lambda _raw: b"", "empty")],
    ids=["a bit", "cut", "noise", "empty"],
)  # fmt: skip
def test_a_damaged_file_is_found_and_never_shown(
    ws: Workspace, folder: Path, harm: object, where: str
) -> None:
    made = attach_file(ws, 1, paper(60_000), name="note.pdf")
    assert said(ws, folder) == []
    path = AttachmentFiles(ws.database).path(made.sha256)
    path.write_bytes(harm(path.read_bytes()))

    assert said(ws, folder) == ["The file of the attachment note.pdf is damaged."]
    if where != "empty":
        with pytest.raises(CorruptFile):
            open_attachment(ws, made.attachment_id)


def test_files_that_are_missing_or_strange_are_found(ws: Workspace, folder: Path) -> None:
    made = attach_file(ws, 1, paper(5_000), name="gone")
    files = AttachmentFiles(ws.database)
    files.path(made.sha256).unlink()
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql(
            "INSERT INTO attachment (uid, account_id, sha256, size, name)"
            " VALUES (?, 1, '../../etc/passwd', 5, 'sly')",
            (new_uid(),),
        )
    lost = "The file of the attachment gone is missing."
    assert said(ws, folder) == [lost, "The digest of the attachment sly is none."]
    with ws.database.maintenance() as connection:
        profile.set_fact(connection, "hq.url", "https://hq.example.com")
    assert said(ws, folder) == [lost, "The digest of the attachment sly is none."]
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql("UPDATE transfer SET state = 'done'")
    assert said(ws, folder) == ["The digest of the attachment sly is none."]
    with pytest.raises(NotFound):
        files.path("../../etc/passwd")


def test_files_of_another_profile_do_not_open(ws: Workspace, folder: Path) -> None:
    made = attach_file(ws, 1, paper(5_000))
    path = AttachmentFiles(ws.database).path(made.sha256)
    for key in ("ab" * 32, None):
        with pytest.raises(CorruptFile), sealed.opened(path, key, prove=True) as file:
            file.facts()


def test_a_backup_brings_the_files_along_and_a_restore_puts_them_back(
    ws: Workspace, folder: Path, tmp_path: Path, clock: ZoneClock
) -> None:
    first = attach_file(ws, 1, paper(50_000), name="first.pdf")
    backup.back_up(ws.database, folder, tmp_path / "saved.backup")
    later = attach_file(ws, 1, paper(60_000, seed=2), name="later.pdf")
    before = {path.name for path in (folder / "attachments").iterdir()}
    ws.database.dispose()

    backup.restore(tmp_path / "saved.backup", folder, clock)

    database = profile.open_database(folder, clock)
    files = AttachmentFiles(database)
    assert b"".join(files.pieces(first.sha256)) == paper(50_000)
    assert not files.holds(later.sha256)
    assert check(database, folder) == []
    database.dispose()
    (aside,) = (folder / "backups").glob("before-restore-*")
    assert {path.name for path in (aside / "attachments").iterdir()} == before


def test_a_restore_killed_between_its_steps_is_finished(
    ws: Workspace, folder: Path, tmp_path: Path, clock: ZoneClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = attach_file(ws, 1, paper(50_000))
    backup.back_up(ws.database, folder, tmp_path / "saved.backup")
    ws.database.dispose()
    real = Path.replace

    for step in range(1, 9):
        steps = iter(range(1, 99))

        def dying(path: Path, target: Path, steps: object = steps, step: int = step) -> Path:
            watched = "attachments" in str(path) or path.parent.name == "restoring"
            if watched and next(steps) == step:  # type: ignore[call-overload]
                raise KeyboardInterrupt
            return real(path, target)

        monkeypatch.setattr(Path, "replace", dying)
        with contextlib.suppress(KeyboardInterrupt):
            backup.restore(tmp_path / "saved.backup", folder, clock)
        monkeypatch.setattr(Path, "replace", real)
        profile.make_folders(folder)
        database = profile.open_database(folder, clock)
        assert AttachmentFiles(database).holds(made.sha256)
        database.dispose()


def test_of_a_joined_laptop_only_what_hq_lacks_is_backed_up(
    ws: Workspace, folder: Path, tmp_path: Path, clock: ZoneClock
) -> None:
    sent, unsent = attach_file(ws, 1, paper(9_000)), attach_file(ws, 1, paper(9_001))
    with ws.database.maintenance() as connection:
        profile.set_fact(connection, "hq.url", "https://hq.example.com")
    transfers.arrived(ws.database, sent.sha256, 9_000)
    backup.back_up(ws.database, folder, tmp_path / "saved.backup")
    ws.database.dispose()
    backup.restore(tmp_path / "saved.backup", folder, clock)

    database = profile.open_database(folder, clock)
    files = AttachmentFiles(database)
    assert not files.holds(sent.sha256) and files.holds(unsent.sha256)
    with database.read() as connection:
        assert transfers.only_here(connection) == [unsent.sha256]
    assert check(database, folder) == []
    database.dispose()


def test_wiping_destroys_them(ws: Workspace, folder: Path) -> None:
    attach_file(ws, 1, paper(9_000))
    ws.database.dispose()
    wipe(folder)
    assert not (folder / "attachments").exists()


def test_what_a_crash_left_half_written_is_cleared_up(ws: Workspace) -> None:
    made, other = attach_file(ws, 1, paper(9_000)), attach_file(ws, 1, paper(9_001))
    files = AttachmentFiles(ws.database)
    stray = files.folder / ("0" * 64)
    shutil.copy(files.path(made.sha256), stray)
    draft = files.folder / ".draft-1"
    draft.write_bytes(b"being written")
    assert transfers.clear_up(ws.database, files) == 0
    with ws.database.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM attachment WHERE sha256 = ?", (other.sha256,))

    assert transfers.clear_up(ws.database, files) == 1

    left = {path.name for path in files.folder.iterdir()}
    assert left == {files.path(made.sha256).name, draft.name}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"), (_PDF, "application/pdf"),
        (b"PK\x03\x04....[Content_Types].xml....word/document.xml",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.textPK",
         "application/vnd.oasis.opendocument.text"),
        ("Grüße, naïve".encode(), "text/plain"), ("é".encode() * 99 + b"\xc3", "text/plain"),
        (b"PK\x03\x04" + bytes(99), None), (b"MZ\x90\x00", None), (b"\x7fELF\x02", None),
        (b"#!/bin/sh", None), (b"<!DOCTYPE html>", None), (b"\xfe\xed\xfa\xcf", None),
        (b"RIFF\x00\x00\x00\x00AVI ", None), (b"a\x00b", None),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(head: bytes, kind: str | None) -> None:
    assert kind_of(head) == kind


def test_names_lead_nowhere() -> None:
    assert plain_name("../../etc/passwd") == "passwd"
    assert plain_name("C:\\windows\\evil.pdf") == "evil.pdf"
    assert plain_name("...") == plain_name("") == ""
    assert plain_name("a\nb\x00c.jpg") == "abc.jpg"
    long = plain_name("x" * 300 + ".jpeg")
    assert len(long) == 120 and long.endswith(".jpeg")

"""TLS with HQ's own certificate: its key is known from the code on, nothing else counts."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from crmdesk.domain.errors import CorruptFile, NotFound, Unreachable, UserError
from crmdesk.hq.access import certificate
from crmdesk.hq.access.certificate import Pair
from crmdesk.hq.administration import admin
from crmdesk.hq.running import serving
from crmdesk.hq.running.app import make_app
from crmdesk.hq.running.endpoints import open_hq
from crmdesk.storage import profile
from crmdesk.sync import facts, pinning
from crmdesk.sync.bootstrap import KeyKeeping, join
from crmdesk.sync.pinning import Pins, fingerprint, pin_of, split_code, with_fingerprint
from crmdesk.sync.transport import HttpTransport
from tests.sync.conftest import Headquarters, Laptop, _serve

pytestmark = pytest.mark.hq

NOW = datetime.now(UTC)


@dataclass
class Office:
    """An HQ with a certificate of its own in a folder."""

    hq: Headquarters
    folder: Path

    @contextmanager
    def serving(self, pair: Pair | None = None, port: int = 0) -> Iterator[str]:
        """The address while it is served over TLS."""
        pair = pair or certificate.shown(self.folder)
        url, stop = _serve(
            make_app(open_hq(self.hq.store, serving.system_clock())),
            ssl_certfile=pair.certificate, ssl_keyfile=pair.private_key,
        )  # fmt: skip
        try:
            yield url
        finally:
            stop()

    def join(self, url: str, code: str, name: str = "pinned") -> Laptop:
        folder = self.hq.folder / name
        clock = serving.system_clock()
        join(folder, url, code, clock, device_name=name, keeping=KeyKeeping("open"))
        laptop = Laptop(folder, profile.open_database(folder, clock), url)
        self.hq.laptops.append(laptop)
        return laptop

    def code(self) -> str:
        return admin.make_code(self.hq.store, "R1", datetime.now(UTC))


@pytest.fixture
def office(hq: Headquarters, tmp_path: Path) -> Office:
    found = Office(hq, tmp_path / "office")
    certificate.make(hq.store, found.folder, ["hq.office.lan"], NOW)
    return found


def points_to(laptop: Laptop, url: str) -> None:
    with laptop.database.maintenance() as connection:
        profile.set_fact(connection, facts.URL, url)


def pins(laptop: Laptop) -> set[str]:
    return set(laptop.fact(facts.PINS).split())


def other_pair(office: Office, folder: Path, now: datetime = NOW) -> Pair:
    """A certificate that says the same of itself, with another key."""
    pair = certificate.shown(folder)
    certificate._write(pair, certificate._new_key(), ["hq.office.lan"], now)
    return pair


def test_a_code_with_the_fingerprint_makes_the_laptop_know_the_key(office: Office) -> None:
    code = office.code()
    plain, letters = split_code(code)
    assert code.count("#") == 1 and letters == fingerprint(certificate.shown(office.folder).pin())
    with office.serving() as url:
        laptop = office.join(url, code)
        assert pins(laptop) == {certificate.shown(office.folder).pin()}
        assert laptop.sync().waiting == 0
    assert laptop.one("SELECT count(*) FROM account") == 4
    assert len(plain) == 14


class Between:
    """Somebody between laptop and HQ with a certificate of their own; keeps what it is told."""

    def __init__(self, pair: Pair) -> None:
        self.heard = b""
        self.hands_shaken = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate, pair.private_key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                plain, _from = self._socket.accept()
            except OSError:
                return
            plain.settimeout(5)
            with plain:
                try:
                    with self._context.wrap_socket(plain, server_side=True) as line:
                        self.hands_shaken += 1
                        while piece := line.recv(65536):
                            self.heard += piece
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def between(office: Office, tmp_path: Path) -> Iterator[Between]:
    found = Between(other_pair(office, tmp_path / "between"))
    yield found
    found.close()


def test_somebody_in_between_does_not_even_get_the_code(office: Office, between: Between) -> None:
    code = office.code()
    with pytest.raises(Unreachable, match="does not have the key") as caught:
        office.join(between.url, code)
    assert caught.value.code == "certificate"
    assert between.heard == b""
    with office.serving() as url:
        assert office.join(url, code).waiting() == 0


def test_somebody_in_between_gets_no_token_of_a_laptop_that_has_joined(
    office: Office, between: Between
) -> None:
    with office.serving() as url:
        laptop = office.join(url, office.code())
    points_to(laptop, between.url)
    laptop.run("UPDATE account SET channel = 'bar' WHERE code = 'C0'")

    with pytest.raises(Unreachable, match="nothing was sent"):
        laptop.sync()

    assert between.heard == b"" and laptop.waiting() == 1
    assert laptop.fact(facts.LAST_RESULT) == "certificate"


def test_the_check_is_what_keeps_them_out(
    office: Office, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the same handshake hands everything over: the two tests above can fail."""
    monkeypatch.setattr(pinning.Pins, "take", lambda *_: True)
    code = office.code()
    with pytest.raises(Unreachable):
        HttpTransport(between.url, timeout_s=0.5, pins=Pins(fingerprint="A" * 16)).post(
            "/v1/enrol", code.encode()
        )
    assert code.encode() in between.heard


def test_an_expired_certificate_of_the_known_key_is_taken(office: Office) -> None:
    pair = certificate.shown(office.folder)
    certificate.renew(office.folder, ["old.example"], NOW - certificate.LIFE - timedelta(days=9))
    made = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    assert made.not_valid_after_utc < NOW
    with office.serving() as url:
        assert office.join(url, office.code()).sync().waiting == 0


def test_a_renewal_with_the_same_key_changes_nothing(office: Office) -> None:
    with office.serving() as url:
        laptop = office.join(url, office.code())
    before = certificate.shown(office.folder).certificate.read_bytes()
    certificate.renew(office.folder, ["hq.office.lan"], NOW)
    assert certificate.shown(office.folder).certificate.read_bytes() != before
    with office.serving() as url:
        points_to(laptop, url)
        laptop.sync()


def test_another_key_is_announced_first_and_shown_later(office: Office) -> None:
    with office.serving() as url:
        laptop, late = office.join(url, office.code()), office.join(url, office.code(), "late")
        old = certificate.shown(office.folder).pin()
        new = certificate.prepare_next(office.hq.store, office.folder, ["hq.office.lan"], NOW)
        laptop.sync()
        assert pins(laptop) == {old, new} and pins(late) == {old}
    assert certificate.switch(office.hq.store, office.folder) == new
    assert split_code(office.code())[1] == fingerprint(new)

    with office.serving() as url:
        for one in (laptop, late):
            points_to(one, url)
        laptop.sync()
        # Who was away all the time asks the office: nothing is taken on trust.
        with pytest.raises(Unreachable, match="does not have the key"):
            late.sync()
        certificate.announce(office.hq.store, [new])
        laptop.sync()
        assert pins(laptop) == {new}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pair]:
    """Certificates signed by an authority that this computer trusts."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    pem = serialization.Encoding.PEM
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def built(subject: x509.Name, key: Any, *extensions: Any) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=10))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(root_key, hashes.SHA256())

    own = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    ca = built(root, root_key, x509.BasicConstraints(ca=True, path_length=None), own, usage)
    (tmp_path / "ca.pem").write_bytes(ca.public_bytes(pem))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def signed(name: str) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = built(
            subject, key, x509.SubjectAlternativeName([certificate._general(name)]),
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own),
        )  # fmt: skip
        pair = Pair(tmp_path / f"{name}.pem", tmp_path / f"{name}-key.pem")
        pair.certificate.write_bytes(made.public_bytes(pem))
        plain = serialization.PrivateFormat.PKCS8
        pair.private_key.write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()))
        return pair

    return signed


def test_a_public_certificate_needs_no_fingerprint(
    hq: Headquarters, tmp_path: Path, authority: Callable[..., Pair]
) -> None:
    office = Office(hq, tmp_path / "office")
    code = office.code()
    assert "#" not in code
    with office.serving(authority("127.0.0.1")) as url:
        laptop = office.join(url, code)
        laptop.sync()
        assert laptop.rows("SELECT 1 FROM profile WHERE key = ?", facts.PINS) == []


def test_without_a_fingerprint_name_and_authority_count(
    hq: Headquarters, tmp_path: Path, authority: Callable[..., Pair]
) -> None:
    office = Office(hq, tmp_path / "office")
    own = other_pair(office, tmp_path / "own")
    for pair in (authority("other.example"), own):
        with office.serving(pair) as url, pytest.raises(Unreachable, match="not trusted"):
            office.join(url, office.code())


def test_a_fingerprint_does_not_travel_without_tls(office: Office) -> None:
    with pytest.raises(UserError, match="https"):
        office.join(office.hq.url, office.code())


@pytest.mark.parametrize("behind", ["ABCD", "ABCD-EFGH-JKLM-NPQ1", ""])
def test_a_mutilated_code_is_not_used_without_its_fingerprint(behind: str) -> None:
    with pytest.raises(UserError, match="not complete"):
        split_code(f"ABCD-EFGH-JKLM#{behind}")


def test_codes_are_read_as_they_are_typed() -> None:
    pin = "00ff" * 16
    code = with_fingerprint("ABCD-EFGH-JKLM", pin)
    plain, letters = split_code(f"  {code.lower()} ")
    assert (plain.upper(), letters) == ("ABCD-EFGH-JKLM", fingerprint(pin))
    assert split_code("ABCD-EFGH-JKLM") == ("ABCD-EFGH-JKLM", "")


def test_the_digest_is_that_of_the_public_key(office: Office) -> None:
    import hashlib

    from cryptography.hazmat.primitives import serialization

    pair = certificate.shown(office.folder)
    made = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    spki = made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert pair.pin() == hashlib.sha256(spki).hexdigest()
    assert pair.private_key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x00", b"x" * 99]
)
def test_what_is_no_certificate_has_no_key(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a certificate"):
        pin_of(data)
    assert not Pins({"00" * 32}).take(data)


def test_the_certificate_s_own_failures_are_said(office: Office, tmp_path: Path) -> None:
    store = office.hq.store
    with pytest.raises(UserError, match="already"):
        certificate.make(store, office.folder, [], NOW)
    with pytest.raises(NotFound):
        certificate.renew(tmp_path / "elsewhere", [], NOW)
    with pytest.raises(NotFound):
        certificate.switch(store, office.folder)
    certificate.shown(office.folder).certificate.write_text("-----BEGIN nonsense")
    with pytest.raises(CorruptFile):
        certificate.shown(office.folder).pin()

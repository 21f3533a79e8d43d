"""A certificate of HQ's own, for an office without a public name: made, announced, renewed.

Laptops know HQ by the key in it (:mod:`crmdesk.sync.pinning`): the digest of the key goes into the
enrolment codes and, over proven connections, to the laptops that have joined already. A renewal
with the same key changes nothing for anybody; another key is announced first and shown later.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.domain.errors import CorruptFile, NotFound, UserError
from crmdesk.hq.access import auth
from crmdesk.hq.database.store import Store
from crmdesk.i18n import _
from crmdesk.sync.pinning import pin_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LIFE = timedelta(days=3650)
_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """The PEM files of a certificate and of its private key."""

    certificate: Path
    private_key: Path

    def exists(self) -> bool:
        """Whether both are there."""
        return self.certificate.exists() and self.private_key.exists()

    def pin(self) -> str:
        """The digest (hex) of the key; NotFound, CorruptFile."""
        try:
            text = self.certificate.read_text(encoding="ascii")
            return pin_of(ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN") :]))
        except FileNotFoundError:
            raise NotFound(
                _("HQ has no certificate of its own."), _("Make one: crmdesk hq certificate.")
            ) from None
        except ValueError as error:
            raise CorruptFile(
                _("{file} is not a certificate.").format(file=self.certificate)
            ) from error


def shown(folder: Path) -> Pair:
    """The pair that an HQ's folder serves."""
    return Pair(folder / "tls" / "certificate.pem", folder / "tls" / "private-key.pem")


def following(folder: Path) -> Pair:
    """The pair that will follow, while another key has been announced."""
    return Pair(folder / "tls" / "next-certificate.pem", folder / "tls" / "next-private-key.pem")


def make(store: Store, folder: Path, names: Sequence[str], now: datetime) -> str:
    """A key and a certificate for these names and addresses, announced; returns the key's digest.

    UserError when there is one already.
    """
    pair = shown(folder)
    if pair.exists():
        raise UserError(
            _("This HQ has a certificate already."),
            _("--renew makes it anew with the same key; --next announces another key."),
        )
    _write(pair, _new_key(), names, now)
    announce(store, [pair.pin()])
    return pair.pin()


def renew(folder: Path, names: Sequence[str], now: datetime) -> str:
    """A new certificate with the key that is there: no laptop notices. NotFound without one."""
    pair = shown(folder)
    digest = pair.pin()
    _write(pair, _read_key(pair), names, now)
    return digest


def prepare_next(store: Store, folder: Path, names: Sequence[str], now: datetime) -> str:
    """Another key with its certificate, announced beside the one in use; returns its digest.

    Laptops take it once they have met HQ; then :func:`switch` shows it.
    """
    pair = following(folder)
    if not pair.exists():
        _write(pair, _new_key(), names, now)
    announce(store, [shown(folder).pin(), pair.pin()])
    return pair.pin()


def switch(store: Store, folder: Path) -> str:
    """Show the key that was announced from the next start of the servers on; returns its digest.

    The former one stays in the folder under another name. NotFound when none was announced.
    """
    old, new = shown(folder), following(folder)
    digest, former = new.pin(), old.pin()
    for path in (old.certificate, old.private_key):
        path.replace(path.with_name(f"former-{path.name}"))
    new.certificate.replace(old.certificate)
    new.private_key.replace(old.private_key)
    announce(store, [digest, former])
    return digest


def announce(store: Store, pins: Sequence[str]) -> None:
    """Tell laptops, and the codes made from now on, which keys are HQ's; the first is shown."""
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO hq_state (key, value) VALUES ('pins', %s)"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
            (" ".join(pins),),
        )
        auth.audit(connection, "certificate-announced")


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _read_key(pair: Pair) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pair.private_key.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise CorruptFile(
            _("{file} is not a private key.").format(file=pair.private_key)
        ) from error


def _write(pair: Pair, key: Any, names: Sequence[str], now: datetime) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    wanted = list(names) or [socket.gethostname(), "localhost", "127.0.0.1"]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted[0][:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in wanted]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    pair.certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put(pair.private_key, key.private_bytes(pem, plain, serialization.NoEncryption()))
    _put(pair.certificate, made.public_bytes(pem))


def _general(name: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _put(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    draft.replace(path)

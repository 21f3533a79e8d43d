"""HQ's own certificate, known by its key: what an enrolment code says of it and how it is checked.

An in-house HQ has a certificate that no authority has signed. The enrolment code carries a short
fingerprint of its public key; the laptop takes exactly that key, keeps its whole digest, and from
then on takes only keys it knows. The check stands between the handshake and the first byte of a
request, so whoever listens in between is told nothing, not even the code.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Iterable

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _

MARK = "#"
"""Stands between an enrolment code and the fingerprint of HQ's key."""

_FINGERPRINT_BYTES = 10
_FINGERPRINT_LETTERS = 16


def split_code(text: str) -> tuple[str, str]:
    """An enrolment code and the fingerprint behind it, empty when there is none.

    UserError for a fingerprint that cannot be one.
    """
    code, mark, behind = text.strip().partition(MARK)
    plain = behind.replace("-", "").replace(" ", "").upper()
    if not mark:
        return code, ""
    if len(plain) != _FINGERPRINT_LETTERS or set(plain) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
        raise UserError(
            _("This enrolment code is not complete."),
            _("Take all of it, with the letters after the {mark}.").format(mark=MARK),
        )
    return code, plain


def fingerprint(pin: str) -> str:
    """The first 80 bits of a key's digest (hex) as letters that can be read aloud."""
    return base64.b32encode(bytes.fromhex(pin)[:_FINGERPRINT_BYTES]).decode()


def with_fingerprint(code: str, pin: str) -> str:
    """A code as it is handed out: ``ABCD-EFGH-JKLM#MZXW-6YTB-OI2A-BCDE``."""
    letters = fingerprint(pin)
    return code + MARK + "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))


def pin_of(certificate: bytes) -> str:
    """The SHA-256 (hex) of the public key in a certificate (DER); ValueError when there is none."""
    body = _inside(_first(certificate)[1])
    fields = _elements(body)
    # An explicit version may come first; the key is the sixth after it.
    if fields and fields[0][0] == 0xA0:
        fields = fields[1:]
    if len(fields) < 6:
        raise ValueError("not a certificate")
    return hashlib.sha256(fields[5][2]).hexdigest()


def _inside(content: bytes) -> bytes:
    return _first(content)[1]


def _first(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element of DER data: its tag, its content, and the whole of it."""
    if len(data) < 2:
        raise ValueError("not a certificate")
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        start += count
        length = int.from_bytes(data[2:start], "big")
    end = start + length
    if end > len(data):
        raise ValueError("not a certificate")
    return data[0], data[start:end], data[:end]


def _elements(data: bytes) -> list[tuple[int, bytes, bytes]]:
    found = []
    while data:
        element = _first(data)
        found.append(element)
        data = data[len(element[2]) :]
    return found


class Pins:
    """The keys that are taken for HQ's: whole digests (hex), or one by its fingerprint."""

    def __init__(self, known: Iterable[str] = (), fingerprint: str = "") -> None:
        self.known = set(known)
        self.shown = ""
        self._fingerprint = fingerprint

    def __bool__(self) -> bool:
        return bool(self.known or self._fingerprint)

    def take(self, certificate: bytes | None) -> bool:
        """Whether a certificate (DER) has a key of HQ's; its digest is in ``shown`` then."""
        if certificate is None:
            return False
        try:
            pin = pin_of(certificate)
        except ValueError:
            return False
        if pin in self.known or (self._fingerprint and fingerprint(pin) == self._fingerprint):
            self.shown = pin
            return True
        return False

    def context(self) -> ssl.SSLContext:
        """TLS that ends with an error before anything is sent unless the key is HQ's.

        Neither the name nor the dates in the certificate count: the key is what is known.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.sslsocket_class = _socket_for(self)
        return context


class WrongPin(ssl.SSLCertVerificationError):
    """What answered does not have HQ's key."""


def _socket_for(pins: Pins) -> type[ssl.SSLSocket]:
    class PinnedSocket(ssl.SSLSocket):
        """Hands over no byte before the other side has proved HQ's key."""

        def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002
            super().do_handshake(block)
            if not pins.take(self.getpeercert(binary_form=True)):
                raise WrongPin("the key is not HQ's")

    return PinnedSocket

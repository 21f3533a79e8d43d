"""How an HQ server is to be run: what is asked for, and what is refused for safety."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where and how to listen. Without TLS files it listens on the loopback, or ``insecure``.

    ``processes`` share the address. Each shows its metrics on the loopback at ``metrics_port``
    plus its place among them, and at ``/metrics`` to whoever has the token in
    ``metrics_token_file``. ``pooler``: PostgreSQL is behind a pooler in transaction mode.
    ``grace_s`` is given to running requests at the end, ``last_s`` beyond it to a database that
    does not even cancel them. ``proxies`` are the addresses whose word
    on where a request comes from is taken.
    """

    host: str = "127.0.0.1"
    port: int = 8642
    offset_s: float = 0.0
    certificate: Path | None = None
    private_key: Path | None = None
    insecure: bool = False
    proxies: tuple[str, ...] = ()
    processes: int = 1
    metrics_port: int | None = None
    metrics_token_file: Path | None = None
    pooler: bool = False
    grace_s: float = 10.0
    last_s: float = 12.0
    log_level: str = "info"


def require_private(options: ServeOptions) -> None:
    """UserError when what laptops send, customers and device keys, would go about unencrypted."""
    if options.certificate is not None or options.insecure or _is_loopback(options.host):
        return
    raise UserError(
        _("Without a certificate the server would send customers' data unencrypted."),
        _(
            "Make one (crmdesk hq certificate), give --certificate and --private-key, or serve on"
            " 127.0.0.1."
        ),
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""A server started as a child: ``python -m crmdesk.hq.child URL ADDRESS_FILE PORT OFFSET_S``."""

from __future__ import annotations

import sys
from pathlib import Path

from crmdesk.hq.serving import ServeOptions, serve


def main(arguments: list[str]) -> None:
    """Serve the HQ database of the URL on a loopback port (0: a free one)."""
    url, address_file, port, offset_s = arguments
    options = ServeOptions(port=int(port), offset_s=float(offset_s))
    serve(url, options, address_file=Path(address_file))


if __name__ == "__main__":
    main(sys.argv[1:])

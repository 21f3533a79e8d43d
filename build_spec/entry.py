"""Entry script of the bundle: the same `main` as the installed command."""

from crmdesk.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())

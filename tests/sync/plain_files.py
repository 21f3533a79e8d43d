"""A profile whose bytes can be looked at."""

from __future__ import annotations

from crmdesk.storage import profile
from tests.sync.conftest import Laptop


def plaintext(laptop: Laptop) -> Laptop:
    """The same profile in a file that is not encrypted, so that every byte can be looked at."""
    folder = laptop.folder.with_name(laptop.folder.name + "-plain")
    profile.make_folders(folder)
    target = folder / profile.DATABASE_FILE
    with laptop.database.exclusive() as driver:
        driver.execute("ATTACH ? AS plain KEY ''", (str(target),))
        driver.execute("SELECT sqlcipher_export('plain')")
        driver.execute("DETACH plain")
    clock = laptop.database.clock
    found = Laptop(folder, profile.database_at(target, None, clock), laptop.url)
    found.rows("SELECT count(*) FROM account")
    assert target.read_bytes().startswith(b"SQLite format 3")
    return found

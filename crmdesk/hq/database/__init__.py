"""HQ's PostgreSQL: connections, tables, migrations, rows in and out, feed, scopes, its home."""

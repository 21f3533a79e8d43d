"""Files in and out: tables, contacts, calendars, documents, maps."""

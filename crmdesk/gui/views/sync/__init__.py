"""The sync centre: the last consistent time, what waits, what needs the person."""

"""Bugs planted on purpose, by topic; the register is :mod:`tests.sync.planted`'s."""

"""Inbox: orders that came in, decided by the office."""

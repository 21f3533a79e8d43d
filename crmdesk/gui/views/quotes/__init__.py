"""Quotes: the queue of follow-ups and the list."""

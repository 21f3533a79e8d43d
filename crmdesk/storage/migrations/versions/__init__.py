"""Revisions in order; the newest is named in the schema module."""

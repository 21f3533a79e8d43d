"""Revisions of the HQ schema, in order."""
